/* Where the published dialects of EQL differ. One row per dialect; whoever parses, evaluates or
 * compiles asks here and never compares dialects by name. docs/RULES.md prints the same table. */
#ifndef MERLON_DETECT_EQL_DIALECT_H
#define MERLON_DETECT_EQL_DIALECT_H
#include <stdbool.h>
#include "base/str.h"

enum eql_dialect { EQL_DIALECT_ENDPOINT, EQL_DIALECT_ELASTICSEARCH, EQL_DIALECT_ENDGAME };
bool eql_dialect_parse(struct str word, enum eql_dialect *ret);
const char *eql_dialect_word(enum eql_dialect dialect);

/* How a query is read; the defaults are the dialect's. */
struct eql_options {
	enum eql_dialect dialect;
	bool caseless; /* text compares without case where the dialect leaves it open */
};
/* The dialect with its default: endgame compares without case, the others with it. */
struct eql_options eql_options_of(enum eql_dialect dialect);
#endif
