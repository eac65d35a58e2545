/* What became of each document of rule files, in whatever language. The loaders of all languages
 * append to one list, which is reported when all is loaded: a rule may still be changed by a file
 * that comes later (a filter). */
#ifndef MERLON_DETECT_RULE_RESULT_H
#define MERLON_DETECT_RULE_RESULT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
struct fields;
struct rule;

enum rule_status { RULE_OK, RULE_REFUSED, RULE_SKIPPED };
const char *rule_status_word(enum rule_status status); /* "ok", "refused", "skipped" */

struct rule_result {
	struct str file;
	uint32_t document;    /* within the file, from 0 */
	uint32_t line;	      /* where it begins, from 1 */
	struct str id;	      /* the rule's, else the file's path */
	const char *language; /* "sigma", "eql" */
	enum rule_status status;
	struct str reason; /* when not ok: what and where */
	const struct str *notes;
	uint32_t note_count;
	const struct rule *rule;     /* when ok and it became one */
	const struct fields *fields; /* names of the fields in rule */
	struct rule_result *next;    /* in the order of loading */
};
typedef void rule_result_fn(void *context, const struct rule_result *result);

/* Results live in the arena of the rule set. */
struct rule_results {
	struct rule_result *first, *last;
};
void rule_results_add(struct rule_results *results, struct rule_result *result);
/* Each in turn, and none of them again. report may be NULL. */
void rule_results_report(struct rule_results *results, rule_result_fn *report, void *context);
#endif
