/* Comparing text the way rules do: byte-exact, or by Unicode simple case folding.
 *
 * Text is UTF-8 from outside: a byte that is not part of a well-formed character counts as one
 * character that equals only the same byte. With `cased` bytes are compared. Every function that takes `cased` expects the pattern
 * already folded (fold_text) when cased is false, and folds only the text. None allocates. */
#ifndef MERLON_BASE_STRMATCH_H
#define MERLON_BASE_STRMATCH_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

/* In patterns of match_wildcard(): bytes that UTF-8 never contains. */
#define WILD_ANY '\xfe' /* any run, also empty */
#define WILD_ONE '\xff' /* one character */

/* Simple case folding of one code point. */
uint32_t fold_char(uint32_t c);
/* Room that fold_text() may need for a text of len bytes. */
#define FOLD_BYTES(len) ((len) + (len) / 2 + 4)
/* Folds text into out and returns the length. Wildcard bytes and malformed bytes stay. */
size_t fold_text(char *out, struct str text);
bool text_is_ascii(struct str text);

bool match_equals(struct str text, struct str pattern, bool cased);
bool match_starts(struct str text, struct str pattern, bool cased);
bool match_ends(struct str text, struct str pattern, bool cased);
bool match_contains(struct str text, struct str pattern, bool cased);
/* The whole text against the pattern. Time is at most proportional to text times pattern. */
bool match_wildcard(struct str text, struct str pattern, bool cased);
#endif
