/* What types cannot mean, as the older engine's verifier has it: fields may be anything, null may
 * stand anywhere, everything else must fit. */
#include <stdio.h>
#include "detect/eql/bind.h"

#define T (1u << EQL_TYPE_TEXT)
#define N (1u << EQL_TYPE_NUMBER)
#define B (1u << EQL_TYPE_BOOL)

static const char *type_word(enum eql_type type)
{
	static const char *const words[] = {
		"something unknown", "null", "a truth value", "a number", "a text"};

	return words[type];
}

static bool fits(const struct eql_node *node, unsigned types)
{
	enum eql_type type = eql_type_of(node);

	return type == EQL_TYPE_UNKNOWN || type == EQL_TYPE_NULL || (types & 1u << type) != 0;
}

static const char *types_words(unsigned types)
{
	return types == 0   ? "an array"
	       : types == T ? "a text"
	       : types == N ? "a number"
	       : types == B ? "a condition"
			    : "a text, a number or a truth value";
}

static bool comparable(const struct eql_node *a, const struct eql_node *b)
{
	enum eql_type x = eql_type_of(a), y = eql_type_of(b);

	return x <= EQL_TYPE_NULL || y <= EQL_TYPE_NULL || x == y;
}

static int check_compare(struct eql_binder *b, const struct eql_node *node)
{
	const struct eql_node *left = node->kids[0], *right = node->kids[1];
	bool orders = node->op != EQL_EQ && node->op != EQL_NE;

	if (!comparable(left, right) || (orders && (!fits(left, T | N) || !fits(right, T | N))))
		return eql_refuse(b, node, "%s cannot be compared with %s like this",
			type_word(eql_type_of(left)), type_word(eql_type_of(right)));
	return 0;
}

static int check_kids(
	struct eql_binder *b, const struct eql_node *node, unsigned types, const char *what)
{
	for (uint32_t i = 0; i < node->kid_count; i++)
		if (!fits(node->kids[i], types))
			return eql_refuse(b, node->kids[i], "%s takes %s, not %s", what,
				types_words(types), type_word(eql_type_of(node->kids[i])));
	return 0;
}

static int check_in(struct eql_binder *b, const struct eql_node *node)
{
	for (uint32_t i = 1; i < node->kid_count; i++)
		if (!comparable(node->kids[0], node->kids[i]))
			return eql_refuse(b, node->kids[i], "%s is never one with %s",
				type_word(eql_type_of(node->kids[0])),
				type_word(eql_type_of(node->kids[i])));
	return 0;
}

static int check_match(struct eql_binder *b, const struct eql_node *node)
{
	static const char *const words[] = {"':'", "'like'", "'regex'"};
	int rc = check_kids(b, node, T, words[node->op]);

	/* A pattern that every event has another of could not be prepared. */
	for (uint32_t i = 1; i < node->kid_count && rc == 0 && node->op == EQL_REGEX; i++)
		if (node->kids[i]->type != EQL_STRING && node->kids[i]->type != EQL_NULL)
			rc = eql_refuse(
				b, node->kids[i], "a regular expression must be written out");
	return rc;
}

int eql_check(struct eql_binder *b, const struct eql_node *node)
{
	switch (node->type) {
	case EQL_NOT:
		return check_kids(b, node, B, "'not'");
	case EQL_AND:
		return check_kids(b, node, B, "'and'");
	case EQL_OR:
		return check_kids(b, node, B, "'or'");
	case EQL_COMPARE:
		return check_compare(b, node);
	case EQL_MATCH:
		return check_match(b, node);
	case EQL_IN:
		return check_in(b, node);
	case EQL_ARITHMETIC:
	case EQL_NEGATE:
		return check_kids(b, node, N, "arithmetic");
	default:
		return 0;
	}
}

int eql_check_arguments(
	struct eql_binder *b, const struct eql_node *node, const struct eql_function *function)
{
	for (uint32_t i = 0; i < node->kid_count; i++) {
		const struct eql_node *kid = node->kids[i];
		unsigned types = function->types[i < 4 ? i : 3];
		if (!fits(kid, types))
			return eql_refuse(b, kid, "argument %u of '%s' is %s, not %s", i + 1,
				function->name, types_words(types), type_word(eql_type_of(kid)));
		if (i > 0 && function->kind != EQL_VALUES && kid->type != EQL_STRING &&
			kid->type != EQL_NULL)
			return eql_refuse(b, kid, "argument %u of '%s' must be written out", i + 1,
				function->name);
	}
	return 0;
}
