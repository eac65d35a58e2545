#include "detect/cep/cep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/clock.h"
#include "detect/cep/test_bench.h"

static const struct bench_plan pair = {CEP_SEQUENCE, "A B"};
static const struct bench_plan triple = {CEP_SEQUENCE, "A B C"};
static const struct bench_plan keyed = {CEP_SEQUENCE, "A B C", .keyed = true};

/* The newest event of a step wins, a match uses each event once, later steps come first. */
static void test_state_machine(void **state)
{
	(void)state;
	bench_expect(&pair, "A1 B2", "A1 B2;");
	bench_expect(&pair, "B1 A2 B3 B4", "A2 B3;");
	bench_expect(&pair, "A1 A2 B3 A4 B5 B6 A7", "A2 B3;A4 B5;");
	bench_expect(&triple, "A1 B2 A3 B4 C5", "A3 B4 C5;");
	bench_expect(&triple, "A1 B2 C3 B4", "A1 B2 C3;");
	bench_expect(&triple, "C1 B2 C3 A4 B5 A6 C7", "A4 B5 C7;");
	bench_expect(&triple, "A1 B2 A3 C4 B5 C6", "A1 B2 C4;A3 B5 C6;");
	bench_expect(&pair, "AB1 AB2 AB3", "AB1 AB2;AB2 AB3;");
	bench_expect(&triple, "ABC1 ABC2 ABC3 ABC4", "ABC1 ABC2 ABC3;ABC2 ABC3 ABC4;");
	bench_expect(&triple, "AB1 BC2", "");
}

static void test_keys(void **state)
{
	(void)state;
	struct bench_plan caseless = keyed, optional = keyed, each = keyed;

	bench_expect(&keyed, "x|A1 x|A2 y|B3 x|B4 x|B5 y|A6 x|A7 y|B8 x|C9 y|C10 x|C11",
		"A2 B4 C9;A6 B8 C10;");
	bench_expect(&keyed, "x|A1 X|B2 x|B3 A4 B5 C6 x|C7", "A1 B3 C7;");
	bench_expect(&keyed, "x+y|A1 x|B2 x+y|B3 y+x|C4 x+y|C5", "A1 B3 C5;");
	each.each = true;
	bench_expect(&each, "x+y|A1 x|B2 y+z|B3 z|C4 y+x|C5", "A1 B3 C5;A1 B2 C5;");
	bench_expect(&each, "x+x|A1 x|B2 x+x|C3", "A1 B2 C3;");
	caseless.caseless = true;
	bench_expect(&caseless, "x|A1 X|B2 x|C3", "A1 B2 C3;");
	optional.optional = true;
	bench_expect(&optional, "A1 x|B2 B3 C4", "A1 B3 C4;");
}

static void test_maxspan(void **state)
{
	struct bench_plan plan = triple;

	(void)state;
	plan.span_s = 10;
	bench_expect(&plan, "A1 B2 C11", "A1 B2 C11;");
	bench_expect(&plan, "A1 B2 C12", "");
	bench_expect(&plan, "A1 B2 A3 B12 C13", "A3 B12 C13;");
}

static void test_until(void **state)
{
	struct bench_plan plan = {CEP_SEQUENCE, "A B", .until = "U", .keyed = true};

	(void)state;
	bench_expect(&plan, "x|A1 y|U2 x|B3", "A1 B3;");
	bench_expect(&plan, "x|A1 x|U2 x|B3 x|A4 x|B5", "A4 B5;");
	/* the event that ends also completes; what it begins has ended already */
	bench_expect(&plan, "x|A1 x|BU2", "A1 BU2;");
	bench_expect(&plan, "x|AU1 x|B2", "");
	plan.until_first = true;
	bench_expect(&plan, "x|A1 x|BU2", "");
	bench_expect(&plan, "x|AU1 x|B2", "AU1 B2;");
}

static void test_runs_and_fork(void **state)
{
	struct bench_plan plan = {CEP_SEQUENCE, "A*2 B"};
	struct bench_plan fork = {CEP_SEQUENCE, "A B> C"};

	(void)state;
	bench_expect(&plan, "A1 B2 A3 B4", "A1 A3 B4;");
	bench_expect(&plan, "A1 A2 A3 B4 B5", "A2 A3 B4;");
	plan.steps = "A B*3";
	bench_expect(&plan, "A1 B2 B3 A4 B5 B6 B7 B8", "A1 B2 B3 B5;A4 B5 B6 B7;");
	bench_expect(&fork, "A1 B2 C3 B4 C5 C6", "A1 B2 C3;A1 B4 C5;");
	fork.steps = "A B>";
	bench_expect(&fork, "A1 B2 B3", "A1 B2;A1 B3;");
}

static void test_missing_in_between(void **state)
{
	struct bench_plan plan = {CEP_SEQUENCE, "A !M B", .span_s = 60};

	(void)state;
	bench_expect(&plan, "A1 B2", "A1 - B2;");
	bench_expect(&plan, "A1 M2 B3", "");
	bench_expect(&plan, "M1 A2 B3 M4", "A2 - B3;");
	/* at the same time as its neighbours it does not come between them */
	bench_expect(&plan, "A1 M1 B2 A3 M4 B4", "A1 - B2;A3 - B4;");
	plan.steps = "A A !M A";
	bench_expect(&plan, "A1 A2 M3 A4 A5 M6", "A2 A4 - A5;");
	plan.steps = "A B !M C";
	/* spoiled partial matches go on, and take the place of others */
	bench_expect(&plan, "A1 B2 M3 B4 C5", "");
	plan.steps = "A*2 !M*2 B";
	bench_expect(&plan, "A1 A2 B3", "A1 A2 - - B3;");
}

static void test_missing_at_the_ends(void **state)
{
	struct bench_plan plan = {CEP_SEQUENCE, "!M A", .span_s = 180};
	struct bench_plan both = {CEP_SEQUENCE, "!M A !M", .span_s = 1140};
	static const char events[] = "M1 A601 M1201 A1261 A1741 A1861";

	(void)state;
	bench_expect(&plan, events, "- A601;- A1741;- A1861;");
	bench_expect(&plan, "M5 A5 A6", "- A5;");
	plan.steps = "A !M";
	bench_expect(&plan, "A1 A2 M3 A4 A5 M185 A186 A367", "A4 -;A186 -;A367 -;");
	bench_expect(&plan, "A1 M1 A2", "A1 -;A2 -;");
	/* both ends together must not fit into the span */
	bench_expect(&both, events, "- A601 -;- A1261 -;- A1741 -;- A1861 -;");
	both.span_s = 1260;
	bench_expect(&both, events, "- A1261 -;- A1741 -;- A1861 -;");
}

/* Several may wait where a test chooses among them. */
static void test_references(void **state)
{
	struct bench_plan plan = {CEP_SEQUENCE, "A B C", .compare = true};

	(void)state;
	bench_expect(&plan, "x|A1 y|A2 x|B3 z|B4 y|B5 x|C6 y|C7", "A1 B3 C6;A2 B5 C7;");
	bench_expect(&plan, "x|A1 x|A2 x|B3 x|B4 x|C5", "A2 B3 C5;");
	plan.steps = "A !M B";
	plan.span_s = 60;
	bench_expect(&plan, "x|A1 y|M2 x|B3 x|A4 x|M5 x|B6", "A1 - B3;");
}

static void test_late_events(void **state)
{
	struct bench_plan plan = pair;

	(void)state;
	plan.span_s = 10;
	bench_expect(&plan, "A5 B3 B6", "A5 B6;");
	bench_expect(&plan, "A5 A3 B6", "A5 B6;");
	bench_expect(&plan, "C9 A5 B6", "A5 B6;");
	bench_expect(&plan, "A1 A1 B1", "A1 B1;");
}

static void test_hosts(void **state)
{
	struct bench bench;

	(void)state;
	bench_start(&bench);
	(void)bench_add(&bench, &pair);
	bench.options.host = bench.host;
	bench_ready(&bench);
	bench_feed(&bench, "A1@h A2@i B3@h B4@i B5");
	bench_finish(&bench);
	assert_string_equal(bench.out.ptr, "A1 B3;A2 B4;");
	bench_stop(&bench);
}

static void test_joins(void **state)
{
	struct bench_plan plan = {CEP_JOIN, "A B", .keyed = true};
	struct bench_plan until = {CEP_JOIN, "A B", .until = "U", .keyed = true};

	(void)state;
	bench_expect(&plan, "x|B1 y|B2 x|A3 x|A4 x|B5 y|A6", "A3 B1;A4 B5;A6 B2;");
	bench_expect(&plan, "x|A1 x|A2 x|B3 x|B4", "A1 B3;");
	bench_expect(&plan, "x|AB1 x|AB2", "AB1 AB1;AB2 AB2;");
	bench_expect(&until, "x|A1 x|U2 x|B3 x|A4", "A4 B3;");
	bench_expect(&until, "x|A1 x|BU2 x|A3", "A3 BU2;");
	bench_expect(&plan, "A1 B2", "");
	until.optional = true;
	bench_expect(&until, "A1 B2", "A1 B2;");
}

static void expect_sample(bool whole, const char *steps, const char *events, const char *expected)
{
	const struct bench_plan plan = {CEP_SAMPLE, steps, .keyed = true};
	struct bench bench;

	bench_start(&bench);
	(void)bench_add(&bench, &plan);
	bench.options.whole = whole;
	bench_ready(&bench);
	bench_feed(&bench, events);
	bench_finish(&bench);
	assert_string_equal(bench.out.ptr, expected);
	bench_stop(&bench);
}

static void test_samples(void **state)
{
	(void)state;
	expect_sample(false, "A B", "x|B9 y|B8 x|A2 x|A3 x|B4 z|A5", "A2 B9;");
	expect_sample(false, "A B", "x|AB1", "");
	expect_sample(false, "A B", "x|AB1 x|AB2 x|AB3", "AB1 AB2;");
	expect_sample(false, "A B", "x|A1 x|AB2", "A1 AB2;");
	/* two at first, then the first choice among all */
	expect_sample(false, "A B", "x|AB1 x|A2 x|B3", "A2 AB1;");
	expect_sample(true, "A B", "x|AB1 x|A2 x|B3", "AB1 B3;");
	expect_sample(true, "A B C", "x|AB1 x|BC2 x|AC3 y|A4", "AB1 BC2 AC3;");
	expect_sample(true, "A B C", "x|ABC1 x|A2 x|B3", "A2 B3 ABC1;");
	expect_sample(true, "A B C", "x|ABC1 x|AB2", "");
}

static void expect_relation(enum cep_relation_type type, bool ends, const char *steps,
	const char *events, const char *expected)
{
	struct bench bench;
	struct cep_relation relation = {.type = (uint8_t)type};
	struct bench_plan plan = {
		CEP_SINGLE, steps, .relations = &relation, .relation_count = 1, .related = steps};

	bench_start(&bench);
	relation.mark = bench_letter(&bench, 'M');
	relation.process = bench.process;
	relation.parent = bench.parent;
	if (ends) {
		relation.start = bench_letter(&bench, 'S');
		relation.end = bench_letter(&bench, 'E');
	}
	(void)bench_add(&bench, &plan);
	bench_ready(&bench);
	bench_feed(&bench, events);
	bench_finish(&bench);
	assert_string_equal(bench.out.ptr, expected);
	bench_stop(&bench);
}

static void test_relations(void **state)
{
	static const char events[] = "M1<1,0 A2<2,1 A3<3,2 A4<1,0 A5<9,8 A6<3 A7";

	(void)state;
	expect_relation(CEP_DESCENDANT_OF, false, "A", events, "A2;A3;A6;");
	expect_relation(CEP_CHILD_OF, false, "A", events, "A2;");
	expect_relation(CEP_EVENT_OF, false, "A", "A1<1,0 MA2<1,0 A3<2,1 A4<1", "MA2;A4;");
	/* only what starts behind the mark, and not behind its end */
	expect_relation(CEP_CHILD_OF, true, "A", "S1<2,1 M2<1,0 A3<2,1 S4<3,1 A5<3,1 AE6<3,1 A7<3",
		"A5;AE6;");
	expect_relation(
		CEP_DESCENDANT_OF, true, "A", "M1<1,0 SA2<2,1 SA3<3,2 E4<2,1 SA5<4,2", "SA2;SA3;");
}

#define GTE(n) &(const struct cep_bound){CEP_GTE, n}, .bound_count = 1

static void expect_window(enum cep_aggregate aggregate, const struct cep_bound *bounds,
	uint32_t bound_count, const char *events, const char *expected)
{
	const struct bench_plan plan = {CEP_WINDOW, "A", .keyed = true, .span_s = 10,
		.aggregate = aggregate, .bounds = bounds, .bound_count = bound_count,
		.percentile = 75};

	bench_expect(&plan, events, expected);
}

static void test_counts(void **state)
{
	const struct cep_bound three[] = {{CEP_GTE, 3}}, range[] = {{CEP_GT, 1}, {CEP_LT, 3}};
	const struct cep_bound few[] = {{CEP_LT, 2}};

	(void)state;
	expect_window(CEP_EVENT_COUNT, three, 1, "x|A1 x|A2 y|A3 x|A4 x|A5", "A1 A2 A4;");
	/* the window reaches back its whole length; what goes on holding from event to event is one */
	expect_window(CEP_EVENT_COUNT, three, 1, "x|A1 x|A2 x|A11 x|A12 x|A20", "A1 A2 A11;");
	expect_window(CEP_EVENT_COUNT, three, 1,
		"x|A1 x|A2 x|A12 x|A13 x|A14 x|A15 x|A30 x|A31 x|A32", "A12 A13 A14;A30 A31 A32;");
	expect_window(CEP_EVENT_COUNT, three, 1, "A1 A2 A3", "");
	expect_window(CEP_EVENT_COUNT, range, 2, "x|A1 x|A2 x|A3 x|A13", "A1 A2;A3 A13;");
	expect_window(CEP_EVENT_COUNT, few, 1, "x|A1 x|A2 x|A30", "A1;A30;");
	/* more events in the window than the bound allows leave it */
	expect_window(CEP_EVENT_COUNT, few, 1, "x|A1 x|A2 x|A3 x|A11 x|A12 x|A13 x|A24", "A1;A24;");
	/* late: judged with what was there and is not later */
	expect_window(CEP_EVENT_COUNT, three, 1, "x|A1 x|A5 x|A3 x|A6", "A1 A3 A5 A6;");
}

static void test_values(void **state)
{
	const struct cep_bound three[] = {{CEP_GTE, 3}}, ten[] = {{CEP_GTE, 10}};
	const struct cep_bound rare[] = {{CEP_LTE, 30}};

	(void)state;
	expect_window(CEP_VALUE_COUNT, three, 1, "x|A1=a x|A2=b x|A3=a y|A4=c x|A5 x|A6=c x|A7=d",
		"A1 A2 A3 A6;");
	expect_window(
		CEP_VALUE_COUNT, three, 1, "x|A1=a x|A2=b x|A12=c x|A13=d x|A14=a", "A12 A13 A14;");
	expect_window(CEP_VALUE_SUM, ten, 1, "x|A1=4 x|A2=5 x|A3=no x|A4=1 x|A5=1 x|A15=9 x|A26=10",
		"A1 A2 A4;A26;");
	expect_window(
		CEP_VALUE_AVG, ten, 1, "x|A1=4 x|A2=16 x|A3=1 x|A4=100", "A1 A2;A1 A2 A3 A4;");
	expect_window(
		CEP_VALUE_MEDIAN, ten, 1, "x|A1=8 x|A2=12 x|A3=1 x|A4=99", "A1 A2;A1 A2 A3 A4;");
	expect_window(CEP_VALUE_PERCENTILE, ten, 1, "x|A1=4 x|A2=12 x|A3=12", "A1 A2;");
	expect_window(CEP_VALUE_PERCENTILE, ten, 1, "x|A1=4 x|A2=11.9 x|A3=12", "A1 A2 A3;");
	expect_window(CEP_VALUE_RANK, rare, 1, "x|A1=5 x|A2=6 x|A3=7 x|A4=1 x|A5=a x|A6=a x|A7=b",
		"A1 A2 A3 A4;A1 A2 A3 A4 A5;A1 A2 A3 A4 A5 A6 A7;");
}

static void test_temporal(void **state)
{
	struct bench_plan plan = {CEP_WINDOW, "A B C", .keyed = true, .span_s = 10,
		.aggregate = CEP_TEMPORAL, .bounds = GTE(3)};

	(void)state;
	bench_expect(&plan, "x|C1 x|A2 y|B3 x|B4 x|A5", "C1 A2 B4;");
	bench_expect(&plan, "x|C1 x|A2 x|B12", "");
	bench_expect(&plan, "x|ABC1", "ABC1;");
	plan.aggregate = CEP_TEMPORAL_ORDERED;
	bench_expect(&plan, "x|C1 x|A2 x|B4 x|A5 x|C6 x|C7", "C1 A2 B4 A5 C6;");
	bench_expect(&plan, "x|ABC1 x|ABC2 x|ABC3", "ABC1 ABC2 ABC3;");
	bench_expect(&plan, "x|A1 x|A2 x|B3 x|C12 x|C13", "A2 B3 C12;");
	bench_expect(&plan, "x|A1 x|B2 x|C12", "");
	bench_expect(&plan, "x|A1 x|C5 x|B3 x|C6", "A1 B3 C5 C6;");
}

static void test_terms(void **state)
{
	const struct cep_term either[] = {{CEP_TERM_STEP, 0}, {CEP_TERM_STEP, 1}, {CEP_TERM_AND, 0},
		{CEP_TERM_STEP, 2}, {CEP_TERM_OR, 0}};
	const struct cep_term without[] = {
		{CEP_TERM_STEP, 0}, {CEP_TERM_STEP, 1}, {CEP_TERM_NOT, 0}, {CEP_TERM_AND, 0}};
	struct bench_plan plan = {CEP_WINDOW, "A B C", .keyed = true, .span_s = 10,
		.aggregate = CEP_TEMPORAL, .terms = either, .term_count = 5};

	(void)state;
	bench_expect(&plan, "x|A1 x|B2 x|C3 y|C4", "A1 B2;C4;");
	plan.steps = "A B";
	plan.terms = without;
	plan.term_count = 4;
	bench_expect(&plan, "x|A1 x|A2 y|A3 x|B11 z|A12 y|B14", "A3;A12;");
	bench_expect(&plan, "x|B1 x|A2 x|A12", "A12;");
}

/* Plans as steps of plans: "many, then a success". */
static void test_chains(void **state)
{
	struct bench bench;
	const struct rule *rules[2];
	const struct bench_plan many = {CEP_WINDOW, "F", .keyed = true, .span_s = 5,
		.role = RULE_STEP, .aggregate = CEP_EVENT_COUNT, .bounds = GTE(3)};
	const struct bench_plan trailing = {CEP_SEQUENCE, "A !M", .span_s = 5};
	struct bench_plan then = {CEP_WINDOW, "A S", .keyed = true, .span_s = 3, .rules = rules,
		.aggregate = CEP_TEMPORAL_ORDERED, .bounds = GTE(2)};
	struct bench_plan follow = {CEP_SEQUENCE, "A B", .rules = rules};

	(void)state;
	bench_start(&bench);
	rules[1] = bench_letter(&bench, 'S');
	rules[0] = bench_add(&bench, &many);
	(void)bench_add(&bench, &then);
	bench_ready(&bench);
	bench_feed(&bench, "x|F1 x|F2 x|S3 x|F4 x|S5 y|S6 x|F7 x|F8 x|F9 x|F10 x|S20 x|F30");
	bench_finish(&bench);
	assert_string_equal(bench.out.ptr, "S3 F4 S5;");
	bench_stop(&bench);
	bench_start(&bench);
	rules[1] = bench_letter(&bench, 'S');
	rules[0] = bench_add(&bench, &trailing);
	(void)bench_add(&bench, &follow);
	bench_ready(&bench);
	/* the inner plan is known at 7 to have matched at 1 */
	bench_feed(&bench, "A1 S3 S7 A8 M9 S20");
	bench_finish(&bench);
	assert_string_equal(bench.out.ptr, "A1 -;A1 S7;");
	bench_stop(&bench);
}

/* A rule that reads otherwise, or is gone, loses its state; others keep theirs. */
static void test_other_rules_after_restart(void **state)
{
	const struct bench_plan ab = {CEP_SEQUENCE, "A B"}, cd = {CEP_SEQUENCE, "C D"};
	struct bench_plan slow = {CEP_SEQUENCE, "E F", .span_s = 50};
	struct bench before, after;
	struct buf saved = {0};

	(void)state;
	bench_start(&before);
	(void)bench_add(&before, &ab);
	(void)bench_add(&before, &slow);
	(void)bench_add(&before, &cd);
	bench_ready(&before);
	bench_feed(&before, "A1 C2 E3");
	bench_save(&before, &saved);
	bench_start(&after);
	field_id more; /* fields have other numbers now */
	assert_int_equal(fields_intern(after.fields, STR("more"), &more, &after.err), 0);
	slow.span_s = 60;
	(void)bench_add(&after, &slow);
	(void)bench_add(&after, &ab);
	bench_ready(&after);
	assert_int_equal(bench_restore(&after, &saved), 2);
	bench_feed(&after, "B4 D5 F6");
	bench_finish(&after);
	assert_string_equal(after.out.ptr, "A1 B4;");
	bench_stop(&before);
	bench_stop(&after);
	buf_destroy(&saved);
}

/* Bytes cut off or changed at any place: an error or another state, never a crash. */
static void test_damaged_state(void **state)
{
	const struct bench_plan missing = {
		CEP_SEQUENCE, "!M A*2 !M B", .span_s = 50, .keyed = true};
	const struct bench_plan join = {CEP_JOIN, "A B C", .keyed = true};
	const struct bench_plan count = {CEP_WINDOW, "A", .keyed = true, .span_s = 50,
		.aggregate = CEP_VALUE_COUNT, .bounds = GTE(9)};
	struct bench bench;
	struct buf saved = {0};
	uint64_t dropped;

	(void)state;
	bench_start(&bench);
	(void)bench_add(&bench, &missing);
	(void)bench_add(&bench, &join);
	(void)bench_add(&bench, &count);
	bench_ready(&bench);
	bench_feed(&bench, "x|M1 x|A2=a x|A3=b y|A4=a x|A5=a x|M6");
	bench_save(&bench, &saved);
	char *copy = malloc(saved.len);
	for (size_t len = 0; len < saved.len; len++) {
		bench_renew(&bench);
		memcpy(copy, saved.ptr, saved.len);
		assert_int_not_equal(
			cep_restore(bench.cep, str_n(copy, len), &dropped, &bench.err), 1);
		copy[len] = (char)(copy[len] ^ (1 << len % 8));
		bench_renew(&bench);
		(void)cep_restore(bench.cep, str_n(copy, saved.len), &dropped, &bench.err);
		bench_feed(&bench, "x|A7=c x|B8=d y|C9=e");
		bench_finish(&bench);
	}
	free(copy);
	buf_destroy(&saved);
	bench_stop(&bench);
}

/* What expires first goes first, and is counted. */
static void test_memory_limit(void **state)
{
	const struct bench_plan slow = {CEP_SEQUENCE, "A B", .keyed = true, .span_s = 1000000};
	const struct bench_plan fast = {CEP_SEQUENCE, "C D", .keyed = true, .span_s = 999900};
	struct bench bench;
	struct cep_stats stats;
	char text[64];

	(void)state;
	bench_start(&bench);
	bench.options.bytes_max = 65536;
	(void)bench_add(&bench, &slow);
	(void)bench_add(&bench, &fast);
	bench_ready(&bench);
	for (unsigned i = 1; i <= 2000; i++) {
		(void)snprintf(text, sizeof(text), "k%u|%c%u", i, i % 2 == 0 ? 'C' : 'A', i);
		bench_feed(&bench, text);
	}
	cep_stats(bench.cep, &stats);
	assert_true(stats.bytes <= 65536 + 1024);
	assert_int_equal(stats.evicted + stats.partials, 2000);
	assert_true(stats.partials > 200);
	bench_feed(&bench, "k2|D2001 k2000|D2001 k1|B2001 k1999|B2001");
	bench_finish(&bench);
	assert_string_equal(bench.out.ptr, "C2000 D2001;A1999 B2001;");
	bench_stop(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_machine),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_maxspan),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_runs_and_fork),
		cmocka_unit_test(test_missing_in_between),
		cmocka_unit_test(test_missing_at_the_ends),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_late_events),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_joins),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_relations),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_temporal),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_other_rules_after_restart),
		cmocka_unit_test(test_damaged_state),
		cmocka_unit_test(test_memory_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
