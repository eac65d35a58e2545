#include <string.h>
#include "detect/eql/bound.h"
#include "detect/eql/lowering.h"

/* Recursion follows the query's nesting, which the parser bounds. */
int eql_walk(struct eql_node *node, eql_walk_fn *fn, void *context)
{
	int rc = fn(context, node);

	for (uint32_t i = 0; rc == 0 && i < node->kid_count; i++)
		rc = eql_walk(node->kids[i], fn, context);
	return rc;
}

int eql_field_add(struct eql_lowering *l, struct eql_field_list *list, field_id field)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->items[i] == field)
			return 0;
	if (list->count == list->room) {
		uint32_t room = list->room == 0 ? 4 : list->room * 2;
		field_id *items = arena_alloc(l->arena, room * sizeof(*items));
		if (items == NULL)
			return eql_lower_no_memory(l);
		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = field;
	return 0;
}

struct reading {
	struct eql_lowering *l;
	struct eql_field_list *list;
};

static int take_field(void *context, struct eql_node *node)
{
	struct reading *r = context;

	if (node->type != EQL_FIELD || node->field == FIELD_none ||
		(node->bound != NULL && node->bound->variable > 0))
		return 0;
	return eql_field_add(r->l, r->list, (field_id)node->field);
}

int eql_fields_read(
	struct eql_lowering *l, const struct eql_node *node, struct eql_field_list *list)
{
	struct reading r = {l, list};

	/* take_field() changes nothing */
	return eql_walk((struct eql_node *)node, take_field, &r);
}
