/* EQL rule files (TOML) in both published forms:
 *
 * - endpoint-behavior (Elastic's protections artifacts): [rule] with id, name, description, os_list,
 *   version, query, min_endpoint_version, optional_actions; [[actions]], [[optional_actions]],
 *   [[threat]]. Read as endpoint dialect.
 * - detection-rules (Elastic's repository of that name): [rule] with rule_id, name, type, language,
 *   severity, query, tags, threat. Read as elasticsearch dialect.
 *
 * rule.type tells them apart: only the second has it. Its kinds other than eql are skipped. */
#ifndef MERLON_DETECT_EQL_RULE_FILE_H
#define MERLON_DETECT_EQL_RULE_FILE_H
#include "detect/eql/lower.h"
#include "detect/rule/result.h"

struct eql_file_options {
	/* NULL: the form's dialect with its defaults. Borrowed while files are loaded. */
	const struct eql_options *options;
	struct eql_document_options document;
};

/* Takes a file: one document, whose result is complete on return and appended to results. Returns 0
 * (also when the rule is refused), or a negative errno when the file cannot be read at all. */
int eql_load_file(struct ruleset *set, const struct eql_file_options *options, const char *file,
	struct rule_results *results, struct err *err);
/* The same from memory; file names it. 0 or -ENOMEM. */
int eql_load_text(struct ruleset *set, const struct eql_file_options *options, struct str text,
	const char *file, struct rule_results *results, struct err *err);
#endif
