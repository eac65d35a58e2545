#include "detect/rule/matcher.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/err.h"

/* One rule set and one event, built by each test. */
struct bench {
	struct fields *fields;
	struct ruleset *set;
	struct arena *arena;
	struct batch *batch;
	struct view *view;
	struct matcher *matcher;
	struct err err;
};

static struct bench bench;

static void start(void)
{
	bench = (struct bench){0};
	assert_int_equal(fields_create(&bench.fields, &bench.err), 0);
	assert_int_equal(ruleset_create(bench.fields, &bench.set, &bench.err), 0);
	bench.arena = ruleset_arena(bench.set);
}

static void stop(void)
{
	matcher_destroy(bench.matcher);
	ruleset_destroy(bench.set);
	view_destroy(bench.view);
	batch_destroy(bench.batch);
	fields_destroy(bench.fields);
}

static struct expr *atom(field_id field, enum atom_op op, const char *text)
{
	return expr_atom(bench.arena,
		(struct atom){.op = (uint8_t)op, .field = field, .text = str_of(text)}, 0);
}

static struct expr *number(field_id field, enum atom_op op, double value)
{
	return expr_atom(
		bench.arena, (struct atom){.op = (uint8_t)op, .field = field, .number = value}, 0);
}

static struct expr *both(enum expr_op op, struct expr *a, struct expr *b)
{
	struct expr *list = expr_list(bench.arena, op);

	assert_int_equal(expr_add(bench.arena, list, a), 0);
	assert_int_equal(expr_add(bench.arena, list, b), 0);
	return list;
}

static struct rule *rule_of(struct expr *condition)
{
	struct rule *rule = arena_zalloc(bench.arena, sizeof(*rule));

	rule->id = STR("test");
	rule->condition = condition;
	memset(rule->kinds, 0xff, sizeof(rule->kinds));
	return rule;
}

static void add(struct expr *condition)
{
	assert_int_equal(ruleset_add(bench.set, rule_of(condition), &bench.err), 0);
}

static void ready(void)
{
	assert_int_equal(fields_freeze(bench.fields, &bench.err), 0);
	assert_int_equal(ruleset_compile(bench.set, &bench.err), 0);
	assert_int_equal(matcher_create(bench.set, &bench.matcher, &bench.err), 0);
	assert_int_equal(view_create(bench.fields, &bench.view), 0);
	assert_int_equal(batch_create(bench.fields, &bench.batch), 0);
}

static void begin(enum event_kind kind)
{
	(void)event_begin(bench.batch, kind, 1);
}

/* Bits of the rules that matched. */
static uint64_t run(enum event_kind also)
{
	const struct rule *const *matched;
	uint64_t bits = 0;

	struct event *event = event_commit(bench.batch);
	assert_non_null(event);
	view_load(bench.view, event);
	uint32_t count = matcher_run(bench.matcher, bench.view, also, &matched);
	for (uint32_t i = 0; i < count; i++) {
		assert_true(i == 0 || matched[i - 1]->number < matched[i]->number);
		bits |= UINT64_C(1) << matched[i]->number;
	}
	return bits;
}

static void test_text(void **state)
{
	start();
	add(atom(FIELD_process_name, ATOM_EQUALS, "CURL"));
	add(atom(FIELD_process_name, ATOM_WILDCARD, "c\xffrl"));
	add(atom(FIELD_process_args, ATOM_STARTS, "HTTP://"));
	add(atom(FIELD_process_command_line, ATOM_REGEX, "c[u]rl\\s+-o"));
	struct expr *cased = atom(FIELD_process_name, ATOM_EQUALS, "CURL");
	cased->atom.cased = true;
	add(cased);
	add(expr_not(bench.arena, atom(FIELD_process_executable, ATOM_CONTAINS, "x")));
	add(atom(FIELD_process_pid, ATOM_ENDS, "23"));
	add(atom(FIELD_source_ip, ATOM_CIDR, "10.0.0.0/8"));
	ready();
	begin(KIND_process_exec);
	ev_cstr(bench.batch, FIELD_process_name, "curl");
	ev_cstr(bench.batch, FIELD_process_command_line, "curl -o x http://h");
	ev_list(bench.batch, FIELD_process_args,
		(struct str[]){STR("curl"), STR("-o"), STR("x"), STR("http://h")}, 4);
	ev_int(bench.batch, FIELD_process_pid, 123);
	ev_cstr(bench.batch, FIELD_source_ip, "10.2.3.4");
	assert_int_equal(run(KIND_none), 0xef);
	begin(KIND_process_exec);
	ev_cstr(bench.batch, FIELD_process_name, "CURL");
	ev_cstr(bench.batch, FIELD_process_executable, "/x");
	assert_int_equal(run(KIND_none), 0x11 | 2);
	stop();
}

static void test_numbers_and_nothing(void **state)
{
	start();
	add(number(FIELD_process_pid, ATOM_GT, 100));
	add(number(FIELD_process_pid, ATOM_NUM_EQ, 200));
	add(number(FIELD_process_pid, ATOM_LTE, 100));
	add(atom(FIELD_process_name, ATOM_NULL, ""));
	add(atom(FIELD_process_name, ATOM_EXISTS, ""));
	add(atom(FIELD_process_name, ATOM_EMPTY, ""));
	add(atom(FIELD_process_name, ATOM_PRESENT, ""));
	struct expr *hour = number(FIELD_process_start, ATOM_TIME, 10);
	hour->atom.time_part = TIME_HOUR;
	add(hour);
	struct expr *same = atom(FIELD_process_user_name, ATOM_FIELD, "");
	same->atom.other = FIELD_process_real_user_name;
	same->atom.field_op = ATOM_EQUALS;
	add(same);
	ready();
	begin(KIND_process_exec);
	ev_int(bench.batch, FIELD_process_pid, 200);
	ev_cstr(bench.batch, FIELD_process_start, "2024-02-01T10:59:59.5Z");
	ev_cstr(bench.batch, FIELD_process_user_name, "Root");
	ev_cstr(bench.batch, FIELD_process_real_user_name, "rOOT");
	assert_int_equal(run(KIND_none), 3 | 8 | 0x180);
	begin(KIND_process_exec);
	ev_cstr(bench.batch, FIELD_process_pid, "99");
	ev_set(bench.batch, FIELD_process_name, value_text(STR("")));
	ev_int(bench.batch, FIELD_process_start, 1706785199); /* 10:59:59 */
	assert_int_equal(run(KIND_none), 4 | 0x10 | 0x20 | 0x40 | 0x80);
	begin(KIND_process_exec);
	ev_set(bench.batch, FIELD_process_name, (struct value){.type = VALUE_NULL});
	assert_int_equal(run(KIND_none), 8 | 0x40);
	stop();
}

static void test_kinds_and_os(void **state)
{
	start();
	for (unsigned i = 0; i < 4; i++) {
		struct rule *rule = rule_of(atom(FIELD_process_name, ATOM_EQUALS, "sh"));
		if (i < 2) {
			memset(rule->kinds, 0, sizeof(rule->kinds));
			unsigned kind = i == 0 ? KIND_process_exec : KIND_persistence_add;
			rule->kinds[kind / 64] = UINT64_C(1) << (kind % 64);
		}
		if (i == 3)
			rule->os_mask = 1u << OS_MACOS;
		assert_int_equal(ruleset_add(bench.set, rule, &bench.err), 0);
	}
	ready();
	begin(KIND_process_exec);
	ev_cstr(bench.batch, FIELD_process_name, "sh");
	assert_int_equal(run(KIND_none), 1 | 4 | 8);
	begin(KIND_file_create);
	ev_cstr(bench.batch, FIELD_process_name, "sh");
	bench.batch->building.os = OS_LINUX;
	assert_int_equal(run(KIND_persistence_add), 2 | 4);
	begin(KIND_process_exec);
	ev_cstr(bench.batch, FIELD_process_name, "sh");
	bench.batch->building.os = OS_MACOS;
	assert_int_equal(run(KIND_process_exec), 1 | 4 | 8);
	stop();
}

static void test_keywords(void **state)
{
	start();
	add(atom(FIELD_none, ATOM_KEYWORD, "Accepted password"));
	add(atom(FIELD_none, ATOM_KEYWORD, "user=\xfe;"));
	add(atom(FIELD_none, ATOM_KEYWORD, "say \"hi\""));
	add(atom(FIELD_none, ATOM_REGEX, "^8[0-9]$"));
	ready();
	begin(KIND_log_line);
	ev_cstr(bench.batch, FIELD_message, "x ACCEPTED PASSWORD for user=root;");
	assert_int_equal(run(KIND_none), 3);
	begin(KIND_document);
	bench.batch->building.raw = STR("{\"a\":{\"b\":[1,\"xx say \\\"Hi\\\"\"]},\"port\":85}");
	assert_int_equal(run(KIND_none), 4 | 8);
	begin(KIND_document);
	bench.batch->building.raw = STR("{\"Accepted password\":\"x\"}");
	assert_int_equal(run(KIND_none), 0);
	stop();
}

static void test_refused(void **state)
{
	start();
	struct rule *rule = rule_of(atom(FIELD_process_name, ATOM_REGEX, "a(b"));
	assert_int_equal(ruleset_add(bench.set, rule, &bench.err), -EINVAL);
	assert_non_null(strstr(bench.err.text, "parenthes"));
	rule = rule_of(atom(FIELD_process_name, ATOM_CIDR, "10.0.0.0/40"));
	assert_int_equal(ruleset_add(bench.set, rule, &bench.err), -EINVAL);
	struct expr *deep = atom(FIELD_process_name, ATOM_EQUALS, "a");
	for (int i = 0; i < EXPR_DEPTH_MAX + 1; i++)
		deep = expr_not(bench.arena, deep);
	assert_int_equal(ruleset_add(bench.set, rule_of(deep), &bench.err), -EINVAL);
	assert_int_equal(ruleset_count(bench.set), 0);
	ready();
	begin(KIND_process_exec);
	assert_int_equal(run(KIND_none), 0);
	stop();
}

static void test_explain(void **state)
{
	const struct why *why;
	struct arena arena;
	struct buf text = {0};

	start();
	struct expr *filter = expr_not(
		bench.arena, atom(FIELD_process_user_name, ATOM_EQUALS, "root"));
	add(both(EXPR_AND,
		both(EXPR_OR, atom(FIELD_process_args, ATOM_STARTS, "http"),
			atom(FIELD_process_args, ATOM_EQUALS, "no")),
		both(EXPR_AND,
			atom(FIELD_process_name, ATOM_WILDCARD,
				"\xfe"
				"ur\xff"),
			filter)));
	ready();
	begin(KIND_process_exec);
	ev_cstr(bench.batch, FIELD_process_name, "curl");
	ev_list(bench.batch, FIELD_process_args, (struct str[]){STR("curl"), STR("HTTP://h")}, 2);
	assert_int_equal(run(KIND_none), 1);
	arena_init(&arena, 0);
	uint32_t count = matcher_explain(
		bench.matcher, bench.view, ruleset_rule(bench.set, 0), &arena, &why);
	assert_int_equal(count, 2);
	assert_int_equal(why[0].field, FIELD_process_args);
	assert_string_equal(why[0].op, "startswith");
	assert_true(str_is(why[0].operand, "http"));
	assert_true(str_is(value_str(&why[0].value), "HTTP://h"));
	assert_true(str_is(why[1].operand, "*ur?"));
	arena_destroy(&arena);
	expr_print(&text, ruleset_rule(bench.set, 0)->condition, bench.fields);
	buf_char(&text, '\0');
	assert_string_equal(text.ptr,
		"((process.args startswith \"http\" or process.args equals \"no\") and "
		"(process.name like \"*ur?\" and not process.user.name equals \"root\"))");
	buf_clear(&text);
	ruleset_explain(bench.set, ruleset_rule(bench.set, 0), &text);
	assert_false(text.failed);
	buf_destroy(&text);
	stop();
}

/* Event numbers start anew after two thousand million events; what was remembered under the same
 * numbers must not count. */
static void test_numbers_of_events_wrap(void **state)
{
	start();
	add(both(EXPR_AND, atom(FIELD_process_name, ATOM_EQUALS, "curl"),
		atom(FIELD_process_command_line, ATOM_CONTAINS, "secret")));
	ready();
	for (int i = 0; i < 8; i++) {
		if (i == 3)
			bench.matcher->now = UINT32_MAX / 2 - 2;
		begin(KIND_process_exec);
		ev_cstr(bench.batch, FIELD_process_name, i % 2 ? "wget" : "curl");
		ev_cstr(bench.batch, FIELD_process_command_line, i % 3 ? "x secret" : "x");
		assert_int_equal(run(KIND_none), i % 2 == 0 && i % 3 != 0);
	}
	stop();
}

static void test_text_too_long_to_scan(void **state)
{
	size_t len = (size_t)17 << 20;
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'a', len);
	memcpy(text + len - 6, "needle", 6);
	start();
	add(atom(FIELD_process_command_line, ATOM_CONTAINS, "NEEDLE"));
	add(atom(FIELD_none, ATOM_KEYWORD, "needle"));
	add(atom(FIELD_process_command_line, ATOM_EQUALS, "needle"));
	ready();
	begin(KIND_process_exec);
	ev_text_ref(bench.batch, FIELD_process_command_line, str_n(text, len));
	assert_int_equal(run(KIND_none), 3);
	begin(KIND_process_exec);
	ev_cstr(bench.batch, FIELD_process_command_line, "needle");
	assert_int_equal(run(KIND_none), 7);
	free(text);
	stop();
}

/* What only looks like the end of an element, and letters that fold to ASCII. */
static void test_places_in_lists(void **state)
{
	start();
	add(atom(FIELD_process_args, ATOM_ENDS, "shadow"));
	add(atom(FIELD_process_args, ATOM_STARTS, "shadow"));
	add(atom(FIELD_process_args, ATOM_CONTAINS, "cat\xfe"));
	add(atom(FIELD_process_args, ATOM_EQUALS, "mask"));
	add(number(FIELD_process_args, ATOM_NUM_EQ, 42));
	ready();
	begin(KIND_process_exec);
	ev_list(bench.batch, FIELD_process_args,
		(struct str[]){STR("x/etc/shadow\0y"), STR("z\0shadow.z"), STR("042.0")}, 3);
	assert_int_equal(run(KIND_none), 16);
	begin(KIND_process_exec);
	ev_list(bench.batch, FIELD_process_args,
		(struct str[]){STR("/etc/Shadow"), STR("ma\xc5\xbf\xe2\x84\xaa"), STR("cat\xfe")},
		3);
	assert_int_equal(run(KIND_none), 1 | 4 | 8);
	stop();
}

static unsigned asked;

static bool pid_is_even(const void *program, const struct view *view, struct arena *scratch)
{
	int64_t pid = 1;
	const struct value *value = view_get(view, FIELD_process_pid);

	asked++;
	assert_ptr_equal(program, &asked);
	assert_non_null(arena_alloc(scratch, 64));
	return value != NULL && value_as_i64(value, &pid) && pid % 2 == 0;
}

static struct expr *even_pid(void)
{
	static const field_id reads[] = {FIELD_process_pid};

	return expr_atom(bench.arena,
		(struct atom){.op = ATOM_COMPUTED,
			.text = STR("pid is even"),
			.test = pid_is_even,
			.program = &asked,
			.reads = reads,
			.read_count = 1},
		0);
}

/* What a language computes by itself is asked once an event, and needs no field of its own. */
static void test_computed(void **state)
{
	start();
	add(even_pid());
	add(both(EXPR_AND, even_pid(), atom(FIELD_process_name, ATOM_EQUALS, "sh")));
	add(expr_not(bench.arena, even_pid()));
	ready();
	assert_true(fields_wanted(fields_wanted_bits(bench.fields), FIELD_process_pid));
	begin(KIND_process_exec);
	ev_int(bench.batch, FIELD_process_pid, 4);
	ev_cstr(bench.batch, FIELD_process_name, "sh");
	asked = 0;
	assert_int_equal(run(KIND_none), 1 | 2);
	assert_int_equal(asked, 1);
	begin(KIND_process_exec);
	ev_int(bench.batch, FIELD_process_pid, 5);
	assert_int_equal(run(KIND_none), 4);
	stop();
}

/* A document may name categories that its kind does not have. */
static void test_categories(void **state)
{
	struct expr *conditions[] = {NULL, NULL};

	start();
	conditions[0] = atom(FIELD_file_path, ATOM_CONTAINS, "LaunchAgents");
	conditions[1] = number(FIELD_process_pid, ATOM_GT, 5);
	for (unsigned i = 0; i < 2; i++) {
		struct rule *rule = rule_of(conditions[i]);
		memset(rule->kinds, 0, sizeof(rule->kinds));
		rule->kinds[KIND_process_exec / 64] |= UINT64_C(1) << KIND_process_exec % 64;
		rule->categories = UINT32_C(1) << CATEGORY_process;
		assert_int_equal(ruleset_add(bench.set, rule, &bench.err), 0);
	}
	/* no kind of event has this one */
	struct rule *registry = rule_of(atom(FIELD_file_path, ATOM_CONTAINS, "Agents/x"));
	memset(registry->kinds, 0, sizeof(registry->kinds));
	registry->categories = UINT32_C(1) << CATEGORY_registry;
	assert_int_equal(ruleset_add(bench.set, registry, &bench.err), 0);
	ready();
	for (unsigned odd = 0; odd < 3; odd++) {
		begin(KIND_file_create);
		ev_cstr(bench.batch, FIELD_file_path, "/Library/LaunchAgents/x");
		ev_int(bench.batch, FIELD_process_pid, 7);
		if (odd == 1)
			bench.batch->building.categories |= UINT32_C(1) << CATEGORY_process;
		if (odd == 2)
			bench.batch->building.categories |= UINT32_C(1) << CATEGORY_registry;
		assert_int_equal(run(KIND_none), odd == 1 ? 1 | 2 : odd == 2 ? 4 : 0);
	}
	begin(KIND_process_exec);
	ev_int(bench.batch, FIELD_process_pid, 7);
	assert_int_equal(run(KIND_none), 2);
	stop();
}

/* A rule that stands for its plan is never found by itself. */
static void test_plan(void **state)
{
	struct rule *rule;

	start();
	rule = rule_of(NULL);
	rule->role = RULE_PLAN;
	assert_int_equal(ruleset_add(bench.set, rule, &bench.err), 0);
	add(number(FIELD_process_pid, ATOM_GT, 5));
	ready();
	begin(KIND_process_exec);
	ev_int(bench.batch, FIELD_process_pid, 7);
	assert_int_equal(run(KIND_none), 2);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_numbers_and_nothing),
		cmocka_unit_test(test_kinds_and_os),
		cmocka_unit_test(test_keywords),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_numbers_of_events_wrap),
		cmocka_unit_test(test_text_too_long_to_scan),
		cmocka_unit_test(test_places_in_lists),
		cmocka_unit_test(test_computed),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_plan),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
