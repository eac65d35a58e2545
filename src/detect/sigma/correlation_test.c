/* Correlations become plans: what is read, to what names resolve, who alerts, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>
#include "detect/cep/plan.h"
#include "detect/sigma/test_engine.h"

#define SECOND UINT64_C(1000000000)

/* Three rules on single events, as the other documents of every test's file. */
#define RULES                                                                                    \
	"\n---\ntitle: one\nid: id-a\nname: a\ntags: [attack.t1110, attack.credential_access]\n" \
	"logsource: {product: linux, category: process_creation}\n"                              \
	"detection: {s: {Image: /a}, condition: s}\n"                                            \
	"---\ntitle: two\nid: id-b\nname: b\ntags: [attack.t1046]\n"                             \
	"logsource: {product: linux, category: network_connection}\n"                            \
	"detection: {s: {Image: /b}, condition: s}\n"                                            \
	"---\ntitle: three\nid: id-c\nname: c\nlogsource: {category: image_load}\n"              \
	"detection: {s: {Image: /c}, condition: s}\n"

static const struct sigma_options ecs = {.taxonomy = SIGMA_TAXONOMY_ECS};

static void load(struct engine *engine, const char *text)
{
	engine_begin(engine);
	engine_text(engine, &ecs, str_of(text));
}

static const struct rule *rule_called(const struct engine *engine, const char *id)
{
	for (uint32_t i = 0; i < ruleset_count(engine->set); i++)
		if (str_is(ruleset_rule(engine->set, i)->id, id))
			return ruleset_rule(engine->set, i);
	fail_msg("no rule %s: %.*s", id, STR_ARG(engine->reason));
	return NULL;
}

/* The plan of a correlation "x" with this section, in a file with the three rules. */
static const struct cep_plan *plan_of(struct engine *engine, const char *section)
{
	char text[4096];

	snprintf(text, sizeof(text), "title: x\nid: x\ncorrelation: {%s}" RULES, section);
	load(engine, text);
	if (engine->ok != 4)
		fail_msg("{%s}: %.*s", section, STR_ARG(engine->reason));
	return rule_called(engine, "x")->plan;
}

static void types_and_bounds(void **state)
{
	static const struct {
		const char *section;
		uint8_t aggregate, op;
		double number;
		uint64_t seconds;
	} rows[] = {
		{"type: event_count, rules: [a], timespan: 90s, condition: {gte: 100}",
			CEP_EVENT_COUNT, CEP_GTE, 100, 90},
		{"type: event_count, rules: a, timespan: 5m, condition: {eq: '3'}", CEP_EVENT_COUNT,
			CEP_EQ, 3, 300},
		{"type: value_count, rules: [a], timespan: 2h, condition: {gt: 5, field: User}",
			CEP_VALUE_COUNT, CEP_GT, 5, 7200},
		{"type: value_sum, rules: [a], timespan: 1d, condition: {gt: 1.5, field: x}",
			CEP_VALUE_SUM, CEP_GT, 1.5, 86400},
		{"type: value_avg, rules: [a], timespan: 1w, condition: {lt: -2, field: x}",
			CEP_VALUE_AVG, CEP_LT, -2, 604800},
		{"type: value_median, rules: [a], timespan: 1M, condition: {lte: 0, field: x}",
			CEP_VALUE_MEDIAN, CEP_LTE, 0, 2629746},
		{"type: value_percentile, rules: [a], timespan: 1y, "
		 "condition: {neq: 1, field: x, percentile: 99.9}",
			CEP_VALUE_PERCENTILE, CEP_NEQ, 1, 31556952},
		{"type: value_percentile, rules: [a], timespan: 1s, condition: {lte: 1, field: x}",
			CEP_VALUE_RANK, CEP_LTE, 1, 1},
		{"type: temporal, rules: [a, b], timespan: 1s", CEP_TEMPORAL, CEP_GTE, 2, 1},
		{"type: temporal, rules: [a, b], timespan: 1s, condition: , aliases: ~, group-by: "
		 "~",
			CEP_TEMPORAL, CEP_GTE, 2, 1},
		{"type: temporal, rules: [a, b, c], timespan: 1s, condition: {gte: 2}",
			CEP_TEMPORAL, CEP_GTE, 2, 1},
		{"type: temporal_ordered, rules: [a, b, c], timespan: 1s", CEP_TEMPORAL_ORDERED,
			CEP_GTE, 3, 1},
		{"type: temporal_ordered, timespan: 1s, condition: c AND a", CEP_TEMPORAL_ORDERED,
			CEP_GTE, 2, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct engine engine;
		const struct cep_plan *plan = plan_of(&engine, rows[i].section);
		assert_int_equal(plan->type, CEP_WINDOW);
		assert_int_equal(plan->aggregate, rows[i].aggregate);
		assert_int_equal(plan->bound_count, 1);
		assert_int_equal(plan->bounds[0].op, rows[i].op);
		assert_true(plan->bounds[0].number == rows[i].number);
		assert_int_equal(plan->maxspan_ns, rows[i].seconds * SECOND);
		assert_int_equal(plan->term_count, 0);
		engine_end(&engine);
	}
}

static void a_range_has_two_bounds(void **state)
{
	struct engine engine;
	const struct cep_plan *plan = plan_of(&engine,
		"type: value_percentile, rules: [a], timespan: 1s, "
		"condition: {gt: 100, lte: 200, field: x, percentile: 95}");

	assert_int_equal(plan->bound_count, 2);
	assert_int_equal(plan->bounds[1].op, CEP_LTE);
	assert_true(plan->percentile == 95);
	engine_end(&engine);
}

static void names_are_the_fields_of_each_rule(void **state)
{
	struct engine engine;
	const struct cep_plan *plan = plan_of(&engine,
		"type: value_count, rules: [id-a, b], group-by: [User, who], timespan: 1s, "
		"condition: {gte: 2, field: [DestinationIp, what]}, "
		"aliases: {who: {a: ProcessId, id-b: SourceIp}, "
		"what: {id-a: CommandLine, b: DestinationPort}}");

	assert_int_equal(plan->step_count, 2);
	assert_int_equal(plan->key_count, 2);
	assert_int_equal(plan->value_count, 2);
	assert_true(str_is(plan->steps[0].rule->id, "id-a"));
	assert_int_equal(plan->steps[0].keys[0].field, FIELD_user_name);
	assert_int_equal(plan->steps[1].keys[0].field, FIELD_user_name);
	assert_int_equal(plan->steps[0].keys[1].field, FIELD_process_pid);
	assert_int_equal(plan->steps[1].keys[1].field, FIELD_source_ip);
	assert_int_equal(plan->steps[1].values[0], FIELD_destination_ip);
	assert_int_equal(plan->steps[0].values[1], FIELD_process_command_line);
	assert_int_equal(plan->steps[1].values[1], FIELD_destination_port);
	assert_true(fields_wanted(fields_wanted_bits(engine.fields), FIELD_source_ip));
	engine_end(&engine);
}

static void a_missing_alias_is_the_name_itself(void **state)
{
	struct engine engine;
	const struct cep_plan *plan = plan_of(&engine,
		"type: temporal, rules: [a, b], group-by: User, timespan: 1s, "
		"aliases: {User: {a: ParentUser}}");

	assert_int_equal(plan->steps[0].keys[0].field, FIELD_process_parent_user_name);
	assert_int_equal(plan->steps[1].keys[0].field, FIELD_user_name);
	assert_int_equal(rule_called(&engine, "x")->note_count, 1);
	engine_end(&engine);
}

static void print_terms(const struct cep_plan *plan, char *out)
{
	for (uint32_t i = 0; i < plan->term_count; i++)
		out[i] = plan->terms[i].type == CEP_TERM_STEP ? (char)('0' + plan->terms[i].step)
							      : "?!&|"[plan->terms[i].type];
	out[plan->term_count] = '\0';
}

static void rules_joined_by_and_or_not(void **state)
{
	static const struct {
		const char *condition, *terms;
	} rows[] = {
		{"a or b and c", "012&|"},
		{"(a or b) and c", "01|2&"},
		{"a and not b", "01!&"},
		{"not a or not not b and (c)", "0!1!!2&|"},
		{"a OR b OR a AND c", "01|02&|"},
		{"not (a and b) or c", "01&!2|"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct engine engine;
		char section[256], terms[CEP_TERMS_MAX + 1];
		snprintf(section, sizeof(section), "type: temporal, timespan: 1s, condition: %s",
			rows[i].condition);
		print_terms(plan_of(&engine, section), terms);
		assert_string_equal(terms, rows[i].terms);
		engine_end(&engine);
	}
}

static void what_is_referred_to_is_silent_unless_generated(void **state)
{
	struct engine engine;

	load(&engine, "title: x\nid: x\ncorrelation: {type: temporal, rules: [a, b], timespan: 1s}"
		      "\n---\ntitle: y\nid: y\ngenerate: true\n"
		      "correlation: {type: temporal, rules: [b, c], timespan: 1s}" RULES);
	assert_int_equal(engine.ok, 5);
	assert_int_equal(rule_called(&engine, "x")->role, RULE_PLAN);
	assert_int_equal(rule_called(&engine, "id-a")->role, RULE_STEP);
	assert_int_equal(rule_called(&engine, "id-b")->role, RULE_FINDING);
	assert_int_equal(rule_called(&engine, "id-c")->role, RULE_FINDING);
	assert_int_equal(rule_called(&engine, "id-a")->note_count, 1);
	assert_int_equal(rule_called(&engine, "id-b")->note_count, 0);
	engine_end(&engine);
}

static void correlations_refer_to_correlations(void **state)
{
	struct engine engine;

	/* the outer comes first in its file, and must come last in the set */
	load(&engine,
		"title: x\nid: x\ncorrelation: {type: temporal_ordered, rules: [inner, b], "
		"group-by: [who], timespan: 1h}\n---\n"
		"title: i\nid: i\nname: inner\ncorrelation: {type: event_count, rules: [a, c], "
		"group-by: [who], timespan: 1m, condition: {gte: 10}, "
		"aliases: {who: {a: ParentImage, c: User}}}" RULES);
	assert_int_equal(engine.ok, 5);
	const struct rule *outer = rule_called(&engine, "x"), *inner = rule_called(&engine, "i");
	assert_ptr_equal(outer->plan->steps[0].rule, inner);
	assert_true(inner->number < outer->number);
	assert_int_equal(inner->role, RULE_STEP);
	assert_non_null(inner->plan);
	/* the alias of the inner one */
	assert_int_equal(outer->plan->steps[0].keys[0].field, FIELD_process_parent_executable);
	/* and what they inherit */
	assert_int_equal(outer->technique_count, 2);
	assert_true(str_is(outer->techniques[0], "T1046"));
	assert_true(str_is(outer->tactics[0], "credential-access"));
	assert_int_equal(outer->os_mask, 0); /* c is of any system */
	assert_true(rule_called(&engine, "id-b")->os_mask != 0);
	engine_compile(&engine);
	assert_true(engine_fires(&engine,
		STR("{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"event\":{\"kind\":\"event\","
		    "\"action\":\"exec\",\"category\":[\"process\"],\"type\":[\"start\"]},"
		    "\"process\":{\"executable\":\"/a\"}}"),
		rule_called(&engine, "id-a")->number));
	engine_end(&engine);
}

static void an_alias_may_name_a_rule_below_a_correlation(void **state)
{
	struct engine engine;

	load(&engine, "title: x\nid: x\ncorrelation: {type: temporal, rules: [inner, b], "
		      "group-by: [who], timespan: 1h, aliases: {who: {a: ParentUser, b: User}}}"
		      "\n---\ntitle: i\nid: i\nname: inner\ncorrelation: {type: event_count, "
		      "rules: [a], timespan: 1m, condition: {gte: 10}}" RULES);
	assert_int_equal(engine.ok, 5);
	const struct cep_plan *plan = rule_called(&engine, "x")->plan;
	assert_int_equal(plan->steps[0].keys[0].field, FIELD_process_parent_user_name);
	assert_int_equal(plan->steps[1].keys[0].field, FIELD_user_name);
	engine_end(&engine);
}

static void rules_of_the_same_file_come_first(void **state)
{
	struct rule_results results = {0};
	struct sigma_loader *loader;
	struct engine engine;

	engine_begin(&engine);
	assert_int_equal(sigma_create(engine.set, &ecs, &results, &loader, NULL), 0);
	assert_int_equal(sigma_load_text(loader, STR(RULES), "first.yml", NULL), 0);
	assert_int_equal(sigma_load_text(loader,
				 STR("title: x\nid: x\ncorrelation: {type: temporal, "
				     "rules: [a, c], timespan: 1s}\n---\ntitle: t\nid: other\n"
				     "name: a\nlogsource: {product: linux}\n"
				     "detection: {s: {f: 1}, condition: s}\n"),
				 "second.yml", NULL),
		0);
	assert_int_equal(sigma_finish(loader, NULL), 0);
	sigma_destroy(loader);
	const struct cep_plan *plan = rule_called(&engine, "x")->plan;
	assert_true(str_is(plan->steps[0].rule->id, "other"));
	assert_true(str_is(plan->steps[1].rule->id, "id-c"));
	assert_int_equal(rule_called(&engine, "id-a")->role, RULE_FINDING);
	engine_end(&engine);
}

static void a_chain_has_an_end(void **state)
{
	struct engine engine;
	char text[16384] = "";
	size_t len = 0;

	/* 40 in a row: the last 32 may stand, whatever their order in the file */
	for (int i = 0; i < 40; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"title: t\nid: k%d\nname: k%d\ncorrelation: {type: temporal, rules: "
			"[%s%d], "
			"timespan: 1s}\n---\n",
			i, i, i == 39 ? "a #" : "k", i + 1);
	snprintf(text + len, sizeof(text) - len, "%s", RULES);
	/* a comment would hide the end of a flow map */
	char *hash = strstr(text, "a #40]");
	memcpy(hash, "a    ]", 6);
	load(&engine, text);
	assert_int_equal(engine.ok, 3 + 32);
	assert_int_equal(engine.refused, 8);
	engine_end(&engine);
}

/* What stands in a correlation, and what the reason for refusing it says. */
static const struct {
	const char *section, *reason;
} refused[] = {
	{"rules: [a], timespan: 1s, condition: {gte: 1}", "type is missing"},
	{"type: near, rules: [a], timespan: 1s", "'near' is unknown"},
	{"type: event_count, timespan: 1s, condition: {gte: 1}", "rules is missing"},
	{"type: event_count, rules: [], timespan: 1s, condition: {gte: 1}", "rules is empty"},
	{"type: event_count, rules: [a, a], timespan: 1s, condition: {gte: 1}", "'a' twice"},
	{"type: event_count, rules: [a, id-a], timespan: 1s, condition: {gte: 1}",
		"'id-a' is named twice"},
	{"type: event_count, rules: [zz], timespan: 1s, condition: {gte: 1}",
		"no rule 'zz' is loaded"},
	{"type: event_count, rules: [x], timespan: 1s, condition: {gte: 1}",
		"refers to itself through 'x'"},
	{"type: event_count, rules: [{a: b}], timespan: 1s, condition: {gte: 1}",
		"an entry of rules is not a text"},
	{"type: event_count, rules: [a], condition: {gte: 1}", "timespan is missing"},
	{"type: event_count, rules: [a], timespan: 0s, condition: {gte: 1}", "timespan '0s'"},
	{"type: event_count, rules: [a], timespan: 5, condition: {gte: 1}", "timespan '5'"},
	{"type: event_count, rules: [a], timespan: 5S, condition: {gte: 1}", "timespan '5S'"},
	{"type: event_count, rules: [a], timespan: 0x5s, condition: {gte: 1}", "timespan '"},
	{"type: event_count, rules: [a], timespan: 101y, condition: {gte: 1}", "100 years"},
	{"type: event_count, rules: [a], timespan: 99999999999999999999s, "
	 "condition: {gte: 1}",
		"100 years"},
	{"type: event_count, rules: [a], timespan: 1s", "condition of event_count is missing"},
	{"type: event_count, rules: [a], timespan: 1s, condition: a",
		"condition of event_count is no map"},
	{"type: event_count, rules: [a], timespan: 1s, condition: {field: x}", "none of gt"},
	{"type: event_count, rules: [a], timespan: 1s, condition: {gte: x}", "gte is no number"},
	{"type: event_count, rules: [a], timespan: 1s, condition: {gte: .inf}", "is no number"},
	{"type: event_count, rules: [a], timespan: 1s, condition: {ge: 1}", "'ge' is unknown"},
	{"type: event_count, rules: [a], timespan: 1s, condition: {gt: 5, lt: 6}",
		"can never hold"},
	{"type: event_count, rules: [a], timespan: 1s, condition: {eq: 0}", "can never hold"},
	{"type: temporal, rules: [a, b], timespan: 1s, condition: {gt: 2}", "can never hold"},
	{"type: value_sum, rules: [a], timespan: 1s, condition: {gt: 5, lte: 5, field: x}",
		"can never hold"},
	{"type: value_sum, rules: [a], timespan: 1s, condition: {gt: 5}", "needs a field"},
	{"type: value_sum, rules: [a], timespan: 1s, condition: {gt: 5, field: [x, y]}",
		"takes one field"},
	{"type: value_sum, rules: [a], timespan: 1s, condition: {gt: 5, field: x, "
	 "percentile: 5}",
		"only value_percentile"},
	{"type: value_percentile, rules: [a], timespan: 1s, condition: {gt: 5, field: x, "
	 "percentile: 101}",
		"0 to 100"},
	{"type: temporal, rules: [a, b], timespan: 1s, condition: a", "rule 'b' does not occur"},
	{"type: temporal, rules: [a], timespan: 1s, condition: a and c", "'c' is not among"},
	{"type: temporal, timespan: 1s, condition: a b", "and or or is missing"},
	{"type: temporal, timespan: 1s, condition: a and", "a rule's name is missing"},
	{"type: temporal, timespan: 1s, condition: (a", "not closed"},
	{"type: temporal, timespan: 1s, condition: a)", "nothing opened"},
	{"type: temporal_ordered, timespan: 1s, condition: a or b", "joined by and only"},
	{"type: temporal, rules: [a], timespan: 1s, window: 5", "'window' is unknown"},
	{"type: temporal, rules: [a], timespan: 1s, aliases: [x]", "aliases is no map"},
	{"type: temporal, rules: [a], timespan: 1s, aliases: {x: y}", "alias 'x' is no map"},
	{"type: temporal, rules: [a], timespan: 1s, aliases: {x: {zz: y}}",
		"alias 'x': no rule 'zz'"},
	{"type: temporal, rules: [a], timespan: 1s, generate: maybe", "neither true nor false"},
	{"type: temporal, rules: [a], timespan: 1s, group-by: {x: y}", "group-by is a map"},
};

static void refusals(void **state)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct engine engine;
		char text[4096];
		snprintf(text, sizeof(text), "title: x\nid: x\ncorrelation: {%s}" RULES,
			refused[i].section);
		load(&engine, text);
		if (engine.refused != 1 || str_find(engine.reason, str_of(refused[i].reason)) < 0)
			fail_msg("{%s}: %u refused: %.*s, not \"%s\"", refused[i].section,
				engine.refused, STR_ARG(engine.reason), refused[i].reason);
		assert_true(str_starts(engine.reason, STR("line ")));
		assert_int_equal(engine.ok, 3);
		assert_int_equal(rule_called(&engine, "id-a")->role, RULE_FINDING);
		engine_end(&engine);
	}
}

static void a_circle_and_what_hangs_on_it_are_refused(void **state)
{
	struct engine engine;

	load(&engine,
		"title: 1\nid: k1\ncorrelation: {type: temporal, rules: [k2, a], timespan: "
		"1s}\n---\n"
		"title: 2\nid: k2\ncorrelation: {type: temporal, rules: [k3], timespan: 1s}\n---\n"
		"title: 3\nid: k3\ncorrelation: {type: temporal, rules: [k1], timespan: 1s}\n---\n"
		"title: 4\nid: k4\ncorrelation: {type: temporal, rules: [a, k3], timespan: "
		"1s}\n---\n"
		"title: 5\nid: k5\ncorrelation: {type: temporal, rules: [bad], timespan: 1s}\n---\n"
		"title: 6\nid: bad\nlogsource: {product: linux}\n"
		"detection: {s: {f|nope: 1}, condition: s}" RULES);
	assert_int_equal(engine.ok, 3);
	assert_int_equal(engine.refused, 6);
	engine_end(&engine);
}

static void filters_apply_to_rules_not_to_correlations(void **state)
{
	struct engine engine;

	load(&engine,
		"title: f\nid: f\nlogsource: {product: linux}\nfilter: {rules: [x, a], "
		"s: {User: adm}, condition: not s}\n---\n"
		"title: x\nid: x\ncorrelation: {type: temporal, rules: [a], timespan: 1s}" RULES);
	assert_int_equal(engine.ok, 5);
	const struct rule *x = rule_called(&engine, "x");
	assert_int_equal(x->note_count, 1);
	assert_true(str_find(x->notes[0], STR("filter f does not apply")) >= 0);
	assert_int_equal(rule_called(&engine, "id-a")->note_count, 2);
	engine_end(&engine);
}

static void collections_hold_correlations(void **state)
{
	struct engine engine;

	load(&engine, "action: global\ncorrelation: {type: event_count, rules: [a], "
		      "timespan: 1m, group-by: [User]}\nlevel: high\n---\n"
		      "title: x\nid: x\ncorrelation: {condition: {gte: 5}}\n---\n"
		      "action: repeat\nid: y\ncorrelation: {condition: {gte: 50}}\n---\n"
		      "action: reset" RULES);
	assert_int_equal(engine.ok, 5);
	assert_true(rule_called(&engine, "y")->plan->bounds[0].number == 50);
	assert_int_equal(rule_called(&engine, "y")->severity, SEVERITY_HIGH);
	assert_int_equal(rule_called(&engine, "y")->plan->key_count, 1);
	engine_end(&engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_and_bounds),
		cmocka_unit_test(a_range_has_two_bounds),
		cmocka_unit_test(names_are_the_fields_of_each_rule),
		cmocka_unit_test(a_missing_alias_is_the_name_itself),
		cmocka_unit_test(rules_joined_by_and_or_not),
		cmocka_unit_test(what_is_referred_to_is_silent_unless_generated),
		cmocka_unit_test(correlations_refer_to_correlations),
		cmocka_unit_test(an_alias_may_name_a_rule_below_a_correlation),
		cmocka_unit_test(rules_of_the_same_file_come_first),
		cmocka_unit_test(a_chain_has_an_end),
		cmocka_unit_test(refusals),
		cmocka_unit_test(a_circle_and_what_hangs_on_it_are_refused),
		cmocka_unit_test(filters_apply_to_rules_not_to_correlations),
		cmocka_unit_test(collections_hold_correlations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
