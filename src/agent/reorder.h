/* Puts events in time order within a window of event time. Ties keep the order of input; an event
 * without a time stays behind the one before it. Bounded: beyond max_events the oldest leaves
 * early, which is counted. Each waiting event holds a reference to its batch, which whoever pops
 * it gives back. */
#ifndef MERLON_AGENT_REORDER_H
#define MERLON_AGENT_REORDER_H
#include <stdbool.h>
#include <stdint.h>
#include "event/event.h"

struct reorder;
struct reorder_stats {
	uint64_t late;	/* came after the window had passed their time: not in order */
	uint64_t early; /* left because the buffer was full */
};
int reorder_create(uint64_t window_ns, uint32_t max_events, struct reorder **ret);
void reorder_destroy(struct reorder *reorder);
/* Takes a reference to the event's batch. 0 or -ENOMEM. */
int reorder_push(struct reorder *reorder, const struct event *event);
/* The next event whose turn has come, or NULL. With flush every one's has. */
const struct event *reorder_pop(struct reorder *reorder, bool flush);
/* The oldest, before its turn, because what waits takes too much memory; NULL when none waits. */
const struct event *reorder_shed(struct reorder *reorder);
/* A live clock: everything up to now_ns - window may leave even if no later event comes. */
void reorder_advance(struct reorder *reorder, uint64_t now_ns);
/* Time begins anew, once nothing waits any more: events may be of any time again. */
void reorder_restart(struct reorder *reorder);
void reorder_stats(const struct reorder *reorder, struct reorder_stats *ret);
uint32_t reorder_count(const struct reorder *reorder);
#endif
