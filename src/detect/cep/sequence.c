/* Sequences: docs/CEP.md says what they mean. Of one key's partial matches at most one waits at a
 * position, unless tests choose between several. */
#include "detect/cep/partial.h"

/* The events of a partial match into a match; now: the one at hand, at the last position, or NULL
 * when that has been captured, too. */
static void fill(struct cep *cep, const struct plan_state *plan, const struct partial *partial,
	const struct cep_event **events, const struct cep_event *now)
{
	uint32_t position = plan->position_count, chain = partial->chain, event = partial->last;

	for (uint32_t i = 0; i < plan->event_count; i++)
		events[i] = NULL;
	if (now != NULL)
		events[plan->place_of[--position]] = now;
	while (position > 0 && event != 0) {
		events[plan->place_of[--position]] = cep_match_event(cep, event);
		event = chain == 0 ? 0 : link_at(cep, chain)->event;
		chain = chain == 0 ? 0 : link_at(cep, chain)->chain;
	}
}

static void complete_now(
	struct cep *cep, const struct cep_context *context, const struct partial *partial)
{
	struct plan_state *plan = context->plan;
	const struct step_state *last = &plan->steps[plan->last_step];
	const struct cep_event **events;
	struct cep_match *match = cep_match_add(cep, plan, plan->event_count, &events);

	if (match != NULL) {
		fill(cep, plan, partial, events,
			cep_event_now(cep, &context->source, &last->captures));
		cep_match_keys(cep, match, context, last->step->keys);
	}
	cep_completed(cep, plan, &context->source);
}

/* Time has shown that no missing event came. */
static void complete_waiting(struct cep *cep, struct plan_state *plan, uint32_t handle)
{
	struct partial *partial = partial_at(cep, handle);
	const struct cep_event **events;
	struct cep_match *match = cep_match_add(cep, plan, plan->event_count, &events);
	struct captured *last = capture_at(&cep->slab, partial->last);
	struct source source = {.event = last, .time_ns = last->time_ns};

	if (match != NULL) {
		fill(cep, plan, partial, events, NULL);
		cep_match_keys_of_group(cep, match, group_at(cep, partial->item.group));
	}
	cep_hold_output(cep, partial->last); /* source may be looked at after the partial match */
	cep_completed(cep, plan, &source);
}

static void release_if_empty(struct cep *cep, uint32_t group)
{
	if (group_at(cep, group)->first == 0)
		cep_group_free(cep, group);
}

void cep_sequence_due(struct cep *cep, struct timed_list *list, enum due_reason reason)
{
	uint32_t handle = list->first, group = item_at(cep, handle)->group;
	bool begun = partial_at(cep, handle)->item.position > 0;

	if (reason == DUE_EVICTED)
		cep->stats.evicted++;
	else if (list->waiting)
		complete_waiting(cep, list->plan, handle);
	else if (reason == DUE_EXPIRED)
		cep->stats.expired += begun;
	partial_free(cep, list->plan, handle);
	release_if_empty(cep, group);
}

/* Do leading or trailing missing events forbid the match that the event of time_ns completes, or
 * make it wait? since: of what it then waits for. */
enum verdict { VERDICT_DROP, VERDICT_COMPLETE, VERDICT_WAIT };
static enum verdict judge(const struct plan_state *plan, const struct partial_missing *partial,
	uint64_t time_ns, uint64_t *since)
{
	*since = partial->partial.item.since_ns;
	if ((partial->partial.item.flags & PARTIAL_SPOILED) != 0)
		return VERDICT_DROP;
	if (!plan->leading)
		return plan->trailing ? VERDICT_WAIT : VERDICT_COMPLETE;
	if (partial->lead_ns == 0 || time_ns - partial->lead_ns > plan->live.span_ns)
		return VERDICT_COMPLETE;
	*since = partial->lead_ns;
	return plan->trailing ? VERDICT_WAIT : VERDICT_DROP;
}

static void drop_listed(struct cep *cep, struct plan_state *plan, uint32_t handle)
{
	cep_list_remove(cep, &plan->live, handle);
	partial_drop(cep, plan, handle);
}

/* All steps have matched, the last by the event at hand. The partial match is in no group. */
static void finish(struct cep *cep, const struct cep_context *context, uint32_t handle)
{
	struct plan_state *plan = context->plan;
	struct partial *partial = partial_at(cep, handle);
	uint64_t since = partial->item.since_ns;
	enum verdict verdict = VERDICT_COMPLETE;

	if (plan->missing)
		verdict = judge(
			plan, partial_missing_at(cep, handle), context->source.time_ns, &since);
	if (verdict == VERDICT_COMPLETE)
		complete_now(cep, context, partial);
	if (verdict != VERDICT_WAIT || !partial_push(cep, partial, &context->source,
					       &plan->steps[plan->last_step].captures)) {
		drop_listed(cep, plan, handle);
		return;
	}
	cep_list_remove(cep, &plan->live, handle);
	partial->item.since_ns = since;
	partial->item.flags |= PARTIAL_WAITING;
	cep_list_add(cep, &plan->waiting, handle);
	partial_link(cep, plan, handle);
}

/* The event is the next of the partial match, which is in the list of live ones but in no group. */
static void take(struct cep *cep, const struct cep_context *context, const struct step_state *step,
	uint32_t handle)
{
	struct plan_state *plan = context->plan;
	struct partial *partial = partial_at(cep, handle);

	if (plan->missing) {
		struct partial_missing *missing = partial_missing_at(cep, handle);
		if (missing->spoil_ns != 0 && missing->spoil_ns < context->source.time_ns)
			partial->item.flags |= PARTIAL_SPOILED;
		missing->spoil_ns = 0;
	}
	partial->item.position++;
	if (partial->item.position == plan->position_count)
		finish(cep, context, handle);
	else if (partial_push(cep, partial, &context->source, &step->captures))
		partial_link(cep, plan, handle);
	else
		drop_listed(cep, plan, handle);
}

/* An event that comes late does not overwrite what a later one has left. */
static bool comes_too_late(const struct cep_context *context, uint32_t group, uint32_t position)
{
	const struct cep *cep = context->cep;

	if (context->source.time_ns >= cep->now_ns || context->plan->alternatives ||
		position == context->plan->position_count)
		return false;
	for (uint32_t at = group_at(cep, group)->first; at != 0;
		at = partial_at(cep, at)->item.next)
		if (partial_at(cep, at)->item.position == position &&
			partial_last_ns(cep, partial_at(cep, at)) > context->source.time_ns)
			return true;
	return false;
}

/* Does the step's condition hold for the event behind this partial match? */
static bool holds_behind(
	struct cep_context *context, const struct cep_step *step, const struct partial *partial)
{
	context->last = partial->last;
	context->chain = partial->chain;
	context->position = partial->item.position;
	bool ret = cep_step_holds(context, step);
	context->last = context->chain = 0;
	return ret;
}

/* Is the event the next of this partial match? */
static bool follows(struct cep_context *context, const struct cep_step *step, uint32_t handle)
{
	struct cep *cep = context->cep;
	const struct partial *partial = partial_at(cep, handle);

	if (partial_last_ns(cep, partial) > context->source.time_ns ||
		context->source.time_ns - partial->item.since_ns > context->plan->live.span_ns)
		return false;
	return holds_behind(context, step, partial);
}

/* The partial matches of the group that wait for a run of the step, later ones first. */
static bool candidates(struct cep *cep, const struct group *group, uint32_t first, uint32_t end)
{
	cep->walk.count = 0;
	for (uint32_t at = group->first; at != 0; at = partial_at(cep, at)->item.next) {
		uint32_t position = partial_at(cep, at)->item.position;
		if (position < first)
			break;
		if (position < end && position > 0 && !cep_handles_add(&cep->walk, at))
			return false;
	}
	return cep->walk.count > 0;
}

/* Of several at one position the newest that the event follows goes on; older ones that it follows,
 * too, are overwritten, as if what the test compares were a key. */
static void advance(struct cep_context *context, const struct step_state *step, uint32_t group)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;
	uint32_t end = step->first + step->step->runs, taken = UINT32_MAX;

	if (!candidates(cep, group_at(cep, group), step->first, end))
		return;
	for (uint32_t i = 0; i < cep->walk.count; i++) {
		uint32_t handle = cep->walk.items[i];
		uint32_t position = partial_at(cep, handle)->item.position;
		if (!follows(context, step->step, handle) ||
			comes_too_late(context, group, position + 1))
			continue;
		if (taken == position) {
			if (!step->step->fork)
				partial_free(cep, plan, handle);
			continue;
		}
		taken = position;
		if (step->step->fork) {
			handle = partial_fork(cep, plan, handle);
			if (handle != 0)
				cep_list_add_after(cep, &plan->live, cep->walk.items[i], handle);
		} else {
			partial_unlink(cep, handle);
		}
		if (handle != 0)
			take(cep, context, step, handle);
	}
}

/* The group's record of leading missing events, or 0. Of all that are listed it stands last. */
static uint32_t lead_find(const struct cep *cep, const struct group *group)
{
	uint32_t at = group->first;

	while (at != 0 && partial_at(cep, at)->item.position > 0)
		at = partial_at(cep, at)->item.next;
	return at;
}

static void lead_note(struct cep *cep, const struct cep_context *context)
{
	struct plan_state *plan = context->plan;
	uint64_t time_ns = context->source.time_ns;
	uint32_t group = cep_group_find(cep, plan->number), handle;

	if (group == 0)
		group = cep_group_make(cep, plan->number);
	if (group == 0)
		return;
	handle = lead_find(cep, group_at(cep, group));
	if (handle == 0) {
		handle = partial_new(cep, plan, group);
		if (handle == 0) {
			release_if_empty(cep, group);
			return;
		}
		partial_link(cep, plan, handle);
	} else {
		cep_list_remove(cep, &plan->live, handle);
	}
	struct partial_missing *lead = partial_missing_at(cep, handle);
	uint64_t newest = lead->partial.item.since_ns;
	if (time_ns > newest) {
		lead->lead_ns = newest;
		lead->partial.item.since_ns = time_ns;
	} else if (time_ns < newest && time_ns > lead->lead_ns) {
		lead->lead_ns = time_ns;
	}
	cep_list_add(cep, &plan->live, handle);
}

static void begin(struct cep_context *context, const struct step_state *step, uint32_t group)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;
	uint64_t time_ns = context->source.time_ns;
	uint32_t lead = 0, handle;

	if (group == 0)
		group = cep_group_make(cep, plan->number);
	if (group == 0)
		return;
	if (comes_too_late(context, group, 1)) {
		release_if_empty(cep, group);
		return;
	}
	if (plan->leading)
		lead = lead_find(cep, group_at(cep, group));
	handle = partial_new(cep, plan, group);
	if (handle != 0) {
		partial_at(cep, handle)->item.since_ns = time_ns;
		if (lead != 0) {
			const struct partial_missing *record = partial_missing_at(cep, lead);
			uint64_t newest = record->partial.item.since_ns;
			partial_missing_at(cep, handle)->lead_ns = newest < time_ns
									   ? newest
									   : record->lead_ns;
		}
		cep_list_add(cep, &plan->live, handle);
		take(cep, context, step, handle);
	}
	release_if_empty(cep, group);
}

/* With many keys alive each of these lies in a line of memory of its own, which takes longer to come
 * than all else: ask for them at once. */
static void prefetch(const struct cep *cep, uint32_t group)
{
	uint32_t handle = group_at(cep, group)->first;

	if (handle == 0 || partial_at(cep, handle)->last == 0)
		return;
	const struct partial *partial = partial_at(cep, handle);
	if (partial->item.block != 0)
		__builtin_prefetch(slab_at(&cep->slab, partial->item.block));
	const char *event = slab_at(&cep->slab, partial->last);
	__builtin_prefetch(event);
	__builtin_prefetch(event + CACHE_LINE);
}

static void run_step(struct cep_context *context, const struct step_state *step)
{
	struct cep *cep = context->cep;
	uint32_t group = cep_group_find(cep, context->plan->number);

	if (group != 0) {
		prefetch(cep, group);
		advance(context, step, group);
	}
	if (step->first == 0 && cep_step_holds(context, step->step))
		begin(context, step, group);
	else if (group != 0)
		release_if_empty(cep, group);
}

static void run_missing(struct cep_context *context, const struct step_state *step)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;
	uint64_t time_ns = context->source.time_ns;
	uint32_t group, next;

	if (step->first == 0) {
		if (cep_step_holds(context, step->step))
			lead_note(cep, context);
		return;
	}
	group = cep_group_find(cep, plan->number);
	if (group == 0)
		return;
	for (uint32_t at = group_at(cep, group)->first; at != 0; at = next) {
		struct partial_missing *missing = partial_missing_at(cep, at);
		next = missing->partial.item.next;
		if (missing->partial.item.position != step->first ||
			partial_last_ns(cep, &missing->partial) >= time_ns ||
			!holds_behind(context, step->step, &missing->partial))
			continue;
		if ((missing->partial.item.flags & PARTIAL_WAITING) != 0)
			partial_free(cep, plan, at);
		else if (missing->spoil_ns == 0 || missing->spoil_ns > time_ns)
			missing->spoil_ns = time_ns;
	}
	release_if_empty(cep, group);
}

/* Ends what has begun; not what only waits for missing events to stay away. */
static void run_until(struct cep_context *context, const struct step_state *step)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;
	uint32_t group = cep_group_find(cep, plan->number), next;

	(void)step;
	if (group == 0)
		return;
	for (uint32_t at = group_at(cep, group)->first; at != 0; at = next) {
		const struct partial *partial = partial_at(cep, at);
		next = partial->item.next;
		if (partial->item.position > 0 && (partial->item.flags & PARTIAL_WAITING) == 0 &&
			partial_last_ns(cep, partial) <= context->source.time_ns)
			partial_free(cep, plan, at);
	}
	release_if_empty(cep, group);
}

/* For each key of the event. */
static void run_keys(struct cep_context *context, const struct cep_value *keys,
	const struct step_state *step,
	void (*run)(struct cep_context *context, const struct step_state *step))
{
	struct cep *cep = context->cep;
	struct key_choice choice;

	context->choice = &choice;
	for (bool more = cep_keys_first(cep, context, keys, &choice); more;
		more = cep_keys_next(cep, context, keys, &choice))
		run(context, step);
	context->choice = NULL;
}

void cep_sequence_run(struct cep_context *context)
{
	const struct plan_state *plan = context->plan;
	const struct cep_step *until = plan->plan->until;
	bool ends = plan->until_matched && cep_step_holds(context, until);

	if (ends && plan->plan->until_first)
		run_keys(context, until->keys, NULL, run_until);
	for (uint32_t i = plan->plan->step_count; i > 0; i--) {
		const struct step_state *step = &plan->steps[i - 1];
		if ((plan->steps_matched >> (i - 1) & 1) != 0)
			run_keys(context, step->step->keys, step,
				step->step->missing ? run_missing : run_step);
	}
	if (ends && !plan->plan->until_first)
		run_keys(context, until->keys, NULL, run_until);
}
