/* Where the time of judging an event goes. Events are decoded beforehand and stay in memory.
 *   judge RECORDING COUNT RULES…
 * One JSON line: nanoseconds of processor time an event for laying it out, for Hyperscan alone over
 * the same bytes with the same literals (the floor), for matching, and for rules over several events;
 * the slowest of a thousand; what was taken from the heap after the first pass. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agent/engine.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strmatch.h"
#include "detect/cep/cep.h"
#include "detect/rule/matcher.h"
#include "sensor/sensor.h"

#define PASSES	    5
#define BLOCK	    256 /* events that are judged one after another, as a batch is */
#define BATCHES_MAX 1024

static uint64_t heap_calls; /* of our own code, see meson.build */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	heap_calls++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	heap_calls++;
	return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	heap_calls++;
	return __real_realloc(old, size);
}

struct bench {
	struct engine *engine;
	struct batch *batches[BATCHES_MAX];
	uint32_t batch_count;
	const struct event **events; /* all of them */
	uint32_t count;
	struct cep *cep;
	struct matcher *matcher;
	struct buf joined;
	uint32_t *slow_ns; /* by event, of one pass */
	uint64_t matches, plan_matches, bytes, warmed;
};

static void fail(const char *what)
{
	(void)fprintf(stderr, "judge: %s\n", what);
	exit(1);
}

static void decode(struct bench *b, const char *recording, uint32_t count)
{
	const struct sensor_ops *ops = sensor_by_name(STR("auto"));
	struct sensor_config config = {
		.inputs = &recording, .input_count = 1, .batch_events = 2048};
	struct sensor *sensor = NULL;
	struct err err = {0};
	int rc;

	config.want.fields = b->engine->fields;
	memset(config.want.kinds, 0xff, sizeof(config.want.kinds));
	if (ops->open(&config, &sensor, &err) != 0 || ops->start(sensor, &err) != 0)
		fail(err.text);
	do {
		struct batch *batch = NULL;
		if (b->batch_count == BATCHES_MAX || batch_create(b->engine->fields, &batch) != 0)
			fail("out of memory");
		b->batches[b->batch_count++] = batch;
		rc = ops->next(sensor, batch, 1000, &err);
		for (uint32_t i = 0; i < batch->count && b->count < count; i++)
			b->events[b->count++] = batch->events[i];
	} while (rc >= 0 && b->count < count);
	ops->close(sensor);
	if (b->count == 0)
		fail("no events");
}

/* ---- passes ---- */

static int nothing(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	(void)id, (void)from, (void)to, (void)flags, (void)context;
	return 0;
}

static void join(struct buf *joined, const struct value *value)
{
	char out[VALUE_TEXT_BYTES];

	if (value->type <= VALUE_NULL || value->type == VALUE_LIST)
		return;
	buf_str(joined, value_as_text(value, out));
	buf_char(joined, '\0');
}

static void scan(struct bench *b, const struct scan *scan)
{
	const struct value *value = view_get(b->engine->view, scan->field);
	struct str text;
	char out[VALUE_TEXT_BYTES];

	if (scan->database == NULL || (scan->field != FIELD_none && value == NULL))
		return;
	if (scan->field == FIELD_none) {
		text = b->engine->view->event->raw;
	} else if (value->type == VALUE_LIST) {
		buf_clear(&b->joined);
		for (uint32_t i = 0; i < value->len; i++)
			join(&b->joined, &value->items[i]);
		text = buf_view(&b->joined);
	} else {
		text = value_as_text(value, out);
	}
	b->bytes += text.len;
	if (text.len > 0)
		(void)hs_scan(scan->database, text.ptr, (unsigned)text.len, 0, b->matcher->scratch,
			nothing, NULL);
}

enum pass { PASS_VIEW, PASS_FLOOR, PASS_MATCH, PASS_PLANS };

static void one(struct bench *b, enum pass pass, const struct event *event)
{
	struct view *view = b->engine->view;
	const struct rule *const *rules;
	const struct cep_match *plans;

	view_load(view, event);
	if (pass == PASS_FLOOR && b->matcher->set->index != NULL) {
		const struct index_plan *plan = &b->matcher->set->index->plans[event->kind];
		for (uint32_t i = 0; i < plan->count; i++)
			scan(b, plan->scans[i]);
	}
	if (pass < PASS_MATCH)
		return;
	uint32_t count = matcher_run(b->matcher, view, KIND_none, &rules);
	for (uint32_t i = 0; i < count; i++)
		b->matches += rules[i]->role == RULE_FINDING;
	if (pass == PASS_PLANS && b->cep != NULL)
		b->plan_matches += cep_run(b->cep, view, rules, count, &plans);
}

static void renew_cep(struct bench *b)
{
	const struct cep_options options = {0};
	struct err err = {0};

	cep_destroy(b->cep);
	b->cep = NULL;
	if (ruleset_has_plans(b->engine->rules) &&
		cep_create(b->engine->rules, &options, &b->cep, &err) != 0)
		fail(err.text);
}

/* In a pipeline events have just been decoded: their bytes are in the caches. */
static void warm(struct bench *b, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i < last; i++) {
		view_load(b->engine->view, b->events[i]);
		b->warmed += text_is_ascii(b->events[i]->raw);
	}
}

static uint64_t time_block(struct bench *b, enum pass pass, uint32_t first)
{
	uint32_t last = b->count - first < BLOCK ? b->count : first + BLOCK;

	warm(b, first, last);
	uint64_t begin = clock_cpu_ns();
	for (uint32_t i = first; i < last; i++)
		one(b, pass, b->events[i]);
	return clock_cpu_ns() - begin;
}

/* The least of some passes: a busy machine only ever makes it more. */
static double measure(struct bench *b, enum pass pass)
{
	double best = 1e18;

	for (unsigned i = 0; i < PASSES; i++) {
		renew_cep(b); /* time must not run backwards for it */
		b->matches = b->plan_matches = b->bytes = 0;
		uint64_t sum = 0;
		for (uint32_t k = 0; k < b->count; k += BLOCK)
			sum += time_block(b, pass, k);
		double spent = (double)sum / b->count;
		best = spent < best ? spent : best;
	}
	return best;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Each event's own time, the least of some passes; what the machine did else is not its fault. */
static void time_events(struct bench *b)
{
	memset(b->slow_ns, 0xff, b->count * sizeof(*b->slow_ns));
	for (unsigned pass = 0; pass < PASSES; pass++) {
		renew_cep(b);
		for (uint32_t i = 0; i < b->count; i++) {
			uint64_t begin = clock_monotonic_ns();
			one(b, PASS_PLANS, b->events[i]);
			uint64_t spent = clock_monotonic_ns() - begin;
			if (spent < b->slow_ns[i])
				b->slow_ns[i] = (uint32_t)spent;
		}
	}
	qsort(b->slow_ns, b->count, sizeof(*b->slow_ns), by_number);
}

static uint64_t count_heap(struct bench *b)
{
	renew_cep(b);
	uint32_t half = b->count / 2; /* the first half warms up */
	for (uint32_t i = 0; i < half; i++)
		one(b, PASS_PLANS, b->events[i]);
	uint64_t before = heap_calls;
	for (uint32_t i = half; i < b->count; i++)
		one(b, PASS_PLANS, b->events[i]);
	return heap_calls - before;
}

static void put(struct json_writer *w, const char *name, double number)
{
	json_key(w, str_of(name));
	json_put_double(w, (double)(int64_t)(number * 100) / 100);
}

static void report(struct bench *b)
{
	struct matcher_stats stats;
	struct buf line = {0};
	struct json_writer w = {.buf = &line};
	double view = measure(b, PASS_VIEW), floor = measure(b, PASS_FLOOR) - view;
	double bytes = (double)b->bytes / b->count;
	double match = measure(b, PASS_MATCH) - view, all = measure(b, PASS_PLANS) - view;
	uint64_t matches = b->matches, plan_matches = b->plan_matches, heap = count_heap(b);

	time_events(b);
	matcher_stats(b->matcher, &stats);
	json_object_begin(&w);
	json_member_u64(&w, "rules", b->engine->loaded);
	json_member_u64(&w, "events", b->count);
	put(&w, "layout_ns", view);
	put(&w, "floor_ns", floor);
	put(&w, "floor_bytes", bytes);
	put(&w, "match_ns", match);
	put(&w, "match_to_floor", floor > 0 ? match / floor : 0);
	put(&w, "sequence_ns", all - match);
	put(&w, "candidates", (double)stats.candidates / (double)stats.events);
	put(&w, "predicates", (double)stats.atoms / (double)stats.events);
	json_member_u64(&w, "matches", matches);
	json_member_u64(&w, "sequence_matches", plan_matches);
	json_member_u64(&w, "p999_ns", b->slow_ns[(uint64_t)b->count * 999 / 1000]);
	json_member_u64(&w, "slowest_ns", b->slow_ns[b->count - 1]);
	json_member_u64(&w, "heap_calls", heap);
	json_object_end(&w);
	(void)printf("%.*s\n", STR_ARG(buf_view(&line)));
	buf_destroy(&line);
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	struct err err = {0};

	if (argc < 4)
		fail("judge RECORDING COUNT RULES…");
	const struct engine_options options = {
		.rule_paths = (const char *const *)argv + 3, .rule_path_count = (size_t)argc - 3};
	uint64_t count = 0;
	if (!str_to_u64(str_of(argv[2]), &count) || count == 0 || count > UINT32_MAX)
		fail("COUNT is no number");
	if (engine_create(&options, &b.engine, &err) != 0)
		fail(err.text);
	b.matcher = b.engine->matcher;
	b.events = calloc(count, sizeof(*b.events));
	b.slow_ns = calloc(count, sizeof(*b.slow_ns));
	if (b.slow_ns == NULL || b.events == NULL)
		fail("out of memory");
	decode(&b, argv[1], (uint32_t)count);
	report(&b);
	free(b.slow_ns);
	buf_destroy(&b.joined);
	cep_destroy(b.cep);
	for (uint32_t i = 0; i < b.batch_count; i++)
		batch_destroy(b.batches[i]);
	free(b.events);
	engine_destroy(b.engine);
	return 0;
}
