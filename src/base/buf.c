#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_LIMIT_BYTES ((size_t)1 << 30)

void buf_destroy(struct buf *buf)
{
	free(buf->ptr);
	*buf = (struct buf){.limit_bytes = buf->limit_bytes};
}

bool buf_reserve(struct buf *buf, size_t more)
{
	size_t limit = buf->limit_bytes == 0 ? DEFAULT_LIMIT_BYTES : buf->limit_bytes;

	if (buf->failed || more > limit || buf->len > limit - more) {
		buf->failed = true;
		return false;
	}
	if (buf->cap - buf->len >= more)
		return true;
	size_t cap = buf->cap == 0 ? 256 : buf->cap;
	while (cap - buf->len < more)
		cap *= 2;
	char *ptr = realloc(buf->ptr, cap);
	if (ptr == NULL) {
		buf->failed = true;
		return false;
	}
	buf->ptr = ptr;
	buf->cap = cap;
	return true;
}

void buf_append_slow(struct buf *buf, const void *ptr, size_t len)
{
	if (len == 0 || !buf_reserve(buf, len))
		return;
	memcpy(buf->ptr + buf->len, ptr, len);
	buf->len += len;
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	if (len >= 0 && buf_reserve(buf, (size_t)len + 1)) {
		(void)vsnprintf(buf->ptr + buf->len, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(buf, fmt, ap);
	va_end(ap);
}

void buf_u64(struct buf *buf, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	buf_append(buf, digits + at, sizeof(digits) - at);
}

void buf_i64(struct buf *buf, int64_t value)
{
	if (value < 0) {
		buf_char(buf, '-');
		buf_u64(buf, 0 - (uint64_t)value);
	} else {
		buf_u64(buf, (uint64_t)value);
	}
}
