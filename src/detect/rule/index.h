/* The literal index: which scans an event of a kind needs, and which rules a predicate that may
 * hold wakes. Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_INDEX_H
#define MERLON_DETECT_RULE_INDEX_H
#include "detect/rule/scan.h"
#include "detect/rule/trigger.h"
#include "detect/rule/rule.h"

struct index_plan {
	const struct scan **scans;
	uint32_t count;
};

struct index {
	struct arena arena;
	struct literals *literals; /* by predicate */
	struct trigger *triggers;  /* by rule */
	struct scan **scans;
	uint32_t scan_count, scan_capacity;
	struct index_plan plans[KIND_MAX];
	/* by predicate: rules[rules_begin[p]] up to rules[rules_begin[p + 1]] */
	uint32_t *rules_begin;
	uint32_t *rules;
	uint64_t (*kinds)[KIND_MAX / 64]; /* by predicate: of the rules it wakes */
	/* By predicate: bits by ordinal of the scans of its field which, not finding its literal,
	 * prove that it does not hold. */
	uint8_t *settled_by;
	hs_scratch_t *scratch; /* to clone; NULL when no scan has a database */
};

#define FIELD_SCANS_MAX 8

/* False where the processor lacks what Hyperscan needs. */
bool index_possible(void);
/* cache may be NULL. */
int index_build(struct rule *const *rules, uint32_t rule_count, const struct predicates *predicates,
	struct rule_cache *cache, struct index **ret, struct err *err);
void index_destroy(struct index *index);
#endif
