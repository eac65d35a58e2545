#include "sensor/replay/auditlog.h"

#include <errno.h>
#include "base/err.h"
#include "sensor/audit/audit_fill.h"
#include "sensor/audit/audit_group.h"
#include "sensor/replay/lines.h"

struct state {
	struct audit_line line;
	struct audit_groups groups;
	bool flushed;
};

static int begin(struct replay *replay, struct err *err)
{
	struct state *state = replay->state;

	audit_line_init(&state->line);
	if (audit_groups_create(&state->groups) != 0)
		return err_set(err, -ENOMEM, "audit: no memory for groups of records");
	return 0;
}

static void end(struct replay *replay)
{
	struct state *state = replay->state;

	audit_line_destroy(&state->line);
	audit_groups_destroy(&state->groups);
}

static unsigned emit_groups(struct replay *replay, struct batch *batch, bool all)
{
	struct state *state = replay->state;
	struct audit_group *group;
	unsigned count = 0;

	while ((group = audit_groups_take(&state->groups, all)) != NULL) {
		struct event *event = audit_group_event(batch, group);
		if (event != NULL) {
			replay_event(replay, event);
			event->index = group->index;
			event->file_index = group->file_index;
			count++;
		}
		audit_group_release(&state->groups, group);
	}
	return count;
}

static int take_line(struct replay *replay, struct batch *batch, struct str text, struct err *err)
{
	struct state *state = replay->state;
	const char *reason = NULL;

	replay_record(replay);
	int code = audit_line_parse(&state->line, text, &reason);
	if (code == -EBADMSG) {
		replay_skip(replay, 0, reason);
		return 0;
	}
	struct event *event = code != 0 ? NULL : audit_fill_record(batch, &state->line, text);
	if (event == NULL)
		return err_set(err, -ENOMEM, "audit: no memory for a record");
	replay_event(replay, event);
	replay_accept(replay);
	if (state->line.dropped > 0)
		replay_note(replay, 0, "more fields than the limit: the rest is dropped");
	uint64_t index = event->index, file_index = event->file_index;
	event = audit_user_event(batch, &state->line);
	if (event != NULL)
		replay_event(replay, event);
	audit_groups_add(&state->groups, &state->line, index, file_index);
	(void)emit_groups(replay, batch, false);
	return 0;
}

static int next(struct replay *replay, struct batch *batch, struct err *err)
{
	struct state *state = replay->state;
	struct str text;
	size_t used;

	if (lines_next(replay->input, &text, &used)) {
		int code = take_line(replay, batch, text, err);
		input_consume(replay->input, used);
		return code != 0 ? code : 1;
	}
	if (!state->flushed && replay->file_records > 0) {
		state->flushed = true;
		return emit_groups(replay, batch, true) > 0 ? 1 : 0;
	}
	return 0;
}

int auditlog_looks_like(const uint8_t *ptr, size_t len)
{
	struct str head = str_trim(str_n((const char *)ptr, len));
	struct str line = str_cut(&head, '\n');

	if (!str_starts(line, STR("type=")) && !str_starts(line, STR("node=")))
		return 0;
	line.len = line.len < 400 ? line.len : 400;
	return str_find(line, STR(" msg=audit(")) > 0 ? 95 : 0;
}

static int looks_like(struct str head)
{
	return auditlog_looks_like((const uint8_t *)head.ptr, head.len);
}

const struct replay_format auditlog_format = {
	.name = "audit",
	.doc = "Linux audit.log, raw or enriched",
	.state_size = sizeof(struct state),
	.begin = begin,
	.next = next,
	.end = end,
	.looks_like = looks_like,
};

REPLAY_SENSOR(auditlog_sensor_ops, &auditlog_format, "audit", "Linux audit.log, raw or enriched");
