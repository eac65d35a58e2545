/* What is inside a matcher. Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_MATCHER_H
#define MERLON_DETECT_RULE_MATCHER_H
#include "detect/rule/set.h"

struct matcher {
	const struct ruleset *set;
	struct tester tester;
	uint32_t now;	   /* number of the event, below 2^31 */
	uint32_t *answers; /* by predicate: 2 * now + result, when tested for this event */
	uint64_t *matched; /* bits by rule; all zero between runs */
	const struct rule **result;
	struct matcher_stats stats;
};
#endif
