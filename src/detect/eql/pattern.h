/* Texts of a rule that are patterns, in the forms that base/strmatch.h and PCRE2 read. */
#ifndef MERLON_DETECT_EQL_PATTERN_H
#define MERLON_DETECT_EQL_PATTERN_H
#include "base/arena.h"
#include "base/str.h"
struct err;

/* `*`, and `?` where question says so, as WILD_ANY and WILD_ONE; not folded. *ret_wild: it has one
 * of them. ret->ptr is NULL when the arena is full. */
struct str eql_wildcard(struct arena *arena, struct str text, bool question, bool *ret_wild);
/* The text folded; ptr is NULL when the arena is full. */
struct str eql_fold(struct arena *arena, struct str text);
/* Bytes of the first count characters of text, at most all; a malformed byte is a character. */
size_t eql_skip(struct str text, size_t count);
size_t eql_length(struct str text); /* in characters */
/* The byte of the first place, at or behind byte from, where pattern (folded unless cased) stands,
 * or -1; with last the last such place. *ret_end: behind it. */
ptrdiff_t eql_find(
	struct str text, size_t from, struct str pattern, bool cased, bool last, size_t *ret_end);

/* A regular expression of Lucene (all optional operators enabled: ~ & < > @ # "…") as one of PCRE2
 * that matches the same whole texts, for the flags UTF and DOTALL; it is anchored at both ends by
 * itself. -EINVAL with what is wrong. */
int eql_lucene(struct arena *arena, struct str text, struct str *ret, struct err *err);
/* The patterns of match() as one for PCRE2 with UTF and DOTALL: any of them, at the begin of the
 * text. ptr is NULL when the arena is full. */
struct str eql_match_pattern(struct arena *arena, const struct str *texts, uint32_t count);
#endif
