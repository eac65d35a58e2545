/* What is inside a matcher. Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_MATCHER_H
#define MERLON_DETECT_RULE_MATCHER_H
#include "detect/rule/set.h"

struct matcher {
	const struct ruleset *set;
	struct tester tester;
	const struct view *view; /* of the event at hand */
	uint32_t now;		 /* number of the event, below 2^31 */
	uint32_t *answers;	 /* by predicate: 2 * now + result, when tested for this event */
	uint64_t *matched;	 /* bits by rule; all zero between runs */
	const struct rule **result;
	struct matcher_stats stats;

	/* the literal index */
	hs_scratch_t *scratch;
	uint32_t *marked;    /* by predicate: the event in which its literal was found */
	uint32_t *woken;     /* by rule: the event that woke it */
	uint32_t *wake_list; /* rules woken by the event at hand */
	uint32_t wake_count;
	uint32_t *scan_done; /* by scan: the event it ran for */
	uint64_t *scanned;   /* by field: event << 8 | bits of its scans that ran to the end */
	uint32_t *found;     /* by field: the event in which a scan of it found something */
	struct buf joined;   /* elements of a list, or all texts, to be scanned as one */
};

/* Runs the scans that the kind's events need; wakes rules. */
void matcher_scan(struct matcher *matcher, unsigned kind);
/* The same with every scan there is. */
void matcher_scan_all(struct matcher *matcher);
int matcher_scan_init(struct matcher *matcher, struct err *err);
void matcher_scan_destroy(struct matcher *matcher);
/* Forgets the numbers of events when they start anew. */
void matcher_scan_forget(struct matcher *matcher);
#endif
