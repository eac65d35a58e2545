/* What an EQL expression is worth for an event: the language's own three-valued meaning, by walking
 * the tree. Used where the predicate machine cannot say it (functions, arithmetic, fields compared
 * with fields), for join keys, pipes, `rules eval`, and as the yardstick of the machine in tests. */
#ifndef MERLON_DETECT_EQL_EVAL_H
#define MERLON_DETECT_EQL_EVAL_H
#include "base/arena.h"
#include "detect/eql/ast.h"
#include "detect/eql/dialect.h"
#include "event/event.h"
struct err;

/* Where values come from. get returns NULL for a field that the event does not have; step is 0 for
 * the event at hand, and for EQL_REFERENCE 1 + its step. related says whether the event's process
 * stands in the relation of an EQL_RELATION node; NULL: it never does. */
struct eql_env {
	const struct eql_options *options;
	struct arena *scratch; /* results and texts made on the way; the caller resets it */
	void *context;
	const struct value *(*get)(void *context, unsigned step, field_id field);
	bool (*related)(void *context, const struct eql_node *relation);
};

/* Fills node->field of every field and reference below (interned in fields), compiles patterns and
 * regular expressions, folds what is constant, and refuses what the types cannot mean (-EINVAL with
 * line and column): unknown functions, too few arguments, a number where text must stand. *ret is
 * ready for eql_eval(), a tree of its own in arena. */
int eql_bind(struct arena *arena, const struct eql_node *node, const struct eql_options *options,
	struct fields *fields, struct eql_node **ret, struct err *err);

/* VALUE_NULL is EQL's null. A list stands for its elements: comparisons hold when any element's
 * does. Text of the result lives in the event, the tree, or scratch. Allocates from scratch only. */
struct value eql_eval(const struct eql_env *env, const struct eql_node *node);
/* Is it true (not false, not null)? */
bool eql_holds(const struct eql_env *env, const struct eql_node *node);
#endif
