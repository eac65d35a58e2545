#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmp.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/err.h"
#include "sensor/log/log_sensor.h"
#include "sensor/log/login_sensor.h"

struct live {
	struct fields *fields;
	struct batch *batch;
	struct sensor *sensor;
	struct sensor_config config;
	struct err err;
	char directory[64], path[128], other[128];
};

static void begin(struct live *l)
{
	*l = (struct live){.directory = "/tmp/merlon-test-XXXXXX"};
	assert_non_null(mkdtemp(l->directory));
	(void)snprintf(l->path, sizeof(l->path), "%s/auth.log", l->directory);
	(void)snprintf(l->other, sizeof(l->other), "%s/auth.log.1", l->directory);
	assert_int_equal(fields_create(&l->fields, &l->err), 0);
	fields_want_all(l->fields);
	assert_int_equal(fields_freeze(l->fields, &l->err), 0);
	assert_int_equal(batch_create(l->fields, &l->batch), 0);
	memset(l->config.want.kinds, 0xff, sizeof(l->config.want.kinds));
	l->config.want.fields = l->fields;
}

static void open_sensor(struct live *l, const struct sensor_ops *ops, const char *option)
{
	l->config.option = option;
	assert_int_equal(ops->open(&l->config, &l->sensor, &l->err), 0);
	assert_int_equal(ops->start(l->sensor, &l->err), 0);
}

static void end(struct live *l)
{
	l->sensor->ops->close(l->sensor);
	(void)unlink(l->path);
	(void)unlink(l->other);
	(void)rmdir(l->directory);
	batch_destroy(l->batch);
	fields_destroy(l->fields);
}

static void append(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void append_text(const char *path, const char *text)
{
	append(path, text, strlen(text));
}

/* Messages of all new lines, joined by '|'. */
static const char *messages(struct live *l, int timeout_ms)
{
	static char text[1024];
	size_t used = 0;

	batch_clear(l->batch);
	assert_true(l->sensor->ops->next(l->sensor, l->batch, timeout_ms, &l->err) >= 0);
	text[0] = '\0';
	for (uint32_t i = 0; i < l->batch->count; i++) {
		struct str message = event_get_text(l->batch->events[i], FIELD_message);
		if (l->batch->events[i]->kind == KIND_log_line)
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%.*s|", STR_ARG(message));
		assert_true(used < sizeof(text));
	}
	return text;
}

static void only_what_comes__is_read(void **state)
{
	struct live l;

	begin(&l);
	append_text(l.path, "Feb  5 10:00:00 h p: old\n");
	open_sensor(&l, &log_sensor_ops, l.path);
	assert_string_equal(messages(&l, 0), "");
	append_text(l.path, "Feb  5 10:00:00 h p: new\nFeb  5 10:00:00 h p: par");
	assert_string_equal(messages(&l, 2000), "new|");
	append_text(l.path, "tial\n");
	assert_string_equal(messages(&l, 2000), "partial|");
	end(&l);
}

static void future__is_now(void **state)
{
	struct live l;

	begin(&l);
	append_text(l.path, "");
	open_sensor(&l, &log_sensor_ops, l.path);
	append_text(l.path, "2199-01-01T00:00:00Z h p: x\n");
	assert_string_equal(messages(&l, 2000), "x|");
	assert_true(l.batch->events[0]->time_ns <= clock_now_ns());
	end(&l);
}

static void growth__wakes(void **state)
{
	struct live l;

	begin(&l);
	append_text(l.path, "");
	open_sensor(&l, &log_sensor_ops, l.path);
	append_text(l.path,
		"Feb  5 10:00:00 h sshd[1]: Accepted password for a from 192.0.2.1 port 1\n");
	batch_clear(l.batch);
	assert_true(l.sensor->ops->next(l.sensor, l.batch, 5000, &l.err) > 0);
	assert_int_equal(l.batch->count, 2);
	assert_int_equal(l.batch->events[1]->kind, KIND_ssh_login);
	end(&l);
}

static void rotation__loses_nothing(void **state)
{
	struct live l;

	begin(&l);
	append_text(l.path, "");
	open_sensor(&l, &log_sensor_ops, l.path);
	append_text(l.path, "Feb  5 10:00:00 h p: one\n");
	assert_int_equal(rename(l.path, l.other), 0);
	append_text(l.other, "Feb  5 10:00:00 h p: two\n"); /* a writer that has it open still */
	append_text(l.path, "Feb  5 10:00:00 h p: three\n");
	assert_string_equal(messages(&l, 0), "one|two|three|");
	append_text(l.other, "Feb  5 10:00:00 h p: late\n");
	append_text(l.path, "Feb  5 10:00:00 h p: four\n");
	assert_string_equal(messages(&l, 0), "late|four|");
	end(&l);
}

static void truncation__begins_anew(void **state)
{
	struct live l;

	begin(&l);
	append_text(l.path, "Feb  5 10:00:00 h p: a long line that was there before\n");
	open_sensor(&l, &log_sensor_ops, l.path);
	assert_int_equal(truncate(l.path, 0), 0);
	append_text(l.path, "Feb  5 10:00:00 h p: new\n");
	assert_string_equal(messages(&l, 0), "new|");
	end(&l);
}

static void file_that_appears_later__is_read(void **state)
{
	struct live l;

	begin(&l);
	open_sensor(&l, &log_sensor_ops, l.path);
	assert_string_equal(messages(&l, 0), "");
	append_text(l.path, "Feb  5 10:00:00 h p: first\n");
	assert_string_equal(messages(&l, 2000), "first|");
	append_text(l.path, "type=ADD_USER msg=audit(1700000000.1:2): pid=1 msg='op=x acct=\"n\" "
			    "res=success'\n");
	batch_clear(l.batch);
	assert_true(l.sensor->ops->next(l.sensor, l.batch, 2000, &l.err) > 0);
	assert_int_equal(l.batch->count, 2);
	assert_int_equal(l.batch->events[0]->kind, KIND_audit_record);
	assert_int_equal(l.batch->events[1]->kind, KIND_account_create);
	end(&l);
}

static struct utmp entry(short type, const char *line, const char *user)
{
	struct utmp e = {.ut_type = type, .ut_pid = 77};

	(void)snprintf(e.ut_line, sizeof(e.ut_line), "%s", line);
	(void)snprintf(e.ut_user, sizeof(e.ut_user), "%s", user);
	e.ut_tv.tv_sec = 1700000000;
	((uint8_t *)e.ut_addr_v6)[0] = 192;
	((uint8_t *)e.ut_addr_v6)[3] = 9;
	return e;
}

static struct str field_text(const struct live *l, uint32_t event, field_id id)
{
	return event_get_text(l->batch->events[event], id);
}

static void logins__and_logouts(void **state)
{
	char option[300];
	struct live l;
	struct utmp e = entry(USER_PROCESS, "pts/9", "early");

	begin(&l);
	(void)snprintf(option, sizeof(option), "%s,%s", l.path, l.other);
	append(l.path, &e, sizeof(e));
	open_sensor(&l, &login_sensor_ops, option);
	e = entry(USER_PROCESS, "pts/1", "ann");
	append(l.path, &e, sizeof(e));
	e = entry(DEAD_PROCESS, "pts/9", "");
	append(l.path, &e, sizeof(e));
	e = entry(DEAD_PROCESS, "tty1", ""); /* nobody was there */
	append(l.path, &e, sizeof(e));
	e = entry(LOGIN_PROCESS, "ssh:notty", "eve");
	append(l.other, &e, sizeof(e));
	assert_int_equal(l.sensor->ops->next(l.sensor, l.batch, 2000, &l.err), 4);
	assert_int_equal(l.batch->count, 3);
	assert_int_equal(l.batch->events[0]->kind, KIND_user_login);
	assert_true(str_is(field_text(&l, 0, FIELD_user_name), "ann"));
	assert_true(str_is(field_text(&l, 0, FIELD_source_ip), "192.0.0.9"));
	assert_true(str_is(field_text(&l, 0, FIELD_event_outcome), "success"));
	assert_int_equal(l.batch->events[1]->kind, KIND_user_logout);
	assert_true(str_is(field_text(&l, 1, FIELD_user_name), "early"));
	assert_int_equal(l.batch->events[2]->kind, KIND_user_login);
	assert_true(str_is(field_text(&l, 2, FIELD_event_outcome), "failure"));
	assert_true(str_is(field_text(&l, 2, FIELD_user_name), "eve"));
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_comes__is_read),
		cmocka_unit_test(future__is_now),
		cmocka_unit_test(growth__wakes),
		cmocka_unit_test(rotation__loses_nothing),
		cmocka_unit_test(truncation__begins_anew),
		cmocka_unit_test(file_that_appears_later__is_read),
		cmocka_unit_test(logins__and_logouts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
