#include "sensor/replay/es_json_event.h"

#include "sensor/replay/es_json_tree.h"
#include "sensor/replay/es_tree.h"

static void set_file(const struct es_payload *p, const char *key)
{
	struct es_file file;

	es_json_file(json_get(p->body, key), &file);
	es_set_file(p->batch, &file);
}

static void set_process_target(const struct es_payload *p, const char *key)
{
	struct es_process target;

	es_json_process(p->arena, json_get(p->body, key), &target);
	es_set_target(p->batch, &target);
}

static void set_denied(const struct es_payload *p, bool denied)
{
	if (!denied)
		return;
	p->batch->building.types |= UINT32_C(1) << TYPE_denied;
	ev_text_ref(p->batch, FIELD_event_outcome, STR("failure"));
}

static void set_success(const struct es_payload *p)
{
	bool success;

	if (json_bool(json_get(p->body, "success"), &success) ||
		json_bool(json_get(p->root, "success"), &success))
		ev_text_ref(
			p->batch, FIELD_event_outcome, success ? STR("success") : STR("failure"));
}

/* "ITEM_TYPE_DAEMON" without "ITEM_TYPE_", in lower case, in the batch's arena. */
static struct str enum_word(const struct es_payload *p, const char *key, struct str prefix)
{
	struct str text = es_text(p->body, key);

	if (str_starts(text, prefix))
		text = str_n(text.ptr + prefix.len, text.len - prefix.len);
	char *out = text.len == 0 ? NULL : arena_alloc(&p->batch->arena, text.len);
	if (out == NULL)
		return (struct str){0};
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		out[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	return str_n(out, text.len);
}

static void fill_nothing(const struct es_payload *p)
{
}

static void fill_target(const struct es_payload *p)
{
	set_file(p, "target");
}

static void fill_exec(const struct es_payload *p)
{
	struct es_process target;
	uint32_t count;
	struct str *texts = es_json_bytes_list(p->arena, json_get(p->body, "args"), &count);

	es_json_process(p->arena, json_get(p->body, "target"), &target);
	es_set_args(p->batch, texts, count);
	texts = es_json_bytes_list(p->arena, json_get(p->body, "envs"), &count);
	ev_list(p->batch, FIELD_process_env_vars, texts, count);
	ev_text(p->batch, FIELD_process_working_directory, es_path(p->body, "working_directory"));
	ev_text(p->batch, FIELD_process_Ext_script, es_path(p->body, "script"));
	if (target.has_ppid)
		ev_uint(p->batch, FIELD_process_parent_pid, target.ppid);
	ev_text(p->batch, FIELD_event_reason, es_text(p->body, "reason"));
	set_denied(p, str_eq(es_text(p->body, "decision"), STR("DECISION_DENY")));
}

static void fill_exit(const struct es_payload *p)
{
	uint64_t number;

	if (es_number(json_get(p->body, "exited"), "exit_status", &number))
		es_set_exit(p->batch, (int64_t)(number & 0xff) << 8);
	else if (es_number(json_get(p->body, "signaled"), "signal", &number))
		es_set_exit(p->batch, (int64_t)(number & 0x7f));
}

static void fill_close(const struct es_payload *p)
{
	bool modified = false;

	(void)json_bool(json_get(p->body, "modified"), &modified);
	if (!modified)
		event_set_kind(p->batch, KIND_es_other);
	fill_target(p);
}

/* The facts are those of the source; the target is told as a path. */
static void fill_move(const struct es_payload *p)
{
	struct es_file source;
	struct str target = {0};

	es_json_file(json_get(p->body, "source"), &source);
	struct str from = source.path;
	source.path = (struct str){0};
	(void)json_text(json_get(p->body, "target"), &target);
	es_set_file(p->batch, &source);
	es_set_path(p->batch, target);
	if (p->batch->building.kind == KIND_file_link)
		ev_text(p->batch, FIELD_file_target_path, from);
	else
		es_set_original(p->batch, from);
}

static void fill_exchange(const struct es_payload *p)
{
	set_file(p, "file1");
	ev_text(p->batch, FIELD_file_target_path, es_path(p->body, "file2"));
}

static void fill_file_access(const struct es_payload *p)
{
	struct str decision = es_text(p->body, "policy_decision");

	fill_target(p);
	ev_text(p->batch, FIELD_rule_name, es_text(p->body, "policy_name"));
	ev_text(p->batch, FIELD_rule_version, es_text(p->body, "policy_version"));
	ev_text(p->batch, FIELD_event_id, es_text(p->body, "operation_id"));
	ev_text(p->batch, FIELD_process_Ext_api_name,
		enum_word(p, "access_type", STR("ACCESS_TYPE_")));
	set_denied(p, str_starts(decision, STR("POLICY_DECISION_DENIED")));
}

static void fill_suspend_resume(const struct es_payload *p)
{
	set_process_target(p, "target");
	ev_text(p->batch, FIELD_process_Ext_api_name, enum_word(p, "type", STR("TYPE_")));
}

static void set_user(const struct es_payload *p, const struct json_node *user)
{
	uint64_t uid;

	if (es_number(user, "uid", &uid))
		ev_uint_text(p->batch, FIELD_user_target_id, (uint32_t)uid);
	ev_text(p->batch, FIELD_user_target_name, es_text(user, "name"));
}

static void fill_authentication(const struct es_payload *p)
{
	static const struct {
		struct str suffix;
		const char *method;
	} methods[] = {{{"_od", 3}, "open_directory"}, {{"_touch_id", 9}, "touch_id"},
		{{"_token", 6}, "token"}, {{"_auto_unlock", 12}, "auto_unlock"}};

	set_success(p);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (str_ends(p->body->key, methods[i].suffix))
			ev_text_ref(
				p->batch, FIELD_authentication_method, str_of(methods[i].method));
	ev_text(p->batch, FIELD_user_target_name, es_text(p->body, "kerberos_principal"));
	ev_text(p->batch, FIELD_user_target_name, es_text(p->body, "record_name"));
	ev_text(p->batch, FIELD_user_domain, es_text(p->body, "node_name"));
	set_user(p, json_get(p->body, "user"));
	set_user(p, json_get(p->body, "user_info"));
}

static void fill_session(const struct es_payload *p)
{
	const struct json_node *source = json_get(p->body, "source");
	struct str address = es_json_bytes(p->arena, source, "address");
	struct str type = es_text(source, "type");
	struct str result = es_text(p->body, "result");
	uint64_t id;

	set_success(p);
	set_user(p, json_get(p->body, "user"));
	set_user(p, json_get(p->body, "session_user"));
	if (es_number(json_get(p->body, "graphical_session"), "id", &id))
		ev_uint_text(p->batch, FIELD_session_id, id);
	ev_text(p->batch, FIELD_source_address, address);
	if (str_eq(type, STR("TYPE_IPV4")) || str_eq(type, STR("TYPE_IPV6"))) {
		ev_text(p->batch, FIELD_source_ip, address);
		ev_text_ref(p->batch, FIELD_network_type,
			str_ends(type, STR("4")) ? STR("ipv4") : STR("ipv6"));
	}
	if (result.len > 0) {
		bool success = str_eq(result, STR("RESULT_AUTH_SUCCESS"));
		ev_text_ref(
			p->batch, FIELD_event_outcome, success ? STR("success") : STR("failure"));
		ev_text(p->batch, FIELD_event_reason, enum_word(p, "result", STR("RESULT_")));
	}
	ev_text(p->batch, FIELD_event_reason, es_json_bytes(p->arena, p->body, "failure_message"));
	ev_text(p->batch, FIELD_user_email, es_json_bytes(p->arena, p->body, "viewer"));
	ev_text(p->batch, FIELD_authentication_method,
		es_json_bytes(p->arena, p->body, "authentication_type"));
	ev_text(p->batch, FIELD_user_changes_name,
		es_text(json_get(p->body, "authentication_user"), "name"));
}

static void fill_launch_item(const struct es_payload *p)
{
	struct str type = enum_word(p, "item_type", STR("ITEM_TYPE_"));
	struct str path = es_text(p->body, "item_path");
	bool value;

	if (str_eq(es_text(p->body, "action"), STR("ACTION_REMOVE")))
		event_set_kind(p->batch, KIND_persistence_remove);
	if (str_eq(type, STR("daemon")))
		type = STR("launch_daemon");
	else if (str_eq(type, STR("agent")))
		type = STR("launch_agent");
	ev_text(p->batch, FIELD_Persistence_type, type);
	if (p->batch->building.kind == KIND_persistence_add)
		ev_text(p->batch, FIELD_event_action, type);
	ev_text(p->batch, FIELD_Persistence_path, path);
	ev_text(p->batch, FIELD_Persistence_name, str_basename(path));
	ev_text(p->batch, FIELD_Persistence_executable, es_text(p->body, "executable_path"));
	if (json_bool(json_get(p->body, "legacy"), &value))
		ev_bool(p->batch, FIELD_Persistence_legacy, value);
	if (json_bool(json_get(p->body, "managed"), &value))
		ev_bool(p->batch, FIELD_Persistence_managed, value);
	es_set_path(p->batch, path);
	set_user(p, json_get(p->body, "item_user"));
	set_process_target(p, "registrant_process");
}

static void fill_malware(const struct es_payload *p)
{
	struct es_process target = {
		.id = es_json_identity(json_get(p->body, "remediated_process_id"))};

	set_success(p);
	ev_text(p->batch, FIELD_rule_name, es_text(p->body, "malware_identifier"));
	ev_text(p->batch, FIELD_rule_version, es_text(p->body, "signature_version"));
	ev_text(p->batch, FIELD_event_id, es_text(p->body, "incident_identifier"));
	ev_text(p->batch, FIELD_event_reason, es_text(p->body, "result_description"));
	es_set_path(p->batch, es_text(p->body, "detected_path"));
	es_set_path(p->batch, es_text(p->body, "remediated_path"));
	target.present = target.id.known;
	es_set_target(p->batch, &target);
}

static void fill_gatekeeper(const struct es_payload *p)
{
	const struct json_node *signature = json_get(p->body, "code_signature");

	fill_target(p);
	ev_text(p->batch, FIELD_file_code_signature_signing_id, es_text(signature, "signing_id"));
	ev_text(p->batch, FIELD_file_code_signature_team_id, es_text(signature, "team_id"));
}

static void fill_tcc(const struct es_payload *p)
{
	ev_text(p->batch, FIELD_tcc_service, es_text(p->body, "service"));
	ev_text(p->batch, FIELD_tcc_identity, es_text(p->body, "identity"));
	ev_text(p->batch, FIELD_tcc_update_type, enum_word(p, "event_type", STR("EVENT_TYPE_")));
	ev_text(p->batch, FIELD_tcc_right,
		enum_word(p, "authorization_right", STR("AUTHORIZATION_RIGHT_")));
	ev_text(p->batch, FIELD_tcc_reason,
		enum_word(p, "authorization_reason", STR("AUTHORIZATION_REASON_")));
	set_process_target(p, "responsible_process");
}

const struct es_payload_kind es_payload_kinds[] = {
	{"allowlist", NULL, KIND_es_other, false, fill_target},
	{"authentication", NULL, KIND_authentication, true, fill_authentication},
	{"clone", NULL, KIND_file_clone, false, fill_move},
	{"close", NULL, KIND_file_modify, false, fill_close},
	{"copyfile", NULL, KIND_file_clone, false, fill_move},
	{"cs_invalidated", "codesigning_invalidated", KIND_process_signature_invalidated, false,
		fill_nothing},
	{"exchangedata", NULL, KIND_file_exchange, false, fill_exchange},
	{"exec", "execution", KIND_process_exec, false, fill_exec},
	{"exit", NULL, KIND_process_exit, false, fill_exit},
	{"file_access", NULL, KIND_file_access, false, fill_file_access},
	{"fork", NULL, KIND_process_fork, false, fill_nothing},
	{"gatekeeper", "gatekeeper_override", KIND_gatekeeper_override, false, fill_gatekeeper},
	{"launch_item_add", "launch_item", KIND_persistence_add, true, fill_launch_item},
	{"launch_item_remove", NULL, KIND_persistence_remove, true, fill_launch_item},
	{"link", NULL, KIND_file_link, false, fill_move},
	{"login_login", NULL, KIND_user_login, false, fill_session},
	{"login_logout", NULL, KIND_user_logout, false, fill_session},
	{"lw_session_login", NULL, KIND_user_login, false, fill_session},
	{"lw_session_logout", NULL, KIND_user_logout, false, fill_session},
	{"lw_session_lock", NULL, KIND_session_lock, false, fill_session},
	{"lw_session_unlock", NULL, KIND_session_unlock, false, fill_session},
	{"openssh_login", NULL, KIND_ssh_login, false, fill_session},
	{"openssh_logout", NULL, KIND_ssh_logout, false, fill_session},
	{"proc_suspend_resume", NULL, KIND_process_suspend_resume, false, fill_suspend_resume},
	{"rename", NULL, KIND_file_rename, false, fill_move},
	{"screensharing_attach", NULL, KIND_screen_attach, false, fill_session},
	{"screensharing_detach", NULL, KIND_screen_detach, false, fill_session},
	{"tcc_modify", "tcc_modification", KIND_tcc_modify, true, fill_tcc},
	{"unlink", NULL, KIND_file_delete, false, fill_target},
	{"xp_detected", NULL, KIND_xprotect_detect, false, fill_malware},
	{"xp_remediated", NULL, KIND_xprotect_remediate, false, fill_malware},
	{0},
};
