/* A growing byte buffer with a limit. A failed append sets `failed` and keeps what was there, so
 * callers may write a whole line and look once. One owner. */
#ifndef MERLON_BASE_BUF_H
#define MERLON_BASE_BUF_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "base/str.h"

struct buf {
	char *ptr;
	size_t len, cap;
	size_t limit_bytes; /* 0: 1 GiB */
	bool failed;	    /* out of memory or over the limit */
};

void buf_destroy(struct buf *buf);
bool buf_reserve(struct buf *buf, size_t more); /* room for more bytes behind len */
void buf_append_slow(struct buf *buf, const void *ptr, size_t len);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *fmt, ...);
void buf_vprintf(struct buf *buf, const char *fmt, va_list ap);
void buf_u64(struct buf *buf, uint64_t value);
void buf_i64(struct buf *buf, int64_t value);

static inline void buf_append(struct buf *buf, const void *ptr, size_t len)
{
	if (buf->cap - buf->len >= len && !buf->failed) {
		if (len > 0)
			memcpy(buf->ptr + buf->len, ptr, len);
		buf->len += len;
	} else {
		buf_append_slow(buf, ptr, len);
	}
}

static inline void buf_str(struct buf *buf, struct str text)
{
	buf_append(buf, text.ptr, text.len);
}

static inline void buf_char(struct buf *buf, char c)
{
	buf_append(buf, &c, 1);
}

static inline void buf_cstr(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

static inline void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

static inline struct str buf_view(const struct buf *buf)
{
	return str_n(buf->ptr, buf->len);
}
#endif
