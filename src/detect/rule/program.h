/* Conditions as flat programs: each instruction tests one predicate and says where to go on.
 * Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_PROGRAM_H
#define MERLON_DETECT_RULE_PROGRAM_H
#include "detect/rule/predicate.h"

/* The two ends of every program; instructions follow behind them. */
enum { PROGRAM_FALSE = 0, PROGRAM_TRUE = 1, PROGRAM_FIRST = 2 };

struct instruction {
	uint32_t predicate, on_true, on_false;
};

struct program {
	struct instruction *items; /* of all rules */
	uint32_t count, capacity;
};

/* Appends the condition's instructions. Kids that are cheap to test come first. scratch is used
 * for ordering. Returns 0 with the place to begin, or -ENOMEM. */
int program_compile(struct program *program, const struct predicates *predicates,
	struct arena *scratch, const struct expr *condition, uint32_t *ret_entry);
void program_destroy(struct program *program);
/* Rough cost of testing a predicate, in nanoseconds. */
uint32_t predicate_cost(const struct predicate *predicate);
#endif
