#include "sensor/replay/jamf.h"

#include <errno.h>
#include "base/err.h"
#include "event/ecs.h"
#include "sensor/replay/documents.h"
#include "sensor/replay/jamf_event.h"

struct jamf_state {
	struct split split;
};

/* What is no record, a JSON schema say, is kept as a document. */
static int keep_document(struct replay *replay, struct batch *batch, struct str json,
	size_t *ret_offset, struct err *err)
{
	struct event *event;
	int rc = ecs_decode(batch, json, replay->config->documents, &event, ret_offset, err);

	if (rc == 0)
		replay_event(replay, event);
	return rc;
}

static int decode(struct replay *replay, struct batch *batch, struct str json, size_t *ret_offset,
	struct err *err)
{
	const char *error;

	arena_reset(&replay->scratch);
	const struct json_node *root = json_parse(&replay->scratch, json, &error, ret_offset);
	if (root == NULL)
		return err_set(err, -EBADMSG, "%s", error);
	if (!jamf_is_record(root))
		return keep_document(replay, batch, json, ret_offset, err);
	if (jamf_event_build(batch, &replay->scratch, root) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	return replay_commit(replay, batch, json, "jamf", err);
}

static int begin(struct replay *replay, struct err *err)
{
	struct jamf_state *state = replay->state;

	split_init(&state->split, replay->input);
	return 0;
}

static int next(struct replay *replay, struct batch *batch, struct err *err)
{
	struct jamf_state *state = replay->state;

	return documents_next(replay, &state->split, batch, decode);
}

static int looks_like(struct str head)
{
	static const char *const names[] = {
		"header", "subject", "return", "host_info", "identity", "_event_score"};
	uint32_t found = documents_members(head, names, 6, 1);

	return (found & 1) != 0 && __builtin_popcount(found) >= 3 &&
			       str_find(head, STR("\"event_id\"")) >= 0
		       ? 70
		       : 0;
}

const struct replay_format jamf_format = {
	.name = "jamf",
	.doc = "telemetry of Jamf Protect (audit records as JSON)",
	.state_size = sizeof(struct jamf_state),
	.begin = begin,
	.next = next,
	.looks_like = looks_like,
};

REPLAY_SENSOR(
	jamf_sensor_ops, &jamf_format, "jamf", "Telemetry of Jamf Protect (audit records as JSON)");
