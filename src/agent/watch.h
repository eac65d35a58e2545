/* Which files' reading and which environment names the rules want to know of: what their conditions
 * name (watch_rules.h), and the file watch.yml beside the rules.
 *
 *   read_paths: [/etc/shadow, …]   absolute paths or prefixes (a prefix ends in '/')
 *   home_paths: [.ssh/id_, …]      the same below every user's home directory
 *   write_paths, home_write_paths  the same for opening for writing. A file with either says that its
 *                                  rules need no other opening for writing, however often that is
 *   environment: [LD_PRELOAD, …] */
#ifndef MERLON_AGENT_WATCH_H
#define MERLON_AGENT_WATCH_H
#include <stdbool.h>
#include "agent/config.h"
#include "base/arena.h"
struct err;
struct ruleset;

struct watch {
	struct config_list read_paths, write_paths, environment;
	/* Opening for writing matters only below these paths: every rule path is a directory whose
	 * watch.yml says so. */
	bool writes_listed;
};

/* Reads DIR/watch.yml of every rule path that is a directory, and adds what the configuration asks
 * for and, as far as there is room, what the rules themselves name. Results live in the arena. A
 * missing file is fine; a broken one is an error. */
int watch_read(const struct ruleset *rules, const char *const *rule_paths, size_t count,
	const struct config *config, struct arena *arena, struct watch *ret, struct err *err);
#endif
