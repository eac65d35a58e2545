/* A borrowed piece of text: bytes and a length, not NUL-terminated, never owned. */
#ifndef MERLON_BASE_STR_H
#define MERLON_BASE_STR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *ptr; /* may be NULL when len is 0 */
	size_t len;
};

#define STR(literal) ((struct str){.ptr = (literal), .len = sizeof(literal) - 1})
/* For printf's "%.*s". */
#define STR_ARG(s) (int)((s).len > 4096 ? 4096 : (s).len), (s).ptr

static inline struct str str_of(const char *text)
{
	return (struct str){.ptr = text, .len = text == NULL ? 0 : strlen(text)};
}

static inline struct str str_n(const char *ptr, size_t len)
{
	return (struct str){.ptr = ptr, .len = len};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
	return str_eq(a, str_of(text));
}

/* Takes that many decimal digits off the beginning, as a number (fewer than ten), or one character of
 * the set; without effect when they do not stand there. */
bool str_take_digits(struct str *text, unsigned count, unsigned *ret);
bool str_take_one_of(struct str *text, const char *set);
/* By bytes: below, at or above zero. */
static inline int str_order(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);

	return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

static inline bool str_starts(struct str text, struct str prefix)
{
	return text.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool str_ends(struct str text, struct str suffix)
{
	return text.len >= suffix.len &&
	       (suffix.len == 0 ||
		       memcmp(text.ptr + text.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* Position of needle, or -1. */
static inline ptrdiff_t str_find(struct str text, struct str needle)
{
	if (needle.len == 0)
		return 0;
	if (text.len < needle.len)
		return -1;
	const char *at = memmem(text.ptr, text.len, needle.ptr, needle.len);
	return at == NULL ? -1 : at - text.ptr;
}

static inline struct str str_trim(struct str s)
{
	while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ')
		s.ptr++, s.len--;
	while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ')
		s.len--;
	return s;
}

/* Cuts *rest at the first sep: returns what stands before it, *rest becomes what follows (empty,
 * with ptr NULL, when there was no sep). */
static inline struct str str_cut(struct str *rest, char sep)
{
	const char *at = rest->len == 0 ? NULL : memchr(rest->ptr, sep, rest->len);
	struct str head = *rest;
	if (at == NULL) {
		*rest = (struct str){0};
		return head;
	}
	head.len = (size_t)(at - rest->ptr);
	rest->ptr += head.len + 1;
	rest->len -= head.len + 1;
	return head;
}

/* The last path component; the whole text when it holds no '/'. */
static inline struct str str_basename(struct str path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.ptr[i - 1] == '/')
			return str_n(path.ptr + i, path.len - i);
	return path;
}

/* Decimal or 0x-hexadecimal, the whole text; false when it is no such number or too large. */
bool str_to_u64(struct str text, uint64_t *ret);
bool str_to_i64(struct str text, int64_t *ret);
/* Any JSON-like number, the whole text. */
bool str_to_double(struct str text, double *ret);
#endif
