/* Sigma rules (specification 2.1) become rules of the predicate machine, correlations plans of windows
 * (detect/cep).
 *
 * A loader takes files and ends with sigma_finish(), because filters and correlations may stand
 * before or after the rules that they name, in whatever file. Nothing of the loader is needed after
 * that; rules live in the rule set. Not thread-safe. */
#ifndef MERLON_DETECT_SIGMA_SIGMA_H
#define MERLON_DETECT_SIGMA_SIGMA_H
#include "base/str.h"
#include "detect/rule/result.h"
#include "detect/rule/rule.h"
#include "detect/sigma/pattern.h"
struct err;

/* What documents look like and how logsources are honoured; see docs/RULES.md. */
enum sigma_taxonomy {
	SIGMA_TAXONOMY_ECS,   /* documents and events have ECS names */
	SIGMA_TAXONOMY_SIGMA, /* documents may also have Sigma's names */
	SIGMA_TAXONOMY_RAW,   /* names as written in the rule; logsource ignored */
};
bool sigma_taxonomy_parse(struct str word, enum sigma_taxonomy *ret);

struct sigma_options {
	enum sigma_taxonomy taxonomy;
	const struct sigma_placeholder *placeholders;
	uint32_t placeholder_count;
};

struct sigma_loader;
/* Every document's result is appended to results; what it says is complete after sigma_finish().
 * options, what they point to, and results must outlive the loader. */
int sigma_create(struct ruleset *set, const struct sigma_options *options,
	struct rule_results *results, struct sigma_loader **ret, struct err *err);
void sigma_destroy(struct sigma_loader *loader);
/* Takes every document of a file. Returns 0 (also when documents are refused), or a negative errno
 * when the file cannot be read at all. file names it in results and rules. */
int sigma_load_file(struct sigma_loader *loader, const char *file, struct err *err);
/* The same from memory. */
int sigma_load_text(
	struct sigma_loader *loader, struct str text, const char *file, struct err *err);
/* Applies filters and adds the rules to the set. Returns 0 or -ENOMEM. */
int sigma_finish(struct sigma_loader *loader, struct err *err);
#endif
