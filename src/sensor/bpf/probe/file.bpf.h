/* Files that are open: opened, mapped, closed after writing. Paths are walked from the file itself,
 * so nobody can change them between the act and the look. */

#define FMODE_WRITE_   0x2
#define FMODE_PATH_    0x4000
#define FMODE_CREATED_ 0x100000
#define O_ACCMODE_     3
#define O_TRUNC_       01000

/* Files open for writing, with what they looked like when they were opened. A table of fixed places
 * in which a newer file may displace an older one, since an entry of a hash map costs ten times as
 * much; mark says whose place it is, and is wrong when two processors wrote it at once. */
#define WRITER_BITS 14
struct writer {
	u64 mark, mtime_ns, size;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << WRITER_BITS);
	__type(key, u32);
	__type(value, struct writer);
} writers SEC(".maps");
#define SIZE_CHANGED (~0ull) /* opening it changed it */

/* Bytes of the prefix, then who may want to know of what lies below it. */
struct read_prefix {
	u32 bits;
	u8 text[CONTROL_READ_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 2048);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct read_prefix);
	__type(value, u32); /* WATCH_… */
} read_prefixes SEC(".maps");

/* Terminals, /dev/null and the like: opened for writing all the time, and writing to them
 * changes nothing. */
inline_ bool is_sink(const struct inode_now *inode)
{
	if ((inode->mode & S_IFMT_) != 0020000)
		return false;
	u32 major = inode->rdev >> 20, minor = inode->rdev & 0xfffff;
	return (major == 1 && (minor == 3 || minor == 5 || minor >= 7)) || major == 5 ||
	       (major >= 136 && major <= 143);
}

#define TOP_STEPS 24
/* Whether the path may lie below a watched one, by its first component. Only says no when sure. */
static __noinline bool top_watched(struct scratch *s, struct place *place, u32 what)
{
	struct dentry *dentry = place->dentry, *parent;
	struct dentry *top = 0; /* the root may itself be mounted on another root */
	struct mount *at = mount_of(place->mnt);
	struct mount_now mount;
	struct dentry_now now;
	u64 name = 0;
	u32 i;

	if (control.top_count == 0)
		return true;
	read_mount(at, &mount);
	for (i = 0; i < TOP_STEPS; i++) {
		parent = mount.root;
		if (dentry != mount.root) {
			top = dentry;
			parent = GET(dentry, dentry, d_parent);
		}
		if (parent != mount.root) {
			if (parent == dentry)
				return false; /* in no tree: a memfd, a pipe */
			dentry = parent;
			continue;
		}
		if (mount.parent == at)
			break;
		dentry = mount.mountpoint;
		at = mount.parent;
		read_mount(at, &mount);
	}
	if (i == TOP_STEPS || !top)
		return true;
	read_dentry(top, &s->span, &now);
	if (now.is_short)
		name = now.text[0];
	else
		bpf_probe_read_kernel(&name, sizeof(name), now.name);
	if (now.len < sizeof(name))
		name &= (1ull << (now.len & 7) * 8) - 1;
	for (i = 0; i < CONTROL_TOPS; i++)
		if (control.tops[i] == name)
			return control.top_watch[i] & what;
	return false;
}

/* The path from the root down, as the trie needs it: written to the end of s->walk[0 … WALK_MAX). */
struct descent {
	struct scratch *s;
	struct dentry *dentry;
	struct mount *at;
	struct mount_now mount;
	u32 off;
};

static long descent_step(u32 index, struct descent *w)
{
	struct dentry *dentry = w->dentry;
	struct scratch *s = w->s;
	struct dentry_now now;
	u32 off = w->off;

	if (dentry == w->mount.root) {
		struct mount *above = w->mount.parent;
		if (above == w->at)
			return 1;
		w->dentry = w->mount.mountpoint;
		w->at = above;
		read_mount(above, &w->mount);
		return 0;
	}
	read_dentry(dentry, &s->span, &now);
	u32 len = now.len & NAME_MAX_;
	if (off <= len || off > WALK_MAX || now.parent == dentry)
		return 1;
	off -= len;
	bpf_probe_read_kernel(s->walk + (off & (WALK_MAX - 1)), len, now.name);
	off--;
	s->walk[off & (WALK_MAX - 1)] = '/';
	w->off = off;
	w->dentry = now.parent;
	return 0;
}

inline_ bool path_watched(struct scratch *s, struct place *place, u32 what)
{
	struct descent w = {.s = s, .dentry = place->dentry, .off = WALK_MAX};
	w.at = mount_of(place->mnt);
	read_mount(w.at, &w.mount);
	bpf_loop(WALK_STEPS, descent_step, &w, 0);
	u32 off = w.off, len = WALK_MAX - off;
	if (off >= WALK_MAX)
		return false;
	struct read_prefix *key = (void *)(s->walk_head + sizeof(s->walk_head) - sizeof(u32) + off);
	if (len > CONTROL_READ_MAX)
		len = CONTROL_READ_MAX;
	key->bits = len * 8;
	u32 *watch = bpf_map_lookup_elem(&read_prefixes, key);
	return watch && *watch & what;
}

inline_ void submit_file(struct scratch *s, struct file_now *file, struct inode_now *inode,
	struct task_struct *task, int fd)
{
	struct wire_file *w = (void *)s->rec;
	text_place(s, TEXT_path, &file->place);
	fill_head(&w->head, task);
	put_facts(&w->file, inode);
	w->flags = file->flags;
	w->fd = fd;
	w->created = file->mode & FMODE_CREATED_ ? 1 : 0;
	record_submit(s);
}

inline_ u32 writer_place(struct file *file)
{
	return (u64)file * 0x9e3779b97f4a7c15ull >> (64 - WRITER_BITS);
}

inline_ u64 writer_mark(struct file *file, u64 inode, u64 mtime_ns, u64 size)
{
	return (inode << 32 | inode >> 32) ^ (u64)file ^ mtime_ns * 3 ^ size * 7;
}

inline_ void remember_writer(struct file *file, struct file_now *now, struct inode_now *inode)
{
	u32 place = writer_place(file), other = place ^ 1;
	u64 size = inode->size;
	struct writer *w = bpf_map_lookup_elem(&writers, &place);
	struct writer *second = bpf_map_lookup_elem(&writers, &other);
	if (!w || !second)
		return;
	if (w->mark && !second->mark)
		w = second;
	if (now->flags & O_TRUNC_ || now->mode & FMODE_CREATED_)
		size = SIZE_CHANGED;
	w->mtime_ns = inode->mtime_ns;
	w->size = size;
	w->mark = writer_mark(file, inode->number, inode->mtime_ns, size);
}

/* Files of proc, sysfs, control groups and their like change neither size nor time when they are
 * written: opening them is all there is to tell, wherever they are mounted. */
inline_ bool is_pseudo(struct inode_now *inode)
{
	struct super_block *sb = inode->sb;
	if (inode->size & 4095 || inode->size > 65536) /* nothing, or a page */
		return false;
	switch (GET(super_block, sb, s_magic)) {
	case 0x9fa0:	 /* proc */
	case 0x62656572: /* sysfs */
	case 0x27e0eb:	 /* cgroup */
	case 0x63677270: /* cgroup2 */
	case 0x64626720: /* debugfs */
	case 0x74726163: /* tracefs */
	case 0x73636673: /* securityfs */
	case 0x42494e4d: /* binfmt_misc */
		return true;
	}
	return false;
}

/* Whether opening is an event: for writing, where that is wanted everywhere, or of a watched path. */
inline_ bool open_wanted(
	struct scratch *s, struct file_now *file, struct inode_now *inode, bool write)
{
	if (write && (control.flags & CONTROL_OPENS || is_pseudo(inode)))
		return true;
	u32 what = write ? WATCH_WRITE : WATCH_READ;
	return control.flags & CONTROL_READ && top_watched(s, &file->place, what) &&
	       path_watched(s, &file->place, what);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_open, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = file_of_fd(task, (u32)result);
	struct scratch *s = scratch_of(SLOT_exit);
	struct file_now now;
	struct inode_now inode;
	if (!file || !s)
		return 0;
	read_file(file, &s->span, &now);
	bool write = now.mode & FMODE_WRITE_, created = now.mode & FMODE_CREATED_;
	if (now.mode & FMODE_PATH_)
		return 0;
	/* most opens end here */
	if (!write && !created && !(control.flags & CONTROL_READ))
		return 0;
	if (!write && !created && !top_watched(s, &now.place, WATCH_READ))
		return 0;
	read_inode(now.inode, &s->span, &inode);
	if (is_sink(&inode))
		return 0;
	if (write && control.flags & CONTROL_WRITES && (inode.mode & S_IFMT_) == S_IFREG_)
		remember_writer(file, &now, &inode);
	u32 kind = created && kind_wanted(KIND_file_create) ? KIND_file_create : KIND_file_open;
	if (!kind_wanted(kind))
		return 0;
	if (kind != KIND_file_create && !open_wanted(s, &now, &inode, write || created))
		return 0;
	record_start(s, WIRE_file, kind, sizeof(struct wire_file));
	submit_file(s, &now, &inode, task, (int)result);
	return 0;
}

/* ---- code ---- */

#define PROT_EXEC_     4
#define MAP_ANONYMOUS_ 0x20

struct backing {
	u64 file;
};
static long look_at_vma(
	struct task_struct *task, struct vm_area_struct *vma, struct backing *backing)
{
	backing->file = vma->vm_file ? 1 : 0;
	return 0;
}

inline_ void submit_memory(struct task_struct *task, u64 *args, bool change)
{
	struct backing backing = {};
	if (!kind_wanted(KIND_memory_protect))
		return;
	if (change && (bpf_find_vma(task, args[0], look_at_vma, &backing, 0) || backing.file))
		return;
	struct scratch *s = record_begin(
		SLOT_exit, WIRE_call, KIND_memory_protect, sizeof(struct wire_call));
	if (!s)
		return;
	struct wire_call *w = (void *)s->rec;
	fill_head(&w->head, task);
	__builtin_memcpy(w->args, args, sizeof(w->args));
	w->number = 0;
	w->compat = change;
	w->result = 0;
	record_submit(s);
}

/* mmap and mprotect that make memory executable */
SEC("tp_btf/sys_exit")
int BPF_PROG(call_mapped, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_shape *shape = shape_of(task, regs);
	bool compat = call_compat(task);
	u64 args[6];
	call_args(regs, compat, args);
	if (!shape || !(args[2] & PROT_EXEC_))
		return 0;
	if (shape->target == 1 || args[3] & MAP_ANONYMOUS_) {
		submit_memory(task, args, shape->target == 1);
		return 0;
	}
	struct file *file = file_of_fd(task, (u32)args[4]);
	if (!file || !kind_wanted(KIND_library_load))
		return 0;
	struct scratch *s = record_begin(
		SLOT_exit, WIRE_file, KIND_library_load, sizeof(struct wire_file));
	struct file_now now;
	struct inode_now inode;
	if (!s)
		return 0;
	read_file(file, &s->span, &now);
	read_inode(now.inode, &s->span, &inode);
	submit_file(s, &now, &inode, task, (int)args[4]);
	return 0;
}

/* ioctl(FS_IOC_SETFLAGS), for 64-bit and 32-bit callers; FS_IOC_FSSETXATTR */
SEC("tp_btf/sys_exit")
int BPF_PROG(call_flags, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = call_compat(task);
	struct file_now now;
	struct inode_now inode;
	u64 args[6];
	u32 flags = 0;
	call_args(regs, compat, args);
	u32 request = (u32)args[1];
	if (request != 0x40086602 && request != 0x40046602 && request != 0x401c5820)
		return 0;
	struct file *file = file_of_fd(task, (u32)args[0]);
	if (!file)
		return 0;
	struct scratch *s = record_begin(
		SLOT_exit, WIRE_file, KIND_file_flags_change, sizeof(struct wire_file));
	if (!s)
		return 0;
	bpf_probe_read_user(&flags, sizeof(flags), (void *)args[2]);
	read_file(file, &s->span, &now);
	read_inode(now.inode, &s->span, &inode);
	now.flags = flags;
	submit_file(s, &now, &inode, task, (int)args[0]);
	return 0;
}

/* ---- closing ---- */

/* Whether closing the file ends a change of it; forgets it when it does. */
inline_ bool file_changed(struct file *file, struct file_now *now, struct inode_now *inode)
{
	u32 place = writer_place(file);
	for (u32 i = 0; i < 2; i++, place ^= 1) {
		struct writer *w = bpf_map_lookup_elem(&writers, &place);
		if (!w || w->mark != writer_mark(file, inode->number, w->mtime_ns, w->size))
			continue;
		w->mark = 0;
		return inode->mtime_ns != w->mtime_ns || inode->size != w->size;
	}
	return now->pos > 0;
}

static void __noinline close_file(struct task_struct *task, u32 slot, u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	struct scratch *s = scratch_of(slot);
	struct file_now now;
	struct inode_now inode;
	if (!file || !s)
		return;
	read_file(file, &s->span, &now);
	if (!(now.mode & FMODE_WRITE_) || !now.last)
		return;
	read_inode(now.inode, &s->span, &inode);
	if ((inode.mode & S_IFMT_) != S_IFREG_ || !file_changed(file, &now, &inode))
		return;
	record_start(s, WIRE_file, KIND_file_modify, sizeof(struct wire_file));
	now.mode = 0; /* made when it was opened */
	submit_file(s, &now, &inode, task, (int)fd);
}

struct close_walk {
	u64 bits;
	u32 base, slot, last;
};

static long close_step(u32 index, struct close_walk *w)
{
	if (w->bits >> (index & 63) & 1)
		close_file(bpf_get_current_task_btf(), w->slot, w->base + index);
	return 0;
}

/* Descriptors first to last of the first 256; more are rare, and then their files are reported by
 * whoever closes them last, or not at all. */
inline_ void close_span(struct task_struct *task, u32 slot, u32 first, u32 last)
{
	struct fdtable *fdt = task->files->fdt;
	struct close_walk w = {.slot = slot};
	for (u32 word = 0; word < 4; word++) {
		u32 base = word * 64;
		if (base >= fdt->max_fds || base > last)
			break;
		w.bits = 0;
		w.base = base;
		bpf_probe_read_kernel(&w.bits, 8, (void *)fdt->open_fds + word * 8);
		if (first > base)
			w.bits &= first - base < 64 ? ~0ull << (first - base) : 0;
		if (last - base < 63)
			w.bits &= (2ull << (last - base)) - 1;
		if (w.bits)
			bpf_loop(w.bits >> 16 ? 64 : 16, close_step, &w, 0);
	}
}

inline_ void close_all(struct task_struct *task)
{
	close_span(task, SLOT_end, 0, 0xffffffff);
}
