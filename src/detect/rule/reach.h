/* Whether a rule can become true at all where only some kinds and fields are supplied. */
#ifndef MERLON_DETECT_RULE_REACH_H
#define MERLON_DETECT_RULE_REACH_H
#include <stdbool.h>
#include "detect/rule/rule.h"

struct reach {
	const uint64_t *kinds;	/* KIND_MAX bits: kinds that are supplied */
	const uint64_t *fields; /* FIELD_ID_MAX bits */
};

#define REACH_MISSING_MAX 32

/* True when some supplied kind is the rule's and its condition can be true with the supplied fields
 * only. Else *ret_missing gets up to REACH_MISSING_MAX fields that it needs (none: the kinds are
 * what is missing). What stands under NOT is not needed. */
bool reach_rule(const struct rule *rule, const struct reach *reach,
	field_id missing[REACH_MISSING_MAX], unsigned *ret_missing);
#endif
