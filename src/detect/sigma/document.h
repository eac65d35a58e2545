/* One Sigma rule document becomes a rule; one filter document a condition. */
#ifndef MERLON_DETECT_SIGMA_DOCUMENT_H
#define MERLON_DETECT_SIGMA_DOCUMENT_H
#include "base/yaml.h"
#include "detect/rule/rule.h"
#include "detect/sigma/context.h"

/* The texts of a document's logsource; refuses what is no map. */
int sigma_logsource_read(
	struct sigma_context *ctx, const struct yaml_node *document, struct err *err);

/* Identifiers and condition(s) below `section` (detection or filter). */
int sigma_section(struct sigma_context *ctx, const struct yaml_node *section, struct expr **ret,
	struct err *err);

/* Fills rule but file, document and line; notes and condition are up to the caller. */
int sigma_metadata(struct sigma_context *ctx, const struct yaml_node *document, struct rule *rule,
	struct err *err);

/* A copy in the rule's memory; ptr is NULL when it is full. */
struct str sigma_keep(struct sigma_context *ctx, struct str text);
#endif
