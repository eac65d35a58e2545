/* Questions to one field that the predicate machine can answer itself. Internal to detect/eql. */
#ifndef MERLON_DETECT_EQL_LOWER_ATOM_H
#define MERLON_DETECT_EQL_LOWER_ATOM_H
#include "detect/eql/lowering.h"

struct eql_atoms {
	struct expr *yes; /* NULL: atoms cannot say it exactly */
	bool negated;	  /* the node is true when yes is not: != */
	bool known;	  /* never null in any dialect, lists included */
	const struct eql_node *field;
};
int eql_lower_atoms(struct eql_lowering *l, const struct eql_node *node, struct eql_atoms *ret);
#endif
