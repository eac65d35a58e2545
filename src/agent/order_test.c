#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "agent/order.h"
#include "base/err.h"

/* Runs of a few hundred bytes: many are spilled and merged. */
static void events__come_back_sorted_and_whole(void **state)
{
	struct fields *fields;
	struct batch *batch;
	struct order *order;
	struct event *event;
	struct err err = {0};
	field_id own;
	uint64_t last_time = 0, last_index = 0;
	unsigned count = 0;
	int rc;

	assert_int_equal(fields_create(&fields, &err), 0);
	assert_int_equal(fields_intern(fields, STR("own.name"), &own, &err), 0);
	fields_want_all(fields);
	assert_int_equal(fields_freeze(fields, &err), 0);
	assert_int_equal(batch_create(fields, &batch), 0);
	assert_int_equal(order_create(fields, 2000, FIELD_none, &order, &err), 0);
	for (uint64_t i = 0; i < 200; i++) {
		struct event *added = event_begin(batch, KIND_process_exec, 300 - (i * 37 % 50));
		added->index = i;
		added->source = 3;
		ev_uint(batch, own, i);
		assert_int_equal(order_add(order, event_commit(batch), &err), 0);
	}
	while ((rc = order_next(order, batch, &event, &err)) == 1) {
		assert_true(event->time_ns >= last_time);
		if (event->time_ns == last_time)
			assert_true(event->index > last_index);
		assert_int_equal(event_get(event, own)->i64, event->index);
		assert_int_equal(event->source, 3);
		last_time = event->time_ns;
		last_index = event->index;
		count++;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(count, 200);
	order_destroy(order);
	batch_destroy(batch);
	fields_destroy(fields);
}

static void runs__go_where_TMPDIR_says(void **state)
{
	struct fields *fields;
	struct batch *batch;
	struct order *order;
	struct err err = {0};
	int rc = 0;

	assert_int_equal(setenv("TMPDIR", "/nonexistent/merlon", 1), 0);
	assert_int_equal(fields_create(&fields, &err), 0);
	assert_int_equal(fields_freeze(fields, &err), 0);
	assert_int_equal(batch_create(fields, &batch), 0);
	assert_int_equal(order_create(fields, 100, FIELD_none, &order, &err), 0);
	for (unsigned i = 0; i < 20 && rc == 0; i++) {
		(void)event_begin(batch, KIND_process_exec, 1);
		rc = order_add(order, event_commit(batch), &err);
	}
	assert_int_equal(rc, -ENOENT);
	assert_int_equal(unsetenv("TMPDIR"), 0);
	order_destroy(order);
	batch_destroy(batch);
	fields_destroy(fields);
}

/* At one time: without a tiebreaker first, then numbers, then texts. */
static void ties__go_by_the_tiebreaker(void **state)
{
	static const uint64_t order_wanted[] = {2, 1, 4, 0, 5, 3};
	struct fields *fields;
	struct batch *batch;
	struct order *order;
	struct event *event;
	struct err err = {0};
	field_id tie;
	unsigned count = 0;

	assert_int_equal(fields_create(&fields, &err), 0);
	assert_int_equal(fields_intern(fields, STR("tie"), &tie, &err), 0);
	fields_want_all(fields);
	assert_int_equal(fields_freeze(fields, &err), 0);
	assert_int_equal(batch_create(fields, &batch), 0);
	assert_int_equal(order_create(fields, 100, tie, &order, &err), 0);
	for (uint64_t i = 0; i < 6; i++) {
		struct event *added = event_begin(batch, KIND_process_exec, 7);
		added->index = i;
		if (i == 0 || i == 1 || i == 4)
			ev_int(batch, tie, i == 0 ? 12 : i == 1 ? -3 : 11);
		else if (i != 2)
			ev_cstr(batch, tie, i == 3 ? "b" : "a");
		assert_int_equal(order_add(order, event_commit(batch), &err), 0);
	}
	while (order_next(order, batch, &event, &err) == 1)
		assert_int_equal(event->index, order_wanted[count++]);
	assert_int_equal(count, 6);
	order_destroy(order);
	batch_destroy(batch);
	fields_destroy(fields);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events__come_back_sorted_and_whole),
		cmocka_unit_test(ties__go_by_the_tiebreaker),
		cmocka_unit_test(runs__go_where_TMPDIR_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
