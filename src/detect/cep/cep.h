/* The state machines behind sequences, samples, joins, relations and correlations: one bounded
 * store for every rule language. docs/CEP.md says what each of them means.
 *
 * One per pipeline, after the matcher. Event time drives it: same events, same matches, whatever
 * the wall clock says. Allocates nothing per event after warm-up. Not thread-safe. */
#ifndef MERLON_DETECT_CEP_CEP_H
#define MERLON_DETECT_CEP_CEP_H
#include "base/buf.h"
#include "detect/cep/plan.h"
struct err;

struct cep;
struct cep_options {
	size_t bytes_max; /* of all state; 0: 256 MiB. Beyond it partial matches are given up, those
			   * that expire first, and counted */
	/* Fields kept of every event that a match will name, besides what plans capture. */
	const field_id *captures;
	uint32_t capture_count;
	/* Where events of several hosts may meet (replay, server): partial matches of one host do
	 * not take events of another. FIELD_none: no such key (hunt). */
	field_id host;
	/* All events come before anybody looks (hunt): samples are told by cep_finish() and take the
	 * earliest events of all, as the search engine does. Otherwise a sample is told when it has
	 * become complete, once for each key. */
	bool whole;
};
/* The set must be compiled, and outlives it. */
int cep_create(const struct ruleset *set, const struct cep_options *options, struct cep **ret,
	struct err *err);
void cep_destroy(struct cep *cep);

/* What is kept of an event. */
struct cep_event {
	uint64_t time_ns, index, file_index;
	uint32_t source;
	uint16_t kind;
	uint16_t field_count;
	const struct event_field *fields; /* those captured that it has; texts live as long */
};
const struct value *cep_event_get(const struct cep_event *event, field_id field);

struct cep_match {
	const struct rule *rule;
	/* In the order of the steps, a step with runs as often as it ran; NULL for a missing one.
	 * CEP_WINDOW: the events of the window, at most CEP_WINDOW_EVENTS of the newest. */
	const struct cep_event *const *events;
	uint32_t event_count;
	const struct value *keys; /* of the last step */
	uint32_t key_count;
	double aggregate; /* CEP_WINDOW: the value that met the bounds */
};
#define CEP_WINDOW_EVENTS 64

/* One event, with the rules that the matcher says match it (in the order of the set). Gives the
 * plans that it completes, in the order of the set, and also what its time alone lets end before it;
 * not those of RULE_STEP.
 * *ret and what it points to is borrowed until the next call, or until the view is loaded anew. */
uint32_t cep_run(struct cep *cep, const struct view *view, const struct rule *const *rules,
	uint32_t count, const struct cep_match **ret);
/* Time passes without an event: windows close, missing events have stayed away. */
uint32_t cep_advance(struct cep *cep, uint64_t now_ns, const struct cep_match **ret);
/* No more events will come: what only waits for time to pass is complete. */
uint32_t cep_finish(struct cep *cep, const struct cep_match **ret);

struct cep_stats {
	uint64_t partials; /* alive now */
	uint64_t bytes;	   /* of state, now */
	uint64_t matches, expired;
	uint64_t evicted;   /* given up early for want of memory */
	uint64_t late;	    /* events of steps that came after one of a later time */
	uint64_t truncated; /* values not kept, or not whole, because they were too large */
};
void cep_stats(const struct cep *cep, struct cep_stats *ret);

/* State across a restart, keyed by each rule's content: a rule that is no longer there, or reads
 * otherwise, loses its state; the rest goes on. restore gives -EINVAL for bytes that are not a
 * saved state; those are hostile input. *ret_dropped: partial matches that found no rule. */
int cep_save(const struct cep *cep, struct buf *out, struct err *err);
int cep_restore(struct cep *cep, struct str saved, uint64_t *ret_dropped, struct err *err);
#endif
