#include "detect/eql/parser.h"

#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/eql/parse.h"

int eql_parser_init(struct eql_parser *p, struct arena *arena, struct str text,
	const struct eql_options *options, struct err *err)
{
	*p = (struct eql_parser){0};
	p->name.limit_bytes = EQL_NAME_BYTES_MAX;
	eql_lex_init(&p->lexer, arena, text, options->dialect, err);
	if (text.len > EQL_TEXT_BYTES_MAX)
		return eql_lex_fail(
			&p->lexer, 1, 1, "the query is longer than %u bytes", EQL_TEXT_BYTES_MAX);
	eql_next(p);
	return p->lexer.code;
}

void eql_parser_destroy(struct eql_parser *p)
{
	free(p->kids);
	buf_destroy(&p->name);
}

void eql_next(struct eql_parser *p)
{
	p->token = eql_lex_next(&p->lexer);
}

bool eql_take_symbol(struct eql_parser *p, unsigned symbol)
{
	if (!eql_is_symbol(p, symbol))
		return false;
	eql_next(p);
	return true;
}

bool eql_take_word(struct eql_parser *p, const char *word)
{
	if (!eql_is_word(p, word))
		return false;
	eql_next(p);
	return true;
}

bool eql_expected(struct eql_parser *p, const char *what)
{
	struct str source = p->token.source;
	bool cut = source.len > 40;

	if (p->token.type == EQL_T_END)
		(void)eql_lex_fail(&p->lexer, p->token.line, p->token.column,
			"expected %s, found the end", what);
	else
		(void)eql_lex_fail(&p->lexer, p->token.line, p->token.column,
			"expected %s, found %.*s%s", what, cut ? 40 : (int)source.len, source.ptr,
			cut ? "…" : "");
	return false;
}

bool eql_expect_symbol(struct eql_parser *p, unsigned symbol, const char *what)
{
	return eql_take_symbol(p, symbol) || eql_expected(p, what);
}

bool eql_is_reserved(struct str word)
{
	static const char *const words[] = {"and", "by", "false", "in", "not", "null", "of", "or",
		"true", "until", "where", "with"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_is(word, words[i]))
			return true;
	return false;
}

bool eql_comma_continues(struct eql_parser *p)
{
	if (!eql_is_symbol(p, ')'))
		return true;
	return !eql_lex_allow(&p->lexer, p->token.line, p->token.column, EQL_TRAILING_COMMA, NULL);
}

/* A level of the tree takes at most two of these when its printed form is read. */
#define NESTING_MAX (2 * EQL_DEPTH_MAX + 8)

bool eql_enter(struct eql_parser *p)
{
	if (p->depth >= NESTING_MAX) {
		(void)eql_lex_fail(&p->lexer, p->token.line, p->token.column,
			"nested deeper than %u levels", EQL_DEPTH_MAX);
		return false;
	}
	p->depth++;
	return true;
}

struct eql_node *eql_node_new(
	struct eql_parser *p, enum eql_node_type type, const struct eql_token *at)
{
	if (++p->node_count > EQL_NODES_MAX) {
		(void)eql_lex_fail(&p->lexer, at->line, at->column,
			"the query has more than %u parts", EQL_NODES_MAX);
		return NULL;
	}
	struct eql_node *node = arena_zalloc(p->lexer.arena, sizeof(*node));
	if (node == NULL) {
		(void)eql_lex_no_memory(&p->lexer);
		return NULL;
	}
	node->type = (uint8_t)type;
	node->line = at->line;
	node->column = at->column;
	node->height = 1;
	return node;
}

bool eql_push(struct eql_parser *p, struct eql_node *kid)
{
	if (kid == NULL)
		return false;
	if (p->kid_count == p->kid_cap) {
		size_t cap = p->kid_cap == 0 ? 64 : p->kid_cap * 2;
		struct eql_node **kids = realloc(p->kids, cap * sizeof(*kids));
		if (kids == NULL) {
			(void)eql_lex_no_memory(&p->lexer);
			return false;
		}
		p->kids = kids;
		p->kid_cap = cap;
	}
	p->kids[p->kid_count++] = kid;
	return true;
}

bool eql_kids_copy(struct eql_parser *p, size_t mark, struct eql_node ***ret, uint32_t *ret_count)
{
	size_t count = p->kid_count - mark;

	*ret = NULL;
	*ret_count = (uint32_t)count;
	p->kid_count = mark;
	if (count == 0)
		return true;
	*ret = eql_copied(p, p->kids + mark, count * sizeof(**ret));
	return *ret != NULL;
}

struct eql_node *eql_node_adopt(struct eql_parser *p, struct eql_node *node, size_t mark)
{
	if (!eql_kids_copy(p, mark, &node->kids, &node->kid_count))
		return NULL;
	for (uint32_t i = 0; i < node->kid_count; i++)
		if (node->kids[i]->height >= node->height)
			node->height = (uint16_t)(node->kids[i]->height + 1);
	if (node->height > EQL_DEPTH_MAX) {
		(void)eql_lex_fail(&p->lexer, node->line, node->column,
			"nested deeper than %u levels", EQL_DEPTH_MAX);
		return NULL;
	}
	return node;
}

void *eql_copied(struct eql_parser *p, const void *from, size_t size)
{
	void *copy = size == 0 ? NULL : arena_alloc(p->lexer.arena, size);

	if (copy != NULL)
		memcpy(copy, from, size);
	else if (size > 0)
		(void)eql_lex_no_memory(&p->lexer);
	return copy;
}
