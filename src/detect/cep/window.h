/* Sliding windows of correlations: what one key's window holds. Internal to detect/cep. */
#ifndef MERLON_DETECT_CEP_WINDOW_H
#define MERLON_DETECT_CEP_WINDOW_H
#include "detect/cep/store.h"

/* One value, or one event where events are counted. */
struct entry {
	uint64_t time_ns;
	union {
		double number;
		uint64_t steps; /* TEMPORAL: which the event matched */
	};
	uint32_t before, after; /* in the order of time, then of arrival */
	uint32_t event;		/* captured; 0: too many newer ones */
	uint32_t value;		/* the group of a value that is told from others; 0: a number */
};

struct window {
	struct item item; /* since its newest event; one that is judged when it ends: its first */
	uint32_t head, tail, count;
	uint32_t reported; /* the oldest entry that has its event */
	uint32_t report_count;
	uint32_t distinct;
	bool held;	  /* the bounds, at its last event */
	double sum, lost; /* lost: what rounding took from sum */
	/* TEMPORAL: by step, when it matched last. TEMPORAL_ORDERED: for each step and length, at
	 * [step * (step + 1) / 2 + length - 1], when the latest chain of so many steps in order that
	 * ends with it began. 0: never. */
	uint64_t times[];
};

static inline struct window *window_at(const struct cep *cep, uint32_t handle)
{
	return slab_at(&cep->slab, handle);
}
static inline struct entry *entry_at(const struct cep *cep, uint32_t handle)
{
	return slab_at(&cep->slab, handle);
}

/* The window of a group; made when there is none. 0: out of memory. */
uint32_t window_of_group(struct cep *cep, struct plan_state *plan, uint32_t group);
/* The window and its group. */
void window_free(struct cep *cep, struct plan_state *plan, uint32_t group);
/* Forgets what is older than cutoff_ns. */
void window_slide(
	struct cep *cep, const struct plan_state *plan, struct window *window, uint64_t cutoff_ns);
/* Adds an entry (copied; its links are set here); takes over the references to event and value.
 * false: out of memory, they are dropped. Without an event only while none has one. */
bool window_add(struct cep *cep, const struct plan_state *plan, struct window *window,
	const struct entry *entry);
/* The group that stands for a value of the window, counting one more use; 0: out of memory. The value
 * is written to *at behind window_value_begin(), into cep->key. */
void window_value_begin(struct cep *cep, const struct window *window, uint8_t **at);
uint32_t window_value(struct cep *cep, struct window *window, const uint8_t *at);
/* What was written; empty for 0. */
struct str window_value_text(const struct cep *cep, uint32_t value);
uint32_t window_times(const struct plan_state *plan); /* how many */
/* More never changes the answer (counts, steps), or is too much. */
uint32_t window_entries_max(const struct plan_state *plan);

/* aggregate.c */
struct aggregate {
	uint32_t count; /* entries that were looked at */
	double value;
	uint64_t steps; /* TEMPORAL: that have matched */
};
/* Of the entries up to time_ns. newest: the entry whose rank is wanted, for VALUE_RANK. */
struct aggregate window_aggregate(struct cep *cep, const struct plan_state *plan,
	const struct window *window, uint64_t time_ns, const struct entry *newest);
/* Do its bounds, or its terms, hold? Never without an entry. */
bool window_holds(const struct plan_state *plan, const struct aggregate *aggregate);
/* TEMPORAL and TEMPORAL_ORDERED: an event of these steps has come, in order. */
void window_note_steps(
	const struct plan_state *plan, struct window *window, uint64_t steps, uint64_t time_ns);
#endif
