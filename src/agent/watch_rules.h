/* What rules need to be told that is no event, or no part of one, unless asked for: names of
 * environment variables, and files whose opening for reading matters. Taken from the literal texts
 * of their conditions; what stands under NOT is not needed. */
#ifndef MERLON_AGENT_WATCH_RULES_H
#define MERLON_AGENT_WATCH_RULES_H
#include "detect/rule/rule.h"

struct watch_needs {
	void *context;
	void (*environment)(void *context, struct str name);
	void (*path)(void *context, struct str path);	   /* absolute; a prefix */
	void (*home_path)(void *context, struct str path); /* the same below every home directory */
};

void watch_rules(const struct ruleset *rules, const struct watch_needs *needs);
#endif
