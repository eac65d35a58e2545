/* Correlations: windows that slide with the events of each key. plan.h says what they mean. */
#include "detect/cep/window.h"

/* One key of the event at hand, and the steps that it has this key for. */
struct keyed {
	uint32_t group;
	uint64_t steps;
	uint32_t first; /* step */
};

static uint32_t keys_of(struct cep_context *context, struct keyed keyed[CEP_STEPS_MAX])
{
	struct cep *cep = context->cep;
	const struct plan_state *plan = context->plan;
	uint32_t count = 0, at;

	for (uint32_t i = 0; i < plan->plan->step_count; i++) {
		const struct cep_step *step = plan->steps[i].step;
		if ((plan->steps_matched >> i & 1) == 0 || !cep_step_holds(context, step) ||
			!cep_key_make(cep, context, step->keys))
			continue;
		uint32_t group = cep_group_find(cep, plan->number);
		if (group == 0)
			group = cep_group_make(cep, plan->number);
		if (group == 0)
			continue;
		for (at = 0; at < count && keyed[at].group != group;)
			at++;
		if (at == count)
			keyed[count++] = (struct keyed){.group = group, .first = i};
		keyed[at].steps |= UINT64_C(1) << i;
	}
	return count;
}

/* --- values --- */

static bool is_nothing(const struct value *value)
{
	return value == NULL || value->type == VALUE_NONE || value->type == VALUE_NULL ||
	       (value->type == VALUE_TEXT && value->len == 0);
}

static bool wants_numbers(const struct plan_state *plan)
{
	return plan->plan->aggregate >= CEP_VALUE_SUM && plan->plan->aggregate <= CEP_VALUE_MEDIAN;
}

/* An entry for one value; false: there is none in it. */
static bool make_entry(struct cep_context *context, struct window *window,
	const struct value *value, struct entry *entry)
{
	struct cep *cep = context->cep;
	uint8_t *at;

	entry->value = 0;
	if (is_nothing(value))
		return false;
	if (context->plan->plan->aggregate != CEP_VALUE_COUNT &&
		value_as_double(value, &entry->number))
		return entry->number == entry->number; /* a number */
	if (wants_numbers(context->plan))
		return false;
	window_value_begin(cep, window, &at);
	if (!cep_key_add(cep, &at, value, false))
		return false;
	entry->value = window_value(cep, window, at);
	return entry->value != 0;
}

/* Several fields together are one value; all must be there. */
static bool make_tuple(struct cep_context *context, const struct cep_step *step,
	struct window *window, struct entry *entry)
{
	struct cep *cep = context->cep;
	uint8_t *at;

	window_value_begin(cep, window, &at);
	for (uint32_t i = 0; i < context->plan->plan->value_count; i++) {
		const struct value *value = source_get(
			&context->source, step->values[i], &cep->scratch);
		if (value == NULL || !cep_key_add(cep, &at, value, false))
			return false;
	}
	entry->value = window_value(cep, window, at);
	return entry->value != 0;
}

static bool has_values(const struct plan_state *plan)
{
	return plan->plan->aggregate >= CEP_VALUE_COUNT && plan->plan->aggregate <= CEP_VALUE_RANK;
}

static uint32_t add_entry(
	struct cep_context *context, struct window *window, struct entry *entry, uint32_t event)
{
	struct cep *cep = context->cep;

	entry->event = capture_hold(&cep->slab, event);
	return window_add(cep, context->plan, window, entry);
}

/* Adds the event to the window; how many entries that were. last: the last of them. */
static uint32_t add_event(struct cep_context *context, const struct keyed *keyed,
	struct window *window, struct entry *last)
{
	struct cep *cep = context->cep;
	const struct step_state *step = &context->plan->steps[keyed->first];
	uint32_t event = cep_capture(cep, &context->source, &step->captures), added = 0;
	const struct value *value = NULL;

	*last = (struct entry){.time_ns = context->source.time_ns, .steps = keyed->steps};
	if (event == 0)
		return 0;
	if (has_values(context->plan) && context->plan->plan->value_count == 1)
		value = source_get(&context->source, step->step->values[0], &cep->scratch);
	if (!has_values(context->plan)) {
		added = add_entry(context, window, last, event);
	} else if (context->plan->plan->value_count != 1) {
		if (make_tuple(context, step->step, window, last))
			added = add_entry(context, window, last, event);
	} else if (value != NULL && value->type == VALUE_LIST) {
		for (uint32_t i = 0; i < value->len; i++)
			if (make_entry(context, window, &value->items[i], last))
				added += add_entry(context, window, last, event);
	} else if (make_entry(context, window, value, last)) {
		added = add_entry(context, window, last, event);
	}
	capture_drop(&cep->slab, event);
	return added;
}

/* --- matches --- */

/* The newest events of the window up to time_ns. */
static void tell(struct cep *cep, const struct plan_state *plan, const struct window *window,
	uint64_t time_ns, double aggregate)
{
	const struct cep_event **events;
	uint32_t count = 0, last = 0;

	for (uint32_t at = window->reported; at != 0; at = entry_at(cep, at)->after)
		count += entry_at(cep, at)->time_ns <= time_ns;
	struct cep_match *match = cep_match_add(cep, plan, count, &events);
	if (match == NULL)
		return;
	count = 0;
	for (uint32_t at = window->reported; at != 0; at = entry_at(cep, at)->after) {
		const struct entry *entry = entry_at(cep, at);
		if (entry->time_ns > time_ns || entry->event == last)
			continue; /* several values of one event */
		events[count++] = cep_match_event(cep, last = entry->event);
	}
	match->event_count = count;
	match->aggregate = aggregate;
	cep_match_keys_of_group(cep, match, group_at(cep, window->item.group));
}

/* The window moves to where its last event or, when it is judged at its end, its first is. */
static void place(
	struct cep *cep, struct plan_state *plan, uint32_t handle, bool is_new, uint64_t time_ns)
{
	struct item *item = item_at(cep, handle);

	if (!is_new && (plan->anchored || item->since_ns >= time_ns))
		return;
	if (!is_new)
		cep_list_remove(cep, &plan->live, handle);
	item->since_ns = time_ns;
	cep_list_add(cep, &plan->live, handle);
}

/* follows: events before this one are still in the window. */
static void judge(struct cep_context *context, struct window *window, bool follows,
	const struct entry *newest)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;
	uint64_t time_ns = context->source.time_ns;
	struct aggregate now = window_aggregate(cep, plan, window, time_ns, newest);
	bool rank = plan->plan->aggregate == CEP_VALUE_RANK;

	bool held = window->held && follows;
	window->held = window_holds(plan, &now);
	if (!window->held)
		return;
	if (rank || !held) {
		tell(cep, plan, window, time_ns, now.value);
		cep_completed(cep, plan, &context->source);
	} else {
		cep_still_holds(cep, plan, &context->source);
	}
}

static void run_key(struct cep_context *context, const struct keyed *keyed)
{
	struct cep *cep = context->cep;
	struct plan_state *plan = context->plan;
	uint64_t time_ns = context->source.time_ns, span = plan->plan->maxspan_ns;
	bool is_new = group_at(cep, keyed->group)->first == 0;
	uint32_t handle = window_of_group(cep, plan, keyed->group);
	struct entry last;

	if (handle == 0) {
		cep_group_free(cep, keyed->group);
		return;
	}
	struct window *window = window_at(cep, handle);
	if (is_new)
		place(cep, plan, handle, true, time_ns);
	if (!plan->anchored)
		window_slide(cep, plan, window, time_ns > span ? time_ns - span : 0);
	bool follows = window->count > 0;
	if (add_event(context, keyed, window, &last) == 0) {
		if (window->count == 0)
			window_free(cep, plan, keyed->group);
		return;
	}
	place(cep, plan, handle, false, time_ns);
	if (!has_values(plan) && plan->plan->aggregate != CEP_EVENT_COUNT)
		window_note_steps(plan, window, keyed->steps, time_ns);
	if (!plan->anchored)
		judge(context, window, follows, &last);
}

void cep_correlation_run(struct cep_context *context)
{
	struct keyed keyed[CEP_STEPS_MAX];
	uint32_t count = keys_of(context, keyed);

	for (uint32_t i = 0; i < count; i++)
		run_key(context, &keyed[i]);
}

/* The window ends: what a plan with "not" waited for. */
static void judge_at_end(struct cep *cep, struct plan_state *plan, uint32_t handle)
{
	struct window *window = window_at(cep, handle);
	uint64_t end_ns = entry_at(cep, window->tail)->time_ns;
	struct aggregate now = {.count = window->count};

	for (uint32_t i = 0; i < plan->plan->step_count; i++)
		if (window->times[i] != 0)
			now.steps |= UINT64_C(1) << i;
	now.value = __builtin_popcountll(now.steps);
	if (!window_holds(plan, &now))
		return;
	uint32_t newest = entry_at(cep, window->tail)->event;
	struct source source = {.event = capture_at(&cep->slab, newest), .time_ns = end_ns};
	tell(cep, plan, window, end_ns, now.value);
	cep_hold_output(cep, newest);
	cep_completed(cep, plan, &source);
}

void cep_correlation_due(struct cep *cep, struct timed_list *list, enum due_reason reason)
{
	struct plan_state *plan = list->plan;

	if (reason == DUE_EVICTED)
		cep->stats.evicted++;
	else if (plan->anchored)
		judge_at_end(cep, plan, list->first);
	else if (reason == DUE_EXPIRED)
		cep->stats.expired++;
	window_free(cep, plan, item_at(cep, list->first)->group);
}
