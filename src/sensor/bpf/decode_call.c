/* System calls whose texts and arguments make the event. */
#include "sensor/audit/syscalls.h"
#include "sensor/bpf/calls.h"
#include "sensor/bpf/decode.h"

/* ---- calls with paths ---- */

struct call {
	struct decoder *d;
	struct batch *batch;
	const struct record *r;
	const struct wire_call *wire;
	const struct call_row *row;
	uint64_t detail; /* value of the argument the row names */
	bool has_detail;
};

static void put_path(const struct call *c)
{
	decode_file_path(c->batch, decode_path(c->batch, c->r, TEXT_path));
	decode_file_facts(c->batch, &c->wire->file);
	if (c->r->flags[TEXT_path] & TEXT_INCOMPLETE)
		ev_bool(c->batch, FIELD_file_Ext_path_incomplete, true);
}

static void put_rename(const struct call *c)
{
	if (c->has_detail && c->detail & 2) /* RENAME_EXCHANGE */
		event_set_kind(c->batch, KIND_file_exchange);
	decode_original_path(c->batch, decode_path(c->batch, c->r, TEXT_path));
	decode_file_path(c->batch, decode_path(c->batch, c->r, TEXT_path2));
}

static void put_link(const struct call *c)
{
	bool symbolic = c->r->text[TEXT_string].ptr != NULL;
	decode_file_path(c->batch, decode_path(c->batch, c->r, TEXT_path2));
	ev_text_ref(c->batch, FIELD_file_target_path,
		symbolic ? c->r->text[TEXT_string] : decode_path(c->batch, c->r, TEXT_path));
	ev_text_ref(c->batch, FIELD_file_type, symbolic ? STR("symlink") : STR("file"));
}

static void put_create(const struct call *c)
{
	bool directory = str_starts(str_of(c->row->name), STR("mkdir"));
	put_path(c);
	ev_text_ref(c->batch, FIELD_file_type, directory ? STR("dir") : STR("device"));
}

static void put_mode(const struct call *c)
{
	put_path(c);
	decode_mode(c->batch, (unsigned)c->detail);
}

static void put_owner(const struct call *c)
{
	unsigned user = c->row->detail, group = user + 1;
	put_path(c);
	/* -1 leaves it as it is */
	if ((uint32_t)c->wire->args[user] != UINT32_MAX)
		ev_uint_text(c->batch, FIELD_file_uid, (uint32_t)c->wire->args[user]);
	if ((uint32_t)c->wire->args[group] != UINT32_MAX)
		ev_uint_text(c->batch, FIELD_file_gid, (uint32_t)c->wire->args[group]);
}

static void put_xattr(const struct call *c)
{
	put_path(c);
	ev_text_ref(c->batch, FIELD_file_Ext_xattr, c->r->text[TEXT_string]);
}

static void put_mount(const struct call *c)
{
	put_path(c);
	if (str_is(str_of(c->row->name), "move_mount")) {
		ev_text_ref(c->batch, FIELD_file_Ext_device_mount_source,
			decode_path(c->batch, c->r, TEXT_path2));
	} else {
		ev_text_ref(c->batch, FIELD_file_Ext_device_mount_source, c->r->text[TEXT_string]);
		ev_text_ref(c->batch, FIELD_file_Ext_device_mount_type, c->r->text[TEXT_path2]);
	}
	if (c->has_detail)
		ev_uint(c->batch, FIELD_file_Ext_device_mount_flags, c->detail);
}

/* ---- calls about processes ---- */

static void put_memfd(const struct call *c)
{
	ev_text_ref(c->batch, FIELD_process_Ext_memfd_name, c->r->text[TEXT_string]);
	ev_bool(c->batch, FIELD_process_Ext_memfd_flag_cloexec, c->detail & 1);
	ev_bool(c->batch, FIELD_process_Ext_memfd_flag_allow_seal, c->detail >> 1 & 1);
}

static void put_identity(const struct call *c)
{
	const struct wire_ids *after = &c->wire->after;
	struct batch *batch = c->batch;
	if (c->r->head->kind == KIND_process_uid_change) {
		ev_uint_text(batch, FIELD_user_changes_id, after->euid);
		ev_uint_text(batch, FIELD_user_target_id, after->euid);
	} else if (c->r->head->kind == KIND_process_gid_change) {
		ev_uint_text(batch, FIELD_user_target_group_id, after->egid);
	}
	ev_uint_text(batch, FIELD_user_id, after->euid);
	ev_uint_text(batch, FIELD_group_id, after->egid);
	ev_uint_text(batch, FIELD_user_Ext_real_id, after->uid);
	ev_uint_text(batch, FIELD_group_Ext_real_id, after->gid);
	ev_uint_text(batch, FIELD_process_user_id, after->euid);
	ev_uint_text(batch, FIELD_process_group_id, after->egid);
	ev_uint_text(batch, FIELD_process_real_user_id, after->uid);
	ev_uint_text(batch, FIELD_process_real_group_id, after->gid);
	ev_uint_text(batch, FIELD_process_saved_user_id, after->suid);
	ev_uint_text(batch, FIELD_process_saved_group_id, after->sgid);
}

static void put_target(const struct call *c)
{
	if (c->wire->target_pid != 0) /* 0: known only inside the caller's namespace */
		ev_uint(c->batch, FIELD_Target_process_pid, c->wire->target_pid);
	decode_start(c->d, c->batch, FIELD_Target_process_start, c->wire->target_start_ns);
	if (c->has_detail)
		ev_printf(c->batch, FIELD_syscall_args, "0x%llx", (unsigned long long)c->detail);
}

static void put_flags(const struct call *c)
{
	if (c->has_detail)
		ev_printf(c->batch, FIELD_syscall_args, "0x%llx", (unsigned long long)c->detail);
}

static void put_session(const struct call *c)
{
	ev_uint(c->batch, FIELD_process_session_leader_pid, (uint64_t)c->wire->result);
}

static void put_driver(const struct call *c)
{
	struct str path = decode_path(c->batch, c->r, TEXT_path);
	struct str name = c->r->text[TEXT_string];
	if (c->r->head->kind == KIND_driver_load) {
		name = str_basename(path);
		ev_text_ref(c->batch, FIELD_driver_path, path);
	}
	ev_text_ref(c->batch, FIELD_driver_name, name);
}

static void put_socket(const struct call *c)
{
	int family = (int)c->wire->args[0];
	ev_int(c->batch, FIELD_network_Ext_family, family);
	ev_int(c->batch, FIELD_network_Ext_socket_type, (int)c->wire->args[1] & 0xf);
	ev_int(c->batch, FIELD_network_Ext_protocol, (int)c->wire->args[2]);
}

static void put_nothing(const struct call *c)
{
}

static void (*const putters[KIND_MAX])(const struct call *c) = {
	[KIND_file_rename] = put_rename,
	[KIND_file_delete] = put_path,
	[KIND_file_create] = put_create,
	[KIND_file_link] = put_link,
	[KIND_file_truncate] = put_path,
	[KIND_file_mode_change] = put_mode,
	[KIND_file_owner_change] = put_owner,
	[KIND_file_xattr_set] = put_xattr,
	[KIND_file_xattr_delete] = put_xattr,
	[KIND_file_times_change] = put_path,
	[KIND_file_flags_change] = put_path,
	[KIND_file_mount] = put_mount,
	[KIND_file_unmount] = put_path,
	[KIND_process_chroot] = put_path,
	[KIND_process_memfd_create] = put_memfd,
	[KIND_process_uid_change] = put_identity,
	[KIND_process_gid_change] = put_identity,
	[KIND_process_capability_change] = put_identity,
	[KIND_process_ptrace] = put_target,
	[KIND_process_namespace] = put_flags,
	[KIND_process_session_change] = put_session,
	[KIND_driver_load] = put_driver,
	[KIND_driver_unload] = put_driver,
	[KIND_network_socket] = put_socket,
	[KIND_system_change] = put_nothing,
};

void decode_call(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_call *wire = (const struct wire_call *)(const void *)r->head;
	struct call c = {.d = d, .batch = batch, .r = r, .wire = wire};
	unsigned kind = r->head->kind;

	decode_begin(d, batch, r->head, kind);
	if (kind == KIND_memory_protect) { /* the probe says which of the two calls it was */
		struct str name = wire->compat ? STR("mprotect") : STR("mmap");
		ev_text_ref(batch, FIELD_process_Ext_api_name, name);
		event_commit(batch);
		return;
	}
	c.row = wire->number < CONTROL_CALLS
			? d->calls[wire->number + (wire->compat ? CONTROL_CALLS : 0)]
			: NULL;
	if (c.row == NULL || kind >= KIND_MAX || putters[kind] == NULL) {
		event_abort(batch);
		d->broken++;
		return;
	}
	c.has_detail = c.row->detail < 6;
	c.detail = c.has_detail ? wire->args[c.row->detail] : 0;
	ev_text_ref(batch, FIELD_process_Ext_api_name, str_of(c.row->name));
	ev_text_ref(batch, FIELD_event_outcome, wire->result < 0 ? STR("failure") : STR("success"));
	putters[kind](&c);
	event_commit(batch);
}

void decode_audit(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_call *wire = (const struct wire_call *)(const void *)r->head;
	decode_begin(d, batch, r->head, KIND_process_syscall);
	uint32_t arch = wire->compat ? SYSCALL_ARCH_I386 : syscall_native_arch();
	ev_text_ref(batch, FIELD_syscall_name, str_of(syscall_name(arch, wire->number)));
	ev_uint(batch, FIELD_syscall_number, wire->number);
	ev_int(batch, FIELD_syscall_return, wire->result);
	ev_text_ref(batch, FIELD_event_outcome, wire->result < 0 ? STR("failure") : STR("success"));
	if (ev_wants(batch, FIELD_syscall_args))
		for (unsigned i = 0; i < 6; i++)
			ev_add(batch, FIELD_syscall_args,
				value_text(arena_printf(&batch->arena, "0x%llx",
					(unsigned long long)wire->args[i])));
	event_commit(batch);
}

void decode_bpf(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_bpf *w = (const struct wire_bpf *)(const void *)r->head;
	decode_begin(d, batch, r->head, KIND_bpf_load);
	ev_text(batch, FIELD_bpf_name, str_n(w->name, strnlen(w->name, sizeof(w->name))));
	ev_uint(batch, FIELD_bpf_type, w->program_type);
	ev_text_ref(batch, FIELD_event_outcome, STR("success"));
	event_commit(batch);
}
