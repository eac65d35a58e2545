/* The `correlation` section of a document, as written: names are not yet rules and fields. */
#ifndef MERLON_DETECT_SIGMA_CORRELATION_H
#define MERLON_DETECT_SIGMA_CORRELATION_H
#include "base/yaml.h"
#include "detect/cep/plan.h"
#include "detect/sigma/context.h"

#define SIGMA_ALIASES_MAX 64

struct sigma_reference {
	struct str text; /* an id or a name */
	uint32_t line;
};

struct sigma_alias {
	struct str name;
	uint32_t line;
	struct sigma_alias_field {
		struct sigma_reference rule;
		struct str field;
	} * fields;
	uint32_t field_count;
};

struct sigma_correlation {
	uint8_t aggregate; /* enum cep_aggregate */
	bool generate;
	uint32_t line;
	uint64_t timespan_ns;
	double percentile;
	struct sigma_reference *rules;
	struct str *group_by, *fields;
	struct sigma_alias *aliases;
	struct cep_bound *bounds;
	struct cep_term *terms;
	uint32_t rule_count, group_count, field_count, alias_count, bound_count, term_count;
};

/* Everything is copied into ctx->arena. Returns 0, -EINVAL with line and reason, or -ENOMEM. */
int sigma_correlation_read(struct sigma_context *ctx, const struct yaml_node *document,
	const struct sigma_correlation **ret, struct err *err);

/* correlation_condition.c: bounds, terms, fields and percentile; `correlation` has its type, and its
 * rules where they are listed. */
int sigma_correlation_condition(struct sigma_context *ctx, const struct yaml_node *section,
	struct sigma_correlation *correlation, struct err *err);
bool sigma_is_temporal(uint8_t aggregate);
/* "event_count", … */
const char *sigma_correlation_word(uint8_t aggregate);
/* A key's value; NULL also when it is written as null. */
const struct yaml_node *sigma_get(const struct yaml_node *section, const char *key);
/* A scalar, or a list of them without repetition. */
int sigma_texts(struct sigma_context *ctx, const struct yaml_node *node, const char *what,
	uint32_t max, struct str **ret, uint32_t *ret_count, struct err *err);
#endif
