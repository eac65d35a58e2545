/* Plans made ready: positions, fields to be kept, which rule is used where, and in which order plans
 * that are steps of others come. */
#include <errno.h>
#include "base/err.h"
#include "detect/cep/store.h"

#define POSITIONS_MAX 32768
#define FIELDS_MAX    512 /* kept of one event */

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "No memory for the state of rules.");
}

static int refuse(const struct plan_state *plan, struct err *err, const char *why)
{
	return err_set(err, -EINVAL, "The plan of rule %.*s: %s.", STR_ARG(plan->rule->id), why);
}

/* --- steps --- */

static const char *check_step(const struct plan_state *plan, const struct cep_step *step)
{
	if (step->rule == NULL || step->runs == 0)
		return "a step without a rule, or one that never runs";
	if (step->missing && plan->plan->type != CEP_SEQUENCE)
		return "an event can be missing from sequences only";
	if (step->rule == plan->rule)
		return "a step that is the plan itself";
	return NULL;
}

static const char *check_window(const struct cep_plan *plan)
{
	unsigned depth = 0;

	if (plan->maxspan_ns == 0 || plan->aggregate > CEP_TEMPORAL_ORDERED)
		return "a window without a length, or of unknown kind";
	if (plan->aggregate >= CEP_VALUE_COUNT && plan->aggregate <= CEP_VALUE_RANK)
		for (uint32_t i = 0; i < plan->step_count; i++)
			if (plan->steps[i].values == NULL || plan->value_count == 0)
				return "a step without the field whose values are wanted";
	for (uint32_t i = 0; i < plan->term_count; i++) {
		const struct cep_term *term = &plan->terms[i];
		unsigned wants = term->type == CEP_TERM_STEP  ? 0
				 : term->type == CEP_TERM_NOT ? 1
							      : 2;
		if (depth < wants || (wants == 0 && term->step >= plan->step_count))
			return "terms that make no sense";
		depth += wants == 0;
		depth -= wants == 2;
		if (depth > 64)
			return "terms that are too deep";
	}
	if (plan->terms != NULL && (depth != 1 || plan->aggregate != CEP_TEMPORAL))
		return "terms that make no sense";
	return NULL;
}

static const char *check(const struct plan_state *plan)
{
	const struct cep_plan *p = plan->plan;
	const char *why = NULL;

	if (p->type > CEP_WINDOW)
		return "a kind of plan that is not known";
	if (p->type == CEP_WINDOW)
		why = check_window(p);
	if (p->step_count == 0 || p->step_count > CEP_STEPS_MAX || p->key_count > CEP_KEYS_MAX)
		return "too many steps or keys, or none";
	for (uint32_t i = 0; i < p->step_count && why == NULL; i++)
		why = check_step(plan, &p->steps[i]);
	if (why == NULL && p->until != NULL)
		why = check_step(plan, p->until);
	return why;
}

/* Positions of steps, and where their events stand in a match. */
static int lay_out(struct cep *cep, struct plan_state *plan, struct err *err)
{
	const struct cep_plan *p = plan->plan;
	uint64_t events = 0, positions = 0;
	bool any = false;

	plan->steps = arena_zalloc(&cep->arena, (p->step_count + 1) * sizeof(*plan->steps));
	if (plan->steps == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < p->step_count; i++) {
		plan->steps[i].step = &p->steps[i];
		plan->steps[i].first = (uint32_t)positions;
		events += p->steps[i].runs;
		positions += p->steps[i].missing ? 0 : p->steps[i].runs;
		if (events > POSITIONS_MAX)
			return refuse(plan, err, "too many runs");
		plan->missing |= p->steps[i].missing;
		plan->leading |= p->steps[i].missing && !any;
		any |= !p->steps[i].missing;
		if (!p->steps[i].missing)
			plan->last_step = i;
	}
	if (!any)
		return refuse(plan, err, "only missing events");
	plan->steps[p->step_count].step = p->until;
	plan->trailing = p->steps[p->step_count - 1].missing;
	plan->event_count = (uint32_t)events;
	plan->position_count = (uint32_t)positions;
	plan->place_of = arena_alloc(&cep->arena, positions * sizeof(*plan->place_of));
	if (plan->place_of == NULL)
		return no_memory(err);
	for (uint32_t i = 0, place = 0, at = 0; i < p->step_count; i++)
		for (uint32_t k = 0; k < p->steps[i].runs; k++, place++)
			if (!p->steps[i].missing)
				plan->place_of[at++] = place;
	return 0;
}

static void set_up(struct plan_state *plan)
{
	uint64_t span = plan->plan->maxspan_ns == 0 ? NO_LIMIT : plan->plan->maxspan_ns;

	plan->waiting = (struct timed_list){
		.span_ns = span, .plan = plan, .rank = 2 * plan->number, .waiting = true};
	plan->live = (struct timed_list){
		.span_ns = span, .plan = plan, .rank = 2 * plan->number + 1};
	plan->partial_bytes = plan->missing ? sizeof(struct partial_missing)
					    : sizeof(struct partial);
	for (uint32_t i = 0; i < plan->plan->term_count; i++)
		plan->anchored |= plan->plan->terms[i].type == CEP_TERM_NOT;
	for (uint32_t i = 0; i < plan->plan->step_count; i++)
		if (plan->plan->steps[i].capture_count > 0)
			for (uint32_t k = i + 1; k < plan->plan->step_count; k++)
				plan->alternatives |= plan->plan->steps[k].test != NULL;
}

/* --- depth --- */

static const struct rule *rule_of(const struct cep *cep, uint32_t plan, uint32_t step)
{
	const struct cep_step *of = cep->plans[plan].steps[step].step;

	return of == NULL ? NULL : of->rule;
}

static struct plan_state *plan_of(const struct cep *cep, const struct rule *rule)
{
	for (uint32_t i = 0; rule != NULL && rule->plan != NULL && i < cep->plan_count; i++)
		if (cep->plans[i].rule == rule)
			return &cep->plans[i];
	return NULL;
}

/* Longest way down to a plan without plans below, found by passes; more passes than plans: a circle. */
static int find_depths(struct cep *cep, struct err *err)
{
	bool changed = true;

	for (uint32_t pass = 0; changed; pass++) {
		changed = false;
		for (uint32_t i = 0; i < cep->plan_count; i++) {
			struct plan_state *plan = &cep->plans[i];
			for (uint32_t k = 0; k < plan->plan->step_count; k++) {
				const struct plan_state *below = plan_of(
					cep, plan->plan->steps[k].rule);
				if (below == NULL || below->depth < plan->depth)
					continue;
				plan->depth = below->depth + 1;
				changed = true;
			}
			if (pass > cep->plan_count)
				return refuse(plan, err, "it is a step of itself");
		}
	}
	return 0;
}

/* --- uses --- */

struct use_list {
	struct use *items; /* with its rule */
	const struct rule **rules;
	uint32_t count;
};

static void list_use(struct use_list *list, const struct rule *rule, uint8_t type, uint32_t step,
	uint32_t number)
{
	if (rule == NULL)
		return;
	list->items[list->count] = (struct use){
		.type = type, .step = (uint16_t)step, .number = number};
	list->rules[list->count++] = rule;
}

static void list_uses(const struct cep *cep, struct use_list *list)
{
	for (uint32_t i = 0; i < cep->plan_count; i++) {
		uint32_t steps = cep->plans[i].plan->step_count;
		for (uint32_t k = 0; k <= steps; k++)
			list_use(list, rule_of(cep, i, k), k < steps ? USE_STEP : USE_UNTIL, k, i);
	}
	for (uint32_t i = 0; i < cep->relation_count; i++) {
		const struct cep_relation *relation = cep->relations[i].relation;
		list_use(list, relation->mark, USE_RELATION, RELATION_MARK, i);
		list_use(list, relation->start, USE_RELATION, RELATION_START, i);
		list_use(list, relation->end, USE_RELATION, RELATION_END, i);
	}
}

/* By counting: how many of each rule, where each rule's begin, then each into its place. */
static int find_uses(struct cep *cep, struct err *err)
{
	uint32_t rules = ruleset_count(cep->set), max = cep->relation_count * 3;
	struct use_list list = {.count = 0};

	for (uint32_t i = 0; i < cep->plan_count; i++)
		max += cep->plans[i].plan->step_count + 1;
	uint32_t *first = arena_zalloc(&cep->arena, ((size_t)rules + 2) * sizeof(*first));
	list.items = arena_alloc(&cep->scratch, max * sizeof(*list.items));
	list.rules = arena_alloc(&cep->scratch, max * sizeof(struct rule *));
	cep->uses = arena_alloc(&cep->arena, max * sizeof(*cep->uses));
	if (first == NULL || cep->uses == NULL || list.items == NULL || list.rules == NULL)
		return no_memory(err);
	list_uses(cep, &list);
	for (uint32_t i = 0; i < list.count; i++) {
		uint32_t number = list.rules[i]->number;
		if (number >= rules || ruleset_rule(cep->set, number) != list.rules[i])
			return err_set(
				err, -EINVAL, "A step of a plan is not in the set of rules.");
		first[number + 2]++;
	}
	for (uint32_t i = 2; i < rules + 2; i++)
		first[i] += first[i - 1];
	for (uint32_t i = 0; i < list.count; i++)
		cep->uses[first[list.rules[i]->number + 1]++] = list.items[i];
	cep->use_first = first;
	arena_reset(&cep->scratch);
	return 0;
}

/* --- relations --- */

/* One that asks the same of the same events. */
static bool is_same(const struct cep_relation *a, const struct cep_relation *b)
{
	return a->type == b->type && a->mark == b->mark && a->test == NULL && b->test == NULL &&
	       a->process == b->process && a->parent == b->parent && a->start == b->start &&
	       a->end == b->end;
}

static uint32_t add_relation(
	struct cep *cep, struct plan_state *plan, const struct cep_relation *relation)
{
	for (uint32_t i = 0; i < cep->relation_count; i++)
		if (is_same(cep->relations[i].relation, relation))
			return i;
	uint32_t number = cep->relation_count++;
	struct relation_state *state = &cep->relations[number];
	*state = (struct relation_state){.relation = relation, .owner = plan, .number = number};
	state->list = (struct timed_list){
		.span_ns = NO_LIMIT, .rank = 2 * cep->plan_count + number, .relation = state};
	return number;
}

static int find_relations(struct cep *cep, struct err *err)
{
	size_t max = 0;

	for (uint32_t i = 0; i < cep->plan_count; i++)
		max += cep->plans[i].plan->relation_count;
	cep->relations = arena_alloc(&cep->arena, max * sizeof(*cep->relations));
	cep->timer = arena_alloc(
		&cep->arena, (2 * (size_t)cep->plan_count + max) * sizeof(struct timed_list *));
	if (cep->relations == NULL || cep->timer == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < cep->plan_count; i++) {
		struct plan_state *plan = &cep->plans[i];
		uint32_t count = plan->plan->relation_count;
		plan->relations = arena_alloc(&cep->arena, count * sizeof(*plan->relations));
		if (plan->relations == NULL)
			return no_memory(err);
		for (uint32_t k = 0; k < count; k++)
			plan->relations[k] = add_relation(cep, plan, &plan->plan->relations[k]);
	}
	return 0;
}

/* --- fields to be kept --- */

struct fields_wanted {
	field_id items[FIELDS_MAX];
	uint32_t count;
	bool full;
};

static void want(struct fields_wanted *wanted, const field_id *fields, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = 0;
		while (at < wanted->count && wanted->items[at] < fields[i])
			at++;
		if (at < wanted->count && wanted->items[at] == fields[i])
			continue;
		if (fields[i] == FIELD_none)
			continue;
		if (wanted->count == FIELDS_MAX) {
			wanted->full = true;
			return;
		}
		memmove(&wanted->items[at + 1], &wanted->items[at],
			(wanted->count - at) * sizeof(*wanted->items));
		wanted->items[at] = fields[i];
		wanted->count++;
	}
}

static void want_step(
	struct fields_wanted *wanted, const struct cep_plan *plan, const struct cep_step *step)
{
	want(wanted, step->captures, step->capture_count);
	for (uint32_t i = 0; i < plan->key_count && step->keys != NULL; i++)
		want(wanted, &step->keys[i].field, 1);
	if (step->values != NULL)
		want(wanted, step->values, plan->value_count);
}

/* An equal set that exists already, so that equal sets are known by their place. */
static const field_id *shared_set(const struct cep *cep, const struct fields_wanted *wanted)
{
	for (uint32_t i = 0; i < cep->plan_count; i++) {
		const struct plan_state *plan = &cep->plans[i];
		for (uint32_t k = 0; k < plan->plan->step_count; k++) {
			const struct capture_set *set = &plan->steps[k].captures;
			if (set->fields != NULL && set->count == wanted->count &&
				memcmp(set->fields, wanted->items,
					wanted->count * sizeof(*wanted->items)) == 0)
				return set->fields;
		}
	}
	return NULL;
}

/* The last event of a plan that is a step of others stands for it: it has what they read. */
static void want_of_users(
	struct cep *cep, const struct plan_state *plan, struct fields_wanted *wanted)
{
	uint32_t number = plan->rule->number;

	for (uint32_t i = cep->use_first[number]; i < cep->use_first[number + 1]; i++) {
		const struct plan_state *user = &cep->plans[cep->uses[i].number];
		const struct step_state *step = &user->steps[cep->uses[i].step];
		want_step(wanted, user->plan, step->step);
		want(wanted, step->captures.fields, step->captures.count);
	}
}

static int find_captures(struct cep *cep, struct plan_state *plan, struct err *err)
{
	for (uint32_t i = 0; i < plan->plan->step_count; i++) {
		struct fields_wanted wanted = {.count = 0};
		struct capture_set *set = &plan->steps[i].captures;
		want(&wanted, cep->options.captures, cep->options.capture_count);
		want(&wanted, plan->plan->steps[i].captures, plan->plan->steps[i].capture_count);
		if (plan->plan->type != CEP_SEQUENCE || i == plan->last_step)
			want_of_users(cep, plan, &wanted);
		if (wanted.full)
			return refuse(plan, err, "too many fields to be kept");
		set->count = wanted.count;
		const field_id *shared = shared_set(cep, &wanted);
		field_id *fields = arena_alloc(&cep->arena, wanted.count * sizeof(*fields));
		if (fields == NULL)
			return no_memory(err);
		memcpy(fields, wanted.items, wanted.count * sizeof(*fields));
		set->fields = shared != NULL ? shared : fields;
	}
	return 0;
}

/* Those above first, since those below keep what they read. */
static int find_all_captures(struct cep *cep, struct err *err)
{
	int ret = 0;

	for (uint32_t depth = cep->plan_count + 1; depth > 0; depth--)
		for (uint32_t i = 0; i < cep->plan_count && ret == 0; i++)
			if (cep->plans[i].depth == depth - 1)
				ret = find_captures(cep, &cep->plans[i], err);
	return ret;
}

static int find_plans(struct cep *cep, struct err *err)
{
	uint32_t rules = ruleset_count(cep->set), count = 0;
	int ret = 0;

	for (uint32_t i = 0; i < rules; i++)
		count += ruleset_rule(cep->set, i)->plan != NULL;
	cep->plans = arena_zalloc(&cep->arena, count * sizeof(*cep->plans));
	cep->touched = arena_alloc(&cep->arena, count * sizeof(struct plan_state *));
	if (cep->plans == NULL || cep->touched == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < rules && ret == 0; i++) {
		const struct rule *rule = ruleset_rule(cep->set, i);
		if (rule->plan == NULL)
			continue;
		struct plan_state *plan = &cep->plans[cep->plan_count];
		*plan = (struct plan_state){
			.rule = rule, .plan = rule->plan, .number = cep->plan_count};
		const char *why = check(plan);
		if (why != NULL)
			return refuse(plan, err, why);
		ret = lay_out(cep, plan, err);
		set_up(plan);
		cep->plan_count++;
	}
	return ret;
}

int cep_compile(struct cep *cep, struct err *err)
{
	int ret = find_plans(cep, err);

	if (ret == 0)
		ret = find_depths(cep, err);
	if (ret == 0)
		ret = find_relations(cep, err);
	if (ret == 0)
		ret = find_uses(cep, err);
	if (ret == 0)
		ret = find_all_captures(cep, err);
	return ret;
}
