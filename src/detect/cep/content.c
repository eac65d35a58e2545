#include <stdlib.h>
#include "detect/cep/saved.h"
#include "enrich/text.h"

struct writer {
	const struct cep *cep;
	struct contents *contents;
	struct buf out;
};

static void put_name(struct writer *writer, field_id field)
{
	buf_str(&writer->out, fields_name(ruleset_fields(writer->cep->set), field));
	buf_char(&writer->out, '\n');
}

static void put_content(struct writer *writer, const struct content *content)
{
	buf_append(&writer->out, content, sizeof(*content));
}

static void put_rule(struct writer *writer, const struct rule *rule)
{
	const struct cep *cep = writer->cep;

	if (rule != NULL && rule->condition != NULL)
		expr_print(&writer->out, rule->condition, ruleset_fields(cep->set));
	for (uint32_t i = 0; rule != NULL && rule->plan != NULL && i < cep->plan_count; i++)
		if (cep->plans[i].rule == rule)
			put_content(writer, &writer->contents->plans[i]);
	buf_char(&writer->out, '\n');
}

/* What the form of the state depends on, however the rule is worded. */
static void put_shape(struct writer *writer, const struct cep_plan *plan)
{
	buf_printf(&writer->out, "%u %u %u %u %u\n", plan->type, plan->aggregate, plan->step_count,
		plan->key_count, plan->value_count);
	for (uint32_t i = 0; i < plan->step_count; i++)
		buf_printf(&writer->out, "%u%c ", plan->steps[i].runs,
			plan->steps[i].missing ? '!' : ' ');
	put_name(writer, writer->cep->options.host);
}

static void put_step(
	struct writer *writer, const struct cep_plan *plan, const struct cep_step *step)
{
	put_rule(writer, step->rule);
	for (uint32_t i = 0; i < plan->key_count; i++) {
		buf_printf(&writer->out, "%d%d%d ", step->keys[i].optional, step->keys[i].caseless,
			step->keys[i].compute != NULL);
		put_name(writer, step->keys[i].field);
	}
	for (uint32_t i = 0; i < plan->value_count && step->values != NULL; i++)
		put_name(writer, step->values[i]);
}

static struct content hash_of(const struct buf *out)
{
	return (struct content){
		{text_hash(1, out->ptr, out->len), text_hash(2, out->ptr, out->len)}};
}

/* By the rule's own text where the plan has it; then only plans below it say more. */
static struct content hash_plan(struct writer *writer, const struct cep_plan *plan)
{
	buf_clear(&writer->out);
	put_shape(writer, plan);
	buf_str(&writer->out, plan->text);
	for (uint32_t i = 0; i < plan->step_count; i++)
		if (plan->text.len == 0)
			put_step(writer, plan, &plan->steps[i]);
		else if (plan->steps[i].rule->plan != NULL)
			put_rule(writer, plan->steps[i].rule);
	if (plan->text.len == 0) {
		if (plan->until != NULL)
			put_step(writer, plan, plan->until);
		buf_u64(&writer->out, plan->maxspan_ns);
		buf_printf(&writer->out, " %d %g\n", plan->until_first, plan->percentile);
	}
	return hash_of(&writer->out);
}

static struct content hash_relation(struct writer *writer, const struct relation_state *state)
{
	const struct cep_relation *relation = state->relation;

	buf_clear(&writer->out);
	buf_printf(&writer->out, "%u\n", relation->type);
	put_rule(writer, relation->mark);
	put_rule(writer, relation->start);
	put_rule(writer, relation->end);
	put_name(writer, relation->process);
	put_name(writer, relation->parent);
	put_name(writer, writer->cep->options.host);
	if (relation->test != NULL) /* the plan says what it tests */
		put_content(writer, &writer->contents->plans[state->owner->number]);
	return hash_of(&writer->out);
}

bool contents_make(const struct cep *cep, struct contents *ret)
{
	struct contents contents = {calloc(cep->plan_count + 1, sizeof(struct content)),
		calloc(cep->relation_count + 1, sizeof(struct content))};
	struct writer writer = {.cep = cep, .contents = &contents};
	bool ok = contents.plans != NULL && contents.relations != NULL;
	uint32_t deepest = 0;

	for (uint32_t i = 0; i < cep->plan_count; i++)
		deepest = cep->plans[i].depth > deepest ? cep->plans[i].depth : deepest;
	for (uint32_t depth = 0; ok && depth <= deepest; depth++)
		for (uint32_t i = 0; i < cep->plan_count; i++)
			if (cep->plans[i].depth == depth)
				contents.plans[i] = hash_plan(&writer, cep->plans[i].plan);
	for (uint32_t i = 0; ok && i < cep->relation_count; i++)
		contents.relations[i] = hash_relation(&writer, &cep->relations[i]);
	ok = ok && !writer.out.failed;
	buf_destroy(&writer.out);
	if (ok)
		*ret = contents;
	else
		contents_destroy(&contents);
	return ok;
}

void contents_destroy(struct contents *contents)
{
	free(contents->plans);
	free(contents->relations);
}
