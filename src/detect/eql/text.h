/* How EQL writes text and numbers: finding the end of a quoted text, its escapes, and back. */
#ifndef MERLON_DETECT_EQL_TEXT_H
#define MERLON_DETECT_EQL_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"
#include "detect/eql/dialect.h"

struct eql_quoted {
	struct str inside; /* between the quotes, escapes and all */
	size_t length;	   /* with the quotes */
	char quote;
	bool raw;    /* only the quote itself is escaped */
	bool triple; /* nothing is escaped */
};

/* text begins with a quote ('?' is behind the caller). Text ends in its line. 0, or -EINVAL when no
 * end is found. */
int eql_text_scan(struct str text, struct eql_quoted *ret);
/* """…""": up to two quotes before the closing three belong to what is inside. */
int eql_text_scan_triple(struct str text, struct eql_quoted *ret);
/* ?"…": a backslash before the quote escapes it, unless the line has no other end. */
int eql_text_scan_raw(struct str text, struct eql_quoted *ret);

struct eql_unescape_error {
	size_t at; /* byte of inside */
	char text[160];
};
/* out has room for inside.len bytes; escapes never grow. */
bool eql_text_unescape(const struct eql_quoted *quoted, enum eql_dialect dialect, char *out,
	size_t *ret_len, struct eql_unescape_error *ret_error);

/* The text as a literal of the dialect, raw when it was and can be. Bytes that the dialect cannot
 * escape are written as they are. */
void eql_text_print(struct buf *out, struct str text, bool raw, enum eql_dialect dialect);

/* Decimal digits up to UINT64_MAX; false when larger. */
bool eql_text_integer(struct str digits, uint64_t *ret);
/* What lex_number() takes, with digits missing before or behind the dot. False: too long. */
bool eql_text_number(struct str text, double *ret);
/* Shortest form that reads back the same, never looking like an integer. */
void eql_text_print_number(struct buf *out, double number);
#endif
