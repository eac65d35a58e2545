/* Endpoint Security: items that start by themselves, and the system's own protection. */
#include "sensor/es/names.h"
#include "sensor/replay/es_event.h"
#include "sensor/replay/es_tree.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The path of a file URL, in the batch's arena; other text as it is. */
static struct str path_of_url(struct batch *batch, struct str url)
{
	if (!str_starts(url, STR("file://")))
		return url;
	url = str_n(url.ptr + 7, url.len - 7);
	char *out = arena_alloc(&batch->arena, url.len + 1);
	size_t len = 0;
	if (out == NULL)
		return (struct str){0};
	for (size_t i = 0; i < url.len; i++) {
		int high = url.ptr[i] == '%' && i + 2 < url.len ? hex_digit(url.ptr[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(url.ptr[i + 2]) : -1;
		if (low >= 0) {
			out[len++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[len++] = url.ptr[i];
		}
	}
	return str_n(out, len);
}

static void set_flag(
	const struct es_message *m, field_id field, const struct json_node *node, const char *key)
{
	bool value;

	if (json_bool(json_get(node, key), &value))
		ev_bool(m->batch, field, value);
}

static void fill_launch_item(const struct es_message *m)
{
	const struct json_node *item = json_get(m->body, "item");
	uint64_t number;
	struct es_process app;

	if (es_number(item, "item_type", &number) && es_btm_item_type(number) != NULL) {
		struct str word = str_of(es_btm_item_type(number));
		ev_text_ref(m->batch, FIELD_Persistence_type, word);
		/* the word of Elastic's endpoint for the act */
		if (m->batch->building.kind == KIND_persistence_add)
			ev_text_ref(m->batch, FIELD_event_action, word);
	}
	struct str path = path_of_url(m->batch, es_text(item, "item_url"));
	struct str application = path_of_url(m->batch, es_text(item, "app_url"));
	if (path.len > 0 && path.ptr[0] != '/' && application.len > 0) /* within the application */
		path = es_join(m->batch, application, path);
	ev_text(m->batch, FIELD_Persistence_path, path);
	ev_text(m->batch, FIELD_Persistence_name, str_basename(path));
	ev_text(m->batch, FIELD_Persistence_executable, es_text(m->body, "executable_path"));
	set_flag(m, FIELD_Persistence_legacy, item, "legacy");
	set_flag(m, FIELD_Persistence_managed, item, "managed");
	es_set_path(m->batch, path);
	if (es_number(item, "uid", &number) && (uint32_t)number != UINT32_MAX)
		ev_uint_text(m->batch, FIELD_user_target_id, (uint32_t)number);
	es_read_process(json_get(m->body, "app"), &app);
	es_set_target(m->batch, &app);
}

static void fill_profile(const struct es_message *m)
{
	const struct json_node *profile = json_get(m->body, "profile");

	ev_text_ref(m->batch, FIELD_Persistence_type, STR("profile"));
	ev_text(m->batch, FIELD_Persistence_name, es_text(profile, "display_name"));
	ev_text(m->batch, FIELD_Persistence_path, es_text(profile, "identifier"));
	ev_text(m->batch, FIELD_event_id, es_text(profile, "uuid"));
	ev_text(m->batch, FIELD_event_reason, es_text(profile, "organization"));
	uint64_t source;
	if (es_number(profile, "install_source", &source))
		ev_bool(m->batch, FIELD_Persistence_managed, source == 0);
}

static void fill_malware(const struct es_message *m)
{
	bool success;

	ev_text(m->batch, FIELD_rule_name, es_text(m->body, "malware_identifier"));
	ev_text(m->batch, FIELD_rule_version, es_text(m->body, "signature_version"));
	ev_text(m->batch, FIELD_event_id, es_text(m->body, "incident_identifier"));
	es_set_path(m->batch, es_text(m->body, "detected_path"));
	es_set_path(m->batch, es_text(m->body, "remediated_path"));
	ev_text(m->batch, FIELD_event_reason, es_text(m->body, "result_description"));
	if (json_bool(json_get(m->body, "success"), &success))
		ev_text_ref(
			m->batch, FIELD_event_outcome, success ? STR("success") : STR("failure"));
	struct es_process target = {
		.id = es_read_token(json_get(m->body, "remediated_process_audit_token"))};
	target.present = target.id.known;
	es_set_target(m->batch, &target);
}

static void fill_gatekeeper(const struct es_message *m)
{
	const struct json_node *signing = json_get(m->body, "signing_info");
	const struct json_node *file = json_get(m->body, "file");
	const struct json_node *inner = json_get(file, "file");
	struct es_file facts;

	/* a path, a file, or an object that holds either */
	es_read_file(inner != NULL ? inner : file, &facts);
	if (facts.path.len == 0)
		facts.path = es_text(file, "file_path");
	(void)json_text(file, &facts.path);
	facts.sha256 = es_text(m->body, "sha256");
	es_set_file(m->batch, &facts);
	ev_text(m->batch, FIELD_file_code_signature_signing_id, es_text(signing, "signing_id"));
	ev_text(m->batch, FIELD_file_code_signature_team_id, es_text(signing, "team_id"));
}

static void fill_tcc(const struct es_message *m)
{
	static const struct {
		const char *key;
		field_id field;
		const char *(*word)(uint64_t number);
	} enums[] = {
		{"update_type", FIELD_tcc_update_type, es_tcc_update_type},
		{"right", FIELD_tcc_right, es_tcc_right},
		{"reason", FIELD_tcc_reason, es_tcc_reason},
	};
	uint64_t number;
	struct es_process responsible;

	ev_text(m->batch, FIELD_tcc_service, es_text(m->body, "service"));
	ev_text(m->batch, FIELD_tcc_identity, es_text(m->body, "identity"));
	for (size_t i = 0; i < sizeof(enums) / sizeof(enums[0]); i++)
		if (es_number(m->body, enums[i].key, &number) && enums[i].word(number) != NULL)
			ev_text_ref(m->batch, enums[i].field, str_of(enums[i].word(number)));
	es_read_process(json_get(m->body, "responsible"), &responsible);
	es_set_target(m->batch, &responsible);
}

const struct es_kind es_security_kinds[] = {
	{"btm_launch_item_add", KIND_persistence_add, ES_ACTOR_INSTIGATOR, fill_launch_item},
	{"btm_launch_item_remove", KIND_persistence_remove, ES_ACTOR_INSTIGATOR, fill_launch_item},
	{"profile_add", KIND_profile_add, ES_ACTOR_INSTIGATOR, fill_profile},
	{"profile_remove", KIND_profile_remove, ES_ACTOR_INSTIGATOR, fill_profile},
	{"xp_malware_detected", KIND_xprotect_detect, ES_ACTOR_PROCESS, fill_malware},
	{"xp_malware_remediated", KIND_xprotect_remediate, ES_ACTOR_PROCESS, fill_malware},
	{"gatekeeper_user_override", KIND_gatekeeper_override, ES_ACTOR_PROCESS, fill_gatekeeper},
	{"tcc_modify", KIND_tcc_modify, ES_ACTOR_INSTIGATOR, fill_tcc},
	{0},
};
