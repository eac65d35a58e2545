/* Samples and joins: one event for each step, in any order, all with the same keys. */
#include "detect/cep/gather.h"

#include <stddef.h>

uint32_t gather_events_max(const struct plan_state *plan)
{
	uint32_t steps = plan->plan->step_count;

	return plan->plan->type == CEP_SAMPLE ? steps * steps : steps;
}

static size_t gather_bytes(const struct plan_state *plan)
{
	return offsetof(struct gather, events) + gather_events_max(plan) * sizeof(uint32_t);
}

static void drop_events(struct cep *cep, const struct plan_state *plan, struct gather *gather)
{
	for (uint32_t i = 0; i < gather_events_max(plan); i++) {
		if (gather->events[i] != 0)
			capture_drop(&cep->slab, gather->events[i]);
		gather->events[i] = 0;
	}
}

void gather_free(struct cep *cep, struct plan_state *plan, uint32_t group)
{
	uint32_t handle = group_at(cep, group)->first;

	cep_list_remove(cep, &plan->live, handle);
	drop_events(cep, plan, gather_at(cep, handle));
	slab_free(&cep->slab, handle, gather_bytes(plan));
	cep_group_free(cep, group);
	cep->stats.partials--;
}

uint32_t gather_of_key(struct cep *cep, struct plan_state *plan, uint64_t time_ns)
{
	uint32_t group = cep_group_find(cep, plan->number);

	if (group != 0)
		return group;
	uint32_t handle = slab_alloc(&cep->slab, gather_bytes(plan));
	if (handle == 0)
		return 0;
	group = cep_group_make(cep, plan->number);
	if (group == 0) {
		slab_free(&cep->slab, handle, gather_bytes(plan));
		return 0;
	}
	memset(gather_at(cep, handle), 0, gather_bytes(plan));
	gather_at(cep, handle)->item = (struct item){.since_ns = time_ns, .group = group};
	group_at(cep, group)->first = handle;
	cep_list_add(cep, &plan->live, handle);
	cep->stats.partials++;
	return group;
}

/* chosen: by step, captured. context NULL: the keys are the group's. */
static void tell(struct cep *cep, struct plan_state *plan, uint32_t group, const uint32_t *chosen,
	const struct cep_context *context)
{
	uint32_t count = plan->plan->step_count, newest = chosen[0];
	const struct cep_event **events;
	struct cep_match *match = cep_match_add(cep, plan, count, &events);

	for (uint32_t i = 0; i < count; i++) {
		if (match != NULL)
			events[i] = cep_match_event(cep, chosen[i]);
		if (capture_at(&cep->slab, chosen[i])->time_ns >
			capture_at(&cep->slab, newest)->time_ns)
			newest = chosen[i];
	}
	if (match != NULL)
		cep_match_keys_of_group(cep, match, group_at(cep, group));
	if (context != NULL) {
		cep_completed(cep, plan, &context->source);
	} else {
		struct captured *event = capture_at(&cep->slab, newest);
		struct source source = {.event = event, .time_ns = event->time_ns};
		cep_hold_output(cep, newest);
		cep_completed(cep, plan, &source);
	}
}

/* --- joins --- */

static void run_join_until(struct cep_context *context)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;
	const struct cep_step *until = plan->plan->until;

	if (!cep_key_make(cep, context, until->keys) || !cep_step_holds(context, until))
		return;
	uint32_t group = cep_group_find(cep, plan->number);
	if (group != 0)
		gather_free(cep, plan, group);
}

static void run_join_step(struct cep_context *context, uint32_t number)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;
	const struct step_state *step = &plan->steps[number];
	uint32_t filled = 0;

	if (!cep_key_make(cep, context, step->step->keys) || !cep_step_holds(context, step->step))
		return;
	uint32_t group = gather_of_key(cep, plan, context->source.time_ns);
	if (group == 0)
		return;
	struct gather *gather = gather_at(cep, group_at(cep, group)->first);
	if (gather->events[number] == 0)
		gather->events[number] = cep_capture(cep, &context->source, &step->captures);
	for (uint32_t i = 0; i < plan->plan->step_count; i++)
		filled += gather->events[i] != 0;
	if (filled == plan->plan->step_count)
		tell(cep, plan, group, gather->events, context);
	if (filled == plan->plan->step_count || filled == 0)
		gather_free(cep, plan, group);
}

void cep_join_run(struct cep_context *context)
{
	const struct plan_state *plan = context->plan;

	if (plan->until_matched)
		run_join_until(context);
	for (uint32_t i = 0; i < plan->plan->step_count; i++)
		if ((plan->steps_matched >> i & 1) != 0)
			run_join_step(context, i);
}

/* --- samples --- */

static bool same_event(const struct cep *cep, uint32_t a, uint32_t b)
{
	struct origin x, y;
	const uint8_t *end;

	if (a == b)
		return true;
	(void)capture_fields(capture_at(&cep->slab, a), &x, &end);
	(void)capture_fields(capture_at(&cep->slab, b), &y, &end);
	return x.index == y.index && x.time_ns == y.time_ns;
}

/* Which event of which step is taken: choice[step], UINT32_MAX none yet. */
struct choice {
	const struct cep *cep;
	const struct gather *gather;
	uint32_t count; /* steps */
	uint32_t fixed; /* steps before this one have made their choice for good */
	uint32_t taken[CEP_STEPS_MAX];
};

/* Who has the event, or count. */
static uint32_t owner_of(const struct choice *choice, uint32_t event)
{
	for (uint32_t i = 0; i < choice->count; i++)
		if (choice->taken[i] != 0 && same_event(choice->cep, choice->taken[i], event))
			return i;
	return choice->count;
}

/* Finds an event for the step, moving others to other events where needed: a search in breadth over
 * steps, each asked once. Whoever has chosen for good keeps its event. */
static bool assign(struct choice *choice, uint32_t start)
{
	uint32_t queue[CEP_STEPS_MAX], head = 0, tail = 0, from[CEP_STEPS_MAX];
	uint32_t wish
		[CEP_STEPS_MAX]; /* what the step at the other end gives up: the asker's event */
	uint64_t seen = UINT64_C(1) << start;

	queue[tail++] = start;
	while (head < tail) {
		uint32_t step = queue[head++];
		const uint32_t *events = &choice->gather->events[step * choice->count];
		for (uint32_t i = 0; i < choice->count && events[i] != 0; i++) {
			uint32_t owner = owner_of(choice, events[i]);
			if (owner == choice->count) {
				uint32_t event = events[i];
				for (uint32_t at = step;; at = from[at]) {
					choice->taken[at] = event;
					if (at == start)
						return true;
					event = wish[at];
				}
			}
			if (owner < choice->fixed || (seen >> owner & 1) != 0)
				continue;
			seen |= UINT64_C(1) << owner;
			from[owner] = step;
			wish[owner] = events[i];
			queue[tail++] = owner;
		}
	}
	return false;
}

/* The first choice in the order of steps and events in which no event is used twice. */
static bool choose(struct choice *choice)
{
	for (uint32_t i = 0; i < choice->count; i++)
		if (!assign(choice, i))
			return false;
	for (uint32_t step = 0; step < choice->count; step++) {
		const uint32_t *events = &choice->gather->events[step * choice->count];
		for (uint32_t i = 0; events[i] != choice->taken[step]; i++) {
			struct choice other = *choice;
			uint32_t owner = owner_of(choice, events[i]);
			if (owner < step)
				continue;
			other.taken[step] = events[i];
			other.fixed = step + 1;
			if (owner < choice->count)
				other.taken[owner] = 0;
			if (owner == choice->count || assign(&other, owner)) {
				*choice = other;
				break;
			}
		}
		choice->fixed = step + 1;
	}
	return true;
}

static bool tell_sample(
	struct cep *cep, struct plan_state *plan, uint32_t group, const struct cep_context *context)
{
	struct gather *gather = gather_at(cep, group_at(cep, group)->first);
	struct choice choice = {.cep = cep, .gather = gather, .count = plan->plan->step_count};

	if (!choose(&choice))
		return false;
	tell(cep, plan, group, choice.taken, context);
	gather->done = true;
	drop_events(cep, plan, gather);
	return true;
}

static void add_to_sample(struct cep_context *context, uint32_t number, uint32_t group)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;
	struct gather *gather = gather_at(cep, group_at(cep, group)->first);
	uint32_t *events = &gather->events[number * plan->plan->step_count], at = 0;

	while (at < plan->plan->step_count && events[at] != 0)
		at++;
	if (at < plan->plan->step_count)
		events[at] = cep_capture(cep, &context->source, &plan->steps[number].captures);
}

/* The event is of the step, and of cep->key. */
static void take_sample(struct cep_context *context, uint32_t number)
{
	struct cep *cep = context->cep;
	uint32_t group = gather_of_key(cep, context->plan, context->source.time_ns);

	if (group == 0 || gather_at(cep, group_at(cep, group)->first)->done)
		return;
	add_to_sample(context, number, group);
	(void)cep_handles_add(&cep->walk, group);
}

/* Every step that the event matches takes it before anything is told. */
void cep_sample_run(struct cep_context *context)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;

	cep->walk.count = 0;
	for (uint32_t i = 0; i < plan->plan->step_count; i++) {
		const struct cep_step *step = plan->steps[i].step;
		struct key_choice choice;
		if ((plan->steps_matched >> i & 1) == 0 || !cep_step_holds(context, step))
			continue;
		for (bool more = cep_keys_first(cep, context, step->keys, &choice); more;
			more = cep_keys_next(cep, context, step->keys, &choice))
			take_sample(context, i);
	}
	for (uint32_t i = 0; i < cep->walk.count && !cep->options.whole; i++) {
		uint32_t group = cep->walk.items[i];
		if (!gather_at(cep, group_at(cep, group)->first)->done)
			(void)tell_sample(cep, plan, group, context);
	}
}

void cep_gather_due(struct cep *cep, struct timed_list *list, enum due_reason reason)
{
	struct plan_state *plan = list->plan;
	uint32_t group = item_at(cep, list->first)->group;

	if (reason == DUE_EVICTED)
		cep->stats.evicted++;
	else if (plan->plan->type == CEP_SAMPLE && cep->options.whole)
		(void)tell_sample(cep, plan, group, NULL);
	else if (reason == DUE_EXPIRED)
		cep->stats.expired++;
	gather_free(cep, plan, group);
}
