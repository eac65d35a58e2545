#include "base/str.h"

#include <errno.h>
#include <stdlib.h>

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

bool str_to_u64(struct str text, uint64_t *ret)
{
	unsigned base = 10;
	uint64_t value = 0;

	if (text.len > 2 && text.ptr[0] == '0' && (text.ptr[1] == 'x' || text.ptr[1] == 'X')) {
		base = 16;
		text = str_n(text.ptr + 2, text.len - 2);
	}
	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)digit_of(text.ptr[i]);
		if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
			__builtin_add_overflow(value, (uint64_t)digit, &value))
			return false;
	}
	*ret = value;
	return true;
}

bool str_to_i64(struct str text, int64_t *ret)
{
	uint64_t magnitude = 0;
	bool negative = text.len > 0 && text.ptr[0] == '-';

	if (negative || (text.len > 0 && text.ptr[0] == '+'))
		text = str_n(text.ptr + 1, text.len - 1);
	if (!str_to_u64(text, &magnitude))
		return false;
	if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	*ret = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

bool str_to_double(struct str text, double *ret)
{
	char copy[64];
	char *end = NULL;

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	/* strtod would also take "nan", "inf" and hexadecimal floats. */
	for (size_t i = 0; i < text.len; i++)
		if (strchr("0123456789+-.eE", text.ptr[i]) == NULL || text.ptr[i] == '\0')
			return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	errno = 0;
	double value = strtod(copy, &end);
	if (end != copy + text.len || errno == ERANGE)
		return false;
	*ret = value;
	return true;
}

bool str_take_digits(struct str *text, unsigned count, unsigned *ret)
{
	unsigned value = 0;

	if (text->len < count)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (text->ptr[i] < '0' || text->ptr[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text->ptr[i] - '0');
	}
	*text = str_n(text->ptr + count, text->len - count);
	*ret = value;
	return true;
}

bool str_take_one_of(struct str *text, const char *set)
{
	if (text->len == 0 || text->ptr[0] == '\0' || strchr(set, text->ptr[0]) == NULL)
		return false;
	*text = str_n(text->ptr + 1, text->len - 1);
	return true;
}
