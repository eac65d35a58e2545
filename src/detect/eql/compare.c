#include <string.h>
#include "base/clock.h"
#include "base/strmatch.h"
#include "detect/eql/bound.h"
#include "detect/eql/pattern.h"

bool eql_is_null(const struct value *value)
{
	if (value->type != VALUE_LIST)
		return value->type <= VALUE_NULL;
	for (uint32_t i = 0; i < value->len; i++)
		if (value->items[i].type > VALUE_NULL)
			return false;
	return true;
}

struct str eql_folded(struct eql_evaluation *e, struct str text)
{
	return eql_fold(e->env->scratch, text);
}

/* ---- texts ---- */

static int order_bytes(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);

	if (order == 0)
		return a.len < b.len ? EQL_LESS : a.len > b.len ? EQL_MORE : EQL_SAME;
	return order < 0 ? EQL_LESS : EQL_MORE;
}

static struct str operand_text(struct eql_evaluation *e, const struct eql_operand *o, bool cased)
{
	const struct eql_bound *bound = o->node == NULL ? NULL : o->node->bound;

	if (bound != NULL && o->node->type == EQL_STRING && !bound->wild && bound->cased == cased)
		return bound->pattern;
	return cased ? value_str(&o->value) : eql_folded(e, value_str(&o->value));
}

static int order_texts(struct eql_evaluation *e, const struct eql_operand *a,
	const struct eql_operand *b, bool cased)
{
	struct str x = operand_text(e, a, cased), y = operand_text(e, b, cased);

	if ((x.ptr == NULL && a->value.len > 0) || (y.ptr == NULL && b->value.len > 0))
		return EQL_NO_ORDER;
	return order_bytes(x, y);
}

/* Folds only one side, into nothing, when the other is a literal. */
static enum eql_truth texts_equal(struct eql_evaluation *e, const struct eql_operand *a,
	const struct eql_operand *b, bool cased)
{
	const struct eql_operand *literal = b->node != NULL && b->node->type == EQL_STRING ? b : a;
	struct str text = value_str(literal == b ? &a->value : &b->value);
	struct str with = operand_text(e, literal, cased);

	if (with.ptr == NULL && literal->value.len > 0)
		return EQL_UNKNOWN;
	return match_equals(text, with, cased) ? EQL_TRUE : EQL_FALSE;
}

/* ---- mixed ---- */

static bool is_literal_number(const struct eql_operand *o)
{
	return o->node != NULL && (o->node->type == EQL_INT || o->node->type == EQL_FLOAT);
}

/* A number, or a text that is one. */
static bool number_of(const struct value *value, struct value *ret)
{
	if (eql_is_number(value)) {
		*ret = *value;
		return true;
	}
	return value->type == VALUE_TEXT && eql_number_of(value_str(value), ret);
}

/* A text and a number or truth value: documents of different makers write the same fact as either.
 * What is written as a number compares by value, else the digits compare as text. */
static enum eql_truth mixed_equal(struct eql_evaluation *e, const struct eql_operand *a,
	const struct eql_operand *b, bool cased)
{
	char x_out[VALUE_TEXT_BYTES], y_out[VALUE_TEXT_BYTES];
	struct value x, y;

	if (is_literal_number(a) || is_literal_number(b)) {
		if (!number_of(&a->value, &x) || !number_of(&b->value, &y))
			return EQL_FALSE;
		return eql_order_numbers(&x, &y) == EQL_SAME ? EQL_TRUE : EQL_FALSE;
	}
	struct eql_operand s = {.value = value_text(value_as_text(&a->value, x_out)),
		.node = a->value.type == VALUE_TEXT ? a->node : NULL};
	struct eql_operand t = {.value = value_text(value_as_text(&b->value, y_out)),
		.node = b->value.type == VALUE_TEXT ? b->node : NULL};
	return texts_equal(e, &s, &t, cased);
}

static int order_mixed(const struct value *a, const struct value *b)
{
	struct value x, y;

	if (!number_of(a, &x) || !number_of(b, &y))
		return EQL_NO_ORDER;
	return eql_order_numbers(&x, &y);
}

/* ---- times ---- */

/* Nanoseconds since 1970: what a text says, or a number whose size tells what it counts. */
static bool operand_time(const struct eql_operand *o, uint64_t *ret_ns)
{
	const struct eql_bound *bound = o->node == NULL ? NULL : o->node->bound;
	const struct value *value = &o->value;
	double number;

	if (bound != NULL && o->node->type == EQL_STRING && value->type == VALUE_TEXT) {
		*ret_ns = bound->time_ns;
		return bound->is_time;
	}
	if (value->type == VALUE_TEXT)
		return eql_time_of(value_str(value), ret_ns);
	if (!eql_is_number(value) || !value_as_double(value, &number) || number < EQL_TIME_LEAST)
		return false;
	uint64_t unit_ns = number < 1e14 ? NS_PER_MS : number < 1e17 ? 1000 : 1;
	int64_t whole;
	if (number * (double)unit_ns > 1.8e19)
		return false;
	*ret_ns = eql_whole(value, &whole) ? (uint64_t)whole * unit_ns
					   : (uint64_t)(number * (double)unit_ns);
	return true;
}

/* Where one of them is a text and both are times. */
static bool order_times(const struct eql_evaluation *e, const struct eql_operand *a,
	const struct eql_operand *b, int *ret)
{
	uint64_t x, y;

	if (!e->times || (a->value.type != VALUE_TEXT && b->value.type != VALUE_TEXT) ||
		!operand_time(a, &x) || !operand_time(b, &y))
		return false;
	*ret = x < y ? EQL_LESS : x > y ? EQL_MORE : EQL_SAME;
	return true;
}

static bool is_pattern(const struct eql_operand *o)
{
	return o->node != NULL && o->node->type == EQL_STRING && o->node->bound != NULL &&
	       o->node->bound->wild;
}

static enum eql_truth scalars_equal(struct eql_evaluation *e, const struct eql_operand *a,
	const struct eql_operand *b, bool cased)
{
	const struct value *x = &a->value, *y = &b->value;
	int order;

	if (x->type <= VALUE_NULL || y->type <= VALUE_NULL)
		return EQL_UNKNOWN;
	if (is_pattern(b))
		return eql_match_pattern_node(e, x, b->node);
	if (is_pattern(a))
		return eql_match_pattern_node(e, y, a->node);
	if (order_times(e, a, b, &order))
		return order == EQL_SAME ? EQL_TRUE : EQL_FALSE;
	if (x->type == VALUE_TEXT && y->type == VALUE_TEXT)
		return texts_equal(e, a, b, cased);
	if (x->type == VALUE_TEXT || y->type == VALUE_TEXT)
		return mixed_equal(e, a, b, cased);
	if (x->type == VALUE_BOOL && y->type == VALUE_BOOL)
		return x->boolean == y->boolean ? EQL_TRUE : EQL_FALSE;
	if (x->type == VALUE_BOOL || y->type == VALUE_BOOL)
		return EQL_UNKNOWN;
	return eql_order_numbers(x, y) == EQL_SAME ? EQL_TRUE : EQL_FALSE;
}

static enum eql_truth scalars_ordered(struct eql_evaluation *e, enum eql_compare op,
	const struct eql_operand *a, const struct eql_operand *b, bool cased)
{
	const struct value *x = &a->value, *y = &b->value;
	int order;

	if (x->type <= VALUE_NULL || y->type <= VALUE_NULL)
		return EQL_UNKNOWN;
	if (!order_times(e, a, b, &order))
		order = x->type == VALUE_TEXT && y->type == VALUE_TEXT ? order_texts(e, a, b, cased)
								       : order_mixed(x, y);
	if (order == EQL_NO_ORDER)
		return EQL_UNKNOWN;
	bool holds = op == EQL_LT   ? order < 0
		     : op == EQL_LE ? order <= 0
		     : op == EQL_GT ? order > 0
				    : order >= 0;
	return holds ? EQL_TRUE : EQL_FALSE;
}

/* ---- lists ---- */

enum eql_truth eql_compare_operands(struct eql_evaluation *e, enum eql_compare op,
	const struct eql_operand *a, const struct eql_operand *b, bool cased)
{
	const struct eql_operand *list = a->value.type == VALUE_LIST ? a : b;
	enum eql_truth truth = EQL_UNKNOWN;

	if (list->value.type != VALUE_LIST)
		return op == EQL_EQ ? scalars_equal(e, a, b, cased)
				    : scalars_ordered(e, op, a, b, cased);
	if (!e->any_element)
		return EQL_UNKNOWN;
	for (uint32_t i = 0; i < list->value.len && truth != EQL_TRUE; i++) {
		struct eql_operand one = {.value = list->value.items[i]};
		if (e->fuel == 0)
			return EQL_UNKNOWN;
		e->fuel--;
		/* Elements are no lists, so this goes one deep for each operand. */
		enum eql_truth here = list == a ? eql_compare_operands(e, op, &one, b, cased)
						: eql_compare_operands(e, op, a, &one, cased);
		if (here != EQL_UNKNOWN)
			truth = here;
	}
	return truth;
}

/* ---- patterns ---- */

static void *scratch_alloc(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

static void scratch_free(void *ptr, void *arena)
{
	(void)ptr, (void)arena; /* goes with the arena */
}

static bool make_match(struct eql_evaluation *e)
{
	pcre2_general_context *general = pcre2_general_context_create(
		scratch_alloc, scratch_free, e->env->scratch);
	pcre2_match_context *limits = general == NULL ? NULL : pcre2_match_context_create(general);
	pcre2_match_data *data = limits == NULL ? NULL : pcre2_match_data_create(1, general);

	if (data == NULL)
		return false;
	/* As tester.c of the predicate machine. */
	(void)pcre2_set_match_limit(limits, 200000);
	(void)pcre2_set_depth_limit(limits, 20000);
	(void)pcre2_set_heap_limit(limits, 8192);
	e->match_limits = limits;
	e->match_data = data;
	return true;
}

bool eql_run_regex(struct eql_evaluation *e, const pcre2_code *regex, struct str text)
{
	if (e->match_data == NULL && !make_match(e))
		return false;
	return pcre2_match(regex, (PCRE2_SPTR)(text.ptr == NULL ? "" : text.ptr), text.len, 0, 0,
		       e->match_data, e->match_limits) >= 0;
}

enum eql_truth eql_match_pattern_node(
	struct eql_evaluation *e, const struct value *value, const struct eql_node *pattern)
{
	const struct eql_bound *bound = pattern->bound;
	char out[VALUE_TEXT_BYTES];
	bool holds;

	if (value->type <= VALUE_NULL || pattern->type == EQL_NULL || bound == NULL)
		return EQL_UNKNOWN;
	struct str text = value_as_text(value, out);
	if (bound->regex != NULL)
		holds = eql_run_regex(e, bound->regex, text);
	else if (bound->wild)
		holds = match_wildcard(text, bound->pattern, bound->cased);
	else
		holds = match_equals(text, bound->pattern, bound->cased);
	return holds ? EQL_TRUE : EQL_FALSE;
}
