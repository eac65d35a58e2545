#include "detect/eql/explain.h"

#include "detect/cep/plan.h"
#include "detect/eql/lowering.h"
#include "detect/eql/parse.h"

struct telling {
	const struct ruleset *set;
	const struct fields *fields;
	const struct rule *rule;
	const struct eql_rule *own;
	const struct eql_query *query;
	const struct cep_plan *plan;
	struct buf *out;
};

static void print_time(struct buf *out, uint64_t ns)
{
	static const struct {
		uint64_t ns;
		const char *word;
	} units[] = {{UINT64_C(86400000000000), "day"}, {UINT64_C(3600000000000), "hour"},
		{UINT64_C(60000000000), "minute"}, {1000000000, "second"}, {1000000, "millisecond"},
		{1000, "microsecond"}, {1, "nanosecond"}};
	size_t i = 0;

	while (ns % units[i].ns != 0)
		i++;
	uint64_t count = ns / units[i].ns;
	buf_printf(
		out, "%llu %s%s", (unsigned long long)count, units[i].word, count == 1 ? "" : "s");
}

/* ---- the query ---- */

static void tell_query(struct telling *t)
{
	buf_printf(t->out, "query (%s, text %s case):\n    ",
		eql_dialect_word(t->own->options.dialect),
		t->own->options.caseless ? "without" : "with");
	eql_print(t->out, t->query, &t->own->options);
	buf_char(t->out, '\n');
	if (t->own->version.len > 0)
		buf_printf(t->out, "version: %.*s\n", STR_ARG(t->own->version));
	if (t->own->min_version.len > 0)
		buf_printf(t->out, "needs an endpoint of version: %.*s\n",
			STR_ARG(t->own->min_version));
}

static void tell_event(struct telling *t, const struct eql_event *event)
{
	buf_printf(t->out, "%.*s where ",
		STR_ARG(event->category.len == 0 ? STR("any") : event->category));
	eql_print_node(t->out, event->condition, &t->own->options);
	buf_char(t->out, '\n');
}

/* What ruleset_explain() says, further to the right. */
static void tell_machine(struct telling *t, const struct rule *rule)
{
	struct buf all = {0};

	ruleset_explain(t->set, rule, &all);
	struct str rest = buf_view(&all);
	(void)str_cut(&rest, '\n'); /* its id is the rule's */
	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		buf_cstr(t->out, "    ");
		buf_str(t->out, line);
		buf_char(t->out, '\n');
	}
	buf_destroy(&all);
}

/* ---- several events ---- */

static void tell_keys(struct telling *t, const struct eql_step *step)
{
	for (uint32_t i = 0; i < step->key_count; i++) {
		buf_cstr(t->out, i == 0 ? "    joined by " : ", ");
		eql_print_node(t->out, step->keys[i].value, &t->own->options);
		if (step->keys[i].optional)
			buf_cstr(t->out, " (may be missing)");
	}
	if (step->key_count > 0)
		buf_char(t->out, '\n');
}

static void tell_captures(struct telling *t, const struct cep_step *step)
{
	for (uint32_t i = 0; i < step->capture_count; i++) {
		struct str name = fields_name(t->fields, step->captures[i]);
		buf_printf(t->out, "%s%.*s", i == 0 ? "    keeps " : ", ", STR_ARG(name));
	}
	if (step->capture_count > 0)
		buf_char(t->out, '\n');
}

/* What the predicate machine cannot know. */
static void tell_test(struct telling *t, const void *program)
{
	if (program == NULL)
		return;
	buf_cstr(t->out, "    then asked, with what is known of other events: ");
	eql_program_print(program, t->out);
	buf_char(t->out, '\n');
}

static void tell_step(struct telling *t, uint32_t number)
{
	const struct eql_step *step = &t->query->steps[number];
	const struct cep_step *planned = &t->plan->steps[number];

	buf_printf(t->out, "step %u", number);
	if (step->alias.len > 0)
		buf_printf(t->out, " (%.*s)", STR_ARG(step->alias));
	buf_cstr(t->out, step->missing ? ", must not happen: " : ": ");
	tell_event(t, &step->event);
	if (step->runs > 1)
		buf_printf(t->out, "    %u times, one event each\n", step->runs);
	if (step->fork)
		buf_cstr(t->out, "    what it continues also goes on waiting\n");
	tell_keys(t, step);
	tell_captures(t, planned);
	tell_test(t, planned->test == NULL ? NULL : planned->program);
	tell_machine(t, planned->rule);
}

static void tell_sequence(struct telling *t)
{
	uint32_t last = t->plan->step_count - 1;

	buf_cstr(t->out, "what happens, for each value of the keys by itself:\n");
	buf_cstr(t->out, "    nothing seen --step 0--> a partial match begins\n");
	for (uint32_t i = 1; i <= last; i++) {
		if (t->query->steps[i].missing)
			buf_printf(t->out, "    waiting --step %u happens--> given up\n", i);
		else
			buf_printf(t->out, "    waiting for step %u --step %u--> %s\n", i, i,
				i < last ? "goes on" : "MATCH");
	}
	if (t->query->steps[last].missing)
		buf_cstr(t->out, "    time is over without it --> MATCH\n");
	buf_cstr(t->out, "    of those that wait at the same place for the same keys the newest "
			 "stays\n");
}

static void tell_unordered(struct telling *t)
{
	buf_printf(t->out,
		"what happens: one event for each of the %u steps, in any order, all with the same "
		"keys --> MATCH\n",
		t->plan->step_count);
}

static void tell_ends(struct telling *t)
{
	if (t->plan->maxspan_ns > 0) {
		buf_cstr(t->out, "    ends when the events span more than ");
		print_time(t->out, t->plan->maxspan_ns);
		buf_char(t->out, '\n');
	}
	if (t->plan->until == NULL)
		return;
	buf_cstr(t->out, "    ends at an event of the same keys: ");
	tell_event(t, &t->query->until->event);
	if (t->plan->until_first)
		buf_cstr(t->out, "    such an event ends first, also when it is a step itself\n");
}

static void tell_relations(struct telling *t)
{
	static const char *const words[] = {
		[CEP_DESCENDANT_OF] = "descendants of processes with an event",
		[CEP_CHILD_OF] = "children of processes with an event",
		[CEP_EVENT_OF] = "processes with an event",
	};

	for (uint32_t i = 0; i < t->plan->relation_count; i++) {
		const struct cep_relation *relation = &t->plan->relations[i];
		struct str name = fields_name(t->fields, relation->process);
		buf_printf(t->out, "relation %u: %s, known by %.*s\n", i, words[relation->type],
			STR_ARG(name));
		tell_test(t, relation->test == NULL ? NULL : relation->program);
		tell_machine(t, relation->mark);
	}
}

static void tell_plan(struct telling *t)
{
	switch (t->plan->type) {
	case CEP_SEQUENCE:
		tell_sequence(t);
		break;
	case CEP_SAMPLE:
	case CEP_JOIN:
		tell_unordered(t);
		break;
	default:
		buf_cstr(t->out, "what happens: an event of step 0 --> MATCH\n");
		break;
	}
	tell_ends(t);
	tell_relations(t);
	for (uint32_t i = 0; i < t->plan->step_count; i++)
		tell_step(t, i);
}

/* ---- what becomes of it ---- */

static void tell_actions(struct telling *t)
{
	for (uint32_t i = 0; i < t->rule->action_count; i++) {
		const struct rule_action *action = &t->rule->actions[i];
		buf_printf(t->out, "action%s: %.*s on %.*s of step %u",
			action->optional ? " (optional)" : "", STR_ARG(action->action),
			STR_ARG(action->field), action->state);
		if (action->refused.len > 0)
			buf_printf(t->out, "; refused: %.*s\n", STR_ARG(action->refused));
		else
			buf_cstr(t->out, "; off unless policy turns it on\n");
	}
}

void eql_explain(const struct ruleset *set, const struct fields *fields, const struct rule *rule,
	struct buf *out)
{
	struct telling t = {.set = set,
		.fields = fields,
		.rule = rule,
		.own = rule->eql,
		.query = rule->eql->query,
		.plan = rule->plan,
		.out = out};

	tell_query(&t);
	if (t.plan != NULL)
		tell_plan(&t);
	else
		tell_machine(&t, rule);
	tell_actions(&t);
}
