/* What a rule over several events asks, as every rule language hands it to the state machines:
 * steps, keys, windows. Plans live in the arena of the rule set and do not change.
 *
 * Each step is a rule of its own in the set (role RULE_STEP): the predicate machine, with its
 * shared predicates and its literal index, says which events are candidates of which steps. What
 * depends on state (references to earlier steps, relations between processes) is the step's test,
 * asked only of candidates. */
#ifndef MERLON_DETECT_CEP_PLAN_H
#define MERLON_DETECT_CEP_PLAN_H
#include "detect/rule/rule.h"

/* State is read through an opaque context, which is good for one event. step is 0 for the event at
 * hand and 1 + N for what step N of the partial match took; NULL when it does not have the field.
 * Fields of earlier steps can be read only when the step's `captures` list them. */
struct cep_context;
const struct value *cep_get(const struct cep_context *context, unsigned step, field_id field);
struct arena *cep_scratch(const struct cep_context *context); /* reset before each event */
/* Is the event's process in the relation? number: of plan->relations */
bool cep_related(const struct cep_context *context, uint32_t number);

/* A value taken from an event: a field, or something computed (then field is FIELD_none). As keys
 * values are compared as text, so 1 joins "1"; an empty text, an empty list and a missing field are
 * null; a list of one is its element. */
struct cep_value {
	field_id field;
	struct value (*compute)(const void *program, const struct cep_context *context);
	const void *program;
	bool optional; /* a key: null joins null; otherwise an event whose key is null is no match */
	bool caseless; /* a key: text joins without case */
	/* A key of a sequence or sample: a list joins by each of its values, once for each
	 * combination where several keys are lists (the first 64). Else a list of several joins only
	 * the same list. */
	bool each;
};

struct cep_step {
	const struct rule *rule; /* RULE_STEP; in a correlation any rule, also one with a plan */
	const struct cep_value *keys; /* as many as every other step of the plan has */
	/* What the predicate machine could not say; NULL: nothing. */
	bool (*test)(const void *program, const struct cep_context *context);
	const void *program;
	const field_id *captures; /* fields of its event that later steps or pipes read */
	uint32_t capture_count;
	uint32_t runs; /* times that it must match, one event each; at least 1 */
	bool missing;  /* no event may match between the steps around it, within maxspan */
	bool fork;     /* a partial match that this step takes on is kept as it was, too */
	/* CEP_WINDOW: what is counted, summed…; plan->value_count of them */
	const field_id *values;
};

/* Marks the process of each event that `mark` matches: descendants, children, or the process itself
 * of later events (and of the same one) are related. Processes are known by the text of these
 * fields. */
enum cep_relation_type { CEP_DESCENDANT_OF, CEP_CHILD_OF, CEP_EVENT_OF };
struct cep_relation {
	uint8_t type;
	const struct rule *mark; /* RULE_STEP, before all rules of the set that use the relation */
	/* mark's own test, when it has relations itself; relations of lower number only */
	bool (*test)(const void *program, const struct cep_context *context);
	const void *program;
	field_id process, parent; /* of any event: who did it, and that one's parent */
	/* Only at events of `start` does a marked (or related) parent make its process related; NULL:
	 * at any event that names both. After an event of `end` its process is no longer known; NULL:
	 * ids are never used again. Both RULE_STEP. */
	const struct rule *start, *end;
};

enum cep_type {
	CEP_SINGLE,   /* one step with a test */
	CEP_SEQUENCE, /* steps in order */
	CEP_SAMPLE,   /* one event for each step, in any order, all with the same keys */
	CEP_JOIN,     /* the same, for the older dialect */
	CEP_WINDOW,   /* steps are alternatives; what falls into the window is aggregated */
};

/* CEP_WINDOW. For every key a window slides over the events that match any step. An event of time t
 * is judged with those from t - maxspan_ns to t, both included, that came before it: the aggregate
 * is taken of them, and all bounds must hold. The plan matches where they *begin* to hold: at an event
 * at which they hold, unless the key's event before is still in the window and they held there, too. So
 * a long burst is one match, and the next burst is one again.
 *
 * - An event that matches several steps counts once in one key, and for each of them in TEMPORAL. It
 *   takes but one place in the order of TEMPORAL_ORDERED. Order is that of time, then of arrival.
 * - An event without one of its keys, or without a value where one is wanted, is not in the window.
 *   VALUE_COUNT takes any value, and tuples where several are asked; each element of a list is a
 *   value. The others take numbers, and texts that are numbers.
 * - A step whose rule has a plan itself is matched by the event that completes that plan. For TEMPORAL
 *   and TEMPORAL_ORDERED it is so at every event at which that plan's bounds hold, not only where
 *   they begin to: who succeeds after an hour of failures does so after "many failures". */
enum cep_aggregate {
	CEP_EVENT_COUNT,
	CEP_VALUE_COUNT, /* of different values */
	CEP_VALUE_SUM,
	CEP_VALUE_AVG,
	CEP_VALUE_PERCENTILE, /* interpolated between neighbours: rank (n - 1) * percentile / 100 */
	CEP_VALUE_MEDIAN,     /* the same with 50 */
	/* How common the event's own value is: the share in percent of the window's values that equal
	 * it (text) or are not greater (numbers). Matches at every event, not only where it begins. */
	CEP_VALUE_RANK,
	CEP_TEMPORAL,	      /* how many different steps have matched */
	CEP_TEMPORAL_ORDERED, /* how many have in the order of the steps, at best */
};

enum cep_bound_op { CEP_LT, CEP_LTE, CEP_GT, CEP_GTE, CEP_EQ, CEP_NEQ };
struct cep_bound {
	uint8_t op; /* enum cep_bound_op */
	double number;
};

/* CEP_TEMPORAL instead of bounds: which steps have matched, in postfix order. With a CEP_TERM_NOT in
 * it the answer is known only when time has passed: the window is then not a sliding one but begins
 * with the first event of the key that is in none, and is judged when it ends. */
enum cep_term_type { CEP_TERM_STEP, CEP_TERM_NOT, CEP_TERM_AND, CEP_TERM_OR };
struct cep_term {
	uint8_t type;  /* enum cep_term_type */
	uint16_t step; /* CEP_TERM_STEP */
};

#define CEP_STEPS_MAX 64
#define CEP_KEYS_MAX  16
#define CEP_TERMS_MAX 256 /* and never more than 64 operands wait for their operator */

struct cep_plan {
	uint8_t type;	   /* enum cep_type */
	uint8_t aggregate; /* CEP_WINDOW */
	/* The rule as written, in any form: state lives on across a restart for as long as it reads the
	 * same. Empty: what steps, keys and conditions print as decides, which cannot see into tests
	 * and computed keys. */
	struct str text;
	const struct cep_step *steps;
	uint32_t step_count, key_count;
	const struct cep_step *until; /* ends partial matches of its keys; NULL: none */
	/* An event of `until` that also matches a step: false: takes the step first and may complete
	 * the plan; true: ends what there is and may then begin anew (endgame). A join always ends
	 * first. */
	bool until_first;
	uint64_t maxspan_ns; /* from first to last event; 0: unlimited (never for CEP_WINDOW) */
	const struct cep_relation *relations;
	uint32_t relation_count;
	/* CEP_WINDOW */
	uint32_t value_count; /* fields that are counted, summed…; one unless VALUE_COUNT */
	double percentile;    /* 0…100 */
	const struct cep_bound *bounds; /* all must hold */
	uint32_t bound_count;
	const struct cep_term *terms; /* NULL: none */
	uint32_t term_count;
};
#endif
