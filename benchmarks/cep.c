/* What a sequence costs by how many keys wait for its second step. A stream in which each event begins
 * one sequence or completes another keeps the count as it is; before it, all keys are begun. */
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/err.h"
#include "detect/cep/cep.h"
#include "os/self.h"

#define BATCH	  512u
#define MEASURED  (1u << 20) /* events of the stream */
#define LATENCIES (1u << 18)

struct setting {
	struct fields *fields;
	struct ruleset *set;
	struct matcher *matcher;
	struct view *view;
	struct batch *batch;
	struct cep *cep;
	uint32_t *waiting; /* numbers of keys that have begun */
	uint32_t live, next;
	uint64_t time_ns, matches;
};

static uint64_t seed = 1, allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
	allocations++;
	return __real_realloc(ptr, size);
}

static unsigned dice(unsigned sides)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((seed >> 33) % sides);
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "cep: %s\n", what);
	exit(1);
}

static const struct rule *add_step(struct ruleset *set, const char *action)
{
	struct arena *arena = ruleset_arena(set);
	struct rule *rule = arena_zalloc(arena, sizeof(*rule));
	struct err err;

	rule->id = str_of(action);
	rule->role = RULE_STEP;
	memset(rule->kinds, 0xff, sizeof(rule->kinds));
	rule->condition = expr_atom(arena,
		(struct atom){.op = ATOM_EQUALS,
			.cased = true,
			.field = FIELD_event_action,
			.text = str_of(action)},
		0);
	if (ruleset_add(set, rule, &err) != 0)
		fail(err.text);
	return rule;
}

static void add_sequence(struct ruleset *set)
{
	struct arena *arena = ruleset_arena(set);
	struct cep_plan *plan = arena_zalloc(arena, sizeof(*plan));
	struct cep_step *steps = arena_zalloc(arena, 2 * sizeof(*steps));
	struct cep_value *key = arena_zalloc(arena, sizeof(*key));
	struct rule *rule = arena_zalloc(arena, sizeof(*rule));
	struct err err;

	key->field = FIELD_process_entity_id;
	for (unsigned i = 0; i < 2; i++)
		steps[i] = (struct cep_step){
			.rule = add_step(set, i == 0 ? "begin" : "end"), .keys = key, .runs = 1};
	*plan = (struct cep_plan){.type = CEP_SEQUENCE,
		.steps = steps,
		.step_count = 2,
		.key_count = 1,
		.maxspan_ns = 3600 * NS_PER_S};
	rule->id = STR("sequence");
	rule->role = RULE_PLAN;
	rule->plan = plan;
	if (ruleset_add(set, rule, &err) != 0)
		fail(err.text);
}

static void set_up(struct setting *s, uint32_t live)
{
	static const field_id captures[] = {FIELD_event_action, FIELD_process_entity_id};
	const struct cep_options options = {
		.bytes_max = (size_t)1 << 30, .captures = captures, .capture_count = 2};
	struct err err;

	*s = (struct setting){.live = live, .time_ns = NS_PER_S};
	s->waiting = malloc((live + 1) * sizeof(*s->waiting));
	if (s->waiting == NULL || fields_create(&s->fields, &err) != 0 ||
		ruleset_create(s->fields, &s->set, &err) != 0)
		fail("out of memory");
	add_sequence(s->set);
	fields_want(s->fields, FIELD_process_entity_id);
	if (fields_freeze(s->fields, &err) != 0 || ruleset_compile(s->set, &err) != 0 ||
		matcher_create(s->set, &s->matcher, &err) != 0 ||
		view_create(s->fields, &s->view) != 0 || batch_create(s->fields, &s->batch) != 0 ||
		cep_create(s->set, &options, &s->cep, &err) != 0)
		fail(err.text);
}

static void tear_down(struct setting *s)
{
	cep_destroy(s->cep);
	matcher_destroy(s->matcher);
	view_destroy(s->view);
	batch_destroy(s->batch);
	ruleset_destroy(s->set);
	fields_destroy(s->fields);
	free(s->waiting);
}

/* A key of 36 characters, as ids of processes are. */
static void add_event(struct setting *s, bool begins, uint32_t number)
{
	uint64_t mixed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

	(void)event_begin(s->batch, KIND_process_exec, s->time_ns += 1000);
	ev_cstr(s->batch, FIELD_event_action, begins ? "begin" : "end");
	ev_printf(s->batch, FIELD_process_entity_id, "%08x-%04x-%04x-%04x-%012llx", number,
		(unsigned)(mixed & 0xffff), (unsigned)(mixed >> 16 & 0xffff),
		(unsigned)(mixed >> 32 & 0xffff), (unsigned long long)(mixed >> 16));
	struct event *event = event_commit(s->batch);
	if (event == NULL)
		fail("out of memory");
	event->index = event->file_index = s->next;
}

static void next_batch(struct setting *s, bool fill)
{
	batch_clear(s->batch);
	for (unsigned i = 0; i < BATCH / 2; i++) {
		uint32_t number = s->next++;
		add_event(s, true, number);
		if (fill) {
			s->waiting[number] = number;
			continue;
		}
		uint32_t at = s->live == 0 ? 0 : dice(s->live);
		add_event(s, false, s->live == 0 ? number : s->waiting[at]);
		s->waiting[at] = number;
	}
}

static uint64_t pass(struct setting *s, bool run)
{
	const struct rule *const *rules;
	const struct cep_match *matches;
	uint64_t begin = clock_cpu_ns();

	for (uint32_t i = 0; i < s->batch->count; i++) {
		view_load(s->view, s->batch->events[i]);
		uint32_t count = matcher_run(s->matcher, s->view, KIND_none, &rules);
		if (run)
			s->matches += cep_run(s->cep, s->view, rules, count, &matches);
	}
	return clock_cpu_ns() - begin;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Of single events, the clock's own time included. */
static double p999_us(struct setting *s)
{
	uint64_t *spent = malloc(LATENCIES * sizeof(*spent));
	const struct rule *const *rules;
	const struct cep_match *matches;
	uint32_t at = 0;

	while (spent != NULL && at < LATENCIES) {
		next_batch(s, false);
		for (uint32_t i = 0; i < s->batch->count && at < LATENCIES; i++) {
			view_load(s->view, s->batch->events[i]);
			uint32_t count = matcher_run(s->matcher, s->view, KIND_none, &rules);
			uint64_t begin = clock_monotonic_ns();
			(void)cep_run(s->cep, s->view, rules, count, &matches);
			spent[at++] = clock_monotonic_ns() - begin;
		}
	}
	if (at < LATENCIES)
		fail("out of memory");
	qsort(spent, LATENCIES, sizeof(*spent), compare);
	double ret = (double)spent[LATENCIES / 1000 * 999] / 1000;
	free(spent);
	return ret;
}

static double resident_mib(void)
{
	return (double)os_self_resident_bytes() / (1 << 20);
}

static double measure(uint32_t live, double empty_ns)
{
	struct setting s;
	struct cep_stats stats;
	uint64_t without = 0, with = 0;

	set_up(&s, live);
	double before = resident_mib();
	while (s.next < live) {
		next_batch(&s, true);
		(void)pass(&s, true);
	}
	cep_stats(s.cep, &stats);
	double grown = resident_mib() - before;
	for (unsigned i = 0; i < MEASURED / 8; i += BATCH) { /* warm */
		next_batch(&s, false);
		(void)pass(&s, true);
	}
	uint64_t counted = allocations;
	for (unsigned i = 0; i < MEASURED; i += BATCH) {
		next_batch(&s, false);
		without += pass(&s, false);
		with += pass(&s, true);
	}
	counted = allocations - counted;
	double all_ns = (double)with / MEASURED, store_ns = all_ns - (double)without / MEASURED;
	double p999 = p999_us(&s);
	(void)printf("| %u | %.0f | %.0f | %.2f | %.1f | %.0f | %.0f | %llu |\n", live, store_ns,
		all_ns, empty_ns == 0 ? 1 : all_ns / empty_ns, p999,
		live == 0 ? 0 : (double)stats.bytes / live,
		live == 0 ? 0 : grown * (1 << 20) / live, (unsigned long long)counted);
	(void)fflush(stdout);
	if (s.matches < MEASURED / 2)
		fail("sequences did not match");
	tear_down(&s);
	return all_ns;
}

int main(void)
{
	(void)printf("| live keys | ns an event in the store | with matching | to empty | µs at "
		     "99.9 %% | bytes a key | resident bytes a key | heap calls |\n"
		     "|---|---|---|---|---|---|---|---|\n");
	double empty_ns = measure(0, 0);
	for (uint32_t live = 1u << 10; live <= 1u << 20; live <<= 5)
		(void)measure(live, empty_ns);
	return 0;
}
