/* Rule files of every language into one rule set. */
#ifndef MERLON_DETECT_RULE_FILES_H
#define MERLON_DETECT_RULE_FILES_H
#include "detect/eql/rule_file.h"
#include "detect/rule/result.h"
#include "detect/sigma/sigma.h"
struct err;
struct ruleset;

struct rule_file_options {
	struct sigma_options sigma;
	struct eql_file_options eql;
};

/* Loads files and directories (recursively, in the order of their names; links are followed to
 * files only) into the set and reports every document in the order of loading; the result is
 * borrowed for the call, its texts live as long as the rule set. EQL: .toml; Sigma: .yml, .yaml.
 * Files named directly are taken whatever their name, as Sigma where it says nothing; in directories
 * other names are passed over. Returns 0, or a negative errno when a path cannot be read: what could
 * be read is loaded and reported all the same. */
int rule_files_load(struct ruleset *set, const struct rule_file_options *options,
	const char *const *paths, uint32_t path_count, rule_result_fn *report, void *context,
	struct err *err);
#endif
