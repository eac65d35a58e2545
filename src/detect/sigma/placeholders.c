#include <errno.h>
#include "base/err.h"
#include "base/yaml.h"
#include "detect/sigma/sigma.h"

static int read_values(struct arena *arena, const struct yaml_node *node,
	struct sigma_placeholder *placeholder, const char *file, struct err *err)
{
	uint32_t count = node->kind == YAML_KIND_LIST ? node->count : 1;
	struct str *values = arena_alloc(arena, (count + 1u) * sizeof(*values));

	if (values == NULL)
		return err_set(err, -ENOMEM, "%s: out of memory", file);
	for (uint32_t i = 0; i < count; i++) {
		const struct yaml_node *value = node->kind == YAML_KIND_LIST ? node->items[i]
									     : node;
		if (value->kind != YAML_KIND_SCALAR || value->type == YAML_TYPE_NULL)
			return err_set(err, -EINVAL,
				"%s: line %u: a value of a placeholder is no text", file,
				value->line);
		values[i] = value->text;
	}
	placeholder->values = values;
	placeholder->value_count = count;
	return 0;
}

int sigma_placeholders_parse(struct arena *arena, struct str text, const char *file,
	struct sigma_options *options, struct err *err)
{
	struct yaml_reader reader;
	struct yaml_node *map;

	yaml_reader_init(&reader, text, file);
	int rc = yaml_next(&reader, arena, &map, err);
	if (rc <= 0)
		return rc;
	if (map->kind != YAML_KIND_MAP)
		return err_set(err, -EINVAL, "%s: no map of placeholders", file);
	struct sigma_placeholder *list = arena_zalloc(arena, (map->count + 1u) * sizeof(*list));
	if (list == NULL)
		return err_set(err, -ENOMEM, "%s: out of memory", file);
	rc = 0;
	for (uint32_t i = 0; rc == 0 && i < map->count; i++) {
		list[i].name = map->pairs[i].key->text;
		rc = read_values(arena, map->pairs[i].value, &list[i], file, err);
	}
	if (rc != 0)
		return rc;
	options->placeholders = list;
	options->placeholder_count = map->count;
	return 0;
}
