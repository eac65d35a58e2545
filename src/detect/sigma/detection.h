/* Search identifiers: what stands below `detection`, except conditions. */
#ifndef MERLON_DETECT_SIGMA_DETECTION_H
#define MERLON_DETECT_SIGMA_DETECTION_H
#include "base/yaml.h"
#include "detect/sigma/context.h"

/* A keyword, a list (OR) or a map (AND). Returns 0, -EINVAL with a reason that names the line, or
 * -ENOMEM. */
int sigma_definition(struct sigma_context *ctx, const struct yaml_node *definition,
	struct expr **ret, struct err *err);
#endif
