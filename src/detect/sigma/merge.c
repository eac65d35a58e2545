#include "detect/sigma/merge.h"

/* Maps are joined key by key, anything else of `over` replaces what `base` has. Recursion goes as
 * deep as both trees do, so no deeper than YAML allows. */
static const struct yaml_node *merge(
	struct arena *arena, const struct yaml_node *base, const struct yaml_node *over)
{
	if (base == NULL || base->kind != YAML_KIND_MAP || over->kind != YAML_KIND_MAP)
		return over;
	struct yaml_node *map = yaml_map(arena, base->count + over->count);
	if (map == NULL)
		return NULL;
	map->line = over->line;
	map->column = over->column;
	for (uint32_t i = 0; i < base->count; i++)
		map->pairs[map->count++] = base->pairs[i];
	for (uint32_t i = 0; i < over->count; i++) {
		const struct yaml_pair *pair = &over->pairs[i];
		struct yaml_pair *slot = NULL;
		for (uint32_t k = 0; k < base->count && slot == NULL; k++)
			if (str_eq(map->pairs[k].key->text, pair->key->text))
				slot = &map->pairs[k];
		if (slot == NULL) {
			map->pairs[map->count++] = *pair;
			continue;
		}
		const struct yaml_node *value = merge(arena, slot->value, pair->value);
		if (value == NULL)
			return NULL;
		slot->key = pair->key;
		slot->value = (struct yaml_node *)value;
	}
	return map;
}

enum sigma_action sigma_collect(struct sigma_collection *collection, struct arena *arena,
	const struct yaml_node *document, const struct yaml_node **ret)
{
	struct str action = yaml_scalar(yaml_get(document, "action"));

	*ret = document;
	if (str_is(action, "reset")) {
		*collection = (struct sigma_collection){0};
		return SIGMA_ACTION_NONE;
	}
	if (str_is(action, "global")) {
		*ret = collection->global = merge(arena, collection->global, document);
		return SIGMA_ACTION_NONE;
	}
	if (action.len > 0 && !str_is(action, "repeat"))
		return SIGMA_ACTION_UNKNOWN;
	const struct yaml_node *base = action.len > 0 ? collection->previous : collection->global;
	*ret = merge(arena, base, document);
	collection->previous = *ret;
	return SIGMA_ACTION_RULE;
}
