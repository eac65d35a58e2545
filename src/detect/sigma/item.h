/* One detection item: a field with modifiers, and its values. */
#ifndef MERLON_DETECT_SIGMA_ITEM_H
#define MERLON_DETECT_SIGMA_ITEM_H
#include "base/yaml.h"
#include "detect/sigma/context.h"
#include "detect/sigma/modifier.h"

/* One value of an item; an empty field name makes it a keyword. err names no line. */
int sigma_value(struct sigma_context *ctx, const struct item_key *key,
	const struct yaml_node *value, struct expr **ret, struct err *err);
#endif
