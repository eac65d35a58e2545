#include "sensor/replay/split.h"

#include "base/json.h"
#include "sensor/replay/replay_test.h"

static char walked[8192];

/* The records in brackets, broken ones as !line, notes as ?line; each record is decoded. */
static const char *walk(const char *text)
{
	struct input *input = NULL;
	struct split split;
	struct err err;
	struct str json;
	char path[64];
	size_t used = 0;
	uint64_t line, column;

	test_file(path, "", text, strlen(text));
	assert_int_equal(input_open(path, &input, &err), 0);
	(void)unlink(path);
	split_init(&split, input);
	walked[0] = '\0';
	for (;;) {
		enum split_result result = split_next(&split, &json);
		if (result == SPLIT_END)
			break;
		while (result == SPLIT_RECORD) {
			struct arena arena = {0};
			const char *error;
			size_t offset;
			bool ok = json_parse(&arena, json, &error, &offset) != NULL;
			arena_destroy(&arena);
			if (ok)
				break;
			result = split_again(&split, offset, error, &json);
		}
		if (result == SPLIT_RECORD) {
			used += (size_t)snprintf(walked + used, sizeof(walked) - used, "<");
			for (size_t i = 0; i < json.len; i++)
				if ((unsigned char)json.ptr[i] > ' ')
					walked[used++] = json.ptr[i];
			used += (size_t)snprintf(walked + used, sizeof(walked) - used, ">");
		} else {
			assert_true(split.error_at <= input->len);
			input_position(input, split.error_at, &line, &column);
			used += (size_t)snprintf(walked + used, sizeof(walked) - used, "%c%u",
				result == SPLIT_BROKEN ? '!' : '?', (unsigned)line);
		}
		assert_true(used < sizeof(walked) / 2);
	}
	input_close(input);
	return walked;
}

static void forms__give_the_same_records(void **state)
{
	assert_string_equal(
		walk("{\"a\":1}\n{\"b\":{}}\r\n\n{\"c\":3}"), "<{\"a\":1}><{\"b\":{}}><{\"c\":3}>");
	assert_string_equal(walk("\xef\xbb\xbf{\"a\":1}"), "<{\"a\":1}>");
	assert_string_equal(walk("[{\"a\":1},{\"b\":2}]"), "<{\"a\":1}><{\"b\":2}>");
	assert_string_equal(walk(" [\n {\"a\":1},\n {\"b\":2}\n]\n{\"c\":3}\n"),
		"<{\"a\":1}><{\"b\":2}><{\"c\":3}>");
	assert_string_equal(
		walk("{\"a\":1}{\"b\":2} {\"c\":3}"), "<{\"a\":1}><{\"b\":2}><{\"c\":3}>");
	assert_string_equal(walk("{\n \"a\":\n {\"x\":[]}\n}\n{\n \"b\":2\n}"),
		"<{\"a\":{\"x\":[]}}><{\"b\":2}>");
	assert_string_equal(walk("{\"a\":{}\n,\"b\":2}\n"), "<{\"a\":{},\"b\":2}>");
	assert_string_equal(walk(""), "");
	assert_string_equal(walk("\n \n"), "");
	assert_string_equal(walk("[]"), "");
}

static void answers__give_their_elements(void **state)
{
	assert_string_equal(
		walk("{\"took\":3,\"hits\":{\"total\":{\"value\":2},\"hits\":[{\"_source\":{}},"
		     "{\"b\":2}],\"x\":[1]},\"y\":0}\n{\"c\":3}"),
		"<{\"_source\":{}}><{\"b\":2}><{\"c\":3}>");
	assert_string_equal(walk("{\n \"is_partial\" : false,\n \"hits\" : {\n  \"events\" : [\n   "
				 "{\"a\" : 1},\n   {\"b\":2}\n  ]\n }\n}"),
		"<{\"a\":1}><{\"b\":2}>");
	assert_string_equal(
		walk("{\"rawResponse\":{\"hits\":{\"hits\":[{\"a\":1}]}}}"), "<{\"a\":1}>");
	assert_string_equal(walk("{\"responses\":[{\"hits\":{\"hits\":[{\"a\":1}]}},{\"error\":{}},"
				 "{\"hits\":{\"hits\":[{\"b\":2}]}}]}"),
		"<{\"a\":1}><{\"b\":2}>");
	assert_string_equal(
		walk("{\"hits\":{\"sequences\":[{\"join_keys\":[4],\"events\":[{\"a\":1},"
		     "{\"b\":2}]},{\"events\":[{\"c\":3}]}]}}"),
		"<{\"a\":1}><{\"b\":2}><{\"c\":3}>");
	assert_string_equal(walk("{\"took\":1,\"hits\":{\"hits\":[]}}\n{\"id\":1,\"hits\":3}\n"),
		"<{\"id\":1,\"hits\":3}>");
}

static void broken_records__do_not_take_what_follows(void **state)
{
	/* a line */
	assert_string_equal(walk("{\"a\":1}\n{\"b\":\n{\"c\":3}\n"), "<{\"a\":1}>!2<{\"c\":3}>");
	assert_string_equal(walk("{\"a\":1}\n{\"b\":\"x\n{\"c\":3}\n"), "<{\"a\":1}>!2<{\"c\":3}>");
	assert_string_equal(
		walk("{\"a\":1}\n{\"b\":{\"x\":1}\n{\"c\":3}\n"), "<{\"a\":1}>!2<{\"c\":3}>");
	assert_string_equal(walk("{\"a\":1}\n{\"b\":,}\n{\"c\":3}\n"), "<{\"a\":1}>!2<{\"c\":3}>");
	assert_string_equal(walk("{\"a\":1}\nx\ny {}\n{\"c\":3}\n"), "<{\"a\":1}>!2!3<{\"c\":3}>");
	assert_string_equal(walk("{\"a\":1}\n5\n{\"c\":3}\n"), "<{\"a\":1}>!2<{\"c\":3}>");
	assert_string_equal(walk("{\"a\":1}}\n{\"c\":3}\n"), "<{\"a\":1}>?1<{\"c\":3}>");
	assert_string_equal(walk("x\ny\n\n{\"c\":3}\n"), "!1<{\"c\":3}>");
	assert_string_equal(walk("no\nJSON"), "!1");
	/* a wrapper that ends within an escape */
	assert_string_equal(walk("{\"responses\":[{\"\\"), "?1");
	/* braces that are not closed, a string that is not, of printed documents */
	assert_string_equal(
		walk("{\n \"a\":{\n  \"x\":1\n  }\n \n{\n \"b\":2\n}"), "!6<{\"b\":2}>");
	assert_string_equal(walk("{\n \"a\":\"x\n}\n{\n \"b\":2\n}"), "!2<{\"b\":2}>");
	assert_string_equal(walk("{\n \"a\":[1,]\n}\n{\n \"b\":{}\n}"), "!2<{\"b\":{}}>");
	assert_string_equal(walk("{\n \"a\":[1,]\n}{\n \"b\":{}\n}"), "!2<{\"b\":{}}>");
	assert_string_equal(
		walk("{\n \"a\":[\n {\"inner\":1},]\n}\n{\n \"b\":{}\n}"), "!3<{\"b\":{}}>");
	assert_string_equal(walk("{\"a\":1}\n{\"b\":"), "<{\"a\":1}>!2");
}

static void broken_elements__do_not_take_what_follows(void **state)
{
	assert_string_equal(walk("[{\"a\":1},{\"b\":,},{\"c\":3}]"), "<{\"a\":1}>!1<{\"c\":3}>");
	assert_string_equal(walk("[{\"b\":,},{\"c\":3}]\n"), "!1<{\"c\":3}>");
	assert_string_equal(walk("[{\"a\":1},\n{\"b\":},\n{\"c\":3}]"), "<{\"a\":1}>!2<{\"c\":3}>");
	assert_string_equal(
		walk("[{\"b\":[},\n{\"c\":3},\n{\"d\":4}]"), "!1<{\"c\":3}><{\"d\":4}>");
	assert_string_equal(walk("[\n  {\n   \"a\":{\n  },\n  {\n   \"b\":2\n  }\n]\n{\"c\":3}"),
		"!5<{\"b\":2}><{\"c\":3}>");
	assert_string_equal(walk("[{\"a\":1,{\"b\":2},{\"c\":3}]"), "!1<{\"b\":2}><{\"c\":3}>");
	assert_string_equal(walk("[{\"a\":[1},{\"b\":2}]"), "!1<{\"b\":2}>");
	assert_string_equal(walk("[{\"a\":\"x},{\"b\":2}]"), "!1<{\"b\":2}>");
	assert_string_equal(walk("[{\"a\":1 {\"b\":2}},{\"c\":3}]"), "!1<{\"c\":3}>");
	assert_string_equal(
		walk("[{\"i\":1},{\"i\":2,\"l\":[{\"x\":1},{\"y\":2}],\"b\":t}]"), "<{\"i\":1}>!1");
	assert_string_equal(
		walk("[{\"i\":1,\"l\":[,{\"i\":2},{\"i\":3}]"), "!1<{\"i\":2}><{\"i\":3}>");
	assert_string_equal(walk("[1,{\"a\":1},[2],\"x\"]"), "!1<{\"a\":1}>!1!1");
	assert_string_equal(walk("[{\"a\":1},"), "<{\"a\":1}>?1");
	assert_string_equal(walk("{\"took\":1,\"hits\":{\"hits\":[{\"a\":1},{\"b\":tru},{\"c\":3}]}"
				 "}\n{\"d\":4}"),
		"<{\"a\":1}>!1<{\"c\":3}><{\"d\":4}>");
	assert_string_equal(
		walk("{\n \"hits\": {\n  \"hits\": [\n   {\n    \"a\": x\n   },\n   {\n    "
		     "\"b\": 2\n   }\n  ]\n }\n}\n{\n \"c\": 3\n}\n"),
		"!5<{\"b\":2}><{\"c\":3}>");
	/* the last of one document is broken, another follows */
	assert_string_equal(
		walk("{\n \"hits\": {\n  \"hits\": [\n   {\n    \"a\": \"\n   }\n  ]\n }\n}\n"
		     "{\n \"hits\": {\n  \"hits\": [\n   {\n    \"b\": 2\n   }\n  ]\n }\n}\n"),
		"!5<{\"b\":2}>");
}

static void long_records__are_taken_across_windows(void **state)
{
	struct input *input = NULL;
	struct split split;
	struct err err;
	struct str json;
	char path[64];
	size_t len = 3 * 1024 * 1024;
	char *text = malloc(len + 64);

	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, "{\"a\":1}\n{\"b\":\"", 14);
	memcpy(text + len, "\"}\n{\"c\":\n3}", 12);
	test_file(path, "", text, len + 11);
	assert_int_equal(input_open(path, &input, &err), 0);
	(void)unlink(path);
	split_init(&split, input);
	assert_int_equal(split_next(&split, &json), SPLIT_RECORD);
	assert_int_equal(split_next(&split, &json), SPLIT_RECORD);
	assert_int_equal(json.len, len + 2 - 8);
	assert_int_equal(split_next(&split, &json), SPLIT_RECORD);
	assert_int_equal(json.len, 8);
	assert_int_equal(split_next(&split, &json), SPLIT_END);
	input_close(input);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms__give_the_same_records),
		cmocka_unit_test(answers__give_their_elements),
		cmocka_unit_test(broken_records__do_not_take_what_follows),
		cmocka_unit_test(broken_elements__do_not_take_what_follows),
		cmocka_unit_test(long_records__are_taken_across_windows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
