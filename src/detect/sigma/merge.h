/* Collections: `action: global`, `repeat` and `reset` put documents of one file together. */
#ifndef MERLON_DETECT_SIGMA_MERGE_H
#define MERLON_DETECT_SIGMA_MERGE_H
#include "base/yaml.h"

struct sigma_collection {
	const struct yaml_node *global; /* NULL: none */
	const struct yaml_node *previous;
};

enum sigma_action { SIGMA_ACTION_RULE, SIGMA_ACTION_NONE, SIGMA_ACTION_UNKNOWN };

/* What to do with a document: RULE: *ret is the rule to take; NONE: it only changed the
 * collection; UNKNOWN: a word that means nothing. *ret is NULL when the arena is full. */
enum sigma_action sigma_collect(struct sigma_collection *collection, struct arena *arena,
	const struct yaml_node *document, const struct yaml_node **ret);
#endif
