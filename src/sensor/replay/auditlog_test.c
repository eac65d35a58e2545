#include "sensor/audit/audit_join.h"
#include "sensor/audit/syscalls.h"
#include "sensor/replay/auditlog.h"
#include "sensor/replay/replay_test.h"

#define STAMP(serial) " msg=audit(1700000000.125:" serial "): "

/* The n-th event of a kind; fails without. */
static size_t nth(const struct run *run, enum event_kind kind, unsigned n)
{
	for (size_t i = 0; i < run->batch->count; i++)
		if (run->batch->events[i]->kind == kind && n-- == 0)
			return i;
	fail_msg("no event of kind %d", kind);
	return 0;
}

static unsigned count(const struct run *run, enum event_kind kind)
{
	return (unsigned)run->stats.kinds[kind];
}

static const char exec_lines[] = "type=SYSCALL" STAMP(
	"7") "arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55d1 "
	     "a2=55d2 a3=8 items=2 ppid=900 pid=901 auid=1000 uid=1000 gid=1000 euid=0 suid=0 "
	     "fsuid=0 "
	     "egid=1000 sgid=1000 fsgid=1000 tty=pts0 ses=3 comm=\"cat\" exe=\"/usr/bin/cat\" "
	     "subj=unconfined key=\"watch\"\x1d"
	     "ARCH=x86_64 SYSCALL=execve AUID=\"ann\" UID=\"ann\" EUID=\"root\"\n"
	     "type=EXECVE" STAMP(
		     "7") "argc=3 a0=\"cat\" a1=2F746D702F612062 a2=\"\"\n"
			  "type=CWD" STAMP(
				  "7") "cwd=\"/home/ann\"\n"
				       "type=PATH" STAMP(
					       "7") "item=0 name=\"/usr/bin/cat\" inode=77 "
						    "dev=08:01 mode=0100755 ouid=0 "
						    "ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0\n"
						    "type=PATH" STAMP(
							    "7") "item=1 "
								 "name=\"/lib64/"
								 "ld-linux-x86-64.so.2\" inode=78 "
								 "nametype=NORMAL\n"
								 "type=PROCTITLE" STAMP(
									 "7") "proctitle="
									      "636174002F746D702F61"
									      "2062\n";

static void records__keep_their_fields(void **state)
{
	struct run run;

	run_text(&run, &auditlog_sensor_ops, exec_lines);
	assert_int_equal(run.stats.accepted, 6);
	assert_int_equal(count(&run, KIND_audit_record), 6);
	assert_string_equal(run_field(&run, 0, "auditd.message_type"), "SYSCALL");
	assert_string_equal(run_field(&run, 0, "auditd.data.syscall"), "execve|59");
	assert_string_equal(run_field(&run, 0, "auditd.data.a0"), "55d0");
	assert_string_equal(run_field(&run, 0, "auditd.data.key"), "watch");
	assert_string_equal(run_field(&run, 0, "auditd.data.euid"), "0");
	assert_string_equal(run_field(&run, 0, "auditd.sequence"), "7");
	assert_string_equal(run_field(&run, 0, "user.name"), "root");
	assert_string_equal(run_field(&run, 0, "process.Ext.audit_user.id"), "1000");
	assert_string_equal(run_field(&run, 1, "auditd.data.a0"), "cat");
	assert_string_equal(run_field(&run, 1, "auditd.data.a1"), "/tmp/a b");
	assert_string_equal(run_field(&run, 1, "auditd.args"), "cat|/tmp/a b|");
	assert_string_equal(run_field(&run, 3, "auditd.data.nametype"), "NORMAL");
	assert_string_equal(run_field(&run, 5, "auditd.data.proctitle"), "cat /tmp/a b");
	run_end(&run);
}

static void exec__comes_together(void **state)
{
	struct run run;

	run_text(&run, &auditlog_sensor_ops, exec_lines);
	size_t at = nth(&run, KIND_process_exec, 0);
	assert_int_equal(run.batch->events[at]->index, 0);
	assert_int_equal(run.batch->events[at]->time_ns, UINT64_C(1700000000125000000));
	assert_string_equal(run_field(&run, at, "process.args"), "cat|/tmp/a b|");
	assert_string_equal(run_field(&run, at, "process.args_count"), "3");
	assert_string_equal(run_field(&run, at, "process.executable"), "/usr/bin/cat");
	assert_string_equal(run_field(&run, at, "process.working_directory"), "/home/ann");
	assert_string_equal(run_field(&run, at, "process.pid"), "901");
	assert_string_equal(run_field(&run, at, "process.parent.pid"), "900");
	assert_string_equal(run_field(&run, at, "process.user.id"), "0");
	assert_string_equal(run_field(&run, at, "process.real_user.id"), "1000");
	assert_string_equal(run_field(&run, at, "process.inode"), "77");
	run_end(&run);
}

static void mixed_and_incomplete_groups__still_come(void **state)
{
	struct run run;

	run_text(&run, &auditlog_sensor_ops,
		"type=PROCTITLE" STAMP(
			"8") "proctitle=\"rm\"\n"
			     "type=SYSCALL" STAMP(
				     "9") "arch=c000003e syscall=87 success=yes exit=0 items=2 "
					  "pid=5 "
					  "comm=\"rm\" exe=\"/usr/bin/rm\" key=(null)\n"
					  "type=PATH" STAMP(
						  "8") "item=1 name=\"../x/./f.txt\" "
						       "nametype=DELETE\n"
						       "type=SYSCALL" STAMP(
							       "8") "arch=c00000b7 syscall=35 "
								    "success=yes exit=0 items=2 "
								    "pid=4 "
								    "comm=\"rm\" "
								    "exe=\"/usr/bin/rm\" "
								    "key=(null)\n"
								    "type=CWD" STAMP(
									    "8") "cwd=\"/srv/a\"\n"
										 "type=PATH" STAMP(
											 "8") "item"
											      "=0 "
											      "name"
											      "=\"."
											      "./x/"
											      "\" "
											      "name"
											      "type"
											      "=PAR"
											      "ENT"
											      "\n"
											      "type"
											      "=PAT"
											      "H" STAMP(
												      "9") "item=0 name=\"/gone\" nametype=DELETE\n");
	assert_int_equal(count(&run, KIND_file_delete), 2);
	size_t at = nth(&run, KIND_file_delete, 0);
	assert_string_equal(run_field(&run, at, "file.path"), "/srv/x/f.txt");
	assert_string_equal(run_field(&run, at, "file.extension"), "txt");
	assert_int_equal(run.batch->events[at]->index, 3);
	at = nth(&run, KIND_file_delete, 1);
	assert_string_equal(run_field(&run, at, "file.path"), "/gone");
	assert_string_equal(run_field(&run, 1, "auditd.data.key"), "");
	run_end(&run);
}

static void failed_calls__did_not_happen(void **state)
{
	struct run run;

	run_text(&run, &auditlog_sensor_ops,
		"type=SYSCALL" STAMP(
			"1") "arch=c000003e syscall=59 success=no exit=-2 items=0 pid=5\n"
			     "type=PROCTITLE" STAMP(
				     "1") "proctitle=\"x\"\n"
					  "type=SYSCALL" STAMP(
						  "2") "arch=c000003e syscall=42 success=no "
						       "exit=-115 a0=3 items=0 "
						       "pid=5 exe=\"/usr/bin/curl\"\n"
						       "type=SOCKADDR" STAMP(
							       "2") "saddr="
								    "020001BBC0000207000000000000\n"
								    "type=PROCTITLE" STAMP(
									    "2") "proctitle="
										 "\"curl\"\n");
	assert_int_equal(count(&run, KIND_process_exec), 0);
	assert_string_equal(run_field(&run, 0, "event.outcome"), "failure");
	size_t at = nth(&run, KIND_network_connect, 0);
	assert_string_equal(run_field(&run, at, "destination.ip"), "192.0.2.7");
	assert_string_equal(run_field(&run, at, "destination.port"), "443");
	assert_string_equal(run_field(&run, at, "event.outcome"), "success");
	run_end(&run);
}

static void addresses__of_other_families(void **state)
{
	struct run run;

	run_text(&run, &auditlog_sensor_ops,
		"type=SYSCALL" STAMP(
			"2") "arch=c000003e syscall=42 success=yes exit=0 items=0 pid=5\n"
			     "type=SOCKADDR" STAMP(
				     "2") "saddr=0A00005000000000"
					  "20010DB800000000000000000000000100000000\n"
					  "type=EOE" STAMP(
						  "2") "\n"
						       "type=SYSCALL" STAMP(
							       "3") "arch=c000003e syscall=42 "
								    "success=yes exit=0 items=0 "
								    "pid=5\n"
								    "type=SOCKADDR" STAMP(
									    "3") "saddr="
										 "01002F72756E2F780"
										 "00000\n"
										 "type=EOE" STAMP(
											 "3") "\n"
											      "type"
											      "=SYS"
											      "CAL"
											      "L" STAMP(
												      "4") "arch=c000003e syscall=42 success=yes exit=0 items=0 pid=5\n"
													   "type=SOCKADDR" STAMP(
														   "4") "saddr={ saddr_fam=inet laddr=198.51.100.9 lport=25 }\n"
															"type=EOE" STAMP(
																"4") "\n");
	size_t at = nth(&run, KIND_network_connect, 0);
	assert_string_equal(run_field(&run, at, "destination.ip"), "2001:db8::1");
	at = nth(&run, KIND_unix_connect, 0);
	assert_string_equal(run_field(&run, at, "destination.address"), "/run/x");
	at = nth(&run, KIND_network_connect, 1);
	assert_string_equal(run_field(&run, at, "destination.ip"), "198.51.100.9");
	assert_string_equal(run_field(&run, at, "destination.port"), "25");
	run_end(&run);
}

static void user_records__become_logins_and_accounts(void **state)
{
	struct run run;

	run_text(&run, &auditlog_sensor_ops,
		"node=web1 type=USER_LOGIN" STAMP(
			"20") "pid=77 uid=0 auid=4294967295 ses=4294967295 "
			      "msg='op=login acct=\"eve\" exe=\"/usr/sbin/sshd\" hostname=? "
			      "addr=203.0.113.5 "
			      "terminal=ssh res=failed'\x1d"
			      "UID=\"root\" AUID=\"unset\"\n"
			      "type=ADD_USER" STAMP(
				      "21") "pid=78 uid=0 auid=1000 ses=1 msg='op=add-user "
					    "acct=\"new\" "
					    "exe=\"/usr/sbin/useradd\" hostname=h addr=? "
					    "terminal=pts/1 res=success'\n"
					    "type=USER_CMD" STAMP(
						    "22") "pid=79 uid=1000 auid=1000 ses=1 "
							  "msg='cwd=\"/home/ann\" "
							  "cmd=636174202F6574632F736861646F77 "
							  "exe=\"/usr/bin/sudo\" terminal=pts/0 "
							  "res=success'\n");
	size_t at = nth(&run, KIND_ssh_login, 0);
	assert_string_equal(run_field(&run, at, "user.target.name"), "eve");
	assert_string_equal(run_field(&run, at, "source.ip"), "203.0.113.5");
	assert_string_equal(run_field(&run, at, "event.outcome"), "failure");
	assert_string_equal(run_field(&run, at, "host.name"), "web1");
	at = nth(&run, KIND_account_create, 0);
	assert_string_equal(run_field(&run, at, "user.target.name"), "new");
	assert_string_equal(run_field(&run, at, "source.ip"), "");
	at = nth(&run, KIND_user_sudo, 0);
	assert_string_equal(run_field(&run, at, "process.command_line"), "cat /etc/shadow");
	assert_string_equal(run_field(&run, 0, "auditd.data.acct"), "eve");
	run_end(&run);
}

static void argument_in_pieces__is_joined(void **state)
{
	struct run run;

	run_text(&run, &auditlog_sensor_ops,
		"type=SYSCALL" STAMP(
			"5") "arch=c000003e syscall=59 success=yes exit=0 items=0 pid=5 "
			     "exe=\"/bin/sh\"\n"
			     "type=EXECVE" STAMP(
				     "5") "argc=3 a0=\"sh\" a1_len=4 a1[0]=6162\n"
					  "type=EXECVE" STAMP(
						  "5") "a1[1]=6364 a2=\"z\"\n"
						       "type=PROCTITLE" STAMP(
							       "5") "proctitle=\"sh\"\n");
	size_t at = nth(&run, KIND_process_exec, 0);
	assert_string_equal(run_field(&run, at, "process.args"), "sh|abcd|z");
	assert_string_equal(run_field(&run, at, "process.command_line"), "sh abcd z");
	run_end(&run);
}

static void broken_lines__are_reported_and_skipped(void **state)
{
	struct run run;

	run_text(&run, &auditlog_sensor_ops,
		"type=SYSCALL" STAMP("5") "pid=1\n"
					  "\n"
					  "nonsense\n"
					  "type=SYSCALL msg=audit(12:3): x=1\n"
					  "type=X" STAMP("6") "a=\"unclosed");
	assert_int_equal(run.stats.records, 4);
	assert_int_equal(run.stats.accepted, 2);
	assert_int_equal(run.report_count, 2);
	assert_string_equal(run.reports[0], "3:1 no type=");
	run_end(&run);
}

static void many_open_groups__stay_bounded(void **state)
{
	struct buf text = {0};
	struct run run;

	for (unsigned i = 0; i < 300; i++)
		buf_printf(&text,
			"type=SYSCALL msg=audit(1700000000.125:%u): arch=c000003e syscall=83 "
			"success=yes "
			"exit=0 items=1 pid=5\n",
			i);
	buf_char(&text, '\0');
	run_text(&run, &auditlog_sensor_ops, text.ptr);
	assert_int_equal(run.stats.accepted, 300);
	assert_int_equal(count(&run, KIND_file_create), 300);
	buf_destroy(&text);
	run_end(&run);
}

static void tables__name_calls_of_each_architecture(void **state)
{
	assert_string_equal(syscall_name(SYSCALL_ARCH_X86_64, 59), "execve");
	assert_string_equal(syscall_name(SYSCALL_ARCH_I386, 11), "execve");
	assert_string_equal(syscall_name(SYSCALL_ARCH_AARCH64, 221), "execve");
	assert_null(syscall_name(SYSCALL_ARCH_X86_64, 100000));
	assert_null(syscall_name(1, 1));
	assert_int_equal(syscall_number(SYSCALL_ARCH_AARCH64, "memfd_create"), 279);
	assert_int_equal(syscall_number(SYSCALL_ARCH_X86_64, "nothing"), -1);
}

static void join__resolves_text(void **state)
{
	char out[AUDIT_JOIN_BYTES];

	assert_true(str_is(audit_join(out, STR("/a/b"), STR("../c//d/./e")), "/a/c/d/e"));
	assert_true(str_is(audit_join(out, STR("/a"), STR("../../..")), "/"));
	assert_true(str_is(audit_join(out, STR(""), STR("x")), "x"));
	assert_true(str_is(audit_join(out, STR("/q"), STR("/x/../y")), "/y"));
}

static void looks_like__knows_audit_logs(void **state)
{
	assert_true(auditlog_looks_like((const uint8_t *)exec_lines, sizeof(exec_lines) - 1) > 90);
	assert_int_equal(auditlog_looks_like((const uint8_t *)"type=x\n", 7), 0);
	assert_int_equal(auditlog_looks_like((const uint8_t *)"", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records__keep_their_fields),
		cmocka_unit_test(exec__comes_together),
		cmocka_unit_test(mixed_and_incomplete_groups__still_come),
		cmocka_unit_test(failed_calls__did_not_happen),
		cmocka_unit_test(addresses__of_other_families),
		cmocka_unit_test(user_records__become_logins_and_accounts),
		cmocka_unit_test(argument_in_pieces__is_joined),
		cmocka_unit_test(broken_lines__are_reported_and_skipped),
		cmocka_unit_test(many_open_groups__stay_bounded),
		cmocka_unit_test(tables__name_calls_of_each_architecture),
		cmocka_unit_test(join__resolves_text),
		cmocka_unit_test(looks_like__knows_audit_logs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
