/* An EQL rule in words, for `rules explain`: its query, what it waits for, what becomes of it. */
#ifndef MERLON_DETECT_EQL_EXPLAIN_H
#define MERLON_DETECT_EQL_EXPLAIN_H
#include "base/buf.h"
#include "detect/rule/rule.h"

/* rule has an eql. Several lines; the rules of its steps are in them. */
void eql_explain(const struct ruleset *set, const struct fields *fields, const struct rule *rule,
	struct buf *out);
#endif
