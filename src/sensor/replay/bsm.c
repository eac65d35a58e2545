#include "sensor/replay/bsm.h"

#include <errno.h>
#include <stdio.h>
#include "base/err.h"
#include "sensor/audit/bsm_record.h"

#define HEADER_BYTES_MAX 64
#define LOOK_BYTES	 ((size_t)64 * 1024)
#define PROGRESS_BYTES	 ((size_t)1024 * 1024)

struct state {
	struct bsm_record record;
	uint64_t bare_until; /* offset up to which lone tokens are known to be whole */
	bool record_seen;    /* in this input */
};

static struct bsm_header no_header;

/* Whether a whole record begins `at` bytes behind the window's begin. */
static bool record_at(struct input *input, size_t at, struct bsm_header *ret)
{
	struct bsm_header h;

	if (!bsm_header_read((const uint8_t *)input->ptr + at, input->len - at, &h) ||
		h.size > BSM_RECORD_MAX)
		return false;
	if (input->len - at < h.size && !input->ended)
		(void)input_fill(input, at + h.size);
	if (input->len - at < h.size)
		return false;
	const uint8_t *trailer = (const uint8_t *)input->ptr + at + h.size - BSM_TRAILER_BYTES;
	if (!bsm_trailer_matches(trailer, BSM_TRAILER_BYTES, h.size))
		return false;
	*ret = h;
	return true;
}

/* How many bytes of lone tokens begin at the window's begin, up to the end of the input or a whole
 * record; 0 when something else follows them, as then they are more likely noise. */
static size_t bare_chain(struct input *input, bool record_seen)
{
	struct bsm_header h;
	struct bsm_token token;

	(void)input_fill(input, LOOK_BYTES);
	struct cursor c = cursor_of(input->ptr, input->len);
	while (cursor_left(&c) > 0) {
		size_t before = c.pos;
		if (before > 0 && record_at(input, before, &h))
			return before;
		c.ptr = (const uint8_t *)input->ptr;
		c.len = input->len;
		if (bsm_token_read(&c, &token) != 0)
			return input->ended || before < LOOK_BYTES / 2 ? 0 : before;
		bool header = token.id == BSM_HEADER32 || token.id == BSM_HEADER32_EX ||
			      token.id == BSM_HEADER64 || token.id == BSM_HEADER64_EX;
		if (header && (record_seen || cursor_left(&c) > 0 || !input->ended))
			return 0; /* a record that was cut */
	}
	return c.pos;
}

static int take_event(struct replay *replay, struct batch *batch, struct err *err)
{
	struct state *state = replay->state;
	const struct bsm_record *record = &state->record;
	char reason[96];

	struct event *event = bsm_record_event(record, batch);
	if (event == NULL)
		return err_set(err, -ENOMEM, "bsm: no memory for an event");
	replay_event(replay, event);
	replay_accept(replay);
	replay->stats.tokens += record->count;
	if (record->rest.len > 0) {
		replay->stats.tokens++;
		(void)snprintf(reason, sizeof(reason),
			"token of type 0x%02x unknown or broken: %zu bytes kept as they are",
			(uint8_t)record->rest.ptr[0], record->rest.len);
		replay_note(replay, (size_t)(record->rest.ptr - replay->input->ptr), reason);
	}
	return 0;
}

static int take_record(
	struct replay *replay, struct batch *batch, const struct bsm_header *h, struct err *err)
{
	struct state *state = replay->state;

	state->record_seen = true;
	replay_record(replay);
	if (bsm_record_parse(&state->record, replay->input->ptr, h->size) != 0)
		return err_set(err, -ENOMEM, "bsm: no memory for the tokens of a record");
	int code = take_event(replay, batch, err);
	input_consume(replay->input, h->size);
	return code != 0 ? code : 1;
}

static int take_bare(struct replay *replay, struct batch *batch, struct err *err)
{
	struct state *state = replay->state;
	struct bsm_token token;

	(void)input_fill(replay->input, LOOK_BYTES);
	struct cursor c = cursor_of(replay->input->ptr, replay->input->len);
	if (bsm_token_read(&c, &token) != 0)
		return err_set(err, -EBADMSG, "bsm: lone token changed while it was read");
	replay_record(replay);
	if (bsm_record_bare(&state->record, &token) != 0)
		return err_set(err, -ENOMEM, "bsm: no memory for a token");
	int code = take_event(replay, batch, err);
	input_consume(replay->input, c.pos);
	return code != 0 ? code : 1;
}

static void explain(struct input *input, char *text, size_t size)
{
	struct bsm_header h = no_header;
	uint8_t first = (uint8_t)input->ptr[0];

	if (!bsm_header_read((const uint8_t *)input->ptr, input->len, &h))
		(void)snprintf(text, size,
			"no record begins here (byte 0x%02x): skipped to the next", first);
	else if (h.size > BSM_RECORD_MAX)
		(void)snprintf(text, size,
			"record of %u bytes is over the limit: skipped to the next", h.size);
	else if (input->ended && input->len < h.size)
		(void)snprintf(
			text, size, "record of %u bytes is cut after %zu", h.size, input->len);
	else
		(void)snprintf(text, size,
			"record of %u bytes has no trailer where it should end: skipped to the "
			"next",
			h.size);
}

/* One broken stretch is one broken record. */
static void skip_broken(struct replay *replay)
{
	struct input *input = replay->input;
	struct bsm_header h;
	char reason[128];

	replay_record(replay);
	explain(input, reason, sizeof(reason));
	replay_skip(replay, 0, reason);
	for (size_t i = 1;; i++) {
		if (i >= input->len) {
			if (input->ended)
				break;
			(void)input_fill(input, i + LOOK_BYTES);
			if (i >= input->len)
				break;
		}
		if (record_at(input, i, &h)) {
			input_consume(input, i);
			return;
		}
		if (i >= PROGRESS_BYTES) {
			input_consume(input, i);
			i = 0;
		}
	}
	input_consume(input, input->len);
}

static int next(struct replay *replay, struct batch *batch, struct err *err)
{
	struct state *state = replay->state;
	struct input *input = replay->input;
	struct bsm_header h;

	if (input->len < HEADER_BYTES_MAX && input_fill(input, HEADER_BYTES_MAX) == 0)
		return 0;
	if (input->offset < state->bare_until)
		return take_bare(replay, batch, err);
	if (record_at(input, 0, &h))
		return take_record(replay, batch, &h, err);
	size_t bare = bare_chain(input, state->record_seen);
	if (bare > 0) {
		state->bare_until = input->offset + bare;
		return take_bare(replay, batch, err);
	}
	skip_broken(replay);
	return 1;
}

static void end(struct replay *replay)
{
	struct state *state = replay->state;
	bsm_record_destroy(&state->record);
}

static bool has_control_bytes(const uint8_t *ptr, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ptr[i] < '\t' || (ptr[i] > '\r' && ptr[i] < ' '))
			return true;
	return false;
}

int bsm_looks_like(const uint8_t *ptr, size_t len)
{
	struct bsm_header h;
	struct bsm_token token;
	struct cursor c = cursor_of(ptr, len);

	if (len == 0)
		return 0;
	if (bsm_header_read(ptr, len, &h) && h.size <= BSM_RECORD_MAX) {
		if (h.size > len)
			return 60;
		if (bsm_trailer_matches(
			    ptr + h.size - BSM_TRAILER_BYTES, BSM_TRAILER_BYTES, h.size))
			return 100;
	}
	if (!has_control_bytes(ptr, len < 256 ? len : 256))
		return 0;
	while (cursor_left(&c) > 0)
		if (bsm_token_read(&c, &token) != 0)
			return 0;
	return 40;
}

static int looks_like(struct str head)
{
	return bsm_looks_like((const uint8_t *)head.ptr, head.len);
}

const struct replay_format bsm_format = {
	.name = "bsm",
	.doc = "OpenBSM audit trails (macOS, FreeBSD, Solaris)",
	.state_size = sizeof(struct state),
	.binary = true,
	.next = next,
	.end = end,
	.looks_like = looks_like,
};

REPLAY_SENSOR(bsm_sensor_ops, &bsm_format, "bsm", "OpenBSM audit trails (macOS, FreeBSD, Solaris)");
