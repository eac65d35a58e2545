/* What stands behind a query's pipes: rows of matched events, each pipe taking the rows of the one
 * before. For `hunt`, which has all matches before it prints one. */
#ifndef MERLON_DETECT_EQL_PIPE_H
#define MERLON_DETECT_EQL_PIPE_H
#include "base/arena.h"
#include "detect/cep/cep.h"
#include "detect/eql/ast.h"
#include "detect/eql/dialect.h"
struct err;

struct eql_row {
	const struct cep_event *const *events; /* NULL for a step that wanted none */
	uint32_t event_count;		       /* 0: the row of a count */
	const struct value *keys;	       /* what joined it; of a count: what was counted */
	uint32_t key_count;
	bool counted; /* unique_count and count add: */
	uint64_t count;
	double percent; /* 0…1 of all that was counted */
};

struct eql_pipes {
	const struct eql_pipe *items; /* bound, see eval.h */
	uint32_t count;
	const struct eql_options *options;
	field_id count_field, percent_field; /* of the names "count" and "percent" */
};

/* rows (room for at least one) are changed and moved in place; new memory comes from the arena. A later pipe's field is the
 * first event's. 0 or -ENOMEM. */
int eql_pipes_run(const struct eql_pipes *pipes, struct arena *arena, struct eql_row *rows,
	uint32_t *row_count, struct err *err);
#endif
