#include "sensor/replay/es_json.h"

#include "sensor/replay/auto.h"
#include "sensor/replay/replay_test.h"

#define PROCESS(pid, version, path)                                                           \
	"{\"id\":{\"pid\":" #pid ",\"pidversion\":" #version "},\"parent_id\":{\"pid\":5,"    \
	"\"pidversion\":6},\"original_parent_pid\":5,\"effective_user\":{\"uid\":0,\"name\":" \
	"\"root\"},\"real_user\":{\"uid\":-2,\"name\":\"nobody\"},\"executable\":{\"path\":"  \
	"\"" path "\"},\"code_signature\":{\"cdhash\":\"AQL/\",\"team_id\":\"T\"}}"

/* A file of that name with these contents, read by auto. */
static void run_named(struct run *run, const char *name, const char *text)
{
	char directory[] = "/tmp/merlon-test-XXXXXX", path[128];

	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	run_files(run, &auto_sensor_ops, (const char *const[]){path}, 1);
	(void)unlink(path);
	(void)rmdir(directory);
	assert_int_equal(run->batch->count, 1);
}

static void check(struct run *run, enum event_kind kind, const char *const *fields)
{
	assert_int_equal(run->batch->events[0]->kind, kind);
	for (; *fields != NULL; fields += 2)
		if (strcmp(run_field(run, 0, fields[0]), fields[1]) != 0)
			fail_msg("%s is '%s'", fields[0], run_field(run, 0, fields[0]));
	run_end(run);
}

static void file_names__tell_the_kind(void **state)
{
	struct run run;

	run_named(&run, "unlink_2.json",
		"{\"instigator\":" PROCESS(7, 8, "/bin/rm") ",\"target\":{\"path\":\"/a/b.c\"}}");
	check(&run, KIND_file_delete,
		(const char *const[]){"file.path", "/a/b.c", "process.name", "rm",
			"process.entity_id", "es-7-8", "process.user.name", "root",
			"process.real_user.id", "4294967294", "process.code_signature.cdhash",
			"0102ff", "process.parent.pid", "5", NULL});
	run_named(&run, "login_login_x.json",
		"{\"login\":{\"instigator\":" PROCESS(
			7, 8, "/x") ",\"success\":false,\"failure_message\":\"bm8=\",\"user\":{"
				    "\"name\":\"bob\"}}}");
	check(&run, KIND_user_login,
		(const char *const[]){"event.outcome", "failure", "event.reason", "no",
			"user.target.name", "bob", NULL});
	run_named(&run, "rename.json",
		"{\"instigator\":" PROCESS(
			7, 8, "/x") ",\"source\":{\"path\":\"/old\"},\"target\":\"/new\"}");
	check(&run, KIND_file_rename,
		(const char *const[]){"file.path", "/new", "file.Ext.original.path", "/old", NULL});
}

static void members__tell_the_kind_where_names_do_not(void **state)
{
	struct run run;

	run_named(&run, "1.json",
		"{\"instigator\":" PROCESS(7, 8, "/bin/sh") ",\"target\":" PROCESS(
			7, 9, "/bin/ls") ",\"args\":[\"bHM=\",\"LWw=\"],\"decision\":"
					 "\"DECISION_DENY\"}");
	check(&run, KIND_process_exec,
		(const char *const[]){"process.executable", "/bin/ls", "process.command_line",
			"ls -l", "process.parent.executable", "/bin/sh", "process.parent.entity_id",
			"es-7-8", "event.outcome", "failure", NULL});
	run_named(&run, "2.json",
		"{\"event_time\":\"2024-01-01T00:00:00Z\",\"launch_item\":{\"instigator\":" PROCESS(
			7, 8, "/x") ",\"action\":\"ACTION_ADD\",\"trigger_process\":" PROCESS(9, 1,
			"/y") ",\"item_type\":\"ITEM_TYPE_DAEMON\",\"item_path\":\"/L/d.plist\""
			      "}}");
	assert_int_equal(run.batch->events[0]->time_ns, UINT64_C(1704067200000000000));
	check(&run, KIND_persistence_add,
		(const char *const[]){"event.action", "launch_daemon", "process.pid", "9",
			"event.provider", "/x", "Persistence.name", "d.plist", NULL});
}

static void other_objects__are_reported(void **state)
{
	struct run run;

	run_text(&run, &es_json_sensor_ops, "{\"a\":1}\n");
	assert_true(run.stats.records == 1 && run.stats.skipped == 1);
	assert_string_equal(run.reports[0], "1:1 no Endpoint Security payload");
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_names__tell_the_kind),
		cmocka_unit_test(members__tell_the_kind_where_names_do_not),
		cmocka_unit_test(other_objects__are_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
