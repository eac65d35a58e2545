#include "detect/cep/cep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/clock.h"
#include "detect/cep/test_bench.h"

static const struct bench_plan two = {CEP_SEQUENCE, "A B"};
static const struct bench_plan three = {CEP_SEQUENCE, "A B C"};
static const struct bench_plan keyed = {CEP_SEQUENCE, "A B C", .keyed = true};

/* The newest event of a step wins, a match uses each event once, later steps come first. */
static void test_state_machine(void **state)
{
	(void)state;
	bench_expect(&two, "A1 B2", "A1 B2;");
	bench_expect(&two, "B1 A2 B3 B4", "A2 B3;");
	bench_expect(&two, "A1 A2 B3 A4 B5 B6 A7", "A2 B3;A4 B5;");
	bench_expect(&three, "A1 B2 A3 B4 C5", "A3 B4 C5;");
	bench_expect(&three, "A1 B2 C3 B4", "A1 B2 C3;");
	bench_expect(&three, "C1 B2 C3 A4 B5 A6 C7", "A4 B5 C7;");
	bench_expect(&three, "A1 B2 A3 C4 B5 C6", "A1 B2 C4;A3 B5 C6;");
	bench_expect(&two, "AB1 AB2 AB3", "AB1 AB2;AB2 AB3;");
	bench_expect(&three, "ABC1 ABC2 ABC3 ABC4", "ABC1 ABC2 ABC3;ABC2 ABC3 ABC4;");
	bench_expect(&three, "AB1 BC2", "");
}

static void test_keys(void **state)
{
	(void)state;
	struct bench_plan caseless = keyed, optional = keyed;

	bench_expect(&keyed, "x|A1 x|A2 y|B3 x|B4 x|B5 y|A6 x|A7 y|B8 x|C9 y|C10 x|C11",
		"A2 B4 C9;A6 B8 C10;");
	bench_expect(&keyed, "x|A1 X|B2 x|B3 A4 B5 C6 x|C7", "A1 B3 C7;");
	caseless.caseless = true;
	bench_expect(&caseless, "x|A1 X|B2 x|C3", "A1 B2 C3;");
	optional.optional = true;
	bench_expect(&optional, "A1 x|B2 B3 C4", "A1 B3 C4;");
}

static void test_maxspan(void **state)
{
	struct bench_plan plan = three;

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
}

static void test_late_events(void **state)
{
	struct bench_plan plan = two;

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
	(void)bench_add(&bench, &two);
	bench.options.host = bench.host;
	bench_ready(&bench);
	bench_feed(&bench, "A1@h A2@i B3@h B4@i B5");
	bench_finish(&bench);
	assert_string_equal(bench.out.ptr, "A1 B3;A2 B4;");
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
