/* Files that are open: opened, mapped, closed after writing. Paths are walked from the file itself,
 * so nobody can change them between the act and the look. */

#define FMODE_WRITE_   0x2
#define FMODE_PATH_    0x4000
#define FMODE_CREATED_ 0x100000
#define O_ACCMODE_     3
#define O_TRUNC_       01000

/* Files open for writing, with what they looked like when they were opened. */
struct writer {
	u64 mtime_ns, size;
	u32 flags, reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* struct file */
	__type(value, struct writer);
} writers SEC(".maps");

struct read_prefix {
	u32 bits;
	u8 text[CONTROL_READ_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct read_prefix);
	__type(value, u32);
} read_prefixes SEC(".maps");

/* Terminals, /dev/null and the like: opened for writing all the time, and writing to them
 * changes nothing. */
inline_ bool is_sink(struct inode *inode, u32 mode)
{
	if ((mode & S_IFMT_) != 0020000)
		return false;
	u32 device = GET(inode, inode, i_rdev), major = device >> 20, minor = device & 0xfffff;
	return (major == 1 && (minor == 3 || minor == 5 || minor >= 7)) || major == 5 ||
	       (major >= 136 && major <= 143);
}

#define TOP_STEPS 24
/* Whether the path may lie below a watched one, by its first component. Only says no when sure. */
static __noinline bool top_watched(struct path *path)
{
	struct vfsmount *mnt = GET(path, path, mnt);
	struct dentry *dentry = GET(path, path, dentry), *parent;
	struct dentry *root = GET(vfsmount, mnt, mnt_root);
	struct dentry *top = 0; /* the root may itself be mounted on another root */
	struct mount *mount = mount_of(mnt), *above;
	u32 i;

	if (control.top_count == 0)
		return true;
	for (i = 0; i < TOP_STEPS; i++) {
		parent = root;
		if (dentry != root) {
			top = dentry;
			parent = GET(dentry, dentry, d_parent);
		}
		if (parent != root) {
			if (parent == dentry)
				return false; /* in no tree: a memfd, a pipe */
			dentry = parent;
			continue;
		}
		above = GET(mount, mount, mnt_parent);
		if (above == mount)
			break;
		dentry = GET(mount, mount, mnt_mountpoint);
		root = GET(mount, above, mnt.mnt_root);
		mount = above;
	}
	if (i == TOP_STEPS || !top)
		return true;
	dentry = top;
	u32 len = GET(dentry, dentry, d_name.len);
	u64 name = 0;
	bpf_probe_read_kernel(&name, sizeof(name), GET(dentry, dentry, d_name.name));
	if (len < sizeof(name))
		name &= (1ull << (len & 7) * 8) - 1;
	for (i = 0; i < CONTROL_TOPS; i++)
		if (control.tops[i] == name)
			return true;
	return false;
}

inline_ bool read_watched(struct scratch *s, u32 off)
{
	struct read_prefix *key = (void *)(s->walk_head + sizeof(s->walk_head) - sizeof(u32) +
					   (off & (WALK_MAX - 1)));
	u32 len = WALK_MAX - off;
	if (off >= WALK_MAX)
		return false;
	if (len > CONTROL_READ_MAX)
		len = CONTROL_READ_MAX;
	key->bits = len * 8;
	return bpf_map_lookup_elem(&read_prefixes, key);
}

inline_ void fill_file_record(struct scratch *s, struct file *file, struct task_struct *task)
{
	struct wire_file *w = (void *)s->rec;
	fill_head(&w->head, task);
	fill_file(&w->file, GET(file, file, f_inode));
	w->flags = GET(file, file, f_flags);
	w->fd = -1;
	w->created = 0;
}

inline_ void submit_file(
	struct scratch *s, struct file *file, struct task_struct *task, u32 kind, int fd, u32 mode)
{
	struct wire_file *w = (void *)s->rec;
	fill_file_record(s, file, task);
	w->head.kind = kind;
	w->fd = fd;
	w->created = mode & FMODE_CREATED_ ? 1 : 0;
	record_submit(s);
}

inline_ void remember_writer(struct file *file, struct inode *inode, u32 flags, u32 mode)
{
	u64 key = (u64)file;
	struct writer writer = {.size = GET(inode, inode, i_size), .flags = flags & O_TRUNC_};
	if (mode & FMODE_CREATED_)
		writer.flags |= O_TRUNC_;
	inode_mtime(inode, &writer.mtime_ns);
	bpf_map_update_elem(&writers, &key, &writer, BPF_ANY);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_open, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = file_of_fd(task, (u32)result);
	if (!file)
		return 0;
	u32 mode = GET(file, file, f_mode), path_flags;
	bool write = mode & FMODE_WRITE_, reads = !write && !(mode & FMODE_CREATED_);
	if (mode & FMODE_PATH_)
		return 0;
	/* most opens end here */
	if (reads && (!(control.flags & CONTROL_READ) || !top_watched(file_path(file))))
		return 0;
	struct inode *inode = GET(file, file, f_inode);
	u32 inode_mode = GET(inode, inode, i_mode), flags = GET(file, file, f_flags);
	if (is_sink(inode, inode_mode))
		return 0;
	if (write && control.flags & CONTROL_WRITES && (inode_mode & S_IFMT_) == S_IFREG_)
		remember_writer(file, inode, flags, mode);
	u32 kind = mode & FMODE_CREATED_ && kind_wanted(KIND_file_create) ? KIND_file_create
									  : KIND_file_open;
	if (!kind_wanted(kind))
		return 0;
	struct scratch *s = record_begin(SLOT_exit, WIRE_file, kind, sizeof(struct wire_file));
	if (!s)
		return 0;
	u32 off = walk_path(s, file_path(file), &path_flags);
	if (reads && !read_watched(s, off))
		return 0;
	text_walked(s, TEXT_path, off, path_flags);
	submit_file(s, file, task, kind, (int)result, mode);
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
	if (!s)
		return 0;
	text_path(s, TEXT_path, file_path(file));
	submit_file(s, file, task, KIND_library_load, (int)args[4], 0);
	return 0;
}

/* ioctl(FS_IOC_SETFLAGS), for 64-bit and 32-bit callers; FS_IOC_FSSETXATTR */
SEC("tp_btf/sys_exit")
int BPF_PROG(call_flags, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = call_compat(task);
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
	struct wire_file *w = (void *)s->rec;
	text_path(s, TEXT_path, file_path(file));
	fill_file_record(s, file, task);
	bpf_probe_read_user(&flags, sizeof(flags), (void *)args[2]);
	w->flags = flags;
	record_submit(s);
	return 0;
}

/* ---- closing ---- */

inline_ bool last_reference(struct file *file)
{
	struct file___ref *ref = (void *)file;
	struct file___count *count = (void *)file;
	if (bpf_core_field_exists(ref->f_ref))
		return READ(ref, f_ref.refcnt.counter) == 0;
	return READ(count, f_count.counter) == 1;
}

/* Whether closing the file ends a change of it; forgets it when it does. */
inline_ bool file_changed(struct file *file, struct inode *inode)
{
	u64 key = (u64)file, mtime;
	struct writer *writer = bpf_map_lookup_elem(&writers, &key);
	if (!writer)
		return GET(file, file, f_pos) > 0;
	inode_mtime(inode, &mtime);
	bool changed = writer->flags || mtime != writer->mtime_ns ||
		       (u64)GET(inode, inode, i_size) != writer->size;
	bpf_map_delete_elem(&writers, &key);
	return changed;
}

static void __noinline close_file(struct task_struct *task, u32 slot, u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	if (!file || !(GET(file, file, f_mode) & FMODE_WRITE_) || !last_reference(file))
		return;
	struct inode *inode = GET(file, file, f_inode);
	u32 mode = GET(inode, inode, i_mode);
	if ((mode & S_IFMT_) != S_IFREG_ || !file_changed(file, inode))
		return;
	struct scratch *s = record_begin(
		slot, WIRE_file, KIND_file_modify, sizeof(struct wire_file));
	if (!s)
		return;
	text_path(s, TEXT_path, file_path(file));
	submit_file(s, file, task, KIND_file_modify, (int)fd, 0);
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
