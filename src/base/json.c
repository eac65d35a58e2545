#include "base/json.h"

#include <assert.h>
#include <stdio.h>
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

const char *json_scan_string(const char *at, const char *end)
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

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* at stands behind the opening quote. Leaves json->at behind the closing one. */
static bool read_string(struct json *json)
{
	const char *begin = json->at, *at = begin, *end = json->end;

	json->escaped = false;
	for (;;) {
		at = json_scan_string(at, end);
		if (at >= end) {
			json->at = end;
			(void)fail(json, "string is not closed");
			return false;
		}
		if (*at == '"')
			break;
		if (*at != '\\') {
			json->at = at;
			(void)fail(json, "control character in a string");
			return false;
		}
		json->escaped = true;
		if (end - at < 2) {
			json->at = end;
			(void)fail(json, "string is not closed");
			return false;
		}
		if (at[1] == 'u') {
			for (int i = 2; i < 6; i++) {
				if (at + i >= end || !is_hex(at[i])) {
					json->at = at + i >= end ? end : at;
					(void)fail(json, "bad \\u escape");
					return false;
				}
			}
			at += 6;
		} else if (at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL) {
			at += 2;
		} else {
			json->at = at;
			(void)fail(json, "bad escape in a string");
			return false;
		}
	}
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

static enum json_token read_value(struct json *json)
{
	json->state = COMMA_OR_END;
	if (json->at >= json->end)
		return fail(json, "expected a value");
	switch (*json->at) {
	case '{':
		return open_container(json, true);
	case '[':
		return open_container(json, false);
	case '"':
		json->at++;
		return read_string(json) ? JSON_STRING : JSON_ERROR;
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

static enum json_token close_container(struct json *json, bool object)
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
		if (json_next(json) == JSON_ERROR)
			return false;
	return true;
}

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

/* ---- tree ---- */

struct tree_builder {
	struct arena *arena;
	struct json json;
	struct json_node *open[JSON_DEPTH_MAX];
	struct json_node *last[JSON_DEPTH_MAX]; /* last child of each open container */
};

static struct json_node *add_node(struct tree_builder *b, enum json_token token, struct str key)
{
	struct json_node *node = arena_zalloc(b->arena, sizeof(*node));
	unsigned depth = b->json.depth;
	unsigned parent_depth = token == JSON_OBJECT || token == JSON_ARRAY ? depth - 1u : depth;

	if (node == NULL)
		return NULL;
	node->token = (uint8_t)token;
	node->key = key;
	if (token == JSON_STRING)
		node->text = b->json.escaped ? json_unescape(b->arena, b->json.text) : b->json.text;
	else if (token == JSON_NUMBER)
		node->text = b->json.text;
	if (parent_depth > 0) {
		struct json_node *parent = b->open[parent_depth - 1];
		if (b->last[parent_depth - 1] == NULL)
			parent->child = node;
		else
			b->last[parent_depth - 1]->next = node;
		b->last[parent_depth - 1] = node;
		parent->count++;
	}
	if (token == JSON_OBJECT || token == JSON_ARRAY) {
		node->text = str_n(b->json.at - 1, 0);
		b->open[depth - 1] = node;
		b->last[depth - 1] = NULL;
	}
	return node;
}

struct json_node *json_parse(
	struct arena *arena, struct str text, const char **ret_error, size_t *ret_offset)
{
	struct tree_builder *b = arena_alloc(arena, sizeof(*b));
	struct json_node *root = NULL;
	struct str key = {0};

	if (b == NULL) {
		*ret_error = "out of memory";
		*ret_offset = 0;
		return NULL;
	}
	b->arena = arena;
	json_init(&b->json, text.ptr, text.len);
	for (;;) {
		enum json_token token = json_next(&b->json);
		if (token == JSON_ERROR)
			break;
		if (token == JSON_END) {
			if (b->json.at == b->json.end)
				return root;
			b->json.error = "text behind the value";
			break;
		}
		if (token == JSON_OBJECT_END || token == JSON_ARRAY_END) {
			struct json_node *closed = b->open[b->json.depth];
			closed->text.len = (size_t)(b->json.at - closed->text.ptr);
			continue;
		}
		if (token == JSON_KEY) {
			key = b->json.escaped ? json_unescape(arena, b->json.text) : b->json.text;
			continue;
		}
		struct json_node *node = add_node(b, token, key);
		if (node == NULL) {
			b->json.error = "value too large";
			break;
		}
		key = (struct str){0};
		if (root == NULL)
			root = node;
	}
	*ret_error = b->json.error;
	*ret_offset = (size_t)(b->json.at - text.ptr);
	return NULL;
}

static const struct json_node *get_n(const struct json_node *node, struct str key)
{
	const struct json_node *found = NULL;

	if (node == NULL || node->token != JSON_OBJECT)
		return NULL;
	for (const struct json_node *child = node->child; child != NULL; child = child->next)
		if (str_eq(child->key, key))
			found = child;
	return found;
}

const struct json_node *json_get(const struct json_node *node, const char *key)
{
	return get_n(node, str_of(key));
}

const struct json_node *json_path(const struct json_node *node, const char *path)
{
	struct str rest = str_of(path);

	while (node != NULL && rest.len > 0)
		node = get_n(node, str_cut(&rest, '.'));
	return node;
}

bool json_text(const struct json_node *node, struct str *ret)
{
	if (node == NULL || node->token != JSON_STRING)
		return false;
	*ret = node->text;
	return true;
}

bool json_u64(const struct json_node *node, uint64_t *ret)
{
	return node != NULL && (node->token == JSON_NUMBER || node->token == JSON_STRING) &&
	       (node->text.len == 0 || node->text.ptr[0] != '0' || node->text.len == 1) &&
	       str_to_u64(node->text, ret);
}

bool json_i64(const struct json_node *node, int64_t *ret)
{
	return node != NULL && (node->token == JSON_NUMBER || node->token == JSON_STRING) &&
	       str_to_i64(node->text, ret);
}

bool json_bool(const struct json_node *node, bool *ret)
{
	if (node == NULL || (node->token != JSON_TRUE && node->token != JSON_FALSE))
		return false;
	*ret = node->token == JSON_TRUE;
	return true;
}

/* ---- writer ---- */

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
	for (;;) {
		const char *stop = json_scan_string(at, end);
		const char *p = at;
		for (; p < stop; p++)
			if ((unsigned char)*p >= 0x7f)
				return p;
		return stop;
	}
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
