/* What one key of a sample or a join has. Internal to detect/cep. */
#ifndef MERLON_DETECT_CEP_GATHER_H
#define MERLON_DETECT_CEP_GATHER_H
#include "detect/cep/store.h"

/* A sample keeps the first events of each step, as many as there are steps: so many always leave a
 * choice. A join keeps one. */
struct gather {
	struct item item;  /* since its first event */
	bool done;	   /* a sample has been told */
	uint32_t events[]; /* by step, captured; 0: none yet */
};

static inline struct gather *gather_at(const struct cep *cep, uint32_t handle)
{
	return slab_at(&cep->slab, handle);
}
/* Room for so many events. */
uint32_t gather_events_max(const struct plan_state *plan);
/* The group of cep->key, made when there is none; 0: out of memory. */
uint32_t gather_of_key(struct cep *cep, struct plan_state *plan, uint64_t time_ns);
/* What the group has, and the group. */
void gather_free(struct cep *cep, struct plan_state *plan, uint32_t group);
#endif
