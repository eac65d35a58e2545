/* Rules of every language, compiled into one predicate machine, and the matcher that runs it.
 *
 * Load: ruleset_create, one ruleset_add per rule, ruleset_compile; from then on read-only and
 * shareable between threads. Run: one matcher per thread. */
#ifndef MERLON_DETECT_RULE_RULE_H
#define MERLON_DETECT_RULE_RULE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "detect/rule/expr.h"
#include "event/view.h"
struct err;

enum severity {
	SEVERITY_INFORMATIONAL,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL
};
const char *severity_word(enum severity severity);
bool severity_parse(struct str word, enum severity *ret);

/* What a match of a rule is good for. */
enum rule_role {
	RULE_FINDING, /* it is a detection */
	RULE_STEP,    /* a step of a rule over several events (plan); nobody is told. It may have a
		       * plan itself: a correlation that only others refer to */
	RULE_PLAN,    /* a detection, made by its plan */
};
struct cep_plan;
struct eql_rule;

/* What a rule's author would have done about a match. Shown; policy decides. */
struct rule_action {
	struct str action; /* "kill_process" */
	struct str field;  /* "process.entity_id" */
	uint32_t state;	   /* which step's event the field is of, from 0 */
	bool optional;
	struct str refused; /* why it cannot be carried out; empty when it can */
};

struct rule {
	struct str id, title, description, file, language; /* language: "sigma", "eql" */
	uint32_t document;				   /* number within the file, from 0 */
	uint32_t line;					   /* where the document begins, from 1 */
	enum severity severity;
	const struct str *techniques; /* ATT&CK ids in capitals: "T1059.004", sorted, unique */
	uint32_t technique_count;
	const struct str *tactics; /* "execution", "defense-evasion" … */
	uint32_t tactic_count;
	const struct str *tags;
	uint32_t tag_count;
	const struct str *notes; /* for `rules check`: what was changed or cannot fire, and why */
	uint32_t note_count;
	uint64_t kinds[KIND_MAX / 64]; /* event kinds the rule looks at; all bits set: any */
	uint32_t os_mask; /* bits 1 << OS_…; 0: any. Events of unknown OS always pass */
	/* Bits 1 << TYPE_…: the condition can hold only for events that are, or say that they are, of one
	 * of these types; 0: for any. A short cut: the condition asks, too. */
	uint32_t types;
	/* Category set of the event (bits 1 << CATEGORY_…): an event of one of these categories is the
	 * rule's whatever its kind. 0: kinds alone decide. */
	uint32_t categories;
	struct expr *condition; /* with a plan: NULL */
	uint8_t role;		/* enum rule_role */
	/* What stands for the rule, in place of a condition: the predicate machine never matches it.
	 * Rules that the plan refers to are before it in the set. */
	const struct cep_plan *plan;
	const struct eql_rule
		*eql; /* what EQL keeps of its rules, e.g. pipes (detect/eql/lower.h) */
	const struct rule_action *actions;
	uint32_t action_count;
	uint32_t number; /* set by ruleset_add: position in the set */
};

struct ruleset;
int ruleset_create(struct fields *fields, struct ruleset **ret, struct err *err);
void ruleset_destroy(struct ruleset *set);
/* Rules and everything they point to live here. */
struct arena *ruleset_arena(struct ruleset *set);
struct fields *ruleset_fields(const struct ruleset *set);
/* Takes the rule (its memory is in the set's arena). Wants the fields that its condition reads.
 * -EINVAL when it cannot be supported, e.g. a regular expression that does not compile. */
int ruleset_add(struct ruleset *set, struct rule *rule, struct err *err);
/* Turns the literal index off: every rule of an event's kind is then evaluated. Same results;
 * for tests. Before ruleset_compile(). */
void ruleset_without_index(struct ruleset *set);
/* Compiled parts are looked for and kept there; see cache.h. Before ruleset_compile(). */
struct rule_cache;
void ruleset_use_cache(struct ruleset *set, struct rule_cache *cache);
/* Builds dispatch and literal index. Call after fields_freeze(). */
int ruleset_compile(struct ruleset *set, struct err *err);
uint32_t ruleset_count(const struct ruleset *set);
/* Is there a rule over several events? */
bool ruleset_has_plans(const struct ruleset *set);
const struct rule *ruleset_rule(const struct ruleset *set, uint32_t number);
/* The compiled form, for `rules explain`. */
void ruleset_explain(const struct ruleset *set, const struct rule *rule, struct buf *out);
/* Kinds that some rule looks at, or-ed into bits. */
void ruleset_kinds(const struct ruleset *set, uint64_t kinds[KIND_MAX / 64]);

struct matcher;
struct matcher_stats {
	uint64_t events, matches;
	uint64_t candidates; /* rules whose condition was evaluated */
	uint64_t atoms;	     /* atoms evaluated one by one */
	uint64_t scans;	     /* runs of the literal index */
	uint64_t scanned_bytes;
	uint64_t
		regex_limit; /* regular expressions that hit their match limit: counted as no match */
};
int matcher_create(const struct ruleset *set, struct matcher **ret, struct err *err);
void matcher_destroy(struct matcher *matcher);
/* Rules that match, in the order of the set; *ret is borrowed until the next run. also_kind is a
 * second kind to treat the event as, or KIND_none. Allocates nothing. */
uint32_t matcher_run(struct matcher *matcher, const struct view *view, enum event_kind also_kind,
	const struct rule *const **ret);
void matcher_stats(const struct matcher *matcher, struct matcher_stats *ret);

/* Why a rule matched the event that the view still holds: one entry per atom that made it true. */
struct why {
	field_id field;	    /* FIELD_none for keywords */
	const char *op;	    /* "equals", "startswith", … */
	struct str operand; /* as in the rule; wildcards written as * and ? */
	struct value value; /* the element that matched */
};
/* Entries live in arena. */
uint32_t matcher_explain(struct matcher *matcher, const struct view *view, const struct rule *rule,
	struct arena *arena, const struct why **ret);
#endif
