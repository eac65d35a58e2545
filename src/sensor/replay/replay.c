#include "sensor/replay/replay.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"

/* Events that one next() adds, about. */
#define EVENTS_PER_CALL 256
/* Large records fill a batch sooner. */
#define BYTES_PER_CALL ((size_t)16 * 1024 * 1024)
/* A format's parse tree and the like; a record of INPUT_WINDOW_MAX bytes needs no more unless it
 * was made to. */
#define SCRATCH_MAX ((size_t)512 * 1024 * 1024)

void replay_record(struct replay *replay)
{
	replay->stats.records++;
	replay->file_records++;
}

void replay_event(struct replay *replay, struct event *event)
{
	assert(replay->stats.records > 0);
	event->index = replay->stats.records - 1;
	event->file_index = replay->file_records - 1;
	event->source = replay->source;
	replay->stats.events++;
	if (event->kind < KIND_MAX)
		replay->stats.kinds[event->kind]++;
}

int replay_commit(struct replay *replay, struct batch *batch, struct str json, const char *raw_key,
	struct err *err)
{
	if (batch->want_all) {
		batch->building.raw = arena_strn(&batch->arena, json.ptr, json.len);
		batch->building.raw_key = raw_key;
	}
	struct event *event = event_commit(batch);
	if (event == NULL)
		return err_set(err, -ENOMEM, "record is too large");
	replay_event(replay, event);
	return 0;
}

void replay_accept(struct replay *replay)
{
	replay->stats.accepted++;
}

void replay_note(struct replay *replay, size_t at, const char *reason)
{
	struct sensor_report report = {.reason = reason};

	if (replay->config->report == NULL)
		return;
	report.input = replay->input->name;
	report.offset = replay->input->offset + at;
	if (!replay->format->binary)
		input_position(replay->input, at, &report.line, &report.column);
	replay->config->report(replay->config->report_context, &report);
}

void replay_skip(struct replay *replay, size_t at, const char *reason)
{
	replay->stats.skipped++;
	replay_note(replay, at, reason);
}

int replay_gap(struct replay *replay, struct batch *batch, uint64_t time_ns, uint64_t count,
	const char *reason, const char *source)
{
	if (event_begin(batch, KIND_sensor_gap, time_ns) == NULL)
		return -ENOMEM;
	if (count > 0)
		ev_uint(batch, FIELD_merlon_gap_count, count);
	ev_text_ref(batch, FIELD_merlon_gap_reason, str_of(reason));
	ev_text_ref(batch, FIELD_merlon_gap_source, str_of(source));
	struct event *event = event_commit(batch);
	if (event == NULL)
		return -ENOMEM;
	replay_event(replay, event);
	replay->stats.gaps++;
	return 0;
}

/* A file that is not there should fail before the work begins. */
static int check_inputs(const struct sensor_config *config, struct err *err)
{
	struct stat st;

	for (size_t i = 0; i < config->input_count; i++) {
		const char *name = config->inputs[i];
		if (strcmp(name, "-") == 0)
			continue;
		if (stat(name, &st) < 0 || access(name, R_OK) < 0)
			return err_set(err, -errno, "%s: %s", name, strerror(errno));
		if (S_ISDIR(st.st_mode))
			return err_set(err, -EISDIR, "%s: is a directory", name);
	}
	return 0;
}

int replay_open(const struct sensor_config *config, const struct replay_format *format,
	const struct sensor_ops *ops, struct sensor **ret, struct err *err)
{
	int rc = check_inputs(config, err);

	if (rc < 0)
		return rc;
	struct replay *replay = calloc(1, sizeof(*replay));
	if (replay == NULL)
		return err_set(err, -ENOMEM, "replay: out of memory");
	replay->sensor.ops = ops;
	replay->config = config;
	replay->fixed = format;
	arena_init(&replay->scratch, SCRATCH_MAX);
	*ret = &replay->sensor;
	return 0;
}

static struct replay *replay_of(struct sensor *sensor)
{
	return (struct replay *)sensor;
}

int replay_start(struct sensor *sensor, struct err *err)
{
	return 0;
}

static int state_prepare(struct replay *replay, size_t size, struct err *err)
{
	if (size > replay->state_capacity) {
		void *memory = realloc(replay->state_memory, size);
		if (memory == NULL)
			return err_set(err, -ENOMEM, "replay: out of memory");
		replay->state_memory = memory;
		replay->state_capacity = size;
	}
	if (size > 0)
		memset(replay->state_memory, 0, size);
	replay->state = replay->state_memory;
	return 0;
}

static int input_begin(struct replay *replay, struct err *err)
{
	const char *name = replay->config->inputs[replay->next_input];
	int rc = input_open(name, &replay->input, err);

	if (rc < 0)
		return rc;
	replay->source = (uint32_t)replay->next_input++;
	replay->file_records = 0;
	const struct replay_format *format = replay->fixed != NULL ? replay->fixed
								   : replay_detect(replay->input);
	rc = state_prepare(replay, format->state_size, err);
	if (rc == 0 && format->begin != NULL)
		rc = format->begin(replay, err);
	if (rc < 0) {
		input_close(replay->input);
		replay->input = NULL;
		return rc;
	}
	replay->format = format;
	return 0;
}

static int input_finish(struct replay *replay, struct err *err)
{
	struct input *input = replay->input;
	int rc = 0;

	if (replay->format->end != NULL)
		replay->format->end(replay);
	replay->format = NULL;
	replay->stats.bytes += input->offset;
	if (input->problem != NULL && replay->config->report != NULL) {
		struct sensor_report report = {.input = input->name,
			.offset = input->problem_offset,
			.reason = input->problem};
		replay->config->report(replay->config->report_context, &report);
	}
	if (input->read_error != 0)
		rc = err_set(err, input->read_error, "%s: %s", input->name,
			strerror(-input->read_error));
	input_close(input);
	replay->input = NULL;
	return rc;
}

int replay_next(struct sensor *sensor, struct batch *batch, int timeout_ms, struct err *err)
{
	struct replay *replay = replay_of(sensor);
	uint64_t before = replay->stats.records;
	uint32_t events = replay->config->batch_events == 0 ? EVENTS_PER_CALL
							    : replay->config->batch_events;
	uint32_t stop = batch->count + events;
	int rc = 0;

	/* broken records fill no batch, but a call must end */
	while (batch->count < stop && batch->arena.used_bytes < BYTES_PER_CALL &&
		replay->stats.records - before < 2 * (uint64_t)events) {
		if (replay->input == NULL) {
			if (replay->next_input == replay->config->input_count)
				break;
			rc = input_begin(replay, err);
			if (rc < 0)
				return rc;
		}
		rc = replay->format->next(replay, batch, err);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			rc = input_finish(replay, err);
			if (rc < 0)
				return rc;
		}
	}
	uint64_t taken = replay->stats.records - before;
	if (taken > 0)
		return (int)taken;
	bool finished = replay->input == NULL && replay->next_input == replay->config->input_count;
	return finished ? -ENODATA : 0;
}

void replay_stats(const struct sensor *sensor, struct sensor_stats *ret)
{
	const struct replay *replay = (const struct replay *)sensor;

	*ret = replay->stats;
	if (replay->input != NULL)
		ret->bytes += replay->input->offset;
}

void replay_close(struct sensor *sensor)
{
	struct replay *replay = replay_of(sensor);

	if (replay == NULL)
		return;
	if (replay->input != NULL) {
		if (replay->format != NULL && replay->format->end != NULL)
			replay->format->end(replay);
		input_close(replay->input);
	}
	arena_destroy(&replay->scratch);
	free(replay->state_memory);
	free(replay);
}
