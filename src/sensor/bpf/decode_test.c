/* Records as the probes build them, and broken ones. */
#include "sensor/bpf/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

struct world {
	struct fields *fields;
	struct batch *batch;
	struct decoder decoder;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	if (fields_create(&w->fields, NULL) < 0)
		return -1;
	fields_want_all(w->fields);
	if (fields_freeze(w->fields, NULL) < 0 || batch_create(w->fields, &w->batch) < 0)
		return -1;
	decoder_init(&w->decoder, NULL, (struct str){0});
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	batch_destroy(w->batch);
	fields_destroy(w->fields);
	free(w);
	return 0;
}

/* A record with texts behind its fixed part. */
struct made {
	_Alignas(8) uint8_t bytes[8192];
	size_t len;
};

static void *make(struct made *m, enum wire_type type, unsigned kind, size_t fixed)
{
	memset(m, 0, sizeof(*m));
	struct wire_head *head = (void *)m->bytes;
	head->type = (uint8_t)type;
	head->kind = (uint8_t)kind;
	head->fixed = (uint32_t)fixed;
	head->pid = 77;
	head->start_ns = 5;
	head->len = (uint32_t)fixed;
	m->len = fixed;
	return head;
}

static void text(struct made *m, unsigned tag, unsigned flags, struct str value)
{
	struct wire_text t = {
		.tag = (uint8_t)tag, .flags = (uint8_t)flags, .len = (uint16_t)value.len};
	memcpy(m->bytes + m->len, &t, sizeof(t));
	memcpy(m->bytes + m->len + sizeof(t), value.ptr, value.len);
	m->len += sizeof(t) + ((value.len + 3) & ~(size_t)3);
	((struct wire_head *)(void *)m->bytes)->len = (uint32_t)m->len;
}

static const struct event *decode(struct world *w, const struct made *m)
{
	batch_clear(w->batch);
	assert_true(decode_record(&w->decoder, w->batch, m->bytes, m->len));
	assert_int_equal(w->batch->count, 1);
	return w->batch->events[0];
}

static void set_uid_files_change_the_user(void **state)
{
	struct world *w = *state;
	struct made m;
	struct wire_process *p = make(&m, WIRE_exec, KIND_process_exec, sizeof(*p));
	p->exe.mode = S_IFREG | S_ISUID | 0755;
	p->ids = (struct wire_ids){.uid = 1000, .euid = 0, .gid = 1000, .egid = 1000};
	text(&m, TEXT_path, 0, STR("/usr/bin/su"));
	batch_clear(w->batch);
	assert_true(decode_record(&w->decoder, w->batch, m.bytes, m.len));
	assert_int_equal(w->batch->count, 2);
	const struct event *event = w->batch->events[1];
	assert_int_equal(event->kind, KIND_process_uid_change);
	assert_true(str_is(event_get_text(event, FIELD_user_changes_id), "0"));
	assert_true(str_is(event_get_text(event, FIELD_process_real_user_id), "1000"));
	/* nothing changes for its owner, nor where set-uid files are not heeded */
	p->ids = (struct wire_ids){.uid = 0, .euid = 0};
	(void)decode(w, &m);
	p->ids = (struct wire_ids){.uid = 1000, .euid = 1000, .gid = 1000, .egid = 1000};
	(void)decode(w, &m);
}

static void exec_keeps_every_argument(void **state)
{
	struct made m;
	struct wire_process *p = make(&m, WIRE_exec, KIND_process_exec, sizeof(*p));
	p->args_bytes = 8;
	p->argc = 4;
	text(&m, TEXT_path, 0, STR("/usr/bin/x"));
	text(&m, TEXT_args, 0, STR("a\0\0b c\0\0"));
	const struct event *event = decode(*state, &m);
	const struct value *args = event_get(event, FIELD_process_args);
	assert_int_equal(args->type, VALUE_LIST);
	assert_int_equal(args->len, 4);
	assert_true(str_is(value_str(&args->items[0]), "a"));
	assert_int_equal(args->items[1].len, 0);
	assert_true(str_is(value_str(&args->items[2]), "b c"));
	assert_int_equal(args->items[3].len, 0);
	assert_true(str_is(event_get_text(event, FIELD_process_command_line), "a  b c "));
	assert_true(str_is(event_get_text(event, FIELD_process_name), "x"));
}

static void paths_are_absolute(void **state)
{
	struct made m;
	make(&m, WIRE_uring, KIND_file_rename, sizeof(struct wire_uring));
	text(&m, TEXT_base, 0, STR("/tmp/d"));
	text(&m, TEXT_path, 0, STR("../old.txt"));
	text(&m, TEXT_path2, 0, STR("/tmp//new"));
	const struct event *event = decode(*state, &m);
	assert_true(str_is(event_get_text(event, FIELD_file_path), "/tmp/new"));
	assert_true(str_is(event_get_text(event, FIELD_file_Ext_original_path), "/tmp/old.txt"));
	assert_true(str_is(event_get_text(event, FIELD_file_Ext_original_extension), "txt"));
}

static void an_agent_in_a_chroot_names_files_as_seen_there(void **state)
{
	struct world *w = *state;
	struct made m;
	const struct event *event;

	w->decoder.root = STR("/srv/jail");
	make(&m, WIRE_uring, KIND_file_rename, sizeof(struct wire_uring));
	text(&m, TEXT_base, 0, STR("/srv/jail"));
	text(&m, TEXT_path, 0, STR("/srv/jail/old"));
	text(&m, TEXT_base2, 0, STR("/srv/jail/tmp"));
	text(&m, TEXT_path2, 0, STR("new"));
	event = decode(w, &m);
	assert_true(str_is(event_get_text(event, FIELD_file_path), "/tmp/new"));
	assert_true(str_is(event_get_text(event, FIELD_file_Ext_original_path), "/srv/jail/old"));
	make(&m, WIRE_file, KIND_file_open, sizeof(struct wire_file));
	text(&m, TEXT_path, 0, STR("/srv/jail/etc/shadow"));
	assert_true(str_is(event_get_text(decode(w, &m), FIELD_file_path), "/etc/shadow"));
	make(&m, WIRE_file, KIND_file_open, sizeof(struct wire_file));
	text(&m, TEXT_path, 0, STR("/srv/jailhouse/x"));
	assert_true(str_is(event_get_text(decode(w, &m), FIELD_file_path), "/srv/jailhouse/x"));
}

static void exit_codes_are_those_of_shells(void **state)
{
	struct made m;
	struct wire_exit *e = make(&m, WIRE_exit, KIND_process_exit, sizeof(*e));
	int64_t code;
	e->code = 3 << 8;
	assert_true(value_as_i64(event_get(decode(*state, &m), FIELD_process_exit_code), &code));
	assert_int_equal(code, 3);
	e->code = 9;
	assert_true(value_as_i64(event_get(decode(*state, &m), FIELD_process_exit_code), &code));
	assert_int_equal(code, 137);
}

static void start_times_are_stable(void **state)
{
	struct world *w = *state;
	struct made m;
	struct wire_exit *e = make(&m, WIRE_exit, KIND_process_exit, sizeof(*e));
	char first[64] = {0};
	for (int i = 0; i < 3; i++) {
		/* further apart than the ticks that /proc tells starts in; within one they are the same */
		e->head.start_ns = UINT64_C(5000000001) + (unsigned)(i % 2) * (1u << 25) +
				   (unsigned)i * 1000;
		struct str start = event_get_text(decode(w, &m), FIELD_process_start);
		if (i == 0)
			memcpy(first, start.ptr, start.len);
		assert_int_equal(str_is(start, first), i != 1);
	}
}

static void broken_records_are_counted(void **state)
{
	struct world *w = *state;
	struct made m;
	make(&m, WIRE_file, KIND_file_open, sizeof(struct wire_file));
	text(&m, TEXT_path, 0, STR("/some/path"));
	struct wire_head *head = (void *)m.bytes;
	batch_clear(w->batch);
	for (size_t len = 0; len < m.len; len++)
		assert_false(decode_record(&w->decoder, w->batch, m.bytes, len));
	head->type = WIRE_TYPES;
	assert_false(decode_record(&w->decoder, w->batch, m.bytes, m.len));
	head->type = WIRE_file;
	head->fixed = 8;
	assert_false(decode_record(&w->decoder, w->batch, m.bytes, m.len));
	head->fixed = sizeof(struct wire_file);
	m.bytes[head->fixed + 2] = 200; /* a text longer than the record */
	assert_false(decode_record(&w->decoder, w->batch, m.bytes, m.len));
	assert_int_equal(w->decoder.broken, m.len + 3);
	assert_int_equal(w->batch->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(set_uid_files_change_the_user, set_up, tear_down),
		cmocka_unit_test_setup_teardown(exec_keeps_every_argument, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paths_are_absolute, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_agent_in_a_chroot_names_files_as_seen_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(exit_codes_are_those_of_shells, set_up, tear_down),
		cmocka_unit_test_setup_teardown(start_times_are_stable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(broken_records_are_counted, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
