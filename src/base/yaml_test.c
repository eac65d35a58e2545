#include "base/yaml.h"

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

static struct yaml_node *parse(const char *text)
{
	struct yaml_reader reader;
	struct yaml_node *node = NULL;
	struct err err = {0};

	yaml_reader_init(&reader, str_of(text), "f.yml");
	if (yaml_next(&reader, &arena, &node, &err) != 1)
		fail_msg("%s", err.text);
	return node;
}

static void refused(const char *text, int code, const char *message)
{
	struct yaml_reader reader;
	struct yaml_node *node = NULL;
	struct err err = {0};

	yaml_reader_init(&reader, str_of(text), "f.yml");
	assert_int_equal(yaml_next(&reader, &arena, &node, &err), code);
	assert_null(node);
	assert_string_equal(err.text, message);
}

static void scalar_types(void **state)
{
	static const struct {
		const char *text;
		enum yaml_type type;
		double number;
	} cases[] = {
		{"~", YAML_TYPE_NULL, 0},
		{"null", YAML_TYPE_NULL, 0},
		{"", YAML_TYPE_NULL, 0},
		{"True", YAML_TYPE_BOOL, 1},
		{"false", YAML_TYPE_BOOL, 0},
		{"no", YAML_TYPE_TEXT, 0},
		{"17", YAML_TYPE_INT, 17},
		{"-17", YAML_TYPE_INT, -17},
		{"007", YAML_TYPE_INT, 7},
		{"0x1F", YAML_TYPE_INT, 31},
		{"0o17", YAML_TYPE_INT, 15},
		{"9223372036854775808", YAML_TYPE_FLOAT, 9223372036854775808.0},
		{"1.5", YAML_TYPE_FLOAT, 1.5},
		{".5", YAML_TYPE_FLOAT, .5},
		{"-.5e1", YAML_TYPE_FLOAT, -5},
		{"5.", YAML_TYPE_FLOAT, 5},
		{"-.inf", YAML_TYPE_FLOAT, (double)-INFINITY},
		{"1.2.3", YAML_TYPE_TEXT, 0},
		{"+", YAML_TYPE_TEXT, 0},
		{".", YAML_TYPE_TEXT, 0},
		{"1e", YAML_TYPE_TEXT, 0},
		{"'17'", YAML_TYPE_TEXT, 0},
		{"\"null\"", YAML_TYPE_TEXT, 0},
		{"!!str 17", YAML_TYPE_TEXT, 0},
		{"!!int \"17\"", YAML_TYPE_INT, 17},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		snprintf(text, sizeof(text), "k: %s\n", cases[i].text);
		struct yaml_node *v = yaml_get(parse(text), "k");
		if (v->type != cases[i].type)
			fail_msg("%s is of type %d", cases[i].text, v->type);
		if (v->type == YAML_TYPE_BOOL)
			assert_int_equal(v->boolean, cases[i].number);
		else if (v->type == YAML_TYPE_INT || v->type == YAML_TYPE_FLOAT)
			assert_true(v->f64 >= cases[i].number && v->f64 <= cases[i].number);
	}
}

static void structure_and_marks(void **state)
{
	struct yaml_node *root = parse(
		"a:\n  - x\n  - {b: 'y # z', c: [1, 2]}\nd: |\n  one\n  two\n");

	assert_int_equal(root->kind, YAML_KIND_MAP);
	assert_int_equal(root->count, 2);
	struct yaml_node *a = yaml_get(root, "a");
	assert_int_equal(a->kind, YAML_KIND_LIST);
	assert_int_equal(a->items[1]->line, 3);
	assert_int_equal(a->items[1]->column, 5);
	assert_string_equal(yaml_scalar(yaml_get(a->items[1], "b")).ptr, "y # z");
	assert_false(yaml_get(a->items[1], "b")->plain);
	assert_int_equal(yaml_get(a->items[1], "c")->items[1]->i64, 2);
	assert_string_equal(yaml_scalar(yaml_get(root, "d")).ptr, "one\ntwo\n");
	assert_null(yaml_get(root, "missing"));
	assert_null(yaml_get(a, "a"));
}

static void documents_stand_alone(void **state)
{
	struct yaml_reader reader;
	struct yaml_node *node;
	struct err err = {0};

	yaml_reader_init(&reader,
		STR("\xef\xbb\xbf# head\n---\na: 1\n--- # second\nb: [\n---\nc: |\n  --- "
		    "text\n---\n"),
		NULL);
	assert_int_equal(yaml_next(&reader, &arena, &node, &err), 1);
	assert_int_equal(yaml_get(node, "a")->i64, 1);
	assert_int_equal(yaml_get(node, "a")->line, 3);
	assert_int_equal(yaml_next(&reader, &arena, &node, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "line 6"));
	assert_int_equal(reader.document_line, 4);
	assert_int_equal(yaml_next(&reader, &arena, &node, &err), 1);
	assert_string_equal(yaml_get(node, "c")->text.ptr, "--- text\n");
	assert_int_equal(yaml_next(&reader, &arena, &node, &err), 1);
	assert_int_equal(node->type, YAML_TYPE_NULL);
	assert_int_equal(reader.document, 4);
	assert_int_equal(yaml_next(&reader, &arena, &node, &err), 0);
}

static void anchors_are_shared(void **state)
{
	struct yaml_node *root = parse("a: &x [1, 2]\nb: *x\nc: &x 3\nd: *x\n");

	assert_ptr_equal(yaml_get(root, "a"), yaml_get(root, "b"));
	assert_int_equal(yaml_get(root, "d")->i64, 3);
	refused("a: &x [*x]\n", -EBADMSG, "f.yml: line 1, column 8: an alias inside what it names");
	refused("a: *y\n", -EBADMSG, "f.yml: line 1, column 4: an alias without its anchor");
}

static void laughs_are_bounded(void **state)
{
	struct buf buf = {0};

	buf_cstr(&buf, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 9; i++)
		buf_printf(&buf, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i,
			i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	buf_char(&buf, '\0');
	refused(buf.ptr, -E2BIG,
		"f.yml: line 5, column 34: too many nodes, or aliases that expand to too many");
	buf_clear(&buf);
	for (int i = 0; i < YAML_DEPTH_MAX + 1; i++)
		buf_char(&buf, '[');
	buf_char(&buf, '\0');
	refused(buf.ptr, -E2BIG, "f.yml: line 1, column 65: nested too deep");
	buf_clear(&buf);
	buf_cstr(&buf, "k: ");
	for (size_t i = 0; i < YAML_DOCUMENT_BYTES_MAX; i++)
		buf_char(&buf, 'x');
	buf_char(&buf, '\0');
	refused(buf.ptr, -E2BIG, "f.yml: line 1, column 1: document too large");
	buf_destroy(&buf);
}

static void refusals_name_the_place(void **state)
{
	refused("a: 1\nb: 2\na: 3\n", -EBADMSG,
		"f.yml: line 3, column 4: the same key twice in one map");
	refused("? [a]\n: 1\n", -EBADMSG, "f.yml: line 1, column 3: a key that is no scalar");
	refused("a: 'x\n", -EBADMSG, "f.yml: line 2, column 1: found unexpected end of stream");
	refused("a: 1\n...\nb: 2\n", -EBADMSG,
		"f.yml: line 3, column 1: did not find expected <document start>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalar_types),
		cmocka_unit_test(structure_and_marks),
		cmocka_unit_test(documents_stand_alone),
		cmocka_unit_test(anchors_are_shared),
		cmocka_unit_test(laughs_are_bounded),
		cmocka_unit_test(refusals_name_the_place),
	};

	arena_init(&arena, 0);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_destroy(&arena);
	return failed;
}
