/* The live agent: sensors, pipeline, output, control socket and signals in one loop. */
#ifndef MERLON_AGENT_AGENT_H
#define MERLON_AGENT_AGENT_H
#include <stdbool.h>
#include "agent/config.h"
#include "base/str.h"
#include "sensor/sensor.h"
struct err;

enum agent_mode {
	AGENT_DETECT, /* alerts and incidents to the output, with store_events also events */
	AGENT_RECORD, /* every event to a recording; no rules */
};

struct agent_options {
	enum agent_mode mode;
	const struct config *config; /* borrowed */
	const char *const *rule_paths;
	size_t rule_path_count;
	const char *output; /* NULL: DATA/events.ndjson */
	bool stories;	    /* print a story on standard output for each incident */
	bool colour, unicode, quiet;
	uint64_t stop_after_ns; /* 0: until a signal */
};

/* Runs until SIGTERM or SIGINT; reads the rules again on SIGHUP. 0 after a clean stop, or a negative
 * errno when it could not begin, or a sensor broke and none is left. */
int agent_run(const struct agent_options *options, struct err *err);

/* DATA/agent.sock */
int agent_socket_path(const char *data, char *path, size_t size, struct err *err);
#endif
