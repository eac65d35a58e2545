/* Recordings given on a command line: their names, reading them through a pipeline, and saying what
 * was broken. */
#ifndef MERLON_CLI_INPUTS_H
#define MERLON_CLI_INPUTS_H
#include <stdbool.h>
#include "agent/pipeline.h"
#include "base/arena.h"
#include "cli/command.h"
#include "sensor/sensor.h"
struct err;

/* Choices for --format, NULL-terminated. */
extern const char *const inputs_formats[];
#define OPTION_FORMAT                                                                   \
	{                                                                               \
		.name = "format", .type = OPTION_CHOICE, .argument = "FORMAT",          \
		.choices = inputs_formats,                                              \
		.doc = "What the recordings are; by default found out for each (auto)." \
	}

struct inputs {
	struct arena arena; /* owns the names */
	const char **names;
	size_t count;
};

/* The operands from first on; a directory stands for the files below it, in the order of their
 * names. */
int inputs_collect(const struct args *args, unsigned first, struct inputs *ret, struct err *err);
void inputs_destroy(struct inputs *inputs);
/* Whether path is one of them, under whatever name. */
bool inputs_have(const struct inputs *inputs, const char *path);

struct inputs_options {
	const char *format; /* NULL: auto */
	bool quiet;
	const struct ecs_options *documents; /* see sensor_config */
	/* Broken records told by an earlier pass over the same inputs, which are not told again; this
	 * pass adds what it tells. May be NULL. */
	uint64_t *told;
	unsigned threads;      /* 2: one reads, one matches; else all in this one */
	uint32_t batch_events; /* see sensor_config */
};
/* Reads them all through the pipeline and flushes it. Broken records are told on stderr, unless
 * quiet; progress too when that is a terminal. */
int inputs_run(const struct inputs *inputs, const struct inputs_options *options,
	struct pipeline *pipeline, struct sensor_stats *ret_stats, struct err *err);

/* What --rules asks for, in the arena. shipped: the shipped rules when it is not given. */
int inputs_rules(const struct args *args, bool shipped, struct arena *arena,
	const char *const **ret_paths, size_t *ret_count, struct err *err);
/* For engine_options.report: refused rules on stderr. context: const bool *quiet. */
void inputs_report_rule(void *context, const struct rule_result *result);
#endif
