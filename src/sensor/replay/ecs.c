#include "sensor/replay/ecs.h"

#include "base/json.h"
#include "event/ecs.h"
#include "sensor/replay/documents.h"

struct ecs_state {
	struct split split;
};

static bool may_begin_hit(struct str key)
{
	return (key.len > 1 && key.ptr[0] == '_') || str_eq(key, STR("fields")) ||
	       str_eq(key, STR("sort")) || str_eq(key, STR("highlight"));
}

struct str ecs_unwrap(struct str json)
{
	struct json reader;
	struct str source = {0}, fields = {0};
	bool hit = false;

	json_init(&reader, json.ptr, json.len);
	if (json_next(&reader) != JSON_OBJECT || json_next(&reader) != JSON_KEY ||
		!may_begin_hit(reader.text))
		return json;
	json_init(&reader, json.ptr, json.len);
	(void)json_next(&reader);
	for (;;) {
		enum json_token token = json_next(&reader);
		if (token == JSON_OBJECT_END)
			break;
		if (token != JSON_KEY)
			return json;
		struct str key = reader.text;
		token = json_next(&reader);
		const char *begin = reader.at - 1;
		if (!json_skip(&reader, token))
			return json;
		struct str span = str_n(begin, (size_t)(reader.at - begin));
		if (str_eq(key, STR("_index")) || str_eq(key, STR("_id")))
			hit = true;
		else if (token == JSON_OBJECT && str_eq(key, STR("_source")))
			source = span;
		else if (token == JSON_OBJECT && str_eq(key, STR("fields")))
			fields = span;
	}
	if (source.ptr != NULL)
		return source;
	return hit && fields.ptr != NULL ? fields : json;
}

static int decode(struct replay *replay, struct batch *batch, struct str json, size_t *ret_offset,
	struct err *err)
{
	struct str document = ecs_unwrap(json);
	struct event *event;
	int rc = ecs_decode(batch, document, replay->config->documents, &event, ret_offset, err);

	if (rc < 0) {
		*ret_offset += (size_t)(document.ptr - json.ptr);
		return rc;
	}
	replay_event(replay, event);
	return 0;
}

static int begin(struct replay *replay, struct err *err)
{
	struct ecs_state *state = replay->state;

	split_init(&state->split, replay->input);
	return 0;
}

static int next(struct replay *replay, struct batch *batch, struct err *err)
{
	struct ecs_state *state = replay->state;

	return documents_next(replay, &state->split, batch, decode);
}

static int looks_like(struct str head)
{
	head = str_trim(head);
	if (str_starts(head, STR("\xef\xbb\xbf")))
		return 10;
	return head.len > 0 && (head.ptr[0] == '{' || head.ptr[0] == '[') ? 10 : 0;
}

const struct replay_format ecs_format = {
	.name = "ecs",
	.doc = "ECS or other JSON documents: NDJSON, arrays, pretty-printed, Elasticsearch and "
	       "Kibana "
	       "answers",
	.state_size = sizeof(struct ecs_state),
	.begin = begin,
	.next = next,
	.looks_like = looks_like,
};

REPLAY_SENSOR(ecs_sensor_ops, &ecs_format, "ecs",
	"Recordings in ECS JSON: NDJSON, arrays, pretty-printed, Elasticsearch and Kibana answers");
