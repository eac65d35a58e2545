/* 64-bit key to 32-bit value: open addressing, no tombstones, grows by doubling. Keys need not be
 * well mixed. Not thread-safe. */
#ifndef MERLON_ENRICH_IDMAP_H
#define MERLON_ENRICH_IDMAP_H
#include <stdbool.h>
#include <stdint.h>

struct idmap_slot {
	uint64_t key;
	uint32_t value; /* 0: empty */
};
struct idmap {
	struct idmap_slot *slots;
	uint32_t mask, count;
};

bool idmap_init(struct idmap *map, uint32_t capacity); /* a power of two; false: out of memory */
void idmap_destroy(struct idmap *map);
uint32_t idmap_get(const struct idmap *map, uint64_t key); /* 0 when not there */
/* Adds or replaces; value is not 0. False when out of memory. */
bool idmap_put(struct idmap *map, uint64_t key, uint32_t value);
/* Removes the key when it leads to value. */
void idmap_remove(struct idmap *map, uint64_t key, uint32_t value);
#endif
