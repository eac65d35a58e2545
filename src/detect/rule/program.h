/* Conditions as flat programs: each instruction tests one predicate and says where to go on.
 * Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_PROGRAM_H
#define MERLON_DETECT_RULE_PROGRAM_H
#include "detect/rule/literal.h"

/* The two ends of every program; instructions follow behind them. */
enum { PROGRAM_FALSE = 0, PROGRAM_TRUE = 1, PROGRAM_FIRST = 2 };

struct instruction {
	uint32_t predicate, on_true, on_false;
	/* Set by ruleset_compile(): copies of what the index says of the predicate, and where to go when
	 * no scan of its field found anything, which passes over the whole list of a field's values. */
	uint32_t on_untouched;
	field_id field;
	uint8_t settled_by;
};

struct program {
	struct instruction *items; /* of all rules */
	uint32_t count, capacity;
};

/* What is guessed of a predicate, to order tests: those that are cheap and likely to decide come
 * first. */
struct estimate {
	double cost;   /* nanoseconds of testing it */
	double chance; /* that it holds */
};
/* literals may be NULL. ruled_out: a scan of the index will mostly have answered it. */
struct estimate predicate_estimate(
	const struct predicate *predicate, const struct literals *literals, bool ruled_out);

/* Appends the condition's instructions. estimates are by predicate, scratch is used for ordering.
 * Returns 0 with the place to begin, or -ENOMEM. */
int program_compile(struct program *program, const struct estimate *estimates,
	struct arena *scratch, const struct expr *condition, uint32_t *ret_entry);
void program_destroy(struct program *program);
#endif
