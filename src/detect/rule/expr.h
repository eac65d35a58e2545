/* What a rule asks, as every rule language hands it to the predicate machine: a tree of AND, OR,
 * NOT over atoms, each one question to one field. Lives in the arena of the rule set. */
#ifndef MERLON_DETECT_RULE_EXPR_H
#define MERLON_DETECT_RULE_EXPR_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/strmatch.h" /* WILD_ANY, WILD_ONE */
#include "event/fields.h"
struct view;

/* A multi-valued field satisfies an atom when any element does; null elements satisfy none but
 * ATOM_NULL. A missing field satisfies only ATOM_NULL (and ATOM_EXISTS with negated sense through
 * NOT). Field FIELD_none in a text atom asks every value of the event. */
enum atom_op {
	ATOM_EQUALS, /* text; numbers and booleans compare by their text */
	ATOM_STARTS,
	ATOM_ENDS,
	ATOM_CONTAINS,
	ATOM_WILDCARD, /* pattern with WILD_ANY and WILD_ONE, the whole text; any pattern will do,
			* also one that another op could say */
	ATOM_REGEX,    /* PCRE2, unanchored */
	ATOM_CIDR,     /* IPv4 or IPv6 network */
	ATOM_LT,
	ATOM_LTE,
	ATOM_GT,
	ATOM_GTE,
	ATOM_NUM_EQ, /* number; text that is a number counts */
	ATOM_EXISTS, /* there and not null */
	ATOM_NULL,   /* missing, or null */
	ATOM_EMPTY,  /* there and the empty text */
	ATOM_FIELD, /* compare with another field of the same event: field_op EQUALS, STARTS, ENDS, CONTAINS */
	ATOM_TIME, /* part of a time (RFC 3339, or a number since 1970 whose size tells its unit):
		       * time_part, in UTC, equals number */
	ATOM_KEYWORD, /* some text or number of the whole event contains text (a wildcard pattern) */
	ATOM_PRESENT,  /* there, be it null or empty: Sigma's exists */
	ATOM_COMPUTED, /* test says so: whatever a language's own evaluator knows; needs no field */
};

/* One event's fields for ATOM_COMPUTED; scratch may be used freely until the test returns. */
typedef bool atom_test_fn(const void *program, const struct view *view, struct arena *scratch);

enum time_part { TIME_MINUTE, TIME_HOUR, TIME_DAY, TIME_WEEK, TIME_MONTH, TIME_YEAR };

enum regex_flags { REGEX_CASELESS = 1, REGEX_MULTILINE = 2, REGEX_DOTALL = 4 };

struct atom {
	uint8_t op; /* enum atom_op */
	bool cased; /* text compares case-sensitively; else Unicode simple folding */
	uint8_t regex_flags;
	uint8_t time_part;
	uint8_t field_op; /* ATOM_FIELD */
	field_id field;	  /* FIELD_none for ATOM_KEYWORD */
	field_id other;	  /* ATOM_FIELD */
	struct str text;  /* operand: text, pattern, "10.0.0.0/8" */
	double number;
	/* ATOM_COMPUTED: field is FIELD_none; text describes the question (and makes equal ones
	 * shared: same text, same test, same meaning). reads: fields that the test looks at. */
	atom_test_fn *test;
	const void *program;
	const field_id *reads;
	uint32_t read_count;
	uint32_t predicate; /* set by ruleset_add */
};

enum expr_op { EXPR_ATOM, EXPR_AND, EXPR_OR, EXPR_NOT, EXPR_TRUE, EXPR_FALSE };

struct expr {
	uint8_t op; /* enum expr_op */
	struct atom atom;
	struct expr **kids; /* AND, OR: any number; NOT: one */
	uint32_t kid_count;
	uint32_t line; /* in the rule's file, for explanations; 0 unknown */
};

/* NULL when the arena is full. */
struct expr *expr_atom(struct arena *arena, struct atom atom, uint32_t line);
struct expr *expr_not(struct arena *arena, struct expr *kid);
/* An AND or OR that will take kids; expr_add copies the pointer only. */
struct expr *expr_list(struct arena *arena, enum expr_op op);
int expr_add(struct arena *arena, struct expr *list, struct expr *kid); /* 0 or -ENOMEM */

/* Trees nested deeper are refused by ruleset_add. */
#define EXPR_DEPTH_MAX 128
/* "equals", "startswith", … as in explanations. Static. */
const char *atom_word(const struct atom *atom);
/* The operand for people: wildcards as * and ?. */
void atom_print_operand(struct buf *out, const struct atom *atom, const struct fields *fields);
void atom_print(struct buf *out, const struct atom *atom, const struct fields *fields);
/* The condition on one line. */
void expr_print(struct buf *out, const struct expr *expr, const struct fields *fields);
#endif
