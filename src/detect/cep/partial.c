#include "detect/cep/partial.h"

static struct timed_list *list_of(struct plan_state *plan, const struct partial *partial)
{
	return (partial->item.flags & PARTIAL_WAITING) != 0 ? &plan->waiting : &plan->live;
}

static void chain_drop(struct cep *cep, uint32_t chain)
{
	while (chain != 0) {
		struct link *link = link_at(cep, chain);
		if (--link->refs > 0)
			return;
		uint32_t next = link->chain;
		capture_drop(&cep->slab, link->event);
		slab_free(&cep->slab, chain, sizeof(*link));
		chain = next;
	}
}

void partial_unlink(struct cep *cep, uint32_t handle)
{
	struct partial *partial = partial_at(cep, handle);
	struct group *group = group_at(cep, partial->item.group);

	if (group->first == handle) {
		group->first = partial->item.next;
		return;
	}
	struct partial *at = partial_at(cep, group->first);
	while (at->item.next != handle)
		at = partial_at(cep, at->item.next);
	at->item.next = partial->item.next;
}

void partial_drop(struct cep *cep, struct plan_state *plan, uint32_t handle)
{
	struct partial *partial = partial_at(cep, handle);

	if (partial->last != 0)
		capture_drop(&cep->slab, partial->last);
	chain_drop(cep, partial->chain);
	cep_inner_free(cep, partial->item.group, handle, plan->partial_bytes);
	cep->stats.partials--;
}

void partial_free(struct cep *cep, struct plan_state *plan, uint32_t handle)
{
	struct partial *partial = partial_at(cep, handle);

	cep_list_remove(cep, list_of(plan, partial), handle);
	partial_unlink(cep, handle);
	partial_drop(cep, plan, handle);
}

void partial_link(struct cep *cep, struct plan_state *plan, uint32_t handle)
{
	struct partial *partial = partial_at(cep, handle);
	uint32_t *place = &group_at(cep, partial->item.group)->first;
	unsigned same = 0;

	while (*place != 0 && partial_at(cep, *place)->item.position > partial->item.position)
		place = &partial_at(cep, *place)->item.next;
	partial->item.next = *place;
	*place = handle;
	if (partial->item.position == 0 || (partial->item.flags & PARTIAL_WAITING) != 0)
		return;
	unsigned limit = plan->alternatives ? ALTERNATIVES_MAX : 1;
	for (uint32_t at = partial->item.next, next; at != 0; at = next) {
		next = partial_at(cep, at)->item.next;
		if (partial_at(cep, at)->item.position != partial->item.position)
			return;
		if (++same < limit)
			continue;
		cep->stats.evicted += plan->alternatives;
		partial_free(cep, plan, at);
		return;
	}
}

uint32_t partial_new(struct cep *cep, struct plan_state *plan, uint32_t group)
{
	uint32_t handle = cep_inner_take(cep, group, plan->partial_bytes);

	if (handle == 0)
		return 0;
	memset(partial_at(cep, handle), 0, plan->partial_bytes);
	partial_at(cep, handle)->item.group = group;
	cep->stats.partials++;
	return handle;
}

bool partial_push(struct cep *cep, struct partial *partial, const struct source *source,
	const struct capture_set *captures)
{
	uint32_t event = cep_capture(cep, source, captures), chain = partial->chain;

	if (event == 0)
		return false;
	if (partial->last != 0) {
		chain = slab_alloc(&cep->slab, sizeof(struct link));
		if (chain == 0) {
			capture_drop(&cep->slab, event);
			return false;
		}
		*link_at(cep, chain) = (struct link){
			.event = partial->last, .chain = partial->chain, .refs = 1};
	}
	partial->chain = chain;
	partial->last = event;
	return true;
}

uint32_t partial_fork(struct cep *cep, struct plan_state *plan, uint32_t handle)
{
	uint32_t group = partial_at(cep, handle)->item.group;
	uint32_t copy = cep_inner_take(cep, group, plan->partial_bytes);

	if (copy == 0)
		return 0;
	struct partial *partial = partial_at(cep, copy);
	memcpy(partial, partial_at(cep, handle), plan->partial_bytes);
	partial->item.block = 0;
	(void)capture_hold(&cep->slab, partial->last);
	if (partial->chain != 0)
		link_at(cep, partial->chain)->refs++;
	cep->stats.partials++;
	return copy;
}
