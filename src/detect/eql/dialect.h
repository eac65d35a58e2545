/* Where the published dialects of EQL differ. One row per difference; whoever parses, evaluates or
 * compiles asks eql_has() and never compares dialects by name. docs/RULES.md prints the same table.
 * Sources: Elasticsearch's EQL reference, grammar and query tests; the endgame language's own
 * grammar, documents and conformance files; for endpoint the rules published for it. */
#ifndef MERLON_DETECT_EQL_DIALECT_H
#define MERLON_DETECT_EQL_DIALECT_H
#include <stdbool.h>
#include "base/str.h"

enum eql_dialect { EQL_DIALECT_ENDPOINT, EQL_DIALECT_ELASTICSEARCH, EQL_DIALECT_ENDGAME };
bool eql_dialect_parse(struct str word, enum eql_dialect *ret);
const char *eql_dialect_word(enum eql_dialect dialect);

enum eql_feature {
	/* How a query is written. */
	EQL_EQUALS_SIGN,       /* '=' compares, as '==' does */
	EQL_SINGLE_QUOTES,     /* 'text' */
	EQL_QUESTION_RAW,      /* ?"raw text", ?'raw text' */
	EQL_TRIPLE_QUOTES,     /* """raw text""" */
	EQL_UNICODE_ESCAPES,   /* \u{200f} in text */
	EQL_HEX_ESCAPES,       /* \x41 in text */
	EQL_TILDE,	       /* in~, and function~( ) */
	EQL_MATCH_OPERATORS,   /* `:`, like, like~, regex, regex~ */
	EQL_METHODS,	       /* value:function(…) */
	EQL_OPTIONAL_FIELDS,   /* ?field */
	EQL_AT_NAMES,	       /* @timestamp without backticks */
	EQL_DOLLAR_NAMES,      /* $variable */
	EQL_QUOTED_CATEGORIES, /* "my category" where … */
	EQL_TRAILING_COMMA,    /* in ("a", "b",) */
	EQL_RELATIONS,	       /* descendant of [ … ], child of, event of */
	EQL_SAMPLES,	       /* sample by … */
	EQL_JOINS,	       /* join by … */
	EQL_WITH_BEFORE_BY,    /* sequence with maxspan=1m by user.name */
	EQL_EXPRESSION_KEYS,   /* by length(field) */
	EQL_SINGLE_STEP,       /* a sequence of one step */
	EQL_RUNS,	       /* [ … ] with runs=3 */
	EQL_MISSING_EVENTS,    /* ![ … ] */
	EQL_ALIASES,	       /* [ … ] as name, name.field in later steps */
	EQL_FORK,	       /* [ … ] fork=true */
	EQL_ALL_PIPES, /* unique, unique_count, count, filter, sort; head and tail are everywhere */
	EQL_PIPE_DEFAULTS,     /* head, tail without a number: 50 */
	EQL_LOOSE_PIPE_VALUES, /* sort a b: no commas */
	/* What a query means. */
	EQL_WILDCARD_EQUALS,   /* == and != with literal text that holds '*': a pattern */
	EQL_QUESTION_WILDCARD, /* '?' in a pattern is any one character; else it is itself */
	/* Comparing a missing field gives null, and not of null is null, so that exclusions drop events
	 * without the field; else it gives false, so that `not` and `!=` hold for them. A comparison
	 * can be asked for with `== null` in either. */
	EQL_NULL_LOGIC,
	EQL_TIMES,	 /* texts that are times compare as times, with numbers as since 1970 */
	EQL_ANY_ELEMENT, /* a list compares as any of its elements; else it only has functions */
	EQL_ANY_CASE_FUNCTIONS, /* cidrmatch is cidrMatch */
	EQL_OLDER_FUNCTIONS,	/* match, matchLite, safe, and those of arrays */
	EQL_FLOORS,		/* division and remainder round down; else towards zero */
	EQL_NEGATIVE_START,	/* indexOf: a negative start counts from the end; else it is 0 */
	EQL_EMPTY_IS_PART,	/* stringContains(x, "") is true */
	EQL_NULL_ANSWERS,	/* stringContains and cidrMatch of null are false, not null */
	EQL_NULL_KEYS,		/* a join key that is null joins null, also without '?' */
	EQL_UNTIL_FIRST, /* an event of `until` that also matches a step ends what there is first */
	EQL_PROCESS_LIVES, /* processes are known by unique_pid, and events tell when one begins and
			    * ends; else by process.entity_id, which is never used again */
	EQL_MILLISECONDS, /* a number as an event's time counts milliseconds; else its size tells */
	EQL_INPUT_ORDER,  /* pipes take single events in the order of input; else of time */
	EQL_CASELESS,	  /* comparisons ignore case unless told otherwise */
	EQL_FEATURE_COUNT
};

bool eql_has(enum eql_dialect dialect, enum eql_feature feature);
/* For messages: what the feature is called ("single-quoted text"), and the dialects that have it
 * ("endpoint and elasticsearch"), both static. */
const char *eql_feature_name(enum eql_feature feature);
const char *eql_feature_dialects(enum eql_feature feature);

/* How a query is read; the defaults are the dialect's. */
struct eql_options {
	enum eql_dialect dialect;
	bool caseless; /* text compares without case where the dialect leaves it open */
};
/* The dialect with its default: endgame compares without case, the others with it. */
struct eql_options eql_options_of(enum eql_dialect dialect);
#endif
