#include "sensor/replay/logline.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "sensor/audit/audit_fill.h"
#include "sensor/log/access_line.h"
#include "sensor/log/kube_audit.h"
#include "sensor/log/log_event.h"
#include "sensor/replay/lines.h"

struct state {
	struct log_clock clock;
	struct log_context context;
	struct audit_line audit;
	struct buf document; /* scratch */
};

static int begin(struct replay *replay, struct err *err)
{
	struct state *state = replay->state;
	const char *name = replay->input->name;
	bool standard_input = strcmp(name, "-") == 0;
	struct stat st;

	audit_line_init(&state->audit);
	state->context.os = OS_LINUX;
	state->context.path = standard_input ? NULL : name;
	int code = standard_input ? fstat(STDIN_FILENO, &st) : stat(name, &st);
	if (code == 0 && S_ISREG(st.st_mode) && st.st_mtim.tv_sec > 0)
		state->clock.reference_ns = (uint64_t)st.st_mtim.tv_sec * NS_PER_S;
	return 0;
}

static void end(struct replay *replay)
{
	struct state *state = replay->state;
	audit_line_destroy(&state->audit);
	buf_destroy(&state->document);
}

static void take_audit(struct replay *replay, struct batch *batch, struct str text)
{
	struct state *state = replay->state;
	const char *reason;

	if (text.len == 0 || audit_line_parse(&state->audit, text, &reason) != 0)
		return;
	struct event *event = audit_fill_record(batch, &state->audit, text);
	if (event != NULL)
		replay_event(replay, event);
}

static bool is_binary(struct str text)
{
	return memchr(text.ptr, '\0', text.len) != NULL;
}

static int take_kube_audit(struct replay *replay, struct batch *batch, struct str text)
{
	struct state *state = replay->state;

	if (kube_audit_event(batch, text, &state->document) != 0) {
		replay_skip(replay, 0, "no audit record of a Kubernetes API server");
		return 0;
	}
	replay_event(replay, batch->events[batch->count - 1]);
	replay_accept(replay);
	return 0;
}

static int take_line(struct replay *replay, struct batch *batch, struct str text, struct err *err)
{
	struct state *state = replay->state;
	struct log_line line;

	replay_record(replay);
	if (is_binary(text)) {
		replay_skip(replay, 0, "a line of text holds no NUL");
		return 0;
	}
	if (kube_audit_looks_like(text))
		return take_kube_audit(replay, batch, text);
	log_line_parse(&line, text, &state->clock);
	struct event *event = log_event_line(batch, &line, text, &state->context);
	if (event == NULL)
		return err_set(err, -ENOMEM, "log: no memory for a line");
	replay_event(replay, event);
	replay_accept(replay);
	event = log_event_native(batch, &line, &state->context);
	if (event != NULL)
		replay_event(replay, event);
	take_audit(replay, batch, log_audit_text(&line));
	return 0;
}

static int next(struct replay *replay, struct batch *batch, struct err *err)
{
	struct str text;
	size_t used;

	if (!lines_next(replay->input, &text, &used))
		return 0;
	int code = take_line(replay, batch, text, err);
	input_consume(replay->input, used);
	return code != 0 ? code : 1;
}

int logline_looks_like(const uint8_t *ptr, size_t len)
{
	struct str head = str_n((const char *)ptr, len);
	struct log_clock clock = {.reference_ns = UINT64_C(1700000000) * NS_PER_S};
	unsigned lines = 0, good = 0;

	while (head.len > 0 && lines < 8) {
		struct str text = str_cut(&head, '\n');
		struct access_line access;
		struct log_line line;
		if (text.len == 0)
			continue;
		if (is_binary(text))
			return 0;
		if (kube_audit_looks_like(text))
			return 95; /* before any document of JSON */
		log_line_parse(&line, text, &clock);
		lines++;
		good += line.has_header || access_line_parse(&access, text);
	}
	return lines > 0 && good * 2 >= lines ? 60 : 0;
}

static int looks_like(struct str head)
{
	return logline_looks_like((const uint8_t *)head.ptr, head.len);
}

const struct replay_format logline_format = {
	.name = "syslog",
	.doc = "syslog, auth, cron and other logs of lines",
	.state_size = sizeof(struct state),
	.begin = begin,
	.next = next,
	.end = end,
	.looks_like = looks_like,
};

REPLAY_SENSOR(logline_sensor_ops, &logline_format, "syslog",
	"syslog, auth, cron and other logs of lines");
