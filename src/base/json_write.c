#include "base/clock.h"
#include "base/json.h"

#include <assert.h>
#include <stdio.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static void separate(struct json_writer *w)
{
	if (w->need_comma)
		buf_char(w->buf, ',');
	w->need_comma = true;
}

static void begin(struct json_writer *w, char c)
{
	separate(w);
	buf_char(w->buf, c);
	w->depth++;
	w->need_comma = false;
}

static void finish(struct json_writer *w, char c)
{
	assert(w->depth > 0);
	w->depth--;
	buf_char(w->buf, c);
	w->need_comma = true;
}

void json_object_begin(struct json_writer *w)
{
	begin(w, '{');
}
void json_object_end(struct json_writer *w)
{
	finish(w, '}');
}
void json_array_begin(struct json_writer *w)
{
	begin(w, '[');
}
void json_array_end(struct json_writer *w)
{
	finish(w, ']');
}

void json_key(struct json_writer *w, struct str key)
{
	separate(w);
	json_quote(w->buf, key);
	buf_char(w->buf, ':');
	w->need_comma = false;
}

void json_raw_key(struct json_writer *w, struct str quoted)
{
	separate(w);
	buf_str(w->buf, quoted);
	w->need_comma = false;
}

void json_put_str(struct json_writer *w, struct str text)
{
	separate(w);
	json_quote(w->buf, text);
}

void json_put_u64(struct json_writer *w, uint64_t value)
{
	separate(w);
	buf_u64(w->buf, value);
}

void json_put_i64(struct json_writer *w, int64_t value)
{
	separate(w);
	buf_i64(w->buf, value);
}

void json_put_double(struct json_writer *w, double value)
{
	char text[32];
	double back;

	separate(w);
	if (value != value || value - value != 0) { /* JSON has no NaN and no infinity */
		buf_cstr(w->buf, "null");
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		(void)snprintf(text, sizeof(text), "%.*g", precision, value);
		if (str_to_double(str_of(text), &back) && memcmp(&back, &value, sizeof(back)) == 0)
			break;
	}
	buf_cstr(w->buf, text);
}

void json_put_bool(struct json_writer *w, bool value)
{
	separate(w);
	buf_cstr(w->buf, value ? "true" : "false");
}

void json_put_null(struct json_writer *w)
{
	separate(w);
	buf_cstr(w->buf, "null");
}

void json_put_raw(struct json_writer *w, struct str json)
{
	separate(w);
	buf_str(w->buf, json);
}

void json_member_str(struct json_writer *w, const char *key, struct str value)
{
	json_key(w, str_of(key));
	json_put_str(w, value);
}

void json_member_u64(struct json_writer *w, const char *key, uint64_t value)
{
	json_key(w, str_of(key));
	json_put_u64(w, value);
}

void json_member_i64(struct json_writer *w, const char *key, int64_t value)
{
	json_key(w, str_of(key));
	json_put_i64(w, value);
}

void json_member_texts(
	struct json_writer *w, const char *key, const struct str *texts, uint32_t count)
{
	json_key(w, str_of(key));
	json_array_begin(w);
	for (uint32_t i = 0; i < count; i++)
		json_put_str(w, texts[i]);
	json_array_end(w);
}

void json_member_time(struct json_writer *w, const char *key, uint64_t time_ns)
{
	char text[CLOCK_TEXT_BYTES];

	if (time_ns != 0)
		json_member_str(w, key, str_n(text, clock_format_rfc3339(time_ns, text)));
}

void json_member_bool(struct json_writer *w, const char *key, bool value)
{
	json_key(w, str_of(key));
	json_put_bool(w, value);
}

static void quote_special(struct buf *buf, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	switch (c) {
	case '"':
		buf_append(buf, "\\\"", 2);
		break;
	case '\\':
		buf_append(buf, "\\\\", 2);
		break;
	case '\n':
		buf_append(buf, "\\n", 2);
		break;
	case '\r':
		buf_append(buf, "\\r", 2);
		break;
	case '\t':
		buf_append(buf, "\\t", 2);
		break;
	default: {
		char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
		buf_append(buf, text, 6);
	}
	}
}

/* First byte that cannot be copied as it is: special, or not ASCII. */
static const char *scan_plain(const char *at, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i low = _mm_set1_epi8(0x20), last = _mm_set1_epi8(0x7e);
	while (end - at >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
		/* signed: what is not ASCII is below a blank */
		hit = _mm_or_si128(hit, _mm_cmplt_epi8(v, low));
		hit = _mm_or_si128(hit, _mm_cmpgt_epi8(v, last));
		int mask = _mm_movemask_epi8(hit);
		if (mask != 0)
			return at + __builtin_ctz((unsigned)mask);
		at += 16;
	}
#endif
	while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20 &&
		(unsigned char)*at < 0x7f)
		at++;
	return at;
}

void json_quote(struct buf *buf, struct str text)
{
	const char *at = text.ptr, *end = text.ptr + text.len;

	buf_char(buf, '"');
	while (at < end) {
		const char *stop = scan_plain(at, end);
		buf_append(buf, at, (size_t)(stop - at));
		at = stop;
		if (at >= end)
			break;
		unsigned char c = (unsigned char)*at;
		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
			quote_special(buf, c);
			at++;
			continue;
		}
		size_t len = utf8_length(at, (size_t)(end - at));
		if (len == 0) {
			buf_append(buf, "\xef\xbf\xbd", 3);
			at++;
		} else {
			buf_append(buf, at, len);
			at += len;
		}
	}
	buf_char(buf, '"');
}
