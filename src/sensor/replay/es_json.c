#include "sensor/replay/es_json.h"

#include <errno.h>
#include "base/err.h"
#include "sensor/replay/documents.h"
#include "sensor/replay/es_json_event.h"
#include "sensor/replay/es_json_tree.h"
#include "sensor/replay/es_tree.h"

struct es_json_state {
	struct split split;
	const struct es_payload_kind *of_file; /* what the file's name says; may be NULL */
};

/* The longest name that the text begins with. */
static const struct es_payload_kind *kind_by_name(struct str text)
{
	const struct es_payload_kind *found = NULL;
	size_t best = 0;

	for (const struct es_payload_kind *kind = es_payload_kinds; kind->name != NULL; kind++) {
		struct str name = str_of(kind->name);
		if (str_starts(text, name) && name.len > best) {
			found = kind;
			best = name.len;
		}
	}
	return found;
}

/* Members that only one kind has. */
static const struct es_payload_kind *kind_by_contents(const struct json_node *root)
{
	static const struct {
		const char *member, *name;
	} signs[] = {{"authentication_od", "authentication"},
		{"authentication_touch_id", "authentication"},
		{"authentication_token", "authentication"},
		{"authentication_auto_unlock", "authentication"}, {"args", "exec"},
		{"child", "fork"}, {"exited", "exit"}, {"signaled", "exit"}, {"modified", "close"},
		{"file1", "exchangedata"}, {"policy_decision", "file_access"},
		{"item_type", "launch_item_add"}, {"authorization_right", "tcc_modify"},
		{"detected", "xp_detected"}, {"remediated", "xp_remediated"},
		{"attach", "screensharing_attach"}, {"detach", "screensharing_detach"},
		{"lock", "lw_session_lock"}, {"unlock", "lw_session_unlock"},
		{"login", "login_login"}, {"logout", "login_logout"}};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (json_get(root, signs[i].member) != NULL)
			return kind_by_name(str_of(signs[i].name));
	return NULL;
}

/* A whole message has its payload in a member that is named after the kind. */
static const struct json_node *enter_payload(
	const struct json_node *root, const struct es_payload_kind **ret_kind)
{
	if (json_get(root, "instigator") != NULL)
		return root;
	for (const struct es_payload_kind *kind = es_payload_kinds; kind->name != NULL; kind++) {
		const struct json_node *payload = json_get(
			root, kind->member != NULL ? kind->member : kind->name);
		if (payload != NULL && payload->token == JSON_OBJECT) {
			*ret_kind = kind;
			return payload;
		}
	}
	return root;
}

/* The object that holds the instigator: the payload or one of its members. */
static const struct json_node *find_body(const struct json_node *payload)
{
	if (json_get(payload, "instigator") != NULL)
		return payload;
	for (const struct json_node *member = payload->child; member != NULL; member = member->next)
		if (json_get(member, "instigator") != NULL)
			return member;
	return payload;
}

static void set_processes(const struct es_payload *p, const struct es_payload_kind *kind)
{
	const struct json_node *reporter = json_get(p->body, "instigator");
	const struct json_node *trigger = json_get(p->body, "trigger_process");
	const struct json_node *made = json_get(p->body, "child");
	struct es_process acting, parent;

	if (kind != NULL && kind->kind == KIND_process_exec)
		made = json_get(p->body, "target");
	else if (kind == NULL || kind->kind != KIND_process_fork)
		made = NULL;
	if (made == NULL && kind != NULL && kind->reported && trigger != NULL)
		made = trigger;
	es_json_process(p->arena, made != NULL ? made : reporter, &acting);
	es_set_acting(p->batch, &acting);
	if (made == NULL)
		return;
	es_json_process(p->arena, reporter, &parent);
	if (made == trigger)
		ev_text(p->batch, FIELD_event_provider, parent.executable.path);
	else
		es_set_parent(p->batch, &parent);
}

static int set_event(struct replay *replay, struct batch *batch, const struct json_node *root)
{
	struct es_json_state *state = replay->state;
	const struct es_payload_kind *kind = NULL;
	struct es_payload p = {.batch = batch, .arena = &replay->scratch};

	p.root = enter_payload(root, &kind);
	p.body = find_body(p.root);
	if (json_get(p.body, "instigator") == NULL && kind == NULL && state->of_file == NULL)
		return -EBADMSG;
	if (kind == NULL)
		kind = state->of_file != NULL ? state->of_file : kind_by_contents(p.root);
	if (event_begin(batch, kind != NULL ? kind->kind : KIND_es_other,
		    es_time(json_get(root, "event_time"))) == NULL)
		return -ENOMEM;
	set_processes(&p, kind);
	if (kind != NULL) {
		kind->fill(&p);
		ev_text_ref(batch, FIELD_es_event_name, str_of(kind->name));
		if (batch->building.kind == KIND_es_other)
			ev_text_ref(batch, FIELD_event_action, str_of(kind->name));
	}
	ev_text_ref(batch, FIELD_host_os_type, STR("macos"));
	ev_text(batch, FIELD_host_id, es_text(root, "machine_id"));
	batch->building.os = OS_MACOS;
	return 0;
}

static int decode(struct replay *replay, struct batch *batch, struct str json, size_t *ret_offset,
	struct err *err)
{
	const char *error;

	arena_reset(&replay->scratch);
	const struct json_node *root = json_parse(&replay->scratch, json, &error, ret_offset);
	if (root == NULL)
		return err_set(err, -EBADMSG, "%s", error);
	*ret_offset = 0;
	int rc = set_event(replay, batch, root);
	if (rc < 0)
		return err_set(
			err, rc, rc == -EBADMSG ? "no Endpoint Security payload" : "out of memory");
	return replay_commit(replay, batch, json, "es", err);
}

static int begin(struct replay *replay, struct err *err)
{
	struct es_json_state *state = replay->state;

	split_init(&state->split, replay->input);
	state->of_file = kind_by_name(str_basename(str_of(replay->input->name)));
	return 0;
}

static int next(struct replay *replay, struct batch *batch, struct err *err)
{
	struct es_json_state *state = replay->state;

	return documents_next(replay, &state->split, batch, decode);
}

static int looks_like(struct str head)
{
	/* Merlon's own print of such an event holds the payload below "es" */
	static const char *const others[] = {"es", "@timestamp", "host"};
	static const char *const names[] = {"instigator"};

	if (documents_members(head, others, 3, 1) != 0)
		return 0;
	/* whole messages have it one or two members deeper */
	return documents_members(head, names, 1, 3) != 0 &&
			       str_find(head, STR("\"pidversion\"")) >= 0
		       ? 70
		       : 0;
}

const struct replay_format es_json_format = {
	.name = "es-json",
	.doc = "payloads of Endpoint Security messages as Santa prints them",
	.state_size = sizeof(struct es_json_state),
	.begin = begin,
	.next = next,
	.looks_like = looks_like,
};

REPLAY_SENSOR(es_json_sensor_ops, &es_json_format, "es-json",
	"Payloads of Endpoint Security messages as Santa prints them");
