#include "detect/cep/table.h"

#include <stdlib.h>
#include "os/memory.h"

#define CAPACITY_MIN 1024u

static struct table_entry *take(size_t size)
{
	return size < OS_MEMORY_PIECE ? calloc(1, size) : os_memory_map(size);
}

static void give_back(struct table_entry *entries, size_t size)
{
	if (size < OS_MEMORY_PIECE)
		free(entries);
	else
		os_memory_unmap(entries, size);
}

void table_destroy(struct table *table)
{
	give_back(table->entries, table_bytes(table));
	*table = (struct table){0};
}

static void place(struct table *table, struct table_entry entry)
{
	uint32_t at = entry.hash & table->mask;

	while (table->entries[at].handle != 0)
		at = (at + 1) & table->mask;
	table->entries[at] = entry;
}

static bool grow(struct table *table)
{
	struct table old = *table;
	size_t capacity = old.entries == NULL ? CAPACITY_MIN : ((size_t)old.mask + 1) * 2;

	if (capacity > UINT32_MAX / 2)
		return false;
	table->entries = take(capacity * sizeof(*table->entries));
	if (table->entries == NULL) {
		*table = old;
		return false;
	}
	table->mask = (uint32_t)capacity - 1;
	for (size_t i = 0; old.entries != NULL && i <= old.mask; i++)
		if (old.entries[i].handle != 0)
			place(table, old.entries[i]);
	give_back(old.entries, table_bytes(&old));
	return true;
}

bool table_insert(struct table *table, uint32_t hash, uint32_t handle)
{
	/* at most three quarters full */
	if (table->entries == NULL || table->count >= table->mask / 4 * 3)
		if (!grow(table))
			return false;
	place(table, (struct table_entry){hash, handle});
	table->count++;
	return true;
}

/* What stands behind the hole and belongs at it or before moves up, so that no marks of removed
 * entries lengthen later searches. */
void table_remove(struct table *table, uint32_t hash, uint32_t handle)
{
	uint32_t hole = hash & table->mask;

	while (table->entries[hole].handle != handle)
		hole = (hole + 1) & table->mask;
	for (uint32_t at = (hole + 1) & table->mask; table->entries[at].handle != 0;
		at = (at + 1) & table->mask) {
		uint32_t home = table->entries[at].hash & table->mask;
		if (((at - home) & table->mask) >= ((at - hole) & table->mask)) {
			table->entries[hole] = table->entries[at];
			hole = at;
		}
	}
	table->entries[hole] = (struct table_entry){0};
	table->count--;
}

size_t table_bytes(const struct table *table)
{
	return table->entries == NULL ? 0 : ((size_t)table->mask + 1) * sizeof(*table->entries);
}
