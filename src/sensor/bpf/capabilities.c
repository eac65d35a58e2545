#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "sensor/bpf/cgroups.h"
#include "sensor/bpf/load.h"
#include "sensor/bpf/probe.h"

struct list {
	struct capability *out;
	size_t count, max;
};

static struct capability *add(struct list *list, const char *name, bool available, bool used,
	const char *reason, const char *remedy)
{
	static struct capability beyond;
	struct capability *c = list->count < list->max ? &list->out[list->count] : &beyond;
	list->count++;
	*c = (struct capability){
		.name = name, .available = available, .used = used, .remedy = remedy};
	snprintf(c->reason, sizeof(c->reason), "%.127s", reason);
	return c;
}

static const char *const program_names[] = {
	"bpf probe on_return",
	"bpf probe on_exec",
	"bpf probe on_fork",
	"bpf probe on_exit",
	"bpf probe on_call",
	"bpf probe on_signal",
	"bpf probe on_uring",
	"bpf probe on_uring_older",
	"bpf probe on_state",
	"bpf probe on_egress",
	"bpf probe on_ingress",
};

static bool uring_seen(const struct loaded *loaded)
{
	return !(loaded->refused >> load_program_index("on_uring") & 1) ||
	       !(loaded->refused >> load_program_index("on_uring_older") & 1);
}

static void add_program(struct list *list, struct loaded *loaded, size_t i, int cgroup_fd)
{
	char reason[128];
	struct err err = {0};
	bool ok = !(loaded->refused >> i & 1);
	if (!ok && loaded->refusal[i] == -ENOENT && strstr(programs[i].name, "uring") != NULL &&
		uring_seen(loaded))
		return; /* the tracepoint's name of another version */
	const char *name = i < sizeof(program_names) / sizeof(program_names[0]) ? program_names[i]
										: programs[i].name;
	snprintf(reason, sizeof(reason), "%s", programs[i].doc);
	if (!ok)
		snprintf(reason, sizeof(reason), "%s: refused: %s", programs[i].doc,
			strerror(-loaded->refusal[i]));
	else if (load_attach(loaded, i, true, cgroup_fd, &err) < 0) {
		snprintf(reason, sizeof(reason), "%.127s", err.text);
		ok = false;
	}
	(void)load_attach(loaded, i, false, cgroup_fd, NULL);
	add(list, name, ok, ok, reason, ok ? NULL : "a newer kernel (6.1 or later)");
}

static void add_programs(struct list *list)
{
	struct loaded loaded;
	struct cgroups *cgroups = NULL;
	struct err err = {0};
	int cgroup_fd = -1;

	if (load_open(&loaded, (size_t)64 << 10, &err) < 0) {
		add(list, "bpf sensor", false, false, err.text,
			"run as root, or give CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN; kernel 6.1 "
			"or later "
			"with CONFIG_DEBUG_INFO_BTF");
		return;
	}
	if (cgroups_open(&cgroups) == 0 && cgroups_mount(cgroups) != NULL)
		cgroup_fd = open(cgroups_mount(cgroups), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	add(list, "bpf sensor", true, true, "the probes load", NULL);
	add(list, "cgroup2", cgroup_fd >= 0, cgroup_fd >= 0,
		cgroup_fd >= 0 ? cgroups_mount(cgroups)
			       : "not mounted: no DNS, no control group names",
		cgroup_fd >= 0 ? NULL : "mount -t cgroup2 none /sys/fs/cgroup/unified");
	for (size_t i = 0; i < program_count; i++)
		add_program(list, &loaded, i, cgroup_fd);
	if (cgroup_fd >= 0)
		close(cgroup_fd);
	cgroups_close(cgroups);
	load_close(&loaded);
}

/* Loads and attaches a program that does nothing. Returns 0 or a negative errno. */
static int try_trampoline(
	enum bpf_prog_type type, enum bpf_attach_type attach, const char *function)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int target = libbpf_find_vmlinux_btf_id(function, attach);
	if (target < 0)
		return target;
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach,
		.attach_btf_id = (uint32_t)target);
	int fd = bpf_prog_load(type, "merlon_try", "Dual BSD/GPL", nothing, 2, &opts);
	if (fd < 0)
		return fd;
	int link = bpf_raw_tracepoint_open(NULL, fd);
	int r = link < 0 ? -errno : 0;
	if (link >= 0)
		close(link);
	close(fd);
	return r;
}

static void add_trampoline(struct list *list, const char *name, enum bpf_prog_type type,
	enum bpf_attach_type attach, const char *function, const char *gives, const char *remedy)
{
	char reason[128];
	int r = try_trampoline(type, attach, function);
	if (r == 0)
		snprintf(reason, sizeof(reason), "%s; not needed yet", gives);
	else
		snprintf(reason, sizeof(reason), "%s: %s", gives, strerror(-r));
	add(list, name, r == 0, false, reason, r == 0 ? NULL : remedy);
}

size_t bpf_sensor_capabilities(struct capability *out, size_t max)
{
	struct list list = {.out = out, .max = max};
	bool btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	add(&list, "kernel type information (BTF)", btf, btf,
		btf ? "/sys/kernel/btf/vmlinux" : "probes cannot find members of kernel structs",
		btf ? NULL : "a kernel with CONFIG_DEBUG_INFO_BTF=y");
	add_programs(&list);
	add_trampoline(&list, "bpf trampolines (fentry)", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY,
		"filp_close", "probes at single functions",
		"a kernel with CONFIG_FUNCTION_TRACER=y");
	add_trampoline(&list, "bpf lsm", BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_file_open",
		"refusing acts in the kernel", "boot with bpf in lsm=…, CONFIG_BPF_LSM=y");
	return list.count < max ? list.count : max;
}
