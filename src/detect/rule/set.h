/* What is inside a rule set. Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_SET_H
#define MERLON_DETECT_RULE_SET_H
#include "detect/rule/index.h"
#include "detect/rule/predicate.h"
#include "detect/rule/program.h"
#include "detect/rule/rule.h"

struct rule_list {
	uint32_t *numbers; /* ascending */
	uint32_t count;
};

/* What turns most woken rules away, side by side: the rules themselves lie far apart. */
struct rule_gate {
	uint64_t kinds[KIND_MAX / 64];
	uint32_t categories, types, os_mask;
};

struct ruleset {
	struct fields *fields;
	struct arena arena;
	struct rule **rules;
	struct rule_gate *gates; /* by rule */
	uint32_t *entries;	 /* by rule: where its program begins */
	uint32_t *lowest; /* by rule: its first instruction in memory; the entry is its last */
	uint32_t count, capacity;
	struct predicates predicates;
	struct program program;
	struct rule_list always[KIND_MAX];   /* to evaluate for every event of the kind */
	struct rule_list always_by_category; /* the same, of any category */
	uint32_t categories;		     /* of all rules */
	struct index *index;		     /* NULL: none, every rule of a kind is in `always` */
	struct rule_cache *cache;	     /* borrowed until compiled; NULL: none */
	bool without_index, compiled, has_plans;
};

/* Documents may say of themselves what their kind does not; see rule->categories. */
static inline bool rule_has_kind(const struct rule *rule, unsigned kind)
{
	return rule->kinds[kind / 64] >> (kind % 64) & 1;
}
#endif
