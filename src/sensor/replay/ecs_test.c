#include "sensor/replay/ecs.h"

#include "sensor/replay/auto.h"
#include "sensor/replay/replay_test.h"

static void hits_are_unwrapped__and_records_numbered(void **state)
{
	struct run run;

	run_text(&run, &auto_sensor_ops,
		"{\"took\":1,\"hits\":{\"hits\":[{\"_index\":\"i\",\"_source\":{\"process\":{"
		"\"name\":"
		"\"a\"}}},\n{\"_id\":1,\"_source\":{\"process\":x}},\n{\"_index\":\"i\",\"fields\":"
		"{"
		"\"process.name\":[\"b\"]}},{\"process\":{\"name\":\"c\"}}]}}");
	assert_int_equal(run.rc, -ENODATA);
	assert_int_equal(run.stats.records, 4);
	assert_int_equal(run.stats.skipped, 1);
	assert_int_equal(run.batch->count, 3);
	assert_string_equal(run_field(&run, 0, "process.name"), "a");
	assert_string_equal(run_field(&run, 1, "process.name"), "b");
	assert_string_equal(run_field(&run, 2, "process.name"), "c");
	assert_int_equal(run.batch->events[2]->index, 3);
	assert_int_equal(run.report_count, 1);
	assert_string_equal(run.reports[0], "2:31 expected a value");
	run_end(&run);
}

static void inputs__are_numbered_over_all_and_each(void **state)
{
	char one[64], two[64];
	struct run run;

	test_file(one, ".json", "{\"a\":1}\nbad\n{\"b\":1}\n", 20);
	test_file(two, ".json", "{\"c\":1}\n", 8);
	run_files(&run, &ecs_sensor_ops, (const char *const[]){one, two}, 2);
	assert_int_equal(run.batch->count, 3);
	const struct event *last = run.batch->events[2];
	assert_true(last->index == 3 && last->file_index == 0 && last->source == 1);
	assert_int_equal(run.batch->events[1]->file_index, 2);
	assert_int_equal(run.stats.bytes, 28);
	run_end(&run);
	(void)unlink(two);
	run_files(&run, &ecs_sensor_ops, (const char *const[]){one, two}, 2);
	assert_int_equal(run.rc, -ENOENT);
	run_end(&run);
	(void)unlink(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hits_are_unwrapped__and_records_numbered),
		cmocka_unit_test(inputs__are_numbered_over_all_and_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
