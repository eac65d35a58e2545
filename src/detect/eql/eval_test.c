#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "detect/eql/eval.h"
#include "detect/eql/parse.h"
#include "event/ecs.h"
#include "event/view.h"

enum { P = 1, S = 2, G = 4, C = 8 }; /* endpoint, elasticsearch, endgame; with regard to case */
#define ALL (P | S | G)

struct sample {
	struct arena tree, scratch;
	struct fields *fields;
	struct batch *batch;
	struct view *view;
	struct eql_options options;
	struct eql_node *node;
};

static int sample_bind(struct sample *s, const char *expression, struct err *err)
{
	struct eql_node *written;

	arena_init(&s->tree, 0);
	arena_init(&s->scratch, 64 << 20);
	assert_int_equal(fields_create(&s->fields, err), 0);
	int rc = eql_parse_expression(&s->tree, str_of(expression), &s->options, &written, err);
	if (rc == 0)
		rc = eql_bind(&s->tree, written, &s->options, s->fields, &s->node, err);
	return rc;
}

static void sample_load(struct sample *s, const char *event)
{
	struct event *loaded;
	struct err err = {0};
	size_t offset;

	fields_want_all(s->fields);
	assert_int_equal(fields_freeze(s->fields, &err), 0);
	assert_int_equal(batch_create(s->fields, &s->batch), 0);
	assert_int_equal(view_create(s->fields, &s->view), 0);
	if (ecs_decode(s->batch, str_of(event), NULL, &loaded, &offset, &err) != 0)
		fail_msg("%s: %s", event, err.text);
	view_load(s->view, loaded);
}

static void sample_forget(struct sample *s)
{
	view_destroy(s->view);
	batch_destroy(s->batch);
	fields_destroy(s->fields);
	arena_destroy(&s->scratch);
	arena_destroy(&s->tree);
}

static struct sample sample_of(unsigned dialect_bit, bool cased)
{
	struct sample s = {.options = eql_options_of(dialect_bit == P	? EQL_DIALECT_ENDPOINT
						     : dialect_bit == S ? EQL_DIALECT_ELASTICSEARCH
									: EQL_DIALECT_ENDGAME)};

	if (cased)
		s.options.caseless = false;
	return s;
}

/* What the expression gives as JSON, or "refused". */
static void evaluate(unsigned dialect, bool cased, const char *expression, const char *event,
	struct buf *out, struct err *err)
{
	struct sample s = sample_of(dialect, cased);
	struct eql_env env = {.options = &s.options, .scratch = &s.scratch};
	struct json_writer w = {.buf = out};

	buf_clear(out);
	if (sample_bind(&s, expression, err) != 0) {
		buf_cstr(out, "refused");
	} else {
		sample_load(&s, event == NULL ? "{}" : event);
		eql_env_of_view(&env, s.view);
		struct value value = eql_eval(&env, s.node);
		value_write_json(&w, &value);
		/* holds is the value's truth, where null is none */
		if (value.type == VALUE_BOOL || value.type == VALUE_NULL)
			assert_true(eql_holds(&env, s.node) ==
				    (value.type == VALUE_BOOL && value.boolean));
	}
	sample_forget(&s);
}

struct expectation {
	unsigned dialects;
	const char *expression, *event, *value;
};

static void check(const struct expectation *cases, size_t count)
{
	struct buf out = {0};

	for (size_t i = 0; i < count; i++) {
		const struct expectation *c = &cases[i];
		for (unsigned bit = P; bit <= G; bit <<= 1) {
			struct err err = {0};
			if ((c->dialects & bit) == 0)
				continue;
			evaluate(bit, (c->dialects & C) != 0, c->expression, c->event, &out, &err);
			if (!str_is(buf_view(&out), c->value))
				fail_msg("%s of %s (dialect %u): %.*s %s, not %s", c->expression,
					c->event == NULL ? "{}" : c->event, bit, STR_ARG(out),
					err.text, c->value);
		}
	}
	buf_destroy(&out);
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

/* ---- values ---- */

static void test_null_logic(void **state)
{
	static const struct expectation cases[] = {
		{ALL, "null == null", NULL, "true"},
		{ALL, "null != null", NULL, "false"},
		{ALL, "1 == null", NULL, "false"},
		{ALL, "null < 1", NULL, "null"},
		{ALL, "not null", NULL, "null"},
		{ALL, "null and true", NULL, "null"},
		{ALL, "null and false", NULL, "false"},
		{ALL, "null or true", NULL, "true"},
		{ALL, "null or false", NULL, "null"},
		{ALL, "a == null", "{\"a\":null}", "true"},
		{ALL, "a == null", "{\"a\":[null,null]}", "true"},
		{ALL, "a != null", "{\"a\":[null,1]}", "true"},
		{ALL, "a == null", NULL, "true"},
		{ALL, "null == (a > 1)", NULL, "true"},
		{ALL, "null == (a > 1)", "{\"a\":0}", "false"},
		{ALL, "a", NULL, "null"},
		/* a missing field: nothing is known of it, or nothing holds for it */
		{P | S, "?a == ?b", NULL, "true"},
		{P | S, "?a != ?b", NULL, "false"},
		{P | S, "?a == b", NULL, "false"},
		{P | S, "?a == ?b", "{\"a\":1}", "false"},
		{G, "a == 1", NULL, "null"},
		{G, "a != 1", NULL, "null"},
		{G, "not a == 1", NULL, "null"},
		{G, "not a", NULL, "null"},
		{G, "a == b", NULL, "null"},
		{P | S, "a == 1", NULL, "false"},
		{P | S, "a != 1", NULL, "true"},
		{P | S, "not a == 1", NULL, "true"},
		{P | S, "not a", NULL, "true"},
		{P | S, "a == b", NULL, "false"},
		{P | S, "not a : \"x*\"", NULL, "true"},
		{P | S, "a not in (1, 2)", NULL, "true"},
		{P | S, "not startsWith(a, \"x\")", NULL, "true"},
		{P | S, "a > 1 and b > 1", "{\"a\":2}", "false"},
		{G, "a > 1 and b > 1", "{\"a\":2}", "null"},
		{ALL, "a > 1 or b > 1", "{\"a\":2}", "true"},
	};

	(void)state;
	CHECK(cases);
}

static void test_numbers(void **state)
{
	static const struct expectation cases[] = {
		{ALL, "7 / 2", NULL, "3"},
		{ALL, "7 / 2.0", NULL, "3.5"},
		{ALL, "7 % 3", NULL, "1"},
		{ALL, "2 + 3 * 4 - 1", NULL, "13"},
		{ALL, "1 / 0", NULL, "null"},
		{ALL, "1 % 0", NULL, "null"},
		{ALL, "1.0 / 0", NULL, "null"},
		{ALL, "-a", "{\"a\":5}", "-5"},
		{P | S, "-7 / 2", NULL, "-3"},
		{P | S, "-7 % 2", NULL, "-1"},
		{P | S, "7 % -2", NULL, "1"},
		{G, "-7 / 2", NULL, "-4"},
		{G, "-7 % 2", NULL, "1"},
		{G, "7 % -2", NULL, "-1"},
		{ALL, "a - 2", "{\"a\":-9223372036854775807}", "-9.223372036854776e+18"},
		{ALL, "-(a - 1)", "{\"a\":-9223372036854775807}", "9223372036854775808"},
		{ALL, "(a - 1) / -1", "{\"a\":-9223372036854775807}", "9223372036854775808"},
		{ALL, "(a - 1) % -1", "{\"a\":-9223372036854775807}", "0"},
		{ALL, "(-9223372036854775807 - 1) / -1", NULL, "9223372036854775808"},
		{ALL, "a * a", "{\"a\":9223372036854775807}", "8.507059173023462e+37"},
		{ALL, "a + 1", "{\"a\":9223372036854775807}", "9223372036854775808"},
		{ALL, "a + 1", "{\"a\":18446744073709551615}", "1.8446744073709552e+19"},
		{ALL, "a + 1", "{\"a\":\"5\"}", "null"},
		/* whole numbers and fractions exactly: as doubles these would be equal */
		{ALL, "a == b", "{\"a\":9007199254740993,\"b\":9007199254740992.0}", "false"},
		{ALL, "a > b", "{\"a\":9007199254740993,\"b\":9007199254740992.0}", "true"},
		{ALL, "a < b", "{\"a\":9223372036854775807,\"b\":9223372036854775808.0}", "true"},
		{ALL, "a > b", "{\"a\":18446744073709551615,\"b\":-1}", "true"},
		{ALL, "a < b", "{\"a\":-3,\"b\":-2.5}", "true"},
		{ALL, "a > b", "{\"a\":-2,\"b\":-2.5}", "true"},
		{ALL, "3 == 3.0", NULL, "true"},
		{ALL, "a == 3", "{\"a\":\"3\"}", "true"},
		{ALL, "a == 3", "{\"a\":\"3.0\"}", "true"},
		{ALL, "a == 3", "{\"a\":\"x\"}", "false"},
		{ALL, "a == \"3\"", "{\"a\":3}", "true"},
		{ALL, "a == \"3.0\"", "{\"a\":3}", "false"},
		{ALL, "a > 3", "{\"a\":\"10\"}", "true"},
		{ALL, "a == true", "{\"a\":\"true\"}", "true"},
		{G, "a > 3", "{\"a\":\"x\"}", "null"},
		{G, "a == true", "{\"a\":1}", "null"},
	};

	(void)state;
	CHECK(cases);
}

static void test_texts(void **state)
{
	static const struct expectation cases[] = {
		{P | S | G | C, "\"Foo\" == \"foo\"", NULL, "false"},
		{P | S | G | C, "\"Foo\" < \"foo\"", NULL, "true"},
		{G, "\"Foo\" == \"foo\"", NULL, "true"},
		{G, "\"Foo\" < \"foo\"", NULL, "false"},
		{G, "\"Foo\" <= \"foo\"", NULL, "true"},
		{ALL, "a > \"b\"", "{\"a\":\"bb\"}", "true"},
		{ALL, "a == b", "{\"a\":\"x\",\"b\":\"x\"}", "true"},
		{G, "a == b", "{\"a\":\"\\u00c4X\",\"b\":\"\\u00e4x\"}", "true"},
		{P | S, "a == b", "{\"a\":\"\\u00c4X\",\"b\":\"\\u00e4x\"}", "false"},
		{G, "a == \"x*z\"", "{\"a\":\"XyyZ\"}", "true"},
		{G, "\"x*z\" == a", "{\"a\":\"xz\"}", "true"},
		{G, "a != \"x*z\"", "{\"a\":\"xz\"}", "false"},
		{G, "a == \"x?z\"", "{\"a\":\"xyz\"}", "false"},
		{G, "a == \"*\"", "{\"a\":\"x\\ny\"}", "true"},
		{P | S, "a == \"x*z\"", "{\"a\":\"xyz\"}", "false"},
		{P | S, "a == \"x*z\"", "{\"a\":\"x*z\"}", "true"},
		{P | S, "a : \"x*z\"", "{\"a\":\"XyZ\"}", "true"},
		{P | S, "a : \"x?z\"", "{\"a\":\"XYZ\"}", "true"},
		{P | S, "a : (\"q\", \"x?z\")", "{\"a\":\"XYZ\"}", "true"},
		{P | S, "a : \"46*\"", "{\"a\":4624}", "true"},
		{P | S, "a like \"x*\"", "{\"a\":\"Xa\"}", "false"},
		{P | S, "a like~ \"x*\"", "{\"a\":\"Xa\"}", "true"},
		{P | S, "a in (\"x*\", \"y\")", "{\"a\":\"xx\"}", "false"},
		{P | S, "a in (\"X\", \"y\")", "{\"a\":\"x\"}", "false"},
		{P | S, "a in~ (\"X\", \"y\")", "{\"a\":\"x\"}", "true"},
		{G, "a in (\"X\", \"y\")", "{\"a\":\"x\"}", "true"},
		{ALL, "a in (b, \"y\")", "{\"a\":\"x\",\"b\":\"x\"}", "true"},
		{G, "a in (b, \"y\")", "{\"a\":\"x\"}", "null"},
		{G, "a in (\"x\", \"y\")", NULL, "null"},
		{ALL, "a in (1, 2.0)", "{\"a\":2}", "true"},
	};

	(void)state;
	CHECK(cases);
}

static void test_times(void **state)
{
	static const char noon[] = "{\"a\":\"2024-05-01T12:00:00Z\",\"b\":1714564800000,\"c\":[]}";
	static const struct expectation cases[] = {
		{P | S, "a == \"2024-05-01T14:00:00.000+02:00\"", noon, "true"},
		{P | S, "a != \"2024-05-01T12:00:00.000Z\"", noon, "false"},
		{P | S, "a < \"2024-05-01T13:30:00+02:00\"", noon, "false"},
		{P | S, "a > \"2024-05-01\"", noon, "true"},
		{P | S, "a in (\"x\", \"2024-05-01T12:00:00.0Z\")", noon, "true"},
		{P | S, "a == 1714564800000", noon, "true"},
		{P | S, "a > 1714564799999", noon, "true"},
		{P | S, "a > 1714564800000000", noon, "false"},
		{P | S, "b == \"2024-05-01T12:00:00Z\"", noon, "true"},
		{P | S, "b > \"2024-05-01T12:00:00.000000001Z\"", noon, "false"},
		{P | S, "a == b", noon, "true"},
		{P | S, "a > 5", noon, "false"},
		{P | S, "a > \"yesterday\"", noon, "false"},
		{G, "a == \"2024-05-01T12:00:00.000Z\"", noon, "false"},
		{G, "a < \"2024-05-01T13:30:00+02:00\"", noon, "true"},
	};

	(void)state;
	CHECK(cases);
}

static void test_lists(void **state)
{
	static const struct expectation cases[] = {
		{P | S, "a == \"x\"", "{\"a\":[\"w\",\"x\"]}", "true"},
		{P | S, "a != \"x\"", "{\"a\":[\"w\",\"x\"]}", "false"},
		{P | S, "a != \"q\"", "{\"a\":[\"w\",\"x\"]}", "true"},
		{P | S, "a > 5", "{\"a\":[1,9]}", "true"},
		{P | S, "a == b", "{\"a\":[1,2],\"b\":[2,3]}", "true"},
		{P | S, "a == b", "{\"a\":[1,2],\"b\":[4,3]}", "false"},
		{P | S, "a : \"X*\"", "{\"a\":[null,\"xyz\"]}", "true"},
		{P | S, "a in (7, 8)", "{\"a\":[6,7]}", "true"},
		{P | S, "a regex \"x+\"", "{\"a\":[\"y\",\"xx\"]}", "true"},
		{P | S, "startsWith(a, \"x\")", "{\"a\":[\"y\",\"xx\"]}", "true"},
		{P | S, "substring(a, 1)", "{\"a\":[\"abc\",null,\"de\"]}", "[\"bc\",\"e\"]"},
		{P | S, "substring(a, 1) == \"e\"", "{\"a\":[\"abc\",\"de\"]}", "true"},
		{P | S, "stringContains(a, b)", "{\"a\":[\"abc\",\"de\"],\"b\":[\"q\",\"d\"]}",
			"true"},
		{ALL, "length(a)", "{\"a\":[1,2,3]}", "3"},
		{ALL, "a[1]", "{\"a\":[\"x\",\"y\"]}", "\"y\""},
		{ALL, "a[0]", "{\"a\":[\"x\"]}", "\"x\""},
		{ALL, "a[2]", "{\"a\":[\"x\",\"y\"]}", "null"},
		{ALL, "a[1].b", "{\"a\":[{\"b\":1},{\"b\":2}]}", "2"},
		{ALL, "a.b[0].c", "{\"a.b\":[{\"c\":\"z\"}]}", "\"z\""},
		{G, "a == \"x\"", "{\"a\":[\"w\",\"x\"]}", "null"},
		{ALL, "a and true", "{\"a\":{\"b\":1}}", "true"},
		{G, "a and true", "{\"a\":{}}", "null"},
		{P | S, "a and true", "{\"a\":{}}", "false"},
	};

	(void)state;
	CHECK(cases);
}

/* ---- functions ---- */

static void test_text_functions(void **state)
{
	static const struct expectation cases[] = {
		{ALL, "startsWith(\"abc\", \"ab\")", NULL, "true"},
		{ALL, "startsWith(\"abc\", \"b\")", NULL, "false"},
		{ALL, "startsWith(\"abc\", null)", NULL, "null"},
		{ALL, "startsWith(a, \"46\")", "{\"a\":4624}", "true"},
		{G, "startsWith(\"abc\", \"AB\")", NULL, "true"},
		{P | S, "startsWith(\"abc\", \"AB\")", NULL, "false"},
		{P | S, "startsWith~(\"abc\", \"AB\")", NULL, "true"},
		{P | S, "STARTSWITH~(\"abc\", \"AB\")", NULL, "true"},
		{G, "startswith(\"abc\", \"ab\")", NULL, "refused"},
		{ALL, "endsWith(\"abc\", \"bc\")", NULL, "true"},
		{G | C, "endsWith(\"abc\", \"BC\")", NULL, "false"},
		{P | S, "endsWith~(\"abc\", \"BC\")", NULL, "true"},
		{ALL, "endsWith(\"x.exe\", a)", "{\"a\":\".exe\"}", "true"},
		{ALL, "stringContains(\"abc\", \"b\")", NULL, "true"},
		{P | S, "stringContains(\"abc\", \"B\")", NULL, "false"},
		{P | S, "stringContains~(\"abc\", \"B\")", NULL, "true"},
		{G, "stringContains(\"abc\", \"B\")", NULL, "true"},
		{G, "stringContains(\"abc\", \"\")", NULL, "true"},
		{P | S, "stringContains(\"abc\", \"\")", NULL, "false"},
		{G, "stringContains(null, \"b\")", NULL, "false"},
		{P | S, "stringContains(null, \"b\")", NULL, "null"},
		{ALL, "between(\"a[b]c]\", \"[\", \"]\")", NULL, "\"b\""},
		{ALL, "between(\"a[b]c]\", \"[\", \"]\", true)", NULL, "\"b]c\""},
		{ALL, "between(\"abc\", \"x\", \"c\")", NULL, "null"},
		{ALL, "between(\"abc\", \"c\", \"b\")", NULL, "null"},
		{G, "between(\"System Idle\", \"s\", \"E\")", NULL, "\"yst\""},
		{P | S, "between(\"System Idle\", \"s\", \"e\")", NULL, "\"t\""},
		{P | S, "between~(\"System Idle\", \"S\", \"E\")", NULL, "\"yst\""},
		/* folded text may be of other length: three bytes fold to one */
		{P | S, "between~(a, \"k\", \"z\")", "{\"a\":\"\\u212aX\\u212aZ\"}",
			"\"X\xe2\x84\xaa\""},
		{ALL, "indexOf(\"a.b.c\", \".\")", NULL, "1"},
		{ALL, "indexOf(\"a.b.c\", \".\", 2)", NULL, "3"},
		{ALL, "indexOf(\"a.b.c\", \".\", 4)", NULL, "null"},
		{ALL, "indexOf(\"a.b.c\", \"\", 9)", NULL, "null"},
		{ALL, "indexOf(\"a.b.c\", \"\", 5)", NULL, "5"},
		{P | S, "indexOf(\"a.b.c\", \".\", -2)", NULL, "1"},
		{G, "indexOf(\"a.b.c\", \".\", -2)", NULL, "3"},
		{P | S, "indexOf(\"abc\", \"B\")", NULL, "null"},
		{P | S, "indexOf~(\"abc\", \"B\")", NULL, "1"},
		{ALL, "indexOf(a, \"x\")", "{\"a\":\"\\u00e4\\u20acx\"}", "2"},
		{ALL, "indexOf(\"abc\", \"c\", 1.5)", NULL, "null"},
		{ALL, "substring(\"abcdef\", 1, 3)", NULL, "\"bc\""},
		{ALL, "substring(\"abcdef\", -2)", NULL, "\"ef\""},
		{ALL, "substring(\"abcdef\", 4, 2)", NULL, "\"\""},
		{ALL, "substring(\"abcdef\", -99, 99)", NULL, "\"abcdef\""},
		{ALL, "substring(a, 1, 2)", "{\"a\":\"\\u00e4\\u20acx\"}", "\"\xe2\x82\xac\""},
		{ALL, "length(a)", "{\"a\":\"\\u00e4\\u20acx\"}", "3"},
		{ALL, "length(a)", "{\"a\":5}", "null"},
		{ALL, "string(1)", NULL, "\"1\""},
		{ALL, "string(2.5)", NULL, "\"2.5\""},
		{ALL, "string(6.0 / 2)", NULL, "\"3.0\""},
		{ALL, "string(18014398509481984.0)", NULL, "\"1.8014398509481984e+16\""},
		{ALL, "string(0.00001)", NULL, "\"1e-05\""},
		{ALL, "string(true)", NULL, "\"true\""},
		{ALL, "string(null)", NULL, "null"},
		{ALL, "concat(\"a\", 1, true, 0.1)", NULL, "\"a1true0.1\""},
		{ALL, "concat(\"a\", b)", NULL, "null"},
		{ALL, "concat(a)", "{\"a\":\"x\"}", "\"x\""},
	};

	(void)state;
	CHECK(cases);
}

static void test_number_functions(void **state)
{
	static const struct expectation cases[] = {
		{ALL, "add(1, 2.5)", NULL, "3.5"},
		{ALL, "subtract(1, 3)", NULL, "-2"},
		{ALL, "multiply(6, 7)", NULL, "42"},
		{ALL, "divide(7, 2)", NULL, "3"},
		{ALL, "divide(7, a)", "{\"a\":0}", "null"},
		{ALL, "modulo(7, 4)", NULL, "3"},
		{ALL, "modulo(7, \"4\")", NULL, "refused"},
		{ALL, "add(1)", NULL, "refused"},
		{ALL, "add(1, 2, 3)", NULL, "refused"},
		{ALL, "add(1, null)", NULL, "null"},
		{ALL, "number(\"42\")", NULL, "42"},
		{ALL, "number(\" 42 \")", NULL, "42"},
		{ALL, "number(\"-1.5\")", NULL, "-1.5"},
		{ALL, "number(\"0xff\")", NULL, "255"},
		{ALL, "number(\"ff\", 16)", NULL, "255"},
		{ALL, "number(\"-ff\", 16)", NULL, "-255"},
		{ALL, "number(\"0xff\", 8)", NULL, "null"},
		{ALL, "number(\"12\", 1)", NULL, "null"},
		{ALL, "number(\"12\", 37)", NULL, "null"},
		{ALL, "number(\"29\", 9)", NULL, "null"},
		{ALL, "number(\"\")", NULL, "null"},
		{ALL, "number(\"1 2\")", NULL, "null"},
		{ALL, "number(\"ffffffffffffffffff\", 16)", NULL, "null"},
		{ALL, "number(a)", "{\"a\":7}", "7"},
		{ALL, "number(5)", NULL, "refused"},
	};

	(void)state;
	CHECK(cases);
}

static void test_pattern_functions(void **state)
{
	static const struct expectation cases[] = {
		{ALL, "wildcard(\"abc\", \"a*\")", NULL, "true"},
		{ALL, "wildcard(\"abc\", \"x*\", \"*c\")", NULL, "true"},
		{ALL, "wildcard(\"abc\", \"b*\")", NULL, "false"},
		{ALL, "wildcard(null, \"b*\")", NULL, "null"},
		{ALL, "wildcard(\"abc\", null)", NULL, "null"},
		{P | S, "wildcard(\"abc\", \"A*\")", NULL, "false"},
		{P | S, "wildcard~(\"abc\", \"A*\")", NULL, "true"},
		{G, "wildcard(\"abc\", \"A*\")", NULL, "true"},
		{P | S, "wildcard(\"abc\", \"a?c\")", NULL, "true"},
		{G, "wildcard(\"abc\", \"a?c\")", NULL, "false"},
		{ALL, "wildcard(\"abc\", a)", NULL, "refused"},
		{P | G, "match(\"abc\", \"a.\")", NULL, "true"},
		{P | G, "match(\"abc\", \"b\")", NULL, "false"},
		{P | G, "match(\"abc\", \"x\", \"ab\")", NULL, "true"},
		{P | G, "match(\"a\\nc\", \"a.c\")", NULL, "true"},
		{P | G, "match(\"abc\", \"(\")", NULL, "refused"},
		{P | G, "match(\"a.*\", a)", "{\"a\":\"abc\"}", "true"},
		{P | G, "matchLite(\"abc\", \"^[a-c]+$\")", NULL, "true"},
		{P, "match(\"abc\", \"A\")", NULL, "false"},
		{G, "match(\"abc\", \"A\")", NULL, "true"},
		{P, "match~(\"abc\", \"A\")", NULL, "true"},
		{P | G, "match(\"abc\", null)", NULL, "null"},
		{S, "match(\"abc\", \"a\")", NULL, "refused"},
		{ALL, "cidrMatch(\"10.1.2.3\", \"10.0.0.0/8\")", NULL, "true"},
		{ALL, "cidrMatch(\"10.1.2.3\", \"1.0.0.0/8\", \"10.1.0.0/16\")", NULL, "true"},
		{ALL, "cidrMatch(\"11.1.2.3\", \"10.0.0.0/8\")", NULL, "false"},
		{ALL, "cidrMatch(\"fe80::1\", \"fe80::/10\")", NULL, "true"},
		{ALL, "cidrMatch(\"here\", \"10.0.0.0/8\")", NULL, "false"},
		{ALL, "cidrMatch(\"10.1.2.3\", \"10.0.0.0/40\")", NULL, "refused"},
		{ALL, "cidrMatch(\"10.1.2.3\", a)", NULL, "refused"},
		{P | S, "cidrMatch(null, \"10.0.0.0/8\")", NULL, "null"},
		{G, "cidrMatch(null, \"10.0.0.0/8\")", NULL, "false"},
		{P | S, "cidrMatch~(\"10.1.2.3\", \"10.0.0.0/8\")", NULL, "refused"},
	};

	(void)state;
	CHECK(cases);
}

static void test_array_functions(void **state)
{
	static const char texts[] = "{\"a\":[\"en-US\",\"de\"],\"b\":\"DE\",\"n\":[1,2,3]}";
	static const char objects[] = "{\"x\":{\"list\":[{\"a\":\"p\",\"c\":[{\"z\":1},{\"z\":2}]},"
				      "{\"a\":\"q\",\"c\":[{\"z\":3}],\"same\":3}]},\"w\":2}";
	static const struct expectation cases[] = {
		{G, "arrayContains(a, \"x\", \"DE\")", texts, "true"},
		{G | C, "arrayContains(a, \"x\", \"DE\")", texts, "false"},
		{P, "arrayContains~(a, \"DE\")", texts, "true"},
		{P | G, "arrayContains(n, 2)", texts, "true"},
		{P | G, "arrayContains(b, \"DE\")", texts, "true"},
		{G, "arrayContains(none, 2)", texts, "null"},
		{P | G, "arrayContains(\"abc\", \"a\")", texts, "refused"},
		{P | G, "arraySearch(a, v, v == \"de\")", texts, "true"},
		{P | G, "arraySearch(a, v, length(v) > 5)", texts, "false"},
		{G, "arraySearch(a, v, v == b)", texts, "true"},
		{P, "arraySearch(a, $v, $v == \"de\")", texts, "true"},
		{P | G, "arraySearch(none, v, true)", texts, "false"},
		{P | G, "arrayCount(n, v, v > 1)", texts, "2"},
		{P | G, "arrayCount(none, v, v > 1)", texts, "0"},
		{P | G, "arraySearch(x.list, v, v.a == \"q\")", objects, "true"},
		{P | G, "arraySearch(x.list, v, v.a == \"q\" and v.c[0].z == 3)", objects, "true"},
		{P | G, "arraySearch(x.list, v, v.a == \"p\" and v.c[0].z == 3)", objects, "false"},
		{P | G, "arraySearch(x.list, v, arraySearch(v.c, u, u.z == v.same))", objects,
			"true"},
		{P | G, "arrayCount(x.list, v, arraySearch(v.c, u, u.z == w))", objects, "1"},
		{P | G, "arraySearch(x.list, v, true)", objects, "true"},
		{P | G, "arraySearch(a, v.w, true)", texts, "refused"},
		{P | G, "arraySearch(a, 5, true)", texts, "refused"},
		{P | G, "arraySearch(a, v, 5)", texts, "refused"},
		{S, "arraySearch(a, v, true)", texts, "refused"},
		{S, "arrayCount(a, v, true)", texts, "refused"},
		{S, "arrayContains(a, 1)", texts, "refused"},
		{P | G, "safe(divide(1, 0))", NULL, "null"},
		{P | G, "safe(a)", "{\"a\":1}", "1"},
	};

	(void)state;
	CHECK(cases);
}

static void test_refused(void **state)
{
	static const char *const wrong[] = {
		"1 == \"a\"",
		"true < false",
		"\"a\" + 1",
		"-\"a\"",
		"not 5",
		"\"a\" and true",
		"length(\"a\") or true",
		"1 in (\"a\")",
		"nothing(1)",
		"length()",
		"length(1)",
		"startsWith(1, \"a\")",
		"concat()",
		"between(\"a\", \"b\", \"c\", 1)",
	};
	struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		for (unsigned bit = P; bit <= G; bit <<= 1) {
			struct err err = {0};
			evaluate(bit, false, wrong[i], NULL, &out, &err);
			if (!str_is(buf_view(&out), "refused") ||
				!str_starts(str_of(err.text), STR("line 1, column ")))
				fail_msg("%s: %.*s %s", wrong[i], STR_ARG(out), err.text);
		}
	buf_destroy(&out);
}

/* ---- the environment ---- */

static const struct value *get_step(void *context, unsigned step, field_id field)
{
	static const struct value values[] = {
		{.type = VALUE_INT, .i64 = 10}, {.type = VALUE_INT, .i64 = 11}};
	(void)context, (void)field;
	return step < 2 ? &values[step] : NULL;
}

static bool relate(void *context, const struct eql_node *relation)
{
	return relation->op == EQL_CHILD_OF && relation->query->condition->bound == NULL &&
	       *(const int *)context == 1;
}

static void test_environment(void **state)
{
	struct sample s = sample_of(P, false);
	struct eql_node reference = {.type = EQL_REFERENCE, .step = 0, .text = STR("process.pid")};
	struct eql_node own = {.type = EQL_FIELD, .text = STR("process.pid")};
	struct eql_node *kids[] = {&own, &reference};
	struct eql_node less = {.type = EQL_COMPARE, .op = EQL_LT, .kids = kids, .kid_count = 2};
	struct err err = {0};
	int one = 1, two = 2;

	(void)state;
	struct eql_env env = {
		.options = &s.options, .scratch = &s.scratch, .get = get_step, .context = &one};
	assert_int_equal(sample_bind(&s, "child of [process where pid == 1]", &err), 0);
	assert_false(eql_holds(&env, s.node));
	env.related = relate;
	assert_true(eql_holds(&env, s.node));
	assert_true(s.node->query->condition->kids[0]->field != FIELD_none);
	env.context = &two;
	assert_false(eql_holds(&env, s.node));
	assert_int_equal(eql_bind(&s.tree, &less, &s.options, s.fields, &s.node, &err), 0);
	assert_int_equal(s.node->kids[1]->field, FIELD_process_pid);
	assert_true(eql_holds(&env, s.node));
	sample_forget(&s);
}

/* Where memory or work runs out the result is null, and nothing worse. */
static void test_limits(void **state)
{
	struct sample s = sample_of(G, false);
	struct buf event = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(
		sample_bind(&s,
			"arrayCount(a, x, arrayCount(a, y, arrayCount(a, z, true) > 0) > 0)", &err),
		0);
	buf_cstr(&event, "{\"a\":[1");
	for (int i = 0; i < 2000; i++)
		buf_cstr(&event, ",1");
	buf_cstr(&event, "]}");
	buf_char(&event, '\0');
	sample_load(&s, event.ptr);
	struct eql_env env = {.options = &s.options, .scratch = &s.scratch};
	eql_env_of_view(&env, s.view);
	(void)eql_eval(&env, s.node);
	sample_forget(&s);
	buf_destroy(&event);

	s = sample_of(G, false);
	assert_int_equal(sample_bind(&s, "concat(a, a)", &err), 0);
	sample_load(&s, "{\"a\":\"0123456789012345678901234567890123456789\"}");
	eql_env_of_view(&env, s.view);
	s.scratch.limit_bytes = 48;
	assert_int_equal(eql_eval(&env, s.node).type, VALUE_NULL);
	sample_forget(&s);
}

/* An event that chooses text and needle cannot choose how long the search takes. */
static void test_search_cost(void **state)
{
	static const char *const expressions[] = {
		"between(a, b, b, true)", "indexOf(a, b)", "null == stringContains(a, b)"};
	struct buf event = {0}, out = {0};

	(void)state;
	buf_cstr(&event, "{\"a\":\"");
	for (int i = 0; i < 200000; i++)
		buf_char(&event, 'a');
	buf_cstr(&event, "\",\"b\":\"");
	for (int i = 0; i < 100000; i++)
		buf_char(&event, 'a');
	buf_cstr(&event, "b\"}");
	buf_char(&event, '\0');
	for (size_t i = 0; i < 3; i++) {
		struct err err = {0};
		evaluate(S, false, expressions[i], event.ptr, &out, &err);
		assert_true(str_is(buf_view(&out), i < 2 ? "null" : "true"));
	}
	buf_destroy(&event);
	buf_destroy(&out);
}

/* A chain of operators nests to the left without a parenthesis. */
static void test_depth(void **state)
{
	struct sample s = sample_of(P, false);
	struct eql_node one = {.type = EQL_INT, .integer = 1}, *node = &one;
	static struct eql_node chain[600];
	static struct eql_node *kids[600][2];
	struct err err = {0};

	(void)state;
	assert_int_equal(sample_bind(&s, "true", &err), 0);
	for (int i = 0; i < 600; i++) {
		kids[i][0] = node;
		kids[i][1] = &one;
		chain[i] = (struct eql_node){
			.type = EQL_ARITHMETIC, .op = '+', .kids = kids[i], .kid_count = 2};
		node = &chain[i];
		int rc = eql_bind(&s.tree, node, &s.options, s.fields, &s.node, &err);
		assert_true(rc == 0 || (rc == -EINVAL && i > 400));
		if (rc != 0)
			break;
		assert_int_equal(s.node->type, EQL_INT);
		assert_int_equal(s.node->integer, i + 2);
	}
	sample_forget(&s);
}

/* Constants are folded, and decided parts go. */
static void test_folding(void **state)
{
	static const struct {
		const char *expression;
		uint8_t type;
		uint32_t kids;
	} cases[] = {
		{"1 + 2 * 3", EQL_INT, 0},
		{"length(\"abc\") == 3", EQL_BOOL, 0},
		{"a == 1 or true", EQL_BOOL, 0},
		{"a == 1 and true", EQL_COMPARE, 2},
		{"false or a == 1", EQL_COMPARE, 2},
		{"a == 1 and false", EQL_BOOL, 0},
		{"a or b or false or c", EQL_OR, 3},
		{"a and true", EQL_AND, 2}, /* a alone would not be a truth value */
		{"a == 1 and null", EQL_AND, 2},
		{"not (1 == 2)", EQL_BOOL, 0},
		{"concat(\"a\", a)", EQL_CALL, 2},
		{"startsWith(null, \"a\")", EQL_NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample s = sample_of(S, false);
		struct err err = {0};
		assert_int_equal(sample_bind(&s, cases[i].expression, &err), 0);
		if (s.node->type != cases[i].type || s.node->kid_count != cases[i].kids)
			fail_msg("%s: type %u, %u kids", cases[i].expression, s.node->type,
				s.node->kid_count);
		sample_forget(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_null_logic),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_text_functions),
		cmocka_unit_test(test_number_functions),
		cmocka_unit_test(test_pattern_functions),
		cmocka_unit_test(test_array_functions),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_search_cost),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_folding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
