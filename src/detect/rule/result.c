#include "detect/rule/result.h"

#include <stddef.h>

const char *rule_status_word(enum rule_status status)
{
	static const char *const words[] = {
		[RULE_OK] = "ok",
		[RULE_REFUSED] = "refused",
		[RULE_SKIPPED] = "skipped",
	};

	return words[status];
}

void rule_results_add(struct rule_results *results, struct rule_result *result)
{
	if (results->last == NULL)
		results->first = result;
	else
		results->last->next = result;
	results->last = result;
}

void rule_results_report(struct rule_results *results, rule_result_fn *report, void *context)
{
	for (const struct rule_result *r = results->first; r != NULL; r = r->next)
		if (report != NULL)
			report(context, r);
	*results = (struct rule_results){0};
}
