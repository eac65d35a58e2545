/* Required literals: text without which a predicate cannot hold, for the literal index.
 * Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_LITERAL_H
#define MERLON_DETECT_RULE_LITERAL_H
#include "detect/rule/predicate.h"

#define LITERALS_MAX 64 /* of one predicate */

/* When the predicate holds for a value, at least one of these stands in the folded value. */
struct literals {
	struct str *items; /* folded; in the arena given */
	uint32_t count;	   /* 0: the predicate has none */
	double chance;	   /* guess: share of events in which one stands */
};

/* 0 or -ENOMEM. */
int predicate_literals(
	const struct predicate *predicate, struct arena *arena, struct literals *ret);
/* The same for a PCRE2 pattern: what cannot be read for sure has no literals. */
int regex_literals(struct str pattern, struct arena *arena, struct literals *ret);
/* Guess how often a folded literal stands in a text. */
double literal_chance(struct str literal);
#endif
