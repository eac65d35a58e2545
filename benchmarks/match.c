/* What matching alone costs: events are decoded beforehand and stay in memory. Without operands,
 * made-up rules and exec events; with RULES FILE, Sigma rules and a recording in ECS NDJSON. */
#include <stdio.h>
#include <stdlib.h>
#include "agent/engine.h"
#include "base/clock.h"
#include "base/err.h"
#include "event/ecs.h"

#define EVENTS	   512 /* few enough to stay in the cache, as events in a pipeline do */
#define WORDS	   4000
#define WORD_BYTES 12
#define LINE_BYTES ((size_t)1 << 20)
#define SPAN_NS	   (NS_PER_S / 2)

struct setting {
	struct fields *fields;
	struct ruleset *set;
	struct matcher *matcher;
	struct view *view;
	struct batch *batch;
	uint64_t compile_ns;
};

static uint64_t seed = 1;
static char words[WORDS][WORD_BYTES];

static unsigned dice(unsigned sides)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % sides;
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "match: %s\n", what);
	exit(1);
}

static void make_words(void)
{
	for (unsigned i = 0; i < WORDS; i++) {
		unsigned len = 4 + dice(WORD_BYTES - 5);
		for (unsigned k = 0; k < len; k++)
			words[i][k] = "etaoinshrdlucmfwypvbgkjqxz"[dice(2) ? dice(9) : dice(26)];
		words[i][len] = '\0';
	}
}

/* The first half of the words are rules', the second the events'; now and then an event borrows. */
static const char *word(bool of_rule)
{
	return words[(of_rule ? 0 : WORDS / 2) + dice(WORDS / 2)];
}

static struct expr *atom(
	struct arena *arena, field_id field, enum atom_op op, const char *before, const char *text)
{
	struct str operand = arena_printf(arena, "%s%s", before, text);

	return expr_atom(
		arena, (struct atom){.op = (uint8_t)op, .field = field, .text = operand}, 0);
}

static struct expr *any_of(
	struct arena *arena, field_id field, enum atom_op op, const char *before, unsigned count)
{
	struct expr *list = expr_list(arena, EXPR_OR);

	for (unsigned i = 0; i < count; i++)
		(void)expr_add(arena, list, atom(arena, field, op, before, word(true)));
	return list;
}

static void add_rule(struct ruleset *set, unsigned number)
{
	struct arena *arena = ruleset_arena(set);
	struct rule *rule = arena_zalloc(arena, sizeof(*rule));
	struct expr *all = expr_list(arena, EXPR_AND);
	struct err err;

	rule->id = arena_printf(arena, "rule-%u", number);
	rule->kinds[KIND_process_exec / 64] = UINT64_C(1) << (KIND_process_exec % 64);
	rule->condition = all;
	(void)expr_add(arena, all,
		any_of(arena, FIELD_process_executable, ATOM_ENDS, "/", 1 + number % 4));
	if (number % 2 == 0)
		(void)expr_add(arena, all,
			any_of(arena, FIELD_process_command_line, ATOM_CONTAINS, " ", 3));
	if (number % 5 == 0)
		(void)expr_add(arena, all,
			any_of(arena, FIELD_process_parent_executable, ATOM_ENDS, "/", 3));
	if (number % 7 == 0)
		(void)expr_add(arena, all,
			expr_not(arena, any_of(arena, FIELD_process_args, ATOM_EQUALS, "--", 2)));
	if (ruleset_add(set, rule, &err) != 0)
		fail(err.text);
}

static void make_event(struct batch *batch)
{
	char line[256];
	size_t len = 0;

	(void)event_begin(batch, KIND_process_exec, 1);
	const char *name = word(dice(50) == 0);
	ev_printf(batch, FIELD_process_executable, "/usr/bin/%s", name);
	ev_cstr(batch, FIELD_process_name, name);
	ev_printf(batch, FIELD_process_parent_executable, "/usr/sbin/%s", word(dice(50) == 0));
	ev_printf(batch, FIELD_process_working_directory, "/home/%s/%s", word(false), word(false));
	for (unsigned i = 3 + dice(8); i > 0; i--)
		len += (size_t)snprintf(line + len, sizeof(line) - len, " %s%s",
			dice(3) ? "" : "--", word(dice(100) == 0));
	ev_text(batch, FIELD_process_command_line, str_n(line, len));
	(void)event_commit(batch);
}

static void ready(struct setting *s)
{
	struct err err;
	uint64_t begin = clock_cpu_ns();

	if (fields_freeze(s->fields, &err) != 0 || ruleset_compile(s->set, &err) != 0 ||
		matcher_create(s->set, &s->matcher, &err) != 0)
		fail(err.text);
	s->compile_ns = clock_cpu_ns() - begin;
	if (view_create(s->fields, &s->view) != 0 || batch_create(s->fields, &s->batch) != 0)
		fail("out of memory");
}

static void finish(struct setting *s)
{
	matcher_destroy(s->matcher);
	ruleset_destroy(s->set);
	view_destroy(s->view);
	batch_destroy(s->batch);
	fields_destroy(s->fields);
}

/* Nanoseconds an event of one pass over all events; the least of many, for a busy machine only ever
 * makes it more. */
static double best_pass(struct setting *s, bool match)
{
	const struct rule *const *matched;
	double best = 1e18;
	uint64_t until = clock_cpu_ns() + SPAN_NS;

	do {
		uint64_t begin = clock_cpu_ns();
		for (uint32_t i = 0; i < s->batch->count; i++) {
			view_load(s->view, s->batch->events[i]);
			if (match)
				(void)matcher_run(s->matcher, s->view, KIND_none, &matched);
		}
		double spent = (double)(clock_cpu_ns() - begin) / s->batch->count;
		best = spent < best ? spent : best;
	} while (clock_cpu_ns() < until);
	return best;
}

static void measure(struct setting *s, const char *name)
{
	struct matcher_stats stats;
	double load_ns = best_pass(s, false), all_ns = best_pass(s, true);

	matcher_stats(s->matcher, &stats);
	double events = (double)stats.events;
	(void)printf("| %s | %u | %.0f | %.0f | %.4f | %.3f | %.2f | %.2f | %.0f |\n", name,
		ruleset_count(s->set), (double)s->compile_ns / 1e6, all_ns - load_ns,
		(double)stats.matches / events, (double)stats.candidates / events,
		(double)stats.atoms / events, (double)stats.scans / events,
		(double)stats.scanned_bytes / events);
	(void)fflush(stdout);
}

static void made_up(unsigned rules, bool with_index)
{
	struct setting s = {0};
	struct err err;

	seed = rules;
	make_words();
	if (fields_create(&s.fields, &err) != 0 || ruleset_create(s.fields, &s.set, &err) != 0)
		fail(err.text);
	if (!with_index)
		ruleset_without_index(s.set);
	for (unsigned i = 0; i < rules; i++)
		add_rule(s.set, i);
	ready(&s);
	for (unsigned i = 0; i < EVENTS; i++)
		make_event(s.batch);
	measure(&s, with_index ? "made up" : "made up, no index");
	finish(&s);
}

static void real(const char *rules, const char *recording)
{
	struct setting s = {0};
	struct engine *engine;
	struct event *event;
	struct err err;
	size_t offset;
	struct engine_options options = {.rule_paths = &rules, .rule_path_count = 1};
	char *line = malloc(LINE_BYTES);
	FILE *file = fopen(recording, "re");

	if (line == NULL || file == NULL)
		fail("cannot read the recording");
	uint64_t begin = clock_cpu_ns();
	if (engine_create(&options, &engine, &err) != 0)
		fail(err.text);
	s = (struct setting){.fields = engine->fields,
		.set = engine->rules,
		.matcher = engine->matcher,
		.view = engine->view,
		.compile_ns = clock_cpu_ns() - begin};
	if (batch_create(s.fields, &s.batch) != 0)
		fail("out of memory");
	while (s.batch->count < EVENTS && fgets(line, (int)LINE_BYTES, file) != NULL)
		(void)ecs_decode(s.batch, str_trim(str_of(line)), NULL, &event, &offset, &err);
	measure(&s, "Sigma");
	batch_destroy(s.batch);
	engine_destroy(engine);
	(void)fclose(file);
	free(line);
}

int main(int argc, char **argv)
{
	(void)printf(
		"| rules | count | ms to load | ns an event | matches | candidates | predicates "
		"| scans | bytes scanned |\n|---|---|---|---|---|---|---|---|---|\n");
	if (argc == 3) {
		real(argv[1], argv[2]);
		return 0;
	}
	for (unsigned rules = 100; rules <= 10000; rules *= 10)
		made_up(rules, true);
	made_up(3000, true);
	made_up(100, false);
	made_up(1000, false);
	return 0;
}
