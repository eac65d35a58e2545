/* Text recordings line by line. */
#ifndef MERLON_SENSOR_REPLAY_LINES_H
#define MERLON_SENSOR_REPLAY_LINES_H
#include <stdbool.h>
#include "sensor/replay/input.h"

#define LINE_BYTES_MAX ((size_t)1024 * 1024)

/* The next line of the window that is not empty, without its end. *ret_used bytes are to be
 * consumed when it has been used; empty lines before it are consumed already. A line over
 * LINE_BYTES_MAX is given in parts. False at the end of the input. */
bool lines_next(struct input *input, struct str *ret_line, size_t *ret_used);
#endif
