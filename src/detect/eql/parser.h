/* What the parts of the parser share: expression.c reads conditions, parse_field.c names of fields,
 * parse.c queries, parse_pipe.c their pipes. A function that returns NULL or false has left its
 * error in the lexer. */
#ifndef MERLON_DETECT_EQL_PARSER_H
#define MERLON_DETECT_EQL_PARSER_H
#include "base/buf.h"
#include "detect/eql/ast.h"
#include "detect/eql/lex.h"

struct eql_parser {
	struct eql_lexer lexer;
	struct eql_token token; /* the next one, not yet taken */
	struct eql_node **kids; /* stack of lists being read */
	size_t kid_count, kid_cap;
	uint32_t node_count;
	unsigned depth;
	struct buf name; /* of the field being read */
	/* Steps that are read: what aliases and events[N] may mean. */
	const struct eql_step *steps;
	uint32_t step_count;
	bool in_pipes;
};

int eql_parser_init(struct eql_parser *p, struct arena *arena, struct str text,
	const struct eql_options *options, struct err *err);
void eql_parser_destroy(struct eql_parser *p);

/* Takes the token. */
void eql_next(struct eql_parser *p);
static inline bool eql_is_symbol(const struct eql_parser *p, unsigned symbol)
{
	return p->token.type == EQL_T_SYMBOL && p->token.symbol == symbol;
}
/* A word of the language, without ~. */
static inline bool eql_is_word(const struct eql_parser *p, const char *word)
{
	return p->token.type == EQL_T_NAME && !p->token.tilde && str_is(p->token.text, word);
}
bool eql_take_symbol(struct eql_parser *p, unsigned symbol);
bool eql_take_word(struct eql_parser *p, const char *word);
/* "expected WHAT, found …" at the token. Returns false, for `return eql_expected(…)`. */
bool eql_expected(struct eql_parser *p, const char *what);
bool eql_expect_symbol(struct eql_parser *p, unsigned symbol, const char *what);
/* A word that cannot name a field unless it is in backticks. */
bool eql_is_reserved(struct str word);
/* A comma was taken: does another value follow? False at `)` where the dialect permits that. */
bool eql_comma_continues(struct eql_parser *p);

bool eql_enter(struct eql_parser *p);
static inline void eql_leave(struct eql_parser *p)
{
	p->depth--;
}

struct eql_node *eql_node_new(
	struct eql_parser *p, enum eql_node_type type, const struct eql_token *at);
/* The list of kids being read: push each, then give those from mark on to the node, which gets its
 * height. */
bool eql_push(struct eql_parser *p, struct eql_node *kid);
struct eql_node *eql_node_adopt(struct eql_parser *p, struct eql_node *node, size_t mark);
bool eql_kids_copy(struct eql_parser *p, size_t mark, struct eql_node ***ret, uint32_t *ret_count);

/* A copy in the arena; NULL when size is 0, or without memory. */
void *eql_copied(struct eql_parser *p, const void *from, size_t size);

struct eql_node *eql_expression(struct eql_parser *p);
/* Its first name, or what stood there in backticks, is taken. */
struct eql_node *eql_field(struct eql_parser *p, const struct eql_token *first, bool optional);
/* A field or a literal: a value of a pipe written without commas. */
struct eql_node *eql_primary(struct eql_parser *p);
/* category where condition */
bool eql_event(struct eql_parser *p, struct eql_event *ret);
/* What follows the query: | head 3 | … */
bool eql_pipes(struct eql_parser *p, struct eql_query *query);
#endif
