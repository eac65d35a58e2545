/* A Sigma string while its modifiers transform it: bytes, wildcards and placeholders side by side,
 * so that a byte that encoding produced is never mistaken for a wildcard. */
#ifndef MERLON_DETECT_SIGMA_PATTERN_H
#define MERLON_DETECT_SIGMA_PATTERN_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "detect/rule/expr.h"
struct err;

#define PATTERN_UNITS_MAX 65536
#define PATTERN_LIST_MAX  4096 /* what one value may expand to */

/* Units: 0–255 are bytes. */
enum { PATTERN_ANY = 256, PATTERN_ONE, PATTERN_BOM /* byte order mark of utf16 */ };

struct pattern {
	uint16_t *units;
	uint32_t len;
};
struct pattern_list {
	struct pattern *items;
	uint32_t count, capacity;
};

enum pattern_wide { PATTERN_UTF16LE, PATTERN_UTF16BE, PATTERN_UTF16 };

/* Values of a placeholder: Sigma strings, also with wildcards. */
struct sigma_placeholder {
	struct str name;
	const struct str *values;
	uint32_t value_count;
};

/* All return 0 or a negative errno with a reason in err; results live in the arena. */

/* Resolves escapes and wildcards of the text of a rule. */
int pattern_parse(struct arena *arena, struct str text, struct pattern *ret, struct err *err);
/* Every byte stands for itself. */
int pattern_literal(struct arena *arena, struct str text, struct pattern *ret, struct err *err);
bool pattern_has_wildcard(const struct pattern *pattern);
int pattern_list_add(
	struct arena *arena, struct pattern_list *list, struct pattern pattern, struct err *err);

/* Makes sure that the pattern begins (ends) with a wildcard for any run. */
int pattern_open(
	struct arena *arena, struct pattern *pattern, bool begin, bool end, struct err *err);
int pattern_encode_wide(
	struct arena *arena, struct pattern *pattern, enum pattern_wide form, struct err *err);
int pattern_encode_base64(struct arena *arena, struct pattern *pattern, struct err *err);
/* The three forms that the text takes inside encoded data, by its position modulo 3. */
int pattern_base64_offsets(struct arena *arena, const struct pattern *pattern,
	struct pattern_list *ret, struct err *err);
/* Every dash that begins an option, in each way to write a dash. */
int pattern_windash(struct arena *arena, const struct pattern *pattern, struct pattern_list *ret,
	struct err *err);
/* Replaces %name% by the values of the placeholder, all combinations; \% is a percent sign. With
 * in_regex the values are written as regular expressions. */
int pattern_expand(struct arena *arena, const struct pattern *pattern,
	const struct sigma_placeholder *placeholders, uint32_t placeholder_count, bool in_regex,
	struct pattern_list *ret, struct err *err);

/* The bytes, for patterns without wildcards. */
int pattern_bytes(
	struct arena *arena, const struct pattern *pattern, struct str *ret, struct err *err);
/* Sets op and text of an atom: EQUALS, STARTS, ENDS, CONTAINS, WILDCARD, EMPTY, or EXISTS for a
 * lone '*'. */
int pattern_to_atom(
	struct arena *arena, const struct pattern *pattern, struct atom *atom, struct err *err);
/* The text of an ATOM_KEYWORD. */
int pattern_to_keyword(
	struct arena *arena, const struct pattern *pattern, struct str *ret, struct err *err);
#endif
