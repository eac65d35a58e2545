/* A recording read in a thread of its own, some batches ahead of whoever uses its events: decoding
 * and matching then take two processors. The events and their order are the same. */
#ifndef MERLON_CLI_READ_AHEAD_H
#define MERLON_CLI_READ_AHEAD_H
#include "agent/pipeline.h"
#include "sensor/sensor.h"
struct err;

/* Feeds the pipeline until the recording ends (-ENODATA), or what went wrong. batch_read is called
 * after each batch, in the thread that reads, as the sensor's own callbacks are. */
int read_ahead(struct sensor *sensor, struct pipeline *pipeline,
	void (*batch_read)(void *context, const struct sensor *sensor), void *context,
	struct err *err);
#endif
