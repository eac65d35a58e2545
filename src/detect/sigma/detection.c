#include "detect/sigma/detection.h"

#include <errno.h>
#include "base/err.h"
#include "detect/sigma/item.h"

/* Puts the place in front of a reason that has none yet. */
static int at_line(struct err *err, int rc, const struct yaml_node *node, struct str key)
{
	struct err inner;

	if (rc == 0 || rc == -ENOMEM || err == NULL)
		return rc;
	inner = *err;
	if (key.len > 0)
		return err_set(err, rc, "line %u: %.*s: %.300s", node->line,
			(int)(key.len > 80 ? 80 : key.len), key.ptr, inner.text);
	return err_set(err, rc, "line %u: %.400s", node->line, inner.text);
}

static int add_value(struct sigma_context *ctx, const struct item_key *key, struct str key_text,
	const struct yaml_node *value, struct expr *list, struct err *err)
{
	struct expr *kid = NULL;
	int rc = value->kind == YAML_KIND_SCALAR
			 ? sigma_value(ctx, key, value, &kid, err)
			 : err_set(err, -EINVAL, "a list or map where a value should stand");

	if (rc != 0)
		return at_line(err, rc, value, key_text);
	return sigma_list_add(ctx, list, kid, err);
}

static int item(
	struct sigma_context *ctx, const struct yaml_pair *pair, struct expr **ret, struct err *err)
{
	const struct yaml_node *value = pair->value;
	struct str key_text = pair->key->text;
	struct item_key key;
	int rc = item_key_parse(key_text, &key, err);

	if (rc != 0)
		return at_line(err, rc, pair->key, (struct str){0});
	struct expr *list = expr_list(ctx->arena, key.all ? EXPR_AND : EXPR_OR);
	if (list == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	if (value->kind == YAML_KIND_LIST) {
		for (uint32_t i = 0; rc == 0 && i < value->count; i++)
			rc = add_value(ctx, &key, key_text, value->items[i], list, err);
	} else {
		rc = add_value(ctx, &key, key_text, value, list, err);
	}
	if (rc != 0)
		return rc;
	if (list->kid_count == 0) /* an empty list: no value */
		return at_line(
			err, err_set(err, -EINVAL, "an empty list of values"), pair->key, key_text);
	*ret = sigma_list_end(list);
	if (key.negated)
		*ret = expr_not(ctx->arena, *ret);
	return *ret == NULL ? err_set(err, -ENOMEM, "out of memory") : 0;
}

/* Recursion is bounded by the depth of the YAML tree. */
int sigma_definition(struct sigma_context *ctx, const struct yaml_node *definition,
	struct expr **ret, struct err *err)
{
	static const struct item_key keyword;
	bool is_map = definition->kind == YAML_KIND_MAP;
	struct expr *list = expr_list(ctx->arena, is_map ? EXPR_AND : EXPR_OR);
	int rc = 0;

	if (list == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	if (definition->kind == YAML_KIND_SCALAR)
		rc = add_value(ctx, &keyword, (struct str){0}, definition, list, err);
	for (uint32_t i = 0; rc == 0 && i < definition->count; i++) {
		struct expr *kid = NULL;
		rc = is_map ? item(ctx, &definition->pairs[i], &kid, err)
			    : sigma_definition(ctx, definition->items[i], &kid, err);
		if (rc == 0)
			rc = sigma_list_add(ctx, list, kid, err);
	}
	if (rc != 0)
		return rc;
	if (list->kid_count == 0)
		return err_set(err, -EINVAL, "line %u: an empty list or map", definition->line);
	*ret = sigma_list_end(list);
	return 0;
}
