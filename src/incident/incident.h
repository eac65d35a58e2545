/* Detections become incidents: what belongs together by process ancestry, by what was touched, and
 * by time, on one host. Each incident is bounded; what did not fit is counted. Not thread-safe.
 *
 * Two detections belong together when one incident holds, within the window of event time,
 *   - the same process, or an ancestor of both below the boundary (boundary.h), or
 *   - a file that one wrote and the other ran or touched, or
 *   - a peer address outside this host's own networks.
 * Repeated detections of one behaviour (same rule, executable and command line) fold into a count.
 * Ids derive from the first detection, so a second run over the same events makes the same. */
#ifndef MERLON_INCIDENT_INCIDENT_H
#define MERLON_INCIDENT_INCIDENT_H
#include "incident/detection.h"
struct err;

#define INCIDENT_PROCESSES_MAX 512u
struct incident_process {
	struct detection_process image;
	struct incident_process *parent; /* NULL: none known */
	struct incident_process *same;	 /* set when merging found another record of it */
	bool context;			 /* beyond the boundary: shown, but not part of it */
};

struct incident_event {
	struct str file;
	uint64_t file_index, index, time_ns;
	struct str action, object;
};
#define INCIDENT_ALERT_EVENTS_MAX 8u

/* One behaviour. */
struct incident_alert {
	uint64_t fold_key;
	struct str rule_id, rule_file, rule_title, rule_language;
	enum severity severity;
	const struct str *techniques, *tactics;
	uint32_t technique_count, tactic_count;
	const struct str *why;
	uint32_t why_count;
	struct incident_process *process;			 /* NULL: no process */
	struct incident_event events[INCIDENT_ALERT_EVENTS_MAX]; /* the first ones */
	uint32_t event_count;
	uint64_t count; /* detections folded into it */
	uint64_t first_ns, last_ns;
	bool fresh;	     /* not told of yet, or seen again long after */
	unsigned tellings;   /* how often it was told of */
	uint64_t told_at_ns; /* last_ns then */
};

struct incident_moment {
	uint64_t time_ns;
	const struct incident_alert *alert; /* NULL: a gap */
	uint64_t gap_count;
	struct str gap_reason;
};

struct incident {
	char id[17];
	struct str host; /* empty when events name none */
	uint64_t first_ns, last_ns;
	unsigned score; /* 0–100 */
	enum severity severity;
	struct str title;
	struct incident_alert **alerts; /* in the order of their first detection */
	uint32_t alert_count;
	struct incident_moment *timeline; /* in time order */
	uint32_t timeline_count;
	struct incident_process **processes;
	uint32_t process_count;
	struct str *techniques, *tactics; /* sorted, unique */
	uint32_t technique_count, tactic_count;
	uint64_t detection_count; /* with folded ones */
	uint64_t dropped_count;	  /* alerts, moments and processes that found no room */
	uint64_t gap_events;	  /* events lost while it was open, or shortly before */
	unsigned tellings;	  /* how often it was told of before this time */
};

enum incident_news {
	INCIDENT_OPENED, /* it is new (or was, some moments ago) */
	INCIDENT_RAISED, /* its severity rose since it was last told of */
	INCIDENT_GREW,	 /* more was seen: alerts that are `fresh` */
	INCIDENT_CLOSED, /* nothing more was added in its window, or room was needed */
};
/* The incident is borrowed for the call. */
typedef void incident_fn(void *context, const struct incident *incident, enum incident_news news);

struct incident_options {
	uint64_t window_ns; /* 0: one hour */
	uint64_t settle_ns; /* how long news gathers before it is told; 0: one second */
	uint32_t open_max;  /* 0: 1,024 */
};
struct incident_stats {
	uint64_t detections, opened, merged, closed, evicted;
	uint64_t dropped;
};

struct incident_builder;
int incident_builder_create(const struct incident_options *options, incident_fn *tell,
	void *context, struct incident_builder **ret, struct err *err);
void incident_builder_destroy(struct incident_builder *builder); /* tells nothing */
/* Copies what it keeps. Closes what the detection's time has left behind. */
void incident_add(struct incident_builder *builder, const struct detection *detection);
/* Events were lost on that host (empty: on any). */
void incident_gap(struct incident_builder *builder, struct str host, uint64_t time_ns,
	uint64_t count, struct str reason);
/* Tells of what is new, raised or grown, closes what is over. Live only, every second or so: replay
 * leaves the clock alone. One incident is told of within four seconds, and less often when it goes
 * on and on; what only repeats is told again after a quarter of a minute, then half of one, … */
void incident_poll(struct incident_builder *builder, uint64_t now_ns);
/* Closes all, oldest first. */
void incident_flush(struct incident_builder *builder);
struct incident_stats incident_stats(const struct incident_builder *builder);

/* ---- output ---- */

/* One line of JSON, without newline: {"kind":"incident",…}. */
void incident_write(struct buf *buf, const struct incident *incident);

struct story_options {
	bool colour;		 /* ANSI sequences */
	bool unicode;		 /* box characters; else ASCII */
	unsigned width;		 /* columns; 0: 100 */
	enum incident_news news; /* of one that was raised or grew only what is fresh is told */
};
/* For people: head, process tree with what each did, timeline. Text from outside is made harmless
 * for terminals. */
void incident_story(
	struct buf *buf, const struct incident *incident, const struct story_options *options);

/* ---- score.c ---- */
/* Sets score and severity from the alerts. */
void incident_score(struct incident *incident);
#endif
