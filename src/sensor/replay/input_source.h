/* Where an input's bytes come from: a descriptor, unpacked when it is gzip or zstd. */
#ifndef MERLON_SENSOR_REPLAY_INPUT_SOURCE_H
#define MERLON_SENSOR_REPLAY_INPUT_SOURCE_H
#include <stddef.h>
#include <stdint.h>
struct err;

struct input_source;

int input_source_open(const char *name, struct input_source **ret, struct err *err);
void input_source_close(struct input_source *source);

/* Unpacks up to cap bytes into out. Returns their number, 0 at the end. At the end, or with the
 * last bytes before it, *ret_problem is static text when it came too early. */
size_t input_source_read(struct input_source *source, char *out, size_t cap,
	const char **ret_problem, uint64_t *ret_offset, int *ret_read_error);
#endif
