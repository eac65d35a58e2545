#include "sensor/replay/input.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "sensor/replay/input_source.h"

#define WINDOW_FIRST ((size_t)256 * 1024)

int input_open(const char *name, struct input **ret, struct err *err)
{
	struct input *input = calloc(1, sizeof(*input));

	if (input == NULL)
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	input->name = name;
	int rc = input_source_open(name, &input->source, err);
	if (rc < 0) {
		free(input);
		return rc;
	}
	*ret = input;
	return 0;
}

void input_close(struct input *input)
{
	if (input == NULL)
		return;
	input_source_close(input->source);
	free(input->buf);
	free(input);
}

/* Eight bytes at a time: each newline leaves one bit. */
typedef unsigned char v16 __attribute__((vector_size(16)));

/* Sixteen counters, of which none can overflow before they are added up. */
static uint64_t count_lines_16(const char *at, size_t blocks)
{
	v16 counts = {0}, v;
	uint64_t count = 0;

	for (size_t i = 0; i < blocks; i++, at += 16) {
		memcpy(&v, at, sizeof(v));
		counts += (v16)(v == '\n') & 1;
	}
	for (unsigned i = 0; i < sizeof(counts); i++)
		count += counts[i];
	return count;
}

uint64_t input_count_lines(struct str text)
{
	uint64_t count = 0;
	size_t i = 0;

	while (text.len - i >= 16) {
		size_t blocks = (text.len - i) / 16;
		blocks = blocks > 255 ? 255 : blocks;
		count += count_lines_16(text.ptr + i, blocks);
		i += blocks * 16;
	}
	for (; i < text.len; i++)
		count += text.ptr[i] == '\n';
	return count;
}

/* Behind the last newline of text; 0 when it has none. */
static size_t last_line(struct str text)
{
	size_t at = text.len;

	while (at > 0 && text.ptr[at - 1] != '\n')
		at--;
	return at;
}

/* Forgets the bytes before ptr, keeping count of their lines. */
static void drop_used(struct input *input)
{
	size_t used = input->ptr == NULL ? 0 : (size_t)(input->ptr - input->buf);

	if (used == 0)
		return;
	struct str gone = str_n(input->buf, used);
	input->line_base += input_count_lines(gone);
	size_t line = last_line(gone);
	if (line > 0)
		input->line_start = input->offset - used + line;
	memmove(input->buf, input->ptr, input->len);
	input->ptr = input->buf;
}

static bool grow(struct input *input, size_t min)
{
	size_t cap = input->cap == 0 ? WINDOW_FIRST : input->cap;

	while (cap < min)
		cap *= 2;
	if (cap == input->cap)
		return true;
	char *buf = realloc(input->buf, cap);
	if (buf == NULL)
		return false;
	input->buf = buf;
	input->ptr = buf;
	input->cap = cap;
	return true;
}

size_t input_fill(struct input *input, size_t min)
{
	if (min > INPUT_WINDOW_MAX)
		min = INPUT_WINDOW_MAX;
	if (input->len >= min || input->ended)
		return input->len;
	drop_used(input);
	if (!grow(input, min)) {
		input->problem = "out of memory";
		input->ended = true;
		return input->len;
	}
	while (input->len < min) {
		size_t got = input_source_read(input->source, input->buf + input->len,
			input->cap - input->len, &input->problem, &input->problem_offset,
			&input->read_error);
		input->len += got;
		if (got == 0 || input->problem != NULL) {
			input->ended = true;
			break;
		}
	}
	return input->len;
}

void input_consume(struct input *input, size_t n)
{
	assert(n <= input->len);
	input->ptr += n;
	input->len -= n;
	input->offset += n;
}

void input_position(const struct input *input, size_t at, uint64_t *ret_line, uint64_t *ret_column)
{
	size_t before = input->ptr == NULL ? 0 : (size_t)(input->ptr - input->buf) + at;
	struct str text = str_n(input->buf, before);
	size_t line = last_line(text);
	uint64_t begin = line > 0 ? input->offset + at - (before - line) : input->line_start;

	*ret_line = input->line_base + input_count_lines(text) + 1;
	*ret_column = input->offset + at - begin + 1;
}
