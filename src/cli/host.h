/* Which rules the live sensors of this machine can fire. */
#ifndef MERLON_CLI_HOST_H
#define MERLON_CLI_HOST_H
#include <stdbool.h>
#include "detect/rule/reach.h"
struct err;

#define HOST_SENSORS_MAX 8

struct host;
struct host_verdict {
	bool reachable;
	bool other_system; /* the rule is for another; nothing else is told then */
	const char *sensors[HOST_SENSORS_MAX]; /* that can fire it, with enrichment's help */
	unsigned sensor_count;
	field_id missing[REACH_MISSING_MAX]; /* of the sensor that lacks least */
	unsigned missing_count;
};

/* Opens each live sensor and closes it again: those that open count, also the ones that are only
 * used when asked for. */
int host_look(struct host **ret, struct err *err);
void host_forget(struct host *host); /* NULL does nothing */
/* fields: those of the rule. */
void host_judge(struct host *host, const struct fields *fields, const struct rule *rule,
	struct host_verdict *ret);
#endif
