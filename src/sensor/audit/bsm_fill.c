#include "sensor/audit/bsm_fill.h"

#include <stdio.h>
#include <string.h>

#define PATHS_MAX 32
#define TEXTS_MAX 64

struct facts {
	const struct bsm_token *subject, *process, *result, *exit, *exec_args, *exec_env, *attr,
		*identity;
	const struct bsm_token *peer; /* sockinet32, sockinet128, sockunix, socket, socket_ex */
	struct str paths[PATHS_MAX];  /* path tokens */
	struct str texts[TEXTS_MAX];  /* text tokens */
	const struct bsm_token *args[TEXTS_MAX];
	uint32_t path_count, text_count, arg_count;
};

static void sort_token(struct facts *f, const struct bsm_token *t)
{
	switch (t->id) {
	case BSM_SUBJECT32:
	case BSM_SUBJECT64:
	case BSM_SUBJECT32_EX:
	case BSM_SUBJECT64_EX:
		f->subject = t;
		break;
	case BSM_PROCESS32:
	case BSM_PROCESS64:
	case BSM_PROCESS32_EX:
	case BSM_PROCESS64_EX:
		f->process = t;
		break;
	case BSM_RETURN32:
	case BSM_RETURN64:
	case BSM_RETURN_UUID:
		f->result = t;
		break;
	case BSM_EXIT:
		f->exit = t;
		break;
	case BSM_EXEC_ARGS:
		f->exec_args = t;
		break;
	case BSM_EXEC_ENV:
		f->exec_env = t;
		break;
	case BSM_ATTR:
	case BSM_ATTR32:
	case BSM_ATTR64:
		f->attr = t;
		break;
	case BSM_IDENTITY:
		f->identity = t;
		break;
	case BSM_SOCKET:
	case BSM_SOCKET_EX:
	case BSM_SOCKINET32:
	case BSM_SOCKINET128:
	case BSM_SOCKUNIX:
		f->peer = t;
		break;
	case BSM_PATH:
		if (f->path_count < PATHS_MAX)
			f->paths[f->path_count++] = bsm_token_text(t, "path");
		break;
	case BSM_TEXT:
		if (f->text_count < TEXTS_MAX)
			f->texts[f->text_count++] = bsm_token_text(t, "text");
		break;
	case BSM_ARG32:
	case BSM_ARG64:
		if (f->arg_count < TEXTS_MAX)
			f->args[f->arg_count++] = t;
		break;
	default:
		break;
	}
}

/* Kernels spell the same argument differently ("child PID", "child_PID"). */
static bool same_word(struct str a, const char *b)
{
	size_t len = strlen(b);

	if (a.len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char x = a.ptr[i], y = b[i];
		if (x == ' ')
			x = '_';
		if (x >= 'A' && x <= 'Z')
			x = (char)(x - 'A' + 'a');
		if (x != y)
			return false;
	}
	return true;
}

static bool find_arg(const struct facts *f, const char *name, uint64_t *ret)
{
	for (uint32_t i = 0; i < f->arg_count; i++)
		if (same_word(bsm_token_text(f->args[i], "text"), name)) {
			*ret = bsm_token_number(f->args[i], "value");
			return true;
		}
	return false;
}

/* Audit writes -1 for a user that is not set. */
static void put_id(struct batch *batch, field_id id, const struct bsm_token *t, const char *name)
{
	uint64_t number = bsm_token_number(t, name);

	if (number != UINT32_MAX)
		ev_uint_text(batch, id, number);
}

static void put_subject(struct batch *batch, const struct bsm_token *t)
{
	ev_uint(batch, FIELD_process_pid, bsm_token_number(t, "pid"));
	put_id(batch, FIELD_process_user_id, t, "euid");
	put_id(batch, FIELD_process_group_id, t, "egid");
	put_id(batch, FIELD_process_real_user_id, t, "ruid");
	put_id(batch, FIELD_process_real_group_id, t, "rgid");
	put_id(batch, FIELD_user_id, t, "euid");
	put_id(batch, FIELD_group_id, t, "egid");
	put_id(batch, FIELD_user_Ext_real_id, t, "ruid");
	put_id(batch, FIELD_group_Ext_real_id, t, "rgid");
	put_id(batch, FIELD_process_Ext_audit_user_id, t, "auid");
	ev_uint(batch, FIELD_process_Ext_session, bsm_token_number(t, "sid"));
	ev_uint_text(batch, FIELD_auditd_session, bsm_token_number(t, "sid"));
}

static void put_texts(struct batch *batch, const struct facts *f)
{
	ev_list(batch, FIELD_bsm_text, f->texts, f->text_count);
	ev_list(batch, FIELD_bsm_paths, f->paths, f->path_count);
	if (f->text_count > 0)
		ev_text(batch, FIELD_message, f->texts[0]);
	if (!ev_wants(batch, FIELD_bsm_args))
		return;
	for (uint32_t i = 0; i < f->arg_count; i++) {
		struct str name = bsm_token_text(f->args[i], "text");
		struct str text = arena_printf(&batch->arena, "%.*s=%llu", STR_ARG(name),
			(unsigned long long)bsm_token_number(f->args[i], "value"));
		if (text.ptr != NULL)
			ev_add(batch, FIELD_bsm_args, value_text(text));
	}
}

static void put_identity(struct batch *batch, const struct bsm_token *t)
{
	struct str hash = bsm_token_text(t, "cdhash");
	char hex[129];
	size_t at = 0;

	ev_text(batch, FIELD_process_code_signature_signing_id, bsm_token_text(t, "signing_id"));
	ev_text(batch, FIELD_process_code_signature_team_id, bsm_token_text(t, "team_id"));
	/* 0 unsigned, 1 Apple's own, 2 anybody else's */
	ev_bool(batch, FIELD_process_code_signature_exists,
		bsm_token_text(t, "signing_id").len > 0 || hash.len > 0);
	for (size_t i = 0; i < hash.len && at + 2 < sizeof(hex); i++)
		at += (size_t)snprintf(hex + at, sizeof(hex) - at, "%02x", (uint8_t)hash.ptr[i]);
	ev_text(batch, FIELD_process_code_signature_cdhash, str_n(hex, at));
}

static void put_executable(struct batch *batch, struct str path)
{
	ev_text(batch, FIELD_process_executable, path);
	ev_text(batch, FIELD_process_name, str_basename(path));
}

static void put_strings(struct batch *batch, field_id list, field_id line, field_id count,
	const struct bsm_item *item)
{
	struct str rest = item->text;
	struct buf joined = {0};

	for (uint64_t i = 0; i < item->number; i++) {
		struct str arg = bsm_strings_next(&rest);
		struct str copy = {0};
		if (i > 0)
			buf_char(&joined, ' ');
		buf_str(&joined, arg);
		if (ev_wants(batch, list)) {
			copy = arena_strn(&batch->arena, arg.ptr, arg.len);
			if (copy.ptr != NULL)
				ev_add(batch, list, value_text(copy));
		}
	}
	if (line != FIELD_none && !joined.failed)
		ev_text(batch, line, buf_view(&joined));
	if (count != FIELD_none)
		ev_uint(batch, count, item->number);
	buf_destroy(&joined);
}

/* The image among the path tokens: the one that carries argv[0]'s name, else the last absolute
 * one (the kernel writes the path as given, then as resolved; file actions of posix_spawn may
 * stand there too). */
static struct str image_path(const struct facts *f)
{
	struct str best = {0}, named = {0}, name = {0};

	if (f->exec_args != NULL && f->exec_args->items[0].number > 0) {
		struct str rest = f->exec_args->items[0].text;
		name = str_basename(bsm_strings_next(&rest));
	}
	for (uint32_t i = 0; i < f->path_count; i++) {
		if (f->paths[i].len == 0 || f->paths[i].ptr[0] != '/')
			continue;
		best = f->paths[i];
		if (name.len > 0 && str_eq(str_basename(best), name))
			named = best;
	}
	if (named.len > 0)
		return named;
	return best.len > 0 || f->path_count == 0 ? best : f->paths[f->path_count - 1];
}

static void put_exec(struct batch *batch, const struct facts *f)
{
	uint64_t child;

	put_executable(batch, image_path(f));
	if (f->exec_args != NULL)
		put_strings(batch, FIELD_process_args, FIELD_process_command_line,
			FIELD_process_args_count, &f->exec_args->items[0]);
	if (f->exec_env != NULL)
		put_strings(batch, FIELD_process_env_vars, FIELD_none, FIELD_none,
			&f->exec_env->items[0]);
	/* posix_spawn: the subject is the parent, the image runs in the child. */
	if (find_arg(f, "child_pid", &child) && child > 0) {
		if (f->subject != NULL)
			ev_uint(batch, FIELD_process_parent_pid,
				bsm_token_number(f->subject, "pid"));
		ev_uint(batch, FIELD_process_pid, child);
	}
	if (f->attr != NULL)
		ev_uint(batch, FIELD_process_inode, bsm_token_number(f->attr, "nodeid"));
}

static void put_fork(struct batch *batch, const struct facts *f)
{
	uint64_t child;

	if (!find_arg(f, "child_pid", &child) || child == 0)
		return;
	if (f->subject != NULL)
		ev_uint(batch, FIELD_process_parent_pid, bsm_token_number(f->subject, "pid"));
	ev_uint(batch, FIELD_process_pid, child);
}

static void put_exit(struct batch *batch, const struct facts *f)
{
	uint64_t status;

	if (f->exit != NULL)
		status = bsm_token_number(f->exit, "status");
	else if (!find_arg(f, "rval", &status))
		return;
	ev_int(batch, FIELD_process_exit_code, (int32_t)(uint32_t)status);
}

static void put_path(
	struct batch *batch, field_id path_id, field_id name_id, field_id ext_id, struct str path)
{
	struct str name = str_basename(path);

	ev_text(batch, path_id, path);
	ev_text(batch, name_id, name);
	if (ext_id == FIELD_none)
		return;
	for (size_t i = name.len; i > 1; i--)
		if (name.ptr[i - 1] == '.') {
			ev_text(batch, ext_id, str_n(name.ptr + i, name.len - i));
			break;
		}
}

static void put_attr(struct batch *batch, const struct bsm_token *t)
{
	ev_uint_text(batch, FIELD_file_inode, bsm_token_number(t, "nodeid"));
	ev_uint_text(batch, FIELD_file_uid, bsm_token_number(t, "uid"));
	ev_uint_text(batch, FIELD_file_gid, bsm_token_number(t, "gid"));
	ev_uint_text(batch, FIELD_file_device, bsm_token_number(t, "fsid"));
	ev_printf(batch, FIELD_file_mode, "%04llo",
		(unsigned long long)(bsm_token_number(t, "mode") & 07777));
}

/* The kernel writes each path as the program gave it and, where it could, again resolved: the last
 * of a run that ends in the same name is the best. */
static uint32_t resolved(const struct facts *f, uint32_t at)
{
	while (at + 1 < f->path_count && f->paths[at + 1].len > 0 &&
		f->paths[at + 1].ptr[0] == '/' &&
		str_eq(str_basename(f->paths[at]), str_basename(f->paths[at + 1])))
		at++;
	return at;
}

static void put_two_paths(struct batch *batch, const struct facts *f, enum event_kind kind)
{
	uint32_t first = resolved(f, 0);
	uint32_t second = first + 1 < f->path_count ? resolved(f, f->path_count - 1) : first;
	struct str from = f->paths[first], to = f->paths[second];

	put_path(batch, FIELD_file_path, FIELD_file_name, FIELD_file_extension, to);
	if (kind == KIND_file_link) {
		if (first != second)
			ev_text(batch, FIELD_file_target_path, from);
		else if (f->text_count > 0) /* symlink: what it holds is a text */
			ev_text(batch, FIELD_file_target_path, f->texts[0]);
	} else if (first != second) {
		put_path(batch, FIELD_file_Ext_original_path, FIELD_file_Ext_original_name,
			FIELD_file_Ext_original_extension, from);
	}
}

static void put_file(struct batch *batch, const struct facts *f, enum event_kind kind)
{
	uint64_t number;

	if (f->path_count > 0) {
		if (kind == KIND_file_rename || kind == KIND_file_link || kind == KIND_file_clone ||
			kind == KIND_file_exchange)
			put_two_paths(batch, f, kind);
		else
			put_path(batch, FIELD_file_path, FIELD_file_name, FIELD_file_extension,
				f->paths[resolved(f, 0)]);
	}
	if (f->attr != NULL)
		put_attr(batch, f->attr);
	if (find_arg(f, "new_file_mode", &number))
		ev_printf(batch, FIELD_file_mode, "%04llo", (unsigned long long)(number & 07777));
	if (find_arg(f, "new_file_uid", &number))
		ev_uint_text(batch, FIELD_file_uid, number);
	if (find_arg(f, "new_file_gid", &number))
		ev_uint_text(batch, FIELD_file_gid, number);
	if (find_arg(f, "flags", &number))
		ev_uint(batch,
			kind == KIND_file_mount		 ? FIELD_file_Ext_device_mount_flags
			: kind == KIND_file_flags_change ? FIELD_file_Ext_flags
							 : FIELD_file_Ext_open_flags,
			number);
	if (kind == KIND_file_mount && f->text_count > 0)
		ev_text(batch, FIELD_file_Ext_device_mount_type, f->texts[0]);
}

static void put_end(struct batch *batch, bool remote, struct str address, uint64_t port)
{
	ev_ip(batch, remote ? FIELD_destination_ip : FIELD_source_ip, (const uint8_t *)address.ptr,
		address.len);
	ev_uint(batch, remote ? FIELD_destination_port : FIELD_source_port, port);
	ev_text_ref(batch, FIELD_network_type, address.len == 16 ? STR("ipv6") : STR("ipv4"));
}

static void put_network(struct batch *batch, const struct facts *f, enum event_kind kind)
{
	const struct bsm_token *t = f->peer;
	bool out = kind == KIND_network_connect;

	if (kind == KIND_network_connect || kind == KIND_network_accept)
		ev_text_ref(batch, FIELD_network_direction, out ? STR("egress") : STR("ingress"));
	if (t == NULL)
		return;
	if (t->id == BSM_SOCKUNIX) {
		ev_text(batch, out ? FIELD_destination_address : FIELD_source_address,
			bsm_token_text(t, "path"));
		ev_text_ref(batch, FIELD_network_type, STR("unix"));
		if (out)
			event_set_kind(batch, KIND_unix_connect);
	} else if (t->id == BSM_SOCKET || t->id == BSM_SOCKET_EX) {
		put_end(batch, !out, bsm_token_text(t, "local_address"),
			bsm_token_number(t, "local_port"));
		put_end(batch, out, bsm_token_text(t, "remote_address"),
			bsm_token_number(t, "remote_port"));
	} else {
		put_end(batch, out, bsm_token_text(t, "address"), bsm_token_number(t, "port"));
	}
}

static void put_target(struct batch *batch, const struct facts *f, enum event_kind kind)
{
	uint64_t number;

	if (f->process != NULL) {
		ev_uint(batch, FIELD_Target_process_pid, bsm_token_number(f->process, "pid"));
		put_id(batch, FIELD_Target_process_user_id, f->process, "euid");
	} else if (find_arg(f, "pid", &number) || find_arg(f, "process", &number)) {
		ev_uint(batch, FIELD_Target_process_pid, number);
	}
	if (f->path_count > 0) {
		ev_text(batch, FIELD_Target_process_executable, f->paths[f->path_count - 1]);
		ev_text(batch, FIELD_Target_process_name,
			str_basename(f->paths[f->path_count - 1]));
	}
	if (kind == KIND_process_signal && find_arg(f, "signal", &number))
		ev_uint(batch, FIELD_process_Ext_signal, number);
	if (kind == KIND_process_ptrace)
		ev_text_ref(batch, FIELD_process_Ext_api_name, STR("ptrace"));
	if (kind == KIND_process_get_task)
		ev_text_ref(batch, FIELD_process_Ext_api_name, STR("task_for_pid"));
}

static void put_user_change(struct batch *batch, const struct facts *f)
{
	static const char *const names[] = {"euid", "uid", "ruid", "egid", "gid", "rgid"};
	uint64_t number;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool group = i >= 3;
		if (!find_arg(f, names[i], &number) || number == UINT32_MAX)
			continue;
		ev_uint_text(
			batch, group ? FIELD_user_target_group_id : FIELD_user_changes_id, number);
		if (group)
			return;
		ev_uint_text(batch, FIELD_user_target_id, number);
		return;
	}
}

/* The first word between single quotes in a text token, as "Verify password for record type Users
 * 'admin' node '/Local/Default'". */
static struct str quoted_word(const struct facts *f)
{
	for (uint32_t i = 0; i < f->text_count; i++) {
		struct str rest = f->texts[i];
		(void)str_cut(&rest, '\'');
		struct str word = str_cut(&rest, '\'');
		if (word.len > 0 && rest.ptr != NULL)
			return word;
	}
	return (struct str){0};
}

static void put_login(struct batch *batch, const struct facts *f, enum event_kind kind)
{
	struct str name = quoted_word(f);
	bool group = kind == KIND_group_create || kind == KIND_group_delete ||
		     kind == KIND_group_change;

	ev_text(batch, group ? FIELD_user_target_group_name : FIELD_user_target_name, name);
	if (f->subject == NULL)
		return;
	const struct bsm_item *address = bsm_token_item(f->subject, "address");
	static const uint8_t none[16];
	if (address != NULL && memcmp(address->text.ptr, none, address->text.len) != 0)
		ev_ip(batch, FIELD_source_ip, (const uint8_t *)address->text.ptr,
			address->text.len);
	if (kind == KIND_user_login || kind == KIND_ssh_login || kind == KIND_user_logout)
		put_id(batch, FIELD_user_target_id, f->subject, "auid");
	ev_uint_text(batch, FIELD_session_id, bsm_token_number(f->subject, "sid"));
}

/* The attempt matters even when it failed. */
static bool counts_when_failed(enum event_kind kind)
{
	return kind == KIND_network_connect ||
	       (kind >= KIND_user_login && kind <= KIND_group_change);
}

static void put_result(struct batch *batch, const struct bsm_token *t, enum event_kind *kind)
{
	uint64_t error = bsm_token_number(t, "error");
	const struct bsm_item *value = bsm_token_item(t, "value");

	ev_uint(batch, FIELD_bsm_error, error);
	if (value != NULL)
		ev_int(batch, FIELD_bsm_return,
			value->width == 4 ? (int32_t)(uint32_t)value->number
					  : (int64_t)value->number);
	ev_text_ref(batch, FIELD_event_outcome, error == 0 ? STR("success") : STR("failure"));
	ev_text_ref(batch, FIELD_auditd_result, error == 0 ? STR("success") : STR("fail"));
	if (error != 0 && !counts_when_failed(*kind)) {
		*kind = KIND_audit_record;
		event_set_kind(batch, KIND_audit_record);
	}
}

static void put_by_category(struct batch *batch, const struct facts *f, enum event_kind kind)
{
	if (kind == KIND_process_exec)
		put_exec(batch, f);
	else if (kind == KIND_process_fork)
		put_fork(batch, f);
	else if (kind == KIND_process_exit)
		put_exit(batch, f);
	else if (kind == KIND_process_uid_change || kind == KIND_process_gid_change)
		put_user_change(batch, f);
	else if (kind == KIND_process_signal || kind == KIND_process_ptrace ||
		 kind == KIND_process_get_task)
		put_target(batch, f, kind);
	else if ((kind >= KIND_file_open && kind <= KIND_file_access) ||
		 kind == KIND_process_chroot)
		put_file(batch, f, kind);
	else if (kind >= KIND_network_connect && kind <= KIND_unix_connect)
		put_network(batch, f, kind);
	else if (kind >= KIND_user_login && kind <= KIND_group_change)
		put_login(batch, f, kind);
	else if ((kind == KIND_driver_load || kind == KIND_driver_unload) && f->path_count > 0)
		put_path(batch, FIELD_driver_path, FIELD_driver_name, FIELD_none, f->paths[0]);
}

void bsm_fill(const struct bsm_record *record, struct batch *batch, enum event_kind kind)
{
	struct facts f = {0};

	for (uint32_t i = 0; i < record->count; i++)
		sort_token(&f, &record->tokens[i]);
	if (f.subject != NULL)
		put_subject(batch, f.subject);
	if (f.identity != NULL)
		put_identity(batch, f.identity);
	if (f.result != NULL)
		put_result(batch, f.result, &kind);
	put_texts(batch, &f);
	put_by_category(batch, &f, kind);
	/* What an audit_record says of files and arguments is worth having too. */
	if (kind == KIND_audit_record) {
		if (f.path_count > 0)
			put_file(batch, &f, kind);
		if (f.exec_args != NULL)
			put_strings(batch, FIELD_process_args, FIELD_process_command_line,
				FIELD_process_args_count, &f.exec_args->items[0]);
		if (f.peer != NULL)
			put_network(batch, &f, kind);
	}
}
