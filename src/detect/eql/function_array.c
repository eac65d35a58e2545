/* Functions of arrays. arraySearch(array, name, condition) and arrayCount() set a variable to each
 * element in turn; elements may be objects, whose members only the document tells. */
#include "detect/eql/bound.h"

struct value eql_run_safe(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	(void)e, (void)call;
	return args[0]; /* nothing here can fail */
}

/* Is the element one of the values? */
static bool is_given(struct eql_evaluation *e, const struct eql_node *call,
	const struct value *args, const struct value *element)
{
	struct eql_operand a = {.value = *element};

	for (uint32_t i = 1; i < call->kid_count; i++) {
		struct eql_operand b = {.value = args[i], .node = call->kids[i]};
		if (eql_compare_operands(e, EQL_EQ, &a, &b, call->bound->cased) == EQL_TRUE)
			return true;
	}
	return false;
}

struct value eql_run_array_contains(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	const struct value *array = &args[0];
	bool given = false;

	if (array->type <= VALUE_NULL)
		return value_null();
	if (array->type != VALUE_LIST)
		return value_bool(is_given(e, call, args, array));
	for (uint32_t i = 0; i < array->len && !given && e->fuel > 0; i++, e->fuel--)
		given = is_given(e, call, args, &array->items[i]);
	return value_bool(given);
}

/* The array: as JSON where elements' members are wanted or the flat value has nothing. */
static struct eql_item take_array(struct eql_evaluation *e, const struct eql_node *call)
{
	const struct eql_node *node = call->kids[0];
	struct eql_item item = {.value = value_null()};

	uint16_t variable = eql_variable_of(node);
	if (variable > 0) {
		const struct eql_item *of = &e->items[variable - 1];
		item.json = of->json == NULL
				    ? NULL
				    : eql_document_walk(of->json, node->text, node->bound->path,
					      node->indexes, node->index_count);
	}
	if (item.json == NULL)
		item.value = eql_eval_node(e, node);
	if (node->type == EQL_FIELD && variable == 0 && node->index_count == 0 &&
		(call->bound->members || eql_is_null(&item.value)))
		item.json = eql_document_node(e, node, 0);
	if (item.json != NULL && item.json->token != JSON_ARRAY) {
		item.json = NULL;
		item.value = value_null();
	}
	return item;
}

static bool element_holds(
	struct eql_evaluation *e, const struct eql_node *call, struct eql_item element)
{
	uint16_t slot = (uint16_t)(call->bound->variable - 1);

	e->items[slot] = element;
	return eql_truth_of(e, call->kids[2]) == EQL_TRUE;
}

static int64_t count_elements(struct eql_evaluation *e, const struct eql_node *call, int64_t enough)
{
	struct eql_item array = take_array(e, call);
	const struct value *value = &array.value;
	int64_t count = 0;

	if (array.json != NULL) {
		for (const struct json_node *one = array.json->child;
			one != NULL && count < enough && e->fuel > 0; one = one->next)
			count += element_holds(e, call,
				(struct eql_item){.json = one, .value = eql_json_value(e, one)});
		return count;
	}
	/* An array of one element has become that element. */
	if (value->type != VALUE_LIST)
		return value->type > VALUE_NULL &&
		       element_holds(e, call, (struct eql_item){.value = *value});
	for (uint32_t i = 0; i < value->len && count < enough && e->fuel > 0; i++)
		count += element_holds(e, call, (struct eql_item){.value = value->items[i]});
	return count;
}

struct value eql_run_array_count(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	(void)args;
	return value_int(count_elements(e, call, INT64_MAX));
}

struct value eql_run_array_search(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	(void)args;
	return value_bool(count_elements(e, call, 1) > 0);
}
