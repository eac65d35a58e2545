#include "sensor/replay/jamf.h"

#include "sensor/replay/auto.h"
#include "sensor/replay/replay_test.h"

#define RECORD(id, name, error, more)                                                            \
	"{\"header\":{\"event_id\":" #id ",\"event_name\":\"" name "\",\"time_seconds_epoch\":"  \
	"1700000000,\"time_milliseconds_offset\":5},\"host_info\":{\"host_name\":\"mac\"},"      \
	"\"identity\":{\"signer_id\":\"org.x\"},\"return\":{\"error\":" #error "},\"subject\":{" \
	"\"process_id\":7,\"process_name\":\"/bin/zsh\",\"effective_user_id\":501,\"audit_id\":" \
	"4294967295,\"session_id\":3}" more "}\n"

static void check(struct run *run, size_t at, enum event_kind kind, const char *const *fields)
{
	assert_int_equal(run->batch->events[at]->kind, kind);
	for (; *fields != NULL; fields += 2)
		if (strcmp(run_field(run, at, fields[0]), fields[1]) != 0)
			fail_msg("%s is '%s'", fields[0], run_field(run, at, fields[0]));
}

static void records__become_kinds_of_the_schema(void **state)
{
	struct run run;

	run_text(&run, &auto_sensor_ops,
		RECORD(23, "AUE_EXECVE", 0,
			",\"exec_args\":{\"args\":{\"1\":\"ls\",\"10\":\"j\",\"2\":\"b\",\"3\":"
			"\"c\",\"4\":\"d\",\"5\":\"e\",\"6\":\"f\",\"7\":\"g\",\"8\":\"h\",\"9\":"
			"\"i\"}},\"path\":[\"ls\",\"/bin/"
			"ls\"],\"exec_chain_child\":{\"parent_path\":"
			"\"/bin/sh\",\"parent_pid\":6}") RECORD(43190, "AUE_POSIX_SPAWN", 0,
			",\"arguments\":{\"child_PID\":9},\"exec_args\":{\"args\":{\"1\":\"id\"}},"
			"\"path\":[\"/usr/bin/id\",\"/dev/null\"]") RECORD(32, "AUE_CONNECT", 150,
			",\"socket_inet\":{\"ip_address\":\"1.2.3.4\",\"port\":80}") RECORD(9999,
			"AUE_NEW", 0, "") RECORD(6, "AUE_UNLINK", 1,
			",\"path\":[\"/x\"]") RECORD(15, "AUE_KILL", 0,
			",\"arguments\":{\"signal\":9},\"process\":{\"process_id\":4,"
			"\"process_name\":\"/t\"}") "{\"$schema\":\"x\",\"properties\":{}}\n");
	assert_int_equal(run.batch->count, 7);
	assert_int_equal(run.batch->events[0]->time_ns, UINT64_C(1700000000005000000));
	assert_string_equal(run.batch->events[0]->raw_key, "jamf");
	check(&run, 0, KIND_process_exec,
		(const char *const[]){"process.executable", "/bin/ls", "process.command_line",
			"ls b c d e f g h i j", "process.parent.executable", "/bin/sh",
			"process.parent.pid", "6", "process.parent.code_signature.signing_id",
			"org.x", "process.Ext.audit_user.id", "", "host.name", "mac", NULL});
	check(&run, 1, KIND_process_exec,
		(const char *const[]){"process.pid", "9", "process.executable", "/usr/bin/id",
			"process.parent.pid", "7", "process.parent.name", "zsh", NULL});
	check(&run, 2, KIND_network_connect,
		(const char *const[]){"destination.ip", "1.2.3.4", "destination.port", "80",
			"event.outcome", "failure", NULL});
	check(&run, 3, KIND_audit_record,
		(const char *const[]){"auditd.message_type", "AUE_NEW", NULL});
	check(&run, 4, KIND_audit_record, (const char *const[]){"file.path", "/x", NULL});
	check(&run, 5, KIND_process_signal,
		(const char *const[]){"Target.process.pid", "4", "process.Ext.signal", "9",
			"process.code_signature.signing_id", "org.x", NULL});
	check(&run, 6, KIND_document, (const char *const[]){NULL});
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records__become_kinds_of_the_schema),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
