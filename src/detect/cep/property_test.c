/* Random plans over random streams: the engine against references that know no state machine, but
 * look at all events again for each question. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/clock.h"
#include "detect/cep/store.h"
#include "detect/cep/test_bench.h"

#define EVENTS	  60
#define POSITIONS 16
#define PARTIALS  4096

static uint64_t seed = 7;

static unsigned dice(unsigned sides)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % sides;
}

struct happening {
	unsigned letters; /* bits */
	unsigned key;	  /* 0: none */
	unsigned second, value;
};

static struct happening stream[EVENTS];
static unsigned stream_count;
static unsigned matches_seen; /* by all references: the tests test something */

static void make_stream(unsigned letters, bool dense)
{
	unsigned second = 1;

	stream_count = 2 + dice(EVENTS - 2);
	for (unsigned i = 0; i < stream_count; i++) {
		struct happening *h = &stream[i];
		second += dice(3) == 0 ? dice(6) : dice(2);
		*h = (struct happening){.second = second, .value = dice(4)};
		do
			h->letters = 1u << dice(letters) | (dice(4) == 0 ? 1u << dice(letters) : 0);
		while (h->letters == 0);
		h->key = dense ? dice(8) != 0 : dice(4);
	}
}

static void print_event(struct buf *out, unsigned i)
{
	for (unsigned k = 0; k < 26; k++)
		if ((stream[i].letters >> k & 1) != 0)
			buf_char(out, (char)('A' + k));
	buf_printf(out, "%u.%u", stream[i].second, i);
}

static void print_token(struct buf *out, unsigned i)
{
	if (stream[i].key != 0)
		buf_printf(out, "k%u|", stream[i].key);
	print_event(out, i);
	buf_printf(out, "=%u ", stream[i].value);
}

/* --- sequences --- */

struct model {
	char steps[64];
	unsigned count;		    /* of positions */
	unsigned letter[POSITIONS]; /* by position */
	char before[POSITIONS + 1]
		   [4]; /* letters of missing events in front of a position, or last */
	bool keyed, until, until_first;
	unsigned span;
};

static void make_model(struct model *model, bool may_miss)
{
	unsigned steps = 1 + dice(3), len = 0;

	*model = (struct model){.keyed = dice(4) != 0,
		.until = dice(3) == 0,
		.until_first = dice(2) == 0,
		.span = dice(3) == 0 && !may_miss ? 0 : 3 + dice(15)};
	for (unsigned i = 0; i <= steps; i++) {
		if (may_miss && dice(2) == 0) {
			char letter = (char)('A' + 4 + dice(2));
			model->before[model->count][0] = letter;
			len += (unsigned)snprintf(
				model->steps + len, sizeof(model->steps) - len, "!%c ", letter);
		}
		if (i == steps)
			break;
		unsigned letter = dice(4), runs = dice(4) == 0 ? 2 : 1;
		len += (unsigned)snprintf(model->steps + len, sizeof(model->steps) - len, "%c*%u ",
			'A' + letter, runs);
		for (unsigned k = 0; k < runs; k++)
			model->letter[model->count++] = letter;
	}
}

static bool matches(const struct model *model, unsigned i, char letter, unsigned key)
{
	if ((stream[i].letters >> (letter - 'A') & 1) == 0)
		return false;
	return !model->keyed || (stream[i].key != 0 && stream[i].key == key);
}

struct chain {
	unsigned events[POSITIONS];
	unsigned count;
	bool gone;
};
static struct chain chains[PARTIALS];
static unsigned chain_count;

/* Did an until event come between the newest event and event i? */
static bool ended(const struct model *model, const struct chain *chain, unsigned i)
{
	unsigned newest = chain->events[chain->count - 1], key = stream[newest].key;

	for (unsigned u = newest; model->until && u <= i; u++)
		if (matches(model, u, 'G', key) && (model->until_first ? u > newest : u < i))
			return true;
	return false;
}

/* A missing event of the letter between two moments, both left out; its time, or 0. last: the last
 * such, else the first. */
static unsigned find_missing(const struct model *model, char letter, unsigned key, unsigned after,
	unsigned until, bool last)
{
	unsigned found = 0;

	for (unsigned i = 0; i < stream_count && letter != 0; i++) {
		if (!matches(model, i, letter, key) || stream[i].second <= after ||
			stream[i].second >= until)
			continue;
		if (found == 0 || last)
			found = stream[i].second;
	}
	return found;
}

static bool missing_allow(const struct model *model, const struct chain *chain)
{
	unsigned first = stream[chain->events[0]].second, key = stream[chain->events[0]].key;
	unsigned last = stream[chain->events[model->count - 1]].second;
	bool leads = model->before[0][0] != 0, trails = model->before[model->count][0] != 0;

	for (unsigned i = 1; i < model->count; i++)
		if (find_missing(model, model->before[i][0], key,
			    stream[chain->events[i - 1]].second, stream[chain->events[i]].second,
			    false) != 0)
			return false;
	unsigned lead = find_missing(model, model->before[0][0], key, 0, first, true);
	unsigned trail = find_missing(
		model, model->before[model->count][0], key, last, 1u << 30, false);
	if (leads && trails)
		return lead == 0 || trail == 0 || trail - lead > model->span;
	if (leads)
		return lead == 0 || last - lead > model->span;
	return !trails || trail == 0 || trail - first > model->span;
}

static void print_chain(const struct model *model, const struct chain *chain, struct buf *out)
{
	for (unsigned i = 0; i <= model->count; i++) {
		if (model->before[i][0] != 0)
			buf_cstr(out, i == 0 ? "- " : i == model->count ? " -" : "- ");
		if (i == model->count)
			break;
		print_event(out, chain->events[i]);
		if (i + 1 < model->count)
			buf_char(out, ' ');
	}
	buf_char(out, ';');
}

/* Takes the newest chain that waits at the position; it and all older ones there are used up. */
static void extend(const struct model *model, unsigned i, unsigned position, struct buf *out)
{
	struct chain *newest = NULL;

	for (unsigned c = 0; c < chain_count; c++) {
		struct chain *chain = &chains[c];
		if (chain->gone || chain->count != position ||
			(model->keyed && stream[chain->events[0]].key != stream[i].key))
			continue;
		if (newest == NULL || chain->events[position - 1] >= newest->events[position - 1]) {
			if (newest != NULL)
				newest->gone = true;
			newest = chain;
		} else {
			chain->gone = true;
		}
	}
	if (newest == NULL)
		return;
	if ((model->span > 0 &&
		    stream[i].second - stream[newest->events[0]].second > model->span) ||
		ended(model, newest, i)) {
		newest->gone = true;
		return;
	}
	newest->events[newest->count++] = i;
	if (newest->count < model->count)
		return;
	newest->gone = true;
	if (missing_allow(model, newest))
		print_chain(model, newest, out);
}

static void reference(const struct model *model, struct buf *out)
{
	chain_count = 0;
	for (unsigned i = 0; i < stream_count; i++)
		for (unsigned position = model->count; position-- > 0;) {
			if (!matches(
				    model, i, (char)('A' + model->letter[position]), stream[i].key))
				continue;
			if (position > 0) {
				extend(model, i, position, out);
				continue;
			}
			struct chain *chain = &chains[chain_count++];
			*chain = (struct chain){.events = {i}, .count = 1};
			if (model->count == 1) {
				chain->gone = true;
				if (missing_allow(model, chain))
					print_chain(model, chain, out);
			}
		}
	buf_char(out, '\0');
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Matches in the order of their text: those that wait for time to pass are told later. */
static void sort_matches(struct buf *buf)
{
	static char text[1 << 16], *items[4096];
	unsigned count = 0;

	assert_true(buf->len < sizeof(text) - 1);
	memcpy(text, buf->ptr, buf->len);
	text[buf->len] = '\0';
	for (char *at = text, *end; (end = strchr(at, ';')) != NULL; at = end + 1) {
		*end = '\0';
		items[count++] = at;
	}
	qsort(items, count, sizeof(*items), compare_texts);
	buf_clear(buf);
	for (unsigned i = 0; i < count; i++)
		buf_printf(buf, "%s;", items[i]);
	buf_char(buf, '\0');
}

/* Feeds the stream; with pauses, time is told to pass and restarts happen between events. */
static void feed(struct bench *bench, bool pauses)
{
	struct buf token = {0};

	for (unsigned i = 0; i < stream_count; i++) {
		buf_clear(&token);
		print_token(&token, i);
		buf_char(&token, '\0');
		bench_feed(bench, token.ptr);
		if (pauses && dice(6) == 0)
			bench_restart(bench);
		if (pauses && dice(3) == 0 && i + 1 < stream_count)
			bench_advance(bench, stream[i + 1].second);
	}
	bench_finish(bench);
	buf_destroy(&token);
}

static void run_model(const struct model *model)
{
	const struct bench_plan plan = {CEP_SEQUENCE, model->steps,
		.until = model->until ? "G" : NULL, .until_first = model->until_first,
		.keyed = model->keyed, .span_s = model->span};
	struct buf expected = {0};
	struct bench bench;

	bench_start(&bench);
	(void)bench_add(&bench, &plan);
	bench_ready(&bench);
	for (unsigned round = 0; round < 10; round++) {
		make_stream(7, dice(2) == 0);
		buf_clear(&expected);
		reference(model, &expected);
		sort_matches(&expected);
		for (size_t k = 0; k < expected.len; k++)
			matches_seen += expected.ptr[k] == ';';
		for (unsigned pauses = 0; pauses < 2; pauses++) {
			bench_renew(&bench);
			feed(&bench, pauses == 1);
			sort_matches(&bench.out);
			if (strcmp(bench.out.ptr, expected.ptr) != 0)
				print_message("steps %s keyed %d until %d first %d span %u\n",
					model->steps, model->keyed, model->until,
					model->until_first, model->span);
			assert_string_equal(bench.out.ptr, expected.ptr);
		}
	}
	bench_stop(&bench);
	buf_destroy(&expected);
}

static void test_sequences(void **state)
{
	(void)state;
	matches_seen = 0;
	for (unsigned i = 0; i < 100; i++) {
		struct model model;
		make_model(&model, false);
		run_model(&model);
	}
	assert_true(matches_seen > 1000);
}

static void test_missing_events(void **state)
{
	(void)state;
	matches_seen = 0;
	for (unsigned i = 0; i < 100; i++) {
		struct model model;
		make_model(&model, true);
		run_model(&model);
	}
	assert_true(matches_seen > 1000);
}

/* --- everything at once --- */

/* Any plan over any stream, with late events, little memory, restarts: nothing is lost but what is
 * counted, and nothing else happens that should not (the sanitizers see to that). */
static void random_plan(struct bench_plan *plan, char *steps, size_t size, struct cep_bound *bound)
{
	unsigned count = 1 + dice(4), len = 0;
	bool sequence;

	*plan = (struct bench_plan){.type = (enum cep_type)(CEP_SEQUENCE + dice(4)),
		.steps = steps,
		.keyed = dice(4) != 0,
		.optional = dice(3) == 0,
		.each = dice(2) == 0,
		.span_s = 1 + dice(20),
		.until = dice(3) == 0 ? "G" : NULL,
		.until_first = dice(2) == 0,
		.compare = dice(3) == 0,
		.aggregate = (enum cep_aggregate)dice(CEP_TEMPORAL_ORDERED + 1),
		.bounds = bound,
		.bound_count = 1,
		.percentile = dice(101)};
	*bound = (struct cep_bound){.op = (uint8_t)dice(CEP_NEQ + 1), .number = dice(4)};
	sequence = plan->type == CEP_SEQUENCE;
	for (unsigned i = 0; i < count; i++)
		len += (unsigned)snprintf(steps + len, size - len, "%s%c%s%s ",
			sequence && i > 0 && dice(5) == 0 ? "!" : "", 'A' + dice(5),
			sequence && dice(4) == 0 ? "*2" : "", sequence && dice(4) == 0 ? ">" : "");
}

static void feed_anything(struct bench *bench)
{
	struct buf token = {0};

	for (unsigned i = 0; i < stream_count; i++) {
		buf_clear(&token);
		if (dice(5) == 0) /* late */
			stream[i].second -= dice(stream[i].second);
		if (dice(4) == 0)
			buf_printf(&token, "k%u+", dice(40));
		if (dice(2) == 0)
			stream[i].key = 1 + dice(200);
		print_token(&token, i);
		buf_char(&token, '\0');
		bench_feed(bench, token.ptr);
		if (dice(20) == 0)
			bench_restart(bench);
		if (dice(10) == 0)
			bench_advance(bench, stream[i].second + dice(10));
	}
	buf_destroy(&token);
}

static void test_anything(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct bench_plan plans[4];
		struct cep_bound bounds[4];
		char steps[4][64];
		struct bench bench;
		struct cep_stats stats;
		bench_start(&bench);
		for (unsigned i = 0; i < 4; i++) {
			random_plan(&plans[i], steps[i], sizeof(steps[i]), &bounds[i]);
			(void)bench_add(&bench, &plans[i]);
		}
		bench.options.bytes_max = 1; /* as little as can be */
		bench.options.whole = dice(2) == 0;
		bench_ready(&bench);
		for (unsigned k = 0; k < 20; k++) {
			make_stream(7, true);
			feed_anything(&bench);
		}
		cep_stats(bench.cep, &stats);
		assert_true(stats.bytes < (128u << 10));
		bench_finish(&bench);
		cep_stats(bench.cep, &stats);
		assert_int_equal(stats.partials, 0);
		bench_advance(&bench, 0); /* what the last call gave is not held any more */
		assert_int_equal(bench.cep->slab.used_bytes, 0);
		bench_stop(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_missing_events),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
