/* Shared by all probes: maps, the record being built, resolved paths. Everything here is inlined
 * into the program that uses it. */
#ifndef MERLON_PROBE_COMMON_H
#define MERLON_PROBE_COMMON_H
#include "sensor/bpf/probe/kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "sensor/bpf/control.h"
#include "sensor/bpf/wire.h"

enum {
#define KIND(ident, number, ...) KIND_##ident = number,
#include "event/schema.def"
};

#define READ(ptr, ...) BPF_CORE_READ(ptr, ##__VA_ARGS__)

/* The same for paths that run at every open: where the kernel has bpf_rdonly_cast (6.2), a plain
 * load in place of a call that copies. The agent sets the flag before loading; the verifier takes
 * out the branch that is not used. */
extern void *bpf_rdonly_cast(void *object, u32 type) __ksym __weak;
const volatile bool plain_loads = false;
#define GET(type, ptr, member)                                                        \
	(plain_loads ? ((struct type *)bpf_rdonly_cast(                               \
				(void *)(ptr), bpf_core_type_id_kernel(struct type))) \
				->member                                              \
		     : BPF_CORE_READ((struct type *)(ptr), member))
#define inline_ static __always_inline

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

/* The record being built; texts go behind its fixed part. */
inline_ struct scratch *record_begin(u32 slot, u32 type, u32 kind, u32 fixed)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &slot);
	if (!s)
		return 0;
	struct wire_head *head = (void *)s->rec;
	head->type = type;
	head->kind = kind;
	head->flags = 0;
	head->fixed = fixed;
	s->pos = fixed;
	return s;
}

inline_ void count_loss(void)
{
	losses[bpf_get_smp_processor_id() & (CONTROL_CPUS - 1)].lost++;
}

/* Waking the reader costs more than all the rest of a record: it looks by itself every few
 * milliseconds, and is woken only when much waits. */
inline_ u64 record_flags(struct scratch *s)
{
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

#define WALK_STEPS 64
struct walk {
	struct scratch *s;
	struct dentry *dentry, *root;
	struct mount *mount;
	u32 off, flags;
};

inline_ struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/* Members that lie side by side in every kernel so far are read at once where a read is a call. */
struct dentry_span {
	struct dentry *parent;
	u32 hash, len;
	const unsigned char *name;
};
#define SPAN(type, from, to) \
	(bpf_core_field_offset(struct type, to) - bpf_core_field_offset(struct type, from))

inline_ void read_dentry(struct dentry *dentry, struct dentry_span *ret)
{
	if (!plain_loads && SPAN(dentry, d_parent, d_name.len) == 12 &&
		SPAN(dentry, d_parent, d_name.name) == 16) {
		bpf_probe_read_kernel(ret, sizeof(*ret),
			(void *)dentry + bpf_core_field_offset(struct dentry, d_parent));
		return;
	}
	ret->parent = GET(dentry, dentry, d_parent);
	ret->len = GET(dentry, dentry, d_name.len);
	ret->name = GET(dentry, dentry, d_name.name);
}

struct mount_span {
	struct mount *parent;
	struct dentry *mountpoint;
};

inline_ void read_mount(struct mount *mount, struct mount_span *ret)
{
	if (!plain_loads && SPAN(mount, mnt_parent, mnt_mountpoint) == 8) {
		bpf_probe_read_kernel(ret, sizeof(*ret),
			(void *)mount + bpf_core_field_offset(struct mount, mnt_parent));
		return;
	}
	ret->parent = GET(mount, mount, mnt_parent);
	ret->mountpoint = GET(mount, mount, mnt_mountpoint);
}

static long walk_step(u32 index, struct walk *w)
{
	struct dentry *dentry = w->dentry;
	struct scratch *s = w->s;
	struct dentry_span names;
	u32 off = w->off;

	if (dentry == w->root) {
		struct mount *mount = w->mount;
		struct mount_span place;
		read_mount(mount, &place);
		struct mount *parent = place.parent;
		if (parent == mount) {
			w->flags = 0;
			return 1;
		}
		w->dentry = place.mountpoint;
		w->root = GET(mount, parent, mnt.mnt_root);
		w->mount = parent;
		return 0;
	}
	read_dentry(dentry, &names);
	struct dentry *parent = names.parent;
	u32 len = names.len & NAME_MAX_;
	if (off <= len || off > WALK_MAX)
		return 1;
	if (parent == dentry) {
		/* a root that is no mount's: memfd, pipe, or a tree that was unmounted */
		w->flags = TEXT_DETACHED;
		if (off < WALK_MAX)
			return 1;
	}
	off -= len;
	bpf_probe_read_kernel(s->walk + (off & (WALK_MAX - 1)), len, names.name);
	off--;
	s->walk[off & (WALK_MAX - 1)] = '/';
	w->off = off;
	w->dentry = parent;
	return parent == dentry;
}

/* Writes the path to the end of s->walk[0 … WALK_MAX): returns where it begins. */
inline_ u32 walk_path(struct scratch *s, struct path *path, u32 *flags)
{
	struct walk w = {.s = s, .off = WALK_MAX, .flags = TEXT_INCOMPLETE};
	struct vfsmount *mnt = GET(path, path, mnt);
	w.dentry = GET(path, path, dentry);
	w.mount = mount_of(mnt);
	w.root = GET(vfsmount, mnt, mnt_root);
	bpf_loop(WALK_STEPS, walk_step, &w, 0);
	u32 off = w.off;
	if (off == WALK_MAX && w.flags == 0)
		s->walk[--off & (WALK_MAX - 1)] = '/';
	*flags = w.flags;
	return off;
}

inline_ void text_walked(struct scratch *s, u32 tag, u32 off, u32 flags)
{
	void *data = text_begin(s);
	if (!data || off > WALK_MAX)
		return;
	u32 len = WALK_MAX - off;
	if (len >= TEXT_MAX)
		len = TEXT_MAX - 1;
	bpf_probe_read_kernel(data, len, s->walk + (off & (2 * WALK_MAX - 1)));
	text_end(s, data, tag, flags, len);
}

static __noinline void text_path(struct scratch *s, u32 tag, struct path *path)
{
	u32 flags;
	u32 off = walk_path(s, path, &flags);
	text_walked(s, tag, off, flags);
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
	bpf_probe_read_kernel(&file, sizeof(file), (void *)fdt->fd + (u64)fd * sizeof(file));
	return file;
}

inline_ void inode_mtime(struct inode *inode, u64 *ret)
{
	struct inode___timespec *timespec = (void *)inode;
	struct inode___hidden *hidden = (void *)inode;
	if (bpf_core_field_exists(inode->i_mtime_sec))
		*ret = GET(inode, inode, i_mtime_sec) * 1000000000ull +
		       GET(inode, inode, i_mtime_nsec);
	else {
		s64 time[2] = {};
		const void *at = bpf_core_field_exists(hidden->__i_mtime)
					 ? (const void *)&hidden->__i_mtime
					 : (const void *)&timespec->i_mtime;
		bpf_probe_read_kernel(time, sizeof(time), at);
		*ret = time[0] * 1000000000ull + time[1];
	}
}

struct inode_owner {
	u16 mode, flags;
	u32 uid, gid;
};
struct inode_numbers {
	u64 number;
	u32 nlink, rdev;
	u64 size;
};

inline_ void read_inode(
	struct inode *inode, struct inode_owner *owner, struct inode_numbers *numbers)
{
	if (!plain_loads && SPAN(inode, i_mode, i_uid) == 4 && SPAN(inode, i_mode, i_gid) == 8 &&
		SPAN(inode, i_ino, i_nlink) == 8 && SPAN(inode, i_ino, i_size) == 16) {
		bpf_probe_read_kernel(owner, sizeof(*owner),
			(void *)inode + bpf_core_field_offset(struct inode, i_mode));
		bpf_probe_read_kernel(numbers, sizeof(*numbers),
			(void *)inode + bpf_core_field_offset(struct inode, i_ino));
		return;
	}
	owner->mode = GET(inode, inode, i_mode);
	owner->uid = GET(inode, inode, i_uid.val);
	owner->gid = GET(inode, inode, i_gid.val);
	numbers->number = GET(inode, inode, i_ino);
	numbers->nlink = GET(inode, inode, i_nlink);
	numbers->size = GET(inode, inode, i_size);
}

inline_ void fill_file(struct wire_file_facts *facts, struct inode *inode)
{
	struct inode_owner owner;
	struct inode_numbers numbers;
	struct super_block *sb = GET(inode, inode, i_sb);
	read_inode(inode, &owner, &numbers);
	facts->inode = numbers.number;
	facts->size = numbers.size;
	facts->device = GET(super_block, sb, s_dev);
	facts->nlink = numbers.nlink;
	facts->uid = owner.uid;
	facts->gid = owner.gid;
	facts->mode = owner.mode;
	facts->reserved = 0;
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
