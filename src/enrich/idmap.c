#include "enrich/idmap.h"

#include <stdlib.h>

static uint32_t home_of(uint64_t key, uint32_t mask)
{
	key *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(key >> 32) & mask;
}

bool idmap_init(struct idmap *map, uint32_t capacity)
{
	map->slots = calloc(capacity, sizeof(*map->slots));
	map->mask = capacity - 1;
	map->count = 0;
	return map->slots != NULL;
}

void idmap_destroy(struct idmap *map)
{
	free(map->slots);
	map->slots = NULL;
}

static struct idmap_slot *find(const struct idmap *map, uint64_t key)
{
	uint32_t i = home_of(key, map->mask);

	while (map->slots[i].value != 0 && map->slots[i].key != key)
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

uint32_t idmap_get(const struct idmap *map, uint64_t key)
{
	return find(map, key)->value;
}

static bool grow(struct idmap *map)
{
	struct idmap bigger;

	if (map->mask >= UINT32_MAX / 4 || !idmap_init(&bigger, (map->mask + 1) * 2))
		return false;
	for (uint32_t i = 0; i <= map->mask; i++)
		if (map->slots[i].value != 0)
			*find(&bigger, map->slots[i].key) = map->slots[i];
	bigger.count = map->count;
	free(map->slots);
	*map = bigger;
	return true;
}

bool idmap_put(struct idmap *map, uint64_t key, uint32_t value)
{
	struct idmap_slot *slot = find(map, key);

	if (slot->value == 0) {
		/* at most half full, so probing stays short; full only if growing failed */
		if (map->count >= map->mask / 2) {
			if (!grow(map) && map->count + 1 >= map->mask)
				return false;
			slot = find(map, key);
		}
		map->count++;
	}
	*slot = (struct idmap_slot){.key = key, .value = value};
	return true;
}

void idmap_remove(struct idmap *map, uint64_t key, uint32_t value)
{
	struct idmap_slot *slot = find(map, key);
	uint32_t mask = map->mask;

	if (slot->value == 0 || slot->value != value)
		return;
	uint32_t hole = (uint32_t)(slot - map->slots);
	for (uint32_t i = (hole + 1) & mask; map->slots[i].value != 0; i = (i + 1) & mask) {
		uint32_t home = home_of(map->slots[i].key, mask);
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}
	map->slots[hole].value = 0;
	map->count--;
}
