#include "base/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What may come next. */
enum state {
	WANT_VALUE,   /* at the top, or behind a key */
	FIRST_OR_END, /* behind an opening bracket */
	COMMA_OR_END, /* behind a value */
};

void json_init(struct json *json, const char *ptr, size_t len)
{
	*json = (struct json){.at = ptr, .begin = ptr, .end = ptr + len, .state = WANT_VALUE};
}

void json_position(struct str text, size_t offset, uint64_t *ret_line, uint64_t *ret_column)
{
	uint64_t line = 1, column = 1;

	for (size_t i = 0; i < offset && i < text.len; i++) {
		column++;
		if (text.ptr[i] == '\n') {
			line++;
			column = 1;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

static enum json_token fail(struct json *json, const char *error)
{
	json->error = error;
	json->truncated = json->at >= json->end;
	return JSON_ERROR;
}

static inline const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
		at++;
	return at;
}

static inline const char *scan_string(const char *at, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i low = _mm_set1_epi8(0x1f);
	while (end - at >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
		/* unsigned v <= 0x1f */
		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, low), v));
		int mask = _mm_movemask_epi8(hit);
		if (mask != 0)
			return at + __builtin_ctz((unsigned)mask);
		at += 16;
	}
#endif
	while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
		at++;
	return at;
}

const char *json_scan_string(const char *at, const char *end)
{
	return scan_string(at, end);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* One escape: where it ends, or NULL with the error. */
static const char *read_escape(struct json *json, const char *at)
{
	const char *end = json->end;

	if (end - at < 2) {
		json->at = end;
		(void)fail(json, "string is not closed");
		return NULL;
	}
	if (at[1] == 'u') {
		for (int i = 2; i < 6; i++) {
			if (at + i >= end || !is_hex(at[i])) {
				json->at = at + i >= end ? end : at;
				(void)fail(json, "bad \\u escape");
				return NULL;
			}
		}
		return at + 6;
	}
	if (at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL)
		return at + 2;
	json->at = at;
	(void)fail(json, "bad escape in a string");
	return NULL;
}

/* From the first backslash or what else is no plain text. */
static bool read_odd_string(struct json *json, const char *begin, const char *at)
{
	const char *end = json->end;

	for (; at < end && *at != '"'; at = scan_string(at, end)) {
		if (*at != '\\') {
			json->at = at;
			(void)fail(json, "control character in a string");
			return false;
		}
		json->escaped = true;
		at = read_escape(json, at);
		if (at == NULL)
			return false;
	}
	if (at >= end) {
		json->at = end;
		(void)fail(json, "string is not closed");
		return false;
	}
	json->text = str_n(begin, (size_t)(at - begin));
	json->at = at + 1;
	return true;
}

/* at stands behind the opening quote. Leaves json->at behind the closing one. */
static inline bool read_string(struct json *json)
{
	const char *begin = json->at, *at = scan_string(begin, json->end);

	json->escaped = false;
	if (at >= json->end || *at != '"')
		return read_odd_string(json, begin, at);
	json->text = str_n(begin, (size_t)(at - begin));
	json->at = at + 1;
	return true;
}

static const char *digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

static enum json_token read_number(struct json *json)
{
	const char *at = json->at, *end = json->end, *begin = at;

	if (at < end && *at == '-')
		at++;
	const char *whole = at;
	at = digits(at, end);
	bool bad = at == whole || (*whole == '0' && at - whole > 1);
	if (!bad && at < end && *at == '.') {
		const char *fraction = ++at;
		at = digits(at, end);
		bad = at == fraction;
	}
	if (!bad && at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		const char *exponent = at;
		at = digits(at, end);
		bad = at == exponent;
	}
	if (bad) {
		json->at = at;
		return fail(json, "bad number");
	}
	json->text = str_n(begin, (size_t)(at - begin));
	json->at = at;
	return JSON_NUMBER;
}

static enum json_token read_word(struct json *json, struct str word, enum json_token token)
{
	size_t left = (size_t)(json->end - json->at);

	if (!str_starts(str_n(json->at, left), word)) {
		bool cut = left < word.len && memcmp(json->at, word.ptr, left) == 0;
		if (cut)
			json->at = json->end;
		return fail(json, "expected a value");
	}
	json->at += word.len;
	return token;
}

static inline bool top_is_object(const struct json *json)
{
	unsigned top = json->depth - 1u;
	return json->is_object[top / 64] >> (top % 64) & 1;
}

static enum json_token open_container(struct json *json, bool object)
{
	if (json->depth >= JSON_DEPTH_MAX)
		return fail(json, "nested too deeply");
	unsigned top = json->depth++;
	uint64_t bit = UINT64_C(1) << (top % 64);
	if (object)
		json->is_object[top / 64] |= bit;
	else
		json->is_object[top / 64] &= ~bit;
	json->at++;
	json->state = FIRST_OR_END;
	return object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_token read_other_value(struct json *json)
{
	if (json->at >= json->end)
		return fail(json, "expected a value");
	switch (*json->at) {
	case '{':
		return open_container(json, true);
	case '[':
		return open_container(json, false);
	case 't':
		return read_word(json, STR("true"), JSON_TRUE);
	case 'f':
		return read_word(json, STR("false"), JSON_FALSE);
	case 'n':
		return read_word(json, STR("null"), JSON_NULL);
	default:
		if (*json->at == '-' || (*json->at >= '0' && *json->at <= '9'))
			return read_number(json);
		return fail(json, "expected a value");
	}
}

static inline enum json_token read_value(struct json *json)
{
	json->state = COMMA_OR_END;
	if (json->at >= json->end || *json->at != '"')
		return read_other_value(json);
	json->at++;
	return read_string(json) ? JSON_STRING : JSON_ERROR;
}

static inline enum json_token close_container(struct json *json, bool object)
{
	json->at++;
	json->depth--;
	json->state = COMMA_OR_END;
	return object ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static enum json_token read_key(struct json *json)
{
	if (json->at >= json->end || *json->at != '"')
		return fail(json, "expected a member name in quotes");
	json->at++;
	if (!read_string(json))
		return JSON_ERROR;
	json->at = skip_space(json->at, json->end);
	if (json->at >= json->end || *json->at != ':')
		return fail(json, "expected ':' behind a member name");
	json->at = skip_space(json->at + 1, json->end);
	json->state = WANT_VALUE;
	return JSON_KEY;
}

enum json_token json_next(struct json *json)
{
	if (json->error != NULL)
		return JSON_ERROR;
	json->at = skip_space(json->at, json->end);
	if (json->depth == 0)
		return json->state == WANT_VALUE ? read_value(json) : JSON_END;
	if (json->at >= json->end)
		return fail(json, "input ends inside a value");
	if (json->state == WANT_VALUE)
		return read_value(json);
	bool object = top_is_object(json);
	if (*json->at == (object ? '}' : ']'))
		return close_container(json, object);
	if (json->state == COMMA_OR_END) {
		if (*json->at != ',')
			return fail(json, object ? "expected ',' or '}'" : "expected ',' or ']'");
		json->at = skip_space(json->at + 1, json->end);
		if (json->at >= json->end)
			return fail(json, "input ends inside a value");
	}
	return object ? read_key(json) : read_value(json);
}

/* Behind the closing quote; NULL for a string that is not plain. */
static inline const char *skip_string(const char *at, const char *end)
{
	at = scan_string(at, end);
	return at < end && *at == '"' ? at + 1 : NULL;
}

/* One member or element, or the end of a container. False when something is unusual: then nothing
 * was read, and json_next() finds out what. */
static inline bool skip_usual(struct json *json)
{
	const char *at = skip_space(json->at, json->end), *end = json->end;

	if (end - at < 8)
		return false;
	bool object = top_is_object(json);
	if (*at == (object ? '}' : ']')) {
		json->at = at;
		(void)close_container(json, object);
		return true;
	}
	if (json->state == COMMA_OR_END) {
		if (*at != ',')
			return false;
		at = skip_space(at + 1, end);
	}
	if (object) {
		if (at >= end || *at != '"')
			return false;
		at = skip_string(at + 1, end);
		if (at == NULL || at >= end || *at != ':')
			return false;
		at = skip_space(at + 1, end);
	}
	if (at >= end)
		return false;
	if (*at == '"') {
		at = skip_string(at + 1, end);
		if (at == NULL)
			return false;
		json->at = at;
		json->state = COMMA_OR_END;
		return true;
	}
	json->at = at;
	json->state = WANT_VALUE;
	(void)read_value(json);
	return true;
}

bool json_skip(struct json *json, enum json_token token)
{
	if (token == JSON_KEY)
		token = json_next(json);
	if (token == JSON_ERROR)
		return false;
	if (token != JSON_OBJECT && token != JSON_ARRAY)
		return true;
	unsigned depth = json->depth - 1u;
	while (json->depth > depth)
		if (json->error != NULL || (!skip_usual(json) && json_next(json) == JSON_ERROR))
			return false;
	return true;
}
