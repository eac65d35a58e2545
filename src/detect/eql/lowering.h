/* What the parts of lowering share: lower.c takes queries, lower_plan.c those over several events,
 * lower_condition.c conditions, computed.c asks eql_eval() from inside the machines. Internal to
 * detect/eql. */
#ifndef MERLON_DETECT_EQL_LOWERING_H
#define MERLON_DETECT_EQL_LOWERING_H
#include "detect/cep/plan.h"
#include "detect/eql/lower.h"

#define EQL_NOTES_MAX	  32
#define EQL_RELATIONS_MAX 32

/* One rule that is being made; everything in the arena of the rule set. */
struct eql_lowering {
	struct ruleset *set;
	struct arena *arena;
	struct fields *fields;
	const struct eql_options *options; /* in the arena */
	struct eql_document_options document;
	const struct rule *meta;
	struct rule **added; /* rules made so far, to be undone on error; in the set's order */
	uint32_t added_count, added_room;
	struct str notes[EQL_NOTES_MAX];
	uint32_t note_count;
	struct cep_relation *relations; /* room for EQL_RELATIONS_MAX; NULL: none yet */
	uint32_t relation_count;
	struct err *err;
};

int eql_lower_no_memory(struct eql_lowering *l);
/* "line 7, column 3: reason", lines as in the rule's file. */
__attribute__((format(printf, 3, 4))) int eql_lower_wrong(
	struct eql_lowering *l, const struct eql_node *node, const char *fmt, ...);
/* eql_bind(), with the line of its error as in the rule's file, and a note for each field that no
 * sensor has. */
int eql_lower_bind(struct eql_lowering *l, const struct eql_node *node, struct eql_node **ret);
/* A condition for the machine, and what is left to ask of its candidates. */
struct eql_split {
	struct expr *condition;
	/* The event's relations to others and to earlier steps; NULL: the condition says all. Bound;
	 * relations have their number in field. */
	const struct eql_node *test;
};
/* Adds the rules of relations below it (marks) first. */
int eql_lower_condition(
	struct eql_lowering *l, const struct eql_node *bound, struct eql_split *ret);
/* Adds a RULE_STEP for events of the category on which the condition holds. */
int eql_lower_step(struct eql_lowering *l, const struct eql_event *event, const struct rule **ret,
	const struct eql_node **ret_test);
/* Category and condition into a copy of meta, not added yet. */
int eql_lower_event(struct eql_lowering *l, const struct eql_event *event, enum rule_role role,
	struct rule **ret, const struct eql_node **ret_test);
int eql_lower_add(struct eql_lowering *l, struct rule *rule);

/* os_mask and types from what the condition asks of host.os.type and event.type. */
void eql_lower_narrow(struct rule *rule);

/* ---- lower_plan.c ---- */
/* The number of a relation node among the plan's, made if new. */
int eql_lower_relation(struct eql_lowering *l, struct eql_node *node);
/* A RULE_PLAN, not added yet. pipe_fields are captured by every step. */
int eql_lower_plan(struct eql_lowering *l, const struct eql_query *query,
	const struct eql_rule *own, struct rule **ret);
/* A rule for one event whose test needs state. */
int eql_lower_single(struct eql_lowering *l, const struct eql_query *query, struct rule *step,
	const struct eql_node *test, const struct eql_rule *own, struct rule **ret);

/* ---- computed.c ---- */
/* An atom that holds when the bound node does. */
int eql_computed_atom(struct eql_lowering *l, const struct eql_node *node, struct expr **ret);
/* The field has one value, no list: for dialects that do not compare lists. */
int eql_single_atom(struct eql_lowering *l, const struct eql_node *field, struct expr **ret);
/* What cep calls: program is from eql_program(). */
const void *eql_program(struct eql_lowering *l, const struct eql_node *node); /* NULL: no memory */
void eql_program_print(const void *program, struct buf *out);
bool eql_program_test(const void *program, const struct cep_context *context);
struct value eql_program_value(const void *program, const struct cep_context *context);
/* event.category is the word; where there is none, the field is. */
int eql_category_atom(struct eql_lowering *l, field_id field, struct str word, struct expr **ret);

/* ---- walking ---- */
/* Calls fn for every node of a tree, itself first, until it returns other than 0; not into the
 * queries of relations. */
typedef int eql_walk_fn(void *context, struct eql_node *node);
int eql_walk(struct eql_node *node, eql_walk_fn *fn, void *context);
/* A set of fields in the arena, grown one by one. */
struct eql_field_list {
	field_id *items;
	uint32_t count, room;
};
int eql_field_add(struct eql_lowering *l, struct eql_field_list *list, field_id field);
/* Fields of the event at hand that a bound tree reads. */
int eql_fields_read(
	struct eql_lowering *l, const struct eql_node *node, struct eql_field_list *list);
#endif
