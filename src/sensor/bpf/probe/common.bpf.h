/* Shared by all probes: maps, the record being built, resolved paths. Everything here is inlined
 * into the program that uses it. */
#ifndef MERLON_PROBE_COMMON_H
#define MERLON_PROBE_COMMON_H
#include "sensor/bpf/probe/read.bpf.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "sensor/bpf/control.h"
#include "sensor/bpf/wire.h"

enum {
#define KIND(ident, number, ...) KIND_##ident = number,
#include "event/schema.def"
};

/* Root programs, each with its own scratch: a program never runs twice at once on one CPU (the
 * kernel refuses and counts it), but an interrupt may bring another one. */
enum slot {
	SLOT_exit,
	SLOT_enter,
	SLOT_fork,
	SLOT_end,
	SLOT_signal,
	SLOT_dns,
	SLOT_uring,
	SLOT_state,
	SLOT_MAX
};

#define TAIL_MAX  16384 /* where texts may begin */
#define TEXT_MAX  4096
#define WALK_MAX  4096
#define NAME_MAX_ 255
struct scratch {
	__u32 pos, count;
	__u8 rec[TAIL_MAX + TEXT_MAX + 64];
	struct span span;
	__u8 walk_head[8]; /* prefix length of a trie key stands right before a path */
	__u8 walk[WALK_MAX + NAME_MAX_ + 1 + CONTROL_READ_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} ring SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOT_MAX);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct control control;
struct control_loss losses[CONTROL_CPUS];

inline_ bool kind_wanted(u32 kind)
{
	return control.kinds[(kind >> 6) & 3] >> (kind & 63) & 1;
}

inline_ bool is_self(void)
{
	return bpf_get_current_pid_tgid() >> 32 == control.self_pid;
}

inline_ void fill_head(struct wire_head *head, struct task_struct *task)
{
	const struct cred *cred = task->cred;
	head->time_ns = bpf_ktime_get_boot_ns();
	head->start_ns = task->group_leader->start_boottime;
	head->pid = task->tgid;
	head->tid = task->pid;
	head->generation = task->self_exec_id;
	head->uid = cred->euid.val;
	head->gid = cred->egid.val;
}

inline_ struct scratch *scratch_of(u32 slot)
{
	return bpf_map_lookup_elem(&scratches, &slot);
}

/* The record being built; texts go behind its fixed part. */
inline_ void record_start(struct scratch *s, u32 type, u32 kind, u32 fixed)
{
	struct wire_head *head = (void *)s->rec;
	head->type = type;
	head->kind = kind;
	head->flags = 0;
	head->fixed = fixed;
	s->pos = fixed;
}

inline_ struct scratch *record_begin(u32 slot, u32 type, u32 kind, u32 fixed)
{
	struct scratch *s = scratch_of(slot);
	if (s)
		record_start(s, type, kind, fixed);
	return s;
}

inline_ void count_loss(void)
{
	losses[bpf_get_smp_processor_id() & (CONTROL_CPUS - 1)].lost++;
}

/* Waking the reader costs more than all the rest of a record: while there is work it looks by itself
 * every few milliseconds, and is woken only when much waits. */
inline_ u64 record_flags(struct scratch *s)
{
	if (control.resting) {
		control.resting = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	if (++s->count & 31)
		return BPF_RB_NO_WAKEUP;
	if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < control.wake_bytes)
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

inline_ void record_submit(struct scratch *s)
{
	u32 len = s->pos;
	struct wire_head *head = (void *)s->rec;
	if (len > TAIL_MAX + TEXT_MAX)
		len = TAIL_MAX + TEXT_MAX;
	head->len = len;
	if (bpf_ringbuf_output(&ring, s->rec, len, record_flags(s)))
		count_loss();
}

inline_ void *text_begin(struct scratch *s)
{
	u32 pos = s->pos;
	if (pos >= TAIL_MAX)
		return 0;
	return s->rec + pos + sizeof(struct wire_text);
}

/* data is what text_begin() returned */
inline_ void text_end(struct scratch *s, void *data, u32 tag, u32 flags, u32 len)
{
	struct wire_text *text = data - sizeof(*text);
	text->tag = tag;
	text->flags = flags;
	text->len = len;
	s->pos += sizeof(*text) + ((len + 3) & ~3u);
}

inline_ void text_user_string(struct scratch *s, u32 tag, const void *from)
{
	void *data = text_begin(s);
	if (!data)
		return;
	long len = bpf_probe_read_user_str(data, TEXT_MAX, from);
	if (len > 0)
		text_end(s, data, tag, len == TEXT_MAX ? TEXT_INCOMPLETE : 0, (u32)len - 1);
	else
		text_end(s, data, tag, TEXT_INCOMPLETE, 0);
}

inline_ void text_kernel_string(struct scratch *s, u32 tag, const void *from)
{
	void *data = text_begin(s);
	if (!data)
		return;
	long len = bpf_probe_read_kernel_str(data, TEXT_MAX, from);
	if (len > 0)
		text_end(s, data, tag, 0, (u32)len - 1);
}

/* ---- paths ---- */

/* The names from a dentry up to the root, each NUL-terminated; the agent turns them around. */
#define WALK_STEPS 64
struct walk {
	struct scratch *s;
	struct dentry *dentry;
	struct mount *at;
	struct mount_now mount; /* at, read */
	u32 begin, pos, flags;
};

static long walk_step(u32 index, struct walk *w)
{
	struct dentry *dentry = w->dentry;
	struct scratch *s = w->s;
	struct dentry_now now;
	u32 pos = w->pos;

	if (dentry == w->mount.root) {
		struct mount *above = w->mount.parent;
		if (above == w->at) {
			w->flags = 0;
			return 1;
		}
		w->dentry = w->mount.mountpoint;
		w->at = above;
		read_mount(above, &w->mount);
		return 0;
	}
	read_dentry(dentry, &s->span, &now);
	u32 len = now.len & NAME_MAX_;
	if (pos - w->begin > TEXT_MAX - NAME_MAX_ - 1 || pos > TAIL_MAX + TEXT_MAX - NAME_MAX_ - 1)
		return 1;
	if (now.parent == dentry) {
		/* a root that is no mount's: memfd, pipe, or a tree that was unmounted */
		w->flags = TEXT_DETACHED;
		if (pos != w->begin)
			return 1;
	}
	u8 *to = s->rec + pos;
	if (now.is_short)
		for (u32 i = 0; i < SHORT_NAME / 8; i++)
			*(u64 *)(to + i * 8) = now.text[i];
	else
		bpf_probe_read_kernel(to, len, now.name);
	to[len] = 0;
	w->pos = pos + len + 1;
	w->dentry = now.parent;
	return now.parent == dentry;
}

static __noinline void text_place(struct scratch *s, u32 tag, struct place *place)
{
	struct walk w = {.s = s, .dentry = place->dentry, .flags = TEXT_INCOMPLETE};
	void *data = text_begin(s);
	if (!data)
		return;
	w.at = mount_of(place->mnt);
	w.begin = s->pos + sizeof(struct wire_text);
	w.pos = w.begin;
	read_mount(w.at, &w.mount);
	bpf_loop(WALK_STEPS, walk_step, &w, 0);
	text_end(s, data, tag, w.flags | TEXT_LEAF_FIRST, w.pos - w.begin);
}

inline_ void text_path(struct scratch *s, u32 tag, struct path *path)
{
	struct place place;
	read_place(path, &place);
	text_place(s, tag, &place);
}

/* ---- files ---- */

#define S_IFMT_	 0170000
#define S_IFREG_ 0100000

inline_ struct file *file_of_fd(struct task_struct *task, u32 fd)
{
	struct fdtable *fdt = task->files->fdt;
	struct file *file = 0;
	if (fd >= fdt->max_fds)
		return 0;
	void *at = (void *)fdt->fd + (u64)fd * sizeof(file);
	if (plain_loads) /* as a number: the verifier forbids arithmetic with pointers that it knows */
		return (void *)CAST(timespec64, at)->tv_sec;
	bpf_probe_read_kernel(&file, sizeof(file), at);
	return file;
}

inline_ void put_facts(struct wire_file_facts *facts, const struct inode_now *now)
{
	struct super_block *sb = now->sb;
	facts->inode = now->number;
	facts->size = now->size;
	facts->device = GET(super_block, sb, s_dev);
	facts->nlink = now->nlink;
	facts->uid = now->uid;
	facts->gid = now->gid;
	facts->mode = now->mode;
	facts->reserved = 0;
}

inline_ void fill_file(struct scratch *s, struct wire_file_facts *facts, struct inode *inode)
{
	struct inode_now now;
	read_inode(inode, &s->span, &now);
	put_facts(facts, &now);
}

inline_ struct path *file_path(struct file *file)
{
	return (void *)file + bpf_core_field_offset(struct file, f_path);
}

/* ---- system calls ---- */

#if defined(__TARGET_ARCH_x86)
inline_ bool call_compat(struct task_struct *task)
{
	return task->thread_info.status & 2; /* TS_COMPAT */
}
inline_ long call_number(struct pt_regs *regs)
{
	return regs->orig_ax;
}
inline_ void call_args(struct pt_regs *regs, bool compat, u64 args[6])
{
	if (compat) {
		args[0] = (u32)regs->bx;
		args[1] = (u32)regs->cx;
		args[2] = (u32)regs->dx;
		args[3] = (u32)regs->si;
		args[4] = (u32)regs->di;
		args[5] = (u32)regs->bp;
	} else {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
	}
}
#elif defined(__TARGET_ARCH_arm64)
inline_ bool call_compat(struct task_struct *task)
{
	return task->thread_info.flags >> 22 & 1; /* TIF_32BIT */
}
inline_ long call_number(struct pt_regs *regs)
{
	return regs->syscallno;
}
inline_ void call_args(struct pt_regs *regs, bool compat, u64 args[6])
{
	u64 all[8] = {};
	bpf_probe_read_kernel(all, 48, (void *)regs + bpf_core_field_offset(struct pt_regs, regs));
	args[0] = regs->orig_x0;
	args[1] = all[1];
	args[2] = all[2];
	args[3] = all[3];
	args[4] = all[4];
	args[5] = all[5];
}
#else
#error "system call registers of this architecture are not known"
#endif

inline_ u32 call_index(struct task_struct *task, struct pt_regs *regs)
{
	u64 number = (u64)call_number(regs);
	if (number >= CONTROL_CALLS)
		return 0xffffffff;
	return call_compat(task) ? (u32)number + CONTROL_CALLS : (u32)number;
}

inline_ struct call_shape *shape_of(struct task_struct *task, struct pt_regs *regs)
{
	u32 index = call_index(task, regs);
	return index < 2 * CONTROL_CALLS ? &control.calls[index] : 0;
}

#endif
