#include <errno.h>
#include "base/err.h"
#include "detect/eql/parse.h"
#include "detect/eql/parser.h"

static struct eql_node *unary(struct eql_parser *p);

static struct eql_node *adopt2(struct eql_parser *p, enum eql_node_type type,
	struct eql_node *first, struct eql_node *second)
{
	struct eql_token at = {.line = first->line, .column = first->column};
	size_t mark = p->kid_count;
	struct eql_node *node = eql_node_new(p, type, &at);

	if (node == NULL || !eql_push(p, first) || (second != NULL && !eql_push(p, second)))
		return NULL;
	return eql_node_adopt(p, node, mark);
}

/* sign: a '-' stood before it. */
static struct eql_node *number(struct eql_parser *p, const struct eql_token *at, bool sign)
{
	bool fits = p->token.type == EQL_T_INTEGER &&
		    p->token.integer <= (uint64_t)INT64_MAX + (sign ? 1u : 0u);
	struct eql_node *node = eql_node_new(p, fits ? EQL_INT : EQL_FLOAT, at);

	if (node == NULL)
		return NULL;
	if (fits) {
		node->integer = (int64_t)(sign ? -p->token.integer : p->token.integer);
	} else {
		double value = p->token.type == EQL_T_INTEGER ? (double)p->token.integer
							      : p->token.number;
		node->number = sign ? -value : value;
	}
	eql_next(p);
	return node;
}

/* NULL without an error: the token begins no literal. */
static struct eql_node *literal(struct eql_parser *p)
{
	static const struct {
		const char *word;
		enum eql_node_type type;
		bool boolean;
	} words[] = {
		{"true", EQL_BOOL, true}, {"false", EQL_BOOL, false}, {"null", EQL_NULL, false}};
	struct eql_node *node;

	if (p->token.type == EQL_T_INTEGER || p->token.type == EQL_T_NUMBER)
		return number(p, &p->token, false);
	if (p->token.type == EQL_T_STRING) {
		node = eql_node_new(p, EQL_STRING, &p->token);
		if (node == NULL)
			return NULL;
		node->text = p->token.text;
		node->raw = p->token.raw;
		eql_next(p);
		return node;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (eql_is_word(p, words[i].word)) {
			node = eql_node_new(p, words[i].type, &p->token);
			if (node == NULL)
				return NULL;
			node->boolean = words[i].boolean;
			eql_next(p);
			return node;
		}
	return NULL;
}

/* list of expressions up to `)`, which is taken; at least one unless may_be_empty. */
static bool arguments(struct eql_parser *p, bool may_be_empty)
{
	if (may_be_empty && eql_take_symbol(p, ')'))
		return true;
	do {
		if (!eql_push(p, eql_expression(p)))
			return false;
	} while (eql_take_symbol(p, ',') && eql_comma_continues(p));
	return eql_expect_symbol(p, ')', "',' or ')'");
}

/* first: what stood before `:name(`, or NULL. The token is the parenthesis. */
static struct eql_node *call(
	struct eql_parser *p, const struct eql_token *name, struct eql_node *first)
{
	size_t mark = p->kid_count;
	struct eql_node *node = eql_node_new(p, EQL_CALL, name);

	if (node == NULL || !eql_enter(p))
		return NULL;
	node->text = arena_strn(p->lexer.arena, name->text.ptr, name->text.len);
	node->caseless = name->tilde;
	if (node->text.ptr == NULL) {
		(void)eql_lex_no_memory(&p->lexer);
		return NULL;
	}
	if (first != NULL && !eql_push(p, first))
		return NULL;
	if (!eql_expect_symbol(p, '(', "'('") || !arguments(p, true))
		return NULL;
	eql_leave(p);
	return eql_node_adopt(p, node, mark);
}

/* The name is taken, the token is `of`. */
static struct eql_node *relation(struct eql_parser *p, const struct eql_token *name)
{
	static const char *const words[] = {[EQL_DESCENDANT_OF] = "descendant",
		[EQL_CHILD_OF] = "child",
		[EQL_EVENT_OF] = "event"};
	unsigned op = 0;

	while (op < sizeof(words) / sizeof(words[0]) && !str_is(name->text, words[op]))
		op++;
	if (op == sizeof(words) / sizeof(words[0])) {
		(void)eql_lex_fail(&p->lexer, name->line, name->column,
			"expected 'descendant of', 'child of' or 'event of'");
		return NULL;
	}
	if (!eql_lex_allow(&p->lexer, name->line, name->column, EQL_RELATIONS, NULL))
		return NULL;
	if (p->in_pipes) {
		(void)eql_lex_fail(&p->lexer, name->line, name->column,
			"'%s of' cannot stand in a pipe", words[op]);
		return NULL;
	}
	eql_next(p);
	struct eql_node *node = eql_node_new(p, EQL_RELATION, name);
	if (node == NULL || !eql_enter(p))
		return NULL;
	node->op = (uint8_t)op;
	node->query = arena_zalloc(p->lexer.arena, sizeof(*node->query));
	if (node->query == NULL) {
		(void)eql_lex_no_memory(&p->lexer);
		return NULL;
	}
	if (!eql_expect_symbol(p, '[', "'['") || !eql_event(p, node->query) ||
		!eql_expect_symbol(p, ']', "'and', 'or' or ']'"))
		return NULL;
	eql_leave(p);
	size_t mark = p->kid_count;
	node->height = (uint16_t)(node->query->condition->height + 1);
	return eql_node_adopt(p, node, mark);
}

static struct eql_node *named(struct eql_parser *p)
{
	struct eql_token name = p->token;
	bool optional = false;

	if (eql_is_symbol(p, '?')) {
		if (!eql_lex_allow(&p->lexer, name.line, name.column, EQL_OPTIONAL_FIELDS, NULL))
			return NULL;
		optional = true;
		eql_next(p);
		name = p->token;
	}
	bool word = name.type == EQL_T_NAME;
	if (word ? eql_is_reserved(name.text) : name.type != EQL_T_QUOTED_NAME) {
		(void)eql_expected(p, optional ? "a field's name behind '?'"
					       : "a field, a value, a function or '('");
		return NULL;
	}
	eql_next(p);
	if (word && !optional && (name.tilde || eql_is_symbol(p, '(')))
		return call(p, &name, NULL);
	if (word && !optional && eql_is_word(p, "of"))
		return relation(p, &name);
	return eql_field(p, &name, optional);
}

struct eql_node *eql_primary(struct eql_parser *p)
{
	if (eql_take_symbol(p, '(')) {
		struct eql_node *inner = eql_expression(p);
		if (inner == NULL || !eql_expect_symbol(p, ')', "an operator or ')'"))
			return NULL;
		return inner;
	}
	struct eql_node *node = literal(p);
	return node != NULL || p->lexer.code != 0 ? node : named(p);
}

/* value:function(…):function(…) */
static struct eql_node *postfix(struct eql_parser *p)
{
	struct eql_node *node = eql_primary(p);

	while (node != NULL && eql_is_symbol(p, ':') && eql_lex_call_follows(&p->lexer)) {
		if (!eql_lex_allow(&p->lexer, p->token.line, p->token.column, EQL_METHODS, NULL))
			return NULL;
		eql_next(p);
		struct eql_token name = p->token;
		eql_next(p);
		node = call(p, &name, node);
	}
	return node;
}

static struct eql_node *negated(struct eql_parser *p, struct eql_node *node)
{
	if (node->type == EQL_INT && node->integer != INT64_MIN) {
		node->integer = -node->integer;
	} else if (node->type == EQL_INT) {
		node->type = EQL_FLOAT;
		node->number = -(double)INT64_MIN;
	} else if (node->type == EQL_FLOAT) {
		node->number = -node->number;
	} else {
		return adopt2(p, EQL_NEGATE, node, NULL);
	}
	return node;
}

static struct eql_node *unary(struct eql_parser *p)
{
	struct eql_token sign = p->token;

	if (!eql_is_symbol(p, '-') && !eql_is_symbol(p, '+'))
		return postfix(p);
	if (!eql_enter(p))
		return NULL;
	eql_next(p);
	bool minus = sign.symbol == '-';
	struct eql_node *node;
	if (minus && (p->token.type == EQL_T_INTEGER || p->token.type == EQL_T_NUMBER)) {
		node = number(p, &sign, true);
	} else {
		node = unary(p);
		if (node != NULL && minus)
			node = negated(p, node);
	}
	eql_leave(p);
	return node;
}

static struct eql_node *arithmetic(struct eql_parser *p, const char *operators,
	struct eql_node *(*operand)(struct eql_parser *))
{
	struct eql_node *left = operand(p);

	while (left != NULL && p->token.type == EQL_T_SYMBOL && p->token.symbol < 128 &&
		strchr(operators, (int)p->token.symbol) != NULL) {
		unsigned op = p->token.symbol;
		eql_next(p);
		struct eql_node *right = operand(p);
		if (right == NULL)
			return NULL;
		left = adopt2(p, EQL_ARITHMETIC, left, right);
		if (left != NULL)
			left->op = (uint8_t)op;
	}
	return left;
}

static struct eql_node *product(struct eql_parser *p)
{
	return arithmetic(p, "*/%", unary);
}

static struct eql_node *sum(struct eql_parser *p)
{
	return arithmetic(p, "+-", product);
}

static bool compare_operator(const struct eql_token *token, enum eql_compare *ret)
{
	static const struct {
		unsigned symbol;
		enum eql_compare op;
	} table[] = {{'=', EQL_EQ}, {EQL_S_EQ, EQL_EQ}, {EQL_S_NE, EQL_NE}, {'<', EQL_LT},
		{EQL_S_LE, EQL_LE}, {'>', EQL_GT}, {EQL_S_GE, EQL_GE}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (token->type == EQL_T_SYMBOL && token->symbol == table[i].symbol) {
			*ret = table[i].op;
			return true;
		}
	return false;
}

/* What stands behind `:`, like and regex: a literal or several in parentheses. */
static bool pattern(struct eql_parser *p, enum eql_match op)
{
	const char *what = op == EQL_COLON ? "a value such as \"text*\", or a list of them in '( )'"
					   : "text such as \"text*\", or a list of them in '( )'";
	struct eql_token at = p->token;
	bool sign = op == EQL_COLON && eql_take_symbol(p, '-');

	if (sign && p->token.type != EQL_T_INTEGER && p->token.type != EQL_T_NUMBER)
		return eql_expected(p, "a number");
	if (op != EQL_COLON && p->token.type != EQL_T_STRING)
		return eql_expected(p, what);
	struct eql_node *node = sign ? number(p, &at, true) : literal(p);
	return node != NULL ? eql_push(p, node) : eql_expected(p, what);
}

static struct eql_node *matched(struct eql_parser *p, struct eql_node *left, enum eql_match op)
{
	struct eql_token at = {.line = left->line, .column = left->column};
	size_t mark = p->kid_count;
	struct eql_node *node = eql_node_new(p, EQL_MATCH, &at);

	if (node == NULL ||
		!eql_lex_allow(&p->lexer, p->token.line, p->token.column, EQL_MATCH_OPERATORS,
			op == EQL_REGEX ? "write match(field, ?\"…\")"
					: "write field == \"text*\" or wildcard(field, \"text*\")"))
		return NULL;
	node->op = (uint8_t)op;
	node->caseless = op == EQL_COLON || p->token.tilde;
	eql_next(p);
	if (!eql_push(p, left))
		return NULL;
	if (eql_take_symbol(p, '(')) {
		do {
			if (!pattern(p, op))
				return NULL;
		} while (eql_take_symbol(p, ',') && eql_comma_continues(p));
		if (!eql_expect_symbol(p, ')', "',' or ')'"))
			return NULL;
	} else if (!pattern(p, op)) {
		return NULL;
	}
	return eql_node_adopt(p, node, mark);
}

static struct eql_node *one_of(struct eql_parser *p, struct eql_node *left)
{
	struct eql_token at = {.line = left->line, .column = left->column};
	size_t mark = p->kid_count;
	struct eql_node *node = eql_node_new(p, EQL_IN, &at);

	if (node == NULL)
		return NULL;
	node->caseless = p->token.tilde;
	eql_next(p);
	if (!eql_expect_symbol(p, '(', "'(' and a list of values") || !eql_push(p, left) ||
		!arguments(p, false))
		return NULL;
	return eql_node_adopt(p, node, mark);
}

static bool is_name(const struct eql_parser *p, const char *word)
{
	return p->token.type == EQL_T_NAME && str_is(p->token.text, word);
}

/* A sum, and what it may be asked to be: a op pattern, a in (…). */
static struct eql_node *member(struct eql_parser *p)
{
	struct eql_node *left = sum(p), *node;

	if (left == NULL)
		return NULL;
	if (is_name(p, "in"))
		return one_of(p, left);
	if (eql_is_symbol(p, ':'))
		return matched(p, left, EQL_COLON);
	if (is_name(p, "like"))
		return matched(p, left, EQL_LIKE);
	if (is_name(p, "regex"))
		return matched(p, left, EQL_REGEX);
	if (!eql_take_word(p, "not"))
		return left;
	if (!is_name(p, "in")) {
		(void)eql_expected(p, "'in' (write 'not' before the field for others)");
		return NULL;
	}
	node = one_of(p, left);
	return node == NULL ? NULL : adopt2(p, EQL_NOT, node, NULL);
}

static struct eql_node *predicate(struct eql_parser *p)
{
	struct eql_token at;
	enum eql_compare op;
	struct eql_node *left = member(p);

	if (left == NULL || !compare_operator(&p->token, &op))
		return left;
	if (eql_is_symbol(p, '=') && !eql_lex_allow(&p->lexer, p->token.line, p->token.column,
					     EQL_EQUALS_SIGN, "write '=='"))
		return NULL;
	eql_next(p);
	struct eql_node *right = member(p);
	struct eql_node *node = right == NULL ? NULL : adopt2(p, EQL_COMPARE, left, right);
	if (node == NULL)
		return NULL;
	node->op = (uint8_t)op;
	at = p->token;
	if (compare_operator(&at, &op)) {
		(void)eql_lex_fail(&p->lexer, at.line, at.column,
			"comparisons do not chain; put one in parentheses or write 'and'");
		return NULL;
	}
	return node;
}

static struct eql_node *negation(struct eql_parser *p)
{
	struct eql_token at = p->token;

	if (!eql_is_word(p, "not"))
		return predicate(p);
	if (!eql_enter(p))
		return NULL;
	eql_next(p);
	struct eql_node *node = negation(p);
	eql_leave(p);
	node = node == NULL ? NULL : adopt2(p, EQL_NOT, node, NULL);
	if (node != NULL) {
		node->line = at.line;
		node->column = at.column;
	}
	return node;
}

static struct eql_node *joined(struct eql_parser *p, const char *word, enum eql_node_type type,
	struct eql_node *(*operand)(struct eql_parser *))
{
	size_t mark = p->kid_count;
	struct eql_node *first = operand(p);

	if (first == NULL || !eql_is_word(p, word))
		return first;
	struct eql_token at = {.line = first->line, .column = first->column};
	struct eql_node *node = eql_node_new(p, type, &at);
	if (node == NULL || !eql_push(p, first))
		return NULL;
	while (eql_take_word(p, word))
		if (!eql_push(p, operand(p)))
			return NULL;
	return eql_node_adopt(p, node, mark);
}

static struct eql_node *conjunction(struct eql_parser *p)
{
	return joined(p, "and", EQL_AND, negation);
}

struct eql_node *eql_expression(struct eql_parser *p)
{
	if (!eql_enter(p))
		return NULL;
	struct eql_node *node = joined(p, "or", EQL_OR, conjunction);
	eql_leave(p);
	return node;
}
