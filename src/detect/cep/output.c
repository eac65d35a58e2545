/* What a call gives back, and what must live as long. */
#include <stdlib.h>
#include "detect/cep/store.h"

bool cep_handles_add(struct handles *handles, uint32_t handle)
{
	if (handles->count == handles->capacity) {
		uint32_t capacity = handles->capacity == 0 ? 64 : handles->capacity * 2;
		uint32_t *items = realloc(handles->items, capacity * sizeof(*items));
		if (items == NULL)
			return false;
		handles->items = items;
		handles->capacity = capacity;
	}
	handles->items[handles->count++] = handle;
	return true;
}

uint32_t cep_capture(struct cep *cep, const struct source *source, const struct capture_set *set)
{
	for (uint32_t i = 0; i < cep->recent_count; i++)
		if (cep->recent[i].fields == set->fields)
			return capture_hold(&cep->slab, cep->recent[i].event);
	uint32_t event = capture_store(
		&cep->slab, source, set, &cep->scratch, &cep->stats.truncated);
	if (event != 0 && cep->recent_count < sizeof(cep->recent) / sizeof(*cep->recent)) {
		cep->recent[cep->recent_count].fields = set->fields;
		cep->recent[cep->recent_count++].event = capture_hold(&cep->slab, event);
	}
	return event;
}

void cep_recent_clear(struct cep *cep)
{
	for (uint32_t i = 0; i < cep->recent_count; i++)
		capture_drop(&cep->slab, cep->recent[i].event);
	cep->recent_count = 0;
}

const struct cep_event *cep_event_now(
	struct cep *cep, const struct source *source, const struct capture_set *set)
{
	struct arena *arena = &cep->output.arena;

	if (source->view == NULL)
		return capture_decode(source->event, arena);
	const struct event *from = source->view->event;
	struct cep_event *event = arena_alloc(arena, sizeof(*event));
	struct event_field *fields = arena_alloc(arena, set->count * sizeof(*fields));
	uint16_t count = 0;
	if (event == NULL || fields == NULL)
		return NULL;
	for (uint32_t i = 0; i < set->count; i++) {
		const struct value *value = view_get(source->view, set->fields[i]);
		if (value != NULL)
			fields[count++] = (struct event_field){set->fields[i], *value};
	}
	*event = (struct cep_event){.time_ns = source->time_ns,
		.index = from->index,
		.file_index = from->file_index,
		.source = from->source,
		.kind = from->kind,
		.field_count = count,
		.fields = fields};
	return event;
}

static struct cep_match *match_slot(struct output *output)
{
	if (output->count == output->capacity) {
		uint32_t capacity = output->capacity == 0 ? 64 : output->capacity * 2;
		struct cep_match *matches = realloc(output->matches, capacity * sizeof(*matches));
		if (matches == NULL)
			return NULL;
		output->matches = matches;
		output->capacity = capacity;
	}
	return &output->matches[output->count];
}

struct cep_match *cep_match_add(struct cep *cep, const struct plan_state *plan, uint32_t count,
	const struct cep_event ***ret_events)
{
	struct output *output = &cep->output;

	cep->stats.matches++;
	if (plan->rule->role == RULE_STEP)
		return NULL;
	struct cep_match *match = match_slot(output);
	const struct cep_event **events = arena_zalloc(&output->arena, count * sizeof(*events));
	if (match == NULL || events == NULL)
		return NULL;
	*match = (struct cep_match){.rule = plan->rule, .events = events, .event_count = count};
	output->count++;
	*ret_events = events;
	return match;
}

void cep_hold_output(struct cep *cep, uint32_t captured)
{
	(void)capture_hold(&cep->slab, captured);
	if (!cep_handles_add(&cep->output.held, captured))
		capture_drop(&cep->slab, captured);
}

const struct cep_event *cep_match_event(struct cep *cep, uint32_t captured)
{
	cep_hold_output(cep, captured);
	return capture_decode(capture_at(&cep->slab, captured), &cep->output.arena);
}

/* Few, and mostly in order. */
void cep_output_sort(struct cep *cep, uint32_t first)
{
	struct cep_match *matches = cep->output.matches;

	for (uint32_t i = first + 1; i < cep->output.count; i++) {
		struct cep_match match = matches[i];
		uint32_t at = i;
		for (; at > first && matches[at - 1].rule->number > match.rule->number; at--)
			matches[at] = matches[at - 1];
		matches[at] = match;
	}
}

void cep_output_clear(struct cep *cep)
{
	for (uint32_t i = 0; i < cep->output.held.count; i++)
		capture_drop(&cep->slab, cep->output.held.items[i]);
	cep->output.held.count = 0;
	cep->output.count = 0;
	arena_reset(&cep->output.arena);
}

void cep_output_destroy(struct cep *cep)
{
	free(cep->output.matches);
	free(cep->output.held.items);
	arena_destroy(&cep->output.arena);
}
