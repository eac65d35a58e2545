#include "sensor/replay/ecs.h"

#include <sys/stat.h>
#include <sys/wait.h>
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

static void what_merlon_printed__is_ecs_again(void **state)
{
	struct run run;

	run_text(&run, &auto_sensor_ops,
		"{\"event\":{\"action\":\"exec\",\"category\":[\"process\"]},\"es\":{"
		"\"instigator\":{"
		"\"pidversion\":1},\"event_type\":9,\"mach_time\":1,\"seq_num\":1,\"process\":{}}}"
		"\n");
	assert_int_equal(run.batch->count, 1);
	assert_int_equal(run.batch->events[0]->kind, KIND_process_exec);
	assert_null(run.batch->events[0]->raw_key);
	run_end(&run);
}

/* A pipe gives what its writer has written so far, byte by byte. */
static void small_pieces__are_told_apart_too(void **state)
{
	static const char text[] =
		"{\n \"header\": {\"event_id\": 1, \"event_name\": \"AUE_EXIT\"},\n"
		" \"subject\": {},\n \"return\": {}\n}\n";
	char path[64];
	struct run run;

	(void)snprintf(path, sizeof(path), "/tmp/merlon-test-%d", (int)getpid());
	assert_int_equal(mkfifo(path, 0600), 0);
	pid_t child = fork();
	if (child == 0) {
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		for (size_t i = 0; i < sizeof(text) - 1; i++)
			if (write(fd, text + i, 1) != 1 || usleep(200) != 0)
				_exit(1);
		_exit(0);
	}
	run_files(&run, &auto_sensor_ops, (const char *const[]){path}, 1);
	(void)unlink(path);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(run.batch->count, 1);
	assert_int_equal(run.batch->events[0]->kind, KIND_process_exit);
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hits_are_unwrapped__and_records_numbered),
		cmocka_unit_test(inputs__are_numbered_over_all_and_each),
		cmocka_unit_test(what_merlon_printed__is_ecs_again),
		cmocka_unit_test(small_pieces__are_told_apart_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
