#include "detect/cep/window.h"

#include <math.h>
#include <stddef.h>

#define ENTRIES_SORTED 4096u  /* of windows whose values are put in order at each event */
#define ENTRIES_MAX    65536u /* of others */

uint32_t window_times(const struct plan_state *plan)
{
	uint32_t steps = plan->plan->step_count;

	if (plan->plan->aggregate == CEP_TEMPORAL)
		return steps;
	return plan->plan->aggregate == CEP_TEMPORAL_ORDERED ? steps * (steps + 1) / 2 : 0;
}

static size_t window_bytes(const struct plan_state *plan)
{
	return offsetof(struct window, times) + window_times(plan) * sizeof(uint64_t);
}

uint32_t window_entries_max(const struct plan_state *plan)
{
	double max = 0;

	switch (plan->plan->aggregate) {
	case CEP_EVENT_COUNT:
		for (uint32_t i = 0; i < plan->plan->bound_count; i++)
			max = fmax(max, plan->plan->bounds[i].number);
		return max < CEP_WINDOW_EVENTS	 ? CEP_WINDOW_EVENTS + 2
		       : max > ENTRIES_MAX * 16. ? ENTRIES_MAX * 16
						 : (uint32_t)max + 2;
	case CEP_TEMPORAL:
	case CEP_TEMPORAL_ORDERED:
		return CEP_WINDOW_EVENTS;
	case CEP_VALUE_PERCENTILE:
	case CEP_VALUE_MEDIAN:
	case CEP_VALUE_RANK:
		return ENTRIES_SORTED;
	default:
		return ENTRIES_MAX;
	}
}

uint32_t window_of_group(struct cep *cep, struct plan_state *plan, uint32_t group)
{
	if (group_at(cep, group)->first != 0)
		return group_at(cep, group)->first;
	uint32_t handle = slab_alloc(&cep->slab, window_bytes(plan));
	if (handle == 0)
		return 0;
	memset(window_at(cep, handle), 0, window_bytes(plan));
	window_at(cep, handle)->item.group = group;
	group_at(cep, group)->first = handle;
	cep->stats.partials++;
	return handle;
}

/* Exact for whole numbers, and for others as if summed with twice the digits. */
static void sum_add(struct window *window, double number)
{
	double sum = window->sum + number;

	if (fabs(window->sum) >= fabs(number))
		window->lost += (window->sum - sum) + number;
	else
		window->lost += (number - sum) + window->sum;
	window->sum = sum;
}

void window_value_begin(struct cep *cep, const struct window *window, uint8_t **at)
{
	*at = cep->key.bytes;
	(void)varint_write(at, cep->key.bytes + KEY_BYTES_MAX, window->item.group);
}

struct str window_value_text(const struct cep *cep, uint32_t value)
{
	uint64_t window;

	if (value == 0)
		return (struct str){0};
	struct group *group = group_at(cep, value);
	const uint8_t *at = group_key(group), *end = at + group->key_len;
	(void)varint_read(&at, end, &window);
	return str_n((const char *)at, (size_t)(end - at));
}

uint32_t window_value(struct cep *cep, struct window *window, const uint8_t *at)
{
	uint32_t number = cep->plan_count + cep->relation_count +
			  group_at(cep, window->item.group)->plan;
	cep_key_end(cep, number, at);
	uint32_t group = cep_group_find(cep, number);

	if (group == 0) {
		group = cep_group_make(cep, number);
		if (group == 0)
			return 0;
		window->distinct++;
	}
	group_at(cep, group)->first++; /* of such a group: how many entries have it */
	return group;
}

static void value_drop(struct cep *cep, struct window *window, uint32_t value)
{
	if (--group_at(cep, value)->first == 0) {
		cep_group_free(cep, value);
		window->distinct--;
	}
}

static void event_drop(struct cep *cep, struct window *window, struct entry *entry)
{
	if (entry->event == 0)
		return;
	capture_drop(&cep->slab, entry->event);
	entry->event = 0;
	window->reported = entry->after;
	window->report_count--;
}

static bool is_summed(const struct plan_state *plan)
{
	return plan->plan->aggregate == CEP_VALUE_SUM || plan->plan->aggregate == CEP_VALUE_AVG;
}

static void entry_free(
	struct cep *cep, const struct plan_state *plan, struct window *window, uint32_t handle)
{
	struct entry *entry = entry_at(cep, handle);

	event_drop(cep, window, entry);
	if (entry->value != 0)
		value_drop(cep, window, entry->value);
	if (is_summed(plan))
		sum_add(window, -entry->number);
	if (entry->after != 0)
		entry_at(cep, entry->after)->before = entry->before;
	else
		window->tail = entry->before;
	if (entry->before != 0)
		entry_at(cep, entry->before)->after = entry->after;
	else
		window->head = entry->after;
	slab_free(&cep->slab, handle, sizeof(*entry));
	if (--window->count == 0)
		window->sum = window->lost = 0;
}

void window_slide(
	struct cep *cep, const struct plan_state *plan, struct window *window, uint64_t cutoff_ns)
{
	while (window->head != 0 && entry_at(cep, window->head)->time_ns < cutoff_ns)
		entry_free(cep, plan, window, window->head);
}

void window_free(struct cep *cep, struct plan_state *plan, uint32_t group)
{
	uint32_t handle = group_at(cep, group)->first;
	struct window *window = window_at(cep, handle);

	window_slide(cep, plan, window, NO_LIMIT);
	cep_list_remove(cep, &plan->live, handle);
	slab_free(&cep->slab, handle, window_bytes(plan));
	cep_group_free(cep, group);
	cep->stats.partials--;
}

static void insert(struct cep *cep, struct window *window, uint32_t handle)
{
	struct entry *entry = entry_at(cep, handle);
	uint32_t before = window->tail;

	while (before != 0 && entry_at(cep, before)->time_ns > entry->time_ns)
		before = entry_at(cep, before)->before;
	entry->before = before;
	entry->after = before == 0 ? window->head : entry_at(cep, before)->after;
	if (before != 0)
		entry_at(cep, before)->after = handle;
	else
		window->head = handle;
	if (entry->after != 0)
		entry_at(cep, entry->after)->before = handle;
	else
		window->tail = handle;
}

/* Only the newest are named in a match: the new entry keeps its event when it is one of them. */
static void report(struct cep *cep, struct window *window, uint32_t handle)
{
	struct entry *entry = entry_at(cep, handle);
	bool older = entry->after != 0 &&
		     (entry->after == window->reported || entry_at(cep, entry->after)->event == 0);

	if (older && window->report_count >= CEP_WINDOW_EVENTS) {
		capture_drop(&cep->slab, entry->event);
		entry->event = 0;
		return;
	}
	if (window->report_count == 0 || older)
		window->reported = handle;
	window->report_count++;
	if (window->report_count > CEP_WINDOW_EVENTS)
		event_drop(cep, window, entry_at(cep, window->reported));
}

bool window_add(struct cep *cep, const struct plan_state *plan, struct window *window,
	const struct entry *new)
{
	uint32_t handle = slab_alloc(&cep->slab, sizeof(*new));

	if (handle == 0) {
		if (new->event != 0)
			capture_drop(&cep->slab, new->event);
		if (new->value != 0)
			value_drop(cep, window, new->value);
		return false;
	}
	*entry_at(cep, handle) = *new;
	insert(cep, window, handle);
	if (new->event != 0)
		report(cep, window, handle);
	window->count++;
	if (is_summed(plan))
		sum_add(window, new->number);
	if (window->count > window_entries_max(plan)) {
		cep->stats.evicted += plan->plan->aggregate != CEP_EVENT_COUNT &&
				      plan->plan->aggregate != CEP_TEMPORAL &&
				      plan->plan->aggregate != CEP_TEMPORAL_ORDERED;
		entry_free(cep, plan, window, window->head);
	}
	return true;
}
