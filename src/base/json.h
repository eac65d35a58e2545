/* JSON (RFC 8259) in and out: a pull reader over bytes in memory, a small tree for cold paths, a
 * writer. Integers are exact to 64 bits. Nothing here allocates except into a given arena or buf.
 * Input is hostile: depth is bounded, strings must be closed, control characters are errors;
 * invalid UTF-8 is passed through on reading and replaced by U+FFFD on writing. */
#ifndef MERLON_BASE_JSON_H
#define MERLON_BASE_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#define JSON_DEPTH_MAX 128

enum json_token {
	JSON_ERROR,
	JSON_END, /* the top value is complete */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_KEY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

/* Reads one value; bytes behind it are left alone (json.at tells where it ended). */
struct json {
	const char *at, *end, *begin;
	struct str text;   /* of KEY, STRING (between the quotes, escapes unresolved), NUMBER */
	bool escaped;	   /* text holds backslash escapes */
	uint16_t depth;	   /* open containers */
	uint8_t state;	   /* internal: what may come next */
	bool truncated;	   /* JSON_ERROR because the input ended inside the value */
	const char *error; /* static text, after JSON_ERROR */
	uint64_t is_object[JSON_DEPTH_MAX / 64];
};

void json_init(struct json *json, const char *ptr, size_t len);
enum json_token json_next(struct json *json);
/* After JSON_OBJECT or JSON_ARRAY: reads to its end. After JSON_KEY: skips the key's value. After
 * any other token: does nothing. Checks what it skips. Returns false on error. */
bool json_skip(struct json *json, enum json_token token);
/* Line and column (from 1) of a position in the text that the reader was given. */
void json_position(struct str text, size_t offset, uint64_t *ret_line, uint64_t *ret_column);

/* Finds the closing quote or a backslash or a control character; SIMD where the build has it. */
const char *json_scan_string(const char *at, const char *end);

/* Resolves escapes; a lone surrogate becomes U+FFFD. Without escapes returns raw itself. ptr is
 * NULL when the arena is full. The result is not longer than raw. */
struct str json_unescape(struct arena *arena, struct str raw);
/* The same into a caller's buffer of at least raw.len bytes; returns the length. */
size_t json_unescape_into(char *out, struct str raw);

/* ---- tree ---- */
struct json_node {
	uint8_t token;	 /* OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE, NULL */
	uint32_t count;	 /* children */
	struct str key;	 /* unescaped; of a member of an object */
	struct str text; /* STRING: unescaped; NUMBER: as written; OBJECT, ARRAY: the raw span */
	struct json_node *child; /* first */
	struct json_node *next;	 /* sibling, in the order of the text */
};

/* The whole of text must be one value. Nodes and unescaped text live in the arena; other text
 * points into the input. Returns NULL with *ret_error (static) and *ret_offset. */
struct json_node *json_parse(
	struct arena *arena, struct str text, const char **ret_error, size_t *ret_offset);
/* Member by name; NULL node in, NULL out, so look-ups chain. The last of equal names wins. */
const struct json_node *json_get(const struct json_node *node, const char *key);
/* json_get along a dotted path. */
const struct json_node *json_path(const struct json_node *node, const char *path);
/* Values with a type; false (and *ret untouched) when node is NULL or of another type. json_u64
 * also takes numbers in strings, as some exporters print 64-bit integers. */
bool json_text(const struct json_node *node, struct str *ret);
bool json_u64(const struct json_node *node, uint64_t *ret);
bool json_i64(const struct json_node *node, int64_t *ret);
bool json_bool(const struct json_node *node, bool *ret);

/* ---- writer: puts commas by itself ---- */
struct json_writer {
	struct buf *buf; /* borrowed */
	uint16_t depth;
	bool need_comma;
};
void json_object_begin(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w);
void json_array_end(struct json_writer *w);
void json_key(struct json_writer *w, struct str key);
void json_raw_key(struct json_writer *w, struct str quoted); /* with quotes and colon already */
void json_put_str(struct json_writer *w, struct str text);
void json_put_u64(struct json_writer *w, uint64_t value);
void json_put_i64(struct json_writer *w, int64_t value);
void json_put_double(struct json_writer *w, double value);
void json_put_bool(struct json_writer *w, bool value);
void json_put_null(struct json_writer *w);
void json_put_raw(struct json_writer *w, struct str json); /* already JSON */
/* key and value at once, for fixed keys */
void json_member_str(struct json_writer *w, const char *key, struct str value);
void json_member_u64(struct json_writer *w, const char *key, uint64_t value);
void json_member_i64(struct json_writer *w, const char *key, int64_t value);
void json_member_texts(
	struct json_writer *w, const char *key, const struct str *texts, uint32_t count);
void json_member_time(struct json_writer *w, const char *key, uint64_t time_ns); /* 0: none */
void json_member_bool(struct json_writer *w, const char *key, bool value);

/* Appends text as a quoted JSON string. */
void json_quote(struct buf *buf, struct str text);
/* Bytes of the UTF-8 character at ptr (1–4), or 0 when it is not well-formed. */
size_t utf8_length(const char *ptr, size_t left);
size_t utf8_put(char out[4], uint32_t code_point);
#endif
