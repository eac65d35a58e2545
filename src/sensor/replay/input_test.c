#include "sensor/replay/input.h"

#include <zlib.h>
#include <zstd.h>
#include "sensor/replay/replay_test.h"

static char *numbers(size_t lines, size_t *ret_len)
{
	char *text = malloc(lines * 16);
	size_t len = 0;

	assert_non_null(text);
	for (size_t i = 0; i < lines; i++)
		len += (size_t)snprintf(text + len, 16, "%zu\n", i * 7919);
	*ret_len = len;
	return text;
}

static size_t gzip(const char *text, size_t len, unsigned char *out, size_t cap)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, 0), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t used = cap - z.avail_out;
	(void)deflateEnd(&z);
	return used;
}

/* Reads a file of these bytes in uneven steps; what came must be a prefix of text. */
static struct input *read_all(const void *file, size_t file_len, const char *text, size_t *ret_len)
{
	struct input *input = NULL;
	struct err err;
	char path[64];
	size_t done = 0, step = 1;

	test_file(path, "", file, file_len);
	assert_int_equal(input_open(path, &input, &err), 0);
	(void)unlink(path);
	for (;;) {
		size_t len = input_fill(input, step);
		if (len == 0)
			break;
		size_t n = len < step ? len : step;
		assert_memory_equal(input->ptr, text + done, n);
		assert_int_equal(input->offset, done);
		input_consume(input, n);
		done += n;
		step = step * 3 % 70001 + 1;
	}
	*ret_len = done;
	return input;
}

static void plain_and_packed_files__read_the_same(void **state)
{
	size_t len, got;
	char *text = numbers(200000, &len);
	size_t cap = len + 4096;
	unsigned char *packed = malloc(cap);

	assert_non_null(packed);
	struct input *input = read_all(text, len, text, &got);
	assert_int_equal(got, len);
	assert_null(input->problem);
	input_close(input);
	/* two members, two frames */
	size_t used = gzip(text, len / 2, packed, cap);
	used += gzip(text + len / 2, len - len / 2, packed + used, cap - used);
	input = read_all(packed, used, text, &got);
	assert_int_equal(got, len);
	assert_null(input->problem);
	input_close(input);
	used = ZSTD_compress(packed, cap, text, len / 3, 1);
	used += ZSTD_compress(packed + used, cap - used, text + len / 3, len - len / 3, 1);
	input = read_all(packed, used, text, &got);
	assert_int_equal(got, len);
	assert_null(input->problem);
	input_close(input);
	free(packed);
	free(text);
}

static void cut_and_corrupt_data__keep_what_came_before_and_say_why(void **state)
{
	size_t len, got;
	char *text = numbers(200000, &len);
	unsigned char *packed = malloc(len + 4096);

	assert_non_null(packed);
	size_t used = gzip(text, len, packed, len + 4096);
	struct input *input = read_all(packed, used / 2, text, &got);
	assert_true(got > len / 4 && got < len);
	assert_string_equal(input->problem, "gzip data is cut off");
	assert_int_equal(input->problem_offset, used / 2);
	input_close(input);
	used = gzip(text, len, packed, len + 4096);
	memset(packed + used, 'x', 10);
	input = read_all(packed, used + 10, text, &got);
	assert_int_equal(got, len);
	assert_non_null(input->problem);
	input_close(input);
	used = ZSTD_compress(packed, len + 4096, text, len, 1);
	input = read_all(packed, used - 100, text, &got);
	assert_true(got > 0 && got < len);
	assert_string_equal(input->problem, "zstd data is cut off");
	input_close(input);
	free(packed);
	free(text);
}

static void lines__are_counted_across_windows(void **state)
{
	struct input *input = NULL;
	struct err err;
	char path[64];
	size_t len;
	char *text = numbers(100000, &len);
	uint64_t line, column;

	test_file(path, "", text, len);
	assert_int_equal(input_open(path, &input, &err), 0);
	(void)unlink(path);
	(void)input_fill(input, 10);
	input_position(input, 0, &line, &column);
	assert_true(line == 1 && column == 1);
	input_position(input, 3, &line, &column); /* 0\n7919\n */
	assert_true(line == 2 && column == 2);
	for (size_t at = 0; at + 4099 < len; at += 4099) {
		assert_true(input_fill(input, 4099) >= 4099);
		input_consume(input, 4099);
		uint64_t expected = 1 + input_count_lines(str_n(text, at + 4099));
		size_t begin = at + 4099;
		while (begin > 0 && text[begin - 1] != '\n')
			begin--;
		input_position(input, 0, &line, &column);
		assert_int_equal(line, expected);
		assert_int_equal(column, at + 4099 - begin + 1);
	}
	input_close(input);
	free(text);
	assert_int_equal(input_count_lines(STR("a\n\nbcdefghij\n\n\n\n\n\n\n\n\x8a\v\t")), 10);
}

static void what_cannot_be_read__is_refused(void **state)
{
	struct input *input = NULL;
	struct err err;

	assert_int_equal(input_open("/tmp", &input, &err), -EISDIR);
	assert_int_equal(input_open("/nonexistent/file", &input, &err), -ENOENT);
	assert_null(input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_and_packed_files__read_the_same),
		cmocka_unit_test(cut_and_corrupt_data__keep_what_came_before_and_say_why),
		cmocka_unit_test(lines__are_counted_across_windows),
		cmocka_unit_test(what_cannot_be_read__is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
