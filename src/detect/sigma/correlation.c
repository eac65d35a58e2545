#include "detect/sigma/correlation.h"

#include <errno.h>
#include "base/err.h"
#include "detect/sigma/document.h"

static const struct type {
	const char *word;
	uint8_t aggregate;
} types[] = {
	{"event_count", CEP_EVENT_COUNT}, {"value_count", CEP_VALUE_COUNT},
	{"value_sum", CEP_VALUE_SUM}, {"value_avg", CEP_VALUE_AVG},
	{"value_percentile", CEP_VALUE_PERCENTILE}, {"value_median", CEP_VALUE_MEDIAN},
	{"temporal", CEP_TEMPORAL}, {"temporal_ordered", CEP_TEMPORAL_ORDERED},
	{"value_percentile", CEP_VALUE_RANK}, /* without a percentile */
};
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

bool sigma_is_temporal(uint8_t aggregate)
{
	return aggregate == CEP_TEMPORAL || aggregate == CEP_TEMPORAL_ORDERED;
}

const char *sigma_correlation_word(uint8_t aggregate)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (types[i].aggregate == aggregate)
			return types[i].word;
	return "";
}

const struct yaml_node *sigma_get(const struct yaml_node *section, const char *key)
{
	const struct yaml_node *node = yaml_get(section, key);
	bool is_null = node != NULL && node->kind == YAML_KIND_SCALAR &&
		       node->type == YAML_TYPE_NULL;

	return is_null ? NULL : node;
}

int sigma_texts(struct sigma_context *ctx, const struct yaml_node *node, const char *what,
	uint32_t max, struct str **ret, uint32_t *ret_count, struct err *err)
{
	bool is_list = node->kind == YAML_KIND_LIST;
	uint32_t count = is_list ? node->count : 1;
	struct str *texts;

	if (node->kind == YAML_KIND_MAP)
		return err_set(err, -EINVAL, "line %u: %s is a map", node->line, what);
	if (count > max)
		return err_set(err, -EINVAL, "line %u: %s has more than %u entries", node->line,
			what, max);
	texts = arena_alloc(ctx->arena, (count + 1u) * sizeof(*texts));
	if (texts == NULL)
		return out_of_memory(err);
	for (uint32_t i = 0; i < count; i++) {
		const struct yaml_node *item = is_list ? node->items[i] : node;
		struct str text = yaml_scalar(item);
		if (text.len == 0)
			return err_set(err, -EINVAL, "line %u: an entry of %s is not a text",
				item->line, what);
		for (uint32_t k = 0; k < i; k++)
			if (str_eq(texts[k], text))
				return err_set(err, -EINVAL, "line %u: %s has '%.*s' twice",
					item->line, what, STR_ARG(text));
		texts[i] = sigma_keep(ctx, text);
		if (texts[i].ptr == NULL)
			return out_of_memory(err);
	}
	*ret = texts;
	*ret_count = count;
	return 0;
}

static int read_type(
	const struct yaml_node *section, struct sigma_correlation *correlation, struct err *err)
{
	const struct yaml_node *node = sigma_get(section, "type");
	struct str word = yaml_scalar(node);

	if (word.len == 0)
		return err_set(err, -EINVAL, "line %u: type is missing", section->line);
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (!str_is(word, types[i].word))
			continue;
		correlation->aggregate = types[i].aggregate;
		return 0;
	}
	return err_set(err, -EINVAL, "line %u: correlation type '%.*s' is unknown", node->line,
		STR_ARG(word));
}

static int read_rules(struct sigma_context *ctx, const struct yaml_node *section,
	struct sigma_correlation *correlation, struct err *err)
{
	const struct yaml_node *node = sigma_get(section, "rules");
	struct str *texts;
	uint32_t count;

	if (node == NULL) /* a boolean condition may name them */
		return 0;
	int rc = sigma_texts(ctx, node, "rules", CEP_STEPS_MAX, &texts, &count, err);
	if (rc != 0)
		return rc;
	if (count == 0)
		return err_set(err, -EINVAL, "line %u: rules is empty", node->line);
	correlation->rules = arena_alloc(ctx->arena, count * sizeof(*correlation->rules));
	if (correlation->rules == NULL)
		return out_of_memory(err);
	for (uint32_t i = 0; i < count; i++)
		correlation->rules[i] = (struct sigma_reference){
			texts[i], node->kind == YAML_KIND_LIST ? node->items[i]->line : node->line};
	correlation->rule_count = count;
	return 0;
}

static int read_timespan(
	const struct yaml_node *section, struct sigma_correlation *correlation, struct err *err)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800},
		/* a twelfth of a mean year, and that year: 365.2425 days */
		{'M', 2629746}, {'y', 31556952}};
	static const uint64_t seconds_max = UINT64_C(100) * 31556952;
	const struct yaml_node *node = sigma_get(section, "timespan");
	struct str text = yaml_scalar(node);
	uint64_t count, seconds = 0;

	if (text.len == 0)
		return err_set(err, -EINVAL, "line %u: timespan is missing", section->line);
	bool is_number = str_to_u64(str_n(text.ptr, text.len - 1), &count) && count <= seconds_max;
	for (size_t i = 0; i + 1 < text.len; i++)
		is_number &= text.ptr[i] >= '0' && text.ptr[i] <= '9'; /* not 0x10 */
	for (size_t i = 0; is_number && i < sizeof(units) / sizeof(units[0]); i++)
		if (text.ptr[text.len - 1] == units[i].letter)
			seconds = count * units[i].seconds;
	if (seconds == 0 || seconds > seconds_max)
		return err_set(err, -EINVAL,
			"line %u: timespan '%.*s' is not a number from 1 and one of s, m, h, d, w, "
			"M, "
			"y, together at most 100 years",
			node->line, STR_ARG(text));
	correlation->timespan_ns = seconds * UINT64_C(1000000000);
	return 0;
}

static int read_alias(struct sigma_context *ctx, const struct yaml_pair *pair,
	struct sigma_alias *alias, struct err *err)
{
	const struct yaml_node *map = pair->value;

	if (map->kind != YAML_KIND_MAP)
		return err_set(err, -EINVAL, "line %u: alias '%.*s' is no map from rules to fields",
			map->line, STR_ARG(pair->key->text));
	alias->name = sigma_keep(ctx, pair->key->text);
	alias->line = pair->key->line;
	alias->fields = arena_alloc(ctx->arena, (map->count + 1u) * sizeof(*alias->fields));
	if (alias->fields == NULL || alias->name.ptr == NULL)
		return out_of_memory(err);
	for (uint32_t i = 0; i < map->count; i++) {
		struct sigma_alias_field *field = &alias->fields[alias->field_count++];
		struct str name = yaml_scalar(map->pairs[i].value);
		if (name.len == 0)
			return err_set(err, -EINVAL, "line %u: alias '%.*s' names no field",
				map->pairs[i].key->line, STR_ARG(alias->name));
		field->rule.line = map->pairs[i].key->line;
		field->rule.text = sigma_keep(ctx, map->pairs[i].key->text);
		field->field = sigma_keep(ctx, name);
		if (field->rule.text.ptr == NULL || field->field.ptr == NULL)
			return out_of_memory(err);
	}
	return 0;
}

static int read_aliases(struct sigma_context *ctx, const struct yaml_node *section,
	struct sigma_correlation *correlation, struct err *err)
{
	const struct yaml_node *node = sigma_get(section, "aliases");
	int rc = 0;

	if (node == NULL)
		return 0;
	if (node->kind != YAML_KIND_MAP)
		return err_set(err, -EINVAL, "line %u: aliases is no map", node->line);
	if (node->count > SIGMA_ALIASES_MAX)
		return err_set(err, -EINVAL, "line %u: more than %d aliases", node->line,
			SIGMA_ALIASES_MAX);
	correlation->aliases = arena_zalloc(
		ctx->arena, (node->count + 1u) * sizeof(*correlation->aliases));
	if (correlation->aliases == NULL)
		return out_of_memory(err);
	for (uint32_t i = 0; rc == 0 && i < node->count; i++)
		rc = read_alias(ctx, &node->pairs[i],
			&correlation->aliases[correlation->alias_count++], err);
	return rc;
}

/* The specification has it beside the section, its tool within. */
static int read_generate(const struct yaml_node *document, const struct yaml_node *section,
	struct sigma_correlation *correlation, struct err *err)
{
	const struct yaml_node *node = sigma_get(section, "generate");

	if (node == NULL)
		node = sigma_get(document, "generate");
	if (node == NULL)
		return 0;
	if (node->kind != YAML_KIND_SCALAR || node->type != YAML_TYPE_BOOL)
		return err_set(
			err, -EINVAL, "line %u: generate is neither true nor false", node->line);
	correlation->generate = node->boolean;
	return 0;
}

/* What is not understood may change the meaning, so it is not passed over. */
static int refuse_unknown(const struct yaml_node *section, struct err *err)
{
	static const char *const known[] = {
		"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"};

	for (uint32_t i = 0; i < section->count; i++) {
		const struct yaml_node *key = section->pairs[i].key;
		bool found = false;
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			found |= str_is(key->text, known[k]);
		if (!found)
			return err_set(err, -EINVAL, "line %u: '%.*s' is unknown in a correlation",
				key->line, STR_ARG(key->text));
	}
	return 0;
}

int sigma_correlation_read(struct sigma_context *ctx, const struct yaml_node *document,
	const struct sigma_correlation **ret, struct err *err)
{
	const struct yaml_node *section = yaml_get(document, "correlation");
	const struct yaml_node *group_by = sigma_get(section, "group-by");
	struct sigma_correlation *correlation = arena_zalloc(ctx->arena, sizeof(*correlation));

	if (correlation == NULL)
		return out_of_memory(err);
	if (section->kind != YAML_KIND_MAP)
		return err_set(err, -EINVAL, "line %u: correlation is no map", section->line);
	correlation->line = section->line;
	int rc = refuse_unknown(section, err);
	if (rc == 0)
		rc = read_type(section, correlation, err);
	if (rc == 0)
		rc = read_rules(ctx, section, correlation, err);
	if (rc == 0)
		rc = read_timespan(section, correlation, err);
	if (rc == 0 && group_by != NULL)
		rc = sigma_texts(ctx, group_by, "group-by", CEP_KEYS_MAX, &correlation->group_by,
			&correlation->group_count, err);
	if (rc == 0)
		rc = read_aliases(ctx, section, correlation, err);
	if (rc == 0)
		rc = read_generate(document, section, correlation, err);
	if (rc == 0)
		rc = sigma_correlation_condition(ctx, section, correlation, err);
	if (rc == 0)
		*ret = correlation;
	return rc;
}
