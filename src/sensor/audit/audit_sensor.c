#include "sensor/audit/audit_sensor.h"
#include "sensor/supplies.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "sensor/audit/audit_fill.h"
#include "sensor/audit/audit_group.h"
#include "sensor/audit/audit_types.h"
#include "sensor/audit/kernel_rules.h"

#define RECORDS_PER_CALL 512
#define BACKLOG_RECORDS	 8192
#define STATUS_EVERY_NS	 (5 * NS_PER_S)
#define LOCKED		 2 /* audit_status.enabled: no changes until the next boot */

struct audit_sensor {
	struct sensor sensor; /* first */
	struct sensor_want want;
	bool no_rules, records_only;
	bool registered; /* as the audit daemon */
	struct audit_netlink records, control;
	struct audit_status before; /* to be restored */
	uint32_t changed;	    /* AUDIT_STATUS_ bits of it */
	struct kernel_rules rules;
	struct audit_line line;
	struct audit_groups groups;
	struct sensor_stats stats;
	uint64_t next_status_ns; /* monotonic */
	uint32_t lost_count;	 /* of the kernel, when last seen */
	uint64_t overruns;	 /* of our socket, not yet reported */
	char buf[AUDIT_NETLINK_MESSAGE_MAX];
};

static struct audit_sensor *sensor_of(const struct sensor *sensor)
{
	return (struct audit_sensor *)(uintptr_t)sensor;
}

static bool has_word(const char *option, const char *word)
{
	struct str rest = str_of(option);

	while (rest.len > 0)
		if (str_is(str_cut(&rest, ','), word))
			return true;
	return false;
}

static int change(struct audit_sensor *s, const struct audit_status *to, uint32_t mask)
{
	struct audit_status status = *to;

	status.mask = mask;
	/* The daemon is whoever asks to be it: that must be the socket that reads. */
	struct audit_netlink *nl = (mask & AUDIT_STATUS_PID) != 0 ? &s->records : &s->control;
	return audit_netlink_request(nl, AUDIT_SET, &status, sizeof(status));
}

static int set(struct audit_sensor *s, const struct audit_status *to, uint32_t mask)
{
	int code = change(s, to, mask);

	if (code == 0)
		s->changed |= mask;
	return code;
}

static void restore(struct audit_sensor *s)
{
	struct audit_status none = {0};

	if ((s->changed & AUDIT_STATUS_ENABLED) != 0)
		(void)change(s, &s->before, AUDIT_STATUS_ENABLED);
	for (uint32_t bit = AUDIT_STATUS_FAILURE; bit <= AUDIT_STATUS_BACKLOG_WAIT_TIME; bit <<= 1)
		if ((s->changed & bit) != 0 && bit != AUDIT_STATUS_PID)
			(void)change(s, &s->before, bit);
	if ((s->changed & AUDIT_STATUS_PID) != 0)
		(void)change(s, &none, AUDIT_STATUS_PID);
	s->changed = 0;
}

static int explain(struct err *err, int code, const char *what)
{
	const char *advice = "";

	if (code == -EPERM)
		advice = " (needs root with CAP_AUDIT_CONTROL, outside of containers)";
	else if (code == -ECONNREFUSED)
		advice = " (audit answers only in the host's network namespace)";
	else if (code == -ETIMEDOUT)
		advice = " (the kernel was perhaps started with audit=0)";
	return err_set(err, code, "netlink audit: %s: %s%s", what, strerror(-code), advice);
}

static int open_streams(struct audit_sensor *s, struct err *err)
{
	int code = audit_netlink_open(&s->control, 0, err);

	if (code != 0)
		return code;
	code = audit_netlink_status(&s->control, &s->before);
	if (code != 0)
		return explain(err, code, "asking for its status");
	if (s->before.enabled == LOCKED)
		s->no_rules = true;
	/* beside auditd only the multicast group is left */
	return audit_netlink_open(&s->records, s->before.pid != 0 ? AUDIT_NLGRP_READLOG : 0, err);
}

static int audit_open(const struct sensor_config *config, struct sensor **ret, struct err *err)
{
	struct audit_sensor *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(err, -ENOMEM, "netlink audit: out of memory");
	s->sensor.ops = &audit_sensor_ops;
	s->records.fd = s->control.fd = -1;
	s->want = config->want;
	s->no_rules = has_word(config->option, "norules");
	s->records_only = config->processes_elsewhere || has_word(config->option, "records");
	audit_line_init(&s->line);
	int code = audit_groups_create(&s->groups) != 0
			   ? err_set(err, -ENOMEM, "netlink audit: out of memory")
			   : open_streams(s, err);
	if (code != 0) {
		audit_sensor_ops.close(&s->sensor);
		return code;
	}
	*ret = &s->sensor;
	return 0;
}

static int audit_start(struct sensor *sensor, struct err *err)
{
	struct audit_sensor *s = sensor_of(sensor);
	struct audit_status to = {.enabled = 1,
		.failure = AUDIT_FAIL_SILENT,
		.pid = (uint32_t)getpid(),
		.backlog_limit = BACKLOG_RECORDS,
		.backlog_wait_time = 0};
	int code;

	(void)kernel_rules_sweep(&s->control);
	s->lost_count = s->before.lost;
	if (s->before.pid == 0) {
		/* nobody may wait for us; older kernels do not know the wait time */
		(void)set(s, &to, AUDIT_STATUS_BACKLOG_WAIT_TIME);
		(void)set(s, &to, AUDIT_STATUS_FAILURE);
		(void)set(s, &to, AUDIT_STATUS_BACKLOG_LIMIT);
		code = set(s, &to, AUDIT_STATUS_PID);
		if (code != 0)
			return explain(err, code, "registering");
		s->registered = true;
	}
	if (s->before.enabled == 0) {
		code = set(s, &to, AUDIT_STATUS_ENABLED);
		if (code != 0)
			return explain(err, code, "switching it on");
	}
	return s->no_rules ? 0 : kernel_rules_load(&s->rules, &s->control, err);
}

static void gap(struct audit_sensor *s, struct batch *batch, uint64_t count, const char *reason)
{
	event_begin(batch, KIND_sensor_gap, clock_now_ns());
	batch->building.os = OS_LINUX;
	if (count > 0)
		ev_uint(batch, FIELD_merlon_gap_count, count);
	ev_cstr(batch, FIELD_merlon_gap_reason, reason);
	ev_text_ref(batch, FIELD_merlon_gap_source, STR("netlink audit"));
	ev_text_ref(batch, FIELD_merlon_sensor, STR("audit"));
	if (event_commit(batch) != NULL)
		s->stats.events++;
	s->stats.gaps++;
	s->stats.dropped += count > 0 ? count : 1;
}

static void count_event(struct audit_sensor *s, const struct event *event)
{
	if (event == NULL)
		return;
	s->stats.events++;
	s->stats.kinds[event->kind]++;
}

/* Rather what the kernel could not queue than nothing: told at most every few seconds. */
static void report_losses(struct audit_sensor *s, struct batch *batch)
{
	struct audit_status status;

	if (s->overruns > 0) {
		gap(s, batch, 0, "records came faster than they were read");
		s->overruns = 0;
	}
	uint64_t now = clock_monotonic_ns();
	if (now < s->next_status_ns)
		return;
	s->next_status_ns = now + STATUS_EVERY_NS;
	if (audit_netlink_status(&s->control, &status) != 0)
		return;
	uint32_t lost = status.lost - s->lost_count;
	if (lost > 0 && lost < UINT32_MAX / 2)
		gap(s, batch, lost, "the kernel's queue of audit records was full");
	s->lost_count = status.lost;
}

static void emit_groups(struct audit_sensor *s, struct batch *batch, uint64_t now_ns)
{
	struct audit_group *group;

	if (now_ns > s->groups.latest_ns)
		s->groups.latest_ns = now_ns;
	while ((group = audit_groups_take(&s->groups, false)) != NULL) {
		count_event(s, audit_group_event(batch, group));
		audit_group_release(&s->groups, group);
	}
}

static void take(struct audit_sensor *s, struct batch *batch, unsigned type, struct str text)
{
	char unknown[24];
	const char *reason, *name = audit_type_name(type);

	if (name == NULL) {
		(void)snprintf(unknown, sizeof(unknown), "UNKNOWN[%u]", type);
		name = unknown;
	}
	s->stats.records++;
	s->stats.bytes += text.len;
	if (audit_line_parse_message(&s->line, str_of(name), text, &reason) != 0) {
		s->stats.skipped++;
		return;
	}
	s->stats.accepted++;
	/* EOE only ends a group and says nothing */
	if (sensor_wants_kind(&s->want, KIND_audit_record) && type != AUDIT_EOE)
		count_event(s, audit_fill_record(batch, &s->line, text));
	count_event(s, audit_user_event(batch, &s->line));
	if (!s->records_only)
		audit_groups_add(&s->groups, &s->line, 0, 0);
}

static int audit_next(struct sensor *sensor, struct batch *batch, int timeout_ms, struct err *err)
{
	struct audit_sensor *s = sensor_of(sensor);
	struct pollfd poller = {.fd = s->records.fd, .events = POLLIN};
	uint64_t before = s->stats.records;
	uint16_t type;
	const char *text;
	size_t len;

	if (poll(&poller, 1, timeout_ms) > 0)
		for (unsigned i = 0; i < RECORDS_PER_CALL; i++) {
			int code = audit_netlink_receive(
				&s->records, s->buf, sizeof(s->buf), &type, &text, &len);
			if (code == -ENOBUFS) {
				s->overruns++;
				continue;
			}
			if (code < 0)
				return err_set(err, code, "netlink audit: %s", strerror(-code));
			if (code == 0)
				break;
			if (type >= AUDIT_FIRST_USER_MSG)
				take(s, batch, type, str_n(text, len));
		}
	emit_groups(s, batch, clock_now_ns());
	report_losses(s, batch);
	return (int)(s->stats.records - before);
}

static int audit_want(struct sensor *sensor, const struct sensor_want *want, struct err *err)
{
	sensor_of(sensor)->want = *want;
	return 0;
}

static void audit_stats(const struct sensor *sensor, struct sensor_stats *ret)
{
	*ret = sensor_of(sensor)->stats;
}

static int audit_poll_fd(const struct sensor *sensor)
{
	return sensor_of(sensor)->records.fd;
}

static void audit_close(struct sensor *sensor)
{
	struct audit_sensor *s = sensor_of(sensor);

	if (s->control.fd >= 0) {
		kernel_rules_unload(&s->rules, &s->control);
		restore(s);
	}
	audit_netlink_close(&s->records);
	audit_netlink_close(&s->control);
	audit_line_destroy(&s->line);
	audit_groups_destroy(&s->groups);
	free(s);
}

static size_t audit_capabilities(struct capability *out, size_t max)
{
	struct audit_netlink nl;
	struct audit_status status = {0};
	struct err err = {0};
	struct capability c = {.name = "records over netlink"};

	int code = audit_netlink_open(&nl, 0, &err);
	if (code == 0) {
		code = audit_netlink_status(&nl, &status);
		if (code != 0)
			(void)explain(&err, code, "status");
	}
	audit_netlink_close(&nl);
	c.available = c.used = code == 0;
	const char *way = status.enabled == LOCKED ? "rules are locked until the next boot"
			  : status.pid != 0	   ? "beside auditd, by multicast"
						   : "as the audit daemon, there is no other";
	(void)snprintf(c.reason, sizeof(c.reason), "%.120s", c.available ? way : err.text);
	if (!c.available)
		c.remedy = code == -EPERM ? "run as root outside of containers"
					  : "a kernel with CONFIG_AUDIT, not started with audit=0";
	if (max > 0)
		out[0] = c;
	return 1;
}

/* What its own rules and the programs that write USER_* records give. */
static const uint16_t audit_kinds[] = {KIND_audit_record, KIND_process_exec, KIND_process_ptrace,
	KIND_process_memfd_create, KIND_process_chroot, KIND_network_connect, KIND_unix_connect,
	KIND_file_open, KIND_file_create, KIND_file_mount, KIND_file_unmount, KIND_driver_load,
	KIND_driver_unload, KIND_system_change, KIND_user_login, KIND_user_logout, KIND_user_su,
	KIND_user_sudo, KIND_ssh_login, KIND_ssh_logout, KIND_authentication, KIND_account_create,
	KIND_account_delete, KIND_account_change, KIND_group_create, KIND_group_delete,
	KIND_group_change, KIND_sensor_gap, KIND_none};

const struct sensor_ops audit_sensor_ops = {
	.name = "audit",
	.doc = "Linux audit over netlink, with rules of its own",
	.live = true,
	.on_request = true,
	.kinds = audit_kinds,
	.capabilities = audit_capabilities,
	.fields = supplies_audit_fields,
	.open = audit_open,
	.start = audit_start,
	.want = audit_want,
	.next = audit_next,
	.stats = audit_stats,
	.poll_fd = audit_poll_fd,
	.close = audit_close,
};
