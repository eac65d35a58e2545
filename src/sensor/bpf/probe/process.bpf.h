/* Processes: fork, exec, exit, signals. */

struct exec_scratch {
	u8 rec[TAIL_MAX + TEXT_MAX + 64 + ARGS_MAX + 64];
};
/* By CPU, as per-CPU values may not be this large; the exec probe runs with preemption off. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set to the number of CPUs before loading */
	__type(key, u32);
	__type(value, struct exec_scratch);
} exec_scratches SEC(".maps");

struct env_name {
	u64 hash;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, u64); /* FNV-1a of the name */
	__type(value, u32);
} env_names SEC(".maps");

#define PID_GROUP   2
#define PID_SESSION 3

inline_ u32 pid_number(struct pid *pid)
{
	return READ(pid, numbers[0].nr);
}

/* The process id that tasks of a namespace this deep know; 0: they do not see it. */
inline_ u32 pid_at_level(struct task_struct *task, u32 level)
{
	struct pid *pid = READ(
		task, thread_pid); /* copied: older verifiers add nothing to a typed one */
	u32 nr = 0;
	level &= 31; /* MAX_PID_NS_LEVEL is 32 */
	if (level > READ(pid, level))
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr),
		(void *)pid + bpf_core_field_offset(struct pid, numbers) +
			level * bpf_core_type_size(struct upid));
	return nr;
}

inline_ u32 pid_level(struct task_struct *task)
{
	return READ(task, thread_pid, level);
}

inline_ void fill_ids(struct wire_ids *ids, const struct cred *cred)
{
	ids->uid = cred->uid.val;
	ids->euid = cred->euid.val;
	ids->suid = cred->suid.val;
	ids->gid = cred->gid.val;
	ids->egid = cred->egid.val;
	ids->sgid = cred->sgid.val;
}

/* Where containers show when the controllers are of version 1. */
inline_ u64 memory_cgroup(struct task_struct *task)
{
	struct cgroup_subsys_state *state = 0;
	void *from = task->cgroups;
	if (!(control.flags & CONTROL_CGROUP) ||
		!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return 0;
	from += bpf_core_field_offset(struct css_set, subsys) +
		8 * bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	bpf_probe_read_kernel(&state, sizeof(state), from);
	return READ(state, cgroup, kn, id);
}

inline_ void fill_process(struct wire_process *p, struct task_struct *task)
{
	const struct cred *cred = task->cred;
	struct task_struct *parent = task->real_parent;
	struct signal_struct *signal = task->signal;

	p->ppid = parent->tgid;
	p->parent_start_ns = parent->group_leader->start_boottime;
	p->session = pid_number(READ(signal, pids[PID_SESSION]));
	p->group = pid_number(READ(signal, pids[PID_GROUP]));
	p->vpid = pid_at_level(task, pid_level(task));
	fill_ids(&p->ids, cred);
	bpf_probe_read_kernel(&p->caps_permitted, 8, &cred->cap_permitted);
	bpf_probe_read_kernel(&p->caps_effective, 8, &cred->cap_effective);
	p->loginuid = 0xffffffff;
	p->sessionid = 0xffffffff;
	if (bpf_core_field_exists(task->loginuid))
		p->loginuid = task->loginuid.val;
	if (bpf_core_field_exists(task->sessionid))
		p->sessionid = task->sessionid;
	p->cgroup = task->cgroups->dfl_cgrp->kn->id;
	p->cgroup_v1 = memory_cgroup(task);
	p->mnt_ns = task->nsproxy->mnt_ns->ns.inum;
	p->pid_ns = task->nsproxy->pid_ns_for_children->ns.inum;
	bpf_probe_read_kernel(p->comm, sizeof(p->comm), &task->comm);
	p->interactive = 0;
	p->args_cut = 0;
	p->by_thread = 0;
	p->argc = 0;
	p->args_bytes = 0;
	p->tty_major = 0;
	p->tty_minor = 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->pid != child->tgid || !kind_wanted(KIND_process_fork) || is_self())
		return 0;
	struct scratch *s = record_begin(
		SLOT_fork, WIRE_fork, KIND_process_fork, sizeof(struct wire_process));
	if (!s)
		return 0;
	struct wire_process *p = (void *)s->rec;
	fill_head(&p->head, child);
	fill_process(p, child);
	record_submit(s);
	return 0;
}

inline_ void text_tty(struct scratch *s, struct wire_process *p, struct task_struct *task)
{
	struct tty_struct *tty = task->signal->tty;
	if (!tty)
		return;
	p->tty_major = READ(tty, driver, major);
	p->tty_minor = READ(tty, driver, minor_start) + READ(tty, index);
	text_kernel_string(
		s, TEXT_tty, (void *)tty + bpf_core_field_offset(struct tty_struct, name));
}

inline_ bool is_terminal(struct file *file)
{
	struct inode *inode = READ(file, f_inode);
	u32 major = READ(inode, i_rdev) >> 20;
	return (READ(inode, i_mode) & S_IFMT_) == 0020000 &&
	       (major == 4 || major == 5 || (major >= 136 && major <= 143) || major == 204 ||
		       major == 229);
}

/* ---- environment ---- */

#define ENV_STEPS 512
#define ENV_NAME  32
#define ENV_VALUE 512
struct env_walk {
	struct scratch *s;
	u64 at, end;
};

static long env_step(u32 index, struct env_walk *w)
{
	struct scratch *s = w->s;
	u64 hash = 0xcbf29ce484222325;
	u8 *text = s->walk;
	u32 i;

	if (w->at >= w->end)
		return 1;
	long len = bpf_probe_read_user_str(text, ENV_VALUE, (void *)w->at);
	if (len <= 0)
		return 1;
	w->at += len;
	if (len == ENV_VALUE) { /* cut: find the end of the rest elsewhere */
		long more = bpf_probe_read_user_str(s->walk + ENV_VALUE, 3072, (void *)w->at - 1);
		if (more > 0)
			w->at += more - 1;
	}
	for (i = 0; i < ENV_NAME; i++) {
		if (text[i] == '=' || text[i] == 0)
			break;
		hash = (hash ^ text[i]) * 0x100000001b3;
	}
	if (i == ENV_NAME || !bpf_map_lookup_elem(&env_names, &hash))
		return 0;
	void *data = text_begin(s);
	if (data) {
		u32 size = (u32)len - 1;
		if (size >= ENV_VALUE)
			size = ENV_VALUE - 1;
		bpf_probe_read_kernel(data, size, text);
		text_end(s, data, TEXT_env, len == ENV_VALUE ? TEXT_INCOMPLETE : 0, size);
	}
	return 0;
}

/* ---- arguments ---- */

#define ARGS_STEP 2048
inline_ void read_args(u8 *to, u32 len, u64 from)
{
	if (len > ARGS_MAX)
		len = ARGS_MAX;
	if (!bpf_probe_read_user(to, len, (void *)from))
		return;
	/* A page is not there (swapped): take the others; the kernel clears what it cannot read. */
	for (u32 at = 0; at < ARGS_MAX; at += ARGS_STEP) {
		u32 part = len - at;
		if (at >= len)
			break;
		if (part > ARGS_STEP)
			part = ARGS_STEP;
		bpf_probe_read_user(to + at, part, (void *)(from + at));
	}
}

inline_ void submit_with_args(struct scratch *s, struct task_struct *task)
{
	u32 cpu = bpf_get_smp_processor_id(), pos = s->pos;
	struct exec_scratch *big = bpf_map_lookup_elem(&exec_scratches, &cpu);
	struct wire_process *p = (void *)s->rec;
	u64 start = task->mm->arg_start, total = task->mm->arg_end - start;

	p->args_bytes = total > 0x7fffffff ? 0x7fffffff : (u32)total;
	u32 len = p->args_bytes > ARGS_MAX ? ARGS_MAX : p->args_bytes;
	p->args_cut = p->args_bytes > ARGS_MAX;
	if (!big || pos > TAIL_MAX + TEXT_MAX) {
		count_loss();
		return;
	}
	p->head.len = pos + sizeof(struct wire_text) + ((len + 3) & ~3u);
	bpf_probe_read_kernel(big->rec, pos, s->rec);
	struct wire_text *text = (void *)(big->rec + pos);
	text->tag = TEXT_args;
	text->flags = p->args_cut ? TEXT_INCOMPLETE : 0;
	text->len = len;
	read_args(big->rec + pos + sizeof(*text), len, start);
	u32 all = p->head.len;
	if (all > sizeof(big->rec))
		return;
	if (bpf_ringbuf_output(&ring, big->rec, all, record_flags(s)))
		count_loss();
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	if (!kind_wanted(KIND_process_exec) || is_self())
		return 0;
	struct scratch *s = record_begin(
		SLOT_fork, WIRE_exec, KIND_process_exec, sizeof(struct wire_process));
	if (!s)
		return 0;
	struct wire_process *p = (void *)s->rec;
	fill_head(&p->head, task);
	fill_process(p, task);
	p->by_thread = old_pid != task->tgid;
	p->argc = bprm->argc;
	struct file *in = file_of_fd(task, 0);
	if (in)
		p->interactive = is_terminal(in);

	struct file *exe = task->mm->exe_file;
	fill_file(s, &p->exe, READ(exe, f_inode));
	text_path(s, TEXT_path, file_path(exe));
	struct fs_struct *fs = task->fs;
	text_path(s, TEXT_cwd, (void *)fs + bpf_core_field_offset(struct fs_struct, pwd));
	text_tty(s, p, task);
	if (control.flags & CONTROL_ENV) {
		struct env_walk w = {.s = s, .at = task->mm->env_start, .end = task->mm->env_end};
		bpf_loop(ENV_STEPS, env_step, &w, 0);
	}
	submit_with_args(s, task);
	return 0;
}

inline_ void submit_exit(struct task_struct *task)
{
	struct scratch *s = record_begin(
		SLOT_end, WIRE_exit, KIND_process_exit, sizeof(struct wire_exit));
	if (!s)
		return;
	struct wire_exit *e = (void *)s->rec;
	fill_head(&e->head, task);
	int group_code = task->signal->group_exit_code;
	e->code = group_code ? group_code : task->exit_code;
	e->ppid = task->real_parent->tgid;
	record_submit(s);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	if (!(task->flags & 0x200000) /* kernel threads */ && !is_self()) {
		bool last = task->signal->live.counter == 0;
		if (last && control.flags & CONTROL_WRITES && task->files &&
			task->files->count.counter == 1)
			close_all(task);
		if (last && kind_wanted(KIND_process_exit))
			submit_exit(task);
	}
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int number, struct kernel_siginfo *info, struct task_struct *target)
{
	/* 0 and 1 stand for "from the kernel"; a positive code means so, too */
	if ((u64)info < 4096 || info->si_code > 0 || !kind_wanted(KIND_process_signal))
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	if (task->tgid == target->tgid || task->flags & 0x200000 || is_self())
		return 0;
	struct scratch *s = record_begin(
		SLOT_signal, WIRE_signal, KIND_process_signal, sizeof(struct wire_signal));
	if (!s)
		return 0;
	struct wire_signal *w = (void *)s->rec;
	fill_head(&w->head, task);
	w->signal = number;
	w->target_pid = target->tgid;
	w->target_start_ns = target->group_leader->start_boottime;
	w->code = info->si_code;
	w->result = 0;
	record_submit(s);
	return 0;
}
