/* Conditions as boolean trees over atoms. Every condition is asked for one of two things: when it is
 * true, or when it is false; with null these are not each other's opposite. What depends on state
 * (references, relations) is taken to hold, and asked again later. */
#include <errno.h>
#include "base/err.h"
#include "detect/eql/bound.h"
#include "detect/eql/lower_atom.h"
#include "detect/eql/lowering.h"

static int find_state(void *context, struct eql_node *node)
{
	(void)context;
	return node->type == EQL_REFERENCE || node->type == EQL_RELATION;
}

static bool has_state(const struct eql_node *node)
{
	return eql_walk((struct eql_node *)node, find_state, NULL) != 0;
}

static struct expr *constant(struct eql_lowering *l, bool value)
{
	return expr_list(l->arena, value ? EXPR_TRUE : EXPR_FALSE);
}

/* Adds to an AND or OR; lists of the same kind become one, constants go. */
static int add(struct eql_lowering *l, struct expr *list, struct expr *kid)
{
	int rc = 0;

	if (kid->op == list->op) {
		for (uint32_t i = 0; rc == 0 && i < kid->kid_count; i++)
			rc = expr_add(l->arena, list, kid->kids[i]);
		return rc == 0 ? 0 : eql_lower_no_memory(l);
	}
	if (kid->op == (list->op == EXPR_AND ? EXPR_TRUE : EXPR_FALSE))
		return 0;
	return expr_add(l->arena, list, kid) == 0 ? 0 : eql_lower_no_memory(l);
}

static struct expr *end_list(struct expr *list)
{
	uint8_t decides = list->op == EXPR_AND ? EXPR_FALSE : EXPR_TRUE;

	for (uint32_t i = 0; i < list->kid_count; i++)
		if (list->kids[i]->op == decides)
			return list->kids[i];
	if (list->kid_count == 1)
		return list->kids[0];
	if (list->kid_count == 0)
		list->op = list->op == EXPR_AND ? EXPR_TRUE : EXPR_FALSE;
	return list;
}

static int lower(struct eql_lowering *l, const struct eql_node *node, bool want, struct expr **ret);

static int lower_list(
	struct eql_lowering *l, const struct eql_node *node, bool want, struct expr **ret)
{
	struct expr *list = expr_list(
		l->arena, (node->type == EQL_AND) == want ? EXPR_AND : EXPR_OR);
	int rc = list == NULL ? eql_lower_no_memory(l) : 0;

	for (uint32_t i = 0; rc == 0 && i < node->kid_count; i++) {
		struct expr *kid;
		rc = lower(l, node->kids[i], want, &kid);
		if (rc == 0)
			rc = add(l, list, kid);
	}
	if (rc == 0)
		*ret = end_list(list);
	return rc;
}

/* not node */
static const struct eql_node *negated(struct eql_lowering *l, const struct eql_node *node)
{
	struct eql_node *not = arena_zalloc(l->arena, sizeof(*not ));
	struct eql_node **kids = arena_alloc(l->arena, sizeof(*kids));

	if (not == NULL || kids == NULL)
		return NULL;
	kids[0] = (struct eql_node *)node;
	*not = (struct eql_node){.type = EQL_NOT,
		.line = node->line,
		.column = node->column,
		.kids = kids,
		.kid_count = 1};
	return not ;
}

static int computed(
	struct eql_lowering *l, const struct eql_node *node, bool want, struct expr **ret)
{
	if (!want)
		node = negated(l, node);
	return node == NULL ? eql_lower_no_memory(l) : eql_computed_atom(l, node, ret);
}

static int opposite(struct eql_lowering *l, struct expr *expr, struct expr **ret)
{
	*ret = expr_not(l->arena, expr);
	return *ret == NULL ? eql_lower_no_memory(l) : 0;
}

static int both(struct eql_lowering *l, struct expr *a, struct expr *b, struct expr **ret)
{
	struct expr *list = expr_list(l->arena, EXPR_AND);
	int rc = list == NULL ? eql_lower_no_memory(l) : add(l, list, a);

	if (rc == 0)
		rc = add(l, list, b);
	if (rc == 0)
		*ret = end_list(list);
	return rc;
}

/* A question never answers null where the dialect has no null logic. */
static bool is_question(const struct eql_node *node)
{
	return node->type == EQL_COMPARE || node->type == EQL_MATCH || node->type == EQL_IN ||
	       (node->type == EQL_CALL && eql_type_of(node) == EQL_TYPE_BOOL);
}

/* A question that atoms can say: `yes` holds when it, or for != its opposite, is true of a field that
 * is no list, or of any element where the dialect compares lists. */
static int lower_atoms(struct eql_lowering *l, const struct eql_node *node, bool want,
	const struct eql_atoms *atoms, struct expr **ret)
{
	bool null_logic = eql_has(l->options->dialect, EQL_NULL_LOGIC);
	bool positive = want != atoms->negated;
	struct expr *guard, *yes = atoms->yes;
	int rc = 0;

	if (atoms->known || (!null_logic && eql_has(l->options->dialect, EQL_ANY_ELEMENT))) {
		*ret = yes;
		return positive ? 0 : opposite(l, yes, ret);
	}
	if (positive) {
		rc = eql_single_atom(l, atoms->field, &guard);
	} else {
		rc = opposite(l, yes, &yes);
		if (rc == 0)
			rc = computed(l, node, want, &guard);
	}
	return rc == 0 ? both(l, yes, guard, ret) : rc;
}

static int lower_leaf(
	struct eql_lowering *l, const struct eql_node *node, bool want, struct expr **ret)
{
	bool null_logic = eql_has(l->options->dialect, EQL_NULL_LOGIC);
	struct eql_atoms atoms = {0};
	struct expr *expr;

	if (has_state(node)) {
		*ret = constant(l, true);
		return *ret == NULL ? eql_lower_no_memory(l) : 0;
	}
	int rc = eql_lower_atoms(l, node, &atoms);
	if (rc == 0 && atoms.yes != NULL)
		return lower_atoms(l, node, want, &atoms, ret);
	if (rc == 0 && !want && !null_logic && is_question(node)) {
		/* the same question as elsewhere without `not`: one answer for both */
		rc = computed(l, node, true, &expr);
		return rc == 0 ? opposite(l, expr, ret) : rc;
	}
	return rc == 0 ? computed(l, node, want, ret) : rc;
}

/* Recursion follows the query's nesting, which the parser bounds. */
static int lower(struct eql_lowering *l, const struct eql_node *node, bool want, struct expr **ret)
{
	switch (node->type) {
	case EQL_BOOL:
		*ret = constant(l, node->boolean == want);
		return *ret == NULL ? eql_lower_no_memory(l) : 0;
	case EQL_NULL:
		*ret = constant(l, false);
		return *ret == NULL ? eql_lower_no_memory(l) : 0;
	case EQL_NOT:
		return lower(l, node->kids[0], !want, ret);
	case EQL_AND:
	case EQL_OR:
		return lower_list(l, node, want, ret);
	default:
		return lower_leaf(l, node, want, ret);
	}
}

/* The part of a bound condition that needs state: of an AND only the kids that do. */
static int split_test(
	struct eql_lowering *l, const struct eql_node *node, const struct eql_node **ret)
{
	*ret = NULL;
	if (!has_state(node))
		return 0;
	*ret = node;
	if (node->type != EQL_AND)
		return 0;
	struct eql_node *test = arena_zalloc(l->arena, sizeof(*test));
	struct eql_node **kids = arena_alloc(l->arena, node->kid_count * sizeof(struct eql_node *));
	if (test == NULL || kids == NULL)
		return eql_lower_no_memory(l);
	*test = *node;
	test->kids = kids;
	test->kid_count = 0;
	for (uint32_t i = 0; i < node->kid_count; i++)
		if (has_state(node->kids[i]))
			kids[test->kid_count++] = node->kids[i];
	*ret = test->kid_count == 1 ? kids[0] : test;
	return 0;
}

static int take_relation(void *context, struct eql_node *node)
{
	return node->type == EQL_RELATION ? eql_lower_relation(context, node) : 0;
}

int eql_lower_condition(struct eql_lowering *l, const struct eql_node *bound, struct eql_split *ret)
{
	struct eql_split split = {0};
	int rc = eql_walk((struct eql_node *)bound, take_relation, l);

	if (rc == 0)
		rc = lower(l, bound, true, &split.condition);
	if (rc == 0)
		rc = split_test(l, bound, &split.test);
	if (rc == 0)
		*ret = split;
	return rc;
}
