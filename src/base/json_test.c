#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/json.h"

/* Reads text to its end; returns the number of tokens, or -1 with the error's place. */
static int drain(const char *text, size_t *ret_offset)
{
	struct json json;
	int count = 0;

	json_init(&json, text, strlen(text));
	for (;;) {
		enum json_token token = json_next(&json);
		if (token == JSON_ERROR) {
			*ret_offset = (size_t)(json.at - json.begin);
			return -1;
		}
		if (token == JSON_END)
			return count;
		count++;
	}
}

static void reader__takes_what_rfc8259_takes(void **state)
{
	size_t at = 0;

	assert_int_equal(drain("{}", &at), 2);
	assert_int_equal(drain(" [ ] ", &at), 2);
	assert_int_equal(drain("{\"a\":[1,-2.5e3,true,false,null,\"x\"]}", &at), 11);
	assert_int_equal(drain("[[],{},[{}]]", &at), 10);
	assert_int_equal(drain("0", &at), 1);
}

static void reader__refuses_what_it_refuses(void **state)
{
	static const char *const bad[] = {"", "{", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "[01]",
		"[1.]", "[.5]", "[1e]", "\"a", "\"\\x\"", "\"\\u12g4\"", "[1 2]", "{\"a\" 1}",
		"tru", "[,1]", "{,}", "\"a\nb\"", "]", "{]", "[}", "-", "nul"};
	size_t at = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (drain(bad[i], &at) != -1)
			fail_msg("accepted %s", bad[i]);
}

static void reader__bounds_depth(void **state)
{
	char deep[JSON_DEPTH_MAX + 2];
	size_t at = 0;

	memset(deep, '[', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(drain(deep, &at), -1);
	assert_int_equal(at, JSON_DEPTH_MAX);
}

static void tree__unescapes_and_finds(void **state)
{
	struct arena arena;
	const char *error;
	size_t offset;
	struct str text;
	uint64_t number;

	arena_init(&arena, 0);
	struct json_node *root = json_parse(&arena,
		STR("{\"p\":{\"n\":\"a\\n\\u00e9\\ud83d\\ude00\\ud800\"},\"i\":"
		    "18446744073709551615,"
		    "\"s\":\"42\",\"p2\":[1,{\"x\":2}]}"),
		&error, &offset);
	assert_non_null(root);
	assert_true(json_text(json_path(root, "p.n"), &text));
	assert_true(str_is(text, "a\n\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd"));
	assert_true(json_u64(json_get(root, "i"), &number));
	assert_true(number == UINT64_MAX);
	assert_true(json_u64(json_get(root, "s"), &number));
	assert_int_equal(number, 42);
	assert_true(str_is(json_get(root, "p2")->text, "[1,{\"x\":2}]"));
	assert_null(json_path(root, "p.n.x"));
	assert_null(json_parse(&arena, STR("{} x"), &error, &offset));
	arena_destroy(&arena);
}

static void writer__quotes_and_nests(void **state)
{
	struct buf buf = {0};
	struct json_writer w = {.buf = &buf};

	json_object_begin(&w);
	json_member_str(&w, "a", STR("q\"\\\n\x01\xff\xc3\xa9"));
	json_key(&w, STR("b"));
	json_array_begin(&w);
	json_put_i64(&w, INT64_MIN);
	json_put_double(&w, 0.1);
	json_put_bool(&w, true);
	json_put_null(&w);
	json_array_end(&w);
	json_object_end(&w);
	assert_true(str_is(buf_view(&buf), "{\"a\":\"q\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\","
					   "\"b\":[-9223372036854775808,0.1,true,"
					   "null]}"));
	buf_destroy(&buf);
}

static void clock__reads_and_writes_rfc3339(void **state)
{
	uint64_t ns = 0;
	char text[CLOCK_TEXT_BYTES];

	assert_true(clock_parse_rfc3339(STR("2021-01-14T10:35:50.520708Z"), &ns));
	assert_true(ns == UINT64_C(1610620550520708000));
	(void)clock_format_rfc3339(ns, text);
	assert_string_equal(text, "2021-01-14T10:35:50.520708Z");
	assert_true(clock_parse_rfc3339(STR("2021-01-14 12:35:50.5207081234+02:00"), &ns));
	assert_true(ns == UINT64_C(1610620550520708123));
	assert_false(clock_parse_rfc3339(STR("2021-13-14T10:35:50Z"), &ns));
	assert_false(clock_parse_rfc3339(STR("2021-01-14T10:35:50Zx"), &ns));
	/* ISO weeks at the turn of the year */
	assert_true(clock_parse_rfc3339(STR("2021-01-03T00:00:00Z"), &ns));
	assert_int_equal(clock_split(ns).week, 53);
	assert_true(clock_parse_rfc3339(STR("2024-12-30T00:00:00Z"), &ns));
	assert_int_equal(clock_split(ns).week, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader__takes_what_rfc8259_takes),
		cmocka_unit_test(reader__refuses_what_it_refuses),
		cmocka_unit_test(reader__bounds_depth),
		cmocka_unit_test(tree__unescapes_and_finds),
		cmocka_unit_test(writer__quotes_and_nests),
		cmocka_unit_test(clock__reads_and_writes_rfc3339),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
