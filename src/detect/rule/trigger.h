/* Which predicates wake a rule: a set of which at least one holds whenever the condition does.
 * Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_TRIGGER_H
#define MERLON_DETECT_RULE_TRIGGER_H
#include "detect/rule/literal.h"

#define TRIGGERS_MAX 4096 /* of one rule */

struct trigger {
	uint32_t *predicates; /* may hold one twice; in the arena given */
	uint32_t count;	      /* 0 with found: the condition never holds */
	double chance;	      /* guess: share of events that wake the rule */
	bool found;	      /* else every event must be looked at */
};

/* literals are by predicate. 0 or -ENOMEM. */
int trigger_choose(const struct expr *condition, const struct literals *literals,
	struct arena *arena, struct trigger *ret);
#endif
