/* Queries over several events: sequences, samples, joins, and relations between processes. */
#include "detect/eql/bound.h"
#include "detect/eql/lowering.h"
#include "detect/eql/parse.h"

/* ---- relations ---- */

/* How the older engine knows that a process began or ended: elsewhere ids are never used again, and
 * any event tells who its process's parent is. */
static const char start_text[] = "process where opcode in (1, 3, 9) or (opcode == null and subtype "
				 "in (\"create\", \"fork\"))";
static const char end_text[] =
	"process where opcode in (2, 4) or (opcode == null and subtype == \"terminate\")";

static int add_life_rule(struct eql_lowering *l, struct str text, const struct rule **ret)
{
	const struct eql_node *test;
	struct eql_query *query;
	int rc = eql_parse(l->arena, text, l->options, &query, l->err);

	return rc == 0 ? eql_lower_step(l, &query->steps[0].event, ret, &test) : rc;
}

static int name_processes(struct eql_lowering *l, struct cep_relation *relation)
{
	if (!eql_has(l->options->dialect, EQL_PROCESS_LIVES)) {
		relation->process = FIELD_process_entity_id;
		relation->parent = FIELD_process_parent_entity_id;
		return 0;
	}
	int rc = fields_intern(l->fields, STR("unique_pid"), &relation->process, l->err);
	if (rc == 0)
		rc = fields_intern(l->fields, STR("unique_ppid"), &relation->parent, l->err);
	if (rc == 0)
		rc = add_life_rule(l, str_of(start_text), &relation->start);
	if (rc == 0)
		rc = add_life_rule(l, str_of(end_text), &relation->end);
	return rc;
}

static uint8_t relation_type(const struct eql_node *node)
{
	return node->op == EQL_CHILD_OF	  ? CEP_CHILD_OF
	       : node->op == EQL_EVENT_OF ? CEP_EVENT_OF
					  : CEP_DESCENDANT_OF;
}

/* A relation within the mark of another comes first: its number is lower. */
int eql_lower_relation(struct eql_lowering *l, struct eql_node *node)
{
	struct cep_relation relation = {.type = relation_type(node)};
	const struct eql_node *test;

	if (l->relations == NULL)
		l->relations = arena_alloc(l->arena, EQL_RELATIONS_MAX * sizeof(*l->relations));
	if (l->relations == NULL)
		return eql_lower_no_memory(l);
	int rc = eql_lower_step(l, node->query, &relation.mark, &test);
	if (rc == 0)
		rc = name_processes(l, &relation);
	if (rc != 0)
		return rc;
	if (l->relation_count == EQL_RELATIONS_MAX)
		return eql_lower_wrong(l, node, "more than %d relations", EQL_RELATIONS_MAX);
	if (test != NULL) {
		relation.test = eql_program_test;
		relation.program = eql_program(l, test);
		if (relation.program == NULL)
			return eql_lower_no_memory(l);
	}
	fields_want(l->fields, relation.process);
	fields_want(l->fields, relation.parent);
	node->field = l->relation_count;
	l->relations[l->relation_count++] = relation;
	return 0;
}

/* ---- steps ---- */

struct planning {
	struct eql_lowering *l;
	const struct eql_rule *own;
	struct cep_step *steps;
	struct eql_field_list *captures; /* by step */
	uint32_t step_count;
};

static int want_all(struct eql_lowering *l, const struct eql_node *node)
{
	struct eql_field_list list = {0};
	int rc = eql_fields_read(l, node, &list);

	for (uint32_t i = 0; i < list.count; i++)
		fields_want(l->fields, list.items[i]);
	return rc;
}

static int lower_key(struct eql_lowering *l, const struct eql_key *key, struct cep_value *ret)
{
	struct eql_node *bound;
	int rc = eql_lower_bind(l, key->value, &bound);

	if (rc == 0)
		rc = want_all(l, bound);
	if (rc != 0)
		return rc;
	*ret = (struct cep_value){
		.optional = key->optional || eql_has(l->options->dialect, EQL_NULL_KEYS),
		.caseless = l->options->caseless,
		.each = eql_has(l->options->dialect, EQL_ANY_ELEMENT)};
	if (bound->type == EQL_FIELD && bound->index_count == 0) {
		ret->field = (field_id)bound->field;
		return 0;
	}
	ret->compute = eql_program_value;
	ret->program = eql_program(l, bound);
	return ret->program == NULL ? eql_lower_no_memory(l) : 0;
}

static int lower_keys(struct eql_lowering *l, const struct eql_step *step, struct cep_step *ret)
{
	struct cep_value *keys = arena_alloc(l->arena, (step->key_count + 1) * sizeof(*keys));
	int rc = keys == NULL ? eql_lower_no_memory(l) : 0;

	for (uint32_t i = 0; rc == 0 && i < step->key_count; i++)
		rc = lower_key(l, &step->keys[i], &keys[i]);
	ret->keys = keys;
	return rc;
}

static int take_reference(void *context, struct eql_node *node)
{
	struct planning *p = context;

	if (node->type != EQL_REFERENCE)
		return 0;
	if (node->step >= p->step_count)
		return eql_lower_wrong(p->l, node, "there is no such step");
	fields_want(p->l->fields, (field_id)node->field);
	return eql_field_add(p->l, &p->captures[node->step], (field_id)node->field);
}

static int lower_test(struct planning *p, const struct eql_node *test, struct cep_step *ret)
{
	int rc;

	if (test == NULL)
		return 0;
	rc = want_all(p->l, test);
	if (rc == 0) /* take_reference() changes nothing */
		rc = eql_walk((struct eql_node *)test, take_reference, p);
	ret->test = eql_program_test;
	ret->program = eql_program(p->l, test);
	if (rc == 0 && ret->program == NULL)
		rc = eql_lower_no_memory(p->l);
	return rc;
}

static int lower_step(struct planning *p, const struct eql_step *step, struct cep_step *ret)
{
	const struct eql_node *test;
	int rc = eql_lower_step(p->l, &step->event, &ret->rule, &test);

	ret->runs = step->runs;
	ret->missing = step->missing;
	ret->fork = step->fork;
	if (rc == 0)
		rc = lower_test(p, test, ret);
	return rc == 0 ? lower_keys(p->l, step, ret) : rc;
}

/* Every step keeps what the pipes read; the step of an action what the action is about. */
static int capture(struct planning *p)
{
	const struct rule *meta = p->l->meta;
	int rc = 0;

	for (uint32_t i = 0; i < p->step_count; i++)
		for (uint32_t k = 0; rc == 0 && k < p->own->pipe_field_count; k++)
			rc = eql_field_add(p->l, &p->captures[i], p->own->pipe_fields[k]);
	for (uint32_t i = 0; rc == 0 && i < meta->action_count; i++) {
		field_id field = schema_field_by_name(meta->actions[i].field);
		if (field == FIELD_none || meta->actions[i].state >= p->step_count)
			continue;
		fields_want(p->l->fields, field);
		rc = eql_field_add(p->l, &p->captures[meta->actions[i].state], field);
	}
	for (uint32_t i = 0; i < p->step_count; i++) {
		p->steps[i].captures = p->captures[i].items;
		p->steps[i].capture_count = p->captures[i].count;
	}
	return rc;
}

/* ---- plans ---- */

static int begin(struct planning *p, uint32_t step_count)
{
	p->step_count = step_count;
	p->steps = arena_zalloc(p->l->arena, step_count * sizeof(*p->steps));
	p->captures = arena_zalloc(p->l->arena, step_count * sizeof(*p->captures));
	return p->steps == NULL || p->captures == NULL ? eql_lower_no_memory(p->l) : 0;
}

static int make_rule(struct planning *p, struct cep_plan *plan, struct rule **ret)
{
	struct eql_lowering *l = p->l;
	struct rule *rule = arena_alloc(l->arena, sizeof(*rule));

	if (rule == NULL)
		return eql_lower_no_memory(l);
	plan->steps = p->steps;
	plan->step_count = p->step_count;
	plan->relations = l->relations;
	plan->relation_count = l->relation_count;
	*rule = *l->meta;
	rule->condition = NULL;
	rule->role = RULE_PLAN;
	rule->plan = plan;
	rule->categories = 0;
	memset(rule->kinds, 0, sizeof(rule->kinds));
	/* Its steps' kinds, for who asks what the rule looks at. */
	for (uint32_t i = 0; i < p->step_count; i++)
		for (unsigned word = 0; word < KIND_MAX / 64; word++)
			rule->kinds[word] |= p->steps[i].rule->kinds[word];
	*ret = rule;
	return 0;
}

int eql_lower_single(struct eql_lowering *l, const struct eql_query *query, struct rule *step,
	const struct eql_node *test, const struct eql_rule *own, struct rule **ret)
{
	struct planning p = {.l = l, .own = own};
	struct cep_plan *plan = arena_zalloc(l->arena, sizeof(*plan));
	int rc = plan == NULL ? eql_lower_no_memory(l) : begin(&p, 1);

	(void)query;
	step->role = RULE_STEP;
	step->action_count = 0;
	if (rc == 0)
		rc = eql_lower_add(l, step);
	if (rc != 0)
		return rc;
	p.steps[0] = (struct cep_step){.rule = step, .runs = 1};
	plan->type = CEP_SINGLE;
	rc = lower_test(&p, test, &p.steps[0]);
	if (rc == 0)
		rc = capture(&p);
	return rc == 0 ? make_rule(&p, plan, ret) : rc;
}

static int lower_until(struct planning *p, const struct eql_query *query, struct cep_plan *plan)
{
	struct cep_step *until = arena_zalloc(p->l->arena, sizeof(*until));

	if (query->until == NULL)
		return 0;
	if (until == NULL)
		return eql_lower_no_memory(p->l);
	plan->until = until;
	plan->until_first = eql_has(p->l->options->dialect, EQL_UNTIL_FIRST);
	return lower_step(p, query->until, until);
}

static uint8_t plan_type(const struct eql_query *query)
{
	return query->type == EQL_SAMPLE ? CEP_SAMPLE
	       : query->type == EQL_JOIN ? CEP_JOIN
					 : CEP_SEQUENCE;
}

int eql_lower_plan(struct eql_lowering *l, const struct eql_query *query,
	const struct eql_rule *own, struct rule **ret)
{
	struct planning p = {.l = l, .own = own};
	struct cep_plan *plan = arena_zalloc(l->arena, sizeof(*plan));
	int rc = plan == NULL ? eql_lower_no_memory(l) : begin(&p, query->step_count);

	if (rc != 0)
		return rc;
	if (query->step_count > CEP_STEPS_MAX)
		return eql_lower_wrong(
			l, query->steps[0].event.condition, "more than %d steps", CEP_STEPS_MAX);
	if (query->steps[0].key_count > CEP_KEYS_MAX)
		return eql_lower_wrong(
			l, query->steps[0].event.condition, "more than %d keys", CEP_KEYS_MAX);
	for (uint32_t i = 0; rc == 0 && i < query->step_count; i++)
		rc = lower_step(&p, &query->steps[i], &p.steps[i]);
	plan->type = plan_type(query);
	plan->key_count = query->steps[0].key_count;
	plan->maxspan_ns = query->maxspan_ns;
	if (rc == 0)
		rc = lower_until(&p, query, plan);
	if (rc == 0)
		rc = capture(&p);
	return rc == 0 ? make_rule(&p, plan, ret) : rc;
}
