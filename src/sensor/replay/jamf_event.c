#include "sensor/replay/jamf_event.h"

#include <errno.h>
#include "base/clock.h"
#include "sensor/audit/bsm_event.h"
#include "sensor/es/facts.h"
#include "sensor/replay/es_tree.h"

struct record {
	struct batch *batch;
	struct arena *scratch;
	const struct json_node *root, *subject, *arguments, *texts;
	struct str *paths;
	uint32_t path_count;
	enum event_kind kind; /* what the record's number stands for, or audit_record */
};

bool jamf_is_record(const struct json_node *root)
{
	const struct json_node *header = json_get(root, "header");
	uint64_t number;

	return es_number(header, "event_id", &number) && es_text(header, "event_name").len > 0;
}

static void put_text(
	const struct record *r, field_id field, const struct json_node *node, const char *key)
{
	ev_text(r->batch, field, es_text(node, key));
}

static bool put_number(
	const struct record *r, field_id field, const struct json_node *node, const char *key)
{
	uint64_t number;

	if (!es_number(node, key, &number))
		return false;
	ev_uint(r->batch, field, number);
	return true;
}

/* Audit writes -1 for a user that is not set. */
static void put_id(
	const struct record *r, field_id field, const struct json_node *node, const char *key)
{
	uint64_t number;

	if (es_number(node, key, &number) && (uint32_t)number != UINT32_MAX)
		ev_uint_text(r->batch, field, number);
}

static void put_host(const struct record *r)
{
	const struct json_node *host = json_get(r->root, "host_info");

	ev_text_ref(r->batch, FIELD_host_os_type, STR("macos"));
	put_text(r, FIELD_host_name, host, "host_name");
	put_text(r, FIELD_host_id, host, "host_uuid");
	put_text(r, FIELD_host_os_version, host, "osversion");
}

static void put_subject(const struct record *r)
{
	const struct json_node *s = r->subject;
	struct str path = es_text(s, "process_name");

	(void)put_number(r, FIELD_process_pid, s, "process_id");
	ev_text(r->batch, FIELD_process_executable, path);
	ev_text(r->batch, FIELD_process_name, str_basename(path));
	put_text(r, FIELD_process_hash_sha1, s, "process_hash");
	put_id(r, FIELD_process_user_id, s, "effective_user_id");
	put_text(r, FIELD_process_user_name, s, "effective_user_name");
	put_id(r, FIELD_process_group_id, s, "effective_group_id");
	put_text(r, FIELD_process_group_name, s, "effective_group_name");
	put_id(r, FIELD_process_real_user_id, s, "user_id");
	put_text(r, FIELD_process_real_user_name, s, "user_name");
	put_id(r, FIELD_process_real_group_id, s, "group_id");
	put_text(r, FIELD_process_real_group_name, s, "group_name");
	put_id(r, FIELD_user_id, s, "effective_user_id");
	put_text(r, FIELD_user_name, s, "effective_user_name");
	put_id(r, FIELD_group_id, s, "effective_group_id");
	put_text(r, FIELD_group_name, s, "effective_group_name");
	put_id(r, FIELD_process_Ext_audit_user_id, s, "audit_id");
	(void)put_number(r, FIELD_process_Ext_session, s, "session_id");
}

static void put_chain(const struct record *r)
{
	const struct json_node *chain = json_get(r->root, "exec_chain_child");
	struct str path = es_text(chain, "parent_path");

	(void)put_number(r, FIELD_process_parent_pid, chain, "parent_pid");
	ev_text(r->batch, FIELD_process_parent_executable, path);
	ev_text(r->batch, FIELD_process_parent_name, str_basename(path));
}

/* Of an exec, the record tells the signature of the image that asked for it. */
static void put_identity(const struct record *r)
{
	const struct json_node *identity = json_get(r->root, "identity");
	struct str signing_id = es_text(identity, "signer_id");
	bool parent = r->kind == KIND_process_exec;

	if (identity == NULL)
		return;
	ev_text(r->batch,
		parent ? FIELD_process_parent_code_signature_signing_id
		       : FIELD_process_code_signature_signing_id,
		signing_id);
	put_text(r,
		parent ? FIELD_process_parent_code_signature_team_id
		       : FIELD_process_code_signature_team_id,
		identity, "team_id");
	put_text(r,
		parent ? FIELD_process_parent_code_signature_cdhash
		       : FIELD_process_code_signature_cdhash,
		identity, "cd_hash");
	ev_bool(r->batch,
		parent ? FIELD_process_parent_code_signature_exists
		       : FIELD_process_code_signature_exists,
		signing_id.len > 0);
}

static void put_audit(const struct record *r)
{
	const struct json_node *header = json_get(r->root, "header");
	const struct json_node *result = json_get(r->root, "return");
	uint32_t count;

	put_text(r, FIELD_auditd_message_type, header, "event_name");
	(void)put_number(r, FIELD_bsm_event, header, "event_id");
	(void)put_number(r, FIELD_bsm_modifier, header, "event_modifier");
	(void)put_number(r, FIELD_bsm_error, result, "error");
	(void)put_number(r, FIELD_bsm_return, result, "return_value");
	put_id(r, FIELD_event_code, header, "event_id");
	put_text(r, FIELD_event_reason, result, "description");
	ev_list(r->batch, FIELD_bsm_paths, r->paths, r->path_count);
	struct str *texts = es_texts(r->scratch, r->texts, &count);
	ev_list(r->batch, FIELD_bsm_text, texts, count);
	if (count > 0)
		ev_text(r->batch, FIELD_message, texts[0]);
	if (r->arguments == NULL || !ev_wants(r->batch, FIELD_bsm_args))
		return;
	for (const struct json_node *a = r->arguments->child; a != NULL; a = a->next) {
		struct str text = arena_printf(
			&r->batch->arena, "%.*s=%.*s", STR_ARG(a->key), STR_ARG(a->text));
		if (text.ptr != NULL)
			ev_add(r->batch, FIELD_bsm_args, value_text(text));
	}
}

/* Arguments have their number, from 1, as name; written in the order of names "10" is before "2". */
static struct str *exec_args(const struct record *r, uint32_t *ret_count)
{
	const struct json_node *args = json_path(r->root, "exec_args.args");
	uint64_t number;

	*ret_count = 0;
	if (args == NULL || args->token != JSON_OBJECT || args->count == 0)
		return NULL;
	struct str *texts = arena_zalloc(r->scratch, args->count * sizeof(*texts));
	if (texts == NULL)
		return NULL;
	for (const struct json_node *a = args->child; a != NULL; a = a->next)
		if (str_to_u64(a->key, &number) && number >= 1 && number <= args->count)
			(void)json_text(a, &texts[number - 1]);
	*ret_count = args->count;
	return texts;
}

static void put_exec(const struct record *r)
{
	const struct json_node *env = json_path(r->root, "exec_env.env");
	struct str image = r->path_count > 0 ? r->paths[r->path_count - 1] : (struct str){0};
	struct str caller = es_text(r->subject, "process_name");
	uint64_t child;
	uint32_t count;
	struct str *args = exec_args(r, &count);

	es_set_args(r->batch, args, count);
	if (env != NULL && env->token == JSON_OBJECT && ev_wants(r->batch, FIELD_process_env_vars))
		for (const struct json_node *e = env->child; e != NULL; e = e->next) {
			struct str text = arena_printf(
				&r->batch->arena, "%.*s=%.*s", STR_ARG(e->key), STR_ARG(e->text));
			if (text.ptr != NULL)
				ev_add(r->batch, FIELD_process_env_vars, value_text(text));
		}
	if (!es_number(r->arguments, "child_PID", &child) || child == 0) {
		ev_text(r->batch, FIELD_process_executable, image);
		ev_text(r->batch, FIELD_process_name, str_basename(image));
		return;
	}
	/* posix_spawn: the subject is the parent. Its paths may be those of file actions; the image
	 * is the one that ends as argv[0] does. */
	ev_uint(r->batch, FIELD_process_pid, child);
	(void)put_number(r, FIELD_process_parent_pid, r->subject, "process_id");
	ev_text(r->batch, FIELD_process_parent_executable, caller);
	ev_text(r->batch, FIELD_process_parent_name, str_basename(caller));
	struct str name = count > 0 ? str_basename(args[0]) : (struct str){0};
	for (uint32_t i = 0; i < r->path_count; i++)
		if (str_eq(str_basename(r->paths[i]), name))
			name = r->paths[i];
	ev_text(r->batch, FIELD_process_executable, name);
	ev_text(r->batch, FIELD_process_name, str_basename(name));
}

static void put_fork(const struct record *r)
{
	struct str path = es_text(r->subject, "process_name");

	if (!put_number(r, FIELD_process_pid, r->arguments, "child_PID"))
		return;
	(void)put_number(r, FIELD_process_parent_pid, r->subject, "process_id");
	ev_text(r->batch, FIELD_process_parent_executable, path);
	ev_text(r->batch, FIELD_process_parent_name, str_basename(path));
}

static void put_file(const struct record *r)
{
	const struct json_node *attributes = json_get(r->root, "attributes");
	uint64_t number;
	uint32_t count;

	if (r->path_count > 0)
		es_set_path(r->batch, r->paths[r->path_count - 1]);
	if (es_number(attributes, "file_access_mode", &number))
		ev_printf(r->batch, FIELD_file_mode, "%04o", (unsigned)(number & 07777));
	put_id(r, FIELD_file_uid, attributes, "owner_user_id");
	put_id(r, FIELD_file_gid, attributes, "owner_group_id");
	put_text(r, FIELD_file_owner, attributes, "owner_user_name");
	put_text(r, FIELD_file_group, attributes, "owner_group_name");
	if (es_number(attributes, "node_id", &number))
		ev_uint_text(r->batch, FIELD_file_inode, number);
	if (r->kind == KIND_file_mount) {
		struct str *texts = es_texts(r->scratch, r->texts, &count);
		if (count > 0)
			ev_text(r->batch, FIELD_file_Ext_device_mount_type, texts[0]);
		(void)put_number(r, FIELD_file_Ext_device_mount_flags, r->arguments, "flags");
	}
}

static void put_target(const struct record *r)
{
	const struct json_node *target = json_get(r->root, "process");
	struct str path = es_text(target, "process_name");

	if (!put_number(r, FIELD_Target_process_pid, target, "process_id") &&
		!put_number(r, FIELD_Target_process_pid, r->arguments, "process"))
		(void)put_number(r, FIELD_Target_process_pid, r->arguments, "pid");
	put_id(r, FIELD_Target_process_user_id, target, "effective_user_id");
	ev_text(r->batch, FIELD_Target_process_executable, path);
	ev_text(r->batch, FIELD_Target_process_name, str_basename(path));
	(void)put_number(r, FIELD_process_Ext_signal, r->arguments, "signal");
	if (r->kind == KIND_process_ptrace)
		ev_text_ref(r->batch, FIELD_process_Ext_api_name, STR("ptrace"));
	else if (r->kind == KIND_process_get_task)
		ev_text_ref(r->batch, FIELD_process_Ext_api_name, STR("task_for_pid"));
}

static void put_network(const struct record *r)
{
	const struct json_node *inet = json_get(r->root, "socket_inet");
	bool out = r->kind == KIND_network_connect;
	struct str local = es_text(json_get(r->root, "socket_unix"), "path");
	struct str address = es_text(inet, "ip_address");

	if (local.len > 0) {
		ev_text(r->batch, out ? FIELD_destination_address : FIELD_source_address, local);
		ev_text_ref(r->batch, FIELD_network_type, STR("unix"));
		if (out)
			event_set_kind(r->batch, KIND_unix_connect);
		return;
	}
	if (r->kind == KIND_network_connect || r->kind == KIND_network_accept)
		ev_text_ref(
			r->batch, FIELD_network_direction, out ? STR("egress") : STR("ingress"));
	ev_text(r->batch, out ? FIELD_destination_ip : FIELD_source_ip, address);
	(void)put_number(r, out ? FIELD_destination_port : FIELD_source_port, inet, "port");
	if (address.len > 0)
		ev_text_ref(r->batch, FIELD_network_type,
			str_find(address, STR(":")) >= 0 ? STR("ipv6") : STR("ipv4"));
}

static void put_login(const struct record *r)
{
	put_id(r, FIELD_user_target_id, r->subject, "audit_id");
	put_text(r, FIELD_user_target_name, r->subject, "audit_user_name");
	put_id(r, FIELD_session_id, r->subject, "session_id");
	struct str address = es_text(json_get(r->subject, "terminal_id"), "ip_address");
	if (!str_eq(address, STR("0.0.0.0")))
		ev_text(r->batch, FIELD_source_ip, address);
}

static void put_by_kind(const struct record *r)
{
	uint64_t number;

	if (r->kind == KIND_process_exec)
		put_exec(r);
	else if (r->kind == KIND_process_fork)
		put_fork(r);
	else if (r->kind == KIND_process_exit &&
		 es_number(json_get(r->root, "exit"), "status", &number))
		es_set_exit(r->batch, (int64_t)number);
	else if (r->kind >= KIND_network_connect && r->kind <= KIND_unix_connect)
		put_network(r);
	else if (r->kind >= KIND_user_login && r->kind <= KIND_group_change)
		put_login(r);
	else if (json_get(r->root, "process") != NULL || r->kind == KIND_process_ptrace ||
		 r->kind == KIND_process_get_task || r->kind == KIND_process_signal)
		put_target(r);
	else
		put_file(r);
}

/* A call that failed did not happen, except where the attempt itself matters. */
static bool counts_when_failed(enum event_kind kind)
{
	return kind == KIND_network_connect ||
	       (kind >= KIND_user_login && kind <= KIND_group_change);
}

static uint64_t time_of(const struct json_node *header)
{
	uint64_t seconds, milliseconds = 0;

	if (!es_number(header, "time_seconds_epoch", &seconds) || seconds > UINT32_MAX * 4ull)
		return 0;
	(void)es_number(header, "time_milliseconds_offset", &milliseconds);
	return seconds * NS_PER_S + (milliseconds < 1000 ? milliseconds : 0) * NS_PER_MS;
}

int jamf_event_build(struct batch *batch, struct arena *scratch, const struct json_node *root)
{
	const struct json_node *header = json_get(root, "header");
	uint64_t number = 0, error = 0;
	struct record r = {.batch = batch, .scratch = scratch, .root = root};

	(void)es_number(header, "event_id", &number);
	const struct bsm_event *event = number > UINT16_MAX ? NULL
							    : bsm_event_by_number((unsigned)number);
	r.kind = event == NULL ? KIND_audit_record : event->kind;
	r.subject = json_get(root, "subject");
	r.arguments = json_get(root, "arguments");
	r.texts = json_get(root, "texts");
	r.paths = es_texts(scratch, json_get(root, "path"), &r.path_count);
	bool told = es_number(json_get(root, "return"), "error", &error);
	if (error != 0 && !counts_when_failed(r.kind))
		r.kind = KIND_audit_record;
	if (event_begin(batch, r.kind, time_of(header)) == NULL)
		return -ENOMEM;
	batch->building.os = OS_MACOS;
	if (told)
		ev_text_ref(
			batch, FIELD_event_outcome, error == 0 ? STR("success") : STR("failure"));
	put_host(&r);
	put_subject(&r);
	put_chain(&r);
	put_identity(&r);
	put_audit(&r);
	put_by_kind(&r);
	return 0;
}
