/* Sorts any number of events by time with bounded memory: sorted runs go to unnamed temporary files
 * in TMPDIR and are merged. Ties: by the tiebreaker field (numbers before texts; of a text its first
 * 8 bytes count; without it first), then in order of input. For `replay --order time` and `hunt`. */
#ifndef MERLON_AGENT_ORDER_H
#define MERLON_AGENT_ORDER_H
#include "event/event.h"
struct err;

struct order;
/* run_bytes: memory per run; 0: 256 MiB. tiebreaker: FIELD_none when there is none. */
int order_create(const struct fields *fields, size_t run_bytes, field_id tiebreaker,
	struct order **ret, struct err *err);
void order_destroy(struct order *order);
/* Copies the event. */
int order_add(struct order *order, const struct event *event, struct err *err);
/* After the last order_add(): the next event into batch (committed, with index, file_index and
 * source as added). 1 with *ret, 0 at the end, or a negative errno. */
int order_next(struct order *order, struct batch *batch, struct event **ret, struct err *err);
#endif
