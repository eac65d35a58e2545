/* Bytes as the saved state of rules over several events: a sequence with missing events, one with
 * references, a sample, a join, a relation and windows of each kind go on from it, are saved and
 * restored again. */
#include <stdlib.h>
#include "base/clock.h"
#include "base/err.h"
#include "detect/cep/cep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct fields *fields;
	struct ruleset *set;
	struct matcher *matcher;
	struct batch *batch;
	struct view *view;
	const struct rule *steps[3];
} all;

static const field_id key_field = FIELD_process_entity_id, value_field = FIELD_process_user_name;

static const struct rule *add_step(const char *action)
{
	struct arena *arena = ruleset_arena(all.set);
	struct rule *rule = arena_zalloc(arena, sizeof(*rule));

	rule->id = str_of(action);
	rule->role = RULE_STEP;
	memset(rule->kinds, 0xff, sizeof(rule->kinds));
	rule->condition = expr_atom(arena,
		(struct atom){
			.op = ATOM_EQUALS, .field = FIELD_event_action, .text = str_of(action)},
		0);
	if (ruleset_add(all.set, rule, NULL) != 0)
		abort();
	return rule;
}

static bool is_same_value(const void *program, const struct cep_context *context)
{
	const struct value *now = cep_get(context, 0, value_field);
	const struct value *then = cep_get(context, 1, value_field);

	(void)program;
	return cep_related(context, 0) || (now != NULL && then != NULL && now->type == then->type);
}

/* shape: '!' missing, '?' with a test, '2' twice, '.' plain. */
static void add_plan(struct cep_plan plan, const char *shape)
{
	struct arena *arena = ruleset_arena(all.set);
	struct cep_plan *made = arena_zalloc(arena, sizeof(*made));
	struct cep_step *steps = arena_zalloc(arena, strlen(shape) * sizeof(*steps));
	struct cep_value *key = arena_zalloc(arena, sizeof(*key));
	struct rule *rule = arena_zalloc(arena, sizeof(*rule));

	*key = (struct cep_value){.field = key_field};
	for (unsigned i = 0; shape[i] != '\0'; i++)
		steps[i] = (struct cep_step){.rule = all.steps[i % 3],
			.keys = key,
			.runs = shape[i] == '2' ? 2 : 1,
			.missing = shape[i] == '!',
			.test = shape[i] == '?' ? is_same_value : NULL,
			.captures = &value_field,
			.capture_count = 1,
			.values = &value_field};
	*made = plan;
	made->steps = steps;
	made->step_count = (uint32_t)strlen(shape);
	made->key_count = 1;
	made->value_count = 1;
	made->maxspan_ns = 100 * NS_PER_S;
	rule->id = arena_printf(arena, "%u", ruleset_count(all.set));
	rule->role = RULE_PLAN;
	rule->plan = made;
	if (ruleset_add(all.set, rule, NULL) != 0)
		abort();
}

static void set_up(void)
{
	static const struct cep_bound three = {CEP_GTE, 3};
	static struct cep_relation relation;

	if (fields_create(&all.fields, NULL) != 0 ||
		ruleset_create(all.fields, &all.set, NULL) != 0)
		abort();
	fields_want(all.fields, key_field);
	fields_want(all.fields, value_field);
	all.steps[0] = add_step("a");
	all.steps[1] = add_step("b");
	all.steps[2] = add_step("c");
	relation = (struct cep_relation){.type = CEP_EVENT_OF,
		.mark = all.steps[0],
		.process = key_field,
		.parent = key_field};
	add_plan((struct cep_plan){.type = CEP_SEQUENCE}, "!.2!.!");
	add_plan(
		(struct cep_plan){
			.type = CEP_SEQUENCE, .relations = &relation, .relation_count = 1},
		".??");
	add_plan((struct cep_plan){.type = CEP_SAMPLE}, "...");
	add_plan((struct cep_plan){.type = CEP_JOIN}, "...");
	for (uint8_t i = 0; i <= CEP_TEMPORAL_ORDERED; i++)
		add_plan((struct cep_plan){.type = CEP_WINDOW,
				 .aggregate = i,
				 .bounds = &three,
				 .bound_count = 1},
			"...");
	if (fields_freeze(all.fields, NULL) != 0 || ruleset_compile(all.set, NULL) != 0 ||
		matcher_create(all.set, &all.matcher, NULL) != 0 ||
		batch_create(all.fields, &all.batch) != 0 ||
		view_create(all.fields, &all.view) != 0)
		abort();
}

static struct cep *make(void)
{
	static const field_id captures[] = {FIELD_event_action, FIELD_process_entity_id};
	const struct cep_options options = {
		.bytes_max = (size_t)1 << 20, .captures = captures, .capture_count = 2};
	struct cep *cep;

	if (cep_create(all.set, &options, &cep, NULL) != 0)
		abort();
	return cep;
}

static void look_at(const struct cep_match *matches, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < matches[i].event_count; k++)
			if (matches[i].events[k] != NULL)
				(void)cep_event_get(matches[i].events[k], key_field);
}

static void feed(struct cep *cep)
{
	static const char *const actions[] = {"b", "a", "c", "a", "b", "c"};
	const struct rule *const *rules;
	const struct cep_match *matches;

	batch_clear(all.batch);
	for (unsigned i = 0; i < 12; i++) {
		(void)event_begin(all.batch, KIND_process_exec, (40 + i * 9) * NS_PER_S);
		ev_cstr(all.batch, FIELD_event_action, actions[i % 6]);
		ev_cstr(all.batch, key_field, i % 3 == 0 ? "y" : "x");
		ev_uint_text(all.batch, value_field, i);
		struct event *event = event_commit(all.batch);
		if (event == NULL)
			abort();
		event->index = i;
		view_load(all.view, event);
		uint32_t count = matcher_run(all.matcher, all.view, KIND_none, &rules);
		count = cep_run(cep, all.view, rules, count, &matches);
		look_at(matches, count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf saved = {0};
	const struct cep_match *matches;
	uint64_t dropped;
	uint32_t count;

	if (all.fields == NULL)
		set_up();
	struct cep *cep = make();
	(void)cep_restore(cep, str_n((const char *)data, size), &dropped, NULL);
	feed(cep);
	if (cep_save(cep, &saved, NULL) != 0)
		abort();
	struct cep *other = make();
	/* what was saved is whole */
	if (cep_restore(other, buf_view(&saved), &dropped, NULL) != 0 || dropped != 0)
		abort();
	count = cep_finish(cep, &matches);
	look_at(matches, count);
	cep_destroy(cep);
	count = cep_finish(other, &matches);
	look_at(matches, count);
	cep_destroy(other);
	buf_destroy(&saved);
	return 0;
}
