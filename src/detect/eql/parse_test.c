#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/eql/parse.h"

#define P EQL_DIALECT_ENDPOINT
#define S EQL_DIALECT_ELASTICSEARCH
#define G EQL_DIALECT_ENDGAME

struct fixture {
	struct arena arena;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->arena, 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_destroy(&f->arena);
	free(f);
	return 0;
}

static struct eql_node *expression(struct fixture *f, enum eql_dialect dialect, struct str text)
{
	struct eql_options options = eql_options_of(dialect);
	struct eql_node *node = NULL;

	f->err.text[0] = '\0';
	if (eql_parse_expression(&f->arena, text, &options, &node, &f->err) != 0)
		return NULL;
	return node;
}

static struct eql_query *query(struct fixture *f, enum eql_dialect dialect, const char *text)
{
	struct eql_options options = eql_options_of(dialect);
	struct eql_query *ret = NULL;

	f->err.text[0] = '\0';
	if (eql_parse(&f->arena, str_of(text), &options, &ret, &f->err) != 0)
		return NULL;
	return ret;
}

/* The expression prints as expected, and that prints as itself. */
static void prints(void **state, enum eql_dialect dialect, const char *text, const char *expected)
{
	struct eql_options options = eql_options_of(dialect);
	struct str source = str_of(text);

	for (int round = 0; round < 2; round++) {
		struct buf out = {0};
		struct eql_node *node = expression(*state, dialect, source);
		if (node == NULL)
			fail_msg("%s: %s", text, ((struct fixture *)*state)->err.text);
		eql_print_node(&out, node, &options);
		if (!str_is(buf_view(&out), expected))
			fail_msg("%s printed as %.*s", text, STR_ARG(buf_view(&out)));
		buf_destroy(&out);
		source = str_of(expected);
	}
}

static void query_prints(
	void **state, enum eql_dialect dialect, const char *text, const char *expected)
{
	struct eql_options options = eql_options_of(dialect);

	for (int round = 0; round < 2; round++) {
		struct buf out = {0};
		struct eql_query *parsed = query(*state, dialect, round == 0 ? text : expected);
		if (parsed == NULL)
			fail_msg("%s: %s", text, ((struct fixture *)*state)->err.text);
		eql_print(&out, parsed, &options);
		if (!str_is(buf_view(&out), expected))
			fail_msg("%s printed as %.*s", text, STR_ARG(buf_view(&out)));
		buf_destroy(&out);
	}
}

static void text_is(void **state, enum eql_dialect dialect, struct str source, struct str expected)
{
	struct eql_node *node = expression(*state, dialect, source);

	if (node == NULL)
		fail_msg("%.*s: %s", STR_ARG(source), ((struct fixture *)*state)->err.text);
	assert_int_equal(node->type, EQL_STRING);
	if (!str_eq(node->text, expected))
		fail_msg("%.*s is \"%.*s\"", STR_ARG(source), STR_ARG(node->text));
}

static void refused(void **state, enum eql_dialect dialect, const char *text, const char *why)
{
	struct fixture *f = *state;

	if (query(f, dialect, text) != NULL)
		fail_msg("accepted: %s", text);
	if (strncmp(f->err.text, why, strlen(why)) != 0)
		fail_msg("%s: %s", text, f->err.text);
}

static void test_literals(void **state)
{
	struct eql_node *node;

	text_is(state, P, STR("\"a\\tb\\\\c\\\"d\""), STR("a\tb\\c\"d"));
	text_is(state, P, STR("\"\\u{200f}\\u{1F600}\""), STR("\xe2\x80\x8f\xf0\x9f\x98\x80"));
	text_is(state, P, STR("\"\\x41\\u{00}z\""), STR("A\0z"));
	text_is(state, S, STR("\"\"\"a\\d\"b\"\"\""), STR("a\\d\"b"));
	text_is(state, S, STR("\"\"\"a\"\"\"\""), STR("a\""));
	text_is(state, S, STR("\"\"\"a\"\"\"\"\""), STR("a\"\""));
	text_is(state, S, STR("\"\"\"\"\"\""), STR(""));
	text_is(state, S, STR("\"\"\"\"\"\"\""), STR("\""));
	text_is(state, S, STR("\"\""), STR(""));
	text_is(state, G, STR("'it\\'s \"x\"'"), STR("it's \"x\""));
	text_is(state, G, STR("?'a\\d\\'b'"), STR("a\\d'b"));
	text_is(state, G, STR("?\"C:\\temp\\\""), STR("C:\\temp\\"));

	node = expression(*state, P, STR("-9223372036854775808"));
	assert_int_equal(node->type, EQL_INT);
	assert_true(node->integer == INT64_MIN);
	node = expression(*state, P, STR("9223372036854775808"));
	assert_int_equal(node->type, EQL_FLOAT);
	assert_true(node->number == 9223372036854775808.0);
	node = expression(*state, P, STR("-.5e1"));
	assert_int_equal(node->type, EQL_FLOAT);
	assert_true(node->number == -5.0);
	assert_int_equal(expression(*state, P, STR("null"))->type, EQL_NULL);
	assert_true(expression(*state, P, STR("true"))->boolean);
	/* Words of the language are written in small letters; others are fields. */
	assert_int_equal(expression(*state, P, STR("True"))->type, EQL_FIELD);
}

static void test_fields(void **state)
{
	struct eql_node *node = expression(*state, P, STR("?list[2][3].`a b`.name[0]"));

	assert_int_equal(node->type, EQL_FIELD);
	assert_true(node->optional);
	assert_true(str_is(node->text, "list.a b.name"));
	assert_int_equal(node->index_count, 3);
	assert_int_equal(node->indexes[0].position, 4);
	assert_int_equal(node->indexes[0].number, 2);
	assert_int_equal(node->indexes[1].position, 4);
	assert_int_equal(node->indexes[1].number, 3);
	assert_int_equal(node->indexes[2].position, 13);

	prints(state, P, "`a.b`.c", "a.b.c");
	prints(state, P, "`a`[0].`x``y`[1].z", "a[0].`x``y`[1].z");
	prints(state, P, "@timestamp . x", "@timestamp.x");
	prints(state, P, "`and` == 1 and x.and.not == 2", "`and` == 1 and x.and.not == 2");
	prints(state, G, "`@a` == 1", "`@a` == 1");
	prints(state, P, "`a.` == `.b`", "`a.` == `.b`");
}

static void test_precedence(void **state)
{
	struct eql_node *node = expression(*state, P, STR("a and b and not c or d"));

	assert_int_equal(node->type, EQL_OR);
	assert_int_equal(node->kid_count, 2);
	assert_int_equal(node->height, 4);
	assert_int_equal(node->kids[0]->type, EQL_AND);
	assert_int_equal(node->kids[0]->kid_count, 3);
	assert_int_equal(node->kids[0]->kids[2]->type, EQL_NOT);

	prints(state, P, "((a or b)) and (c and d)", "(a or b) and (c and d)");
	prints(state, P, "not (a == 1 and b)", "not (a == 1 and b)");
	prints(state, P, "(not a) == true", "(not a) == true");
	prints(state, P, "a-b-(c-d)*-e%2", "a - b - (c - d) * -e % 2");
	prints(state, P, "-(a+b)", "-(a + b)");
	prints(state, P, "- -3 + -(4) - + x", "3 + -4 - x");
	prints(state, P, "(a == b) == c", "(a == b) == c");
	prints(state, S, "a in (1) == true and false != b : \"c\"",
		"(a in (1)) == true and false != (b : \"c\")");
	prints(state, P, "1 + 2 * 3 == 7 and x", "1 + 2 * 3 == 7 and x");
}

static void test_operators(void **state)
{
	struct eql_node *node = expression(*state, P, STR("a like~ (\"x*\", \"\"\"y\"\"\")"));

	assert_int_equal(node->type, EQL_MATCH);
	assert_int_equal(node->op, EQL_LIKE);
	assert_true(node->caseless);
	assert_int_equal(node->kid_count, 3);
	assert_true(node->kids[2]->raw);
	node = expression(*state, P, STR("a : -2"));
	assert_true(node->caseless);
	assert_int_equal(node->kids[1]->integer, -2);

	prints(state, P, "a:\"x\" and b : (\"y\",) or c regex \"[a-z]\"",
		"a : \"x\" and b : \"y\" or c regex \"[a-z]\"");
	prints(state, P, "a regex~ \"\"\"\\d+\"\"\"", "a regex~ \"\"\"\\d+\"\"\"");
	prints(state, P, "a not in (1, b, f(c)) and d in~ (\"x\")",
		"not a in (1, b, f(c)) and d in~ (\"x\")");
	prints(state, P, "a<1 and b<=1 and c>1 and d>=1 and e!=1 and f==1",
		"a < 1 and b <= 1 and c > 1 and d >= 1 and e != 1 and f == 1");
	prints(state, G, "a = 'x*' // why\n and /* not */ b == ?'\\d'",
		"a == \"x*\" and b == ?\"\\d\"");
	prints(state, G, "a:length() > 1 and not x:between('a', \"b\"):f()",
		"length(a) > 1 and not f(between(x, \"a\", \"b\"))");
	prints(state, P, "stringcontains~(a, event0.file.path)",
		"stringcontains~(a, event0.file.path)");
	prints(state, P, "_arraysearch(a, $entry, $entry.b : \"c\")",
		"_arraysearch(a, $entry, $entry.b : \"c\")");
	prints(state, P, "not child of [file where event of [any where true]]",
		"not child of [file where event of [any where true]]");
	prints(state, P, "descendant == child.of and event.of : \"x\"",
		"descendant == child.of and event.of : \"x\"");
}

static void test_sequences(void **state)
{
	struct eql_query *q = query(*state, P,
		"sequence by host.id, ?user.id with maxspan=90s\n"
		"  [process where true] by process.pid with runs=3 as start\n"
		"  ![any where false] by a[1].b\n"
		"  [file where file.path == start.process.executable] by c\n"
		"until [\"my category\" where 1] by d | head 3");

	assert_non_null(q);
	assert_int_equal(q->type, EQL_SEQUENCE);
	assert_int_equal(q->step_count, 3);
	assert_true(q->maxspan_ns == 90000000000);
	assert_int_equal(q->steps[0].key_count, 3);
	assert_int_equal(q->steps[0].common_count, 2);
	assert_true(q->steps[0].keys[1].optional);
	assert_int_equal(q->steps[0].runs, 3);
	assert_true(q->steps[1].missing);
	assert_true(str_is(q->until->event.category, "my category"));
	struct eql_node *right = q->steps[2].event.condition->kids[1];
	assert_int_equal(right->type, EQL_REFERENCE);
	assert_int_equal(right->step, 0);
	assert_true(str_is(right->text, "process.executable"));

	query_prints(state, P,
		"sequence with maxspan=1h by a [any where true] as x "
		"[\"any\" where x.y[0].z == `x.y` and x[0].y == 1] as y [p where descendant of [q "
		"where c == y.d]]",
		"sequence by a with maxspan=1h\n  [any where true] as x\n"
		"  [\"any\" where x.y[0].z == `x.y` and x[0].y == 1] as y\n"
		"  [p where descendant of [q where c == y.d]]");
	query_prints(state, G,
		"sequence [a where b] by c * 2 [d where e] fork=1 by f until [g where h] by i\n"
		"| filter events[1].x.y > 1 and events.z | unique_count a events[0].b | head",
		"sequence\n  [a where b] by c * 2\n  [d where e] fork=true by f\n"
		"until [g where h] by i\n| filter events[1].x.y > 1 and events.z\n"
		"| unique_count a, events[0].b\n| head 50");
	query_prints(state, S, "sample by host [any where a > 1] by b [any where true] by c",
		"sample by host\n  [any where a > 1] by b\n  [any where true] by c");
	query_prints(state, S, "sequence by ?a with maxspan=1500ms [x where y] with runs=2",
		"sequence by ?a with maxspan=1500ms\n  [x where y] with runs=2");
	query_prints(state, G, "join by a [x where y] [z where w] | count | sort key, count",
		"join by a\n  [x where y]\n  [z where w]\n| count\n| sort key, count");
	query_prints(state, P, "sample where sequence == 1", "sample where sequence == 1");
}

static void test_refusals(void **state)
{
	static const struct {
		enum eql_dialect dialect;
		const char *text, *why;
	} cases[] = {
		{P, "process where\n  name = \"x\"", "line 2, column 8: '=' as comparison"},
		{P, "process where a == 'x'",
			"line 1, column 20: single-quoted text is understood "
			"by endgame, not by endpoint"},
		{S, "a where b == ?\"x\"", "line 1, column 14: raw text behind '?'"},
		{G, "a where b == \"\"\"x\"\"\"", "line 1, column 14: triple-quoted text"},
		{G, "a where b : \"x\"", "line 1, column 11: a match by"},
		{G, "a where ?b", "line 1, column 9: an optional field"},
		{G, "a where f~(b)", "line 1, column 9: '~'"},
		{G, "a where @b", "line 1, column 9: '@'"},
		{G, "\"a\" where b", "line 1, column 1: a quoted category"},
		{G, "a where \"\\u{41}\"",
			"line 1, column 10: the escape \\u{…} is understood by "
			"endpoint and elasticsearch"},
		{S, "`a` where b", "line 1, column 1: expected a category"},
		{S, "a where $b", "line 1, column 9: '$'"},
		{S, "a where b:length()", "line 1, column 10: a function called as"},
		{S, "a where child of [b where c]", "line 1, column 9: a relation"},
		{S, "join [a where b] [c where d]", "line 1, column 1: 'join'"},
		{G, "sample by a [b where c]", "line 1, column 1: 'sample'"},
		{S, "sequence [a where b]", "line 1, column 1: a sequence needs two steps"},
		{S, "sequence [a where b] as x [c where d]", "line 1, column 22: a step's name"},
		{S, "sequence [a where b] [c where d] fork", "line 1, column 34: 'fork'"},
		{S, "sequence with maxspan=1s by a [b where c] [d where e]", "line 1, column 26"},
		{S, "sequence by f(a) [b where c] [d where e]", "line 1, column 13: a key"},
		{S, "a where b | sort c", "line 1, column 13: a pipe other"},
		{P, "a where b | sort c d", "line 1, column 20: a list of values without commas"},
		{G, "sequence [a where b] ![c where d]", "line 1, column 22: a missing event"},
		{P, "sequence [a where b] ![c where d]", "line 1, column 1: a sequence with a"},
		{P, "sequence [a where b] by c [d where e]", "line 1, column 28: this step has 0"},
		{P, "sequence by 1 [a where b]", "line 1, column 13: a key is a field"},
		{P, "sequence [a where b] as x [c where d] as x",
			"line 1, column 42: expected a "
			"name that no other"},
		{P, "sequence with maxspan=1.5s [a where b]",
			"line 1, column 23: expected a whole"},
		{P, "sequence with maxspan=5 [a where b]", "line 1, column 25: expected a unit"},
		{P, "sequence with maxspan=0s [a where b]", "line 1, column 23: expected a time"},
		{P, "sequence [a where b] with runs=0", "line 1, column 32: expected a number of"},
		{G, "join by x [a where b] [c where d] | filter events[2].x",
			"line 1, column 44: "
			"there are only"},
		{P, "process where", "line 1, column 14: expected a field"},
		{P, "process", "line 1, column 8: expected 'where'"},
		{P, "", "line 1, column 1: expected a category"},
		{P, "a where b == \"\\d\"", "line 1, column 15: '\\' begins an escape"},
		{P, "a where \"\\u{d800}\"", "line 1, column 10: \\u{d800} is no Unicode"},
		{P, "a where \"\\u{1}\"", "line 1, column 10: expected 2 to 8"},
		{P, "a where b == \"é\" and ü", "line 1, column 22: unexpected character"},
		{P, "a where \"b\n\"", "line 1, column 9: this text has no end"},
		{P, "a where b /* c", "line 1, column 11: this comment"},
		{P, "a where b < c < d", "line 1, column 15: comparisons do not chain"},
		{P, "a where b in ()", "line 1, column 15: expected a field"},
		{P, "a where b not like \"x\"", "line 1, column 15: expected 'in'"},
		{P, "a where b !: \"x\"", "line 1, column 11: '!:'"},
		{P, "a where b like c", "line 1, column 16: expected text"},
		{P, "a where b c", "line 1, column 11: expected 'and', 'or', '|' or the end"},
		{P, "a where b[x]", "line 1, column 10: expected 'and'"},
		{P, "a where 1e999", "line 1, column 9: this number"},
		{P, "a where b | head 0", "line 1, column 18: expected a whole"},
		{S, "a where b | head", "line 1, column 13: head or tail without"},
		{P, "a where b | filter", "line 1, column 13: 'filter' needs one condition"},
		{P, "a where b | top 3", "line 1, column 13: expected a pipe"},
		{P, "a where b | filter child of [c where d]", "line 1, column 20: 'child of'"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(state, cases[i].dialect, cases[i].text, cases[i].why);
}

static struct str repeated(const char *before, const char *part, size_t count, const char *after)
{
	struct buf out = {0};

	buf_cstr(&out, before);
	for (size_t i = 0; i < count; i++)
		buf_cstr(&out, part);
	buf_cstr(&out, after);
	buf_char(&out, '\0');
	return str_n(out.ptr, out.len - 1);
}

static void test_limits(void **state)
{
	static const struct {
		const char *before, *part, *after;
		size_t good, bad;
	} cases[] = {
		{"a where ", "not ", "b", EQL_DEPTH_MAX - 2, EQL_DEPTH_MAX},
		{"a where ", "(", "b", 0, 3 * EQL_DEPTH_MAX},
		{"a where b", " + 1", "", EQL_DEPTH_MAX - 1, EQL_DEPTH_MAX},
		{"a where b", " or b", "", 10000, EQL_NODES_MAX},
		{"a where ", "descendant of [a where ", "b", 0, EQL_DEPTH_MAX},
		{"a where b", "[0]", "", EQL_INDEXES_MAX, EQL_INDEXES_MAX + 1},
		{"a where b", ".b", "", EQL_NAME_BYTES_MAX / 2 - 1, EQL_NAME_BYTES_MAX / 2},
		{"a where b", "| head 1", "", EQL_PIPES_MAX, EQL_PIPES_MAX + 1},
		{"sequence ", "[a where b]", "", EQL_STEPS_MAX, EQL_STEPS_MAX + 1},
		{"sequence by a", ",a", "[b where c]", EQL_KEYS_MAX - 1, EQL_KEYS_MAX},
		{"a where b", " ", "", EQL_TEXT_BYTES_MAX - 9, EQL_TEXT_BYTES_MAX},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = repeated(
			cases[i].before, cases[i].part, cases[i].good, cases[i].after);
		if (query(*state, P, text.ptr) == NULL)
			fail_msg("case %zu: %s", i, ((struct fixture *)*state)->err.text);
		free((void *)text.ptr);
		text = repeated(cases[i].before, cases[i].part, cases[i].bad, cases[i].after);
		if (query(*state, P, text.ptr) != NULL)
			fail_msg("case %zu: accepted", i);
		free((void *)text.ptr);
	}
}

static void test_memory(void **state)
{
	struct eql_options options = eql_options_of(EQL_DIALECT_ENDPOINT);
	struct str text = STR("sequence by a [b where c.d[1] == \"e\" and f(`g`)] | sort h");
	struct eql_query *ret = NULL;
	int result = -ENOMEM;

	(void)state;
	for (size_t limit = 1; result != 0; limit += 16) {
		struct arena arena;
		struct err err = {0};
		arena_init(&arena, limit);
		result = eql_parse(&arena, text, &options, &ret, &err);
		assert_true(result == 0 || result == -ENOMEM);
		arena_destroy(&arena);
		assert_true(limit < 100000);
	}
}

static void test_dialects(void **state)
{
	enum eql_dialect dialect;

	(void)state;
	assert_true(eql_dialect_parse(STR("endgame"), &dialect));
	assert_int_equal(dialect, EQL_DIALECT_ENDGAME);
	assert_false(eql_dialect_parse(STR("kql"), &dialect));
	assert_true(eql_options_of(EQL_DIALECT_ENDGAME).caseless);
	assert_false(eql_options_of(EQL_DIALECT_ENDPOINT).caseless);
	for (unsigned i = 0; i < EQL_FEATURE_COUNT; i++) {
		assert_non_null(eql_feature_name((enum eql_feature)i));
		assert_string_not_equal(eql_feature_dialects((enum eql_feature)i), "no dialect");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_literals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_precedence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_operators, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sequences, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_dialects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
