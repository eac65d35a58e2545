/* Which files' reading and which environment names the rules want to know of: the file watch.yml
 * beside the rules.
 *
 *   read_paths: [/etc/shadow, …]   absolute paths or prefixes (a prefix ends in '/')
 *   home_paths: [.ssh/id_, …]      the same below every user's home directory
 *   environment: [LD_PRELOAD, …] */
#ifndef MERLON_AGENT_WATCH_H
#define MERLON_AGENT_WATCH_H
#include "agent/config.h"
#include "base/arena.h"
struct err;

/* Reads DIR/watch.yml of every rule path that is a directory, and adds what the configuration asks
 * for. Results live in the arena. A missing file is fine; a broken one is an error. */
int watch_read(const char *const *rule_paths, size_t count, const struct config *config,
	struct arena *arena, struct config_list *ret_read_paths,
	struct config_list *ret_environment, struct err *err);
#endif
