/* What the tests of recordings share: files with given contents, and a sensor run to its end. */
#ifndef MERLON_SENSOR_REPLAY_REPLAY_TEST_H
#define MERLON_SENSOR_REPLAY_REPLAY_TEST_H
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/err.h"
#include "event/ecs.h"
#include "sensor/sensor.h"

#define RUN_REPORTS_MAX 64

/* A file of its own; the caller unlinks it. */
static inline void test_file(char path[64], const char *suffix, const void *ptr, size_t len)
{
	(void)snprintf(path, 64, "/tmp/merlon-test-XXXXXX%s", suffix);
	int fd = mkstemps(path, (int)strlen(suffix));
	assert_true(fd >= 0);
	assert_int_equal(write(fd, ptr, len), (ssize_t)len);
	assert_int_equal(close(fd), 0);
}

struct run {
	struct fields *fields;
	struct batch *batch;
	struct sensor_stats stats;
	char reports[RUN_REPORTS_MAX][256]; /* "line:column reason" */
	size_t report_count;
	int rc; /* the last of next() */
	struct err err;
};

static void run_report(void *context, const struct sensor_report *report)
{
	struct run *run = context;

	if (run->report_count < RUN_REPORTS_MAX)
		(void)snprintf(run->reports[run->report_count], sizeof(run->reports[0]),
			"%llu:%llu %s", (unsigned long long)report->line,
			(unsigned long long)report->column, report->reason);
	run->report_count++;
}

/* All events of all inputs in one batch. */
static inline void run_files(
	struct run *run, const struct sensor_ops *ops, const char *const *inputs, size_t count)
{
	struct sensor *sensor = NULL;

	*run = (struct run){0};
	assert_int_equal(fields_create(&run->fields, &run->err), 0);
	fields_want_all(run->fields);
	assert_int_equal(fields_freeze(run->fields, &run->err), 0);
	assert_int_equal(batch_create(run->fields, &run->batch), 0);
	struct sensor_config config = {.inputs = inputs,
		.input_count = count,
		.report = run_report,
		.report_context = run};
	config.want.fields = run->fields;
	run->rc = ops->open(&config, &sensor, &run->err);
	if (run->rc < 0)
		return;
	assert_int_equal(ops->start(sensor, &run->err), 0);
	do
		run->rc = ops->next(sensor, run->batch, 0, &run->err);
	while (run->rc >= 0);
	ops->stats(sensor, &run->stats);
	ops->close(sensor);
	assert_true(run->stats.records == run->stats.accepted + run->stats.skipped);
}

static inline void run_text(struct run *run, const struct sensor_ops *ops, const char *text)
{
	char path[64];

	test_file(path, ".json", text, strlen(text));
	run_files(run, ops, (const char *const[]){path}, 1);
	(void)unlink(path);
}

static inline void run_end(struct run *run)
{
	batch_destroy(run->batch);
	fields_destroy(run->fields);
}

/* The field of an event as text; "" when it is not there. Valid until the next call. */
static inline const char *run_field(const struct run *run, size_t event, const char *name)
{
	static char text[4096];
	char number[VALUE_TEXT_BYTES];

	text[0] = '\0';
	assert_true(event < run->batch->count);
	field_id id = fields_find(run->fields, str_of(name));
	const struct value *v = id == FIELD_none ? NULL : event_get(run->batch->events[event], id);
	if (v == NULL)
		return text;
	size_t used = 0;
	const struct value *items = v->type == VALUE_LIST ? v->items : v;
	uint32_t count = v->type == VALUE_LIST ? v->len : 1;
	for (uint32_t i = 0; i < count; i++) {
		struct str s = value_as_text(&items[i], number);
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%.*s", i > 0 ? "|" : "", STR_ARG(s));
		assert_true(used < sizeof(text));
	}
	return text;
}
#endif
