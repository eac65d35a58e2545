#include "sensor/replay/lines.h"

/* Bytes of the first line with its end; the window's length when it has none. */
static size_t first_line(struct input *input)
{
	size_t looked = 0;

	for (;;) {
		size_t len = input->len < LINE_BYTES_MAX ? input->len : LINE_BYTES_MAX;
		const char *end = len == looked ? NULL
						: memchr(input->ptr + looked, '\n', len - looked);
		if (end != NULL)
			return (size_t)(end - input->ptr) + 1;
		if (len == LINE_BYTES_MAX || input->ended)
			return len;
		looked = len;
		if (input_fill(input, looked + 1) == looked)
			return looked;
	}
}

bool lines_next(struct input *input, struct str *ret_line, size_t *ret_used)
{
	while (input_fill(input, 1) > 0) {
		size_t used = first_line(input);
		struct str line = str_n(input->ptr, used);
		while (line.len > 0 &&
			(line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
			line.len--;
		if (line.len > 0) {
			*ret_line = line;
			*ret_used = used;
			return true;
		}
		input_consume(input, used);
	}
	return false;
}
