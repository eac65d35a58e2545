/* Bump allocator for things that die together: a batch of events, a load of rules.
 * reset() keeps the blocks, so a recycled arena allocates nothing once warm. Not thread-safe. */
#ifndef MERLON_BASE_ARENA_H
#define MERLON_BASE_ARENA_H
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena_block;
struct arena {
	struct arena_block *first, *current;
	size_t used_bytes;  /* handed out since the last reset */
	size_t held_bytes;  /* of all blocks, which a reset keeps */
	size_t limit_bytes; /* 0: none; over it arena_alloc() returns NULL */
};

void arena_init(struct arena *arena, size_t limit_bytes);
void arena_reset(struct arena *arena);
void arena_destroy(struct arena *arena); /* leaves it usable, as after init */

/* size bytes aligned to 16, not cleared; NULL when out of memory or over the limit. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zalloc(struct arena *arena, size_t size);
/* Copies, NUL-terminated behind the copy; ret.ptr is NULL on failure. */
struct str arena_strn(struct arena *arena, const char *ptr, size_t len);
char *arena_cstr(struct arena *arena, struct str text);
__attribute__((format(printf, 2, 3))) struct str arena_printf(
	struct arena *arena, const char *fmt, ...);
/* Takes bytes that will be written later; arena_shrink() gives the unused end of the most recent
 * allocation back. */
void arena_shrink(struct arena *arena, void *last, size_t old_size, size_t new_size);
#endif
