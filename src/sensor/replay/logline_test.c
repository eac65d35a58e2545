#include <sys/stat.h>
#include "base/clock.h"
#include "sensor/log/log_line.h"
#include "sensor/replay/logline.h"
#include "sensor/replay/replay_test.h"

/* Lines in a file that was last changed at a time of 2024-03-01. */
static void run_log(struct run *run, const char *suffix, const char *text)
{
	struct timespec times[2] = {{.tv_sec = 1709290800}, {.tv_sec = 1709290800}};
	char path[64];

	test_file(path, suffix, text, strlen(text));
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	run_files(run, &logline_sensor_ops, (const char *const[]){path}, 1);
	(void)unlink(path);
}

static void parse(struct log_line *line, const char *text)
{
	struct log_clock clock = {.reference_ns = UINT64_C(1709290800) * NS_PER_S};
	log_line_parse(line, str_of(text), &clock);
}

static void check(const struct log_line *line, const char *time, const char *host,
	const char *program, const char *pid, const char *message)
{
	char text[CLOCK_TEXT_BYTES] = "";

	if (line->time_ns != 0)
		text[clock_format_rfc3339(line->time_ns, text)] = '\0';
	assert_string_equal(text, time);
	assert_true(str_is(line->host, host));
	assert_true(str_is(line->program, program));
	assert_true(str_is(line->pid, pid));
	assert_true(str_is(line->message, message));
}

static void forms_of_lines(void **state)
{
	struct log_line l;

	parse(&l, "Feb 29 10:00:01 web1 sshd[77]: hello there");
	check(&l, "2024-02-29T10:00:01.000Z", "web1", "sshd", "77", "hello there");
	parse(&l, "Dec  9 23:59:59 web1 kernel: [ 1.5] x");
	check(&l, "2023-12-09T23:59:59.000Z", "web1", "kernel", "", "[ 1.5] x");
	parse(&l, "<86>2024-02-01T10:00:00.250+02:00 h su[1]: m");
	check(&l, "2024-02-01T08:00:00.250Z", "h", "su", "1", "m");
	assert_true(str_is(log_facility_name(l.priority), "authpriv"));
	assert_true(str_is(log_severity_name(l.priority), "info"));
	parse(&l, "<34>1 2024-02-01T10:00:00Z h app 12 ID47 [a@1 k=\"]\\\"\"][b@2] the text");
	check(&l, "2024-02-01T10:00:00.000Z", "h", "app", "12", "the text");
	parse(&l, "<34>1 - - - - - - the text");
	check(&l, "", "", "", "", "the text");
	parse(&l, "Mon Feb  5 10:00:00 2024 [pid 9] FAIL LOGIN: Client \"192.0.2.1\"");
	check(&l, "2024-02-05T10:00:00.000Z", "", "", "",
		"[pid 9] FAIL LOGIN: Client \"192.0.2.1\"");
	parse(&l, "2024-02-05 10:00:00 status installed foo:amd64 1.0");
	check(&l, "2024-02-05T10:00:00.000Z", "", "", "", "status installed foo:amd64 1.0");
	parse(&l, "no time: at all");
	check(&l, "", "", "", "", "no time: at all");
	parse(&l, "Feb  5 10:00:00 cron[3]: without a host");
	check(&l, "2024-02-05T10:00:00.000Z", "", "cron", "3", "without a host");
	parse(&l, "");
	check(&l, "", "", "", "", "");
}

static void without_reference__years_go_on(void **state)
{
	struct log_clock clock = {0};
	struct log_line l;

	log_line_parse(&l, STR("Dec 31 23:59:59 h p: a"), &clock);
	uint64_t before = l.time_ns;
	log_line_parse(&l, STR("Jan  1 00:00:01 h p: b"), &clock);
	assert_int_equal(l.time_ns - before, 2 * NS_PER_S);
	log_line_parse(&l, STR("Dec 31 23:59:59 h p: late"), &clock);
	assert_true(l.time_ns > before);
}

static void offset__moves_local_times_only(void **state)
{
	struct log_clock clock = {
		.reference_ns = UINT64_C(1709290800) * NS_PER_S, .utc_offset_s = 3600};
	struct log_line l;

	log_line_parse(&l, STR("Feb  5 10:00:00 h p: a"), &clock);
	check(&l, "2024-02-05T09:00:00.000Z", "h", "p", "", "a");
	log_line_parse(&l, STR("2024-02-05T10:00:00Z h p: a"), &clock);
	check(&l, "2024-02-05T10:00:00.000Z", "h", "p", "", "a");
}

static void ssh__logins(void **state)
{
	struct run run;

	run_log(&run, "-auth.log",
		"Feb  5 10:00:00 h sshd[5]: Failed password for invalid user adm from 192.0.2.9 "
		"port "
		"4022 ssh2\n"
		"Feb  5 10:00:01 h sshd[5]: Accepted publickey for ann from 2001:db8::5 port 4023 "
		"ssh2: ED25519 SHA256:abc\n"
		"Feb  5 10:09:00 h sshd[5]: pam_unix(sshd:session): session closed for user ann\n"
		"Feb  5 10:09:00 h sshd[5]: nothing special\n");
	assert_int_equal(run.stats.accepted, 4);
	assert_int_equal(run.stats.events, 7);
	assert_int_equal(run.batch->events[0]->kind, KIND_log_line);
	assert_string_equal(run_field(&run, 0, "log.service"), "sshd|auth|syslog");
	assert_int_equal(run.batch->events[1]->kind, KIND_ssh_login);
	assert_int_equal(run.batch->events[1]->index, 0);
	assert_string_equal(run_field(&run, 1, "event.outcome"), "failure");
	assert_string_equal(run_field(&run, 1, "user.name"), "adm");
	assert_string_equal(run_field(&run, 1, "source.ip"), "192.0.2.9");
	assert_string_equal(run_field(&run, 3, "event.outcome"), "success");
	assert_string_equal(run_field(&run, 3, "authentication.method"), "publickey");
	assert_string_equal(run_field(&run, 3, "source.ip"), "2001:db8::5");
	assert_string_equal(run_field(&run, 3, "source.port"), "4023");
	assert_int_equal(run.batch->events[5]->kind, KIND_ssh_logout);
	run_end(&run);
}

static void ssh__names_cannot_forge_the_peer(void **state)
{
	struct run run;

	run_log(&run, "-auth.log",
		"Feb  5 10:00:00 h sshd[5]: Failed password for invalid user a from 198.51.100.1 "
		"port 1 from 192.0.2.9 port 4022 ssh2\n");
	assert_string_equal(run_field(&run, 1, "user.name"), "a from 198.51.100.1 port 1");
	assert_string_equal(run_field(&run, 1, "source.ip"), "192.0.2.9");
	assert_string_equal(run_field(&run, 1, "source.port"), "4022");
	run_end(&run);
}

static void sudo_and_su(void **state)
{
	struct run run;

	run_log(&run, ".log",
		"Feb  5 10:00:00 h sudo:     ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; "
		"COMMAND=/usr/bin/cat /etc/shadow\n"
		"Feb  5 10:00:01 h sudo: bob : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root "
		"; "
		"COMMAND=/bin/sh\n"
		"Feb  5 10:00:02 h su[9]: (to root) ann on pts/0\n"
		"Feb  5 10:00:02 h su[9]: pam_unix(su:session): session opened for user "
		"root(uid=0) by "
		"ann(uid=1000)\n"
		"Feb  5 10:00:03 h su[10]: FAILED SU (to root) eve on pts/2\n");
	assert_int_equal(run.stats.kinds[KIND_user_sudo], 2);
	assert_int_equal(run.stats.kinds[KIND_user_su], 2);
	assert_string_equal(run_field(&run, 1, "user.name"), "ann");
	assert_string_equal(run_field(&run, 1, "user.target.name"), "root");
	assert_string_equal(run_field(&run, 1, "process.command_line"), "/usr/bin/cat /etc/shadow");
	assert_string_equal(run_field(&run, 1, "event.outcome"), "success");
	assert_string_equal(run_field(&run, 3, "event.outcome"), "failure");
	assert_string_equal(run_field(&run, 5, "user.name"), "ann");
	assert_string_equal(run_field(&run, 8, "event.outcome"), "failure");
	run_end(&run);
}

static void accounts(void **state)
{
	struct run run;

	run_log(&run, ".log",
		"Feb  5 10:00:00 h useradd[1]: new user: name=new, UID=0, GID=0, home=/root, "
		"shell=/bin/bash\n"
		"Feb  5 10:00:00 h useradd[1]: new group: name=new, GID=1001\n"
		"Feb  5 10:00:00 h usermod[2]: add 'new' to group 'sudo'\n"
		"Feb  5 10:00:00 h usermod[2]: add 'new' to shadow group 'sudo'\n"
		"Feb  5 10:00:00 h userdel[3]: delete user 'new'\n"
		"Feb  5 10:00:00 h passwd[4]: pam_unix(passwd:chauthtok): password changed for "
		"ann\n"
		"Feb  5 10:00:00 h gpasswd[5]: user ann added by root to group docker\n"
		"Feb  5 10:00:00 h crontab[6]: (ann) REPLACE (bob)\n");
	assert_int_equal(run.stats.kinds[KIND_account_create], 1);
	assert_string_equal(run_field(&run, 1, "user.target.name"), "new");
	assert_string_equal(run_field(&run, 1, "user.target.id"), "0");
	assert_int_equal(run.stats.kinds[KIND_group_create], 1);
	assert_int_equal(run.stats.kinds[KIND_group_change], 2);
	assert_string_equal(run_field(&run, 5, "user.target.group.name"), "sudo");
	assert_int_equal(run.stats.kinds[KIND_account_delete], 1);
	assert_int_equal(run.stats.kinds[KIND_account_change], 1);
	assert_int_equal(run.stats.kinds[KIND_persistence_add], 1);
	assert_string_equal(run_field(&run, run.batch->count - 1, "Persistence.name"), "bob");
	run_end(&run);
}

static void services__route_rules(void **state)
{
	struct run run;

	run_log(&run, "-vsftpd.log", "Mon Feb  5 10:00:00 2024 [pid 9] Bad HTTP verb.\n");
	assert_string_equal(run_field(&run, 0, "log.service"), "vsftpd");
	assert_string_equal(run_field(&run, 0, "message"), "[pid 9] Bad HTTP verb.");
	run_end(&run);
	run_log(&run, ".log",
		"Feb  5 10:00:00 h CRON[9]: (root) CMD (true)\n"
		"Feb  5 10:00:00 h clamd[9]: /x: Trojan.A FOUND\n"
		"<87>Feb  5 10:00:00 h foo: x\n");
	assert_string_equal(run_field(&run, 0, "log.service"), "cron|syslog");
	assert_string_equal(run_field(&run, 1, "log.service"), "clamav|syslog");
	assert_string_equal(run_field(&run, 2, "log.service"), "foo|auth|syslog");
	run_end(&run);
}

static void web_servers__tell_requests(void **state)
{
	struct run run;

	run_log(&run, "-nginx-access.log",
		"192.0.2.7 - - [05/Feb/2026:10:00:00 +0100] \"GET /a/b.php?x=1%27&y=2 HTTP/1.1\" "
		"200 "
		"12 \"-\" \"curl/8 \\\"q\\\"\"\n"
		"web.example:443 host.example - kim [05/Feb/2026:09:00:01 +0000] \"POST "
		"http://h.example/up HTTP/1.1\" 404 -\n"
		"192.0.2.7 - - [05/Feb/2026:09:00:02 +0000] \"\\x16\\x03\" 400 0 \"-\" \"-\"\n");
	assert_int_equal(run.stats.events, 3);
	assert_int_equal(run.batch->events[0]->time_ns, UINT64_C(1770282000) * NS_PER_S);
	assert_int_equal(run.batch->events[1]->time_ns, UINT64_C(1770282001) * NS_PER_S);
	assert_true(run.batch->events[0]->categories >> CATEGORY_web & 1);
	assert_string_equal(run_field(&run, 0, "source.ip"), "192.0.2.7");
	assert_string_equal(run_field(&run, 0, "http.request.method"), "GET");
	assert_string_equal(run_field(&run, 0, "url.original"), "/a/b.php?x=1%27&y=2");
	assert_string_equal(run_field(&run, 0, "url.path"), "/a/b.php");
	assert_string_equal(run_field(&run, 0, "url.query"), "x=1%27&y=2");
	assert_string_equal(run_field(&run, 0, "url.extension"), "php");
	assert_string_equal(run_field(&run, 0, "http.response.status_code"), "200");
	assert_string_equal(run_field(&run, 0, "user_agent.original"), "curl/8 \\\"q\\\"");
	assert_string_equal(run_field(&run, 0, "data_stream.dataset"), "nginx.access");
	assert_string_equal(run_field(&run, 1, "source.address"), "host.example");
	assert_string_equal(run_field(&run, 1, "user.name"), "kim");
	assert_string_equal(run_field(&run, 1, "url.path"), "/up");
	assert_string_equal(run_field(&run, 1, "url.domain"), "h.example");
	assert_string_equal(run_field(&run, 1, "event.outcome"), "failure");
	/* no request that can be read: a line like others */
	assert_false(run.batch->events[2]->categories >> CATEGORY_web & 1);
	run_end(&run);
}

static void api_servers__tell_requests(void **state)
{
	struct run run;

	run_log(&run, "-audit.log",
		"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/"
		"v1\",\"auditID\":\"7\",\"stage\":"
		"\"ResponseComplete\",\"verb\":\"create\",\"user\":{\"username\":\"kim\",\"extra\":"
		"{"
		"\"authentication.kubernetes.io/"
		"pod-name\":[\"shop-1\"]}},\"sourceIPs\":[\"192.0.2.3\"],"
		"\"objectRef\":{\"resource\":\"pods\",\"name\":\"db\",\"subresource\":\"exec\"},"
		"\"responseStatus\":{\"code\":403},\"stageTimestamp\":\"2026-02-05T10:00:00.5Z\","
		"\"annotations\":{\"authorization.k8s.io/decision\":\"forbid\"}}\n"
		"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"verb\":\n");
	assert_int_equal(run.stats.events, 1);
	assert_int_equal(run.stats.skipped, 1);
	assert_int_equal(run.batch->events[0]->time_ns, UINT64_C(1770285600500000000));
	assert_string_equal(run_field(&run, 0, "data_stream.dataset"), "kubernetes.audit_logs");
	assert_string_equal(run_field(&run, 0, "event.action"), "create");
	assert_string_equal(run_field(&run, 0, "event.outcome"), "failure");
	assert_string_equal(run_field(&run, 0, "source.ip"), "192.0.2.3");
	assert_non_null(strstr(run.batch->events[0]->raw.ptr,
		"\"kubernetes.audit.annotations\":{\"authorization_k8s_io/decision\":\"forbid\"}"));
	run_end(&run);
}

static void kernel_lines__hold_audit_records(void **state)
{
	struct run run;

	run_log(&run, ".log",
		"Feb  5 10:00:00 h kernel: [   12.5] audit: type=1400 audit(1707127200.250:42): "
		"apparmor=\"DENIED\" operation=\"open\" profile=\"p\" name=\"/x\" pid=7\n");
	assert_int_equal(run.stats.accepted, 1);
	assert_int_equal(run.batch->events[1]->kind, KIND_audit_record);
	assert_int_equal(run.batch->events[1]->index, 0);
	assert_string_equal(run_field(&run, 1, "auditd.message_type"), "AVC");
	assert_string_equal(run_field(&run, 1, "auditd.data.apparmor"), "DENIED");
	assert_string_equal(run_field(&run, 1, "auditd.sequence"), "42");
	run_end(&run);
}

static void binary__is_skipped(void **state)
{
	char path[64];
	struct run run;

	test_file(path, ".log", "a line\nwith \0 in it\nlast", 24);
	run_files(&run, &logline_sensor_ops, (const char *const[]){path}, 1);
	(void)unlink(path);
	assert_int_equal(run.stats.records, 3);
	assert_int_equal(run.stats.skipped, 1);
	run_end(&run);
}

static void looks_like__wants_times(void **state)
{
	static const char good[] = "Feb  5 10:00:00 h p: a\nFeb  5 10:00:01 h p: b\n";
	static const char plain[] = "just words\nand more\n";

	assert_true(logline_looks_like((const uint8_t *)good, sizeof(good) - 1) > 0);
	assert_int_equal(logline_looks_like((const uint8_t *)plain, sizeof(plain) - 1), 0);
	assert_int_equal(logline_looks_like((const uint8_t *)"{\"a\":1}", 7), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_lines),
		cmocka_unit_test(without_reference__years_go_on),
		cmocka_unit_test(offset__moves_local_times_only),
		cmocka_unit_test(ssh__logins),
		cmocka_unit_test(ssh__names_cannot_forge_the_peer),
		cmocka_unit_test(sudo_and_su),
		cmocka_unit_test(accounts),
		cmocka_unit_test(services__route_rules),
		cmocka_unit_test(web_servers__tell_requests),
		cmocka_unit_test(api_servers__tell_requests),
		cmocka_unit_test(kernel_lines__hold_audit_records),
		cmocka_unit_test(binary__is_skipped),
		cmocka_unit_test(looks_like__wants_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
