/* A correlation in words, for `rules explain`. */
#ifndef MERLON_DETECT_SIGMA_EXPLAIN_H
#define MERLON_DETECT_SIGMA_EXPLAIN_H
#include "base/buf.h"
#include "detect/rule/rule.h"

/* rule has a plan of type CEP_WINDOW. Several lines. */
void sigma_explain_correlation(
	const struct rule *rule, const struct fields *fields, struct buf *out);
#endif
