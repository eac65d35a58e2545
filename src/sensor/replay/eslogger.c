#include "sensor/replay/eslogger.h"

#include <errno.h>
#include "base/err.h"
#include "base/json.h"
#include "sensor/es/names.h"
#include "sensor/replay/documents.h"
#include "sensor/replay/es_event.h"
#include "sensor/replay/es_tree.h"

#define KINDS_MAX 256

struct eslogger_state {
	struct split split;
	bool has_global;
	uint64_t next_global; /* what global_seq_num should come */
	uint64_t next_of_kind[KINDS_MAX];
	bool has_kind[KINDS_MAX];
};

/* One message while it becomes an event. */
struct message {
	const struct json_node *root, *process, *body;
	struct str name; /* of the kind */
	uint64_t type;	 /* number of the kind */
	bool has_type;
	uint64_t time_ns;
};

static int find_parts(const struct json_node *root, struct message *m)
{
	const struct json_node *event = json_get(root, "event");

	*m = (struct message){.root = root, .process = json_get(root, "process")};
	m->has_type = es_number(root, "event_type", &m->type);
	m->time_ns = es_time(json_get(root, "time"));
	if (root->token != JSON_OBJECT || m->process == NULL || m->process->token != JSON_OBJECT ||
		(event == NULL && !m->has_type))
		return -EBADMSG;
	if (event != NULL && event->token == JSON_OBJECT && event->count > 0) {
		m->body = event->child;
		m->name = event->child->key;
	} else if (m->has_type) {
		m->name = es_name(m->type, NULL);
	}
	return 0;
}

/* Authentication has its instigator in the part for the kind of credential. */
static const struct json_node *instigator_node(const struct json_node *body)
{
	const struct json_node *node = json_get(body, "instigator");
	const struct json_node *data = json_get(body, "data");

	if (node == NULL && data != NULL && data->token == JSON_OBJECT)
		for (const struct json_node *part = data->child; part != NULL; part = part->next)
			if (node == NULL)
				node = json_get(part, "instigator");
	return node;
}

static const struct json_node *actor_node(const struct message *m, uint8_t actor)
{
	const struct json_node *node = NULL;

	if (actor == ES_ACTOR_TARGET)
		node = json_get(m->body, "target");
	else if (actor == ES_ACTOR_CHILD)
		node = json_get(m->body, "child");
	else if (actor == ES_ACTOR_INSTIGATOR)
		node = instigator_node(m->body);
	return node != NULL && node->token == JSON_OBJECT ? node : m->process;
}

static void set_envelope(struct batch *batch, const struct message *m)
{
	uint64_t number;

	ev_text_ref(batch, FIELD_host_os_type, STR("macos"));
	ev_text(batch, FIELD_es_event_name, m->name);
	if (m->has_type) {
		ev_uint(batch, FIELD_es_event_type, m->type);
		ev_uint_text(batch, FIELD_event_code, m->type);
	}
	if (es_number(m->root, "version", &number))
		ev_uint(batch, FIELD_es_version, number);
	if (es_number(m->root, "action_type", &number))
		ev_uint(batch, FIELD_es_action_type, number);
	if (es_number(m->root, "seq_num", &number))
		ev_uint(batch, FIELD_es_seq_num, number);
	if (es_number(m->root, "global_seq_num", &number)) {
		ev_uint(batch, FIELD_es_global_seq_num, number);
		ev_uint(batch, FIELD_event_sequence, number);
	}
	if (es_number(json_get(m->root, "thread"), "thread_id", &number))
		ev_uint(batch, FIELD_process_thread_id, number);
	const struct json_node *result = json_path(m->root, "action.result");
	if (es_number(json_get(result, "result"), "auth", &number) && number == 1) {
		batch->building.types |= UINT32_C(1) << TYPE_denied;
		ev_text_ref(batch, FIELD_event_outcome, STR("failure"));
	}
}

static void set_event(struct replay *replay, struct batch *batch, const struct message *m)
{
	const struct es_kind *kind = es_kind_find(m->name);
	uint8_t role = kind == NULL ? ES_ACTOR_PROCESS : kind->actor;
	const struct json_node *node = actor_node(m, role);
	struct es_process actor, reporter;

	if (kind != NULL)
		event_set_kind(batch, kind->kind);
	es_read_process(node, &actor);
	/* who has ended by then is known by its token only */
	const struct json_node *token = json_get(m->body, "instigator_token");
	bool by_token = role == ES_ACTOR_INSTIGATOR && node == m->process && token != NULL &&
			token->token != JSON_NULL;
	if (by_token)
		es_read_token_process(token, &actor);
	es_set_acting(batch, &actor);
	if (node != m->process || by_token) {
		es_read_process(m->process, &reporter);
		if (role == ES_ACTOR_INSTIGATOR)
			ev_text(batch, FIELD_event_provider, reporter.executable.path);
		else
			es_set_parent(batch, &reporter);
	}
	struct es_message message = {
		.batch = batch, .arena = &replay->scratch, .body = m->body, .actor = &actor};
	if (kind != NULL)
		kind->fill(&message);
	if (batch->building.kind == KIND_es_other)
		ev_text(batch, FIELD_event_action, m->name);
	set_envelope(batch, m);
}

/* Running numbers: of all messages of the client, or, before message version 4, of the kind's. */
static uint64_t lost_before(struct eslogger_state *state, const struct message *m)
{
	uint64_t number, lost = 0;

	if (es_number(m->root, "global_seq_num", &number)) {
		if (state->has_global && number > state->next_global)
			lost = number - state->next_global;
		state->has_global = true;
		state->next_global = number + 1;
	} else if (m->has_type && m->type < KINDS_MAX && es_number(m->root, "seq_num", &number)) {
		if (state->has_kind[m->type] && number > state->next_of_kind[m->type])
			lost = number - state->next_of_kind[m->type];
		state->has_kind[m->type] = true;
		state->next_of_kind[m->type] = number + 1;
	}
	return lost;
}

static int decode(struct replay *replay, struct batch *batch, struct str json, size_t *ret_offset,
	struct err *err)
{
	struct eslogger_state *state = replay->state;
	const char *error;
	struct message m;

	arena_reset(&replay->scratch);
	const struct json_node *root = json_parse(&replay->scratch, json, &error, ret_offset);
	if (root == NULL)
		return err_set(err, -EBADMSG, "%s", error);
	*ret_offset = 0;
	if (find_parts(root, &m) < 0)
		return err_set(err, -EBADMSG, "not an Endpoint Security message");
	uint64_t lost = lost_before(state, &m);
	if (lost > 0 && replay_gap(replay, batch, m.time_ns, lost,
				"messages are missing: sequence number jumped", "eslogger") < 0)
		return err_set(err, -ENOMEM, "out of memory");
	if (event_begin(batch, KIND_es_other, m.time_ns) == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	set_event(replay, batch, &m);
	batch->building.os = OS_MACOS;
	return replay_commit(replay, batch, json, "es", err);
}

static int begin(struct replay *replay, struct err *err)
{
	struct eslogger_state *state = replay->state;

	split_init(&state->split, replay->input);
	return 0;
}

static int next(struct replay *replay, struct batch *batch, struct err *err)
{
	struct eslogger_state *state = replay->state;

	return documents_next(replay, &state->split, batch, decode);
}

static int looks_like(struct str head)
{
	static const char *const names[] = {"event_type", "mach_time", "global_seq_num", "seq_num",
		"schema_version", "action_type", "process", "event", "@timestamp"};
	uint32_t found = documents_members(head, names, 9, 1);

	return (found >> 8 & 1) == 0 && __builtin_popcount(found) >= 4 ? 80 : 0;
}

const struct replay_format eslogger_format = {
	.name = "eslogger",
	.doc = "Endpoint Security messages as eslogger prints them",
	.state_size = sizeof(struct eslogger_state),
	.begin = begin,
	.next = next,
	.looks_like = looks_like,
};

REPLAY_SENSOR(eslogger_sensor_ops, &eslogger_format, "eslogger",
	"Endpoint Security messages as macOS's eslogger prints them");
