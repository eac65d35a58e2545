/* The steps of eql_bind(). Internal to detect/eql. */
#ifndef MERLON_DETECT_EQL_BIND_H
#define MERLON_DETECT_EQL_BIND_H
#include "detect/eql/bound.h"
struct err;

struct eql_binder {
	struct arena *arena;
	const struct eql_options *options;
	struct fields *fields;
	struct err *err;
	pcre2_general_context *memory; /* gives memory of the arena */
	unsigned depth;
	struct str variables[EQL_VARIABLES_MAX];
	bool members[EQL_VARIABLES_MAX]; /* of the variable is asked more than itself */
	unsigned variable_count;
};

/* -EINVAL with the node's line and column. */
__attribute__((format(printf, 3, 4))) int eql_refuse(
	struct eql_binder *b, const struct eql_node *at, const char *fmt, ...);
int eql_no_memory(struct eql_binder *b);
/* The node's own, made when first asked for; NULL without memory. */
struct eql_bound *eql_own_bound(struct eql_binder *b, struct eql_node *node);

/* Types, once the kids are bound and folded. */
int eql_check(struct eql_binder *b, const struct eql_node *node);
int eql_check_arguments(
	struct eql_binder *b, const struct eql_node *node, const struct eql_function *function);

/* Literal operands: folded, as patterns, compiled. */
int eql_prepare(struct eql_binder *b, struct eql_node *node);

/* *node becomes something simpler that means the same. */
int eql_simplify(struct eql_binder *b, struct eql_node **node);
#endif
