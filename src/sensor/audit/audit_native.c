/* System calls of Linux audit as native events. */
#include <errno.h>
#include <stdlib.h>
#include "base/cursor.h"
#include "sensor/audit/audit_fill.h"
#include "sensor/audit/audit_group.h"
#include "sensor/audit/audit_join.h"

#define AF_UNIX_NUMBER	      1
#define AF_INET_NUMBER	      2
#define AF_INET6_NUMBER	      10
#define CLONE_THREAD_FLAG     0x10000
#define BPF_PROG_LOAD_COMMAND 5

enum shape {
	PLAIN,
	EXEC,
	FORK,
	IDS,	/* the new id is argument arg */
	TARGET, /* argument arg: signal; OBJ_PID names the process */
	TRACE,	/* argument arg: process */
	OPEN,	/* argument arg: flags */
	PATH,
	MODE,  /* argument arg: mode */
	OWNER, /* arguments arg and arg + 1: user and group */
	RENAME,
	LINK,
	SYMLINK,
	MOUNT,
	PEER,
	MODULE,
	MEMFD, /* argument arg: flags */
	BPF,
};

struct call_row {
	const char *name;
	uint16_t kind;
	uint8_t shape;
	uint8_t arg;
};

// clang-format off
/* Sorted by name. */
static const struct call_row calls[] = {
	{"accept", KIND_network_accept, PEER, 0},
	{"accept4", KIND_network_accept, PEER, 0},
	{"bind", KIND_network_bind, PEER, 0},
	{"bpf", KIND_bpf_load, BPF, 0},
	{"capset", KIND_process_capability_change, PLAIN, 0},
	{"chmod", KIND_file_mode_change, MODE, 1},
	{"chown", KIND_file_owner_change, OWNER, 1},
	{"chroot", KIND_process_chroot, PATH, 0},
	{"clock_settime", KIND_system_change, PLAIN, 0},
	{"clone", KIND_process_fork, FORK, 0},
	{"clone3", KIND_process_fork, FORK, 0},
	{"connect", KIND_network_connect, PEER, 0},
	{"creat", KIND_file_create, PATH, 0},
	{"delete_module", KIND_driver_unload, MODULE, 0},
	{"execve", KIND_process_exec, EXEC, 0},
	{"execveat", KIND_process_exec, EXEC, 0},
	{"fchmod", KIND_file_mode_change, MODE, 1},
	{"fchmodat", KIND_file_mode_change, MODE, 2},
	{"fchown", KIND_file_owner_change, OWNER, 1},
	{"fchownat", KIND_file_owner_change, OWNER, 2},
	{"finit_module", KIND_driver_load, MODULE, 0},
	{"fork", KIND_process_fork, FORK, 0},
	{"fremovexattr", KIND_file_xattr_delete, PATH, 0},
	{"fsetxattr", KIND_file_xattr_set, PATH, 0},
	{"ftruncate", KIND_file_truncate, PATH, 0},
	{"futimesat", KIND_file_times_change, PATH, 0},
	{"init_module", KIND_driver_load, MODULE, 0},
	{"kill", KIND_process_signal, TARGET, 1},
	{"lchown", KIND_file_owner_change, OWNER, 1},
	{"link", KIND_file_link, LINK, 0},
	{"linkat", KIND_file_link, LINK, 0},
	{"listen", KIND_network_listen, PEER, 0},
	{"lremovexattr", KIND_file_xattr_delete, PATH, 0},
	{"lsetxattr", KIND_file_xattr_set, PATH, 0},
	{"memfd_create", KIND_process_memfd_create, MEMFD, 1},
	{"mkdir", KIND_file_create, PATH, 0},
	{"mkdirat", KIND_file_create, PATH, 0},
	{"mknod", KIND_file_create, PATH, 0},
	{"mknodat", KIND_file_create, PATH, 0},
	{"mount", KIND_file_mount, MOUNT, 3},
	{"move_mount", KIND_file_mount, MOUNT, 4},
	{"open", KIND_file_open, OPEN, 1},
	{"openat", KIND_file_open, OPEN, 2},
	{"openat2", KIND_file_open, OPEN, 4},
	{"pivot_root", KIND_process_chroot, PATH, 0},
	{"process_vm_readv", KIND_process_ptrace, TRACE, 0},
	{"process_vm_writev", KIND_process_ptrace, TRACE, 0},
	{"ptrace", KIND_process_ptrace, TRACE, 1},
	{"removexattr", KIND_file_xattr_delete, PATH, 0},
	{"rename", KIND_file_rename, RENAME, 0},
	{"renameat", KIND_file_rename, RENAME, 0},
	{"renameat2", KIND_file_rename, RENAME, 0},
	{"rmdir", KIND_file_delete, PATH, 0},
	{"setdomainname", KIND_system_change, PLAIN, 0},
	{"setfsgid", KIND_process_gid_change, IDS, 0},
	{"setfsuid", KIND_process_uid_change, IDS, 0},
	{"setgid", KIND_process_gid_change, IDS, 0},
	{"setgroups", KIND_process_gid_change, PLAIN, 0},
	{"sethostname", KIND_system_change, PLAIN, 0},
	{"setns", KIND_process_namespace, PLAIN, 0},
	{"setregid", KIND_process_gid_change, IDS, 1},
	{"setresgid", KIND_process_gid_change, IDS, 1},
	{"setresuid", KIND_process_uid_change, IDS, 1},
	{"setreuid", KIND_process_uid_change, IDS, 1},
	{"setsid", KIND_process_session_change, PLAIN, 0},
	{"settimeofday", KIND_system_change, PLAIN, 0},
	{"setuid", KIND_process_uid_change, IDS, 0},
	{"setxattr", KIND_file_xattr_set, PATH, 0},
	{"socket", KIND_network_socket, PEER, 0},
	{"symlink", KIND_file_link, SYMLINK, 0},
	{"symlinkat", KIND_file_link, SYMLINK, 0},
	{"tgkill", KIND_process_signal, TARGET, 2},
	{"tkill", KIND_process_signal, TARGET, 1},
	{"truncate", KIND_file_truncate, PATH, 0},
	{"umount", KIND_file_unmount, MOUNT, 4},
	{"umount2", KIND_file_unmount, MOUNT, 4},
	{"unlink", KIND_file_delete, PATH, 0},
	{"unlinkat", KIND_file_delete, PATH, 0},
	{"unshare", KIND_process_namespace, PLAIN, 0},
	{"utime", KIND_file_times_change, PATH, 0},
	{"utimensat", KIND_file_times_change, PATH, 0},
	{"utimes", KIND_file_times_change, PATH, 0},
	{"vfork", KIND_process_fork, FORK, 0},
};
// clang-format on

static int compare(const void *wanted, const void *row)
{
	const struct str *name = wanted;
	const char *other = ((const struct call_row *)row)->name;
	size_t len = strlen(other);
	int order = memcmp(name->ptr, other, name->len < len ? name->len : len);
	return order != 0 ? order : name->len < len ? -1 : name->len > len;
}

static bool argument(const struct audit_group *group, unsigned number, uint64_t *ret)
{
	static const char *const names[] = {"a0", "a1", "a2", "a3"};
	return number < 4 && audit_line_u64(&group->call, names[number], 16, ret);
}

/* ---- files ---- */

static const struct audit_path *path_of(
	const struct audit_group *group, const char *nametype, unsigned skip)
{
	for (uint32_t i = 0; i < group->path_count; i++)
		if (str_is(group->paths[i].nametype, nametype) && skip-- == 0)
			return &group->paths[i];
	return NULL;
}

/* The object of a call on one path: not the directory it stands in. */
static const struct audit_path *object(const struct audit_group *group)
{
	static const char *const order[] = {"CREATE", "DELETE", "NORMAL", "UNKNOWN"};
	const struct audit_path *path = NULL;

	for (size_t i = 0; path == NULL && i < sizeof(order) / sizeof(order[0]); i++)
		path = path_of(group, order[i], 0);
	return path != NULL || group->path_count == 0 ? path : &group->paths[group->path_count - 1];
}

static void put_name(struct batch *batch, field_id path_id, field_id name_id, field_id ext_id,
	const struct audit_group *group, struct str path)
{
	char joined[AUDIT_JOIN_BYTES];

	if (path.len == 0)
		return;
	struct str whole = audit_join(joined, group->cwd, path);
	struct str name = str_basename(whole);
	ev_text(batch, path_id, whole);
	ev_text(batch, name_id, name);
	for (size_t i = name.len; i > 1; i--)
		if (name.ptr[i - 1] == '.') {
			ev_text(batch, ext_id, str_n(name.ptr + i, name.len - i));
			break;
		}
}

static void put_path(
	struct batch *batch, const struct audit_group *group, const struct audit_path *path)
{
	struct str mode;
	uint64_t bits;

	if (path == NULL)
		return;
	put_name(batch, FIELD_file_path, FIELD_file_name, FIELD_file_extension, group, path->name);
	ev_text(batch, FIELD_file_inode, path->inode);
	ev_text(batch, FIELD_file_device, path->dev);
	ev_text(batch, FIELD_file_uid, path->ouid);
	ev_text(batch, FIELD_file_gid, path->ogid);
	mode = path->mode;
	if (!audit_number(mode, 8, &bits))
		return;
	ev_printf(batch, FIELD_file_mode, "%04llo", (unsigned long long)(bits & 07777));
	unsigned type = (unsigned)(bits >> 12);
	ev_text_ref(batch, FIELD_file_type,
		type == 4     ? STR("dir")
		: type == 010 ? STR("file")
		: type == 012 ? STR("symlink")
			      : STR(""));
}

static void put_open(struct batch *batch, const struct audit_group *group, uint8_t arg)
{
	uint64_t flags;

	if (path_of(group, "CREATE", 0) != NULL)
		event_set_kind(batch, KIND_file_create);
	if (argument(group, arg, &flags))
		ev_uint(batch, FIELD_file_Ext_open_flags, flags);
	put_path(batch, group, object(group));
}

static void put_rename(struct batch *batch, const struct audit_group *group)
{
	const struct audit_path *from = path_of(group, "DELETE", 0);
	const struct audit_path *to = path_of(group, "CREATE", 0);

	put_path(batch, group, to == NULL ? from : to);
	if (to != NULL && from != NULL)
		put_name(batch, FIELD_file_Ext_original_path, FIELD_file_Ext_original_name,
			FIELD_file_Ext_original_extension, group, from->name);
}

static void put_link(struct batch *batch, const struct audit_group *group, bool symbolic)
{
	const struct audit_path *made = path_of(group, "CREATE", 0);
	const struct audit_path *target = path_of(group, symbolic ? "UNKNOWN" : "NORMAL", 0);
	char joined[AUDIT_JOIN_BYTES];

	put_path(batch, group, made);
	if (target == NULL)
		return;
	/* what a symbolic link holds is text, relative to the link */
	ev_text(batch, FIELD_file_target_path,
		symbolic ? target->name : audit_join(joined, group->cwd, target->name));
}

static void put_owner(struct batch *batch, const struct audit_group *group, uint8_t arg)
{
	uint64_t id;

	put_path(batch, group, object(group));
	if (argument(group, arg, &id) && (uint32_t)id != UINT32_MAX)
		ev_uint_text(batch, FIELD_file_uid, (uint32_t)id);
	if (argument(group, arg + 1U, &id) && (uint32_t)id != UINT32_MAX)
		ev_uint_text(batch, FIELD_file_gid, (uint32_t)id);
}

/* ---- flows ---- */

static void put_address(
	struct batch *batch, bool remote, const uint8_t *ip, size_t len, uint64_t port)
{
	if (ip != NULL)
		ev_ip(batch, remote ? FIELD_destination_ip : FIELD_source_ip, ip, len);
	ev_uint(batch, remote ? FIELD_destination_port : FIELD_source_port, port);
	ev_text_ref(batch, FIELD_network_type, len == 16 ? STR("ipv6") : STR("ipv4"));
}

static void put_unix(struct batch *batch, struct cursor *c, bool remote)
{
	struct str path = cursor_str(c, cursor_left(c));

	ev_text_ref(batch, FIELD_network_type, STR("unix"));
	if (path.len > 0 && path.ptr[0] == '\0') { /* abstract name */
		path.ptr++, path.len--;
		struct str name = str_cut(&path, '\0');
		ev_printf(batch, remote ? FIELD_destination_address : FIELD_source_address, "@%.*s",
			STR_ARG(name));
	} else {
		ev_text(batch, remote ? FIELD_destination_address : FIELD_source_address,
			str_cut(&path, '\0'));
	}
	if (batch->building.kind == KIND_network_connect)
		event_set_kind(batch, KIND_unix_connect);
}

/* struct sockaddr as it lay in memory: the family in the byte order of the machine (all that write
 * such records here are little endian), the rest in network order. */
static void put_peer(struct batch *batch, const struct audit_group *group)
{
	enum event_kind kind = batch->building.kind;
	bool remote = kind == KIND_network_connect;
	struct str bytes = audit_unhex(&batch->arena, group->saddr);
	uint64_t port;

	if (kind == KIND_network_connect || kind == KIND_network_accept)
		ev_text_ref(
			batch, FIELD_network_direction, remote ? STR("egress") : STR("ingress"));
	if (bytes.ptr == NULL) { /* as ausearch writes it */
		ev_text(batch, remote ? FIELD_destination_ip : FIELD_source_ip, group->address);
		if (audit_number(group->port, 10, &port))
			ev_uint(batch, remote ? FIELD_destination_port : FIELD_source_port, port);
		return;
	}
	struct cursor c = cursor_of(bytes.ptr, bytes.len);
	uint16_t family = cursor_le16(&c);
	ev_uint(batch, FIELD_network_Ext_family, family);
	if (family == AF_UNIX_NUMBER) {
		put_unix(batch, &c, remote);
	} else if (family == AF_INET_NUMBER) {
		port = cursor_be16(&c);
		put_address(batch, remote, cursor_bytes(&c, 4), 4, port);
	} else if (family == AF_INET6_NUMBER) {
		port = cursor_be16(&c);
		(void)cursor_bytes(&c, 4); /* flow */
		put_address(batch, remote, cursor_bytes(&c, 16), 16, port);
	}
}

/* ---- processes ---- */

static void put_exec(struct batch *batch, const struct audit_group *group)
{
	struct str line = group->title;
	char *joined, *at;
	size_t len = 0;

	ev_list(batch, FIELD_process_args, group->args, group->arg_count);
	ev_uint(batch, FIELD_process_args_count, group->arg_count);
	if (group->args_truncated)
		ev_bool(batch, FIELD_process_Ext_args_truncated, true);
	for (uint32_t i = 0; i < group->arg_count; i++)
		len += group->args[i].len + 1;
	joined = at = len == 0 ? NULL : arena_alloc(&batch->arena, len);
	for (uint32_t i = 0; joined != NULL && i < group->arg_count; i++) {
		if (group->args[i].len > 0)
			memcpy(at, group->args[i].ptr, group->args[i].len);
		at += group->args[i].len;
		*at++ = ' ';
	}
	if (joined != NULL)
		line = str_n(joined, len - 1);
	ev_text(batch, FIELD_process_command_line, line);
	const struct audit_path *image = path_of(group, "NORMAL", 0);
	uint64_t inode;
	if (image != NULL && audit_number(image->inode, 10, &inode))
		ev_uint(batch, FIELD_process_inode, inode);
}

static bool put_fork(struct batch *batch, const struct audit_group *group, bool has_flags)
{
	uint64_t flags, parent;
	int64_t child;

	if (has_flags && argument(group, 0, &flags) && (flags & CLONE_THREAD_FLAG) != 0)
		return false;
	if (!audit_line_i64(&group->call, "exit", &child) || child <= 0)
		return false;
	if (audit_line_u64(&group->call, "pid", 10, &parent))
		ev_uint(batch, FIELD_process_parent_pid, parent);
	ev_int(batch, FIELD_process_pid, child);
	return true;
}

static void put_target(struct batch *batch, const struct audit_group *group)
{
	uint64_t pid;

	if (audit_number(group->target_pid, 10, &pid))
		ev_uint(batch, FIELD_Target_process_pid, pid);
	ev_text(batch, FIELD_Target_process_user_id, group->target_uid);
	ev_text(batch, FIELD_Target_process_name, group->target_comm);
}

static void put_signal(struct batch *batch, const struct audit_group *group, uint8_t arg)
{
	uint64_t number;

	if (argument(group, 0, &number) && number <= INT32_MAX && group->target_pid.len == 0)
		ev_uint(batch, FIELD_Target_process_pid, number);
	put_target(batch, group);
	if (argument(group, arg, &number))
		ev_uint(batch, FIELD_process_Ext_signal, number);
}

static void put_trace(
	struct batch *batch, const struct audit_group *group, const struct call_row *row)
{
	uint64_t number;

	if (argument(group, row->arg, &number) && number <= INT32_MAX)
		ev_uint(batch, FIELD_Target_process_pid, number);
	put_target(batch, group);
	ev_text_ref(batch, FIELD_process_Ext_api_name, str_of(row->name));
}

static void put_ids(struct batch *batch, const struct audit_group *group, uint8_t arg)
{
	uint64_t id;

	if (!argument(group, arg, &id) || (uint32_t)id == UINT32_MAX)
		return;
	if (batch->building.kind == KIND_process_gid_change) {
		ev_uint_text(batch, FIELD_user_target_group_id, (uint32_t)id);
	} else {
		ev_uint_text(batch, FIELD_user_changes_id, (uint32_t)id);
		ev_uint_text(batch, FIELD_user_target_id, (uint32_t)id);
	}
}

static void put_module(struct batch *batch, const struct audit_group *group)
{
	const struct audit_path *file = path_of(group, "NORMAL", 0);

	char joined[AUDIT_JOIN_BYTES];

	ev_text(batch, FIELD_driver_name, group->module);
	if (file != NULL)
		ev_text(batch, FIELD_driver_path, audit_join(joined, group->cwd, file->name));
}

/* False when the call is no event after all. */
static bool put_call(
	struct batch *batch, const struct audit_group *group, const struct call_row *row)
{
	uint64_t number;

	switch (row->shape) {
	case EXEC:
		put_exec(batch, group);
		break;
	case FORK:
		return put_fork(batch, group, strcmp(row->name, "clone") == 0);
	case IDS:
		put_ids(batch, group, row->arg);
		break;
	case TARGET:
		put_signal(batch, group, row->arg);
		break;
	case TRACE:
		put_trace(batch, group, row);
		break;
	case OPEN:
		put_open(batch, group, row->arg);
		break;
	case PATH:
		put_path(batch, group, object(group));
		break;
	case MODE:
		put_path(batch, group, object(group));
		if (argument(group, row->arg, &number))
			ev_printf(batch, FIELD_file_mode, "%04llo",
				(unsigned long long)(number & 07777));
		break;
	case OWNER:
		put_owner(batch, group, row->arg);
		break;
	case RENAME:
		put_rename(batch, group);
		break;
	case LINK:
	case SYMLINK:
		put_link(batch, group, row->shape == SYMLINK);
		break;
	case MOUNT:
		put_path(batch, group, object(group));
		if (argument(group, row->arg, &number))
			ev_uint(batch, FIELD_file_Ext_device_mount_flags, number);
		break;
	case PEER:
		put_peer(batch, group);
		break;
	case MODULE:
		put_module(batch, group);
		break;
	case MEMFD:
		if (argument(group, row->arg, &number)) {
			ev_bool(batch, FIELD_process_Ext_memfd_flag_cloexec, (number & 1) != 0);
			ev_bool(batch, FIELD_process_Ext_memfd_flag_allow_seal, (number & 2) != 0);
		}
		break;
	case BPF:
		return argument(group, 0, &number) && number == BPF_PROG_LOAD_COMMAND;
	default:
		break;
	}
	return true;
}

struct event *audit_group_event(struct batch *batch, const struct audit_group *group)
{
	struct str name = audit_fill_syscall(&group->call);
	const struct call_row *row = name.len == 0 ? NULL
						   : bsearch(&name, calls,
							     sizeof(calls) / sizeof(calls[0]),
							     sizeof(calls[0]), compare);
	bool success = !str_is(audit_line_get(&group->call, "success"), "no");
	int64_t exit_code = 0;

	(void)audit_line_i64(&group->call, "exit", &exit_code);
	/* A call that failed did not happen; a connection that is being made did. */
	if (row == NULL || group->call.type.len == 0 ||
		(!success && row->kind != KIND_network_connect))
		return NULL;
	event_begin(batch, row->kind, group->time_ns);
	batch->building.os = OS_LINUX;
	ev_text_ref(batch, FIELD_host_os_type, STR("linux"));
	ev_text_ref(batch, FIELD_event_module, STR("auditd"));
	ev_text(batch, FIELD_host_name, group->node);
	ev_uint(batch, FIELD_auditd_sequence, group->serial);
	ev_text_ref(batch, FIELD_event_outcome,
		success || exit_code == -EINPROGRESS ? STR("success") : STR("failure"));
	audit_fill_process(batch, &group->call);
	ev_text(batch, FIELD_process_working_directory, group->cwd);
	if (row->kind != KIND_process_exec)
		ev_text(batch, FIELD_process_command_line, group->title);
	if (!put_call(batch, group, row)) {
		event_abort(batch);
		return NULL;
	}
	return event_commit(batch);
}
