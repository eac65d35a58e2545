#include "agent/config.h"

#include <errno.h>
#include "base/err.h"
#include "base/file.h"
#include "base/yaml.h"

#define FILE_LIMIT_BYTES ((size_t)1024 * 1024)

struct reading {
	struct config *config;
	const char *path;
	struct err *err;
};

static int wrong(const struct reading *r, const struct yaml_node *node, const char *what)
{
	return err_set(r->err, -EINVAL, "%s:%u: %s", r->path, node->line, what);
}

static int read_text(const struct reading *r, const struct yaml_node *node, const char **ret)
{
	if (node->kind != YAML_KIND_SCALAR || node->text.len == 0)
		return wrong(r, node, "expected a text");
	*ret = node->text.ptr;
	return 0;
}

static int read_list(const struct reading *r, const struct yaml_node *node, struct config_list *ret)
{
	if (node->kind != YAML_KIND_LIST)
		return wrong(r, node, "expected a list");
	const char **items = arena_alloc(&r->config->arena, (node->count + 1) * sizeof(char *));
	if (items == NULL)
		return err_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	for (uint32_t i = 0; i < node->count; i++) {
		int rc = read_text(r, node->items[i], &items[i]);
		if (rc != 0)
			return rc;
	}
	*ret = (struct config_list){items, node->count};
	return 0;
}

static int read_number(const struct reading *r, const struct yaml_node *node, uint64_t *ret)
{
	if (node->kind != YAML_KIND_SCALAR || node->type != YAML_TYPE_INT || node->i64 < 0)
		return wrong(r, node, "expected a number that is not negative");
	*ret = (uint64_t)node->i64;
	return 0;
}

static int read_placeholder(
	const struct reading *r, const struct yaml_pair *pair, struct sigma_placeholder *ret)
{
	const struct yaml_node *value = pair->value;
	bool list = value->kind == YAML_KIND_LIST;
	uint32_t count = list ? value->count : 1;
	struct str *values = arena_alloc(&r->config->arena, (count + 1) * sizeof(*values));

	if (values == NULL)
		return err_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	for (uint32_t i = 0; i < count; i++) {
		const struct yaml_node *item = list ? value->items[i] : value;
		if (item->kind != YAML_KIND_SCALAR)
			return wrong(r, item, "expected a text or a list of texts");
		values[i] = item->text;
	}
	*ret = (struct sigma_placeholder){pair->key->text, values, count};
	return 0;
}

static int read_placeholders(const struct reading *r, const struct yaml_node *node)
{
	if (node->kind != YAML_KIND_MAP)
		return wrong(r, node, "expected names with their values");
	struct sigma_placeholder *all = arena_alloc(
		&r->config->arena, (node->count + 1) * sizeof(*all));
	if (all == NULL)
		return err_set(r->err, -ENOMEM, "%s: out of memory", r->path);
	for (uint32_t i = 0; i < node->count; i++) {
		int rc = read_placeholder(r, &node->pairs[i], &all[i]);
		if (rc != 0)
			return rc;
	}
	r->config->placeholders = all;
	r->config->placeholder_count = node->count;
	return 0;
}

static int read_bool(const struct reading *r, const struct yaml_node *node, bool *ret)
{
	if (node->kind != YAML_KIND_SCALAR || node->type != YAML_TYPE_BOOL)
		return wrong(r, node, "expected true or false");
	*ret = node->boolean;
	return 0;
}

static int read_pair(const struct reading *r, const struct yaml_pair *pair)
{
	struct config *c = r->config;
	struct str key = pair->key->text;

	if (str_is(key, "data"))
		return read_text(r, pair->value, &c->data);
	if (str_is(key, "output"))
		return read_text(r, pair->value, &c->output);
	if (str_is(key, "rules"))
		return read_list(r, pair->value, &c->rules);
	if (str_is(key, "sensors"))
		return read_list(r, pair->value, &c->sensors);
	if (str_is(key, "read_paths"))
		return read_list(r, pair->value, &c->read_paths);
	if (str_is(key, "environment"))
		return read_list(r, pair->value, &c->environment);
	if (str_is(key, "placeholders"))
		return read_placeholders(r, pair->value);
	if (str_is(key, "store_events"))
		return read_bool(r, pair->value, &c->store_events);
	if (str_is(key, "rotate_mb"))
		return read_number(r, pair->value, &c->rotate_mb);
	if (str_is(key, "keep"))
		return read_number(r, pair->value, &c->keep);
	return err_set(r->err, -EINVAL,
		"%s:%u: unknown key '%.*s'; known are data, rules, sensors, output, store_events, "
		"rotate_mb, keep, read_paths, environment, placeholders",
		r->path, pair->key->line, STR_ARG(key));
}

void config_init(struct config *config)
{
	*config = (struct config){.data = CONFIG_DATA_DEFAULT, .rotate_mb = 64, .keep = 8};
	arena_init(&config->arena, 0);
}

int config_read(struct config *config, const char *path, struct err *err)
{
	struct reading r = {config, path, err};
	struct yaml_reader reader;
	struct yaml_node *root = NULL;
	struct str text;
	int rc = file_read(path, FILE_LIMIT_BYTES, &config->arena, &text, err);

	if (rc != 0)
		return rc;
	yaml_reader_init(&reader, text, path);
	rc = yaml_next(&reader, &config->arena, &root, err);
	if (rc <= 0)
		return rc;
	if (root->kind != YAML_KIND_MAP)
		return wrong(&r, root, "expected keys and values");
	rc = 0;
	for (uint32_t i = 0; i < root->count && rc == 0; i++)
		rc = read_pair(&r, &root->pairs[i]);
	return rc;
}

void config_destroy(struct config *config)
{
	arena_destroy(&config->arena);
}
