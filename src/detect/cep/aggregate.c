/* What a window's entries come to, and whether that meets the bounds of its plan. */
#include "detect/cep/window.h"

#include <math.h>
#include <stdlib.h>

static uint64_t cutoff(const struct plan_state *plan, uint64_t time_ns)
{
	return time_ns > plan->plan->maxspan_ns ? time_ns - plan->plan->maxspan_ns : 0;
}

static bool within(uint64_t noted_ns, uint64_t cutoff_ns)
{
	return noted_ns != 0 && noted_ns >= cutoff_ns;
}

static uint64_t *chains_of(struct window *window, uint32_t step)
{
	return window->times + (size_t)step * (step + 1) / 2;
}

/* Later steps first, so that the event takes but one place in each chain. */
static void note_chains(
	const struct plan_state *plan, struct window *window, uint64_t steps, uint64_t time_ns)
{
	for (uint32_t step = plan->plan->step_count; step-- > 0;) {
		uint64_t *chains = chains_of(window, step);
		if ((steps >> step & 1) == 0)
			continue;
		chains[0] = time_ns;
		for (uint32_t len = 1; len <= step; len++)
			for (uint32_t before = len - 1; before < step; before++) {
				uint64_t began = chains_of(window, before)[len - 1];
				if (began > chains[len])
					chains[len] = began;
			}
	}
}

void window_note_steps(
	const struct plan_state *plan, struct window *window, uint64_t steps, uint64_t time_ns)
{
	if (plan->plan->aggregate == CEP_TEMPORAL_ORDERED) {
		note_chains(plan, window, steps, time_ns);
		return;
	}
	for (uint32_t i = 0; i < plan->plan->step_count; i++)
		if ((steps >> i & 1) != 0 && time_ns > window->times[i])
			window->times[i] = time_ns;
}

static uint32_t longest_noted(
	const struct plan_state *plan, const struct window *window, uint64_t cutoff_ns)
{
	uint32_t longest = 0;

	for (uint32_t step = 0; step < plan->plan->step_count; step++) {
		const uint64_t *chains = window->times + (size_t)step * (step + 1) / 2;
		for (uint32_t len = longest; len <= step; len++)
			if (within(chains[len], cutoff_ns))
				longest = len + 1;
	}
	return longest;
}

/* For an event that came late: from the events that are still named. */
static uint32_t longest_of_entries(const struct cep *cep, const struct plan_state *plan,
	const struct window *window, uint64_t time_ns)
{
	uint32_t best[CEP_STEPS_MAX] = {0}, longest = 0;
	uint64_t cutoff_ns = cutoff(plan, time_ns);

	for (uint32_t at = window->head; at != 0; at = entry_at(cep, at)->after) {
		const struct entry *entry = entry_at(cep, at);
		if (entry->time_ns > time_ns)
			break;
		for (uint32_t step = plan->plan->step_count; step-- > 0;) {
			uint32_t len = 0;
			if ((entry->steps >> step & 1) == 0 || entry->time_ns < cutoff_ns)
				continue;
			for (uint32_t before = 0; before < step; before++)
				len = best[before] > len ? best[before] : len;
			if (len + 1 > best[step])
				best[step] = len + 1;
			longest = best[step] > longest ? best[step] : longest;
		}
	}
	return longest;
}

static struct aggregate of_steps(const struct cep *cep, const struct plan_state *plan,
	const struct window *window, uint64_t time_ns)
{
	bool late = window->tail != 0 && entry_at(cep, window->tail)->time_ns > time_ns;
	struct aggregate ret = {.count = window->count};
	uint64_t cutoff_ns = cutoff(plan, time_ns);

	if (plan->plan->aggregate == CEP_TEMPORAL_ORDERED) {
		ret.value = late ? longest_of_entries(cep, plan, window, time_ns)
				 : longest_noted(plan, window, cutoff_ns);
		return ret;
	}
	if (late) {
		for (uint32_t at = window->head; at != 0; at = entry_at(cep, at)->after)
			if (entry_at(cep, at)->time_ns <= time_ns &&
				entry_at(cep, at)->time_ns >= cutoff_ns)
				ret.steps |= entry_at(cep, at)->steps;
	} else {
		for (uint32_t i = 0; i < plan->plan->step_count; i++)
			if (within(window->times[i], cutoff_ns))
				ret.steps |= UINT64_C(1) << i;
	}
	ret.value = __builtin_popcountll(ret.steps);
	return ret;
}

/* Is the entry among those that an event of time_ns is judged with? */
static bool counts(const struct plan_state *plan, const struct entry *entry, uint64_t time_ns)
{
	return entry->time_ns <= time_ns && entry->time_ns >= cutoff(plan, time_ns);
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Between the neighbours of rank (n - 1) * percentile / 100. */
static double percentile(double *numbers, uint32_t count, double percent)
{
	double rank = (count - 1) * percent / 100, below = floor(rank);
	uint32_t at = (uint32_t)below;

	qsort(numbers, count, sizeof(*numbers), compare_numbers);
	return at + 1 >= count ? numbers[count - 1]
			       : numbers[at] + (numbers[at + 1] - numbers[at]) * (rank - below);
}

static struct aggregate of_sorted(struct cep *cep, const struct plan_state *plan,
	const struct window *window, uint64_t time_ns)
{
	double *numbers = arena_alloc(&cep->scratch, (window->count + 1) * sizeof(*numbers));
	struct aggregate ret = {.count = 0};

	if (numbers == NULL)
		return ret;
	for (uint32_t at = window->head; at != 0; at = entry_at(cep, at)->after)
		if (counts(plan, entry_at(cep, at), time_ns))
			numbers[ret.count++] = entry_at(cep, at)->number;
	if (ret.count > 0)
		ret.value = percentile(numbers, ret.count,
			plan->plan->aggregate == CEP_VALUE_MEDIAN ? 50 : plan->plan->percentile);
	arena_shrink(&cep->scratch, numbers, (window->count + 1) * sizeof(*numbers), 0);
	return ret;
}

static struct aggregate of_rank(const struct cep *cep, const struct plan_state *plan,
	const struct window *window, uint64_t time_ns, const struct entry *own)
{
	struct aggregate ret = {.count = 0};
	uint32_t alike = 0;

	for (uint32_t at = window->head; at != 0; at = entry_at(cep, at)->after) {
		const struct entry *entry = entry_at(cep, at);
		if (!counts(plan, entry, time_ns))
			continue;
		ret.count++;
		if (own == NULL)
			continue;
		alike += own->value != 0 ? entry->value == own->value
					 : entry->value == 0 && entry->number <= own->number;
	}
	if (ret.count > 0)
		ret.value = 100. * alike / ret.count;
	return ret;
}

/* For an event that came late, of values that are only known as groups: how many different ones. */
static uint32_t distinct_until(struct cep *cep, const struct plan_state *plan,
	const struct window *window, uint64_t time_ns)
{
	uint32_t distinct = 0;

	for (uint32_t at = window->head; at != 0; at = entry_at(cep, at)->after) {
		const struct entry *entry = entry_at(cep, at);
		bool first = counts(plan, entry, time_ns);
		for (uint32_t k = entry->before; first && k != 0; k = entry_at(cep, k)->before)
			first = entry_at(cep, k)->value != entry->value ||
				!counts(plan, entry_at(cep, k), time_ns);
		distinct += first;
	}
	return distinct;
}

static struct aggregate of_late(struct cep *cep, const struct plan_state *plan,
	const struct window *window, uint64_t time_ns)
{
	struct aggregate ret = {.count = 0};
	double sum = 0;

	for (uint32_t at = window->head; at != 0; at = entry_at(cep, at)->after) {
		const struct entry *entry = entry_at(cep, at);
		if (!counts(plan, entry, time_ns))
			continue;
		ret.count++;
		sum += entry->number;
	}
	switch (plan->plan->aggregate) {
	case CEP_EVENT_COUNT:
		ret.value = ret.count;
		break;
	case CEP_VALUE_COUNT:
		ret.value = distinct_until(cep, plan, window, time_ns);
		break;
	case CEP_VALUE_AVG:
		ret.value = ret.count > 0 ? sum / ret.count : 0;
		break;
	default:
		ret.value = sum;
	}
	return ret;
}

struct aggregate window_aggregate(struct cep *cep, const struct plan_state *plan,
	const struct window *window, uint64_t time_ns, const struct entry *newest)
{
	struct aggregate ret = {.count = window->count};

	switch (plan->plan->aggregate) {
	case CEP_TEMPORAL:
	case CEP_TEMPORAL_ORDERED:
		return of_steps(cep, plan, window, time_ns);
	case CEP_VALUE_PERCENTILE:
	case CEP_VALUE_MEDIAN:
		return of_sorted(cep, plan, window, time_ns);
	case CEP_VALUE_RANK:
		return of_rank(cep, plan, window, time_ns, newest);
	}
	if (window->tail != 0 && entry_at(cep, window->tail)->time_ns > time_ns)
		return of_late(cep, plan, window, time_ns);
	switch (plan->plan->aggregate) {
	case CEP_EVENT_COUNT:
		ret.value = window->count;
		break;
	case CEP_VALUE_COUNT:
		ret.value = window->distinct;
		break;
	case CEP_VALUE_AVG:
		ret.value = window->count > 0 ? (window->sum + window->lost) / window->count : 0;
		break;
	default:
		ret.value = window->sum + window->lost;
	}
	return ret;
}

static bool term_holds(const struct cep_plan *plan, uint64_t steps)
{
	uint64_t stack = 0; /* one bit each, the top lowest */

	for (uint32_t i = 0; i < plan->term_count; i++) {
		const struct cep_term *term = &plan->terms[i];
		switch (term->type) {
		case CEP_TERM_STEP:
			stack = stack << 1 | (steps >> term->step & 1);
			break;
		case CEP_TERM_NOT:
			stack ^= 1;
			break;
		case CEP_TERM_AND:
			stack = stack >> 2 << 1 | (stack & stack >> 1 & 1);
			break;
		case CEP_TERM_OR:
			stack = stack >> 2 << 1 | ((stack | stack >> 1) & 1);
			break;
		}
	}
	return (stack & 1) != 0;
}

static bool bound_holds(const struct cep_bound *bound, double value)
{
	switch (bound->op) {
	case CEP_LT:
		return value < bound->number;
	case CEP_LTE:
		return value <= bound->number;
	case CEP_GT:
		return value > bound->number;
	case CEP_GTE:
		return value >= bound->number;
	case CEP_EQ:
		return value == bound->number;
	default:
		return value != bound->number;
	}
}

bool window_holds(const struct plan_state *plan, const struct aggregate *aggregate)
{
	bool ret = aggregate->count > 0;

	if (plan->plan->terms != NULL)
		return ret && term_holds(plan->plan, aggregate->steps);
	for (uint32_t i = 0; ret && i < plan->plan->bound_count; i++)
		ret = bound_holds(&plan->plan->bounds[i], aggregate->value);
	return ret;
}
