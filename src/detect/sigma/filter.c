/* Filter documents: conditions that rules have besides their own. */
#include <errno.h>
#include "base/err.h"
#include "base/strmatch.h"
#include "detect/sigma/document.h"
#include "detect/sigma/loader.h"

static bool covers(struct str filter, struct str rule)
{
	return filter.len == 0 || str_eq(filter, rule);
}

static bool is_called(const struct pending *p, struct str text)
{
	return str_eq(text, p->result.id) || (p->name.len > 0 && str_eq(text, p->name));
}

static bool names_any(const struct yaml_node *rules)
{
	struct str word = yaml_scalar(rules);

	if (rules->kind == YAML_KIND_LIST)
		return rules->count == 0;
	return match_equals(word, STR("any"), false) || match_equals(word, STR("all"), false);
}

static bool names_rule(const struct yaml_node *rules, const struct pending *p)
{
	if (names_any(rules))
		return true;
	for (uint32_t i = 0; rules->kind == YAML_KIND_LIST && i < rules->count; i++)
		if (is_called(p, yaml_scalar(rules->items[i])))
			return true;
	return is_called(p, yaml_scalar(rules));
}

static int apply_filter(
	struct sigma_loader *loader, struct pending *filter, struct pending *p, struct err *err)
{
	struct sigma_context ctx = sigma_resume(loader, p);
	struct expr *condition = NULL;

	if (!covers(filter->source.product, p->source.product) ||
		!covers(filter->source.category, p->source.category) ||
		!covers(filter->source.service, p->source.service) ||
		!names_rule(yaml_get(filter->filter, "rules"), p))
		return 0;
	filter->applied_count++;
	sigma_note(&ctx, "filter %.*s applies", STR_ARG(filter->result.id));
	int rc = sigma_section(&ctx, filter->filter, &condition, err);
	struct expr *all = expr_list(ctx.arena, EXPR_AND);
	if (rc == 0)
		rc = sigma_list_add(&ctx, all, p->condition, err);
	if (rc == 0)
		rc = sigma_list_add(&ctx, all, condition, err);
	if (rc == 0)
		rc = sigma_keep_notes(&ctx, p, err);
	p->condition = all;
	return rc;
}

int sigma_apply_filters(struct sigma_loader *loader, struct pending *p, struct err *err)
{
	int rc = 0;

	for (struct pending *f = loader->filters; rc == 0 && f != NULL; f = f->next_filter)
		if (f->filter != NULL)
			rc = apply_filter(loader, f, p, err);
	return rc;
}

int sigma_note_filters(struct sigma_loader *loader, struct pending *p, struct err *err)
{
	struct sigma_context ctx = sigma_resume(loader, p);

	for (struct pending *f = loader->filters; f != NULL; f = f->next_filter)
		if (f->filter != NULL && !names_any(yaml_get(f->filter, "rules")) &&
			names_rule(yaml_get(f->filter, "rules"), p))
			sigma_note(&ctx,
				"filter %.*s does not apply: filters apply to the rules that a "
				"correlation refers to",
				STR_ARG(f->result.id));
	return sigma_keep_notes(&ctx, p, err);
}
