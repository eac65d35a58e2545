#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES ((size_t)64 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(16) unsigned char bytes[];
};

static size_t align16(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

void arena_init(struct arena *arena, size_t limit_bytes)
{
	*arena = (struct arena){.limit_bytes = limit_bytes};
}

void arena_reset(struct arena *arena)
{
	for (struct arena_block *block = arena->first; block != NULL; block = block->next)
		block->used = 0;
	arena->current = arena->first;
	arena->used_bytes = 0;
}

void arena_destroy(struct arena *arena)
{
	struct arena_block *next;

	for (struct arena_block *block = arena->first; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	arena_init(arena, arena->limit_bytes);
}

/* The next block with room, or a new one behind the current. */
static struct arena_block *block_with_room(struct arena *arena, size_t size)
{
	struct arena_block *last = arena->current;

	for (struct arena_block *block = last; block != NULL; block = block->next) {
		if (block->size - block->used >= size)
			return arena->current = block;
		last = block;
	}
	size_t block_size = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct arena_block *block = malloc(sizeof(*block) + block_size);
	if (block == NULL)
		return NULL;
	*block = (struct arena_block){.size = block_size};
	arena->held_bytes += block_size;
	if (last != NULL) {
		block->next = last->next;
		last->next = block;
	} else {
		arena->first = block;
	}
	return arena->current = block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size = align16(size == 0 ? 1 : size);
	if (arena->limit_bytes != 0 && size > arena->limit_bytes - arena->used_bytes)
		return NULL;
	struct arena_block *block = arena->current;
	if (block == NULL || block->size - block->used < size) {
		block = block_with_room(arena, size);
		if (block == NULL)
			return NULL;
	}
	void *ptr = block->bytes + block->used;
	block->used += size;
	arena->used_bytes += size;
	return ptr;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
	void *ptr = arena_alloc(arena, size);

	if (ptr != NULL)
		memset(ptr, 0, size);
	return ptr;
}

struct str arena_strn(struct arena *arena, const char *ptr, size_t len)
{
	char *copy = len >= SIZE_MAX / 2 ? NULL : arena_alloc(arena, len + 1);

	if (copy == NULL)
		return (struct str){0};
	if (len > 0)
		memcpy(copy, ptr, len);
	copy[len] = '\0';
	return str_n(copy, len);
}

char *arena_cstr(struct arena *arena, struct str text)
{
	char *copy = arena_alloc(arena, text.len + 1);

	if (copy == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return copy;
}

struct str arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	struct str ret = {0};

	va_start(ap, fmt);
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len >= 0) {
		char *text = arena_alloc(arena, (size_t)len + 1);
		if (text != NULL) {
			(void)vsnprintf(text, (size_t)len + 1, fmt, again);
			ret = str_n(text, (size_t)len);
		}
	}
	va_end(again);
	return ret;
}

void arena_shrink(struct arena *arena, void *last, size_t old_size, size_t new_size)
{
	struct arena_block *block = arena->current;
	size_t old_aligned = align16(old_size == 0 ? 1 : old_size);
	size_t new_aligned = align16(new_size == 0 ? 1 : new_size);

	if (block == NULL || new_aligned >= old_aligned ||
		(unsigned char *)last + old_aligned != block->bytes + block->used)
		return;
	block->used -= old_aligned - new_aligned;
	arena->used_bytes -= old_aligned - new_aligned;
}
