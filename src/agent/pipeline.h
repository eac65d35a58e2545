/* The way of an event from a sensor's batch to what comes of it: time order, enrichment, matching.
 * The same for a live agent, a replay and a hunt; only the source and the callbacks differ. */
#ifndef MERLON_AGENT_PIPELINE_H
#define MERLON_AGENT_PIPELINE_H
#include <stdbool.h>
#include <stdint.h>
#include "agent/engine.h"
#include "detect/cep/cep.h"
struct err;

struct pipeline_options {
	uint64_t reorder_ns;	 /* window of event time; 0: order of input */
	uint32_t reorder_events; /* what may wait at most; 0: 65,536 */
	bool sort_all;		 /* put everything in order of time before the first is processed */
	field_id tiebreaker;	 /* of sort_all; see order.h */
	bool in_order; /* pipeline_give() fails with -ERANGE at an event older than one before it */
	const struct event_field *common; /* see struct batch */
	uint32_t common_count;
	void *context; /* of the callbacks */
	/* After enrichment, each event in its turn. May be NULL. */
	void (*on_event)(void *context, const struct view *view);
	/* Rules that matched it, in the order of the set. */
	void (*on_match)(void *context, const struct view *view, const struct rule *const *rules,
		uint32_t count);
	/* Rules over several events that it, or time, completed; view is NULL when time alone did. */
	void (*on_plans)(void *context, const struct view *view, const struct cep_match *matches,
		uint32_t count);
	/* What is kept of events for on_plans, besides what the rules need. Must outlive it. */
	const field_id *captures;
	uint32_t capture_count;
	field_id host;	       /* this and whole: see cep_options */
	size_t plan_bytes_max; /* of what is remembered for on_plans; 0: see cep_options */
	bool whole;
};

struct pipeline_stats {
	uint64_t events; /* processed */
	uint64_t matches;
	uint64_t gaps, lost;  /* sensor_gap events, and how many events they say were lost */
	uint64_t late, early; /* see reorder.h */
	uint64_t newest_ns;   /* event time reached */
	uint64_t kinds[KIND_MAX];
};

struct pipeline;
/* Borrows the engine. */
int pipeline_create(struct engine *engine, const struct pipeline_options *options,
	struct pipeline **ret, struct err *err);
void pipeline_destroy(struct pipeline *pipeline);

/* An empty batch for a sensor to fill, then to be given back with what it holds: events whose turn
 * has come are processed before pipeline_give() returns. */
struct batch *pipeline_take(struct pipeline *pipeline);
int pipeline_give(struct pipeline *pipeline, struct batch *batch, struct err *err);
/* Live: the wall clock lets waiting events go. */
void pipeline_tick(struct pipeline *pipeline, uint64_t now_ns);
/* Everything that waits for its turn is processed. */
int pipeline_flush(struct pipeline *pipeline, struct err *err);
/* The same at the end of a recording: what waits for an event to stay away need not wait longer. */
int pipeline_finish(struct pipeline *pipeline, struct err *err);
/* Goes on with another engine (rules read anew) after processing what waits. The process graph is
 * made anew with what the new rules want; seed it again. Rules over several events that are still
 * there go on where they were. When it fails the old engine stays. */
int pipeline_replace_engine(struct pipeline *pipeline, struct engine *engine, struct err *err);

struct engine *pipeline_engine(struct pipeline *pipeline);
struct enrich *pipeline_enrich(struct pipeline *pipeline); /* without a graph in a hunt */
struct cep *pipeline_cep(struct pipeline *pipeline); /* NULL when no rule is over several events */
void pipeline_stats(const struct pipeline *pipeline, struct pipeline_stats *ret);
#endif
