/* UTF-8 and the escapes of JSON strings. */
#include "base/json.h"

size_t utf8_length(const char *ptr, size_t left)
{
	const unsigned char *p = (const unsigned char *)ptr;

	if (left == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	size_t need = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < need)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, above U+10FFFF */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return need;
}

size_t utf8_put(char out[4], uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Four hex digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
	uint64_t value;

	if (end - p < 4)
		return -1;
	char text[6] = {'0', 'x', p[0], p[1], p[2], p[3]};
	return str_to_u64(str_n(text, 6), &value) ? (int32_t)value : -1;
}

static const char *unescape_u(const char *at, const char *end, char *out, size_t *out_len)
{
	int32_t unit = hex4(at, end);
	uint32_t c = unit < 0 ? 0xfffd : (uint32_t)unit;

	at = unit < 0 ? end : at + 4;
	if (c >= 0xd800 && c <= 0xdbff && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
		int32_t low = hex4(at + 2, end);
		if (low >= 0xdc00 && low <= 0xdfff) {
			c = 0x10000 + ((c - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
			at += 6;
		}
	}
	*out_len += utf8_put(out + *out_len, c);
	return at;
}

size_t json_unescape_into(char *out, struct str raw)
{
	const char *at = raw.ptr, *end = raw.ptr + raw.len;
	size_t len = 0;

	while (at < end) {
		if (*at != '\\' || end - at < 2) {
			out[len++] = *at++;
			continue;
		}
		char c = at[1];
		at += 2;
		switch (c) {
		case 'b':
			out[len++] = '\b';
			break;
		case 'f':
			out[len++] = '\f';
			break;
		case 'n':
			out[len++] = '\n';
			break;
		case 'r':
			out[len++] = '\r';
			break;
		case 't':
			out[len++] = '\t';
			break;
		case 'u':
			at = unescape_u(at, end, out, &len);
			break;
		default:
			out[len++] = c;
		}
	}
	return len;
}

struct str json_unescape(struct arena *arena, struct str raw)
{
	if (raw.len == 0 || memchr(raw.ptr, '\\', raw.len) == NULL)
		return raw;
	char *out = arena_alloc(arena, raw.len);
	if (out == NULL)
		return (struct str){0};
	size_t len = json_unescape_into(out, raw);
	arena_shrink(arena, out, raw.len, len);
	return str_n(out, len);
}
