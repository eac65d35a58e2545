/* The one contract of everything that yields events: live sensors and recordings. A sensor knows
 * nothing of what uses its events. One thread uses a sensor at a time. */
#ifndef MERLON_SENSOR_SENSOR_H
#define MERLON_SENSOR_SENSOR_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "event/event.h"
struct ecs_options;
struct err;

/* What somebody behind the sensor wants. Pushed down so that the kernel drops the rest. */
struct sensor_want {
	uint64_t kinds[KIND_MAX / 64]; /* bits by event kind */
	const struct fields *fields;   /* wanted fields */
	const char *const *read_paths; /* absolute prefixes whose opening for reading is an event */
	size_t read_path_count;
	/* Opening for writing is an event anywhere, unless writes_listed: then only below read_paths
	 * and these. A sensor may tell of more. */
	const char *const *write_paths;
	size_t write_path_count;
	bool writes_listed;
	const char *const *env_names; /* environment names for process.env_vars */
	size_t env_name_count;
	const uint32_t *audit_pids; /* processes whose system calls are all reported */
	size_t audit_pid_count;
};

/* A broken or odd record; text is for people. Called from next(). */
struct sensor_report {
	const char *input;     /* file name, or "-" */
	uint64_t line, column; /* from 1; 0 when the input has no lines */
	uint64_t offset;       /* bytes */
	const char *reason;
};

struct sensor_config {
	const char *const *inputs; /* recordings: file names, "-" is standard input */
	size_t input_count;
	struct sensor_want want;
	void (*report)(void *context, const struct sensor_report *report); /* may be NULL */
	void *report_context;
	const struct ecs_options *documents; /* how JSON documents are read; NULL: ECS */
	uint32_t batch_events; /* recordings: events that one next() adds, about; 0: 256 */
	const char *option;    /* sensor-specific, or NULL */
	/* Live: another sensor tells what processes do, so this one should not tell it again. */
	bool processes_elsewhere;
};

struct sensor_stats {
	uint64_t records, accepted, skipped; /* record starts = accepted + skipped */
	uint64_t tokens;		     /* BSM */
	uint64_t events, dropped, gaps;
	uint64_t bytes;
	uint64_t kinds[KIND_MAX]; /* events by kind */
};

struct sensor {
	const struct sensor_ops *ops;
};

/* One mechanism of this machine that a sensor uses, found by trying it. */
struct capability {
	const char *name;
	bool available;	    /* this kernel and these privileges take it */
	bool used;	    /* the sensor would use it here */
	char reason[128];   /* why not, or what it gives */
	const char *remedy; /* how to get it; NULL when nothing can or need be done */
};

struct sensor_ops {
	const char *name; /* as --sensor and --format name it */
	const char *doc;  /* one line for doctor and help */
	bool live;
	bool watches_processes; /* live: of such sensors one is enough */
	bool on_request;	/* live: used only when asked for by name */
	/* live: event kinds that it can supply and fields that it sets, see supplies.h */
	const uint16_t *kinds, *fields;
	/* live: it also sets any field below these names ("kubernetes.audit."), as its source has
	 * them; ends with NULL */
	const char *const *open_names;
	/* Live: tries each mechanism once, without starting anything, and takes it down again. Fills at
	 * most max entries; returns how many there are. NULL: opening tells all. May take a second. */
	size_t (*capabilities)(struct capability *out, size_t max);
	/* Makes a sensor; config's memory must outlive it. Returns 0, -EPERM, -ENOSYS …: err says what is
	 * missing and how to get it. */
	int (*open)(const struct sensor_config *config, struct sensor **ret, struct err *err);
	/* Begins to collect. Recordings do nothing here. */
	int (*start)(struct sensor *sensor, struct err *err);
	/* Replaces what is wanted; NULL when it cannot change while running. What was wanted before
	 * is not looked at any more, also when this fails. */
	int (*want)(struct sensor *sensor, const struct sensor_want *want, struct err *err);
	/* Adds events to batch, waiting at most timeout_ms for the first one. Returns how many records
	 * were taken (events may be fewer), 0 when nothing came in time, -ENODATA at the end of a
	 * recording, another negative errno when the sensor is broken. Broken records are reported,
	 * counted and skipped. */
	int (*next)(struct sensor *sensor, struct batch *batch, int timeout_ms, struct err *err);
	void (*stats)(const struct sensor *sensor, struct sensor_stats *ret);
	/* A descriptor that becomes readable when next() has work, or -1: then poll by time. NULL: -1. */
	int (*poll_fd)(const struct sensor *sensor);
	/* How long the caller may wait before it calls next() again unless poll_fd becomes readable,
	 * in milliseconds; the sensor takes it that the caller does wait. NULL: as long as it likes when
	 * there is a poll_fd, else 20. */
	int (*rest_ms)(struct sensor *sensor);
	void (*close)(struct sensor *sensor); /* frees it */
};

/* Every sensor this build knows, best first within live and recordings; ends with NULL. */
extern const struct sensor_ops *const sensor_table[];
/* A recording and a live sensor may share a name (audit): by_name prefers the recording. NULL when
 * there is none. */
const struct sensor_ops *sensor_by_name(struct str name);
const struct sensor_ops *sensor_live_by_name(struct str name);

static inline void sensor_want_kind(struct sensor_want *want, enum event_kind kind)
{
	want->kinds[kind / 64] |= UINT64_C(1) << (kind % 64);
}
static inline bool sensor_wants_kind(const struct sensor_want *want, enum event_kind kind)
{
	return want->kinds[kind / 64] >> (kind % 64) & 1;
}
#endif
