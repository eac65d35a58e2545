#include "base/json.h"

struct tree_builder {
	struct arena *arena;
	struct json json;
	struct json_node *open[JSON_DEPTH_MAX];
	struct json_node *last[JSON_DEPTH_MAX]; /* last child of each open container */
};

static struct json_node *add_node(struct tree_builder *b, enum json_token token, struct str key)
{
	struct json_node *node = arena_zalloc(b->arena, sizeof(*node));
	unsigned depth = b->json.depth;
	unsigned parent_depth = token == JSON_OBJECT || token == JSON_ARRAY ? depth - 1u : depth;

	if (node == NULL)
		return NULL;
	node->token = (uint8_t)token;
	node->key = key;
	if (token == JSON_STRING)
		node->text = b->json.escaped ? json_unescape(b->arena, b->json.text) : b->json.text;
	else if (token == JSON_NUMBER)
		node->text = b->json.text;
	if (parent_depth > 0) {
		struct json_node *parent = b->open[parent_depth - 1];
		if (b->last[parent_depth - 1] == NULL)
			parent->child = node;
		else
			b->last[parent_depth - 1]->next = node;
		b->last[parent_depth - 1] = node;
		parent->count++;
	}
	if (token == JSON_OBJECT || token == JSON_ARRAY) {
		node->text = str_n(b->json.at - 1, 0);
		b->open[depth - 1] = node;
		b->last[depth - 1] = NULL;
	}
	return node;
}

struct json_node *json_parse(
	struct arena *arena, struct str text, const char **ret_error, size_t *ret_offset)
{
	struct tree_builder *b = arena_alloc(arena, sizeof(*b));
	struct json_node *root = NULL;
	struct str key = {0};

	if (b == NULL) {
		*ret_error = "out of memory";
		*ret_offset = 0;
		return NULL;
	}
	b->arena = arena;
	json_init(&b->json, text.ptr, text.len);
	for (;;) {
		enum json_token token = json_next(&b->json);
		if (token == JSON_ERROR)
			break;
		if (token == JSON_END) {
			if (b->json.at == b->json.end)
				return root;
			b->json.error = "text behind the value";
			break;
		}
		if (token == JSON_OBJECT_END || token == JSON_ARRAY_END) {
			struct json_node *closed = b->open[b->json.depth];
			closed->text.len = (size_t)(b->json.at - closed->text.ptr);
			continue;
		}
		if (token == JSON_KEY) {
			key = b->json.escaped ? json_unescape(arena, b->json.text) : b->json.text;
			continue;
		}
		struct json_node *node = add_node(b, token, key);
		if (node == NULL) {
			b->json.error = "value too large";
			break;
		}
		key = (struct str){0};
		if (root == NULL)
			root = node;
	}
	*ret_error = b->json.error;
	*ret_offset = (size_t)(b->json.at - text.ptr);
	return NULL;
}

static const struct json_node *get_n(const struct json_node *node, struct str key)
{
	const struct json_node *found = NULL;

	if (node == NULL || node->token != JSON_OBJECT)
		return NULL;
	for (const struct json_node *child = node->child; child != NULL; child = child->next)
		if (str_eq(child->key, key))
			found = child;
	return found;
}

const struct json_node *json_get(const struct json_node *node, const char *key)
{
	return get_n(node, str_of(key));
}

const struct json_node *json_path(const struct json_node *node, const char *path)
{
	struct str rest = str_of(path);

	while (node != NULL && rest.len > 0)
		node = get_n(node, str_cut(&rest, '.'));
	return node;
}

bool json_text(const struct json_node *node, struct str *ret)
{
	if (node == NULL || node->token != JSON_STRING)
		return false;
	*ret = node->text;
	return true;
}

bool json_u64(const struct json_node *node, uint64_t *ret)
{
	return node != NULL && (node->token == JSON_NUMBER || node->token == JSON_STRING) &&
	       (node->text.len == 0 || node->text.ptr[0] != '0' || node->text.len == 1) &&
	       str_to_u64(node->text, ret);
}

bool json_i64(const struct json_node *node, int64_t *ret)
{
	return node != NULL && (node->token == JSON_NUMBER || node->token == JSON_STRING) &&
	       str_to_i64(node->text, ret);
}

bool json_bool(const struct json_node *node, bool *ret)
{
	if (node == NULL || (node->token != JSON_TRUE && node->token != JSON_FALSE))
		return false;
	*ret = node->token == JSON_TRUE;
	return true;
}
