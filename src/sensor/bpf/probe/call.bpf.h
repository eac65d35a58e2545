/* System calls. One program looks at every call's return and jumps to the handler that the table
 * names for it (control.calls, filled by the agent); another looks at the few calls whose facts are
 * gone when they return. Paths given as text are read when the call returns: another thread may
 * have changed the text after the kernel read it. */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, CALL_HANDLERS);
	__type(key, u32);
	__type(value, u32);
} call_handlers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32); /* process id */
	__type(value, u32);
} audited SEC(".maps");

struct identity {
	struct wire_ids ids;
	u64 caps;
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct identity);
} identities SEC(".maps");

SEC("tp_btf/sys_exit")
int BPF_PROG(on_return, struct pt_regs *regs, long result)
{
	u64 number = (u64)call_number(regs);
	if (number >= CONTROL_CALLS || !(control.watched[number] & WATCHED_RETURN))
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_shape *shape = shape_of(task, regs);
	if (!shape)
		return 0;
	u32 handler = shape->handler;
	if (control.flags & CONTROL_AUDIT) {
		u32 pid = task->tgid;
		if (bpf_map_lookup_elem(&audited, &pid))
			bpf_tail_call(ctx, &call_handlers, CALL_audit);
	}
	if (!handler || (result < 0 && !(shape->flags & SHAPE_FAILED)) || is_self())
		return 0;
	bpf_tail_call(ctx, &call_handlers, handler);
	return 0;
}

/* ---- texts of a call ---- */

inline_ void text_fd(struct scratch *s, u32 tag, struct task_struct *task, u32 fd)
{
	struct file *file = file_of_fd(task, fd);
	if (file)
		text_path(s, tag, file_path(file));
}

inline_ void text_base(struct scratch *s, u32 tag, struct task_struct *task, int fd)
{
	if (fd == -100) { /* AT_FDCWD */
		struct fs_struct *fs = task->fs;
		text_path(s, tag, (void *)fs + bpf_core_field_offset(struct fs_struct, pwd));
	} else {
		text_fd(s, tag, task, (u32)fd);
	}
}

/* An absolute path of a process whose root is not its mount namespace's is relative to that. */
inline_ void text_root(struct scratch *s, u32 tag, struct task_struct *task)
{
	struct path *root = (void *)task->fs + bpf_core_field_offset(struct fs_struct, root);
	struct vfsmount *mnt = READ(root, mnt);
	struct mount *mount = mount_of(mnt);
	if (READ(root, dentry) == READ(mnt, mnt_root) && READ(mount, mnt_parent) == mount)
		return;
	text_path(s, tag, root);
}

inline_ void text_at(
	struct scratch *s, u32 tag, struct task_struct *task, int fd, u64 text, bool may_be_empty)
{
	u8 first = 0;
	if (text)
		bpf_probe_read_user(&first, 1, (void *)text);
	if (first == '/')
		text_root(s, tag + 1, task);
	else
		text_base(s, tag + 1, task, fd);
	if (text && !(may_be_empty && first == 0))
		text_user_string(s, tag, (void *)text);
}

static void __noinline text_of_call(struct scratch *s, u32 tag, u32 spec, u64 *args)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 how = spec & 255, a = spec >> 8 & 7, b = spec >> 16 & 7;
	u64 fd = a < 6 ? args[a] : (u64)-100, text = b < 6 ? args[b] : 0;
	if (how == SHAPE_at || how == SHAPE_xat)
		text_at(s, tag, task, (int)fd, text, how == SHAPE_xat);
	else if (how == SHAPE_fd)
		text_fd(s, tag, task, (u32)fd);
	else if (how == SHAPE_string && text)
		text_user_string(s, tag, (void *)text);
}

inline_ u32 spec_of(const struct call_text *text)
{
	return text->how | (u32)text->a << 8 | (u32)text->b << 16;
}

inline_ struct scratch *call_begin(
	struct task_struct *task, struct pt_regs *regs, long result, struct call_shape *shape)
{
	struct scratch *s = record_begin(
		SLOT_exit, WIRE_call, shape->kind, sizeof(struct wire_call));
	if (!s)
		return 0;
	struct wire_call *w = (void *)s->rec;
	u32 index = call_index(task, regs);
	fill_head(&w->head, task);
	w->result = result;
	w->number = index & (CONTROL_CALLS - 1);
	w->compat = index >= CONTROL_CALLS;
	call_args(regs, w->compat, w->args);
	w->target_pid = 0;
	w->target_tid = 0;
	w->target_start_ns = 0;
	w->session = 0;
	w->file.inode = 0;
	return s;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_generic, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_shape *shape = shape_of(task, regs);
	struct scratch *s = shape ? call_begin(task, regs, result, shape) : 0;
	if (!s)
		return 0;
	struct wire_call *w = (void *)s->rec;
	text_of_call(s, TEXT_path, spec_of(&shape->text[0]), w->args);
	text_of_call(s, TEXT_path2, spec_of(&shape->text[1]), w->args);
	text_of_call(s, TEXT_string, spec_of(&shape->text[2]), w->args);
	if (shape->flags & SHAPE_FD_FACTS) {
		u32 a = shape->text[0].a & 7;
		struct file *file = file_of_fd(task, a < 6 ? (u32)w->args[a] : (u32)-1);
		if (file)
			fill_file(s, &w->file, READ(file, f_inode));
	}
	record_submit(s);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_audit, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_shape *shape = shape_of(task, regs);
	struct scratch *s = shape ? call_begin(task, regs, result, shape) : 0;
	if (!s)
		return 0;
	struct wire_call *w = (void *)s->rec;
	w->head.type = WIRE_audit;
	w->head.kind = KIND_process_syscall;
	record_submit(s);
	/* the ordinary event of the call comes as well */
	if (shape->handler && (result >= 0 || shape->flags & SHAPE_FAILED))
		bpf_tail_call(ctx, &call_handlers, shape->handler);
	return 0;
}

/* ---- credentials ---- */

inline_ void fill_identity(struct wire_ids *ids, u64 *caps, const struct cred *cred)
{
	fill_ids(ids, cred);
	bpf_probe_read_kernel(caps, sizeof(*caps), &cred->cap_permitted);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_identity, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_shape *shape = shape_of(task, regs);
	struct identity *before = bpf_task_storage_get(&identities, task, 0, 0);
	struct scratch *s = shape && before ? call_begin(task, regs, result, shape) : 0;
	if (!s)
		return 0;
	struct wire_call *w = (void *)s->rec;
	fill_identity(&w->after, &w->caps_after, task->cred);
	w->before = before->ids;
	w->caps_before = before->caps;
	bool uids = w->before.uid != w->after.uid || w->before.euid != w->after.euid ||
		    w->before.suid != w->after.suid;
	bool gids = w->before.gid != w->after.gid || w->before.egid != w->after.egid ||
		    w->before.sgid != w->after.sgid;
	if (uids || gids || w->caps_before != w->caps_after)
		record_submit(s);
	return 0;
}

/* ---- one process acts on another ---- */

inline_ bool trace_wanted(u64 request)
{
	return request == 0 || request == 4 || request == 5 || request == 13 || request == 16 ||
	       request == 0x4205 || request == 0x4206;
}

/* The traced task that the caller knows by this number: those traced last come first. */
#define TRACEES_MAX 8
inline_ struct task_struct *tracee(struct task_struct *task, u32 nr)
{
	void *head = (void *)task + bpf_core_field_offset(struct task_struct, ptraced);
	void *at = READ(task, ptraced.next);
	u32 level = pid_level(task);
	for (u32 i = 0; i < TRACEES_MAX && at != head; i++) {
		struct task_struct *child = at -
					    bpf_core_field_offset(struct task_struct, ptrace_entry);
		if (pid_at_level(child, level) == nr)
			return child;
		at = READ(child, ptrace_entry.next);
	}
	return 0;
}

inline_ void fill_target(
	struct wire_call *w, struct task_struct *task, struct task_struct *target, u32 nr)
{
	if (target) {
		w->target_pid = READ(target, tgid);
		w->target_tid = READ(target, pid);
		w->target_start_ns = READ(target, group_leader, start_boottime);
	} else if (pid_level(task) == 0) { /* else the number means another process here */
		w->target_pid = nr;
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_target, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call_shape *shape = shape_of(task, regs);
	struct scratch *s = shape ? call_begin(task, regs, result, shape) : 0;
	if (!s)
		return 0;
	struct wire_call *w = (void *)s->rec;
	if (shape->target == 1 && !trace_wanted(w->args[0]))
		return 0;
	if (shape->target != 1)
		fill_target(w, task, 0, (u32)w->args[0]);
	else if (w->args[0] == 0) /* PTRACE_TRACEME: the parent will trace */
		fill_target(w, task, task->real_parent, 0);
	else
		fill_target(w, task, tracee(task, (u32)w->args[1]), (u32)w->args[1]);
	if (w->target_pid == w->head.pid)
		return 0;
	record_submit(s);
	return 0;
}

/* ---- bpf(BPF_PROG_LOAD) ---- */

SEC("tp_btf/sys_exit")
int BPF_PROG(call_bpf, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 args[6];
	union bpf_attr *attr;
	call_args(regs, call_compat(task), args);
	if (args[0] != BPF_PROG_LOAD)
		return 0;
	struct scratch *s = record_begin(
		SLOT_exit, WIRE_bpf, KIND_bpf_load, sizeof(struct wire_bpf));
	if (!s)
		return 0;
	struct wire_bpf *w = (void *)s->rec;
	fill_head(&w->head, task);
	w->result = result;
	attr = (void *)args[1];
	bpf_probe_read_user(&w->program_type, 4, &attr->prog_type);
	bpf_probe_read_user(&w->attach_type, 4, &attr->expected_attach_type);
	bpf_probe_read_user(w->name, sizeof(w->name), &attr->prog_name);
	record_submit(s);
	return 0;
}

/* ---- before the call ---- */

inline_ void remember_identity(struct task_struct *task)
{
	struct identity *identity = bpf_task_storage_get(
		&identities, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (identity)
		fill_identity(&identity->ids, &identity->caps, task->cred);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_call, struct pt_regs *regs, long number)
{
	u64 args[6];
	if ((u64)number >= CONTROL_CALLS || !(control.watched[number] & WATCHED_ENTER))
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = call_compat(task);
	u32 handler = control.enter[compat ? number + CONTROL_CALLS : number];
	if (!handler || is_self())
		return 0;
	call_args(regs, compat, args);
	if (handler == ENTER_close)
		close_file(task, SLOT_enter, (u32)args[0]);
	else if (handler == ENTER_replace)
		close_file(task, SLOT_enter, (u32)args[1]);
	else if (handler == ENTER_close_range && !(args[2] & 4) /* close-on-exec only */)
		close_span(task, SLOT_enter, (u32)args[0], (u32)args[1]);
	else if (handler == ENTER_identity)
		remember_identity(task);
	return 0;
}
