#include "detect/eql/lower_atom.h"

#include "detect/eql/bound.h"
#include "detect/eql/pattern.h"

/* Numbers beyond this may be times, which the evaluator compares with texts that are (and beyond 2^53
 * a double, in which the machine compares numbers, no longer tells them apart). */
#define PLAIN_MAX EQL_TIME_LEAST

static bool is_plain_field(const struct eql_node *node)
{
	return node->type == EQL_FIELD && node->index_count == 0 && node->field != FIELD_none &&
	       (node->bound == NULL || node->bound->variable == 0);
}

static bool is_number(const struct eql_node *node, double *ret)
{
	if (node->type != EQL_INT && node->type != EQL_FLOAT)
		return false;
	*ret = node->type == EQL_INT ? (double)node->integer : node->number;
	return *ret > -PLAIN_MAX && *ret < PLAIN_MAX;
}

static int atom(struct eql_lowering *l, const struct eql_node *at, const struct eql_node *field,
	struct atom atom, struct expr **ret)
{
	atom.field = (field_id)field->field;
	*ret = expr_atom(l->arena, atom, l->meta->line == 0 ? 0 : l->meta->line + at->line - 1);
	return *ret == NULL ? eql_lower_no_memory(l) : 0;
}

static int text_atom(struct eql_lowering *l, const struct eql_node *at,
	const struct eql_node *field, enum atom_op op, struct str text, bool cased,
	struct expr **ret)
{
	return atom(
		l, at, field, (struct atom){.op = (uint8_t)op, .text = text, .cased = cased}, ret);
}

/* A text as a pattern, as eql_bind() prepared it. */
static int pattern_atom(struct eql_lowering *l, const struct eql_node *field,
	const struct eql_node *pattern, struct expr **ret)
{
	const struct eql_bound *bound = pattern->bound;

	return text_atom(l, pattern, field, bound->wild ? ATOM_WILDCARD : ATOM_EQUALS,
		bound->pattern, bound->cased, ret);
}

static int regex_atom(struct eql_lowering *l, const struct eql_node *field,
	const struct eql_node *pattern, struct expr **ret)
{
	struct atom one = {.op = ATOM_REGEX,
		.regex_flags = (uint8_t)(REGEX_DOTALL |
					 (pattern->bound->cased ? 0 : REGEX_CASELESS))};
	int rc = eql_lucene(l->arena, pattern->text, &one.text, l->err);

	return rc == 0 ? atom(l, pattern, field, one, ret) : rc;
}

/* field == literal; *ret stays NULL when that cannot be said. */
static int equals_atom(struct eql_lowering *l, const struct eql_node *field,
	const struct eql_node *literal, bool cased, struct expr **ret)
{
	double number;

	if (literal->type == EQL_STRING && literal->bound != NULL && literal->bound->wild)
		return pattern_atom(l, field, literal, ret);
	if (literal->type == EQL_STRING && literal->bound != NULL && literal->bound->is_time)
		return 0; /* other texts may be the same time */
	if (literal->type == EQL_STRING)
		return text_atom(l, literal, field, ATOM_EQUALS, literal->text, cased, ret);
	/* Texts and truth values meet as text. */
	if (literal->type == EQL_BOOL)
		return text_atom(l, literal, field, ATOM_EQUALS,
			literal->boolean ? STR("true") : STR("false"), cased, ret);
	if (is_number(literal, &number))
		return atom(
			l, literal, field, (struct atom){.op = ATOM_NUM_EQ, .number = number}, ret);
	return 0;
}

/* ---- comparisons ---- */

static int null_atom(struct eql_lowering *l, const struct eql_node *node,
	const struct eql_node *field, struct eql_atoms *ret)
{
	ret->known = true;
	ret->negated = node->op == EQL_NE;
	return atom(l, node, field, (struct atom){.op = ATOM_NULL}, &ret->yes);
}

static int order_atom(struct eql_lowering *l, const struct eql_node *node,
	const struct eql_node *literal, bool turned, struct eql_atoms *ret)
{
	static const uint8_t ops[][2] = {
		[EQL_LT] = {ATOM_LT, ATOM_GT},
		[EQL_LE] = {ATOM_LTE, ATOM_GTE},
		[EQL_GT] = {ATOM_GT, ATOM_LT},
		[EQL_GE] = {ATOM_GTE, ATOM_LTE},
	};
	double number;

	if (!is_number(literal, &number))
		return 0;
	return atom(l, node, ret->field,
		(struct atom){.op = ops[node->op][turned], .number = number}, &ret->yes);
}

static int compare_atoms(struct eql_lowering *l, const struct eql_node *node, struct eql_atoms *ret)
{
	const struct eql_node *field = node->kids[0], *literal = node->kids[1];
	bool turned = !is_plain_field(field);

	if (turned) {
		field = node->kids[1];
		literal = node->kids[0];
	}
	if (!is_plain_field(field))
		return 0;
	ret->field = field;
	if (node->op != EQL_EQ && node->op != EQL_NE)
		return order_atom(l, node, literal, turned, ret);
	if (literal->type == EQL_NULL)
		return null_atom(l, node, field, ret);
	ret->negated = node->op == EQL_NE;
	return equals_atom(l, field, literal, !node->caseless && !l->options->caseless, &ret->yes);
}

/* ---- any of several ---- */

static int one_atom(struct eql_lowering *l, const struct eql_node *node,
	const struct eql_node *field, const struct eql_node *kid, struct expr **ret)
{
	bool cased = !node->caseless && !l->options->caseless;

	if (node->type == EQL_IN || kid->type != EQL_STRING)
		return equals_atom(l, field, kid, cased, ret);
	return node->op == EQL_REGEX ? regex_atom(l, field, kid, ret)
				     : pattern_atom(l, field, kid, ret);
}

static int call_atom(struct eql_lowering *l, const struct eql_node *node,
	const struct eql_node *field, const struct eql_node *kid, struct expr **ret)
{
	static const struct {
		const char *name;
		enum atom_op op;
	} ops[] = {{"startsWith", ATOM_STARTS}, {"endsWith", ATOM_ENDS},
		{"stringContains", ATOM_CONTAINS}, {"cidrMatch", ATOM_CIDR}};
	struct str name = str_of(node->bound->function->name);

	if (kid->type != EQL_STRING || kid->bound == NULL || kid->text.len == 0)
		return 0;
	if (str_is(name, "wildcard"))
		return pattern_atom(l, field, kid, ret);
	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (str_is(name, ops[i].name))
			return text_atom(
				l, node, field, ops[i].op, kid->text, node->bound->cased, ret);
	return 0;
}

static int any_atoms(struct eql_lowering *l, const struct eql_node *node, struct eql_atoms *ret)
{
	struct expr *any = expr_list(l->arena, EXPR_OR);
	int rc = any == NULL ? eql_lower_no_memory(l) : 0;

	if (node->kid_count < 2 || !is_plain_field(node->kids[0]))
		return rc;
	for (uint32_t i = 1; rc == 0 && i < node->kid_count; i++) {
		struct expr *one = NULL;
		if (node->type != EQL_CALL && node->kids[i]->type == EQL_NULL)
			continue; /* nothing equals null */
		rc = node->type == EQL_CALL ? call_atom(l, node, node->kids[0], node->kids[i], &one)
					    : one_atom(l, node, node->kids[0], node->kids[i], &one);
		if (rc == 0 && one == NULL)
			return 0;
		if (rc == 0 && expr_add(l->arena, any, one) != 0)
			rc = eql_lower_no_memory(l);
	}
	if (rc != 0 || any->kid_count == 0)
		return rc;
	ret->field = node->kids[0];
	ret->yes = any->kid_count == 1 ? any->kids[0] : any;
	return 0;
}

int eql_lower_atoms(struct eql_lowering *l, const struct eql_node *node, struct eql_atoms *ret)
{
	switch (node->type) {
	case EQL_COMPARE:
		return compare_atoms(l, node, ret);
	case EQL_MATCH:
	case EQL_IN:
	case EQL_CALL:
		return any_atoms(l, node, ret);
	default:
		return 0;
	}
}
