/* Processes: fork, exec, exit, signals. */
#include <sys/stat.h>
#include "sensor/bpf/cgroups.h"
#include "sensor/bpf/decode.h"
#include "os/linux/capability.h"

static const struct wire_process *process_of(const struct record *r)
{
	return (const struct wire_process *)(const void *)r->head;
}

static void put_ids(struct batch *batch, const struct wire_ids *ids)
{
	ev_uint_text(batch, FIELD_user_id, ids->euid);
	ev_uint_text(batch, FIELD_group_id, ids->egid);
	ev_uint_text(batch, FIELD_user_Ext_real_id, ids->uid);
	ev_uint_text(batch, FIELD_group_Ext_real_id, ids->gid);
	ev_uint_text(batch, FIELD_process_user_id, ids->euid);
	ev_uint_text(batch, FIELD_process_group_id, ids->egid);
	ev_uint_text(batch, FIELD_process_real_user_id, ids->uid);
	ev_uint_text(batch, FIELD_process_real_group_id, ids->gid);
	ev_uint_text(batch, FIELD_process_saved_user_id, ids->suid);
	ev_uint_text(batch, FIELD_process_saved_group_id, ids->sgid);
}

static void put_capabilities(struct batch *batch, field_id id, uint64_t bits)
{
	if (!ev_wants(batch, id))
		return;
	for (unsigned i = 0; i < 64; i++)
		if (bits >> i & 1 && capability_name(i).len > 0)
			ev_add(batch, id, value_text(capability_name(i)));
}

/* Facts of the process itself, which its fork and its exec tell. */
static void put_process(struct decoder *d, struct batch *batch, const struct wire_process *p)
{
	ev_uint(batch, FIELD_process_parent_pid, p->ppid);
	decode_start(d, batch, FIELD_process_parent_start, p->parent_start_ns);
	ev_uint(batch, FIELD_process_session_leader_pid, p->session);
	ev_uint(batch, FIELD_process_group_leader_pid, p->group);
	if (p->vpid != p->head.pid)
		ev_uint(batch, FIELD_process_vpid, p->vpid);
	put_ids(batch, &p->ids);
	put_capabilities(batch, FIELD_process_thread_capabilities_permitted, p->caps_permitted);
	put_capabilities(batch, FIELD_process_thread_capabilities_effective, p->caps_effective);
	if (p->loginuid != UINT32_MAX)
		ev_uint_text(batch, FIELD_process_Ext_audit_user_id, p->loginuid);
	if (p->sessionid != UINT32_MAX)
		ev_uint(batch, FIELD_process_Ext_session, p->sessionid);
	if (d->cgroups != NULL && ev_wants(batch, FIELD_process_Ext_cgroup)) {
		struct str path = cgroups_path(d->cgroups, p->cgroup);
		if (path.len <= 1 && p->cgroup_v1 != 0)
			path = cgroups_path_v1(d->cgroups, p->cgroup_v1);
		ev_text(batch, FIELD_process_Ext_cgroup, path);
	}
}

void decode_fork(struct decoder *d, struct batch *batch, const struct record *r)
{
	decode_begin(d, batch, r->head, KIND_process_fork);
	put_process(d, batch, process_of(r));
	event_commit(batch);
}

static void put_args(struct batch *batch, const struct record *r, const struct wire_process *p)
{
	struct str all = r->text[TEXT_args], rest = all;
	uint32_t count = 0;

	if (all.len > 0 && all.ptr[all.len - 1] == 0)
		all.len--, rest.len--;
	if (p->args_bytes == 0)
		return;
	for (size_t i = 0; i < all.len; i++)
		count += all.ptr[i] == 0;
	count++;
	ev_uint(batch, FIELD_process_args_count, p->args_cut ? p->argc : count);
	if (ev_wants(batch, FIELD_process_command_line)) {
		char *line = arena_alloc(&batch->arena, all.len + 1);
		if (line == NULL)
			return;
		for (size_t i = 0; i < all.len; i++)
			line[i] = all.ptr[i] == 0 ? ' ' : all.ptr[i];
		ev_text_ref(batch, FIELD_process_command_line, str_n(line, all.len));
	}
	struct value *items = ev_wants(batch, FIELD_process_args)
				      ? arena_alloc(&batch->arena, count * sizeof(*items))
				      : NULL;
	if (items == NULL)
		return;
	for (uint32_t i = 0; i < count; i++)
		items[i] = value_text(str_cut(&rest, 0));
	ev_set(batch, FIELD_process_args,
		(struct value){.type = VALUE_LIST, .len = count, .items = items});
}

static void put_image(struct batch *batch, const struct record *r, const struct wire_process *p)
{
	struct str path = r->text[TEXT_path], memfd = STR("/memfd:");
	ev_text_ref(batch, FIELD_process_executable, path);
	ev_text_ref(batch, FIELD_process_name, str_basename(path));
	ev_uint(batch, FIELD_process_inode, p->exe.inode);
	if (p->exe.nlink == 0)
		ev_bool(batch, FIELD_process_Ext_deleted, true);
	if (r->flags[TEXT_path] & TEXT_DETACHED && str_starts(path, memfd))
		ev_text_ref(batch, FIELD_process_Ext_memfd_name,
			str_n(path.ptr + memfd.len, path.len - memfd.len));
}

/* The probe sees credentials after the exec only: a set-id file that is another's gave them. */
static void decode_set_id(struct decoder *d, struct batch *batch, const struct wire_process *p)
{
	bool user = p->exe.mode & S_ISUID && p->ids.euid == p->exe.uid && p->ids.euid != p->ids.uid;
	bool group = p->exe.mode & S_ISGID && p->ids.egid == p->exe.gid &&
		     p->ids.egid != p->ids.gid;

	for (unsigned i = 0; i < 2; i++) {
		if (i == 0 ? !user : !group)
			continue;
		decode_begin(d, batch, &p->head,
			i == 0 ? KIND_process_uid_change : KIND_process_gid_change);
		put_ids(batch, &p->ids);
		if (i == 0) {
			ev_uint_text(batch, FIELD_user_changes_id, p->ids.euid);
			ev_uint_text(batch, FIELD_user_target_id, p->ids.euid);
		} else {
			ev_uint_text(batch, FIELD_user_target_group_id, p->ids.egid);
		}
		ev_text_ref(batch, FIELD_process_Ext_api_name, STR("execve"));
		ev_text_ref(batch, FIELD_event_outcome, STR("success"));
		event_commit(batch);
	}
}

void decode_exec(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_process *p = process_of(r);
	decode_begin(d, batch, r->head, KIND_process_exec);
	put_process(d, batch, p);
	put_image(batch, r, p);
	put_args(batch, r, p);
	ev_text_ref(batch, FIELD_process_working_directory, r->text[TEXT_cwd]);
	ev_bool(batch, FIELD_process_interactive, p->interactive);
	if (p->args_cut)
		ev_bool(batch, FIELD_process_Ext_args_truncated, true);
	if (r->text[TEXT_tty].len > 0) {
		ev_text_ref(batch, FIELD_process_tty_name, r->text[TEXT_tty]);
		ev_uint(batch, FIELD_process_tty_char_device_major, p->tty_major);
		ev_uint(batch, FIELD_process_tty_char_device_minor, p->tty_minor);
	}
	for (uint32_t i = 0; i < r->env_count; i++)
		ev_add(batch, FIELD_process_env_vars, value_text(r->env[i]));
	event_commit(batch);
	if (p->exe.mode & (S_ISUID | S_ISGID))
		decode_set_id(d, batch, p);
}

void decode_exit(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_exit *e = (const struct wire_exit *)(const void *)r->head;
	int by_signal = e->code & 0x7f;
	decode_begin(d, batch, r->head, KIND_process_exit);
	ev_uint(batch, FIELD_process_parent_pid, e->ppid);
	/* as shells count: 128 and the signal */
	ev_int(batch, FIELD_process_exit_code, by_signal ? 128 + by_signal : e->code >> 8 & 0xff);
	if (by_signal)
		ev_int(batch, FIELD_process_Ext_signal, by_signal);
	event_commit(batch);
}

void decode_signal(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_signal *s = (const struct wire_signal *)(const void *)r->head;
	decode_begin(d, batch, r->head, KIND_process_signal);
	ev_uint(batch, FIELD_process_Ext_signal, s->signal);
	ev_uint(batch, FIELD_Target_process_pid, s->target_pid);
	decode_start(d, batch, FIELD_Target_process_start, s->target_start_ns);
	ev_text_ref(batch, FIELD_process_Ext_api_name, STR("kill"));
	event_commit(batch);
}
