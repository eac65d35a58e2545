/* Endpoint Security: logins, authentication, accounts. Most of these are told by programs in user
 * space: weaker evidence than what the kernel sees. */
#include "sensor/es/names.h"
#include "sensor/replay/es_event.h"
#include "sensor/replay/es_tree.h"

static void set_outcome(const struct es_message *m, bool success)
{
	ev_text_ref(m->batch, FIELD_event_outcome, success ? STR("success") : STR("failure"));
}

static void set_success(const struct es_message *m)
{
	bool success;

	if (json_bool(json_get(m->body, "success"), &success))
		set_outcome(m, success);
}

/* A uid as a number, or as {"uid": number}. */
static void set_uid(const struct es_message *m, field_id field, const char *key)
{
	uint64_t uid;

	if (es_number(m->body, key, &uid) || es_number(json_get(m->body, key), "uid", &uid))
		ev_uint_text(m->batch, field, (uint32_t)uid);
}

static void set_source(const struct es_message *m)
{
	struct str address = es_text(m->body, "source_address");
	uint64_t type = 0;

	ev_text(m->batch, FIELD_source_address, address);
	(void)es_number(m->body, "source_address_type", &type);
	if (type == 1 || type == 2) { /* IPv4, IPv6 */
		ev_text(m->batch, FIELD_source_ip, address);
		ev_text_ref(m->batch, FIELD_network_type, type == 1 ? STR("ipv4") : STR("ipv6"));
	}
}

static void set_graphical(const struct es_message *m)
{
	uint64_t id;

	if (es_number(m->body, "graphical_session_id", &id))
		ev_uint_text(m->batch, FIELD_session_id, id);
}

static void fill_session(const struct es_message *m)
{
	ev_text(m->batch, FIELD_user_target_name, es_text(m->body, "username"));
	set_graphical(m);
}

static void fill_lw_login(const struct es_message *m)
{
	fill_session(m);
	set_outcome(m, true);
}

static void fill_login(const struct es_message *m)
{
	set_success(m);
	ev_text(m->batch, FIELD_user_target_name, es_text(m->body, "username"));
	set_uid(m, FIELD_user_target_id, "uid");
	ev_text(m->batch, FIELD_event_reason, es_text(m->body, "failure_message"));
}

static void fill_ssh(const struct es_message *m)
{
	uint64_t result;

	fill_login(m);
	set_source(m);
	if (es_number(m->body, "result_type", &result) && es_openssh_result(result) != NULL)
		ev_text_ref(m->batch, FIELD_event_reason, str_of(es_openssh_result(result)));
}

static void fill_screen(const struct es_message *m)
{
	set_success(m);
	set_source(m);
	set_graphical(m);
	ev_text(m->batch, FIELD_user_email, es_text(m->body, "viewer_appleid"));
	ev_text(m->batch, FIELD_authentication_method, es_text(m->body, "authentication_type"));
	ev_text(m->batch, FIELD_user_target_name, es_text(m->body, "session_username"));
	ev_text(m->batch, FIELD_user_changes_name, es_text(m->body, "authentication_username"));
}

static void fill_become(const struct es_message *m)
{
	uint32_t count;

	set_success(m);
	ev_text(m->batch, FIELD_event_reason, es_text(m->body, "failure_message"));
	ev_text(m->batch, FIELD_event_reason,
		es_text(json_get(m->body, "reject_info"), "failure_message"));
	set_uid(m, FIELD_user_id, "from_uid");
	ev_text(m->batch, FIELD_user_name, es_text(m->body, "from_username"));
	set_uid(m, FIELD_user_target_id, "to_uid");
	ev_text(m->batch, FIELD_user_target_name, es_text(m->body, "to_username"));
	ev_text(m->batch, FIELD_process_command_line, es_text(m->body, "command"));
	struct str *args = es_texts(m->arena, json_get(m->body, "argv"), &count);
	if (count > 0)
		es_set_args(m->batch, args, count);
}

static void fill_authentication(const struct es_message *m)
{
	static const struct {
		const char *member, *method;
	} methods[] = {{"od", "open_directory"}, {"touchid", "touch_id"}, {"token", "token"},
		{"auto_unlock", "auto_unlock"}};
	const struct json_node *data = json_get(m->body, "data");
	uint64_t uid;

	set_success(m);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const struct json_node *part = json_get(data, methods[i].member);
		if (part == NULL || part->token != JSON_OBJECT)
			continue;
		ev_text_ref(m->batch, FIELD_authentication_method, str_of(methods[i].method));
		ev_text(m->batch, FIELD_user_target_name, es_text(part, "record_name"));
		ev_text(m->batch, FIELD_user_target_name, es_text(part, "username"));
		ev_text(m->batch, FIELD_user_target_name, es_text(part, "kerberos_principal"));
		ev_text(m->batch, FIELD_user_domain, es_text(part, "node_name"));
		if (es_number(part, "uid", &uid) || es_number(json_get(part, "uid"), "uid", &uid))
			ev_uint_text(m->batch, FIELD_user_target_id, (uint32_t)uid);
	}
}

static void fill_petition(const struct es_message *m)
{
	uint32_t count;
	struct str *rights = es_texts(m->arena, json_get(m->body, "rights"), &count);
	struct es_process petitioner;

	ev_list(m->batch, FIELD_authentication_right, rights, count);
	es_read_process(json_get(m->body, "petitioner"), &petitioner);
	es_set_target(m->batch, &petitioner);
}

static void fill_judgement(const struct es_message *m)
{
	const struct json_node *results = json_get(m->body, "results");
	uint64_t code;

	if (es_number(m->body, "return_code", &code))
		set_outcome(m, code == 0);
	fill_petition(m);
	if (results == NULL || results->token != JSON_ARRAY || results->count > 4096)
		return;
	struct str *rights = arena_alloc(m->arena, (results->count + 1) * sizeof(*rights));
	uint32_t count = 0;
	if (rights == NULL)
		return;
	for (const struct json_node *one = results->child; one != NULL; one = one->next)
		rights[count++] = es_text(one, "right_name");
	ev_list(m->batch, FIELD_authentication_right, rights, count);
}

/* ---- Open Directory ---- */

static void set_directory(const struct es_message *m)
{
	uint64_t error;

	if (es_number(m->body, "error_code", &error))
		set_outcome(m, error == 0);
	ev_text(m->batch, FIELD_user_domain, es_text(m->body, "node_name"));
}

static void fill_od_user(const struct es_message *m)
{
	set_directory(m);
	ev_text(m->batch, FIELD_user_target_name, es_text(m->body, "user_name"));
	ev_text(m->batch, FIELD_user_target_name, es_text(m->body, "account_name"));
}

static struct str member_name(const struct json_node *member)
{
	const struct json_node *value = json_get(member, "member_value");
	struct str text = {0};

	if (json_text(value, &text))
		return text;
	text = es_text(value, "name");
	return text.len > 0 ? text : es_text(value, "uuid");
}

static void fill_od_group(const struct es_message *m)
{
	const struct json_node *members = json_get(json_get(m->body, "members"), "member_array");
	uint32_t count;

	set_directory(m);
	ev_text(m->batch, FIELD_user_target_group_name, es_text(m->body, "group_name"));
	ev_text(m->batch, FIELD_user_target_name, member_name(json_get(m->body, "member")));
	struct str *names = es_texts(m->arena, members, &count);
	if (count == 0)
		names = es_texts(m->arena, json_get(members, "names"), &count);
	ev_list(m->batch, FIELD_user_target_name, names, count);
}

static void fill_od_attribute(const struct es_message *m)
{
	uint64_t type = 0;
	bool group = es_number(m->body, "record_type", &type) && type == 1;

	if (group)
		event_set_kind(m->batch, KIND_group_change);
	set_directory(m);
	ev_text(m->batch, group ? FIELD_user_target_group_name : FIELD_user_target_name,
		es_text(m->body, "record_name"));
	ev_text(m->batch, FIELD_event_reason, es_text(m->body, "attribute_name"));
}

const struct es_kind es_user_kinds[] = {
	{"authentication", KIND_authentication, ES_ACTOR_INSTIGATOR, fill_authentication},
	{"lw_session_login", KIND_user_login, ES_ACTOR_PROCESS, fill_lw_login},
	{"lw_session_logout", KIND_user_logout, ES_ACTOR_PROCESS, fill_session},
	{"lw_session_lock", KIND_session_lock, ES_ACTOR_PROCESS, fill_session},
	{"lw_session_unlock", KIND_session_unlock, ES_ACTOR_PROCESS, fill_session},
	{"screensharing_attach", KIND_screen_attach, ES_ACTOR_PROCESS, fill_screen},
	{"screensharing_detach", KIND_screen_detach, ES_ACTOR_PROCESS, fill_screen},
	{"openssh_login", KIND_ssh_login, ES_ACTOR_PROCESS, fill_ssh},
	{"openssh_logout", KIND_ssh_logout, ES_ACTOR_PROCESS, fill_ssh},
	{"login_login", KIND_user_login, ES_ACTOR_PROCESS, fill_login},
	{"login_logout", KIND_user_logout, ES_ACTOR_PROCESS, fill_login},
	{"su", KIND_user_su, ES_ACTOR_PROCESS, fill_become},
	{"sudo", KIND_user_sudo, ES_ACTOR_PROCESS, fill_become},
	{"authorization_petition", KIND_authentication, ES_ACTOR_INSTIGATOR, fill_petition},
	{"authorization_judgement", KIND_authentication, ES_ACTOR_INSTIGATOR, fill_judgement},
	{"od_create_user", KIND_account_create, ES_ACTOR_INSTIGATOR, fill_od_user},
	{"od_delete_user", KIND_account_delete, ES_ACTOR_INSTIGATOR, fill_od_user},
	{"od_modify_password", KIND_account_change, ES_ACTOR_INSTIGATOR, fill_od_user},
	{"od_disable_user", KIND_account_change, ES_ACTOR_INSTIGATOR, fill_od_user},
	{"od_enable_user", KIND_account_change, ES_ACTOR_INSTIGATOR, fill_od_user},
	{"od_create_group", KIND_group_create, ES_ACTOR_INSTIGATOR, fill_od_group},
	{"od_delete_group", KIND_group_delete, ES_ACTOR_INSTIGATOR, fill_od_group},
	{"od_group_add", KIND_group_change, ES_ACTOR_INSTIGATOR, fill_od_group},
	{"od_group_remove", KIND_group_change, ES_ACTOR_INSTIGATOR, fill_od_group},
	{"od_group_set", KIND_group_change, ES_ACTOR_INSTIGATOR, fill_od_group},
	{"od_attribute_value_add", KIND_account_change, ES_ACTOR_INSTIGATOR, fill_od_attribute},
	{"od_attribute_value_remove", KIND_account_change, ES_ACTOR_INSTIGATOR, fill_od_attribute},
	{"od_attribute_set", KIND_account_change, ES_ACTOR_INSTIGATOR, fill_od_attribute},
	{0},
};
