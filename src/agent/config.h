/* The agent's configuration file: YAML, every key optional; an unknown key is an error that names
 * file and line, so that a misspelt one is not silently without effect.
 *
 *   data: /var/lib/merlon             directory for output, state and the control socket
 *   rules: [DIR|FILE, …]              instead of the shipped rules
 *   sensors: [bpf, log, …]            instead of the best that this machine has
 *   output: FILE|-                    instead of DATA/events.ndjson
 *   store_events: false               true: every event goes to the output, not only alerts
 *   rotate_mb: 64                     size of an output file
 *   keep: 8                           older output files that are kept
 *   read_paths: [/etc/shadow, …]      besides those that the rules ask for
 *   environment: [LD_PRELOAD, …]      names whose values go into process.env_vars
 *   placeholders: {name: [value, …]}  for Sigma's `expand` */
#ifndef MERLON_AGENT_CONFIG_H
#define MERLON_AGENT_CONFIG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"
#include "detect/sigma/pattern.h"
struct err;

struct config_list {
	const char **items;
	size_t count;
};
struct config {
	struct arena arena;	   /* owns everything below */
	const char *data, *output; /* NULL: default */
	struct config_list rules, sensors, read_paths, environment;
	struct sigma_placeholder *placeholders;
	size_t placeholder_count;
	bool store_events;
	uint64_t rotate_mb, keep;
};

#define CONFIG_DATA_DEFAULT "/var/lib/merlon"

/* The defaults. */
void config_init(struct config *config);
/* Reads a file over what is set. 0 or a negative errno with err naming file and line. */
int config_read(struct config *config, const char *path, struct err *err);
void config_destroy(struct config *config);
#endif
