/* Bounds-checked reading of bytes from outside. A read past the end sets `failed`, returns zero
 * and leaves the position: a parser may read a whole structure and look once. */
#ifndef MERLON_BASE_CURSOR_H
#define MERLON_BASE_CURSOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/str.h"

struct cursor {
	const uint8_t *ptr;
	size_t len, pos;
	bool failed;
};

static inline struct cursor cursor_of(const void *ptr, size_t len)
{
	return (struct cursor){.ptr = ptr, .len = len};
}

static inline size_t cursor_left(const struct cursor *c)
{
	return c->len - c->pos;
}

/* len bytes, or NULL. */
static inline const uint8_t *cursor_bytes(struct cursor *c, size_t len)
{
	if (c->failed || len > c->len - c->pos) {
		c->failed = true;
		return NULL;
	}
	const uint8_t *at = c->ptr + c->pos;
	c->pos += len;
	return at;
}

static inline struct str cursor_str(struct cursor *c, size_t len)
{
	const uint8_t *at = cursor_bytes(c, len);
	return at == NULL ? (struct str){0} : str_n((const char *)at, len);
}

static inline uint64_t cursor_be(struct cursor *c, size_t width)
{
	const uint8_t *at = cursor_bytes(c, width);
	uint64_t value = 0;
	if (at != NULL)
		for (size_t i = 0; i < width; i++)
			value = value << 8 | at[i];
	return value;
}

static inline uint64_t cursor_le(struct cursor *c, size_t width)
{
	const uint8_t *at = cursor_bytes(c, width);
	uint64_t value = 0;
	if (at != NULL)
		for (size_t i = width; i > 0; i--)
			value = value << 8 | at[i - 1];
	return value;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)cursor_be(c, 1);
}
static inline uint16_t cursor_be16(struct cursor *c)
{
	return (uint16_t)cursor_be(c, 2);
}
static inline uint32_t cursor_be32(struct cursor *c)
{
	return (uint32_t)cursor_be(c, 4);
}
static inline uint64_t cursor_be64(struct cursor *c)
{
	return cursor_be(c, 8);
}
static inline uint16_t cursor_le16(struct cursor *c)
{
	return (uint16_t)cursor_le(c, 2);
}
static inline uint32_t cursor_le32(struct cursor *c)
{
	return (uint32_t)cursor_le(c, 4);
}
static inline uint64_t cursor_le64(struct cursor *c)
{
	return cursor_le(c, 8);
}
#endif
