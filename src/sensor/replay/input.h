/* The bytes of one recording as a stream: a file or standard input, plain, gzip (RFC 1952, several
 * members) or zstd (RFC 8878, several frames), told apart by their first bytes. The caller looks at
 * a window and gives back what it has used; the window grows only when it asks for more, so memory
 * is bounded by the longest record it insists on. One thread. */
#ifndef MERLON_SENSOR_REPLAY_INPUT_H
#define MERLON_SENSOR_REPLAY_INPUT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
struct err;

#define INPUT_WINDOW_MAX ((size_t)64 * 1024 * 1024) /* the longest record */

struct input_source;

struct input {
	const char *name; /* as given; borrowed */
	/* The window: unused bytes, already unpacked. Valid until the next input_fill(). */
	const char *ptr;
	size_t len;
	bool ended;	 /* nothing follows the window */
	uint64_t offset; /* of ptr from the beginning, unpacked */
	/* Why the bytes ended early (static text), or NULL: packed data cut or corrupt, a read
	 * error. What was unpacked before stays usable. */
	const char *problem;
	uint64_t problem_offset; /* in the file as it is stored */
	int read_error;		 /* negative errno of a failed read, else 0 */
	/* internal */
	struct input_source *source;
	char *buf;
	size_t cap;
	uint64_t line_base;  /* newlines before buf */
	uint64_t line_start; /* offset behind the last newline before buf */
};

/* name "-" is standard input. Directories are refused. name must outlive the input. */
int input_open(const char *name, struct input **ret, struct err *err);
void input_close(struct input *input);

/* Makes the window hold at least min bytes, unless the input ends before or min is over
 * INPUT_WINDOW_MAX. Returns the bytes in the window. -ENOMEM is told as a problem. */
size_t input_fill(struct input *input, size_t min);
/* Gives back the first n bytes of the window. */
void input_consume(struct input *input, size_t n);
/* Line and column, both from 1, of the byte at `at` bytes behind the window's begin. */
void input_position(const struct input *input, size_t at, uint64_t *ret_line, uint64_t *ret_column);

/* The window as text. */
static inline struct str input_window(const struct input *input)
{
	return str_n(input->ptr, input->len);
}
/* How many newlines text holds. */
uint64_t input_count_lines(struct str text);
#endif
