#include "sensor/replay/merlon.h"

#include <errno.h>
#include "base/err.h"
#include "event/recording.h"

struct merlon_state {
	struct recording_reader *reader;
	bool begun;
};

static int begin(struct replay *replay, struct err *err)
{
	struct merlon_state *state = replay->state;
	int rc = recording_reader_create(replay->config->want.fields, &state->reader);

	return rc < 0 ? err_set(err, rc, "recording: out of memory") : 0;
}

static void end(struct replay *replay)
{
	struct merlon_state *state = replay->state;

	recording_reader_destroy(state->reader);
}

static bool at_magic(struct input *input)
{
	(void)input_fill(input, RECORDING_MAGIC_LEN);
	return str_starts(input_window(input), str_n(RECORDING_MAGIC, RECORDING_MAGIC_LEN));
}

/* The rest cannot be trusted: frames do not tell where the next one begins. */
static int give_up(struct replay *replay, const char *reason)
{
	struct input *input = replay->input;

	replay_record(replay);
	replay_skip(replay, 0, reason);
	do
		input_consume(input, input->len);
	while (input_fill(input, 1) > 0);
	return 0;
}

/* The length of the frame at the window's begin, which then holds it whole; 0 when it cannot. */
static size_t frame_length(struct input *input)
{
	if (input_fill(input, RECORDING_HEAD_LEN) < RECORDING_HEAD_LEN)
		return 0;
	const unsigned char *p = (const unsigned char *)input->ptr;
	size_t len = p[1] | (size_t)p[2] << 8 | (size_t)p[3] << 16 | (size_t)p[4] << 24;
	len += RECORDING_HEAD_LEN;
	return input_fill(input, len) >= len ? len : 0;
}

static int next(struct replay *replay, struct batch *batch, struct err *err)
{
	struct merlon_state *state = replay->state;
	struct input *input = replay->input;
	struct event *event;
	struct err why = {0};

	/* recordings that were put one behind another begin anew */
	if (at_magic(input)) {
		input_consume(input, RECORDING_MAGIC_LEN);
		state->begun = true;
	} else if (!state->begun) {
		return input->len == 0 ? 0 : give_up(replay, "not a Merlon recording");
	}
	if (input->len == 0 && input_fill(input, 1) == 0)
		return 0;
	size_t frame = frame_length(input);
	if (frame == 0)
		return give_up(replay, "recording is cut off");
	ptrdiff_t used = recording_read(state->reader, batch, input->ptr, input->len, &event, &why);
	if (used == -ENOMEM)
		return err_set(err, -ENOMEM, "recording: out of memory");
	if (used <= 0) {
		replay_record(replay);
		replay_skip(replay, 0, used == 0 ? "frame has a wrong length" : why.text);
		input_consume(input, frame);
		return 1;
	}
	if (event != NULL) {
		replay_record(replay);
		replay_event(replay, event);
		replay_accept(replay);
	}
	input_consume(input, (size_t)used);
	return 1;
}

static int looks_like(struct str head)
{
	return str_starts(head, str_n(RECORDING_MAGIC, RECORDING_MAGIC_LEN)) ? 100 : 0;
}

const struct replay_format merlon_format = {
	.name = "merlon",
	.doc = "Merlon's own recordings",
	.state_size = sizeof(struct merlon_state),
	.begin = begin,
	.binary = true,
	.next = next,
	.end = end,
	.looks_like = looks_like,
};

REPLAY_SENSOR(merlon_sensor_ops, &merlon_format, "merlon", "Recordings made by Merlon");
