/* The least that a BPF sensor can do: at fork, exec, exit, open and connect reserve a record of the
 * usual size, put the ids in, submit it and wake nobody. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long orig_ax;
};
#define NUMBER(regs) ((long)(regs)->orig_ax)
#else
struct pt_regs {
	__s32 syscallno;
};
#define NUMBER(regs) ((long)(regs)->syscallno)
#endif
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} ring SEC(".maps");

__u64 dropped;
__u8 watched[1024]; /* by system call number */

struct record {
	__u64 time_ns, ids;
	__s64 result;
	char fields[168]; /* what the rest of an open takes: numbers, and a path of common length */
};

static __always_inline int emit(long result)
{
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	record->time_ns = bpf_ktime_get_boot_ns();
	record->ids = bpf_get_current_pid_tgid();
	record->result = result;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(floor_call, struct pt_regs *regs, long result)
{
	long number = NUMBER(regs);
	if (number < 0 || number >= 1024 || !watched[number])
		return 0;
	return emit(result);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(floor_fork)
{
	return emit(0);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(floor_exec)
{
	return emit(0);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(floor_end)
{
	return emit(0);
}

char floor_license[] SEC("license") = "Dual BSD/GPL";
