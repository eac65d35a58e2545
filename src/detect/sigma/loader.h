/* What the loader of Sigma rules remembers until the last file is read. Internal to detect/sigma. */
#ifndef MERLON_DETECT_SIGMA_LOADER_H
#define MERLON_DETECT_SIGMA_LOADER_H
#include "base/yaml.h"
#include "detect/sigma/context.h"
#include "detect/sigma/correlation.h"
#include "detect/sigma/sigma.h"

enum link_state { LINK_NONE, LINK_ACTIVE, LINK_DONE };

/* One document, until sigma_finish(). */
struct pending {
	struct pending *next;
	struct rule_result result;
	struct rule *rule;		/* NULL: not a rule, or refused */
	struct expr *condition;		/* of the rule; not of a correlation */
	const struct yaml_node *filter; /* a filter document, else NULL */
	struct pending *next_filter;	/* of the filters, which each rule looks at */
	uint32_t applied_count;		/* of a filter: to rules */
	struct sigma_logsource source;
	struct str name; /* what filters and correlations may call the rule */
	bool is_rule;	 /* or would have been, had it not been refused */
	bool generated;	 /* a correlation that refers to it lets it alert on its own */
	const struct pending *referrer;		     /* a correlation that refers to it */
	const struct sigma_correlation *correlation; /* NULL: none */
	struct pending **steps;			     /* what it refers to, once linked */
	uint8_t link_state;			     /* enum link_state */
	bool in_cycle;
};

/* Trees of filters, which are compiled anew for every rule they apply to. */
struct kept_arena {
	struct kept_arena *next;
	struct arena arena;
};

struct sigma_loader {
	struct ruleset *set;
	const struct sigma_options *options;
	struct rule_results *results;
	struct arena scratch;
	struct kept_arena *kept;
	struct pending *first, **last;
	struct pending *filters, **last_filter;
	bool keep_scratch;
};

struct sigma_context sigma_loader_context(struct sigma_loader *loader);
/* Drops the rule and says why. */
void sigma_set_reason(struct sigma_loader *loader, struct pending *p, enum rule_status status,
	const char *reason);
/* The context's notes become the document's and the rule's. 0 or -ENOMEM */
int sigma_keep_notes(struct sigma_context *ctx, struct pending *p, struct err *err);
/* A context that goes on with the document's notes and logsource. */
struct sigma_context sigma_resume(struct sigma_loader *loader, const struct pending *p);

/* filter.c: adds every filter that applies to the rule's condition. */
int sigma_apply_filters(struct sigma_loader *loader, struct pending *p, struct err *err);
/* Filters that name the correlation, for its notes. */
int sigma_note_filters(struct sigma_loader *loader, struct pending *p, struct err *err);

/* correlation_plan.c: the plan of a correlation whose steps are known, and what its rule inherits from
 * theirs. 0, -ENOMEM, or another negative errno with a reason. */
int sigma_plan(struct sigma_context *ctx, struct pending *p, struct err *err);

/* link.c: correlations find what they refer to and become plans in the set; all single rules are
 * there before. Refused ones get their reason. 0 or -ENOMEM */
int sigma_link(struct sigma_loader *loader, struct err *err);
#endif
