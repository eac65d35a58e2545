/* Between the two halves of the TOML reader: toml.c makes the tree, toml_scan.c reads keys and
 * single values. Nobody else includes this. */
#ifndef MERLON_BASE_TOML_SCAN_H
#define MERLON_BASE_TOML_SCAN_H
#include "base/toml.h"

struct toml_scan {
	struct arena *arena;
	struct err *err;
	const char *at, *end;
	uint32_t line;
	uint32_t nodes;
	uint32_t section; /* counts headers and inline tables: who made a table by dotted keys */
};

int toml_fail(struct toml_scan *s, int code, const char *reason);
bool toml_take(struct toml_scan *s, const char *text); /* steps over it when it comes next */
void toml_blanks(struct toml_scan *s);		       /* blanks and tabs */
/* Blanks, a comment, and the end of the line or of the text: false when something else stands. */
bool toml_line_end(struct toml_scan *s);
/* One component of a key, bare or quoted. */
int toml_key(struct toml_scan *s, struct str *ret);
/* Any value but lists and inline tables; type and what belongs to it. */
int toml_scalar(struct toml_scan *s, struct toml_node *node);
#endif
