/* The event as the JSON document that it came as, for what its flat values do not tell. */
#include "detect/eql/bound.h"

/* "a.b.c" below an object, whose members may be nested or have dotted names. */
static const struct json_node *find_member(const struct json_node *at, struct str path, int depth)
{
	const struct json_node *found = NULL;

	if (path.len == 0)
		return at;
	if (at == NULL || at->token != JSON_OBJECT || depth == 0)
		return NULL;
	for (const struct json_node *child = at->child; child != NULL; child = child->next) {
		struct str key = child->key;
		if (key.len == 0 || !str_starts(path, key))
			continue;
		const struct json_node *below = NULL;
		if (key.len == path.len)
			below = child;
		else if (path.ptr[key.len] == '.')
			below = find_member(child,
				str_n(path.ptr + key.len + 1, path.len - key.len - 1), depth - 1);
		if (below != NULL)
			found = below;
	}
	return found;
}

static const struct json_node *element(const struct json_node *array, uint32_t number)
{
	if (array == NULL || array->token != JSON_ARRAY || number >= array->count)
		return NULL;
	const struct json_node *child = array->child;
	while (number-- > 0)
		child = child->next;
	return child;
}

const struct json_node *eql_document_walk(const struct json_node *at, struct str path,
	size_t position, const struct eql_index *indexes, uint32_t count)
{
	for (uint32_t i = 0; i <= count && at != NULL; i++) {
		size_t end = i < count ? indexes[i].position : path.len;
		if (end < position || end > path.len)
			return NULL;
		if (position < end && path.ptr[position] == '.')
			position++;
		at = find_member(at, str_n(path.ptr + position, end - position), FIELD_DEPTH_MAX);
		position = end;
		if (i < count)
			at = element(at, indexes[i].number);
	}
	return at;
}

static const struct json_node *read_document(struct eql_evaluation *e, unsigned step)
{
	const struct eql_env *env = e->env;
	const struct json_node *root;
	const char *error;
	size_t offset;

	if (step == 0 && e->document_read)
		return e->document;
	struct str text = env->document == NULL ? (struct str){0}
						: env->document(env->context, step);
	root = text.len == 0 ? NULL : json_parse(env->scratch, text, &error, &offset);
	if (step == 0) {
		e->document_read = true;
		e->document = root;
	}
	return root;
}

const struct json_node *eql_document_node(
	struct eql_evaluation *e, const struct eql_node *node, unsigned step)
{
	return eql_document_walk(
		read_document(e, step), node->text, 0, node->indexes, node->index_count);
}

static struct value list_value(struct eql_evaluation *e, const struct json_node *node)
{
	struct value *items = arena_alloc(e->env->scratch, (node->count + 1) * sizeof(*items));
	uint32_t count = 0;

	if (items == NULL)
		return value_null();
	for (const struct json_node *child = node->child; child != NULL; child = child->next)
		if (child->token != JSON_ARRAY)
			items[count++] = eql_json_value(e, child);
	return (struct value){.type = VALUE_LIST, .len = count, .items = items};
}

/* An object is its text: neither null nor equal to anything, and true as a condition. */
struct value eql_json_value(struct eql_evaluation *e, const struct json_node *node)
{
	struct value number;

	if (node == NULL)
		return value_null();
	switch (node->token) {
	case JSON_TRUE:
	case JSON_FALSE:
		return value_bool(node->token == JSON_TRUE);
	case JSON_NUMBER:
		return eql_number_of(node->text, &number) ? number : value_text(node->text);
	case JSON_STRING:
		return value_text(node->text);
	case JSON_OBJECT:
		return node->count == 0 ? value_null() : value_text(node->text);
	case JSON_ARRAY:
		return list_value(e, node);
	default:
		return value_null();
	}
}
