#include "sensor/es/facts.h"

#include <inttypes.h>

/* xnu bsd/sys/codesign.h */
#define CS_VALID  UINT32_C(0x00000001)
#define CS_ADHOC  UINT32_C(0x00000002)
#define CS_SIGNED UINT32_C(0x20000000)

/* The fields of one process in its role. FIELD_none: the schema has none. */
struct role {
	field_id entity_id, pid, name, executable, start, inode, sha256;
	field_id user_id, user_name, group_id, group_name, real_user_id, real_group_id;
	field_id exists, trusted, status, signing_id, team_id, cdhash;
};

static const struct role acting_role = {
	.entity_id = FIELD_process_entity_id,
	.pid = FIELD_process_pid,
	.name = FIELD_process_name,
	.executable = FIELD_process_executable,
	.start = FIELD_process_start,
	.inode = FIELD_process_inode,
	.sha256 = FIELD_process_hash_sha256,
	.user_id = FIELD_process_user_id,
	.user_name = FIELD_process_user_name,
	.group_id = FIELD_process_group_id,
	.group_name = FIELD_process_group_name,
	.real_user_id = FIELD_process_real_user_id,
	.real_group_id = FIELD_process_real_group_id,
	.exists = FIELD_process_code_signature_exists,
	.trusted = FIELD_process_code_signature_trusted,
	.status = FIELD_process_code_signature_status,
	.signing_id = FIELD_process_code_signature_signing_id,
	.team_id = FIELD_process_code_signature_team_id,
	.cdhash = FIELD_process_code_signature_cdhash,
};

static const struct role parent_role = {
	.entity_id = FIELD_process_parent_entity_id,
	.pid = FIELD_process_parent_pid,
	.name = FIELD_process_parent_name,
	.executable = FIELD_process_parent_executable,
	.start = FIELD_process_parent_start,
	.inode = FIELD_process_parent_inode,
	.sha256 = FIELD_process_parent_hash_sha256,
	.user_id = FIELD_process_parent_user_id,
	.user_name = FIELD_process_parent_user_name,
	.group_id = FIELD_process_parent_group_id,
	.group_name = FIELD_process_parent_group_name,
	.real_user_id = FIELD_process_parent_real_user_id,
	.real_group_id = FIELD_process_parent_real_group_id,
	.exists = FIELD_process_parent_code_signature_exists,
	.trusted = FIELD_process_parent_code_signature_trusted,
	.status = FIELD_process_parent_code_signature_status,
	.signing_id = FIELD_process_parent_code_signature_signing_id,
	.team_id = FIELD_process_parent_code_signature_team_id,
	.cdhash = FIELD_process_parent_code_signature_cdhash,
};

static const struct role target_role = {
	.entity_id = FIELD_Target_process_entity_id,
	.pid = FIELD_Target_process_pid,
	.name = FIELD_Target_process_name,
	.executable = FIELD_Target_process_executable,
	.user_id = FIELD_Target_process_user_id,
};

void es_set_entity(struct batch *batch, field_id id, struct es_identity identity)
{
	if (identity.known)
		ev_printf(batch, id, "es-%" PRIu32 "-%" PRIu32, identity.pid, identity.version);
}

static void set_text(struct batch *batch, field_id id, struct str text)
{
	if (id != FIELD_none)
		ev_text(batch, id, text);
}

static void set_id(struct batch *batch, field_id id, uint32_t value)
{
	/* uid and gid -1 mean nobody in particular */
	if (id != FIELD_none && value != UINT32_MAX)
		ev_uint_text(batch, id, value);
}

/* Signed by somebody other than the machine itself, and still as it was signed. */
static bool trusted(const struct es_process *p)
{
	/* cs_validation_category: 7 is signed on this machine, 10 is not validated */
	if (p->validation == 7 || p->validation == 10)
		return false;
	return (p->cs_flags & (CS_VALID | CS_SIGNED | CS_ADHOC)) == (CS_VALID | CS_SIGNED);
}

static const char *signature_status(const struct es_process *p)
{
	if ((p->cs_flags & CS_SIGNED) == 0)
		return "code object is not signed at all";
	if ((p->cs_flags & CS_VALID) == 0)
		return "invalid signature";
	return trusted(p) ? "No error." : "ad hoc signature";
}

/* Digests are told in either case: small letters here, as elsewhere. */
static void set_digest(struct batch *batch, field_id id, struct str digest)
{
	char text[128];

	if (id == FIELD_none || digest.len > sizeof(text) || str_eq(digest, STR("NULL")))
		return;
	for (size_t i = 0; i < digest.len; i++) {
		char c = digest.ptr[i];
		text[i] = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
	}
	ev_text(batch, id, str_n(text, digest.len));
}

static void set_signature(struct batch *batch, const struct role *role, const struct es_process *p)
{
	set_text(batch, role->signing_id, p->signing_id);
	set_text(batch, role->team_id, p->team_id);
	set_digest(batch, role->cdhash, p->cdhash);
	if (!p->has_flags || role->exists == FIELD_none)
		return;
	ev_bool(batch, role->exists, (p->cs_flags & CS_SIGNED) != 0);
	ev_bool(batch, role->trusted, trusted(p));
	ev_text_ref(batch, role->status, str_of(signature_status(p)));
}

static void set_role(struct batch *batch, const struct role *role, const struct es_process *p)
{
	es_set_entity(batch, role->entity_id, p->id);
	if (p->id.known)
		ev_uint(batch, role->pid, p->id.pid);
	set_text(batch, role->executable, p->executable.path);
	set_text(batch, role->name, str_basename(p->executable.path));
	set_digest(batch, role->sha256, p->executable.sha256);
	if (role->start != FIELD_none)
		ev_time(batch, role->start, p->start_ns);
	if (role->inode != FIELD_none && p->executable.has_stat)
		ev_uint(batch, role->inode, p->executable.inode);
	if (p->has_owner) {
		set_id(batch, role->user_id, p->euid);
		set_id(batch, role->group_id, p->egid);
		set_id(batch, role->real_user_id, p->ruid);
		set_id(batch, role->real_group_id, p->rgid);
	}
	set_text(batch, role->user_name, p->user);
	set_text(batch, role->group_name, p->group);
	set_signature(batch, role, p);
}

static void set_owner(struct batch *batch, const struct es_process *p)
{
	if (p->has_owner) {
		set_id(batch, FIELD_user_id, p->euid);
		set_id(batch, FIELD_group_id, p->egid);
		set_id(batch, FIELD_user_Ext_real_id, p->ruid);
		set_id(batch, FIELD_group_Ext_real_id, p->rgid);
	}
	ev_text(batch, FIELD_user_name, p->user);
	ev_text(batch, FIELD_group_name, p->group);
	ev_text(batch, FIELD_user_Ext_real_name, p->real_user);
	ev_text(batch, FIELD_group_Ext_real_name, p->real_group);
	ev_text(batch, FIELD_process_real_user_name, p->real_user);
	ev_text(batch, FIELD_process_real_group_name, p->real_group);
	if (p->has_audit) {
		set_id(batch, FIELD_process_Ext_audit_user_id, p->auid);
		ev_uint(batch, FIELD_process_Ext_session, p->audit_session);
	}
}

/* The process on whose behalf this one runs; it is itself when nobody asked for it. */
static void set_responsible(struct batch *batch, const struct es_process *p)
{
	if (!p->responsible.known || p->responsible.pid == 0)
		return;
	es_set_entity(batch, FIELD_process_responsible_entity_id, p->responsible);
	ev_uint(batch, FIELD_process_responsible_pid, p->responsible.pid);
	es_set_entity(batch, FIELD_Effective_process_entity_id, p->responsible);
	ev_uint(batch, FIELD_Effective_process_pid, p->responsible.pid);
	if (p->responsible.pid == p->id.pid) {
		ev_text(batch, FIELD_process_responsible_executable, p->executable.path);
		ev_text(batch, FIELD_Effective_process_executable, p->executable.path);
		ev_text(batch, FIELD_Effective_process_name, str_basename(p->executable.path));
		return;
	}
	es_set_entity(batch, FIELD_process_Ext_effective_parent_entity_id, p->responsible);
	ev_uint(batch, FIELD_process_Ext_effective_parent_pid, p->responsible.pid);
}

static void set_terminal(struct batch *batch, const struct es_process *p)
{
	if (!p->has_tty)
		return;
	ev_bool(batch, FIELD_process_interactive, p->tty.len > 0);
	if (p->tty.len == 0)
		return;
	ev_text(batch, FIELD_process_tty_name, p->tty);
	if (p->tty_device != 0) { /* Darwin's dev_t: 8 bits major, 24 minor */
		ev_uint(batch, FIELD_process_tty_char_device_major, p->tty_device >> 24 & 0xff);
		ev_uint(batch, FIELD_process_tty_char_device_minor, p->tty_device & 0xffffff);
	}
}

void es_set_acting(struct batch *batch, const struct es_process *p)
{
	if (!p->present)
		return;
	set_role(batch, &acting_role, p);
	if (p->id.known)
		ev_uint(batch, FIELD_process_Ext_generation, p->id.version);
	set_owner(batch, p);
	if (p->has_ppid)
		ev_uint(batch, FIELD_process_parent_pid, p->ppid);
	es_set_entity(batch, FIELD_process_parent_entity_id, p->parent);
	if (p->original_ppid != 0 && p->original_ppid != p->ppid)
		ev_uint(batch, FIELD_process_parent_Ext_real_pid, p->original_ppid);
	if (p->group_id != 0)
		ev_uint(batch, FIELD_process_group_leader_pid, p->group_id);
	if (p->session_id != 0)
		ev_uint(batch, FIELD_process_session_leader_pid, p->session_id);
	set_responsible(batch, p);
	if (p->has_platform) {
		ev_bool(batch, FIELD_process_Ext_platform_binary, p->platform_binary);
		ev_bool(batch, FIELD_process_Ext_es_client, p->es_client);
	}
	set_terminal(batch, p);
}

void es_set_parent(struct batch *batch, const struct es_process *parent)
{
	if (parent->present)
		set_role(batch, &parent_role, parent);
}

void es_set_target(struct batch *batch, const struct es_process *target)
{
	if (target->present)
		set_role(batch, &target_role, target);
}

/* What follows the last dot of a name that does not begin with it. */
static struct str extension_of(struct str name)
{
	for (size_t i = name.len; i > 1; i--)
		if (name.ptr[i - 1] == '.')
			return str_n(name.ptr + i, name.len - i);
	return (struct str){0};
}

void es_set_path(struct batch *batch, struct str path)
{
	struct str name = str_basename(path);

	if (path.len == 0)
		return;
	ev_text(batch, FIELD_file_path, path);
	ev_text(batch, FIELD_file_name, name);
	ev_text(batch, FIELD_file_extension, extension_of(name));
	if (name.len < path.len)
		ev_text(batch, FIELD_file_directory,
			str_n(path.ptr, path.len - name.len > 1 ? path.len - name.len - 1 : 1));
}

void es_set_original(struct batch *batch, struct str path)
{
	struct str name = str_basename(path);

	ev_text(batch, FIELD_file_Ext_original_path, path);
	ev_text(batch, FIELD_file_Ext_original_name, name);
	ev_text(batch, FIELD_file_Ext_original_extension, extension_of(name));
}

static const char *file_type(uint64_t mode)
{
	static const struct {
		uint16_t bits;
		const char *word;
	} types[] = {{0100000, "file"}, {0040000, "dir"}, {0120000, "symlink"},
		{0020000, "char_device"}, {0060000, "block_device"}, {0010000, "fifo"},
		{0140000, "socket"}};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((mode & 0170000) == types[i].bits)
			return types[i].word;
	return NULL;
}

void es_set_file(struct batch *batch, const struct es_file *file)
{
	es_set_path(batch, file->path);
	if (file->truncated)
		ev_bool(batch, FIELD_file_Ext_path_incomplete, true);
	set_digest(batch, FIELD_file_hash_sha256, file->sha256);
	if (!file->has_stat)
		return;
	const char *type = file_type(file->mode);
	if (type != NULL)
		ev_text_ref(batch, FIELD_file_type, str_of(type));
	ev_printf(batch, FIELD_file_mode, "%04o", (unsigned)(file->mode & 07777));
	ev_uint_text(batch, FIELD_file_inode, file->inode);
	ev_uint_text(batch, FIELD_file_device, file->device);
	set_id(batch, FIELD_file_uid, (uint32_t)file->uid);
	set_id(batch, FIELD_file_gid, (uint32_t)file->gid);
	ev_text(batch, FIELD_file_owner, file->owner);
	ev_text(batch, FIELD_file_group, file->group);
	ev_uint(batch, FIELD_file_size, file->size);
	ev_uint(batch, FIELD_file_Ext_flags, file->flags);
	ev_time(batch, FIELD_file_mtime, file->mtime_ns);
	ev_time(batch, FIELD_file_ctime, file->ctime_ns);
	ev_time(batch, FIELD_file_accessed, file->atime_ns);
	ev_time(batch, FIELD_file_created, file->birth_ns);
}

struct str es_join(struct batch *batch, struct str directory, struct str name)
{
	bool slash = directory.len > 0 && directory.ptr[directory.len - 1] == '/';
	char *out = arena_alloc(&batch->arena, directory.len + name.len + 1);
	size_t len = directory.len;

	if (out == NULL)
		return (struct str){0};
	if (directory.len > 0)
		memcpy(out, directory.ptr, directory.len);
	if (!slash && directory.len > 0)
		out[len++] = '/';
	if (name.len > 0)
		memcpy(out + len, name.ptr, name.len);
	return str_n(out, len + name.len);
}

void es_set_args(struct batch *batch, const struct str *args, uint32_t count)
{
	size_t len = 0;

	ev_list(batch, FIELD_process_args, args, count);
	ev_uint(batch, FIELD_process_args_count, count);
	if (count == 0 || !ev_wants(batch, FIELD_process_command_line))
		return;
	for (uint32_t i = 0; i < count; i++)
		len += args[i].len + 1;
	char *line = arena_alloc(&batch->arena, len);
	if (line == NULL) {
		batch->truncated_count++;
		return;
	}
	len = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (args[i].len > 0)
			memcpy(line + len, args[i].ptr, args[i].len);
		len += args[i].len;
		line[len++] = ' ';
	}
	ev_text_ref(batch, FIELD_process_command_line, str_n(line, len - 1));
}

void es_set_exit(struct batch *batch, int64_t status)
{
	int64_t signal = status & 0x7f;

	/* as a shell tells it */
	ev_int(batch, FIELD_process_exit_code, signal == 0 ? status >> 8 & 0xff : 128 + signal);
	if (signal != 0)
		ev_int(batch, FIELD_process_Ext_signal, signal);
}
