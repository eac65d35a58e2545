/* EQL queries become rules of the predicate machine and plans of the state machines: what the
 * machine can say exactly becomes atoms, the rest asks eql_holds(). docs/RULES.md says what queries
 * mean. Loading only; not thread-safe. */
#ifndef MERLON_DETECT_EQL_LOWER_H
#define MERLON_DETECT_EQL_LOWER_H
#include "detect/eql/ast.h"
#include "detect/eql/dialect.h"
#include "detect/rule/rule.h"
struct err;

/* What the documents look like that a query is asked of. */
struct eql_document_options {
	/* The field that says what a query's category word names: "event_type". Empty: what the event
	 * is by its kind and by its event.category. */
	struct str category_field;
	/* With category_field empty, for words that the schema does not know: documents without
	 * event.category are asked for this field. Known words in it are for whoever decodes documents
	 * (ecs_options). Empty: they have no category. */
	struct str other_category_field;
};

/* What a rule of this language keeps for itself: struct rule's eql. */
struct eql_rule {
	struct eql_options options;
	const struct eql_query *query; /* as written, for printing */
	/* Bound (eql_bind), to be run in order over the query's matches by whoever collects them:
	 * eql_env's step 0 is a match's first event, 1 + N its event N. Fields that they read are
	 * wanted, and captured by every step of a plan. */
	const struct eql_pipe *pipes;
	uint32_t pipe_count;
	const field_id *pipe_fields; /* that the pipes read */
	uint32_t pipe_field_count;
	struct str version, min_version; /* of a rule file: its own, and the endpoint's it needs */
};

/* Adds the query to the set: one rule (RULE_FINDING), or steps and a RULE_PLAN. Who it is (id, title,
 * file, severity, os_mask, …) is taken from meta, which is copied; its texts live in the set's arena
 * or as long. meta->number gets the number of the rule that stands for the query, and meta's kinds,
 * categories, notes, condition and plan are what that rule's are. text need not outlive the call.
 * meta->line is the line of the query's first character; lines in messages count from it. meta->eql
 * may be NULL, or tell versions. document may be NULL. -EINVAL with line and reason when the query
 * is wrong or cannot be supported; then nothing of it will match. */
int eql_add_query(struct ruleset *set, struct str text, const struct eql_options *options,
	const struct eql_document_options *document, struct rule *meta, struct err *err);
#endif
