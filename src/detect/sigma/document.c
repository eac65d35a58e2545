#include "detect/sigma/document.h"

#include <errno.h>
#include "base/err.h"
#include "detect/rule/threat.h"
#include "detect/sigma/condition.h"
#include "detect/sigma/detection.h"

#define IDENTIFIERS_MAX 256
#define TAGS_MAX	256

struct str sigma_keep(struct sigma_context *ctx, struct str text)
{
	return arena_strn(ctx->arena, text.ptr, text.len);
}

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

/* ---- logsource ---- */

int sigma_logsource_read(
	struct sigma_context *ctx, const struct yaml_node *document, struct err *err)
{
	const struct yaml_node *node = yaml_get(document, "logsource");
	struct sigma_logsource *source = &ctx->source;

	*source = (struct sigma_logsource){0};
	if (node == NULL && ctx->options->taxonomy != SIGMA_TAXONOMY_RAW)
		return err_set(err, -EINVAL, "line %u: logsource is missing", document->line);
	if (node != NULL && node->kind != YAML_KIND_MAP)
		return err_set(err, -EINVAL, "line %u: logsource is no map", node->line);
	source->product = sigma_keep(ctx, yaml_scalar(yaml_get(node, "product")));
	source->category = sigma_keep(ctx, yaml_scalar(yaml_get(node, "category")));
	source->service = sigma_keep(ctx, yaml_scalar(yaml_get(node, "service")));
	if (source->product.ptr == NULL || source->category.ptr == NULL ||
		source->service.ptr == NULL)
		return out_of_memory(err);
	if (node != NULL && source->product.len + source->category.len + source->service.len == 0 &&
		ctx->options->taxonomy != SIGMA_TAXONOMY_RAW)
		return err_set(err, -EINVAL,
			"line %u: logsource has neither category nor product nor service",
			node->line);
	sigma_logsource_resolve(source);
	return 0;
}

/* ---- detection ---- */

static bool is_identifier(struct str key)
{
	return !str_is(key, "condition") && !str_is(key, "timeframe") && !str_is(key, "rules");
}

static int one_condition(struct sigma_context *ctx, const struct yaml_node *node,
	const struct sigma_identifier *identifiers, uint32_t count, struct expr *any,
	struct err *err)
{
	struct str text = yaml_scalar(node);
	struct expr *expr = NULL;
	struct err inner = {0};

	if (text.len == 0)
		return err_set(err, -EINVAL, "line %u: the condition is empty", node->line);
	int rc = sigma_condition(ctx, text, identifiers, count, &expr, &inner);
	if (rc != 0)
		return err_set(err, rc, "line %u: %.400s", node->line, inner.text);
	return sigma_list_add(ctx, any, expr, err);
}

int sigma_section(struct sigma_context *ctx, const struct yaml_node *section, struct expr **ret,
	struct err *err)
{
	const struct yaml_node *condition = yaml_get(section, "condition");
	const struct yaml_node *timeframe = yaml_get(section, "timeframe");
	struct sigma_identifier *identifiers;
	uint32_t count = 0;
	int rc = 0;

	if (section->kind != YAML_KIND_MAP)
		return err_set(
			err, -EINVAL, "line %u: no map of search identifiers", section->line);
	if (condition == NULL)
		return err_set(err, -EINVAL, "line %u: condition is missing", section->line);
	if (timeframe != NULL)
		return err_set(err, -EINVAL,
			"line %u: timeframe is deprecated; write a correlation rule",
			timeframe->line);
	if (section->count > IDENTIFIERS_MAX)
		return err_set(err, -EINVAL, "line %u: more than %d search identifiers",
			section->line, IDENTIFIERS_MAX);
	identifiers = arena_alloc(ctx->scratch, (section->count + 1u) * sizeof(*identifiers));
	struct expr *any = expr_list(ctx->arena, EXPR_OR);
	if (identifiers == NULL || any == NULL)
		return out_of_memory(err);
	for (uint32_t i = 0; rc == 0 && i < section->count; i++) {
		const struct yaml_pair *pair = &section->pairs[i];
		if (!is_identifier(pair->key->text))
			continue;
		identifiers[count].name = pair->key->text;
		rc = sigma_definition(ctx, pair->value, &identifiers[count].expr, err);
		count++;
	}
	if (rc == 0 && condition->kind != YAML_KIND_LIST)
		rc = one_condition(ctx, condition, identifiers, count, any, err);
	else if (rc == 0 && condition->count == 0)
		rc = err_set(err, -EINVAL, "line %u: the condition is empty", condition->line);
	else
		for (uint32_t i = 0; rc == 0 && i < condition->count; i++)
			rc = one_condition(ctx, condition->items[i], identifiers, count, any, err);
	if (rc == 0)
		*ret = sigma_list_end(any);
	return rc;
}

/* ---- metadata ---- */

static int read_tags(
	struct sigma_context *ctx, const struct yaml_node *tags, struct rule *rule, struct err *err)
{
	uint32_t room = tags == NULL || tags->kind != YAML_KIND_LIST ? 0 : tags->count;
	if (room > TAGS_MAX)
		room = TAGS_MAX;
	struct str *all = arena_alloc(ctx->arena, (room * 3 + 1) * sizeof(*all));
	if (all == NULL)
		return out_of_memory(err);
	struct str *techniques = all + room, *tactics = techniques + room;

	for (uint32_t i = 0; i < room; i++) {
		struct str tag = yaml_scalar(tags->items[i]);
		if (tag.len == 0)
			continue;
		struct str kept = sigma_keep(ctx, tag);
		if (kept.ptr == NULL)
			return out_of_memory(err);
		all[rule->tag_count++] = kept;
		if (!str_starts(tag, STR("attack.")))
			continue;
		tag = str_n(tag.ptr + 7, tag.len - 7);
		struct str *slot = threat_is_technique(tag) ? &techniques[rule->technique_count++]
				   : threat_is_tactic(tag)  ? &tactics[rule->tactic_count++]
							    : NULL;
		if (slot == NULL)
			continue;
		*slot = threat_is_technique(tag) ? threat_technique(ctx->arena, tag)
						 : threat_tactic(ctx->arena, tag);
		if (slot->ptr == NULL)
			return out_of_memory(err);
	}
	rule->tags = all;
	rule->techniques = techniques;
	rule->technique_count = threat_sort_unique(techniques, rule->technique_count);
	rule->tactics = tactics;
	rule->tactic_count = threat_sort_unique(tactics, rule->tactic_count);
	return 0;
}

static void read_level(
	struct sigma_context *ctx, const struct yaml_node *document, struct rule *rule)
{
	struct str level = yaml_scalar(yaml_get(document, "level"));

	rule->severity = SEVERITY_MEDIUM;
	if (level.len > 0 && !severity_parse(level, &rule->severity))
		sigma_note(ctx, "level '%.*s' is unknown, taken as medium", STR_ARG(level));
}

int sigma_metadata(struct sigma_context *ctx, const struct yaml_node *document, struct rule *rule,
	struct err *err)
{
	struct str taxonomy = yaml_scalar(yaml_get(document, "taxonomy"));
	struct str status = yaml_scalar(yaml_get(document, "status"));

	if (taxonomy.len > 0 && !str_is(taxonomy, "sigma") &&
		ctx->options->taxonomy != SIGMA_TAXONOMY_RAW)
		return err_set(err, -EINVAL, "line %u: taxonomy '%.*s' is unknown",
			yaml_get(document, "taxonomy")->line, STR_ARG(taxonomy));
	if (str_is(status, "deprecated") || str_is(status, "unsupported"))
		sigma_note(ctx, "status: %.*s", STR_ARG(status));
	rule->id = sigma_keep(ctx, yaml_scalar(yaml_get(document, "id")));
	rule->title = sigma_keep(ctx, yaml_scalar(yaml_get(document, "title")));
	rule->description = sigma_keep(ctx, yaml_scalar(yaml_get(document, "description")));
	if (rule->id.ptr == NULL || rule->title.ptr == NULL || rule->description.ptr == NULL)
		return out_of_memory(err);
	rule->language = STR("sigma");
	read_level(ctx, document, rule);
	return read_tags(ctx, yaml_get(document, "tags"), rule, err);
}
