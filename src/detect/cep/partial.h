/* Partial matches of sequences: their events, their place among those of the same key, and their
 * turn to expire. Internal to detect/cep. */
#ifndef MERLON_DETECT_CEP_PARTIAL_H
#define MERLON_DETECT_CEP_PARTIAL_H
#include "detect/cep/store.h"

static inline struct partial *partial_at(const struct cep *cep, uint32_t handle)
{
	return slab_at(&cep->slab, handle);
}
/* Only of plans with missing events. */
static inline struct partial_missing *partial_missing_at(const struct cep *cep, uint32_t handle)
{
	return slab_at(&cep->slab, handle);
}
static inline struct link *link_at(const struct cep *cep, uint32_t handle)
{
	return slab_at(&cep->slab, handle);
}
static inline uint64_t partial_last_ns(const struct cep *cep, const struct partial *partial)
{
	return capture_at(&cep->slab, partial->last)->time_ns;
}

/* Cleared, in no list; 0: out of memory. */
uint32_t partial_new(struct cep *cep, struct plan_state *plan, uint32_t group);
/* The same events; in no list. 0: out of memory. */
uint32_t partial_fork(struct cep *cep, struct plan_state *plan, uint32_t handle);
/* One that is in no list. */
void partial_drop(struct cep *cep, struct plan_state *plan, uint32_t handle);
/* Out of its lists, and dropped. */
void partial_free(struct cep *cep, struct plan_state *plan, uint32_t handle);
/* The event becomes its newest; false when memory ran out, and nothing has changed. */
bool partial_push(struct cep *cep, struct partial *partial, const struct source *source,
	const struct capture_set *captures);

/* In its group: behind those of later positions; the newest comes first. What waited at the same
 * position is overwritten, or, where tests choose, the oldest goes when they become too many. */
void partial_link(struct cep *cep, struct plan_state *plan, uint32_t handle);
void partial_unlink(struct cep *cep, uint32_t handle);
#endif
