#include "sensor/audit/bsm_event.h"
#include "sensor/replay/bsm.h"
#include "sensor/audit/bsm_token.h"
#include "sensor/replay/replay_test.h"

/* A trail written by hand. */
struct trail {
	uint8_t bytes[8192];
	size_t len, record;
};

static void put(struct trail *t, uint64_t value, size_t width)
{
	assert_true(t->len + width <= sizeof(t->bytes));
	for (size_t i = width; i > 0; i--)
		t->bytes[t->len++] = (uint8_t)(value >> (8 * (i - 1)));
}

static void put_bytes(struct trail *t, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(t, (uint8_t)text[i], 1);
}

static void put_text(struct trail *t, uint8_t id, const char *text)
{
	put(t, id, 1);
	put(t, strlen(text) + 1, 2);
	put_bytes(t, text, strlen(text) + 1);
}

static void begin(struct trail *t, uint16_t event)
{
	t->record = t->len;
	put(t, BSM_HEADER32, 1);
	put(t, 0, 4);
	put(t, 11, 1);
	put(t, event, 2);
	put(t, 0, 2);
	put(t, 1700000000, 4);
	put(t, 250, 4);
}

static void subject(struct trail *t, uint32_t pid)
{
	put(t, BSM_SUBJECT32, 1);
	put(t, UINT32_MAX, 4);
	put(t, 501, 4);
	put(t, 20, 4);
	put(t, 0, 4);
	put(t, 0, 4);
	put(t, pid, 4);
	put(t, 100, 4);
	put(t, 0, 4);
	put(t, 0x0a000001, 4);
}

static void arg(struct trail *t, const char *name, uint32_t value)
{
	put(t, BSM_ARG32, 1);
	put(t, 1, 1);
	put(t, value, 4);
	put(t, strlen(name) + 1, 2);
	put_bytes(t, name, strlen(name) + 1);
}

static void finish(struct trail *t, uint8_t error, uint32_t value)
{
	put(t, BSM_RETURN32, 1);
	put(t, error, 1);
	put(t, value, 4);
	put(t, BSM_TRAILER, 1);
	put(t, BSM_TRAILER_MAGIC, 2);
	uint32_t size = (uint32_t)(t->len + 4 - t->record);
	put(t, size, 4);
	for (int i = 0; i < 4; i++)
		t->bytes[t->record + 1 + (size_t)i] = (uint8_t)(size >> (24 - 8 * i));
}

static void run_trail(struct run *run, const struct trail *t)
{
	char path[64];

	test_file(path, ".bsm", t->bytes, t->len);
	run_files(run, &bsm_sensor_ops, (const char *const[]){path}, 1);
	(void)unlink(path);
}

static void spawn(struct trail *t)
{
	begin(t, 43190);
	arg(t, "child PID", 77);
	put(t, BSM_EXEC_ARGS, 1);
	put(t, 2, 4);
	put_bytes(t, "ls\0-l", 6);
	put_text(t, BSM_PATH, "ls");
	put_text(t, BSM_PATH, "/bin/ls");
	subject(t, 76);
	finish(t, 0, 0);
}

static void table__is_sorted(void **state)
{
	for (unsigned i = 1; i < bsm_event_count; i++)
		assert_true(bsm_events[i - 1].number < bsm_events[i].number);
	assert_string_equal(bsm_event_by_number(23)->name, "AUE_EXECVE");
	assert_string_equal(bsm_event_by_number(45023)->name, "AUE_auth_user");
	assert_null(bsm_event_by_number(2000));
}

static void spawn__runs_the_image_in_the_child(void **state)
{
	struct trail t = {0};
	struct run run;

	spawn(&t);
	run_trail(&run, &t);
	assert_int_equal(run.stats.accepted, 1);
	assert_int_equal(run.stats.tokens, 8);
	assert_int_equal(run.batch->events[0]->kind, KIND_process_exec);
	assert_int_equal(run.batch->events[0]->time_ns, UINT64_C(1700000000250000000));
	assert_int_equal(run.batch->events[0]->os, OS_MACOS);
	assert_string_equal(run_field(&run, 0, "process.pid"), "77");
	assert_string_equal(run_field(&run, 0, "process.parent.pid"), "76");
	assert_string_equal(run_field(&run, 0, "process.executable"), "/bin/ls");
	assert_string_equal(run_field(&run, 0, "process.command_line"), "ls -l");
	assert_string_equal(run_field(&run, 0, "process.args"), "ls|-l");
	assert_string_equal(run_field(&run, 0, "user.id"), "501");
	assert_string_equal(run_field(&run, 0, "process.Ext.audit_user.id"), "");
	assert_string_equal(run_field(&run, 0, "bsm.args"), "child PID=77");
	run_end(&run);
}

static void failed_call__is_no_act_but_failed_login_is(void **state)
{
	struct trail t = {0};
	struct run run;

	begin(&t, 6); /* AUE_UNLINK */
	put_text(&t, BSM_PATH, "/etc/passwd");
	subject(&t, 5);
	finish(&t, 13, UINT32_MAX);
	begin(&t, 45023); /* AUE_auth_user */
	put_text(&t, BSM_TEXT, "Verify password for record type Users 'eve' node '/Local/Default'");
	subject(&t, 6);
	finish(&t, 1, UINT32_MAX);
	run_trail(&run, &t);
	assert_int_equal(run.batch->events[0]->kind, KIND_audit_record);
	assert_string_equal(run_field(&run, 0, "event.outcome"), "failure");
	assert_string_equal(run_field(&run, 0, "auditd.message_type"), "AUE_UNLINK");
	assert_string_equal(run_field(&run, 0, "file.path"), "/etc/passwd");
	assert_string_equal(run_field(&run, 0, "bsm.error"), "13");
	assert_string_equal(run_field(&run, 0, "bsm.return"), "-1");
	assert_int_equal(run.batch->events[1]->kind, KIND_authentication);
	assert_string_equal(run_field(&run, 1, "user.target.name"), "eve");
	assert_string_equal(run_field(&run, 1, "source.ip"), "10.0.0.1");
	run_end(&run);
}

static void rename__has_both_names(void **state)
{
	struct trail t = {0};
	struct run run;

	begin(&t, 42);
	put_text(&t, BSM_PATH, "a.txt");
	put_text(&t, BSM_PATH, "/private/tmp/a.txt");
	put_text(&t, BSM_PATH, "/private/tmp/b.sh");
	subject(&t, 5);
	finish(&t, 0, 0);
	run_trail(&run, &t);
	assert_int_equal(run.batch->events[0]->kind, KIND_file_rename);
	assert_string_equal(run_field(&run, 0, "file.path"), "/private/tmp/b.sh");
	assert_string_equal(run_field(&run, 0, "file.extension"), "sh");
	assert_string_equal(run_field(&run, 0, "file.Ext.original.path"), "/private/tmp/a.txt");
	run_end(&run);
}

static void connect__names_the_peer(void **state)
{
	struct trail t = {0};
	struct run run;

	begin(&t, 32);
	put(&t, BSM_SOCKINET128, 1);
	put(&t, 26, 2);
	put(&t, 443, 2);
	put(&t, UINT64_C(0x20010db800000000), 8);
	put(&t, 7, 8);
	subject(&t, 5);
	finish(&t, 150, UINT32_MAX); /* in progress */
	begin(&t, 32);
	put(&t, BSM_SOCKUNIX, 1);
	put(&t, 1, 2);
	put_bytes(&t, "/var/run/x", 11);
	subject(&t, 5);
	finish(&t, 0, 0);
	run_trail(&run, &t);
	assert_int_equal(run.stats.accepted, 2);
	assert_int_equal(run.batch->events[0]->kind, KIND_network_connect);
	assert_string_equal(run_field(&run, 0, "destination.ip"), "2001:db8::7");
	assert_string_equal(run_field(&run, 0, "destination.port"), "443");
	assert_int_equal(run.batch->events[1]->kind, KIND_unix_connect);
	assert_string_equal(run_field(&run, 1, "destination.address"), "/var/run/x");
	run_end(&run);
}

static void unknown_token__keeps_the_record(void **state)
{
	struct trail t = {0};
	struct run run;

	begin(&t, 42);
	put_text(&t, BSM_TEXT, "hello");
	put(&t, 0xd7, 1);
	put(&t, 0x0102, 2);
	finish(&t, 0, 0);
	run_trail(&run, &t);
	assert_int_equal(run.stats.accepted, 1);
	assert_int_equal(run.report_count, 1);
	assert_string_equal(run_field(&run, 0, "bsm.text"), "hello");
	const struct event *event = run.batch->events[0];
	assert_true(str_find(event->raw, STR("\"data\":\"d70102270000000000\"")) > 0);
	assert_true(str_find(event->raw, STR("trailer")) > 0);
	run_end(&run);
}

static void broken_bytes__cost_only_themselves(void **state)
{
	struct trail t = {0};
	struct run run;

	spawn(&t);
	put_bytes(&t, "\x14noise\x00\x00", 8);
	spawn(&t);
	t.bytes[t.len - 6] = 0; /* the trailer's magic */
	spawn(&t);
	spawn(&t);
	t.len -= 9; /* cut */
	run_trail(&run, &t);
	assert_int_equal(run.stats.accepted, 2);
	assert_int_equal(
		run.stats.skipped, 2); /* noise and what follows it broken are one stretch */
	assert_int_equal(run.report_count, 2);
	run_end(&run);
}

static void every_cut__is_counted(void **state)
{
	struct trail t = {0};
	struct run run;

	spawn(&t);
	size_t one = t.len;
	spawn(&t);
	for (size_t len = 0; len <= t.len; len++) {
		struct trail part = t;
		part.len = len;
		run_trail(&run, &part);
		assert_int_equal(run.rc, -ENODATA);
		assert_int_equal(run.stats.accepted >= len / one, 1);
		run_end(&run);
	}
}

static void lone_tokens__are_records(void **state)
{
	struct trail t = {0};
	struct run run;

	put_text(&t, BSM_TEXT, "alone");
	arg(&t, "flags", 3);
	spawn(&t);
	run_trail(&run, &t);
	assert_int_equal(run.stats.records, 3);
	assert_int_equal(run.stats.accepted, 3);
	assert_int_equal(run.stats.tokens, 10);
	run_end(&run);
}

static void identity__names_the_signer(void **state)
{
	struct trail t = {0};
	struct run run;

	begin(&t, 1);
	subject(&t, 9);
	put(&t, BSM_IDENTITY, 1);
	put(&t, 1, 4);
	put(&t, 10, 2);
	put_bytes(&t, "org.thing", 10);
	put(&t, 0, 1);
	put(&t, 5, 2);
	put_bytes(&t, "TEAM", 5);
	put(&t, 0, 1);
	put(&t, 2, 2);
	put(&t, 0xbeef, 2);
	put(&t, BSM_CERT_HASH, 1);
	put(&t, 1, 4);
	put_bytes(&t, "abcd", 5);
	finish(&t, 0, 0);
	run_trail(&run, &t);
	assert_int_equal(run.batch->events[0]->kind, KIND_process_exit);
	assert_string_equal(run_field(&run, 0, "process.code_signature.signing_id"), "org.thing");
	assert_string_equal(run_field(&run, 0, "process.code_signature.team_id"), "TEAM");
	assert_string_equal(run_field(&run, 0, "process.code_signature.cdhash"), "beef");
	assert_int_equal(run.report_count, 0);
	run_end(&run);
}

/* Every token that is known reads its own bytes and nothing behind them, and at no length reads
 * past the end. */
static void tokens__are_cut_safely(void **state)
{
	uint8_t bytes[600];
	struct bsm_token token;

	for (unsigned id = 0; id < 256; id++)
		for (size_t len = 0; len < 200; len++) {
			memset(bytes, 0, sizeof(bytes));
			bytes[0] = (uint8_t)id;
			struct cursor c = cursor_of(bytes, len);
			int rc = bsm_token_read(&c, &token);
			assert_true(rc == 0 ? c.pos <= len : c.pos == 0);
		}
}

static void looks_like__knows_trails(void **state)
{
	struct trail t = {0};

	spawn(&t);
	assert_int_equal(bsm_looks_like(t.bytes, t.len), 100);
	assert_true(bsm_looks_like(t.bytes, 30) > 0);
	assert_int_equal(bsm_looks_like((const uint8_t *)"{\"a\":1}\n", 8), 0);
	assert_int_equal(bsm_looks_like((const uint8_t *)"type=SYSCALL msg=audit(1.2:3):", 30), 0);
}

static void reference_trails__have_the_counts_of_the_format(void **state)
{
	const char *shared = getenv("MERLON_SHARED");
	char path[512], other[512];
	struct run run;

	(void)snprintf(path, sizeof(path), "%s/data/macos/bsm/apple.bsm",
		shared == NULL ? "../shared" : shared);
	(void)snprintf(other, sizeof(other), "%s/data/macos/bsm/openbsm.bsm",
		shared == NULL ? "../shared" : shared);
	if (access(path, R_OK) != 0)
		skip();
	run_files(&run, &bsm_sensor_ops, (const char *const[]){path}, 1);
	assert_int_equal(run.stats.records, 54);
	assert_int_equal(run.stats.accepted, 54);
	assert_int_equal(run.report_count, 0);
	run_end(&run);
	run_files(&run, &bsm_sensor_ops, (const char *const[]){path, other}, 2);
	assert_int_equal(run.stats.accepted, 104);
	assert_int_equal(run.batch->events[103]->file_index, 49);
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table__is_sorted),
		cmocka_unit_test(spawn__runs_the_image_in_the_child),
		cmocka_unit_test(failed_call__is_no_act_but_failed_login_is),
		cmocka_unit_test(rename__has_both_names),
		cmocka_unit_test(connect__names_the_peer),
		cmocka_unit_test(unknown_token__keeps_the_record),
		cmocka_unit_test(broken_bytes__cost_only_themselves),
		cmocka_unit_test(every_cut__is_counted),
		cmocka_unit_test(lone_tokens__are_records),
		cmocka_unit_test(identity__names_the_signer),
		cmocka_unit_test(tokens__are_cut_safely),
		cmocka_unit_test(looks_like__knows_trails),
		cmocka_unit_test(reference_trails__have_the_counts_of_the_format),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
