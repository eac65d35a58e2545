/* Which processes are marked, and which are related to those: descendants, children. What a relation
 * knows of a process lies in a group whose key is the process. */
#include "detect/cep/store.h"

enum { PROCESS_MARKED = 1, PROCESS_RELATED = 2 };

/* cep->key becomes that of a process; false when the event does not name it. */
static bool name_process(struct cep *cep, const struct relation_state *state,
	const struct cep_context *context, field_id field)
{
	const struct value *value = source_get(&context->source, field, &cep->scratch);
	uint8_t *at;

	if (value == NULL)
		return false;
	cep_key_begin(cep, context, &at);
	if (!cep_key_add(cep, &at, value, false))
		return false;
	cep_key_end(cep, cep->plan_count + state->number, at);
	return true;
}

static uint32_t find_process(const struct cep *cep, const struct relation_state *state)
{
	return state->count == 0 ? 0 : cep_group_find(cep, cep->plan_count + state->number);
}

static void free_process(struct cep *cep, struct relation_state *state, uint32_t group)
{
	uint32_t handle = group_at(cep, group)->first;

	cep_list_remove(cep, &state->list, handle);
	cep_group_free(cep, group);
	state->count--;
}

/* The process of cep->key; a new one unless group is not 0. It is the last that will be given up. */
static void set_flags(struct cep *cep, struct relation_state *state, uint32_t group, uint8_t flags)
{
	if (group == 0) {
		group = cep_group_make(cep, cep->plan_count + state->number);
		if (group == 0)
			return;
		uint32_t handle = cep_inner_take(cep, group, sizeof(struct item));
		group_at(cep, group)->first = handle;
		*item_at(cep, handle) = (struct item){.group = group};
		state->count++;
	} else {
		cep_list_remove(cep, &state->list, group_at(cep, group)->first);
	}
	struct group *process = group_at(cep, group);
	process->flags = flags | GROUP_INNER_TAKEN;
	item_at(cep, process->first)->since_ns = cep->now_ns;
	cep_list_add(cep, &state->list, process->first);
}

void cep_relation_restore(
	struct cep *cep, struct relation_state *state, uint64_t since_ns, uint8_t flags)
{
	uint64_t now_ns = cep->now_ns;

	cep->now_ns = since_ns;
	set_flags(cep, state, 0, flags);
	cep->now_ns = now_ns;
}

static bool parent_passes_on(
	struct cep *cep, const struct relation_state *state, const struct cep_context *context)
{
	const struct cep_relation *relation = state->relation;
	uint8_t wanted = PROCESS_MARKED;

	if (relation->type == CEP_EVENT_OF || state->count == 0)
		return false;
	if (relation->start != NULL && (state->matched & RELATION_START) == 0)
		return false;
	if (relation->type == CEP_DESCENDANT_OF)
		wanted |= PROCESS_RELATED;
	if (!name_process(cep, state, context, relation->parent))
		return false;
	uint32_t parent = find_process(cep, state);
	return parent != 0 && (group_at(cep, parent)->flags & wanted) != 0;
}

static void update(struct cep *cep, struct relation_state *state, struct cep_context *context)
{
	const struct cep_relation *relation = state->relation;
	bool passed = parent_passes_on(cep, state, context);
	bool marks = (state->matched & RELATION_MARK) != 0 &&
		     (relation->test == NULL || relation->test(relation->program, context));

	if (!marks && !passed && state->count == 0)
		return;
	if (!name_process(cep, state, context, relation->process))
		return;
	uint32_t process = find_process(cep, state);
	uint8_t flags = process == 0 ? 0 : group_at(cep, process)->flags, before = flags;
	if (passed)
		flags |= PROCESS_RELATED;
	if (marks)
		flags |= PROCESS_MARKED;
	state->related = (flags & (relation->type == CEP_EVENT_OF ? PROCESS_MARKED
								  : PROCESS_RELATED)) != 0;
	if (flags != before || process != 0)
		set_flags(cep, state, process, flags);
}

void cep_relations_run(struct cep *cep, const struct source *source)
{
	for (uint32_t i = 0; i < cep->relation_count; i++) {
		struct relation_state *state = &cep->relations[i];
		struct cep_context context = {.cep = cep, .plan = state->owner, .source = *source};
		if (state->matched != 0 || state->count > 0)
			update(cep, state, &context);
	}
}

void cep_relations_end(struct cep *cep, const struct source *source)
{
	for (uint32_t i = 0; i < cep->relation_count; i++) {
		struct relation_state *state = &cep->relations[i];
		struct cep_context context = {.cep = cep, .plan = state->owner, .source = *source};
		if ((state->matched & RELATION_END) != 0 && state->count > 0 &&
			name_process(cep, state, &context, state->relation->process)) {
			uint32_t process = find_process(cep, state);
			if (process != 0)
				free_process(cep, state, process);
		}
		state->matched = 0;
		state->related = false;
	}
}

void cep_relation_due(struct cep *cep, struct timed_list *list, enum due_reason reason)
{
	cep->stats.evicted += reason == DUE_EVICTED;
	free_process(cep, list->relation, item_at(cep, list->first)->group);
}

bool cep_related(const struct cep_context *context, uint32_t number)
{
	const struct plan_state *plan = context->plan;

	return number < plan->plan->relation_count &&
	       context->cep->relations[plan->relations[number]].related;
}
