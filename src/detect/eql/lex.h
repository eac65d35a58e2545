/* EQL text becomes tokens, one at a time. The first error stays; after it there is only the end. */
#ifndef MERLON_DETECT_EQL_LEX_H
#define MERLON_DETECT_EQL_LEX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"
#include "detect/eql/dialect.h"
struct err;

enum eql_token_type {
	EQL_T_END,
	EQL_T_NAME,	   /* text: the name, keywords too; tilde when `~` follows at once */
	EQL_T_QUOTED_NAME, /* text: what stood in backticks */
	EQL_T_STRING,	   /* text: unescaped; raw */
	EQL_T_INTEGER,	   /* integer */
	EQL_T_NUMBER,	   /* number, also for integers that do not fit */
	EQL_T_SYMBOL,	   /* symbol */
};

/* A symbol of one byte is that byte; of two: */
enum eql_symbol {
	EQL_S_EQ = 256, /* == */
	EQL_S_NE,	/* != */
	EQL_S_LE,	/* <= */
	EQL_S_GE,	/* >= */
	EQL_S_MISSING,	/* ![, in early versions -[ */
};

struct eql_token {
	uint8_t type;	 /* enum eql_token_type */
	bool tilde;	 /* NAME */
	bool raw;	 /* STRING */
	uint16_t symbol; /* SYMBOL; 0 for the others */
	uint32_t line, column;
	struct str source; /* as written */
	struct str text;   /* of names in the source, of strings in the arena */
	uint64_t integer;
	double number;
};

struct eql_lexer {
	struct str text;
	size_t at;
	uint32_t line, column; /* of at */
	enum eql_dialect dialect;
	struct arena *arena;
	struct err *err;
	int code; /* of the first error, 0 without one */
};

void eql_lex_init(struct eql_lexer *lexer, struct arena *arena, struct str text,
	enum eql_dialect dialect, struct err *err);
struct eql_token eql_lex_next(struct eql_lexer *lexer);
/* After ':': does a call follow, `name(`? After '[': a number, so that it is an index? Both look at
 * what comes behind the token that was read last and take nothing. */
bool eql_lex_call_follows(const struct eql_lexer *lexer);
bool eql_lex_number_follows(const struct eql_lexer *lexer);

/* "line 3, column 7: …", unless there is an error already; -EINVAL. */
__attribute__((format(printf, 4, 5))) int eql_lex_fail(
	struct eql_lexer *lexer, uint32_t line, uint32_t column, const char *fmt, ...);
int eql_lex_no_memory(struct eql_lexer *lexer);
/* Refuses a feature that the dialect does not have, naming those that have it; hint may be NULL. */
bool eql_lex_allow(struct eql_lexer *lexer, uint32_t line, uint32_t column,
	enum eql_feature feature, const char *hint);

/* Is it a name that needs no backticks (words of the language are such names too)? */
bool eql_name_is_plain(struct str name, enum eql_dialect dialect);
#endif
