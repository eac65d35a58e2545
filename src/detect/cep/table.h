/* Which group has a key: an open-addressing table of (hash, handle). What equality means is the
 * caller's business: find goes through the candidates. Grows by doubling, never shrinks. Internal to
 * detect/cep. */
#ifndef MERLON_DETECT_CEP_TABLE_H
#define MERLON_DETECT_CEP_TABLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_entry {
	uint32_t hash, handle; /* handle 0: free */
};
struct table {
	struct table_entry *entries;
	uint32_t mask, count; /* mask: capacity - 1; 0 before the first insert */
};

void table_destroy(struct table *table);
bool table_insert(struct table *table, uint32_t hash, uint32_t handle); /* false: out of memory */
void table_remove(struct table *table, uint32_t hash, uint32_t handle);
size_t table_bytes(const struct table *table);

/* The next candidate from *position on, or 0; *position: the hash at first. */
static inline uint32_t table_next(const struct table *table, uint32_t hash, uint32_t *position)
{
	if (table->entries == NULL)
		return 0;
	for (uint32_t at = *position & table->mask;; at = (at + 1) & table->mask) {
		const struct table_entry *entry = &table->entries[at];
		if (entry->handle == 0)
			return 0;
		if (entry->hash == hash) {
			*position = at + 1;
			return entry->handle;
		}
	}
}
#endif
