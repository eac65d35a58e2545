/* io_uring, modules, BPF, and the audit of one process. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "scene.h"

struct uring {
	int fd;
	unsigned *tail, *mask, *array;
	struct io_uring_sqe *entries;
};

static bool uring_open(struct uring *u)
{
	struct io_uring_params p = {0};
	u->fd = (int)syscall(SYS_io_uring_setup, 8, &p);
	if (u->fd < 0)
		return false;
	size_t size = p.sq_off.array + p.sq_entries * sizeof(unsigned);
	char *ring = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, IORING_OFF_SQ_RING);
	u->entries = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
		MAP_SHARED, u->fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || u->entries == MAP_FAILED)
		return false;
	u->tail = (unsigned *)(void *)(ring + p.sq_off.tail);
	u->mask = (unsigned *)(void *)(ring + p.sq_off.ring_mask);
	u->array = (unsigned *)(void *)(ring + p.sq_off.array);
	return true;
}

static int uring_do(struct uring *u, const struct io_uring_sqe *sqe)
{
	unsigned tail = *u->tail, index = tail & *u->mask;
	u->entries[index] = *sqe;
	u->array[index] = index;
	__atomic_store_n(u->tail, tail + 1, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, u->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1;
}

static int uring_files(const char *dir)
{
	struct uring u;
	if (!uring_open(&u))
		return ACT_SKIP;
	struct io_uring_sqe make = {.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t) "by-ring",
		.len = 0644,
		.open_flags = O_WRONLY | O_CREAT};
	struct io_uring_sqe move = {.opcode = IORING_OP_RENAMEAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t) "by-ring",
		.len = (unsigned)AT_FDCWD,
		.addr2 = (uintptr_t) "moved"};
	struct io_uring_sqe drop = {
		.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t) "moved"};
	struct io_uring_sqe nothing = {.opcode = IORING_OP_NOP};
	if (uring_do(&u, &make) || uring_do(&u, &move) || uring_do(&u, &drop))
		return 1;
	if (uring_do(&u, &nothing))
		return 1;
	return access("moved", F_OK) == 0 ? ACT_SKIP : 0;
}

static int load_module(const char *dir)
{
	int fd = open("/bin/true", O_RDONLY);
	return syscall(SYS_finit_module, fd, "", 0) == 0;
}

static int remove_module(const char *dir)
{
	char name[] = "no_such_module"; /* on the stack: a kernel without modules never reads it */
	return syscall(SYS_delete_module, name, 0) == 0;
}

static int load_bpf(const char *dir)
{
	struct bpf_insn insns[2] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	memcpy(attr.prog_name, "odd_name", 8);
	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)) < 0 ? ACT_SKIP : 0;
}

static int audited(const char *dir)
{
	return syscall(SYS_getpgid, 0) < 0 || syscall(SYS_close, 12345) == 0;
}

#define PATH FIELD_file_path
const struct act acts_other[] = {
	{"uring_files", NEEDS_BPF, uring_files,
		{{KIND_file_create, {{PATH, "%D/by-ring"}, {FIELD_merlon_uring, "true"}}},
			{KIND_file_rename,
				{{PATH, "%D/moved"}, {FIELD_file_Ext_original_path, "%D/by-ring"},
					{FIELD_merlon_uring, "true"}}},
			{KIND_file_delete, {{PATH, "%D/moved"}, {FIELD_merlon_uring, "true"}}},
			{KIND_process_uring, {{FIELD_syscall_number, "0"}}}},
		{{0}}},
	{"load_module", NEEDS_BPF, load_module,
		{{KIND_driver_load,
			{{FIELD_driver_path, "~/bin/"}, {FIELD_event_outcome, "failure"}}}},
		{{KIND_driver_load, {{FIELD_event_outcome, "success"}}}}},
	{"remove_module", NEEDS_BPF, remove_module,
		{{KIND_driver_unload, {{FIELD_driver_name, "no_such_module"}}}}, {{0}}},
	{"load_bpf", NEEDS_BPF, load_bpf,
		{{KIND_bpf_load, {{FIELD_bpf_name, "odd_name"}, {FIELD_bpf_type, "1"}}}}, {{0}}},
	{"audited", NEEDS_BPF | AUDITED, audited,
		{{KIND_process_syscall,
			 {{FIELD_syscall_name, "getpgid"}, {FIELD_event_outcome, "success"}}},
			{KIND_process_syscall,
				{{FIELD_syscall_name, "close"}, {FIELD_syscall_args, "0x3039"},
					{FIELD_syscall_return, "-9"}}}},
		{{0}}},
	{"not_audited", NEEDS_BPF, audited, {{KIND_process_exit, {{0}}}},
		{{KIND_process_syscall, {{0}}}}},
	{0},
};
