/* What all recording formats share: the walk over the inputs, the numbers of records, reports and
 * counters. A format reads one record at a time; a sensor is this walk with one format, or with
 * the one that auto.c finds for each input. One thread. */
#ifndef MERLON_SENSOR_REPLAY_REPLAY_H
#define MERLON_SENSOR_REPLAY_REPLAY_H
#include "base/arena.h"
#include "sensor/replay/input.h"
#include "sensor/sensor.h"
struct err;

struct replay_format;

struct replay {
	struct sensor sensor; /* first */
	const struct sensor_config *config;
	/* of the running input */
	const struct replay_format *format;
	struct input *input;
	uint32_t source;       /* number of the input, from 0 */
	uint64_t file_records; /* record starts seen in it */
	void *state;	       /* of the format: state_size bytes, zeroed at begin */
	struct arena scratch;  /* for the format; reset by it */
	struct sensor_stats stats;
	/* internal */
	const struct replay_format *fixed; /* NULL: each input's is found out */
	size_t next_input;
	void *state_memory;
	size_t state_capacity;
};

struct replay_format {
	const char *name; /* as --format takes it */
	const char *doc;  /* one line */
	size_t state_size;
	bool binary; /* reports tell the offset only: there are no lines */
	/* At the begin of an input. May be NULL. Returns 0, or -ENOMEM. */
	int (*begin)(struct replay *replay, struct err *err);
	/* Reads the next record, or a few that belong together. Returns 1 when it took something (also
	 * when that was broken), 0 at the end of the input, or a negative errno when the sensor
	 * cannot go on. */
	int (*next)(struct replay *replay, struct batch *batch, struct err *err);
	/* Frees what begin and next took. May be NULL. */
	void (*end)(struct replay *replay);
	/* Whether an input that begins with head (up to 64 KiB, more may follow) is of this format:
	 * 0 no, up to 100 surely. NULL: never found by itself. */
	int (*looks_like)(struct str head);
};

/* For the formats, in this order for each record: */

/* A record begins: counts it. */
void replay_record(struct replay *replay);
/* Gives a committed event the numbers of the record that began last, and counts it. */
void replay_event(struct replay *replay, struct event *event);
/* Commits the event being built and does the same; when whole events are wanted, the record's own
 * JSON is kept with it under raw_key (static). Returns 0 or -ENOMEM. */
int replay_commit(struct replay *replay, struct batch *batch, struct str json, const char *raw_key,
	struct err *err);
/* The record was used. */
void replay_accept(struct replay *replay);
/* The record was broken: counts and reports it. at: bytes behind the window's begin. */
void replay_skip(struct replay *replay, size_t at, const char *reason);
/* Reports without counting. */
void replay_note(struct replay *replay, size_t at, const char *reason);
/* Appends a sensor_gap event for count lost events (0: unknown), numbered as the running record.
 * reason and source are static text. Returns 0 or -ENOMEM. */
int replay_gap(struct replay *replay, struct batch *batch, uint64_t time_ns, uint64_t count,
	const char *reason, const char *source);

/* For the sensors: the contract of sensor.h over a format; NULL finds out each input's. */
int replay_open(const struct sensor_config *config, const struct replay_format *format,
	const struct sensor_ops *ops, struct sensor **ret, struct err *err);
int replay_start(struct sensor *sensor, struct err *err);
int replay_next(struct sensor *sensor, struct batch *batch, int timeout_ms, struct err *err);
void replay_stats(const struct sensor *sensor, struct sensor_stats *ret);
void replay_close(struct sensor *sensor);

/* Defines `const struct sensor_ops SENSOR` that replays FORMAT. */
#define REPLAY_SENSOR(SENSOR, FORMAT, NAME, DOC)                                          \
	static int SENSOR##_open(                                                         \
		const struct sensor_config *config, struct sensor **ret, struct err *err) \
	{                                                                                 \
		return replay_open(config, FORMAT, &SENSOR, ret, err);                    \
	}                                                                                 \
	const struct sensor_ops SENSOR = {                                                \
		.name = NAME,                                                             \
		.doc = DOC,                                                               \
		.open = SENSOR##_open,                                                    \
		.start = replay_start,                                                    \
		.next = replay_next,                                                      \
		.stats = replay_stats,                                                    \
		.close = replay_close,                                                    \
	}

/* All formats that auto may choose from; ends with NULL. */
extern const struct replay_format *const replay_formats[];
/* The best fit for what the input begins with; never NULL (ECS when nothing fits). */
const struct replay_format *replay_detect(struct input *input);
#endif
