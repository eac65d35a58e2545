/* Endpoint Security: what is done to files and local sockets. */
#include "sensor/replay/es_event.h"
#include "sensor/replay/es_tree.h"

static struct es_file set_file(const struct es_message *m, const char *key)
{
	struct es_file file;

	es_read_file(json_get(m->body, key), &file);
	es_set_file(m->batch, &file);
	return file;
}

static void fill_target(const struct es_message *m)
{
	(void)set_file(m, "target");
}

static void fill_source(const struct es_message *m)
{
	(void)set_file(m, "source");
}

static void fill_open(const struct es_message *m)
{
	uint64_t flags;

	(void)set_file(m, "file");
	if (es_number(m->body, "fflag", &flags))
		ev_uint(m->batch, FIELD_file_Ext_open_flags, flags);
}

static void fill_close(const struct es_message *m)
{
	bool modified = false;

	(void)set_file(m, "target");
	if (!json_bool(json_get(m->body, "modified"), &modified) || !modified)
		event_set_kind(m->batch, KIND_es_other);
}

/* An existing file, or a directory and a name in it. */
static void set_destination(const struct es_message *m)
{
	const struct json_node *to = json_get(m->body, "destination");
	const struct json_node *fresh = json_get(to, "new_path");
	struct es_file file;
	uint64_t mode;

	if (fresh == NULL || fresh->token != JSON_OBJECT) {
		es_read_file(json_get(to, "existing_file"), &file);
		es_set_file(m->batch, &file);
		return;
	}
	struct str path = es_join(m->batch, es_path(fresh, "dir"), es_text(fresh, "filename"));
	es_set_path(m->batch, path);
	if (es_number(fresh, "mode", &mode))
		ev_printf(m->batch, FIELD_file_mode, "%04o", (unsigned)(mode & 07777));
}

static void fill_create(const struct es_message *m)
{
	set_destination(m);
}

static void fill_rename(const struct es_message *m)
{
	struct es_file source;

	/* facts of the file itself move with it, whatever stood at the destination */
	es_read_file(json_get(m->body, "source"), &source);
	struct str from = source.path;
	source.path = (struct str){0};
	set_destination(m);
	es_set_file(m->batch, &source);
	es_set_original(m->batch, from);
}

static void fill_copy(const struct es_message *m)
{
	struct str source = es_path(m->body, "source");
	struct str directory = es_path(m->body, "target_dir");
	struct str name = es_text(m->body, "target_name");

	es_set_path(m->batch, es_join(m->batch, directory, name));
	es_set_original(m->batch, source);
}

static void fill_link(const struct es_message *m)
{
	struct str source = es_path(m->body, "source");
	struct str directory = es_path(m->body, "target_dir");
	struct str name = es_text(m->body, "target_filename");

	es_set_path(m->batch, es_join(m->batch, directory, name));
	ev_text(m->batch, FIELD_file_target_path, source);
}

static void fill_exchange(const struct es_message *m)
{
	(void)set_file(m, "file1");
	ev_text(m->batch, FIELD_file_target_path, es_path(m->body, "file2"));
}

static void fill_xattr(const struct es_message *m)
{
	(void)set_file(m, "target");
	ev_text(m->batch, FIELD_file_Ext_xattr, es_text(m->body, "extattr"));
}

static void fill_flags(const struct es_message *m)
{
	uint64_t flags;

	(void)set_file(m, "target");
	if (es_number(m->body, "flags", &flags))
		ev_uint(m->batch, FIELD_file_Ext_flags, flags);
}

static void fill_mode(const struct es_message *m)
{
	struct es_file file = set_file(m, "target");
	uint64_t mode;

	if (!es_number(m->body, "mode", &mode))
		return;
	ev_printf(m->batch, FIELD_file_mode, "%04o", (unsigned)(mode & 07777));
	if (file.has_stat)
		ev_printf(m->batch, FIELD_file_Ext_original_mode, "%04o",
			(unsigned)(file.mode & 07777));
}

static void fill_owner(const struct es_message *m)
{
	struct es_file file = set_file(m, "target");
	uint64_t id;

	if (file.has_stat) {
		ev_uint_text(m->batch, FIELD_file_Ext_original_uid, file.uid);
		ev_uint_text(m->batch, FIELD_file_Ext_original_gid, file.gid);
	}
	/* -1: stays as it is */
	if (es_number(m->body, "uid", &id) && (uint32_t)id != UINT32_MAX)
		ev_uint_text(m->batch, FIELD_file_uid, (uint32_t)id);
	if (es_number(m->body, "gid", &id) && (uint32_t)id != UINT32_MAX)
		ev_uint_text(m->batch, FIELD_file_gid, (uint32_t)id);
}

static void fill_times(const struct es_message *m)
{
	(void)set_file(m, "target");
	ev_time(m->batch, FIELD_file_mtime, es_time(json_get(m->body, "mtime")));
	ev_time(m->batch, FIELD_file_accessed, es_time(json_get(m->body, "atime")));
}

static void fill_mount(const struct es_message *m)
{
	const struct json_node *fs = json_get(m->body, "statfs");
	uint64_t flags;

	es_set_path(m->batch, es_text(fs, "f_mntonname"));
	ev_text(m->batch, FIELD_file_Ext_device_mount_source, es_text(fs, "f_mntfromname"));
	ev_text(m->batch, FIELD_file_Ext_device_mount_type, es_text(fs, "f_fstypename"));
	if (es_number(fs, "f_flags", &flags))
		ev_uint(m->batch, FIELD_file_Ext_device_mount_flags, flags);
}

static void fill_lookup(const struct es_message *m)
{
	struct str directory = es_path(m->body, "source_dir");
	struct str name = es_text(m->body, "relative_target");

	es_set_path(m->batch, es_join(m->batch, directory, name));
}

static void fill_uipc_bind(const struct es_message *m)
{
	struct str path = es_join(m->batch, es_path(m->body, "dir"), es_text(m->body, "filename"));

	es_set_path(m->batch, path);
	ev_text(m->batch, FIELD_source_address, path);
	ev_text_ref(m->batch, FIELD_network_type, STR("unix"));
}

static void fill_uipc_connect(const struct es_message *m)
{
	struct es_file file = set_file(m, "file");
	uint64_t number;

	ev_text(m->batch, FIELD_destination_address, file.path);
	ev_text_ref(m->batch, FIELD_network_type, STR("unix"));
	if (es_number(m->body, "domain", &number))
		ev_uint(m->batch, FIELD_network_Ext_family, number);
	if (es_number(m->body, "type", &number))
		ev_uint(m->batch, FIELD_network_Ext_socket_type, number);
	if (es_number(m->body, "protocol", &number))
		ev_uint(m->batch, FIELD_network_Ext_protocol, number);
}

const struct es_kind es_file_kinds[] = {
	{"open", KIND_file_open, ES_ACTOR_PROCESS, fill_open},
	{"close", KIND_file_modify, ES_ACTOR_PROCESS, fill_close},
	{"create", KIND_file_create, ES_ACTOR_PROCESS, fill_create},
	{"write", KIND_file_modify, ES_ACTOR_PROCESS, fill_target},
	{"rename", KIND_file_rename, ES_ACTOR_PROCESS, fill_rename},
	{"unlink", KIND_file_delete, ES_ACTOR_PROCESS, fill_target},
	{"link", KIND_file_link, ES_ACTOR_PROCESS, fill_link},
	{"clone", KIND_file_clone, ES_ACTOR_PROCESS, fill_copy},
	{"copyfile", KIND_file_clone, ES_ACTOR_PROCESS, fill_copy},
	{"truncate", KIND_file_truncate, ES_ACTOR_PROCESS, fill_target},
	{"exchangedata", KIND_file_exchange, ES_ACTOR_PROCESS, fill_exchange},
	{"setextattr", KIND_file_xattr_set, ES_ACTOR_PROCESS, fill_xattr},
	{"deleteextattr", KIND_file_xattr_delete, ES_ACTOR_PROCESS, fill_xattr},
	{"setflags", KIND_file_flags_change, ES_ACTOR_PROCESS, fill_flags},
	{"setmode", KIND_file_mode_change, ES_ACTOR_PROCESS, fill_mode},
	{"setowner", KIND_file_owner_change, ES_ACTOR_PROCESS, fill_owner},
	{"setacl", KIND_file_acl_change, ES_ACTOR_PROCESS, fill_target},
	{"utimes", KIND_file_times_change, ES_ACTOR_PROCESS, fill_times},
	{"setattrlist", KIND_file_times_change, ES_ACTOR_PROCESS, fill_target},
	{"mount", KIND_file_mount, ES_ACTOR_PROCESS, fill_mount},
	{"remount", KIND_file_mount, ES_ACTOR_PROCESS, fill_mount},
	{"unmount", KIND_file_unmount, ES_ACTOR_PROCESS, fill_mount},
	{"chroot", KIND_process_chroot, ES_ACTOR_PROCESS, fill_target},
	{"uipc_bind", KIND_network_bind, ES_ACTOR_PROCESS, fill_uipc_bind},
	{"uipc_connect", KIND_unix_connect, ES_ACTOR_PROCESS, fill_uipc_connect},
	{"access", KIND_file_access, ES_ACTOR_PROCESS, fill_target},
	{"chdir", KIND_file_access, ES_ACTOR_PROCESS, fill_target},
	{"stat", KIND_file_access, ES_ACTOR_PROCESS, fill_target},
	{"getattrlist", KIND_file_access, ES_ACTOR_PROCESS, fill_target},
	{"getextattr", KIND_file_access, ES_ACTOR_PROCESS, fill_xattr},
	{"listextattr", KIND_file_access, ES_ACTOR_PROCESS, fill_target},
	{"readdir", KIND_file_access, ES_ACTOR_PROCESS, fill_target},
	{"fsgetpath", KIND_file_access, ES_ACTOR_PROCESS, fill_target},
	{"searchfs", KIND_file_access, ES_ACTOR_PROCESS, fill_target},
	{"readlink", KIND_file_access, ES_ACTOR_PROCESS, fill_source},
	{"lookup", KIND_file_access, ES_ACTOR_PROCESS, fill_lookup},
	{"fcntl", KIND_es_other, ES_ACTOR_PROCESS, fill_target},
	{"dup", KIND_es_other, ES_ACTOR_PROCESS, fill_target},
	{"file_provider_materialize", KIND_es_other, ES_ACTOR_INSTIGATOR, fill_target},
	{"file_provider_update", KIND_es_other, ES_ACTOR_PROCESS, fill_source},
	{0},
};
