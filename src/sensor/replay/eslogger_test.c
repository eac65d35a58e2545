#include "sensor/replay/eslogger.h"

#include "sensor/replay/auto.h"
#include "sensor/replay/replay_test.h"

#define TOKEN(pid, version)                                                           \
	"{\"auid\":501,\"euid\":0,\"egid\":20,\"ruid\":501,\"rgid\":20,\"pid\":" #pid \
	",\"asid\":7,\"pidversion\":" #version "}"
#define FILE_AT(path) "{\"path\":\"" path "\",\"path_truncated\":false}"
#define PROCESS(pid, version, path)                                                                \
	"{\"audit_token\":" TOKEN(                                                                 \
		pid, version) ",\"ppid\":5,\"original_ppid\":5,\"group_id\":6,"                    \
			      "\"session_id\":4,\"executable\":" FILE_AT(                          \
				      path) ",\"codesigning_flags\":570490881,"                    \
					    "\"signing_id\":\"org.x\",\"team_id\":null,"           \
					    "\"cdhash\":\"AB\",\"tty\":null,"                      \
					    "\"is_platform_binary\":false,\"is_es_client\":false," \
					    "\"parent_audit_token\":"                              \
					    "[1,2,3,4,5,6,7,8],\"responsible_audit_token\":[1,2,"  \
					    "3,4,5,9,7,3]}"
#define MESSAGE(type, seq, event)                                                        \
	"{\"schema_version\":1,\"version\":7,\"mach_time\":1,\"action_type\":1,\"event_" \
	"type\":" #type ",\"global_seq_num\":" #seq                                      \
	",\"seq_num\":0,\"time\":\"2024-05-01T10:00:00.5Z\","                            \
	"\"process\":" PROCESS(77, 700, "/bin/zsh") ",\"event\":{" event "}}\n"

struct expected {
	const char *event;
	enum event_kind kind;
	const char *checks[8]; /* field, value, … */
};

static void check_event(const struct expected *e)
{
	char text[8192];
	struct run run;

	(void)snprintf(text, sizeof(text),
		"{\"version\":7,\"event_type\":0,\"process\":" PROCESS(
			77, 700, "/bin/zsh") ",\"event\":{%s}}",
		e->event);
	run_text(&run, &eslogger_sensor_ops, text);
	assert_int_equal(run.batch->count, 1);
	if (run.batch->events[0]->kind != e->kind)
		fail_msg("%s became kind %u", e->event, run.batch->events[0]->kind);
	for (size_t i = 0; i < 8 && e->checks[i] != NULL; i += 2)
		if (strcmp(run_field(&run, 0, e->checks[i]), e->checks[i + 1]) != 0)
			fail_msg("%s: %s is '%s'", e->event, e->checks[i],
				run_field(&run, 0, e->checks[i]));
	run_end(&run);
}

static void exec__acts_as_the_new_image(void **state)
{
	struct run run;

	run_text(&run, &auto_sensor_ops,
		MESSAGE(9, 1,
			"\"exec\":{\"target\":" PROCESS(77, 701,
				"/usr/bin/curl") ",\"args\":["
						 "\"curl\",\"-s\",\"http://a "
						 "b\"],\"env\":[\"A=1\",\"B=2\"],"
						 "\"cwd\":" FILE_AT("/tmp") ",\"script\""
									    ":" FILE_AT(
										    "/tmp/"
										    "x.sh") "}"));
	assert_int_equal(run.batch->count, 1);
	assert_int_equal(run.batch->events[0]->kind, KIND_process_exec);
	assert_int_equal(run.batch->events[0]->os, OS_MACOS);
	assert_int_equal(run.batch->events[0]->time_ns, UINT64_C(1714557600500000000));
	assert_string_equal(run.batch->events[0]->raw_key, "es");
	static const char *const checks[] = {"process.executable", "/usr/bin/curl", "process.name",
		"curl", "process.pid", "77", "process.entity_id", "es-77-701",
		"process.Ext.generation", "701", "process.args", "curl|-s|http://a b",
		"process.args_count", "3", "process.command_line", "curl -s http://a b",
		"process.env_vars", "A=1|B=2", "process.working_directory", "/tmp",
		"process.Ext.script", "/tmp/x.sh", "process.parent.entity_id", "es-77-700",
		"process.parent.executable", "/bin/zsh", "process.parent.name", "zsh",
		"process.parent.pid", "5", "process.user.id", "0", "process.real_user.id", "501",
		"user.id", "0", "process.Ext.audit_user.id", "501", "process.Ext.session", "7",
		"process.group_leader.pid", "6", "process.session_leader.pid", "4",
		"process.responsible.pid", "9", "process.responsible.entity_id", "es-9-3",
		"Effective_process.pid", "9", "process.code_signature.exists", "true",
		"process.code_signature.trusted", "true", "process.code_signature.signing_id",
		"org.x", "process.code_signature.cdhash", "ab", "process.interactive", "false",
		"host.os.type", "macos", "es.event_name", "exec", "es.event_type", "9",
		"es.version", "7"};
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i += 2)
		assert_string_equal(run_field(&run, 0, checks[i]), checks[i + 1]);
	run_end(&run);
}

static void kinds__become_those_of_the_schema(void **state)
{
	static const struct expected all[] = {
		{"\"fork\":{\"child\":" PROCESS(80, 702, "/bin/zsh") "}", KIND_process_fork,
			{"process.pid", "80", "process.parent.pid", "77",
				"process.parent.entity_id", "es-77-700"}},
		{"\"exit\":{\"stat\":256}", KIND_process_exit, {"process.exit_code", "1"}},
		{"\"exit\":{\"stat\":9}", KIND_process_exit,
			{"process.exit_code", "137", "process.Ext.signal", "9"}},
		{"\"open\":{\"fflag\":2,\"file\":{\"path\":\"/a/"
		 "b.txt\",\"stat\":{\"st_mode\":33188,"
		 "\"st_size\":12,\"st_ino\":5}}}",
			KIND_file_open,
			{"file.path", "/a/b.txt", "file.extension", "txt", "file.mode", "0644",
				"file.Ext.open_flags", "2"}},
		{"\"close\":{\"modified\":true,\"target\":" FILE_AT("/a/.zshrc") "}",
			KIND_file_modify,
			{"file.name", ".zshrc", "file.extension", "", "file.directory", "/a"}},
		{"\"close\":{\"modified\":false,\"target\":" FILE_AT("/a/b") "}", KIND_es_other,
			{"event.action", "close"}},
		{"\"create\":{\"destination_type\":1,\"destination\":{\"new_path\":{"
		 "\"dir\":" FILE_AT("/a") ",\"filename\":\"n\",\"mode\":420}}}",
			KIND_file_create, {"file.path", "/a/n", "file.mode", "0644"}},
		{"\"create\":{\"destination_type\":0,\"destination\":{\"existing_file\":" FILE_AT(
			 "/a/o") "}}",
			KIND_file_create, {"file.path", "/a/o"}},
		{"\"rename\":{\"source\":" FILE_AT("/a/s.x") ",\"destination\":{\"new_path\":{"
							     "\"dir\":" FILE_AT(
								     "/") ",\"filename\":\"d\"}}}",
			KIND_file_rename,
			{"file.path", "/d", "file.Ext.original.path", "/a/s.x",
				"file.Ext.original.extension", "x"}},
		{"\"unlink\":{\"target\":" FILE_AT("/a/b") "}", KIND_file_delete,
			{"file.path", "/a/b"}},
		{"\"link\":{\"source\":" FILE_AT("/a/s") ",\"target_dir\":" FILE_AT(
			 "/b") ",\"target_filename\":\"l\"}",
			KIND_file_link, {"file.path", "/b/l", "file.target_path", "/a/s"}},
		{"\"clone\":{\"source\":" FILE_AT("/a/s") ",\"target_dir\":" FILE_AT(
			 "/b") ",\"target_name\":\"c\"}",
			KIND_file_clone, {"file.path", "/b/c", "file.Ext.original.path", "/a/s"}},
		{"\"setmode\":{\"mode\":2541,\"target\":{\"path\":\"/"
		 "a\",\"stat\":{\"st_mode\":33188}}"
		 "}",
			KIND_file_mode_change,
			{"file.mode", "4755", "file.Ext.original.mode", "0644"}},
		{"\"setowner\":{\"uid\":0,\"gid\":4294967295,\"target\":{\"path\":\"/a\",\"stat\":{"
		 "\"st_uid\":501,\"st_gid\":20}}}",
			KIND_file_owner_change,
			{"file.uid", "0", "file.gid", "20", "file.Ext.original.uid", "501"}},
		{"\"deleteextattr\":{\"extattr\":\"com.apple.quarantine\",\"target\":" FILE_AT(
			 "/a") "}",
			KIND_file_xattr_delete, {"file.Ext.xattr", "com.apple.quarantine"}},
		{"\"mount\":{\"statfs\":{\"f_mntonname\":\"/Volumes/x\",\"f_mntfromname\":\"/dev/"
		 "d\","
		 "\"f_fstypename\":\"hfs\"}}",
			KIND_file_mount,
			{"file.path", "/Volumes/x", "file.Ext.device.mount_source", "/dev/d",
				"file.Ext.device.mount_type", "hfs"}},
		{"\"mmap\":{\"protection\":5,\"source\":" FILE_AT("/l.dylib") "}",
			KIND_library_load, {"dll.path", "/l.dylib", "dll.name", "l.dylib"}},
		{"\"mmap\":{\"protection\":1,\"source\":" FILE_AT("/l") "}", KIND_file_access,
			{"file.path", "/l"}},
		{"\"kextload\":{\"identifier\":\"org.k\"}", KIND_driver_load,
			{"driver.name", "org.k"}},
		{"\"signal\":{\"sig\":9,\"target\":" PROCESS(88, 1, "/sbin/x") "}",
			KIND_process_signal,
			{"process.Ext.signal", "9", "Target.process.executable", "/sbin/x",
				"Target.process.pid", "88"}},
		{"\"get_task\":{\"type\":0,\"target\":" PROCESS(88, 1, "/sbin/x") "}",
			KIND_process_get_task,
			{"process.Ext.api.name", "task_for_pid", "Target.process.entity_id",
				"es-88-1"}},
		{"\"setreuid\":{\"ruid\":501,\"euid\":0}", KIND_process_uid_change,
			{"user.changes.id", "0"}},
		{"\"uipc_connect\":{\"domain\":1,\"type\":1,\"protocol\":0,\"file\":" FILE_AT(
			 "/var/run/s") "}",
			KIND_unix_connect,
			{"destination.address", "/var/run/s", "network.type", "unix"}},
		{"\"pty_grant\":{\"dev\":1}", KIND_es_other, {"event.action", "pty_grant"}},
		{"\"not_yet_known\":{\"x\":1}", KIND_es_other, {"es.event_name", "not_yet_known"}},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check_event(&all[i]);
}

static void what_user_space_tells__is_the_instigators_act(void **state)
{
#define INSTIGATOR "\"instigator\":" PROCESS(90, 3, "/usr/bin/dscl")
	static const struct expected all[] = {
		{"\"authentication\":{\"success\":false,\"type\":0,\"data\":{\"od\":{" INSTIGATOR
		 ",\"record_name\":\"bob\",\"node_name\":\"/Local\"}}}",
			KIND_authentication,
			{"process.name", "dscl", "event.outcome", "failure", "user.target.name",
				"bob", "authentication.method", "open_directory"}},
		{"\"od_create_user\":{" INSTIGATOR ",\"error_code\":0,\"user_name\":\"eve\"}",
			KIND_account_create,
			{"process.name", "dscl", "event.provider", "/bin/zsh", "event.outcome",
				"success", "user.target.name", "eve"}},
		{"\"od_group_add\":{" INSTIGATOR ",\"error_code\":1,\"group_name\":\"admin\","
		 "\"member\":{\"member_type\":0,\"member_value\":{\"name\":\"eve\"}}}",
			KIND_group_change,
			{"user.target.group.name", "admin", "user.target.name", "eve",
				"event.outcome", "failure"}},
		{"\"od_delete_user\":{\"instigator\":null,\"instigator_token\":" TOKEN(
			 91, 4) ",\"user_name\":\"eve\"}",
			KIND_account_delete,
			{"process.pid", "91", "process.entity_id", "es-91-4", "process.name", "",
				"event.provider", "/bin/zsh"}},
		{"\"gatekeeper_user_override\":{\"file_type\":0,\"file\":\"/"
		 "B.app\",\"sha256\":\"NULL\"}",
			KIND_gatekeeper_override, {"file.path", "/B.app", "file.hash.sha256", ""}},
		{"\"od_attribute_set\":{" INSTIGATOR ",\"record_type\":1,\"record_name\":\"g\"}",
			KIND_group_change, {"user.target.group.name", "g"}},
		{"\"openssh_login\":{\"success\":true,\"result_type\":2,\"source_address_type\":1,"
		 "\"source_address\":\"10.0.0.1\",\"username\":\"bob\",\"has_uid\":true,\"uid\":"
		 "501}",
			KIND_ssh_login,
			{"source.ip", "10.0.0.1", "user.target.name", "bob", "user.target.id",
				"501", "event.outcome", "success"}},
		{"\"sudo\":{\"success\":false,\"from_uid\":{\"uid\":501},\"from_username\":\"bob\","
		 "\"to_username\":\"root\",\"to_uid\":0,\"command\":\"/bin/sh\",\"reject_info\":{"
		 "\"failure_message\":\"no\"}}",
			KIND_user_sudo,
			{"user.name", "bob", "user.target.name", "root", "event.reason", "no",
				"process.command_line", "/bin/sh"}},
		{"\"lw_session_lock\":{\"username\":\"bob\",\"graphical_session_id\":257}",
			KIND_session_lock, {"session.id", "257"}},
		{"\"screensharing_attach\":{\"success\":true,\"source_address_type\":2,"
		 "\"source_address\":\"fe80::1\",\"session_username\":\"bob\"}",
			KIND_screen_attach, {"source.ip", "fe80::1", "network.type", "ipv6"}},
		{"\"btm_launch_item_add\":{" INSTIGATOR
		 ",\"app\":null,\"executable_path\":\"/x/y\","
		 "\"item\":{\"item_type\":4,\"legacy\":true,\"managed\":false,\"uid\":501,"
		 "\"item_url\":\"file:///Library/Launch%20Daemons/a.plist\"}}",
			KIND_persistence_add,
			{"Persistence.path", "/Library/Launch Daemons/a.plist", "event.action",
				"launch_daemon", "Persistence.executable", "/x/y", "process.name",
				"dscl"}},
		{"\"btm_launch_item_remove\":{\"item\":{\"item_type\":2,\"item_url\":\"Contents/"
		 "L\","
		 "\"app_url\":\"file:///A.app\"}}",
			KIND_persistence_remove,
			{"Persistence.path", "/A.app/Contents/L", "Persistence.type",
				"login_item"}},
		{"\"profile_add\":{" INSTIGATOR ",\"is_update\":false,\"profile\":{\"identifier\":"
		 "\"org.p\",\"display_name\":\"P\",\"install_source\":1}}",
			KIND_profile_add,
			{"Persistence.name", "P", "Persistence.managed", "false"}},
		{"\"xp_malware_detected\":{\"malware_identifier\":\"M\",\"signature_version\":"
		 "\"9\","
		 "\"detected_path\":\"/m\"}",
			KIND_xprotect_detect,
			{"rule.name", "M", "rule.version", "9", "file.path", "/m"}},
		{"\"gatekeeper_user_override\":{\"file_type\":1,\"file\":{\"file\":" FILE_AT(
			 "/A.app") "},\"sha256\":\"AB\",\"signing_info\":{\"team_id\":\"T\"}}",
			KIND_gatekeeper_override,
			{"file.path", "/A.app", "file.hash.sha256", "ab",
				"file.code_signature.team_id", "T"}},
		{"\"tcc_modify\":{\"service\":\"SystemPolicyAllFiles\",\"identity\":\"org.x\","
		 "\"update_type\":1,\"right\":2,\"reason\":2," INSTIGATOR "}",
			KIND_tcc_modify,
			{"tcc.service", "SystemPolicyAllFiles", "tcc.right", "allowed",
				"tcc.reason", "user_consent", "tcc.update_type", "create"}},
		{"\"authorization_judgement\":{" INSTIGATOR ",\"return_code\":0,\"results\":[{"
		 "\"right_name\":\"r1\",\"granted\":true},{\"right_name\":\"r2\"}]}",
			KIND_authentication,
			{"authentication.right", "r1|r2", "event.outcome", "success"}},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		check_event(&all[i]);
}

static void sequence_jumps__are_gaps(void **state)
{
	struct run run;

	run_text(&run, &eslogger_sensor_ops,
		MESSAGE(15, 5, "\"exit\":{\"stat\":0}") MESSAGE(15, 6, "\"exit\":{\"stat\":0}")
			MESSAGE(15, 10, "\"exit\":{\"stat\":0}") "{\"version\":12}\n" MESSAGE(
				15, 2, "\"exit\":{\"stat\":0}"));
	assert_int_equal(run.batch->count, 5);
	assert_int_equal(run.batch->events[2]->kind, KIND_sensor_gap);
	assert_string_equal(run_field(&run, 2, "merlon.gap.count"), "3");
	assert_int_equal(run.batch->events[2]->index, 2);
	assert_int_equal(run.batch->events[4]->index, 4);
	assert_true(run.stats.records == 5 && run.stats.skipped == 1 && run.stats.gaps == 1);
	assert_string_equal(run.reports[0], "4:1 not an Endpoint Security message");
	run_end(&run);
}

static void denied__is_an_outcome(void **state)
{
	struct run run;

	run_text(&run, &eslogger_sensor_ops,
		"{\"event_type\":9,\"action\":{\"result\":{\"result_type\":0,\"result\":{\"auth\":"
		"1}}},"
		"\"process\":{},\"event\":{\"exec\":{\"target\":null}}}");
	assert_int_equal(run.batch->count, 1);
	assert_string_equal(run_field(&run, 0, "event.outcome"), "failure");
	assert_true((run.batch->events[0]->types >> TYPE_denied & 1) != 0);
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exec__acts_as_the_new_image),
		cmocka_unit_test(kinds__become_those_of_the_schema),
		cmocka_unit_test(what_user_space_tells__is_the_instigators_act),
		cmocka_unit_test(sequence_jumps__are_gaps),
		cmocka_unit_test(denied__is_an_outcome),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
