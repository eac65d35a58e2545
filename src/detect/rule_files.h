/* What became of each document of rule files, in whatever language. */
#ifndef MERLON_DETECT_RULE_FILES_H
#define MERLON_DETECT_RULE_FILES_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
struct err;
struct fields;
struct rule;
struct ruleset;
struct sigma_options;

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
};
typedef void rule_result_fn(void *context, const struct rule_result *result);

/* Loads files and directories (recursively, in the order of their names; links are followed to
 * files only) into the set and reports every document. Sigma: .yml, .yaml. Files named directly
 * are taken whatever their name; in directories other names are passed over. Returns 0, or a
 * negative errno when a path cannot be read: what could be read is loaded and reported all the
 * same. */
int rule_files_load(struct ruleset *set, const struct sigma_options *options,
	const char *const *paths, uint32_t path_count, rule_result_fn *report, void *context,
	struct err *err);
#endif
