/* Correlations judged the simple way: for each event, look through all events before it. The yardstick
 * of the state machines in tests; written from docs/RULES.md, shares nothing with them. */
#ifndef MERLON_TESTS_SIGMA_CORRELATION_NAIVE_H
#define MERLON_TESTS_SIGMA_CORRELATION_NAIVE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

#define NAIVE_RULES	   4 /* on single events; an event says which match */
#define NAIVE_CORRELATIONS 3
#define NAIVE_STEPS	   4
#define NAIVE_EVENTS	   60
#define NAIVE_LIST	   3

enum naive_type {
	NAIVE_EVENT_COUNT,
	NAIVE_VALUE_COUNT,
	NAIVE_SUM,
	NAIVE_AVG,
	NAIVE_PERCENTILE,
	NAIVE_MEDIAN,
	NAIVE_RANK,
	NAIVE_TEMPORAL,
	NAIVE_ORDERED,
	NAIVE_TYPES
};

/* Text fields are a letter, or 0 where the event has none. */
struct naive_event {
	unsigned second, rules; /* bits */
	char user, other;	/* what groups are made by */
	int number;		/* -1: none */
	bool number_is_text;	/* as documents have it; means the same */
	char word, list[NAIVE_LIST];
};

/* What a condition over rules looks like: postfix of step numbers and '&', '|', '!'. */
struct naive_correlation {
	enum naive_type type;
	unsigned steps[NAIVE_STEPS]; /* below NAIVE_RULES: a rule, else an earlier correlation */
	unsigned step_count, span;
	bool grouped;
	bool by_other[NAIVE_STEPS]; /* the group of this step's events is their `other` */
	char field;		    /* 'n' number, 'w' word, 'l' list, 'b' word and number */
	unsigned percentile;
	const char *op[2]; /* "gte", …; NULL: none */
	double bound[2];
	char terms[32]; /* instead of bounds; empty: none */
	bool silent;
};

/* Appends a line for each match of each correlation that is not silent: "1: 0 3 4 [a] = 2\n". */
void naive_correlate(const struct naive_correlation *correlations, unsigned count,
	const struct naive_event *events, unsigned event_count, struct buf *out);
#endif
