#include "detect/eql/eval.h"

#include <string.h>
#include "detect/eql/bound.h"
#include "event/view.h"

/* ---- fields ---- */

static struct value get(struct eql_evaluation *e, const struct eql_node *node)
{
	unsigned step = node->type == EQL_REFERENCE ? node->step + 1u : 0;
	const struct value *value = e->env->get(e->env->context, step, (field_id)node->field);

	return value == NULL || value->type == VALUE_NONE ? value_null() : *value;
}

/* list[2]: of flat values when the index comes last; an array of one has become its element. */
static struct value get_indexed(struct eql_evaluation *e, const struct eql_node *node)
{
	unsigned step = node->type == EQL_REFERENCE ? node->step + 1u : 0;

	if (node->index_count == 1 && node->indexes[0].position >= node->text.len) {
		struct value value = get(e, node);
		if (value.type == VALUE_LIST && node->indexes[0].number < value.len)
			return value.items[node->indexes[0].number];
		if (value.type != VALUE_LIST && node->indexes[0].number == 0)
			return value;
	}
	return eql_json_value(e, eql_document_node(e, node, step));
}

static struct value get_variable(struct eql_evaluation *e, const struct eql_node *node)
{
	const struct eql_item *item = &e->items[node->bound->variable - 1];

	if (node->bound->path >= node->text.len && node->index_count == 0)
		return item->value;
	return eql_json_value(
		e, item->json == NULL ? NULL
				      : eql_document_walk(item->json, node->text, node->bound->path,
						node->indexes, node->index_count));
}

static struct value eval_field(struct eql_evaluation *e, const struct eql_node *node)
{
	if (eql_variable_of(node) > 0)
		return get_variable(e, node);
	return node->index_count > 0 ? get_indexed(e, node) : get(e, node);
}

/* ---- truth ---- */

static enum eql_truth truth_of_value(const struct value *value)
{
	enum eql_truth truth = EQL_UNKNOWN;

	switch (value->type) {
	case VALUE_NONE:
	case VALUE_NULL:
		return EQL_UNKNOWN;
	case VALUE_BOOL:
		return value->boolean ? EQL_TRUE : EQL_FALSE;
	case VALUE_INT:
	case VALUE_UINT:
		return value->u64 != 0 ? EQL_TRUE : EQL_FALSE;
	case VALUE_DOUBLE:
		return value->f64 != 0 ? EQL_TRUE : EQL_FALSE;
	case VALUE_TEXT:
		return value->len > 0 ? EQL_TRUE : EQL_FALSE;
	default:
		break;
	}
	for (uint32_t i = 0; i < value->len && truth != EQL_TRUE; i++) {
		/* elements are no lists: this goes one deep */
		enum eql_truth here = truth_of_value(&value->items[i]);
		if (here != EQL_UNKNOWN)
			truth = here;
	}
	return truth;
}

enum eql_truth eql_truth_of(struct eql_evaluation *e, const struct eql_node *node)
{
	struct value value = eql_eval_node(e, node);
	const struct json_node *json;

	if (node->type != EQL_FIELD || value.type > VALUE_NULL)
		return truth_of_value(&value);
	if (e->env->document != NULL && eql_variable_of(node) == 0) {
		/* An object has no flat value of its own. */
		json = eql_document_node(e, node, 0);
		if (json != NULL && json->count > 0 &&
			(json->token == JSON_OBJECT || json->token == JSON_ARRAY))
			return EQL_TRUE;
	}
	return e->null_logic || e->keep_null ? EQL_UNKNOWN : EQL_FALSE;
}

/* AND ends at the first false, OR at the first true; else null if any is. */
static struct value eval_and_or(struct eql_evaluation *e, const struct eql_node *node)
{
	enum eql_truth decides = node->type == EQL_OR ? EQL_TRUE : EQL_FALSE;
	enum eql_truth truth = node->type == EQL_OR ? EQL_FALSE : EQL_TRUE;

	for (uint32_t i = 0; i < node->kid_count; i++) {
		enum eql_truth here = eql_truth_of(e, node->kids[i]);
		if (here == decides)
			return value_of_truth(here);
		if (here == EQL_UNKNOWN)
			truth = EQL_UNKNOWN;
	}
	return value_of_truth(truth);
}

static struct value eval_not(struct eql_evaluation *e, const struct eql_node *node)
{
	enum eql_truth truth = eql_truth_of(e, node->kids[0]);

	return truth == EQL_UNKNOWN ? value_null() : value_bool(truth == EQL_FALSE);
}

/* ---- questions ---- */

/* Where a dialect has no null logic, what an event lacks does not hold. Constants keep to the logic
 * everywhere: they are folded before. */
static struct value answer(const struct eql_evaluation *e, struct value value)
{
	return value.type == VALUE_NULL && !e->null_logic && !e->keep_null ? value_bool(false)
									   : value;
}

static struct eql_operand operand(struct eql_evaluation *e, const struct eql_node *node)
{
	return (struct eql_operand){.value = eql_eval_node(e, node), .node = node};
}

static bool is_cased(const struct eql_evaluation *e, const struct eql_node *node)
{
	return !node->caseless && !e->env->options->caseless;
}

static struct value eval_compare(struct eql_evaluation *e, const struct eql_node *node)
{
	const struct eql_node *left = node->kids[0], *right = node->kids[1];

	/* Only `null` itself can be asked for; two nulls are not known to be equal. */
	if ((node->op == EQL_EQ || node->op == EQL_NE) &&
		(left->type == EQL_NULL || right->type == EQL_NULL)) {
		bool before = e->keep_null;
		e->keep_null = true;
		struct value value = eql_eval_node(e, right->type == EQL_NULL ? left : right);
		e->keep_null = before;
		return value_bool(eql_is_null(&value) == (node->op == EQL_EQ));
	}
	struct eql_operand a = operand(e, left), b = operand(e, right);
	/* Fields that need not exist are null itself where they do not. */
	if ((node->op == EQL_EQ || node->op == EQL_NE) && left->optional && right->optional &&
		eql_is_null(&a.value) && eql_is_null(&b.value))
		return value_bool(node->op == EQL_EQ);
	/* What is not known to be equal is unequal where the dialect has no null logic. */
	bool opposite = node->op == EQL_NE;
	struct value equal = answer(e, value_of_truth(eql_compare_operands(e,
					       opposite ? EQL_EQ : (enum eql_compare)node->op, &a,
					       &b, is_cased(e, node))));
	if (opposite && equal.type == VALUE_BOOL)
		equal.boolean = !equal.boolean;
	return equal;
}

static enum eql_truth match_one(struct eql_evaluation *e, const struct eql_node *node,
	const struct eql_operand *value, const struct eql_node *pattern)
{
	enum eql_truth truth = EQL_UNKNOWN;

	if (pattern->type != EQL_STRING) { /* another field's text, as it is */
		struct eql_operand other = operand(e, pattern);
		return eql_compare_operands(e, EQL_EQ, value, &other, is_cased(e, node));
	}
	if (value->value.type != VALUE_LIST)
		return eql_match_pattern_node(e, &value->value, pattern);
	if (!e->any_element)
		return EQL_UNKNOWN;
	for (uint32_t i = 0; i < value->value.len && truth != EQL_TRUE; i++) {
		enum eql_truth here = eql_match_pattern_node(e, &value->value.items[i], pattern);
		if (here != EQL_UNKNOWN)
			truth = here;
	}
	return truth;
}

static bool is_literal_set(const struct eql_node *node)
{
	for (uint32_t i = 1; i < node->kid_count; i++)
		if (node->kids[i]->type > EQL_STRING)
			return false;
	return true;
}

/* `:`, like, regex, in: any of the kids behind the first. */
static struct value eval_any(struct eql_evaluation *e, const struct eql_node *node)
{
	struct eql_operand value = operand(e, node->kids[0]);
	enum eql_truth truth = EQL_FALSE;

	if (eql_is_null(&value.value))
		return value_null();
	for (uint32_t i = 1; i < node->kid_count; i++) {
		enum eql_truth here;
		if (node->kids[i]->type == EQL_NULL) {
			/* a set of literals lacks null; a chain of == does not know */
			if (node->type == EQL_IN && !is_literal_set(node))
				truth = EQL_UNKNOWN;
			continue;
		}
		if (node->type == EQL_MATCH) {
			here = match_one(e, node, &value, node->kids[i]);
		} else {
			struct eql_operand other = operand(e, node->kids[i]);
			here = eql_compare_operands(e, EQL_EQ, &value, &other, is_cased(e, node));
		}
		if (here == EQL_TRUE)
			return value_bool(true);
		if (here == EQL_UNKNOWN)
			truth = EQL_UNKNOWN;
	}
	return value_of_truth(truth);
}

/* ---- arithmetic ---- */

static struct value eval_arithmetic(struct eql_evaluation *e, const struct eql_node *node)
{
	struct value zero = value_int(0);
	struct value a = eql_eval_node(e, node->kids[0]);
	bool floors = eql_may(e, EQL_FLOORS);

	if (node->type == EQL_NEGATE)
		return eql_arithmetic('-', &zero, &a, floors);
	struct value b = eql_eval_node(e, node->kids[1]);
	return eql_arithmetic((char)node->op, &a, &b, floors);
}

static struct value eval_relation(struct eql_evaluation *e, const struct eql_node *node)
{
	return value_bool(e->env->related != NULL && e->env->related(e->env->context, node));
}

struct value eql_eval_node(struct eql_evaluation *e, const struct eql_node *node)
{
	if (e->fuel == 0)
		return value_null();
	e->fuel--;
	switch (node->type) {
	case EQL_BOOL:
		return value_bool(node->boolean);
	case EQL_INT:
		return value_int(node->integer);
	case EQL_FLOAT:
		return (struct value){.type = VALUE_DOUBLE, .f64 = node->number};
	case EQL_STRING:
		return value_text(node->text);
	case EQL_FIELD:
	case EQL_REFERENCE:
		return eval_field(e, node);
	case EQL_NOT:
		return eval_not(e, node);
	case EQL_AND:
	case EQL_OR:
		return eval_and_or(e, node);
	case EQL_COMPARE:
		return eval_compare(e, node);
	case EQL_MATCH:
	case EQL_IN:
		return answer(e, eval_any(e, node));
	case EQL_ARITHMETIC:
	case EQL_NEGATE:
		return eval_arithmetic(e, node);
	case EQL_CALL:
		return node->bound->function->result == EQL_TYPE_BOOL ? answer(e, eql_call(e, node))
								      : eql_call(e, node);
	case EQL_RELATION:
		return eval_relation(e, node);
	default:
		return value_null();
	}
}

static struct eql_evaluation begin(const struct eql_env *env)
{
	return (struct eql_evaluation){.env = env,
		.fuel = EQL_FUEL,
		.null_logic = eql_has(env->options->dialect, EQL_NULL_LOGIC),
		.any_element = eql_has(env->options->dialect, EQL_ANY_ELEMENT),
		.times = eql_has(env->options->dialect, EQL_TIMES)};
}

struct value eql_eval(const struct eql_env *env, const struct eql_node *node)
{
	struct eql_evaluation e = begin(env);

	return eql_eval_node(&e, node);
}

static const struct value *get_nothing(void *context, unsigned step, field_id field)
{
	(void)context, (void)step, (void)field;
	return NULL;
}

struct value eql_constant(
	struct arena *scratch, const struct eql_options *options, const struct eql_node *node)
{
	struct eql_env env = {.options = options, .scratch = scratch, .get = get_nothing};
	struct eql_evaluation e = begin(&env);

	e.keep_null = true;
	return eql_eval_node(&e, node);
}

bool eql_holds(const struct eql_env *env, const struct eql_node *node)
{
	struct eql_evaluation e = begin(env);

	return eql_truth_of(&e, node) == EQL_TRUE;
}

/* ---- an event's view as the environment ---- */

static const struct value *get_of_view(void *context, unsigned step, field_id field)
{
	return step == 0 ? view_get(context, field) : NULL;
}

static struct str document_of_view(void *context, unsigned step)
{
	const struct view *view = context;

	return step != 0 || view->event == NULL || view->event->raw_key != NULL ? (struct str){0}
										: view->event->raw;
}

void eql_env_of_view(struct eql_env *env, const struct view *view)
{
	/* The environment only reads it. */
	union {
		const struct view *view;
		void *context;
	} same = {.view = view};

	env->context = same.context;
	env->get = get_of_view;
	env->document = document_of_view;
}
