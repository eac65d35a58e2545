#include "detect/eql/rule_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/err.h"
#include "detect/cep/plan.h"
#include "detect/eql/explain.h"

static struct fields *fields;
static struct ruleset *set;
static struct rule_results results;

static int begin(void **state)
{
	struct err err;

	(void)state;
	results = (struct rule_results){0};
	return fields_create(&fields, &err) != 0 || ruleset_create(fields, &set, &err) != 0;
}

static int end(void **state)
{
	(void)state;
	ruleset_destroy(set);
	fields_destroy(fields);
	return 0;
}

static const struct rule_result *load(const char *text)
{
	struct eql_file_options options = {0};
	struct err err;

	assert_int_equal(
		eql_load_text(set, &options, str_of(text), "dir/f.toml", &results, &err), 0);
	return results.last;
}

static const struct rule *taken(const char *text)
{
	const struct rule_result *result = load(text);

	if (result->status != RULE_OK)
		fail_msg("%.*s", STR_ARG(result->reason));
	assert_non_null(result->rule);
	return result->rule;
}

static void is(struct str text, const char *expected)
{
	if (!str_is(text, expected))
		fail_msg("%.*s, not %s", STR_ARG(text), expected);
}

static void left_out(const char *text, enum rule_status status, const char *reason)
{
	const struct rule_result *result = load(text);

	assert_int_equal(result->status, status);
	is(result->reason, reason);
}

/* ---- both forms ---- */

static const char endpoint_file[] =
	"[rule]\n"
	"id = 'e1'\n"
	"name = 'A shell below a browser'\n"
	"description = '''\n  Told briefly.\n'''\n"
	"os_list = ['linux', 'macos']\n"
	"version = '1.0.2'\n"
	"min_endpoint_version = '8.9.0'\n"
	"query = '''\n"
	"sequence by process.entity_id with maxspan=1m\n"
	"  [process where process.name : \"sh\"]\n"
	"  ![file where true]\n"
	"  [network where true]\n"
	"'''\n"
	"[[actions]]\naction = 'kill_process'\nfield = 'process.entity_id'\nstate = 0\n"
	"[[actions]]\naction = 'kill_process'\nfield = 'Effective_process.executable'\nstate = 2\n"
	"[[actions]]\naction = 'kill_process'\nfield = 'file.path'\nstate = 2\n"
	"[[actions]]\naction = 'kill_process'\nfield = 'process.entity_id'\nstate = 1\n"
	"[[actions]]\naction = 'dance'\nfield = 'process.entity_id'\nstate = 0\n"
	"[[optional_actions]]\naction = 'rollback'\nfield = 'process.entity_id'\nstate = 3\n"
	"[[threat]]\nframework = 'MITRE ATT&CK'\n"
	"[[threat.technique]]\nid = 't1059'\n"
	"[[threat.technique.subtechnique]]\nid = 'T1059.004'\n"
	"[threat.tactic]\nname = 'Command and Control'\n"
	"[[threat]]\n[threat.tactic]\nname = 'Execution'\n";

static void endpoint_rules(void **state)
{
	const struct rule *rule = taken(endpoint_file);

	is(rule->id, "e1");
	is(rule->file, "dir/f.toml");
	is(rule->language, "eql");
	is(rule->title, "A shell below a browser");
	is(rule->description, "Told briefly.");
	assert_int_equal(rule->severity, SEVERITY_MEDIUM);
	assert_int_equal(rule->os_mask, 1 << OS_LINUX | 1 << OS_MACOS);
	assert_int_equal(rule->line, 11);
	assert_int_equal(rule->technique_count, 2);
	is(rule->techniques[0], "T1059");
	is(rule->techniques[1], "T1059.004");
	assert_int_equal(rule->tactic_count, 2);
	is(rule->tactics[0], "command-and-control");
	is(rule->eql->version, "1.0.2");
	is(rule->eql->min_version, "8.9.0");
	assert_int_equal(rule->eql->options.dialect, EQL_DIALECT_ENDPOINT);
	(void)state;
}

static void actions(void **state)
{
	static const struct {
		const char *field, *refused;
	} expected[] = {
		{"process.entity_id", ""},
		{"Effective_process.entity_id", ""},
		{"file.path", "file.path names no process"},
		{"process.entity_id", "the step's event must be missing"},
		{"process.entity_id", "no such action"},
		{"process.entity_id", "the query has no such step"},
	};
	const struct rule *rule = taken(endpoint_file);

	assert_int_equal(rule->action_count, 6);
	for (unsigned i = 0; i < 6; i++) {
		is(rule->actions[i].field, expected[i].field);
		is(rule->actions[i].refused, expected[i].refused);
		assert_int_equal(rule->actions[i].optional, i == 5);
	}
	assert_int_equal(rule->actions[1].state, 2);
	left_out("[rule]\nid='x'\nquery='any where true'\n[[actions]]\nfield='a'\n", RULE_REFUSED,
		"line 4: an action without its name");
	(void)state;
}

static void detection_rules(void **state)
{
	const struct rule *rule = taken(
		"[metadata]\nmaturity = 'development'\n[rule]\n"
		"rule_id = 'd1'\nid = 'other'\nname = 'N'\ntype = 'eql'\n"
		"language = 'eql'\nseverity = 'high'\ntags = ['a', 'b']\n"
		"query = 'process where process.name == \"x\"'\n"
		"[[rule.threat]]\n[[rule.threat.technique]]\nid = 'T1071'\n");

	is(rule->id, "d1");
	assert_int_equal(rule->severity, SEVERITY_HIGH);
	assert_int_equal(rule->tag_count, 2);
	is(rule->techniques[0], "T1071");
	assert_int_equal(rule->os_mask, 0);
	assert_int_equal(rule->role, RULE_FINDING);
	assert_int_equal(rule->eql->options.dialect, EQL_DIALECT_ELASTICSEARCH);
	assert_int_equal(rule->note_count, 1);
	is(rule->notes[0], "maturity: development");
	(void)state;
}

static void what_is_no_eql(void **state)
{
#define KIND(type, language) \
	"[rule]\nrule_id='k'\ntype='" type "'\nlanguage='" language "'\nquery='x'\n"
	left_out(KIND("query", "kuery"), RULE_SKIPPED, "kuery");
	left_out(KIND("query", "lucene"), RULE_SKIPPED, "lucene");
	left_out(KIND("threshold", "kuery"), RULE_SKIPPED, "threshold");
	left_out(KIND("new_terms", "kuery"), RULE_SKIPPED, "new_terms");
	left_out(KIND("esql", "esql"), RULE_SKIPPED, "esql");
	left_out("[rule]\nrule_id='m'\ntype='machine_learning'\nanomaly_threshold=5\n",
		RULE_SKIPPED, "machine_learning");
	left_out("", RULE_SKIPPED, "no rule");
	left_out("[tool]\nname='x'\n", RULE_SKIPPED, "no rule");
	left_out("[rule]\nname='x'\n", RULE_SKIPPED, "no rule");
	left_out("rule = 5\n", RULE_SKIPPED, "no rule");
	(void)state;
}

static void what_is_broken(void **state)
{
	left_out("[rule\n", RULE_REFUSED, "line 1: a header that is not closed");
	left_out("[rule]\nid='x'\n", RULE_REFUSED, "line 1: rule.query is missing or no text");
	assert_int_equal(load("[rule]\nid='x'\n\nquery='''\nprocess where\n\n  process.name ==\n"
			      "'''\n")
				 ->status,
		RULE_REFUSED);
	assert_true(str_starts(results.last->reason, STR("line 8, column ")));
	is(results.last->id, "x");
	/* Types are looked at later than words. */
	left_out("[rule]\nid='x'\nquery='''\nany where\n  nosuch(a)\n'''\n", RULE_REFUSED,
		"line 5, column 3: unknown function 'nosuch'");
	assert_int_equal(ruleset_count(set), 0);
	(void)state;
}

/* ---- plans ---- */

static const struct rule *query(
	enum eql_dialect dialect, const char *text, const struct eql_document_options *document)
{
	struct eql_options options = eql_options_of(dialect);
	struct rule meta = {.id = STR("query")};
	struct err err = {0};

	if (eql_add_query(set, str_of(text), &options, document, &meta, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	assert_ptr_equal(ruleset_rule(set, meta.number)->eql, meta.eql);
	return ruleset_rule(set, meta.number);
}

static field_id field(const char *name)
{
	return fields_find(fields, str_of(name));
}

static void sequences(void **state)
{
	const struct rule *rule = query(EQL_DIALECT_ENDPOINT,
		"sequence by user.name, ?a with maxspan=90s "
		"[process where x == 1] with runs=3 ![file where true] "
		"[any where y == 1] as other until [process where z == 1]",
		NULL);
	const struct cep_plan *plan = rule->plan;

	assert_int_equal(rule->role, RULE_PLAN);
	assert_int_equal(plan->type, CEP_SEQUENCE);
	assert_int_equal(plan->step_count, 3);
	assert_int_equal(plan->key_count, 2);
	assert_int_equal(plan->maxspan_ns, UINT64_C(90000000000));
	assert_int_equal(plan->steps[0].runs, 3);
	assert_true(plan->steps[1].missing);
	assert_int_equal(plan->steps[0].keys[0].field, field("user.name"));
	assert_false(plan->steps[0].keys[0].optional);
	assert_true(plan->steps[0].keys[1].optional);
	assert_false(plan->steps[0].keys[0].caseless);
	assert_non_null(plan->until);
	assert_false(plan->until_first);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(plan->steps[i].rule->role, RULE_STEP);
		assert_true(plan->steps[i].rule->number < rule->number);
		assert_null(plan->steps[i].test);
	}
	assert_true(plan->steps[2].rule->kinds[0] == UINT64_MAX);
	(void)state;
}

static void older_sequences(void **state)
{
	const struct rule *rule = query(EQL_DIALECT_ENDGAME,
		"sequence [process where x == 1] by length(a) [file where y == 1] by b fork=true "
		"until [any where z == 1] by b",
		NULL);
	const struct cep_plan *plan = rule->plan;

	assert_true(plan->steps[1].fork);
	assert_int_equal(plan->steps[0].keys[0].field, FIELD_none);
	assert_non_null(plan->steps[0].keys[0].compute);
	assert_true(plan->steps[1].keys[0].caseless);
	assert_true(plan->steps[1].keys[0].optional);
	assert_true(plan->until_first);
	assert_int_equal(
		query(EQL_DIALECT_ENDGAME, "join by a [any where x == 1] [any where y == 1]", NULL)
			->plan->type,
		CEP_JOIN);
	assert_int_equal(query(EQL_DIALECT_ELASTICSEARCH,
				 "sample by a [any where x == 1] [any where y == 1]", NULL)
				 ->plan->type,
		CEP_SAMPLE);
	(void)state;
}

static void references(void **state)
{
	const struct rule *rule = query(EQL_DIALECT_ENDPOINT,
		"sequence with maxspan=1s [process where x == 1] as first "
		"[file where y == 1 and (file.path == first.process.executable or z == 1)]",
		NULL);
	const struct cep_plan *plan = rule->plan;
	struct buf out = {0};

	assert_null(plan->steps[0].test);
	assert_int_equal(plan->steps[0].capture_count, 1);
	assert_int_equal(plan->steps[0].captures[0], FIELD_process_executable);
	assert_non_null(plan->steps[1].test);
	/* What does not need the earlier event is the machine's. */
	expr_print(&out, plan->steps[1].rule->condition, fields);
	is(buf_view(&out), "y equals 1");
	buf_destroy(&out);
	(void)state;
}

static void relations(void **state)
{
	const struct rule *rule = query(EQL_DIALECT_ENDPOINT,
		"process where x == 1 and descendant of [process where y == 1 and "
		"child of [process where z == 1]]",
		NULL);
	const struct cep_plan *plan = rule->plan;

	assert_int_equal(plan->type, CEP_SINGLE);
	assert_int_equal(plan->relation_count, 2);
	assert_int_equal(plan->relations[0].type, CEP_CHILD_OF);
	assert_null(plan->relations[0].test);
	assert_int_equal(plan->relations[1].type, CEP_DESCENDANT_OF);
	assert_non_null(plan->relations[1].test);
	assert_int_equal(plan->relations[1].process, FIELD_process_entity_id);
	assert_null(plan->relations[1].start);
	assert_true(plan->relations[1].mark->number < plan->steps[0].rule->number);
	rule = query(EQL_DIALECT_ENDGAME, "file where event of [process where y == 1]", NULL);
	assert_int_equal(rule->plan->relations[0].process, field("unique_pid"));
	assert_non_null(rule->plan->relations[0].start);
	assert_non_null(rule->plan->relations[0].end);
	(void)state;
}

static void pipes(void **state)
{
	const struct rule *rule = query(EQL_DIALECT_ENDGAME,
		"sequence [any where x == 1] [any where y == 1] "
		"| filter events[1].a == 'b' | sort c | head 3",
		NULL);

	assert_int_equal(rule->eql->pipe_count, 3);
	assert_int_equal(rule->eql->pipe_field_count, 2);
	assert_int_equal(rule->plan->steps[0].capture_count, 2);
	assert_int_equal(rule->plan->steps[1].capture_count, 2);
	(void)state;
}

static void categories(void **state)
{
	const struct eql_document_options own = {.category_field = STR("kind")};
	const struct rule *rule = query(EQL_DIALECT_ENDPOINT, "persistence where true", NULL);
	struct buf out = {0};

	assert_int_equal(rule->categories, 1 << CATEGORY_persistence);
	assert_false(rule->kinds[0] == UINT64_MAX);
	rule = query(EQL_DIALECT_ENDPOINT, "\"my own\" where x == 1", NULL);
	assert_true(rule->kinds[0] == UINT64_MAX);
	assert_int_equal(rule->note_count, 2);
	is(rule->notes[0], "no sensor supplies field x");
	is(rule->notes[1], "no sensor supplies category my own");
	rule = query(EQL_DIALECT_ENDPOINT, "registry where true", NULL);
	assert_int_equal(rule->categories, 1 << CATEGORY_registry);
	is(rule->notes[0], "no sensor supplies category registry");
	rule = query(EQL_DIALECT_ENDPOINT, "process where x == 1", &own);
	assert_int_equal(rule->categories, 0);
	expr_print(&out, rule->condition, fields);
	is(buf_view(&out), "(kind equals|cased \"process\" and x equals 1)");
	buf_destroy(&out);
	(void)state;
}

/* What must be so of an event is known before it is asked anything. */
static void narrowed(void **state)
{
	const struct rule *rule = query(EQL_DIALECT_ELASTICSEARCH,
		"process where host.os.type in (\"linux\", \"macos\") and "
		"event.type == \"start\" and a == 1",
		NULL);

	assert_int_equal(rule->os_mask, 1 << OS_LINUX | 1 << OS_MACOS);
	assert_int_equal(rule->types, 1 << TYPE_start);
	rule = query(EQL_DIALECT_ELASTICSEARCH,
		"process where host.os.type in (\"linux\", \"plan9\") and "
		"not event.type == \"end\" and (event.type == \"start\" or a == 1)",
		NULL);
	assert_int_equal(rule->os_mask, 0);
	assert_int_equal(rule->types, 0);
	(void)state;
}

static void explanation(void **state)
{
	static const char *const parts[] = {"maxspan=1m", "nothing seen --step 0-->",
		"waiting --step 1 happens--> given up", "waiting for step 2 --step 2--> MATCH",
		"more than 1 minute", "step 1, must not happen: file where true",
		"joined by process.entity_id", "process.name equals \"sh\"",
		"action (optional): rollback", "refused: file.path names no process",
		"off unless policy turns it on"};
	struct buf out = {0};

	eql_explain(set, fields, taken(endpoint_file), &out);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (str_find(buf_view(&out), str_of(parts[i])) < 0)
			fail_msg("%s is not in\n%.*s", parts[i], STR_ARG(buf_view(&out)));
	buf_clear(&out);
	eql_explain(set, fields,
		query(EQL_DIALECT_ENDPOINT, "file where x == 1 and child of [process where y == 1]",
			NULL),
		&out);
	assert_true(str_find(buf_view(&out), STR("then asked, with what is known of other events: "
						 "child of [process where y == 1]")) > 0);
	buf_destroy(&out);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(endpoint_rules, begin, end),
		cmocka_unit_test_setup_teardown(actions, begin, end),
		cmocka_unit_test_setup_teardown(detection_rules, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_eql, begin, end),
		cmocka_unit_test_setup_teardown(what_is_broken, begin, end),
		cmocka_unit_test_setup_teardown(sequences, begin, end),
		cmocka_unit_test_setup_teardown(older_sequences, begin, end),
		cmocka_unit_test_setup_teardown(references, begin, end),
		cmocka_unit_test_setup_teardown(relations, begin, end),
		cmocka_unit_test_setup_teardown(pipes, begin, end),
		cmocka_unit_test_setup_teardown(categories, begin, end),
		cmocka_unit_test_setup_teardown(narrowed, begin, end),
		cmocka_unit_test_setup_teardown(explanation, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
