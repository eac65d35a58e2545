/* Reads what save.c writes, from bytes that may be hostile: everything that later code relies on is
 * checked here. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/cep/gather.h"
#include "detect/cep/partial.h"
#include "detect/cep/restore.h"
#include "detect/cep/window.h"

/* cep->key becomes the key that stands here; it must have so many parts. */
static void read_key(struct restorer *r, uint32_t plan, uint32_t parts)
{
	struct cep *cep = r->cep;
	struct str key = restore_bytes(r);
	const uint8_t *at = (const uint8_t *)key.ptr, *end = at + key.len;
	struct arena values;
	struct value value;

	parts += cep->options.host != FIELD_none;
	arena_init(&values, 0);
	for (uint32_t i = 0; i < parts && !r->bad; i++)
		r->bad |= !capture_read(&at, end, &values, &value);
	arena_destroy(&values);
	r->bad |= at != end || key.len > KEY_BYTES_MAX;
	if (r->bad)
		return;
	memcpy(cep->key.bytes, key.ptr, key.len);
	cep_key_end(cep, plan, cep->key.bytes + key.len);
}

/* Items come in the order in which they expire, so that none has to look for its place. */
static void check_order(struct restorer *r, bool waiting, uint64_t since_ns)
{
	r->bad |= since_ns < r->since_ns[waiting];
	r->since_ns[waiting] = since_ns;
}

/* false: some event is lost, or is not there. */
static bool read_partial_events(struct restorer *r, struct partial *partial)
{
	struct cep *cep = r->cep;
	uint32_t *place = &partial->chain;
	bool lost = false;

	partial->last = restore_event(r, &lost);
	for (uint32_t i = 1; i < partial->item.position && partial->last != 0; i++) {
		uint32_t event = restore_event(r, &lost);
		if (event == 0)
			return false;
		uint32_t link = slab_alloc(&cep->slab, sizeof(struct link));
		if (link == 0) {
			capture_drop(&cep->slab, event);
			return false;
		}
		*link_at(cep, link) = (struct link){.event = event, .refs = 1};
		*place = link;
		place = &link_at(cep, link)->chain;
	}
	return partial->last != 0;
}

/* Ends where the events end, also when they are not taken. */
static void skip_events(struct restorer *r, const uint8_t *from, uint32_t count)
{
	r->at = from;
	for (uint32_t i = 0; i < count; i++)
		r->bad |= restore_number_max(r, r->event_count) == 0;
}

static bool is_possible(
	const struct plan_state *plan, const struct partial *partial, uint64_t flags)
{
	bool waiting = (flags & ITEM_WAITING) != 0;

	if ((flags & ~(uint64_t)(ITEM_WAITING | ITEM_SPOILED)) != 0 ||
		partial->item.position > plan->position_count)
		return false;
	if (partial->item.position == 0)
		return plan->leading && flags == 0;
	return waiting == (partial->item.position == plan->position_count) &&
	       (!waiting || plan->trailing) && (flags == 0 || plan->missing);
}

static void read_partial(struct restorer *r, struct plan_state *plan, uint64_t since_ns)
{
	struct cep *cep = r->cep;
	struct partial read = {.item.position = (uint16_t)restore_number_max(r, UINT16_MAX)};
	uint64_t flags = restore_number(r), spoil_ns = plan->missing ? restore_number(r) : 0;
	uint64_t lead_ns = plan->missing ? restore_number(r) : 0;
	const uint8_t *from = r->at;

	r->bad |= !is_possible(plan, &read, flags);
	check_order(r, (flags & ITEM_WAITING) != 0, since_ns);
	if (r->bad)
		return;
	uint32_t group = cep_group_find(cep, plan->number);
	if (group == 0)
		group = cep_group_make(cep, plan->number);
	uint32_t handle = group == 0 ? 0 : partial_new(cep, plan, group);
	bool whole = handle != 0;
	if (handle != 0) {
		struct partial *partial = partial_at(cep, handle);
		partial->item.since_ns = since_ns;
		partial->item.position = read.item.position;
		partial->item.flags = ((flags & ITEM_WAITING) != 0 ? PARTIAL_WAITING : 0) |
				      ((flags & ITEM_SPOILED) != 0 ? PARTIAL_SPOILED : 0);
		if (plan->missing) {
			partial_missing_at(cep, handle)->spoil_ns = spoil_ns;
			partial_missing_at(cep, handle)->lead_ns = lead_ns;
		}
		whole = read.item.position == 0 || read_partial_events(r, partial);
	}
	skip_events(r, from, read.item.position);
	if (handle != 0 && whole && !r->bad) {
		cep_list_add(
			cep, (flags & ITEM_WAITING) != 0 ? &plan->waiting : &plan->live, handle);
		partial_link(cep, plan, handle);
		return;
	}
	r->dropped++;
	if (handle != 0)
		partial_drop(cep, plan, handle);
	if (group != 0 && group_at(cep, group)->first == 0)
		cep_group_free(cep, group);
}

static void read_gather(struct restorer *r, struct plan_state *plan, uint64_t since_ns)
{
	struct cep *cep = r->cep;
	uint64_t flags = restore_number_max(r, ITEM_DONE);
	bool lost = false;

	check_order(r, false, since_ns);
	r->bad |= (flags != 0 && flags != ITEM_DONE) || cep_group_find(cep, plan->number) != 0;
	if (r->bad)
		return;
	uint32_t group = gather_of_key(cep, plan, since_ns);
	if (group == 0) {
		r->bad = true;
		return;
	}
	struct gather *gather = gather_at(cep, group_at(cep, group)->first);
	gather->done = flags == ITEM_DONE;
	for (uint32_t i = 0; i < gather_events_max(plan); i++)
		gather->events[i] = restore_event(r, &lost);
	/* of a sample the first ones of each step come first */
	for (uint32_t i = 1; plan->plan->type == CEP_SAMPLE && i < gather_events_max(plan); i++)
		lost |= i % plan->plan->step_count != 0 && gather->events[i] != 0 &&
			gather->events[i - 1] == 0;
	if (!lost)
		return;
	gather_free(cep, plan, group);
	r->dropped++;
}

static bool read_entry(
	struct restorer *r, struct plan_state *plan, struct window *window, uint64_t *time_ns)
{
	struct cep *cep = r->cep;
	struct entry entry = {.time_ns = restore_number(r)};
	bool lost = false;
	uint8_t *at;

	entry.steps = restore_number(r);
	entry.event = restore_event(r, &lost);
	bool named = entry.event != 0 || lost;
	struct str value = restore_bytes(r);
	r->bad |= entry.time_ns < *time_ns || value.len > KEY_BYTES_MAX / 2 ||
		  (!named && window->report_count > 0);
	*time_ns = entry.time_ns;
	if (plan->plan->aggregate >= CEP_TEMPORAL)
		r->bad |= plan->plan->step_count < 64 && entry.steps >> plan->plan->step_count != 0;
	else if (plan->plan->aggregate >= CEP_VALUE_SUM)
		r->bad |= value.len == 0 && !isfinite(entry.number);
	r->bad |= (plan->plan->aggregate == CEP_VALUE_COUNT && value.len == 0) ||
		  (plan->plan->aggregate != CEP_VALUE_COUNT &&
			  plan->plan->aggregate != CEP_VALUE_RANK && value.len > 0);
	if (!r->bad && !lost && value.len > 0) {
		window_value_begin(cep, window, &at);
		memcpy(at, value.ptr, value.len);
		entry.value = window_value(cep, window, at + value.len);
		lost |= entry.value == 0;
	}
	if (!r->bad && !lost)
		return window_add(cep, plan, window, &entry);
	if (entry.event != 0)
		capture_drop(&cep->slab, entry.event);
	return false;
}

static void read_window(struct restorer *r, struct plan_state *plan, uint64_t since_ns)
{
	struct cep *cep = r->cep;
	uint64_t flags = restore_number_max(r, ITEM_HELD), time_ns = 0;
	bool whole = true;

	check_order(r, false, since_ns);
	r->bad |= (flags != 0 && flags != ITEM_HELD) || cep_group_find(cep, plan->number) != 0;
	if (r->bad)
		return;
	uint32_t group = cep_group_make(cep, plan->number);
	uint32_t handle = group == 0 ? 0 : window_of_group(cep, plan, group);
	if (handle == 0) {
		r->bad = true; /* out of memory; the group goes with everything */
		return;
	}
	struct window *window = window_at(cep, handle);
	window->item.since_ns = since_ns;
	cep_list_add(cep, &plan->live, handle);
	window->held = flags == ITEM_HELD;
	for (uint32_t i = 0; i < window_times(plan); i++)
		window->times[i] = restore_number(r);
	uint64_t count = restore_number_max(r, window_entries_max(plan));
	for (uint64_t i = 0; i < count && !r->bad; i++)
		whole &= read_entry(r, plan, window, &time_ns);
	r->bad |= count == 0;
	/* its newest entry has its event, as a match needs it */
	if (!r->bad && whole && entry_at(cep, window->tail)->event != 0)
		return;
	window_free(cep, plan, group);
	r->dropped++;
}

static void read_process(struct restorer *r, struct relation_state *relation, uint64_t since_ns)
{
	uint64_t flags = restore_number_max(r, 3);

	check_order(r, false, since_ns);
	r->bad |= cep_group_find(r->cep, r->cep->plan_count + relation->number) != 0;
	if (r->bad)
		return;
	cep_relation_restore(r->cep, relation, since_ns, (uint8_t)flags);
}

/* --- sections --- */

/* The rule that has this content and has no state yet. */
static uint32_t find(const struct content *contents, const bool *done, uint32_t count,
	const struct content *wanted)
{
	uint32_t i = 0;

	while (i < count && (done[i] || contents[i].hash[0] != wanted->hash[0] ||
				    contents[i].hash[1] != wanted->hash[1]))
		i++;
	return i;
}

static void read_plan(struct restorer *r, struct plan_state *plan, uint64_t count)
{
	for (uint64_t i = 0; i < count && !r->bad; i++) {
		if (cep_bytes(r->cep) > r->cep->options.bytes_max) {
			r->dropped += count - i;
			r->at = r->end;
			return;
		}
		read_key(r, plan->number, plan->plan->key_count);
		uint64_t since_ns = restore_number(r);
		if (r->bad)
			return;
		switch (plan->plan->type) {
		case CEP_SEQUENCE:
			read_partial(r, plan, since_ns);
			break;
		case CEP_WINDOW:
			read_window(r, plan, since_ns);
			break;
		case CEP_SAMPLE:
		case CEP_JOIN:
			read_gather(r, plan, since_ns);
			break;
		default:
			r->bad = true;
		}
	}
}

static void read_relation(struct restorer *r, struct relation_state *relation, uint64_t count)
{
	for (uint64_t i = 0; i < count && !r->bad; i++) {
		read_key(r, r->cep->plan_count + relation->number, 1);
		read_process(r, relation, restore_number(r));
	}
}

static void read_section(struct restorer *r, const struct contents *contents)
{
	struct cep *cep = r->cep;
	uint8_t type = *r->at++;
	struct content content;

	if ((size_t)(r->end - r->at) < sizeof(content)) {
		r->bad = true;
		return;
	}
	memcpy(&content, r->at, sizeof(content));
	r->at += sizeof(content);
	uint64_t count = restore_number(r);
	struct str items = restore_bytes(r);
	struct restorer of = *r;
	of.at = (const uint8_t *)items.ptr;
	of.end = of.at + items.len;
	of.since_ns[0] = of.since_ns[1] = of.dropped = 0;
	uint32_t plan = find(contents->plans, r->plans_done, cep->plan_count, &content);
	uint32_t relation = find(
		contents->relations, r->relations_done, cep->relation_count, &content);
	if (r->bad || (type != 'P' && type != 'R') || count > items.len) {
		r->bad = true;
		return;
	}
	if (type == 'P' && plan < cep->plan_count) {
		r->plans_done[plan] = true;
		read_plan(&of, &cep->plans[plan], count);
	} else if (type == 'R' && relation < cep->relation_count) {
		r->relations_done[relation] = true;
		read_relation(&of, &cep->relations[relation], count);
	} else {
		of.dropped = count;
		of.at = of.end;
	}
	r->bad = of.bad || of.at != of.end;
	r->dropped += of.dropped;
}

static void read_all(struct restorer *r, const struct contents *contents)
{
	struct str magic = SAVED_MAGIC;

	if ((size_t)(r->end - r->at) < magic.len || memcmp(r->at, magic.ptr, magic.len) != 0) {
		r->bad = true;
		return;
	}
	r->at += magic.len;
	uint64_t now_ns = restore_number(r);
	restore_tables(r);
	while (!r->bad && r->at < r->end)
		read_section(r, contents);
	if (!r->bad && now_ns > r->cep->now_ns)
		r->cep->now_ns = now_ns;
}

static void clear(struct cep *cep)
{
	struct cep_stats stats = cep->stats;
	struct timed_list *list;

	while ((list = cep_timer_top(cep)) != NULL)
		cep_list_drop(cep, list, DUE_EVICTED);
	stats.partials = cep->stats.partials;
	cep->stats = stats;
}

int cep_restore(struct cep *cep, struct str saved, uint64_t *ret_dropped, struct err *err)
{
	struct restorer r = {.cep = cep, .at = (const uint8_t *)saved.ptr};
	struct contents contents;

	r.end = r.at + saved.len;
	if (!contents_make(cep, &contents))
		return err_set(err, -ENOMEM, "No memory to restore the state of rules.");
	cep_output_clear(cep);
	arena_reset(&cep->scratch);
	r.plans_done = calloc(cep->plan_count + 1, sizeof(bool));
	r.relations_done = calloc(cep->relation_count + 1, sizeof(bool));
	if (r.plans_done == NULL || r.relations_done == NULL || saved.len == 0)
		r.bad = true;
	else
		read_all(&r, &contents);
	for (uint64_t i = 1; r.events != NULL && i <= r.event_count; i++)
		if (r.events[i] != 0)
			capture_drop(&cep->slab, r.events[i]);
	if (r.bad)
		clear(cep);
	contents_destroy(&contents);
	free(r.events);
	free(r.plans_done);
	free(r.relations_done);
	if (r.bad)
		return err_set(err, -EINVAL, "What was saved of the state of rules is damaged.");
	*ret_dropped = r.dropped;
	return 0;
}
