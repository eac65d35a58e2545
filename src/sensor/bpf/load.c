#include "sensor/bpf/load.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "sensor/bpf/skeleton.h"

const struct program programs[] = {
	{"on_return", "system calls, at their return", true, CALL_none, "sys_exit"},
	{"on_exec", "exec", true, CALL_none, "sched_process_exec"},
	{"on_fork", "fork", true, CALL_none, "sched_process_fork"},
	{"on_exit", "exit", true, CALL_none, "sched_process_exit"},
	{"on_call", "system calls, before they run: close after write, changes of credentials",
		false, CALL_none, "sys_enter"},
	{"on_signal", "signals", false, CALL_none, "signal_generate"},
	{"on_uring", "io_uring requests", false, CALL_none, "io_uring_submit_req"},
	{"on_uring_older", "io_uring requests, before Linux 6.3", false, CALL_none,
		"io_uring_submit_sqe"},
	{"on_state", "ends of TCP connections", false, CALL_none, "inet_sock_set_state"},
	{"on_egress", "DNS questions", false, CALL_none, NULL},
	{"on_ingress", "DNS answers", false, CALL_none, NULL},
	{"call_generic", "calls with paths", true, CALL_generic, NULL},
	{"call_open", "open", true, CALL_open, NULL},
	{"call_mapped", "mmap and mprotect of code", false, CALL_mapped, NULL},
	{"call_socket", "connect, accept, bind, listen", true, CALL_socket, NULL},
	{"call_identity", "credentials", false, CALL_identity, NULL},
	{"call_target", "ptrace, process_vm_writev", false, CALL_target, NULL},
	{"call_bpf", "loads of BPF programs", false, CALL_bpf, NULL},
	{"call_flags", "file flags", false, CALL_flags, NULL},
	{"call_send", "datagrams", false, CALL_send, NULL},
	{"call_audit", "all calls of chosen processes", false, CALL_audit, NULL},
};
const size_t program_count = sizeof(programs) / sizeof(programs[0]);

/* libbpf says why only through a process-wide callback. */
static char last_complaint[256];

static int keep_complaint(enum libbpf_print_level level, const char *format, va_list ap)
{
	char text[256];
	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(text, sizeof(text), format, ap);
	/* the first one tells most; a program's log is too long to keep */
	if (last_complaint[0] == 0 && strchr(text, '\n') != NULL) {
		text[strcspn(text, "\n")] = 0;
		memcpy(last_complaint, text, sizeof(last_complaint));
	}
	return 0;
}

size_t load_program_index(const char *name)
{
	size_t i = 0;
	while (i < program_count && strcmp(programs[i].name, name) != 0)
		i++;
	return i;
}

/* What can be known without trying: tracepoints come and go with versions. */
static void look_at_kernel(struct loaded *loaded)
{
	struct btf *btf = btf__load_vmlinux_btf();
	char type[128];
	if (libbpf_get_error(btf) != 0)
		return;	      /* loading will say it better */
	loaded->plain_loads = /* see GET() in probe/common.bpf.h */
		btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	for (size_t i = 0; i < program_count; i++) {
		if (programs[i].tracepoint == NULL)
			continue;
		snprintf(type, sizeof(type), "btf_trace_%s", programs[i].tracepoint);
		if (btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0)
			continue;
		loaded->refused |= UINT64_C(1) << i;
		loaded->refusal[i] = -ENOENT;
	}
	btf__free(btf);
}

static int open_skeleton(struct merlon_bpf **ret, const struct loaded *loaded, uint64_t only)
{
	struct merlon_bpf *skeleton = merlon_bpf__open();
	if (skeleton == NULL)
		return -errno;
	for (size_t i = 0; i < program_count; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(
			skeleton->obj, programs[i].name);
		bool load = !(loaded->refused >> i & 1) && (only == 0 || only >> i & 1);
		if (program != NULL)
			bpf_program__set_autoload(program, load);
	}
	skeleton->rodata->plain_loads = loaded->plain_loads;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	bpf_map__set_max_entries(skeleton->maps.exec_scratches, cpus < 1 ? 1 : (uint32_t)cpus);
	bpf_map__set_max_entries(skeleton->maps.ring, (uint32_t)loaded->ring_bytes);
	*ret = skeleton;
	return 0;
}

static int try_load(struct merlon_bpf **ret, const struct loaded *loaded, uint64_t only)
{
	struct merlon_bpf *skeleton = NULL;
	last_complaint[0] = 0;
	int r = open_skeleton(&skeleton, loaded, only);
	if (r < 0)
		return r;
	r = merlon_bpf__load(skeleton);
	if (r < 0) {
		merlon_bpf__destroy(skeleton);
		return r;
	}
	*ret = skeleton;
	return 0;
}

/* Which programs this kernel does not take: each alone. */
static void find_refused(struct loaded *loaded)
{
	for (size_t i = 0; i < program_count; i++) {
		struct merlon_bpf *skeleton = NULL;
		int r = try_load(&skeleton, loaded, UINT64_C(1) << i);
		if (r < 0) {
			loaded->refused |= UINT64_C(1) << i;
			loaded->refusal[i] = r;
		}
		merlon_bpf__destroy(skeleton);
	}
}

static int refusal(struct loaded *loaded, int code, struct err *err)
{
	if (code == -EPERM)
		return err_set(err, -EPERM,
			"this process may not load BPF programs: it needs root, or CAP_BPF, "
			"CAP_PERFMON and "
			"CAP_NET_ADMIN (%s)",
			last_complaint);
	for (size_t i = 0; i < program_count; i++)
		if (programs[i].required && loaded->refused >> i & 1)
			return err_set(err, -ENOSYS, "the kernel refuses the probe for %s: %s (%s)",
				programs[i].doc, strerror(-loaded->refusal[i]), last_complaint);
	return err_set(
		err, code, "loading the BPF probes: %s (%s)", strerror(-code), last_complaint);
}

static int fill_handlers(struct loaded *loaded, struct err *err)
{
	int map = bpf_map__fd(loaded->skeleton->maps.call_handlers);
	for (size_t i = 0; i < program_count; i++) {
		uint32_t key = (uint32_t)programs[i].handler;
		if (key == CALL_none || loaded->refused >> i & 1)
			continue;
		struct bpf_program *program = bpf_object__find_program_by_name(
			loaded->skeleton->obj, programs[i].name);
		uint32_t fd = (uint32_t)bpf_program__fd(program);
		int r = bpf_map_update_elem(map, &key, &fd, BPF_ANY);
		if (r < 0)
			return err_set(err, r, "BPF tail calls: %s", strerror(-r));
	}
	return 0;
}

int load_open(struct loaded *loaded, size_t ring_bytes, struct err *err)
{
	*loaded = (struct loaded){.ring_bytes = ring_bytes};
	libbpf_set_print(keep_complaint);
	look_at_kernel(loaded);
	int r = try_load(&loaded->skeleton, loaded, 0);
	if (r == -EPERM)
		return refusal(loaded, r, err);
	if (r < 0) {
		find_refused(loaded);
		r = try_load(&loaded->skeleton, loaded, 0);
	}
	bool missing = false;
	for (size_t i = 0; i < program_count; i++)
		missing |= programs[i].required && loaded->refused >> i & 1;
	if (r == 0 && missing)
		r = -ENOSYS;
	if (r < 0) {
		r = refusal(loaded, r, err);
		load_close(loaded);
		return r;
	}
	r = fill_handlers(loaded, err);
	if (r < 0)
		load_close(loaded);
	return r;
}

void load_close(struct loaded *loaded)
{
	merlon_bpf__destroy(loaded->skeleton);
	loaded->skeleton = NULL;
}

static struct bpf_link **link_of(struct merlon_bpf *skeleton, const char *name)
{
	for (int i = 0; i < skeleton->skeleton->prog_cnt; i++)
		if (strcmp(skeleton->skeleton->progs[i].name, name) == 0)
			return skeleton->skeleton->progs[i].link;
	return NULL;
}

int load_attach(struct loaded *loaded, size_t index, bool on, int cgroup_fd, struct err *err)
{
	const struct program *row = &programs[index];
	struct bpf_link **link = link_of(loaded->skeleton, row->name);
	struct bpf_program *program = bpf_object__find_program_by_name(
		loaded->skeleton->obj, row->name);
	if (link == NULL || program == NULL || row->handler != CALL_none ||
		loaded->refused >> index & 1 || on == (*link != NULL))
		return 0;
	if (!on) {
		bpf_link__destroy(*link);
		*link = NULL;
		return 0;
	}
	bool cgroup = bpf_program__type(program) == BPF_PROG_TYPE_CGROUP_SKB;
	if (cgroup && cgroup_fd < 0)
		return err_set(err, -ENOENT, "no cgroup2 file system is mounted");
	*link = cgroup ? bpf_program__attach_cgroup(program, cgroup_fd)
		       : bpf_program__attach(program);
	if (*link == NULL) {
		int code = -errno;
		loaded->unattached |= UINT64_C(1) << index;
		return err_set(
			err, code, "attaching the probe for %s: %s", row->doc, strerror(-code));
	}
	loaded->unattached &= ~(UINT64_C(1) << index);
	return 0;
}

uint64_t load_misses(const struct loaded *loaded)
{
	struct bpf_program *program;
	uint64_t misses = 0;
	bpf_object__for_each_program(program, loaded->skeleton->obj)
	{
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);
		int fd = bpf_program__fd(program);
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
			misses += info.recursion_misses;
	}
	return misses;
}
