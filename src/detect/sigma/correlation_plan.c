/* The plan of a correlation: its rules as steps, names of fields as the fields they are for each. */
#include <errno.h>
#include "base/err.h"
#include "detect/sigma/document.h"
#include "detect/rule/threat.h"
#include "detect/sigma/loader.h"

#define DESCENT_MAX 1024 /* correlations looked into for one name */

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

/* ---- which field a name is ---- */

static const struct sigma_alias *alias_of(const struct pending *p, struct str name)
{
	for (uint32_t i = 0; i < p->correlation->alias_count; i++)
		if (str_eq(p->correlation->aliases[i].name, name))
			return &p->correlation->aliases[i];
	return NULL;
}

/* The field that an alias means in a rule's events; empty: it does not say. */
static struct str aliased(const struct sigma_alias *alias, const struct pending *rule)
{
	for (uint32_t i = 0; i < alias->field_count; i++) {
		struct str text = alias->fields[i].rule.text;
		if (str_eq(text, rule->result.id) ||
			(rule->name.len > 0 && str_eq(text, rule->name)))
			return alias->fields[i].field;
	}
	return (struct str){0};
}

/* The same, looking below correlations too; *ret_rule is the one that was named. Recursion is as
 * deep as correlations may be chained. */
static struct str aliased_below(const struct sigma_alias *alias, const struct pending *rule,
	unsigned *budget, const struct pending **ret_rule)
{
	struct str field = aliased(alias, rule);

	*ret_rule = rule;
	if (field.len > 0 || rule->correlation == NULL)
		return field;
	for (uint32_t i = 0; i<rule->correlation->rule_count && * budget> 0; i++) {
		(*budget)--;
		field = aliased_below(alias, rule->steps[i], budget, ret_rule);
		if (field.len > 0)
			return field;
	}
	*ret_rule = rule;
	return field;
}

/* A rule whose events are those of the correlation: the first below it. */
static const struct pending *events_of(const struct pending *p)
{
	while (p->correlation != NULL)
		p = p->steps[0];
	return p;
}

/* What `name` is called in the events of a step: the correlation may have an alias, or the step,
 * being a correlation, may. *ret_rule: whose events they are. */
static struct str resolve(struct sigma_context *ctx, const struct pending *p,
	const struct pending *step, struct str name, const struct pending **ret_rule)
{
	unsigned budget = DESCENT_MAX;

	for (;;) {
		const struct sigma_alias *alias = alias_of(p, name);
		*ret_rule = step;
		if (alias != NULL) {
			struct str field = aliased_below(alias, step, &budget, ret_rule);
			if (field.len > 0)
				name = field;
			else
				sigma_note(ctx, "alias %.*s does not say which field of %.*s it is",
					STR_ARG(name), STR_ARG(step->result.id));
			break;
		}
		if (step->correlation == NULL)
			break;
		p = step;
		step = step->steps[0];
	}
	*ret_rule = events_of(*ret_rule);
	return name;
}

static int field_of(struct sigma_context *ctx, const struct pending *p, const struct pending *step,
	struct str name, field_id *ret, struct err *err)
{
	const struct pending *rule;

	name = resolve(ctx, p, step, name, &rule);
	ctx->source = rule->source;
	int rc = sigma_field_id(ctx, name, ret, err);
	if (rc == 0)
		fields_want(ctx->fields, *ret);
	return rc;
}

/* ---- steps ---- */

static int make_step(struct sigma_context *ctx, const struct pending *p, uint32_t number,
	struct cep_step *step, struct err *err)
{
	const struct sigma_correlation *c = p->correlation;
	struct cep_value *keys = arena_zalloc(ctx->arena, (c->group_count + 1u) * sizeof(*keys));
	field_id *values = arena_zalloc(ctx->arena, (c->field_count + 1u) * sizeof(*values));
	int rc = keys == NULL || values == NULL ? out_of_memory(err) : 0;

	for (uint32_t i = 0; rc == 0 && i < c->group_count; i++)
		rc = field_of(ctx, p, p->steps[number], c->group_by[i], &keys[i].field, err);
	for (uint32_t i = 0; rc == 0 && i < c->field_count; i++)
		rc = field_of(ctx, p, p->steps[number], c->fields[i], &values[i], err);
	step->rule = p->steps[number]->rule;
	step->keys = keys;
	step->values = values;
	step->runs = 1;
	return rc;
}

/* ---- what the rule inherits ---- */

static int inherit_texts(struct sigma_context *ctx, const struct pending *p, bool tactics,
	const struct str **ret, uint32_t *ret_count, struct err *err)
{
	uint32_t room = 0, count = 0;

	for (uint32_t i = 0; i < p->correlation->rule_count; i++) {
		const struct rule *rule = p->steps[i]->rule;
		room += tactics ? rule->tactic_count : rule->technique_count;
	}
	struct str *texts = arena_alloc(ctx->arena, (room + 1u) * sizeof(*texts));
	if (texts == NULL)
		return out_of_memory(err);
	for (uint32_t i = 0; i < p->correlation->rule_count; i++) {
		const struct rule *rule = p->steps[i]->rule;
		const struct str *from = tactics ? rule->tactics : rule->techniques;
		uint32_t more = tactics ? rule->tactic_count : rule->technique_count;
		if (more > 0)
			memcpy(&texts[count], from, more * sizeof(*texts));
		count += more;
	}
	*ret = texts;
	*ret_count = threat_sort_unique(texts, count);
	return 0;
}

static void inherit_reach(const struct pending *p)
{
	bool any_os = false;

	for (uint32_t i = 0; i < p->correlation->rule_count; i++) {
		const struct rule *rule = p->steps[i]->rule;
		for (unsigned word = 0; word < KIND_MAX / 64; word++)
			p->rule->kinds[word] |= rule->kinds[word];
		p->rule->categories |= rule->categories;
		p->rule->os_mask |= rule->os_mask;
		any_os |= rule->os_mask == 0;
	}
	if (any_os)
		p->rule->os_mask = 0;
}

int sigma_plan(struct sigma_context *ctx, struct pending *p, struct err *err)
{
	const struct sigma_correlation *c = p->correlation;
	struct cep_plan *plan = arena_zalloc(ctx->arena, sizeof(*plan));
	struct cep_step *steps = arena_zalloc(ctx->arena, c->rule_count * sizeof(*steps));
	int rc = plan == NULL || steps == NULL ? out_of_memory(err) : 0;

	for (uint32_t i = 0; rc == 0 && i < c->rule_count; i++)
		rc = make_step(ctx, p, i, &steps[i], err);
	if (rc == 0 && p->rule->technique_count + p->rule->tactic_count == 0) {
		rc = inherit_texts(
			ctx, p, false, &p->rule->techniques, &p->rule->technique_count, err);
		if (rc == 0)
			rc = inherit_texts(
				ctx, p, true, &p->rule->tactics, &p->rule->tactic_count, err);
	}
	if (rc != 0)
		return rc;
	inherit_reach(p);
	*plan = (struct cep_plan){
		.type = CEP_WINDOW,
		.aggregate = c->aggregate,
		.steps = steps,
		.step_count = c->rule_count,
		.key_count = c->group_count,
		.maxspan_ns = c->timespan_ns,
		.value_count = c->field_count,
		.percentile = c->percentile,
		.bounds = c->bounds,
		.bound_count = c->bound_count,
		.terms = c->terms,
		.term_count = c->term_count,
	};
	p->rule->plan = plan;
	return 0;
}
