#include "sensor/replay/merlon.h"

#include "event/recording.h"
#include "sensor/replay/auto.h"
#include "sensor/replay/replay_test.h"

/* A recording of count exec events, pids from 1 on, in out. */
static void record(struct buf *out, int count)
{
	struct recording_writer *writer = NULL;
	struct fields *fields = NULL;
	struct batch *batch = NULL;

	assert_int_equal(fields_create(&fields, NULL), 0);
	fields_want_all(fields);
	assert_int_equal(fields_freeze(fields, NULL), 0);
	assert_int_equal(batch_create(fields, &batch), 0);
	assert_int_equal(recording_writer_create(fields, &writer), 0);
	for (int i = 0; i < count; i++) {
		assert_non_null(event_begin(batch, KIND_process_exec, 5));
		ev_int(batch, FIELD_process_pid, i + 1);
		struct event *event = event_commit(batch);
		assert_non_null(event);
		recording_write(writer, out, event);
	}
	assert_false(out->failed);
	recording_writer_destroy(writer);
	batch_destroy(batch);
	fields_destroy(fields);
}

static void run_bytes(struct run *run, const char *ptr, size_t len)
{
	char path[64];

	test_file(path, ".merlon", ptr, len);
	run_files(run, &auto_sensor_ops, (const char *const[]){path}, 1);
	(void)unlink(path);
}

static void recordings__come_back_one_behind_another(void **state)
{
	struct buf out = {0};
	struct run run;

	record(&out, 3);
	record(&out, 2);
	run_bytes(&run, out.ptr, out.len);
	assert_true(run.stats.records == 5 && run.stats.accepted == 5);
	assert_string_equal(run_field(&run, 2, "process.pid"), "3");
	assert_string_equal(run_field(&run, 4, "process.pid"), "2");
	assert_int_equal(run.batch->events[4]->index, 4);
	run_end(&run);
	buf_destroy(&out);
}

static void cut_and_broken_frames__are_told(void **state)
{
	struct buf out = {0};
	struct run run;

	record(&out, 3);
	run_bytes(&run, out.ptr, out.len - 2);
	assert_true(run.stats.records == 3 && run.stats.accepted == 2);
	assert_string_equal(run.reports[0], "0:0 recording is cut off");
	run_end(&run);
	/* the first frame behind the magic: its contents are no event */
	char *frame = out.ptr + RECORDING_MAGIC_LEN;
	assert_true(frame[2] == 0 && frame[3] == 0 && frame[4] == 0);
	memset(frame + RECORDING_HEAD_LEN, 0xff, (unsigned char)frame[1]);
	run_bytes(&run, out.ptr, out.len);
	assert_true(run.stats.records == 3 && run.stats.skipped == 1);
	assert_string_equal(run_field(&run, 1, "process.pid"), "3");
	run_end(&run);
	buf_destroy(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recordings__come_back_one_behind_another),
		cmocka_unit_test(cut_and_broken_frames__are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
