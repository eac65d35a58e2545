/* What an EQL rule's author would have done about a match: which process it is about, or why that
 * cannot be said. */
#ifndef MERLON_DETECT_EQL_ACTION_H
#define MERLON_DETECT_EQL_ACTION_H
#include "detect/eql/ast.h"
#include "detect/rule/rule.h"
struct err;
struct toml_node;

#define EQL_ACTIONS_MAX 64

/* Two lists of tables with action, field and state; each may be NULL. An action is about one process:
 * its field must be a process's entity_id, or a fact of such a process (its executable, name, pid …),
 * which is then taken to mean that process. In the arena. 0, -ENOMEM, or -EINVAL for what is no
 * list of such tables. */
int eql_actions_read(struct arena *arena, const struct toml_node *list,
	const struct toml_node *optional, struct rule_action **ret, uint32_t *ret_count,
	struct err *err);
/* Refuses those that name a step which the query does not have, or whose event must be missing. */
void eql_actions_settle(struct rule_action *actions, uint32_t count, const struct eql_query *query);
#endif
