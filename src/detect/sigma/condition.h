/* The condition of a rule: search identifiers joined by and, or, not, "1 of x*" and the like. */
#ifndef MERLON_DETECT_SIGMA_CONDITION_H
#define MERLON_DETECT_SIGMA_CONDITION_H
#include "detect/sigma/context.h"

struct sigma_identifier {
	struct str name;
	struct expr *expr;
};

/* Returns 0, or -EINVAL with a reason. Identifiers' trees are shared, not copied. */
int sigma_condition(struct sigma_context *ctx, struct str text,
	const struct sigma_identifier *identifiers, uint32_t count, struct expr **ret,
	struct err *err);
/* Does a name match a pattern in which '*' is any run? */
bool sigma_name_matches(struct str name, struct str pattern);
#endif
