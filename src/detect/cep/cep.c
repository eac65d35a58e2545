#include "detect/cep/cep.h"

#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/cep/store.h"

#define BYTES_DEFAULT ((size_t)256 << 20)
#define BYTES_MIN     ((size_t)64 << 10)

int cep_create(const struct ruleset *set, const struct cep_options *options, struct cep **ret,
	struct err *err)
{
	struct cep *cep = calloc(1, sizeof(*cep));
	int status;

	if (cep == NULL)
		return err_set(err, -ENOMEM, "No memory for the state of rules.");
	cep->set = set;
	cep->options = *options;
	if (cep->options.bytes_max == 0)
		cep->options.bytes_max = BYTES_DEFAULT;
	if (cep->options.bytes_max < BYTES_MIN)
		cep->options.bytes_max = BYTES_MIN;
	arena_init(&cep->arena, 0);
	arena_init(&cep->scratch, 0);
	arena_init(&cep->output.arena, 0);
	slab_init(&cep->slab);
	/* who writes events cannot choose keys that collide */
	arc4random_buf(&cep->seed, sizeof(cep->seed));
	status = cep_compile(cep, err);
	if (status != 0) {
		cep_destroy(cep);
		return status;
	}
	*ret = cep;
	return 0;
}

void cep_destroy(struct cep *cep)
{
	if (cep == NULL)
		return;
	cep_output_destroy(cep);
	table_destroy(&cep->table);
	slab_destroy(&cep->slab);
	arena_destroy(&cep->arena);
	arena_destroy(&cep->scratch);
	free(cep->walk.items);
	free(cep);
}

/* --- what tests ask --- */

const struct value *cep_get(const struct cep_context *context, unsigned step, field_id field)
{
	struct cep *cep = context->cep;
	uint32_t event = context->last, chain = context->chain, position = context->position;

	if (step == 0)
		return source_get(&context->source, field, &cep->scratch);
	if (step > context->plan->plan->step_count || event == 0)
		return NULL;
	const struct step_state *of = &context->plan->steps[step - 1];
	uint32_t wanted = of->first + of->step->runs; /* its last run is the one before */
	if (of->step->missing || wanted > position)
		return NULL;
	for (; position > wanted; position--) {
		const struct link *link = slab_at(&cep->slab, chain);
		event = link->event;
		chain = link->chain;
	}
	return capture_get(capture_at(&cep->slab, event), field, &cep->scratch);
}

struct arena *cep_scratch(const struct cep_context *context)
{
	return &context->cep->scratch;
}

/* --- plans that the event at hand concerns --- */

static bool is_earlier(const struct plan_state *a, const struct plan_state *b)
{
	return a->depth != b->depth ? a->depth < b->depth : a->number < b->number;
}

/* Those not yet done stay sorted; a plan touches only deeper ones. */
static void touch(struct cep *cep, const struct use *use)
{
	struct plan_state *plan;

	if (use->type == USE_RELATION) {
		cep->relations[use->number].matched |= (uint8_t)use->step;
		return;
	}
	plan = &cep->plans[use->number];
	if (use->type == USE_UNTIL)
		plan->until_matched = true;
	else
		plan->steps_matched |= UINT64_C(1) << use->step;
	if (plan->touched)
		return;
	plan->touched = true;
	uint32_t at = cep->touched_count++;
	for (; at > cep->touched_done && is_earlier(plan, cep->touched[at - 1]); at--)
		cep->touched[at] = cep->touched[at - 1];
	cep->touched[at] = plan;
}

static void touch_users(struct cep *cep, const struct rule *rule)
{
	for (uint32_t i = cep->use_first[rule->number]; i < cep->use_first[rule->number + 1]; i++)
		touch(cep, &cep->uses[i]);
}

void cep_completed(struct cep *cep, const struct plan_state *plan, const struct source *source)
{
	cep->completed = *source;
	touch_users(cep, plan->rule);
}

void cep_still_holds(struct cep *cep, const struct plan_state *plan, const struct source *source)
{
	uint32_t rule = plan->rule->number;

	for (uint32_t i = cep->use_first[rule]; i < cep->use_first[rule + 1]; i++) {
		const struct use *use = &cep->uses[i];
		const struct cep_plan *user = cep->plans[use->number].plan;
		if (use->type != USE_STEP || user->type != CEP_WINDOW ||
			user->aggregate < CEP_TEMPORAL)
			continue;
		cep->completed = *source;
		touch(cep, use);
	}
}

static void run_single(struct cep_context *context)
{
	const struct step_state *step = &context->plan->steps[0];
	const struct cep_event **events;

	if (step->step->test != NULL && !step->step->test(step->step->program, context))
		return;
	struct cep_match *match = cep_match_add(context->cep, context->plan, 1, &events);
	if (match != NULL) {
		events[0] = cep_event_now(context->cep, &context->source, &step->captures);
		cep_match_keys(context->cep, match, context, step->step->keys);
	}
	cep_completed(context->cep, context->plan, &context->source);
}

static void (*const run_plan[])(struct cep_context *context) = {
	[CEP_SINGLE] = run_single,
	[CEP_SEQUENCE] = cep_sequence_run,
	[CEP_SAMPLE] = cep_sample_run,
	[CEP_JOIN] = cep_join_run,
	[CEP_WINDOW] = cep_correlation_run,
};

static void run_touched(struct cep *cep, const struct source *source)
{
	struct source event = *source;

	for (cep->touched_done = 0; cep->touched_done < cep->touched_count;) {
		struct plan_state *plan = cep->touched[cep->touched_done++];
		struct cep_context context = {.cep = cep, .plan = plan, .source = event};
		run_plan[plan->plan->type](&context);
		plan->touched = plan->until_matched = false;
		plan->steps_matched = 0;
	}
	cep->touched_count = cep->touched_done = 0;
}

/* --- time --- */

static void (*const plan_due[])(
	struct cep *cep, struct timed_list *list, enum due_reason reason) = {
	[CEP_SEQUENCE] = cep_sequence_due,
	[CEP_SAMPLE] = cep_gather_due,
	[CEP_JOIN] = cep_gather_due,
	[CEP_WINDOW] = cep_correlation_due,
};

void cep_list_drop(struct cep *cep, struct timed_list *list, enum due_reason reason)
{
	if (list->plan == NULL)
		cep_relation_due(cep, list, reason);
	else
		plan_due[list->plan->plan->type](cep, list, reason);
}

static void due(struct cep *cep, struct timed_list *list, enum due_reason reason)
{
	cep_list_drop(cep, list, reason);
	if (cep->touched_count > 0) {
		struct source source = cep->completed;
		cep_recent_clear(cep);
		run_touched(cep, &source);
		cep_recent_clear(cep);
	}
}

static void pass_time(struct cep *cep, uint64_t now_ns)
{
	struct timed_list *list;

	if (now_ns > cep->now_ns)
		cep->now_ns = now_ns;
	while ((list = cep_timer_top(cep)) != NULL && list->due_ns < cep->now_ns)
		due(cep, list, DUE_EXPIRED);
}

/* Before an event, so that nothing goes while it is looked at; one event may go beyond the limit. */
static void make_room(struct cep *cep)
{
	struct timed_list *list;

	while (cep_bytes(cep) > cep->options.bytes_max && (list = cep_timer_top(cep)) != NULL)
		due(cep, list, DUE_EVICTED);
}

static uint32_t give(struct cep *cep, const struct cep_match **ret)
{
	*ret = cep->output.matches;
	return cep->output.count;
}

uint32_t cep_run(struct cep *cep, const struct view *view, const struct rule *const *rules,
	uint32_t count, const struct cep_match **ret)
{
	uint64_t time_ns = view->event->time_ns != 0 ? view->event->time_ns : cep->now_ns;
	struct source source = {.view = view, .time_ns = time_ns};

	cep_output_clear(cep);
	arena_reset(&cep->scratch);
	pass_time(cep, time_ns);
	make_room(cep);
	uint32_t first = cep->output.count;
	for (uint32_t i = 0; i < count; i++)
		touch_users(cep, rules[i]);
	if (cep->relation_count > 0)
		cep_relations_run(cep, &source);
	if (cep->touched_count > 0) {
		cep->stats.late += time_ns < cep->now_ns;
		run_touched(cep, &source);
		cep_recent_clear(cep);
		cep_output_sort(cep, first);
	}
	if (cep->relation_count > 0)
		cep_relations_end(cep, &source);
	return give(cep, ret);
}

uint32_t cep_advance(struct cep *cep, uint64_t now_ns, const struct cep_match **ret)
{
	cep_output_clear(cep);
	arena_reset(&cep->scratch);
	pass_time(cep, now_ns);
	return give(cep, ret);
}

uint32_t cep_finish(struct cep *cep, const struct cep_match **ret)
{
	struct timed_list *list;

	cep_output_clear(cep);
	arena_reset(&cep->scratch);
	while ((list = cep_timer_top(cep)) != NULL)
		due(cep, list, DUE_FINISHED);
	return give(cep, ret);
}

void cep_stats(const struct cep *cep, struct cep_stats *ret)
{
	*ret = cep->stats;
	ret->bytes = cep_bytes(cep);
}
