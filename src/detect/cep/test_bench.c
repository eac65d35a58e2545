#include "detect/cep/test_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/clock.h"

static void ok(const struct bench *bench, int status)
{
	if (status != 0)
		fail_msg("%s", bench->err.text);
}

void bench_start(struct bench *bench)
{
	static const char *const names[] = {
		"letters", "key", "host.id", "name", "value", "pid", "ppid"};
	field_id *const ids[] = {&bench->letters, &bench->key, &bench->host, &bench->name,
		&bench->value, &bench->process, &bench->parent};

	*bench = (struct bench){0};
	ok(bench, fields_create(&bench->fields, &bench->err));
	ok(bench, ruleset_create(bench->fields, &bench->set, &bench->err));
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		ok(bench, fields_intern(bench->fields, str_of(names[i]), ids[i], &bench->err));
		fields_want(bench->fields, *ids[i]);
	}
	bench->options = (struct cep_options){.captures = &bench->name, .capture_count = 1};
}

void bench_stop(struct bench *bench)
{
	cep_destroy(bench->cep);
	matcher_destroy(bench->matcher);
	view_destroy(bench->view);
	batch_destroy(bench->batch);
	ruleset_destroy(bench->set);
	fields_destroy(bench->fields);
	buf_destroy(&bench->out);
}

static struct rule *add_rule(struct bench *bench, struct str id, enum rule_role role)
{
	struct rule *rule = arena_zalloc(ruleset_arena(bench->set), sizeof(*rule));

	rule->id = id;
	rule->role = (uint8_t)role;
	memset(rule->kinds, 0xff, sizeof(rule->kinds));
	return rule;
}

const struct rule *bench_letter(struct bench *bench, char letter)
{
	struct arena *arena = ruleset_arena(bench->set);
	unsigned number = (unsigned)(letter - 'A');

	if (bench->letter_rules[number] != NULL)
		return bench->letter_rules[number];
	struct str text = arena_strn(arena, &letter, 1);
	struct rule *rule = add_rule(bench, text, RULE_STEP);
	rule->condition = expr_atom(arena,
		(struct atom){
			.op = ATOM_EQUALS, .cased = true, .field = bench->letters, .text = text},
		0);
	ok(bench, ruleset_add(bench->set, rule, &bench->err));
	return bench->letter_rules[number] = rule;
}

static bool same_key(const void *program, const struct cep_context *context)
{
	const field_id *key = program;
	const struct value *now = cep_get(context, 0, *key), *then = cep_get(context, 1, *key);

	return now != NULL && then != NULL && str_eq(value_str(now), value_str(then));
}

static bool related(const void *program, const struct cep_context *context)
{
	(void)program;
	return cep_related(context, 0);
}

static const struct cep_value *keys_of(struct bench *bench, const struct bench_plan *plan)
{
	struct cep_value *keys = arena_zalloc(ruleset_arena(bench->set), sizeof(*keys));

	*keys = (struct cep_value){.field = bench->key,
		.optional = plan->optional,
		.caseless = plan->caseless,
		.each = plan->each};
	return keys;
}

static void step_flags(struct cep_step *step, const char **at)
{
	if (**at == '*')
		step->runs = (uint32_t)strtoul(*at + 1, (char **)at, 10);
	step->fork = **at == '>';
}

static uint32_t parse_steps(struct bench *bench, const struct bench_plan *plan, const char *text,
	struct cep_step *steps)
{
	uint32_t count = 0;

	for (const char *at = text; *at != '\0'; at++) {
		struct cep_step *step = &steps[count];
		if (*at == ' ' || *at == '>')
			continue;
		*step = (struct cep_step){.runs = 1, .missing = *at == '!'};
		at += step->missing;
		step->rule = plan->rules != NULL ? plan->rules[count] : bench_letter(bench, *at);
		step->keys = keys_of(bench, plan);
		step->values = &bench->value;
		if (plan->compare && count == 0) {
			step->captures = &bench->key;
			step->capture_count = 1;
		} else if (plan->compare) {
			step->test = same_key;
			step->program = &bench->key;
		}
		if (plan->related != NULL && strchr(plan->related, *at) != NULL)
			step->test = related;
		at++;
		step_flags(step, &at);
		at--;
		count++;
	}
	return count;
}

const struct rule *bench_add(struct bench *bench, const struct bench_plan *plan)
{
	struct arena *arena = ruleset_arena(bench->set);
	struct cep_plan *made = arena_zalloc(arena, sizeof(*made));
	struct cep_step *steps = arena_zalloc(arena, CEP_STEPS_MAX * sizeof(*steps));
	struct cep_step *until = arena_zalloc(arena, sizeof(*until));
	enum rule_role role = plan->role == RULE_FINDING ? RULE_PLAN : plan->role;

	*made = (struct cep_plan){.type = (uint8_t)plan->type,
		.steps = steps,
		.key_count = plan->keyed,
		.until_first = plan->until_first,
		.maxspan_ns = plan->span_s * NS_PER_S,
		.aggregate = (uint8_t)plan->aggregate,
		.value_count = 1,
		.bounds = plan->bounds,
		.bound_count = plan->bound_count,
		.percentile = plan->percentile,
		.terms = plan->terms,
		.term_count = plan->term_count,
		.relations = plan->relations,
		.relation_count = plan->relation_count};
	made->step_count = parse_steps(bench, plan, plan->steps, steps);
	if (plan->until != NULL) {
		(void)parse_steps(bench, plan, plan->until, until);
		made->until = until;
	}
	struct str id = arena_printf(arena, "p%u", ruleset_count(bench->set));
	struct rule *rule = add_rule(bench, id, role);
	rule->plan = made;
	ok(bench, ruleset_add(bench->set, rule, &bench->err));
	return rule;
}

void bench_ready(struct bench *bench)
{
	ok(bench, fields_freeze(bench->fields, &bench->err));
	ok(bench, ruleset_compile(bench->set, &bench->err));
	ok(bench, matcher_create(bench->set, &bench->matcher, &bench->err));
	ok(bench, batch_create(bench->fields, &bench->batch));
	ok(bench, view_create(bench->fields, &bench->view));
	ok(bench, cep_create(bench->set, &bench->options, &bench->cep, &bench->err));
}

void bench_renew(struct bench *bench)
{
	cep_destroy(bench->cep);
	ok(bench, cep_create(bench->set, &bench->options, &bench->cep, &bench->err));
	buf_clear(&bench->out);
	bench->index = 0;
}

static void print(struct bench *bench, const struct cep_match *matches, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < matches[i].event_count; k++) {
			const struct cep_event *event = matches[i].events[k];
			const struct value *name = event == NULL
							   ? NULL
							   : cep_event_get(event, bench->name);
			if (k > 0)
				buf_char(&bench->out, ' ');
			buf_str(&bench->out, name == NULL ? STR("-") : value_str(name));
		}
		buf_char(&bench->out, ';');
	}
}

/* key|LETTERS7.name=value@host<pid,ppid */
static void build_event(struct bench *bench, struct str token)
{
	struct str name = token, rest = token, key = {0};
	uint64_t second = 0;

	if (memchr(token.ptr, '|', token.len) != NULL)
		key = str_cut(&rest, '|');
	name = rest;
	struct str ids = rest, host = str_cut(&ids, '<'), value = str_cut(&host, '@');
	if (host.ptr == NULL)
		host = (struct str){0};
	struct str moment = str_cut(&value, '='), number = moment;
	uint32_t letters = 0;
	while (letters < moment.len && moment.ptr[letters] >= 'A')
		letters++;
	number = str_n(moment.ptr + letters, moment.len - letters);
	(void)str_to_u64(str_cut(&number, '.'), &second);
	name.len = moment.len;
	(void)event_begin(bench->batch, KIND_process_exec, second * NS_PER_S);
	for (uint32_t i = 0; i < letters; i++)
		ev_add(bench->batch, bench->letters, value_text(str_n(moment.ptr + i, 1)));
	while (key.len > 0)
		ev_add(bench->batch, bench->key, value_text(str_cut(&key, '+')));
	ev_text(bench->batch, bench->name, name);
	ev_text(bench->batch, bench->value, value);
	ev_text(bench->batch, bench->host, host);
	ev_text(bench->batch, bench->process, str_cut(&ids, ','));
	ev_text(bench->batch, bench->parent, ids);
}

void bench_feed(struct bench *bench, const char *events)
{
	struct str rest = str_of(events);

	while (rest.len > 0) {
		struct str token = str_cut(&rest, ' ');
		const struct rule *const *rules;
		const struct cep_match *matches;
		if (token.len == 0)
			continue;
		if (bench->restart)
			bench_restart(bench);
		batch_clear(bench->batch);
		build_event(bench, token);
		struct event *event = event_commit(bench->batch);
		assert_non_null(event);
		event->index = bench->index++;
		view_load(bench->view, event);
		uint32_t count = matcher_run(bench->matcher, bench->view, KIND_none, &rules);
		count = cep_run(bench->cep, bench->view, rules, count, &matches);
		print(bench, matches, count);
	}
}

void bench_finish(struct bench *bench)
{
	const struct cep_match *matches;
	uint32_t count = cep_finish(bench->cep, &matches);

	print(bench, matches, count);
	buf_char(&bench->out, '\0');
}

void bench_advance(struct bench *bench, uint64_t second)
{
	const struct cep_match *matches;
	uint32_t count = cep_advance(bench->cep, second * NS_PER_S, &matches);

	print(bench, matches, count);
}

void bench_save(struct bench *bench, struct buf *saved)
{
	buf_clear(saved);
	ok(bench, cep_save(bench->cep, saved, &bench->err));
}

uint64_t bench_restore(struct bench *bench, const struct buf *saved)
{
	uint64_t dropped = 0;

	ok(bench, cep_restore(bench->cep, buf_view(saved), &dropped, &bench->err));
	return dropped;
}

void bench_restart(struct bench *bench)
{
	struct buf saved = {0};

	bench_save(bench, &saved);
	cep_destroy(bench->cep);
	ok(bench, cep_create(bench->set, &bench->options, &bench->cep, &bench->err));
	assert_int_equal(bench_restore(bench, &saved), 0);
	buf_destroy(&saved);
}

void bench_expect(const struct bench_plan *plan, const char *events, const char *expected)
{
	struct bench bench;

	bench_start(&bench);
	(void)bench_add(&bench, plan);
	bench_ready(&bench);
	bench_feed(&bench, events);
	bench_finish(&bench);
	assert_string_equal(bench.out.ptr, expected);
	/* the same, with a restart before each event */
	bench_renew(&bench);
	bench.restart = true;
	bench_feed(&bench, events);
	bench_finish(&bench);
	assert_string_equal(bench.out.ptr, expected);
	bench_stop(&bench);
}
