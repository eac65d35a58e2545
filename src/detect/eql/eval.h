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
	/* The JSON document that the event came as, empty without one; NULL: there never is one. Asked
	 * for only where flat values cannot say it: arrays of objects in arraySearch(), list[2].name,
	 * an object alone as a condition. */
	struct str (*document)(void *context, unsigned step);
};
struct view;
/* Fills context, get and document for the event of a view; document only when it is ECS JSON. */
void eql_env_of_view(struct eql_env *env, const struct view *view);

/* Fills node->field of every field and reference below (interned in fields), compiles patterns and
 * regular expressions, folds what is constant, and refuses what the types cannot mean (-EINVAL with
 * line and column): unknown functions, too few arguments, a number where text must stand. *ret is
 * ready for eql_eval(), a tree of its own in arena. */
int eql_bind(struct arena *arena, const struct eql_node *node, const struct eql_options *options,
	struct fields *fields, struct eql_node **ret, struct err *err);

/* What is known of a bound node's value before any event is seen. */
enum eql_type { EQL_TYPE_UNKNOWN, EQL_TYPE_NULL, EQL_TYPE_BOOL, EQL_TYPE_NUMBER, EQL_TYPE_TEXT };
enum eql_type eql_type_of(const struct eql_node *node);

/* VALUE_NULL is EQL's null. A list stands for its elements: a question is answered true when any
 * element answers it so, null elements answer nothing, and `!=` is the opposite of `==`. Numbers
 * compare exactly, whole ones with fractions too; a number meets a text by its digits, or by value
 * when the number is a literal; what cannot be compared is null. Arithmetic that leaves 64 bits goes
 * on in floating point; division by zero is null. Text of the result lives in the event, the tree,
 * or scratch. Allocates from scratch only, and is null where that is full or the work gets too much. */
struct value eql_eval(const struct eql_env *env, const struct eql_node *node);
/* Is it true (not false, not null)? */
bool eql_holds(const struct eql_env *env, const struct eql_node *node);
#endif
