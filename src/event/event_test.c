#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/err.h"
#include "event/ecs.h"
#include "event/recording.h"

struct fixture {
	struct fields *fields;
	struct batch *batch;
	struct view *view;
};

static void setup(struct fixture *f, const char *const *wanted, bool all)
{
	struct err err = {0};
	field_id id;

	assert_int_equal(fields_create(&f->fields, &err), 0);
	for (; wanted != NULL && *wanted != NULL; wanted++) {
		assert_int_equal(fields_intern(f->fields, str_of(*wanted), &id, &err), 0);
		fields_want(f->fields, id);
	}
	if (all)
		fields_want_all(f->fields);
	assert_int_equal(fields_freeze(f->fields, &err), 0);
	assert_int_equal(batch_create(f->fields, &f->batch), 0);
	assert_int_equal(view_create(f->fields, &f->view), 0);
}

static void teardown(struct fixture *f)
{
	view_destroy(f->view);
	batch_destroy(f->batch);
	fields_destroy(f->fields);
}

static const struct event *decode(struct fixture *f, const char *json)
{
	struct event *event = NULL;
	struct err err = {0};
	size_t offset = 0;

	if (ecs_decode(f->batch, str_of(json), NULL, &event, &offset, &err) != 0)
		return NULL;
	view_load(f->view, event);
	return event;
}

static void schema__numbers_are_unique_and_findable(void **state)
{
	for (unsigned i = 0; i < schema_field_count; i++) {
		assert_ptr_equal(schema_field(schema_fields[i].number), &schema_fields[i]);
		assert_int_equal(schema_field_by_name(str_of(schema_fields[i].name)),
			schema_fields[i].number);
	}
	for (unsigned i = 0; i < schema_kind_count; i++)
		assert_ptr_equal(schema_kind(schema_kinds[i].number), &schema_kinds[i]);
	assert_null(schema_kind(KIND_none));
}

static void document__gives_wanted_fields_kind_and_time(void **state)
{
	static const char *const wanted[] = {"process.name", "process.args", "process.pid",
		"own.field", "threat.technique.id", NULL};
	struct fixture f;

	setup(&f, wanted, false);
	const struct event *event = decode(&f,
		"{\"@timestamp\":\"2021-01-14T10:35:50Z\",\"process\":{\"name\":\"a\\\"b\","
		"\"args\":[\"x\","
		"\"y\",3],\"pid\":7,\"other\":{\"deep\":[1,{}]}},\"own.field\":true,"
		"\"event\":{\"category\":[\"process\"],\"action\":\"exec\",\"type\":\"start\"},"
		"\"host\":{\"os\":{\"family\":\"macos\"}},\"threat\":{\"technique\":[{\"id\":"
		"\"T1\"},{\"id\":"
		"\"T2\"}]}}");
	assert_non_null(event);
	assert_int_equal(event->kind, KIND_process_exec);
	assert_int_equal(event->os, OS_MACOS);
	assert_true(event->time_ns == UINT64_C(1610620550000000000));
	assert_true(str_is(view_text(f.view, FIELD_process_name), "a\"b"));
	const struct value *args = view_get(f.view, FIELD_process_args);
	assert_int_equal(args->type, VALUE_LIST);
	assert_int_equal(args->len, 3);
	assert_int_equal(args->items[2].i64, 3);
	assert_int_equal(view_get(f.view, FIELD_process_pid)->i64, 7);
	assert_true(view_get(f.view, fields_find(f.fields, STR("own.field")))->boolean);
	const struct value *ids = view_get(
		f.view, fields_find(f.fields, STR("threat.technique.id")));
	assert_int_equal(ids->type, VALUE_LIST);
	assert_true(str_is(value_str(&ids->items[1]), "T2"));
	assert_null(view_get(f.view, FIELD_process_executable));
	teardown(&f);
}

static void document__broken_is_refused_with_its_place(void **state)
{
	struct fixture f;
	struct event *event = NULL;
	struct err err = {0};
	size_t offset = 0;

	setup(&f, NULL, false);
	assert_int_equal(
		ecs_decode(f.batch, STR("{\"a\":1,}"), NULL, &event, &offset, &err), -EBADMSG);
	assert_int_equal(offset, 7);
	assert_int_equal(ecs_decode(f.batch, STR("[1]"), NULL, &event, &offset, &err), -EBADMSG);
	assert_int_equal(ecs_decode(f.batch, STR("{} {}"), NULL, &event, &offset, &err), -EBADMSG);
	assert_int_equal(f.batch->count, 0);
	teardown(&f);
}

static void document__keeps_unknown_members_when_written(void **state)
{
	struct fixture f;
	struct buf buf = {0};

	setup(&f, NULL, true);
	assert_non_null(decode(&f, "{\"process\":{\"pid\":1.50,\"x\":[1,\n2]},\"zz\":\"\\u0041\","
				   "\"event\":{\"action\":\"exec\"}}"));
	view_set_text(f.view, FIELD_process_parent_name, STR("sh"));
	view_set_text(f.view, FIELD_host_id, STR("h"));
	ecs_write(&buf, f.view);
	assert_true(
		str_is(buf_view(&buf), "{\"process\":{\"pid\":1.50,\"x\":[1, "
				       "2],\"parent\":{\"name\":\"sh\"}},\"zz\":\"A\",\"event\":{"
				       "\"action\":\"exec\"},\"host\":{\"id\":\"h\"}}"));
	buf_destroy(&buf);
	teardown(&f);
}

static void raw__that_is_no_document_is_not_written(void **state)
{
	static const char *const texts[] = {"{\"a\":1", "{}{}", "nonsense", "\"a\" b"};
	static const char *const keys[] = {NULL, "es"};

	for (size_t i = 0; i < 8; i++) {
		struct fixture f;
		struct buf buf = {0};

		setup(&f, NULL, true);
		(void)event_begin(f.batch, KIND_process_exec, 0);
		f.batch->building.raw = str_of(texts[i / 2]);
		f.batch->building.raw_key = keys[i % 2];
		ev_uint(f.batch, FIELD_process_pid, 7);
		view_load(f.view, event_commit(f.batch));
		ecs_write(&buf, f.view);
		assert_true(str_find(buf_view(&buf), STR("\"process\":{\"pid\":7}}")) > 0);
		buf_destroy(&buf);
		teardown(&f);
	}
}

static void native__is_written_nested_with_its_header(void **state)
{
	struct fixture f;
	struct buf buf = {0};
	const struct str args[] = {STR("ls"), STR("-l"), STR("x")};

	setup(&f, NULL, true);
	(void)event_begin(f.batch, KIND_process_exec, UINT64_C(1610620550000000000));
	ev_uint(f.batch, FIELD_process_pid, 7);
	ev_list(f.batch, FIELD_process_args, args, 3);
	ev_add(f.batch, FIELD_process_args, value_text(STR("y")));
	ev_add(f.batch, FIELD_process_args, value_text(STR("z")));
	ev_uint_text(f.batch, FIELD_user_id, 0);
	ev_text(f.batch, FIELD_process_parent_name, STR("sh"));
	view_load(f.view, event_commit(f.batch));
	ecs_write(&buf, f.view);
	assert_true(str_is(buf_view(&buf),
		"{\"@timestamp\":\"2021-01-14T10:35:50.000Z\",\"event\":{\"action\":\"exec\","
		"\"category\":["
		"\"process\"],\"type\":[\"start\"]},\"process\":{\"args\":[\"ls\",\"-l\",\"x\","
		"\"y\",\"z\"],"
		"\"parent\":{\"name\":\"sh\"},\"pid\":7},\"user\":{\"id\":\"0\"}}"));
	buf_destroy(&buf);
	teardown(&f);
}

static void recording__gives_back_what_was_written(void **state)
{
	static const char *const wanted[] = {"own.field", NULL};
	struct fixture f;
	struct buf buf = {0};
	struct recording_writer *writer;
	struct recording_reader *reader;
	struct event *event = NULL;
	struct err err = {0};

	setup(&f, wanted, true);
	assert_int_equal(recording_writer_create(f.fields, &writer), 0);
	assert_int_equal(recording_reader_create(f.fields, &reader), 0);
	(void)event_begin(f.batch, KIND_file_rename, 5);
	f.batch->building.os = OS_LINUX;
	ev_text(f.batch, fields_find(f.fields, STR("own.field")), STR("v"));
	ev_list(f.batch, FIELD_process_args, (struct str[]){STR("a"), STR("b")}, 2);
	ev_int(f.batch, FIELD_process_pid, -3);
	f.batch->building.raw = STR("{}");
	f.batch->building.raw_key = "auditd.record";
	recording_write(writer, &buf, event_commit(f.batch));
	const char *at = buf.ptr + RECORDING_MAGIC_LEN;
	size_t left = buf.len - RECORDING_MAGIC_LEN;
	for (size_t cut = 0; cut < 5; cut++) /* a cut head asks for more */
		assert_int_equal(recording_read(reader, f.batch, at, cut, &event, &err), 0);
	while (left > 0) {
		ptrdiff_t used = recording_read(reader, f.batch, at, left, &event, &err);
		assert_true(used > 0);
		at += used;
		left -= (size_t)used;
	}
	assert_non_null(event);
	assert_int_equal(event->kind, KIND_file_rename);
	assert_int_equal(event->os, OS_LINUX);
	assert_string_equal(event->raw_key, "auditd.record");
	assert_true(str_is(event_get_text(event, fields_find(f.fields, STR("own.field"))), "v"));
	assert_int_equal(event_get(event, FIELD_process_args)->len, 2);
	assert_int_equal(event_get(event, FIELD_process_pid)->i64, -3);
	recording_writer_destroy(writer);
	recording_reader_destroy(reader);
	buf_destroy(&buf);
	teardown(&f);
}

static void common_fields__are_given_to_events_that_lack_them(void **state)
{
	struct fixture f;
	const struct event_field common[] = {
		{FIELD_host_id, value_text(STR("h"))}, {FIELD_host_name, value_text(STR("mine"))}};

	setup(&f, NULL, true);
	f.batch->common = common;
	f.batch->common_count = 2;
	(void)event_begin(f.batch, KIND_log_line, 1);
	ev_text(f.batch, FIELD_host_name, STR("other"));
	view_load(f.view, event_commit(f.batch));
	assert_true(str_is(view_text(f.view, FIELD_host_id), "h"));
	assert_true(str_is(view_text(f.view, FIELD_host_name), "other"));
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schema__numbers_are_unique_and_findable),
		cmocka_unit_test(document__gives_wanted_fields_kind_and_time),
		cmocka_unit_test(document__broken_is_refused_with_its_place),
		cmocka_unit_test(document__keeps_unknown_members_when_written),
		cmocka_unit_test(raw__that_is_no_document_is_not_written),
		cmocka_unit_test(native__is_written_nested_with_its_header),
		cmocka_unit_test(recording__gives_back_what_was_written),
		cmocka_unit_test(common_fields__are_given_to_events_that_lack_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
