#include "base/toml.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/buf.h"
#include "base/err.h"

static struct arena arena;

static struct toml_node *parse(struct str text)
{
	struct toml_node *node = NULL;
	struct err err = {0};

	if (toml_parse(&arena, text, &node, &err) != 0)
		fail_msg("%.*s: %s", STR_ARG(text), err.text);
	return node;
}

static void refused(const char *text, int code, const char *message)
{
	struct toml_node *node = NULL;
	struct err err = {0};

	if (toml_parse(&arena, str_of(text), &node, &err) != code)
		fail_msg("%s: %s", text, err.text);
	assert_null(node);
	if (message != NULL)
		assert_string_equal(err.text, message);
}

/* The tree on one line, keys in their order. */
static void show(struct buf *out, const struct toml_node *node)
{
	buf_char(out, "sidbtlm"[node->type]);
	switch (node->type) {
	case TOML_TEXT:
	case TOML_TIME:
		buf_printf(out, "'%.*s'", STR_ARG(node->text));
		break;
	case TOML_INT:
		buf_i64(out, node->i64);
		break;
	case TOML_FLOAT:
		buf_printf(out, "%g", node->f64);
		break;
	case TOML_BOOL:
		buf_cstr(out, node->boolean ? "true" : "false");
		break;
	default:
		buf_char(out, '(');
		for (uint32_t i = 0; i < node->count; i++) {
			if (node->type == TOML_TABLE)
				buf_printf(out, "%.*s=", STR_ARG(node->pairs[i].key));
			show(out, node->type == TOML_TABLE ? node->pairs[i].value : node->items[i]);
			if (i + 1 < node->count)
				buf_char(out, ' ');
		}
		buf_char(out, ')');
	}
}

static void shows(const char *text, const char *tree)
{
	struct buf out = {0};

	show(&out, parse(str_of(text)));
	buf_char(&out, '\0');
	assert_string_equal(out.ptr, tree);
	buf_destroy(&out);
}

static void strings(void **state)
{
	static const struct {
		const char *toml, *value;
	} cases[] = {
		{"\"\"", ""},
		{"''", ""},
		{"\"a\\tb\\\\c\\\"\\u00e9\\U0001F600\"", "a\tb\\c\"\xc3\xa9\xf0\x9f\x98\x80"},
		{"'a\\tb\"'", "a\\tb\""},
		{"\"\"\"\"\"\"", ""},
		{"\"\"\"\n\na\"\"\"", "\na"},
		{"\"\"\"\r\na\r\nb\"\"\"", "a\nb"},
		{"\"\"\"a \\\n   \n\t b\"\"\"", "a b"},
		{"\"\"\"a \\  \r\n b\"\"\"", "a b"},
		{"\"\"\"\"a\"\" b\"\"\"\"\"", "\"a\"\" b\"\""},
		{"\"\"\"a\\\"\"\"\"", "a\""},
		{"'''\na\\\n'b''\n'''", "a\\\n'b''\n"},
		{"'''a'''''", "a''"},
		{"\"tab\tis fine\"", "tab\tis fine"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = arena_printf(&arena, "k = %s # end\n", cases[i].toml);
		const struct toml_node *node = toml_get(parse(text), "k");
		assert_int_equal(node->type, TOML_TEXT);
		assert_string_equal(node->text.ptr, cases[i].value);
		assert_int_equal(node->text.len, strlen(cases[i].value));
	}
	assert_int_equal(toml_get(parse(STR("k = \"a\\u0000b\"")), "k")->text.len, 3);
	(void)state;
}

static void broken_strings(void **state)
{
	refused("k = \"a\nb\"", -EBADMSG, "line 1: a string that its line does not close");
	refused("\n\nk = '''a\n\n", -EBADMSG, "line 3: a string that is not closed");
	refused("k = \"\\x41\"", -EBADMSG, "line 1: an unknown escape in a string");
	refused("k = \"\\ud800\"", -EBADMSG, "line 1: an escape that is no Unicode character");
	refused("k = \"\\U00110000\"", -EBADMSG, NULL);
	refused("k = \"\\u12", -EBADMSG, "line 1: an escape that ends too early");
	refused("k = \"a\x01\"", -EBADMSG, "line 1: a control character in a string");
	refused("k = '''a\rb'''", -EBADMSG, NULL);
	refused("k = \"\"\"a \\ b\"\"\"", -EBADMSG, NULL);
	refused("k = \"\"\"\"\"\"\"\"\"", -EBADMSG, NULL);
	refused("k = '\xff'", -EBADMSG, "line 1: not UTF-8");
	refused("k = \"", -EBADMSG, NULL);
	refused("\"\"\"k\"\"\" = 1", -EBADMSG, NULL);
	(void)state;
}

static void numbers(void **state)
{
	static const struct {
		const char *toml;
		enum toml_type type;
		double number;
	} cases[] = {
		{"0", TOML_INT, 0},
		{"+17", TOML_INT, 17},
		{"-1_000", TOML_INT, -1000},
		{"0xdead_BEEF", TOML_INT, 3735928559.0},
		{"0o755", TOML_INT, 493},
		{"0b1101", TOML_INT, 13},
		{"-9223372036854775808", TOML_INT, -9223372036854775808.0},
		{"0x7fffffffffffffff", TOML_INT, 9223372036854775807.0},
		{"1.5", TOML_FLOAT, 1.5},
		{"-0.0", TOML_FLOAT, 0},
		{"5e+2_2", TOML_FLOAT, 5e22},
		{"6.626e-3", TOML_FLOAT, 6.626e-3},
		{"-inf", TOML_FLOAT, -(double)INFINITY},
	};
	static const char *const wrong[] = {"01", "-01", "1__0", "_1", "1_", "0x", "0x_1", "+0x1",
		"1.", ".5", "1.e5", "1e", "9223372036854775808", "0x8000000000000000", "0b2", "tru",
		"True", "", "infinity", "1.2.3", "0_1", "00.5"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = arena_printf(&arena, "k=%s", cases[i].toml);
		const struct toml_node *node = toml_get(parse(text), "k");
		assert_int_equal(node->type, cases[i].type);
		assert_true(node->f64 == cases[i].number);
	}
	assert_true(isnan(toml_get(parse(STR("k = +nan")), "k")->f64));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(arena_printf(&arena, "k = %s\n", wrong[i]).ptr, -EBADMSG, NULL);
	(void)state;
}

static void times(void **state)
{
	static const char *const right[] = {"1979-05-27T07:32:00Z",
		"1979-05-27t00:32:00.999999-07:00", "1979-05-27 07:32:00", "2000-02-29",
		"23:59:59.5"};
	static const char *const wrong[] = {"1979-13-01", "1979-02-29", "1900-02-29", "24:00:00",
		"07:32", "07:32:00Z", "1979-05-27T", "1979-05-27T07:32:00.", "1979-5-27",
		"1979-05-27T07:32:00+24:00"};

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct str text = arena_printf(&arena, "k = %s # c", right[i]);
		const struct toml_node *node = toml_get(parse(text), "k");
		assert_int_equal(node->type, TOML_TIME);
		assert_string_equal(node->text.ptr, right[i]);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(arena_printf(&arena, "k = %s\n", wrong[i]).ptr, -EBADMSG, NULL);
	(void)state;
}

static void tables(void **state)
{
	shows("", "m()");
	shows("\xef\xbb\xbf# nothing\r\n\t\n", "m()");
	shows("a = 1\nb.c = 2\nb.'d e'.\"\" = true\n[ t . u ]\nv = {}\n",
		"m(a=i1 b=m(c=i2 d e=m(=btrue)) t=m(u=m(v=m())))");
	shows("a = [1, [ ], { b = 'c', d.e = 1 , d.f=2}, # comment\n\n 07:00:00 , ]",
		"m(a=l(i1 l() m(b=s'c' d=m(e=i1 f=i2)) t'07:00:00'))");
	shows("[[r]]\na=1\n[r.s]\nb=2\n[[r.t]]\n[[r.t]]\nc=3\n[[r]]\n[r.s]\nb=4",
		"m(r=l(m(a=i1 s=m(b=i2) t=l(m() m(c=i3))) m(s=m(b=i4))))");
	shows("[a.b.c]\nz=9\n[a]\nb.x = 1\n", "m(a=m(b=m(c=m(z=i9) x=i1)))");
	shows("[f]\na.b = 1\na.c.d = 2\n[f.a.t]\ns=1\n[f.a.c.u]",
		"m(f=m(a=m(b=i1 c=m(d=i2 u=m()) t=m(s=i1))))");
	(void)state;
}

static void complete_tables(void **state)
{
	static const char *const twice[] = {"a=1\na=2", "a=1\n'a'=2", "a=1\na.b=2", "a.b=1\na=2",
		"[a]\n[a]", "[a]\nb=1\n[a.b]", "a.b=1\n[a]", "a={}\na.b=1", "a={}\n[a.b]",
		"a={b=1,b=2}", "a={b={c=1},b.d=2}", "a={b.c=1}\n[a.b.d]", "[[a]]\n[a]",
		"[a]\n[[a]]", "a=[]\n[[a]]", "a=[{}]\n[a.b]", "[a.b]\n[a]\nb.c=1",
		"[f]\na.b=1\n[f.a]", "[a]\nb.c=1\n[d]\n[a.b]", "[[a.b]]\n[a]\nb.y=2",
		"[a.b.c]\n[a]\nb.c.d=1"};

	for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++)
		refused(twice[i], -EBADMSG, NULL);
	refused("a=1\n\n[b]\nc=1\nc=2\n", -EBADMSG, "line 5: the same key twice");
	(void)state;
}

static void broken_lines(void **state)
{
	refused("a = 1 b = 2", -EBADMSG, "line 1: the end of the line is expected");
	refused("a\n= 1", -EBADMSG, "line 1: '=' is expected behind a key");
	refused("= 1", -EBADMSG, "line 1: a key is expected");
	refused("a. = 1", -EBADMSG, NULL);
	refused("[a", -EBADMSG, "line 1: a header that is not closed");
	refused("[[a] ]", -EBADMSG, NULL);
	refused("[]", -EBADMSG, NULL);
	refused("a = {\n}", -EBADMSG, NULL);
	refused("a = {b=1,}", -EBADMSG, NULL);
	refused("a = [1 2]", -EBADMSG, "line 1: ',' or ']' is expected");
	refused("a = [", -EBADMSG, NULL);
	refused("# \x7f\n", -EBADMSG, NULL);
	refused("a = 1\rb = 2", -EBADMSG, NULL);
	(void)state;
}

static void limits(void **state)
{
	struct buf text = {0};
	struct toml_node *node = NULL;
	struct err err;

	buf_cstr(&text, "a = ");
	for (unsigned i = 0; i < 100000; i++)
		buf_char(&text, '[');
	assert_int_equal(toml_parse(&arena, buf_view(&text), &node, &err), -E2BIG);
	buf_clear(&text);
	for (unsigned i = 0; i < 100; i++)
		buf_cstr(&text, "a.");
	buf_cstr(&text, "a = 1");
	assert_int_equal(toml_parse(&arena, buf_view(&text), &node, &err), -E2BIG);
	buf_clear(&text);
	buf_cstr(&text, "a = [");
	for (unsigned i = 0; i < TOML_NODES_MAX; i++)
		buf_cstr(&text, "'',");
	assert_int_equal(toml_parse(&arena, buf_view(&text), &node, &err), -E2BIG);
	buf_clear(&text);
	for (unsigned i = 0; i <= TOML_PAIRS_MAX; i++)
		buf_printf(&text, "a%u = 1\n", i);
	assert_int_equal(toml_parse(&arena, buf_view(&text), &node, &err), -E2BIG);
	buf_destroy(&text);
	(void)state;
}

static void places(void **state)
{
	struct toml_node *root = parse(
		STR("[rule]\nname = 'x'\nquery = '''\n\na'''\n[[t]]\nb=1\n"));
	const struct toml_node *query = toml_get(toml_get(root, "rule"), "query");

	assert_int_equal(query->line, 3);
	assert_int_equal(query->text_line, 4);
	assert_true(str_is(toml_text(query), "\na"));
	assert_int_equal(toml_get(toml_get(root, "t")->items[0], "b")->line, 7);
	assert_null(toml_get(query, "name"));
	assert_null(toml_get(NULL, "name"));
	assert_int_equal(toml_text(toml_get(root, "rule")).len, 0);
	(void)state;
}

static int teardown(void **state)
{
	(void)state;
	arena_destroy(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings),
		cmocka_unit_test(broken_strings),
		cmocka_unit_test(numbers),
		cmocka_unit_test(times),
		cmocka_unit_test(tables),
		cmocka_unit_test(complete_tables),
		cmocka_unit_test(broken_lines),
		cmocka_unit_test(limits),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
