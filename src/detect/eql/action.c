#include "detect/eql/action.h"

#include <errno.h>
#include "base/err.h"
#include "base/toml.h"
#include "event/schema.h"

struct list {
	struct arena *arena;
	struct rule_action *items;
	uint32_t count;
	struct err *err;
};

static const char *const known[] = {"kill_process", "suspend_process", "rollback"};

static bool is_known(struct str action)
{
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_is(action, known[i]))
			return true;
	return false;
}

/* "process.parent" for "process.parent.executable": the longest object with an entity_id that the
 * field is a fact of. Only facts of the process itself: "process.parent.hash.sha256" is one, but
 * what stands in a deeper object with its own identity is not reached over it. */
static struct str process_of(struct str field, char *out, size_t room)
{
	static const char tail[] = ".entity_id";

	for (size_t len = field.len; len > 0; len--) {
		if (field.ptr[len - 1] != '.' || len - 1 + sizeof(tail) > room)
			continue;
		memcpy(out, field.ptr, len - 1);
		memcpy(out + len - 1, tail, sizeof(tail) - 1);
		struct str name = str_n(out, len - 1 + sizeof(tail) - 1);
		if (schema_field_by_name(name) != FIELD_none)
			return name;
	}
	return (struct str){0};
}

static int resolve(struct list *list, struct rule_action *action)
{
	char room[256];
	struct str process = process_of(action->field, room, sizeof(room));

	if (!is_known(action->action))
		action->refused = STR("no such action");
	else if (action->field.len == 0)
		action->refused = STR("it does not say on what");
	else if (process.len == 0)
		action->refused = arena_printf(
			list->arena, "%.*s names no process", STR_ARG(action->field));
	else if (!str_eq(process, action->field))
		action->field = arena_strn(list->arena, process.ptr, process.len);
	return action->field.ptr == NULL ? err_set(list->err, -ENOMEM, "EQL rules: out of memory")
					 : 0;
}

static int read_one(struct list *list, const struct toml_node *node, bool optional)
{
	const struct toml_node *state = toml_get(node, "state");
	struct str action = toml_text(toml_get(node, "action"));
	struct str field = toml_text(toml_get(node, "field"));

	if (node->type != TOML_TABLE || action.len == 0)
		return err_set(
			list->err, -EINVAL, "line %u: an action without its name", node->line);
	if (state != NULL && (state->type != TOML_INT || state->i64 < 0 || state->i64 > UINT16_MAX))
		return err_set(
			list->err, -EINVAL, "line %u: state is no number of a step", state->line);
	if (list->count == EQL_ACTIONS_MAX)
		return err_set(list->err, -EINVAL, "line %u: more than %d actions", node->line,
			EQL_ACTIONS_MAX);
	struct rule_action *item = &list->items[list->count++];
	*item = (struct rule_action){
		.action = arena_strn(list->arena, action.ptr, action.len),
		.field = arena_strn(list->arena, field.ptr, field.len),
		.state = state == NULL ? 0 : (uint32_t)state->i64,
		.optional = optional,
	};
	if (item->action.ptr == NULL || item->field.ptr == NULL)
		return err_set(list->err, -ENOMEM, "EQL rules: out of memory");
	return resolve(list, item);
}

static int read_list(struct list *list, const struct toml_node *node, bool optional)
{
	int rc = 0;

	if (node != NULL && node->type != TOML_LIST)
		return err_set(list->err, -EINVAL, "line %u: actions are no list", node->line);
	for (uint32_t i = 0; rc == 0 && node != NULL && i < node->count; i++)
		rc = read_one(list, node->items[i], optional);
	return rc;
}

int eql_actions_read(struct arena *arena, const struct toml_node *node,
	const struct toml_node *optional, struct rule_action **ret, uint32_t *ret_count,
	struct err *err)
{
	struct list list = {.arena = arena, .err = err};

	uint32_t room = (node == NULL ? 0 : node->count) + (optional == NULL ? 0 : optional->count);
	if (room > EQL_ACTIONS_MAX)
		room = EQL_ACTIONS_MAX;
	list.items = arena_alloc(arena, room * sizeof(*list.items));
	if (list.items == NULL)
		return err_set(err, -ENOMEM, "EQL rules: out of memory");
	int rc = read_list(&list, node, false);
	if (rc == 0)
		rc = read_list(&list, optional, true);
	if (rc != 0)
		return rc;
	*ret = list.items;
	*ret_count = list.count;
	return 0;
}

void eql_actions_settle(struct rule_action *actions, uint32_t count, const struct eql_query *query)
{
	for (uint32_t i = 0; i < count; i++) {
		struct rule_action *action = &actions[i];
		if (action->refused.len > 0)
			continue;
		if (action->state >= query->step_count)
			action->refused = STR("the query has no such step");
		else if (query->steps[action->state].missing)
			action->refused = STR("the step's event must be missing");
	}
}
