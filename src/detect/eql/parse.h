/* EQL text becomes a query (ast.h), and back. Thread-safe: no state outside the arguments. */
#ifndef MERLON_DETECT_EQL_PARSE_H
#define MERLON_DETECT_EQL_PARSE_H
#include "base/arena.h"
#include "base/buf.h"
#include "detect/eql/ast.h"
#include "detect/eql/dialect.h"
struct err;

#define EQL_TEXT_BYTES_MAX (1u << 20)
#define EQL_DEPTH_MAX	   100 /* nesting of expressions and subqueries */
#define EQL_NODES_MAX	   65536
#define EQL_STEPS_MAX	   64
#define EQL_KEYS_MAX	   32 /* of a step, the common ones too */
#define EQL_PIPES_MAX	   32
#define EQL_RUNS_MAX	   1000
#define EQL_NAME_BYTES_MAX 1024 /* of a field's name */
#define EQL_INDEXES_MAX	   16	/* within a field's name */

/* Nodes and their texts are copied into the arena; text may go. -EINVAL with "line 3, column 7: …"
 * and what was expected; -ENOMEM. */
int eql_parse(struct arena *arena, struct str text, const struct eql_options *options,
	struct eql_query **ret, struct err *err);
/* One expression, as `rules eval` and the tests of functions have it. */
int eql_parse_expression(struct arena *arena, struct str text, const struct eql_options *options,
	struct eql_node **ret, struct err *err);
/* Text that parses to the same query under the same options. */
void eql_print(struct buf *out, const struct eql_query *query, const struct eql_options *options);
void eql_print_node(
	struct buf *out, const struct eql_node *node, const struct eql_options *options);
#endif
