/* The netlink audit sensor on this machine: acts, the records that must come, and that everything
 * is as before at the end. TAP. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "sensor/audit/audit_sensor.h"
#include "sensor/audit/netlink.h"

#define WAIT_NS (5 * NS_PER_S)

static unsigned number, failures;

static void result(const char *name, bool good, const char *skip)
{
	failures += !good;
	printf("%sok %u - %s%s%s\n", good ? "" : "not ", ++number, name,
		skip != NULL ? " # SKIP " : "", skip != NULL ? skip : "");
}

/* What must be seen of an act: kind, a field and its text. */
struct expected {
	enum event_kind kind;
	const char *field, *text;
};
struct act {
	const char *name;
	int (*run)(void); /* in a child */
	struct expected must[4];
};

static int run_program(void)
{
	char *const argv[] = {"base64", "/dev/null", "odd word", NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)dup2(null, STDERR_FILENO);
	return execv("/usr/bin/base64", argv);
}

static int connect_somewhere(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)connect(fd, (const struct sockaddr *)&to, sizeof(to));
	return 0;
}

static int make_memory_file(void)
{
	return memfd_create("merlon-test", MFD_CLOEXEC) < 0;
}

static int read_issue(void)
{
	return open("/etc/issue", O_RDONLY | O_CLOEXEC) < 0;
}

static const struct act acts[] = {
	{"exec", run_program,
		{{KIND_process_exec, "process.command_line", "base64 /dev/null odd word"},
			{KIND_audit_record, "auditd.data.a2", "odd word"},
			{KIND_audit_record, "auditd.data.key", "susp_activity"}}},
	{"connect", connect_somewhere,
		{{KIND_network_connect, "destination.ip", "127.0.0.1"},
			{KIND_audit_record, "auditd.data.key", "network_connect_4"}}},
	{"memfd", make_memory_file,
		{{KIND_process_memfd_create, "event.outcome", "success"},
			{KIND_audit_record, "auditd.data.syscall", "memfd_create"}}},
	{"read of a watched file", read_issue,
		{{KIND_file_open, "file.path", "/etc/issue"},
			{KIND_audit_record, "auditd.data.name", "/etc/issue"}}},
};

struct stage {
	struct fields *fields;
	struct batch *batch;
	struct sensor *sensor;
	struct sensor_config config;
};

static bool has(const struct stage *s, const struct event *event, const struct expected *e)
{
	const struct value *v = event_get(event, fields_find(s->fields, str_of(e->field)));
	char number_text[VALUE_TEXT_BYTES];

	if (event->kind != e->kind || v == NULL)
		return false;
	const struct value *items = v->type == VALUE_LIST ? v->items : v;
	for (uint32_t i = 0; i < (v->type == VALUE_LIST ? v->len : 1); i++)
		if (str_is(value_as_text(&items[i], number_text), e->text))
			return true;
	return false;
}

static void perform(struct stage *s, const struct act *act)
{
	uint64_t until = clock_monotonic_ns() + WAIT_NS;
	unsigned met = 0, all = 0;
	struct err err;

	for (unsigned i = 0; i < 4 && act->must[i].field != NULL; i++)
		all |= 1U << i;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		_exit(act->run());
	while (met != all && clock_monotonic_ns() < until) {
		batch_clear(s->batch);
		if (s->sensor->ops->next(s->sensor, s->batch, 100, &err) < 0)
			break;
		for (uint32_t i = 0; i < s->batch->count; i++)
			for (unsigned k = 0; k < 4 && act->must[k].field != NULL; k++)
				if (has(s, s->batch->events[i], &act->must[k]))
					met |= 1U << k;
	}
	(void)waitpid(child, NULL, 0);
	result(act->name, met == all, NULL);
	for (unsigned i = 0; i < 4; i++)
		if ((all & ~met) >> i & 1)
			printf("# missing: %s %s\n", act->must[i].field, act->must[i].text);
}

static void count_rule(void *context, const struct audit_rule_data *rule, size_t len)
{
	++*(unsigned *)context;
}

static unsigned rules(struct audit_netlink *nl)
{
	unsigned count = 0;
	return audit_netlink_list_rules(nl, count_rule, &count) == 0 ? count : 9999;
}

static bool same(const struct audit_status *a, const struct audit_status *b)
{
	return a->enabled == b->enabled && a->failure == b->failure && a->pid == b->pid &&
	       a->backlog_limit == b->backlog_limit && a->backlog_wait_time == b->backlog_wait_time;
}

static bool set_up(struct stage *s, struct err *err)
{
	memset(s->config.want.kinds, 0xff, sizeof(s->config.want.kinds));
	if (fields_create(&s->fields, err) != 0)
		return false;
	fields_want_all(s->fields);
	s->config.want.fields = s->fields;
	return fields_freeze(s->fields, err) == 0 && batch_create(s->fields, &s->batch) == 0;
}

int main(void)
{
	struct stage s = {0};
	struct err err = {0};
	struct audit_netlink nl = {.fd = -1};
	struct audit_status before, after = {0};
	unsigned rules_before = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	int code = set_up(&s, &err) ? audit_netlink_open(&nl, 0, &err) : -ENOMEM;
	if (code == 0)
		code = audit_netlink_status(&nl, &before);
	if (code == 0)
		code = audit_sensor_ops.open(&s.config, &s.sensor, &err);
	if (code == 0) {
		rules_before = rules(&nl);
		code = audit_sensor_ops.start(s.sensor, &err);
		if (code != 0)
			audit_sensor_ops.close(s.sensor);
	}
	if (code != 0) {
		result("audit", true, err.text[0] != '\0' ? err.text : strerror(-code));
	} else {
		for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
			perform(&s, &acts[i]);
		audit_sensor_ops.close(s.sensor);
		result("settings are as before",
			audit_netlink_status(&nl, &after) == 0 && same(&before, &after), NULL);
		result("rules are as before", rules(&nl) == rules_before, NULL);
	}
	printf("1..%u\n", number);
	audit_netlink_close(&nl);
	batch_destroy(s.batch);
	fields_destroy(s.fields);
	return failures > 0;
}
