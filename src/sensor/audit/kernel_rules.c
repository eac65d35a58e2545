#include "sensor/audit/kernel_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "sensor/audit/syscalls.h"

#define OWN_KEY	      "merlon"
#define RULE_TEXT_MAX 512
#define SWEEP_MAX     256

/* audit_rule_data with room for its buf. */
struct kernel_rule {
	_Alignas(struct audit_rule_data) char bytes[sizeof(struct audit_rule_data) + RULE_TEXT_MAX];
};

static struct audit_rule_data *data_of(struct kernel_rule *rule)
{
	return (struct audit_rule_data *)(void *)rule->bytes;
}

/* System calls to record, for both widths of the machine. filter: argument 0 must be this, or -1. */
static const struct call_rule {
	const char *key;
	int argument0;
	const char *calls[12];
} call_rules[] = {
	{"exec", -1, {"execve", "execveat"}},
	{"network_connect_4", -1, {"connect"}},
	{"modules", -1, {"init_module", "finit_module", "delete_module"}},
	{"memfd", -1, {"memfd_create"}},
	{"personality", -1, {"personality"}},
	{"clear_dmesg_logs", 4, {"syslog"}},
	{"clear_dmesg_logs", 5, {"syslog"}},
	{"disable_dmesg_logs", 6, {"syslog"}},
	{"discovery_sysinfo_syscall", -1, {"sysinfo"}},
	{"specialfiles", -1, {"mknod", "mknodat"}},
	{"tracing", -1, {"ptrace", "process_vm_writev"}},
	{"mounts", -1, {"mount", "umount2", "pivot_root"}},
	{"time", -1, {"settimeofday", "clock_settime"}},
};

/* Files and programs: perm as auditctl -p writes it. */
static const struct path_rule {
	const char *path, *perm, *key;
} path_rules[] = {
	{"/etc/passwd", "wa", "identity"},
	{"/etc/shadow", "rwa", "identity"},
	{"/etc/group", "wa", "identity"},
	{"/etc/sudoers", "wa", "identity"},
	{"/etc/ld.so.preload", "wa", "preload"},
	{"/etc/login.defs", "rwa", "password_policy"},
	{"/etc/pam.d", "rwa", "pam"},
	{"/etc/security/pwquality.conf", "rwa", "password_policy"},
	{"/etc/lsb-release", "r", "discovery"},
	{"/etc/redhat-release", "r", "discovery"},
	{"/etc/issue", "r", "discovery"},
	{"/etc/audit", "wa", "auditconfig"},
	{"/etc/libaudit.conf", "wa", "auditconfig"},
	{"/etc/audisp", "wa", "auditconfig"},
	{"/etc/syslog.conf", "wa", "logging"},
	{"/etc/rsyslog.conf", "wa", "logging"},
	{"/etc/syslog-ng/syslog-ng.conf", "wa", "logging"},
	{"/etc/sysctl.conf", "wa", "sysctl"},
	{"/etc/systemd/system", "wa", "systemd"},
	{"/proc/sysrq-trigger", "wa", "sysrq"},
	{"/proc/sys/kernel/sysrq", "wa", "sysrq"},
	{"/usr/bin/wget", "x", "susp_activity"},
	{"/usr/bin/curl", "x", "susp_activity"},
	{"/usr/bin/base64", "x", "susp_activity"},
	{"/bin/nc", "x", "susp_activity"},
	{"/bin/netcat", "x", "susp_activity"},
	{"/usr/bin/ncat", "x", "susp_activity"},
	{"/usr/bin/ss", "x", "susp_activity"},
	{"/usr/bin/netstat", "x", "susp_activity"},
	{"/usr/bin/ssh", "x", "susp_activity"},
	{"/usr/bin/scp", "x", "susp_activity"},
	{"/usr/bin/sftp", "x", "susp_activity"},
	{"/usr/bin/ftp", "x", "susp_activity"},
	{"/usr/bin/socat", "x", "susp_activity"},
	{"/usr/bin/wireshark", "x", "susp_activity"},
	{"/usr/bin/tshark", "x", "susp_activity"},
	{"/usr/bin/nmap", "x", "susp_activity"},
};

static void field(struct kernel_rule *rule, uint32_t id, uint32_t op, uint32_t value)
{
	struct audit_rule_data *data = data_of(rule);
	uint32_t at = data->field_count++;

	data->fields[at] = id;
	data->fieldflags[at] = op;
	data->values[at] = value;
}

static void text_field(struct kernel_rule *rule, uint32_t id, const char *text)
{
	struct audit_rule_data *data = data_of(rule);
	size_t len = strlen(text);

	if (data->buflen + len > RULE_TEXT_MAX)
		return;
	memcpy(rule->bytes + sizeof(*data) + data->buflen, text, len);
	data->buflen += (uint32_t)len;
	field(rule, id, AUDIT_EQUAL, (uint32_t)len);
}

static void begin(struct kernel_rule *rule)
{
	*rule = (struct kernel_rule){0};
	data_of(rule)->flags = AUDIT_FILTER_EXIT;
	data_of(rule)->action = AUDIT_ALWAYS;
}

/* The key field comes last; our own processes are left out, as reading records must make none. */
static void finish(struct kernel_rule *rule, const char *key)
{
	char keys[AUDIT_MAX_KEY_LEN];

	field(rule, AUDIT_PID, AUDIT_NOT_EQUAL, (uint32_t)getpid());
	(void)snprintf(keys, sizeof(keys), "%s\1" OWN_KEY, key);
	text_field(rule, AUDIT_FILTERKEY, keys);
}

static int remember(struct kernel_rules *rules, const struct kernel_rule *rule)
{
	if (rules->count == rules->capacity) {
		size_t capacity = rules->capacity == 0 ? 64 : rules->capacity * 2;
		struct kernel_rule *more = realloc(rules->rules, capacity * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		rules->rules = more;
		rules->capacity = capacity;
	}
	rules->rules[rules->count++] = *rule;
	return 0;
}

static int send_rule(struct audit_netlink *nl, uint16_t request, struct kernel_rule *rule)
{
	return audit_netlink_request(
		nl, request, rule->bytes, sizeof(struct audit_rule_data) + data_of(rule)->buflen);
}

/* Returns 0 or why it was refused; a rule that is there already is another's and stays. */
static int load(struct kernel_rules *rules, struct audit_netlink *nl, struct kernel_rule *rule)
{
	int code = send_rule(nl, AUDIT_ADD_RULE, rule);

	if (code == 0)
		code = remember(rules, rule);
	if (code == 0)
		rules->loaded_count++;
	else if (code != -EEXIST)
		rules->refused_count++;
	return code;
}

static int load_calls(struct kernel_rules *rules, struct audit_netlink *nl,
	const struct call_rule *row, uint32_t arch)
{
	struct kernel_rule rule;
	unsigned found = 0;

	begin(&rule);
	field(&rule, AUDIT_ARCH, AUDIT_EQUAL, arch);
	for (size_t i = 0; row->calls[i] != NULL; i++) {
		int number = syscall_number(arch, row->calls[i]);
		if (number < 0 || AUDIT_WORD(number) >= AUDIT_BITMASK_SIZE)
			continue;
		data_of(&rule)->mask[AUDIT_WORD(number)] |= AUDIT_BIT(number);
		found++;
	}
	if (found == 0)
		return 0;
	if (row->argument0 >= 0)
		field(&rule, AUDIT_ARG0, AUDIT_EQUAL, (uint32_t)row->argument0);
	finish(&rule, row->key);
	return load(rules, nl, &rule);
}

static uint32_t permissions(const char *text)
{
	uint32_t bits = 0;

	for (; *text != '\0'; text++)
		bits |= *text == 'r'   ? AUDIT_PERM_READ
			: *text == 'w' ? AUDIT_PERM_WRITE
			: *text == 'x' ? AUDIT_PERM_EXEC
				       : AUDIT_PERM_ATTR;
	return bits;
}

static int load_path(
	struct kernel_rules *rules, struct audit_netlink *nl, const struct path_rule *row)
{
	struct kernel_rule rule;

	/* The kernel watches names that do not exist yet, but only in directories that do. */
	int dir = open(row->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		close(dir);
	begin(&rule);
	memset(data_of(&rule)->mask, 0xff, sizeof(data_of(&rule)->mask));
	text_field(&rule, dir >= 0 ? AUDIT_DIR : AUDIT_WATCH, row->path);
	field(&rule, AUDIT_PERM, AUDIT_EQUAL, permissions(row->perm));
	finish(&rule, row->key);
	int code = load(rules, nl, &rule);
	return code;
}

int kernel_rules_load(struct kernel_rules *rules, struct audit_netlink *nl, struct err *err)
{
	uint32_t native = syscall_native_arch();
	int code = 0, first = 0;

	*rules = (struct kernel_rules){0};
	for (size_t i = 0; i < sizeof(call_rules) / sizeof(call_rules[0]); i++) {
		code = load_calls(rules, nl, &call_rules[i], native);
		first = first == 0 ? code : first;
		if (native == SYSCALL_ARCH_X86_64)
			(void)load_calls(rules, nl, &call_rules[i], SYSCALL_ARCH_I386);
	}
	for (size_t i = 0; i < sizeof(path_rules) / sizeof(path_rules[0]); i++)
		(void)load_path(rules, nl, &path_rules[i]);
	if (rules->loaded_count > 0)
		return 0;
	return err_set(err, first == 0 ? -EINVAL : first,
		"netlink audit: the kernel takes no rules: %s",
		strerror(first == 0 ? EINVAL : -first));
}

void kernel_rules_unload(struct kernel_rules *rules, struct audit_netlink *nl)
{
	for (size_t i = 0; i < rules->count; i++)
		(void)send_rule(nl, AUDIT_DEL_RULE, &rules->rules[i]);
	free(rules->rules);
	*rules = (struct kernel_rules){0};
}

struct sweep {
	struct kernel_rule *rules;
	size_t count;
};

static bool is_ours(const struct audit_rule_data *rule, size_t len)
{
	size_t have = len - sizeof(*rule);
	static const char mark[] = "\1" OWN_KEY;

	if (rule->buflen > have || rule->buflen > RULE_TEXT_MAX)
		return false;
	return memmem(rule->buf, rule->buflen, mark, sizeof(mark) - 1) != NULL;
}

static void collect(void *context, const struct audit_rule_data *rule, size_t len)
{
	struct sweep *sweep = context;

	if (sweep->count == SWEEP_MAX || !is_ours(rule, len))
		return;
	struct kernel_rule *copy = &sweep->rules[sweep->count++];
	memcpy(copy->bytes, rule, sizeof(*rule) + rule->buflen);
}

unsigned kernel_rules_sweep(struct audit_netlink *nl)
{
	struct sweep sweep = {.rules = calloc(SWEEP_MAX, sizeof(struct kernel_rule))};

	if (sweep.rules == NULL)
		return 0;
	(void)audit_netlink_list_rules(nl, collect, &sweep);
	for (size_t i = 0; i < sweep.count; i++)
		(void)send_rule(nl, AUDIT_DEL_RULE, &sweep.rules[i]);
	free(sweep.rules);
	return (unsigned)sweep.count;
}
