#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/pool.h"
#include "agent/reorder.h"
#include "base/clock.h"
#include "base/err.h"

static struct fields *fields;
static struct pool *pool;
static struct batch *batch;

static int setup(void **state)
{
	struct err err = {0};

	return fields_create(&fields, &err) != 0 || fields_freeze(fields, &err) != 0 ||
	       pool_create(fields, 1 << 20, &pool) != 0 || (batch = pool_take(pool)) == NULL;
}

static int teardown(void **state)
{
	pool_destroy(pool);
	fields_destroy(fields);
	return 0;
}

static void push(struct reorder *r, uint64_t seconds, uint64_t index)
{
	event_begin(batch, KIND_document, seconds * NS_PER_S)->index = index;
	assert_int_equal(reorder_push(r, event_commit(batch)), 0);
}

/* The index of the next event whose turn has come, or -1. */
static int64_t pop(struct reorder *r, bool flush)
{
	const struct event *event = reorder_pop(r, flush);

	if (event == NULL)
		return -1;
	int64_t index = (int64_t)event->index;
	pool_unref(pool, event->batch);
	return index;
}

static void order__is_by_time_then_by_input(void **state)
{
	struct reorder *r;
	static const int64_t expected[] = {1, 0, 2, 5, 3, 4, -1};

	assert_int_equal(reorder_create(5 * NS_PER_S, 100, &r), 0);
	push(r, 12, 0);
	push(r, 10, 1);
	push(r, 12, 2);
	push(r, 14, 3);
	push(r, 0, 4); /* no time: stays behind the newest */
	push(r, 13, 5);
	assert_int_equal(pop(r, false), -1);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(pop(r, true), expected[i]);
	reorder_destroy(r);
	assert_int_equal(batch->refs, 1);
}

static void window__lets_go_what_is_due_and_counts_the_late(void **state)
{
	struct reorder *r;
	struct reorder_stats stats;

	assert_int_equal(reorder_create(5 * NS_PER_S, 100, &r), 0);
	push(r, 10, 0);
	push(r, 11, 1);
	push(r, 15, 2);
	assert_int_equal(pop(r, false), 0);
	assert_int_equal(pop(r, false), -1);
	reorder_advance(r, 16 * NS_PER_S);
	assert_int_equal(pop(r, false), 1);
	push(r, 2, 3);
	assert_int_equal(pop(r, false), 3);
	reorder_stats(r, &stats);
	assert_int_equal(stats.late, 1);
	assert_int_equal(pop(r, true), 2);
	reorder_destroy(r);
}

static void bound__makes_the_oldest_leave_early(void **state)
{
	struct reorder *r;
	struct reorder_stats stats;

	assert_int_equal(reorder_create(5 * NS_PER_S, 3, &r), 0);
	for (uint64_t i = 0; i < 5; i++)
		push(r, 100, i);
	assert_int_equal(pop(r, false), 0);
	assert_int_equal(pop(r, false), 1);
	assert_int_equal(pop(r, false), -1);
	assert_non_null(reorder_shed(r));
	reorder_stats(r, &stats);
	assert_int_equal(stats.early, 3);
	while (pop(r, true) >= 0)
		;
	reorder_destroy(r);
}

static void order__holds_for_many_shuffled(void **state)
{
	struct reorder *r;
	uint32_t random = 12345;
	uint64_t last = 0;
	unsigned count = 0;
	const struct event *event;

	assert_int_equal(reorder_create(NS_PER_S * 10000, 100000, &r), 0);
	for (unsigned i = 0; i < 5000; i++) {
		random = random * 1664525u + 1013904223u;
		push(r, 1 + (random >> 20), i);
	}
	while ((event = reorder_pop(r, true)) != NULL) {
		assert_true(event->time_ns >= last);
		last = event->time_ns;
		count++;
		pool_unref(pool, event->batch);
	}
	assert_int_equal(count, 5000);
	reorder_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(order__is_by_time_then_by_input, setup, teardown),
		cmocka_unit_test_setup_teardown(
			window__lets_go_what_is_due_and_counts_the_late, setup, teardown),
		cmocka_unit_test_setup_teardown(
			bound__makes_the_oldest_leave_early, setup, teardown),
		cmocka_unit_test_setup_teardown(order__holds_for_many_shuffled, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
