/* Sigma's logsources and field names as Merlon's event kinds and fields: the table taxonomy.def. */
#ifndef MERLON_DETECT_SIGMA_TAXONOMY_H
#define MERLON_DETECT_SIGMA_TAXONOMY_H
#include <stdbool.h>
#include <stdint.h>
#include "event/event.h"
#include "event/fields.h"

enum sigma_scope {
	SIGMA_SCOPE_ANY,
	SIGMA_SCOPE_PROCESS,
	SIGMA_SCOPE_TARGET,
	SIGMA_SCOPE_FILE,
	SIGMA_SCOPE_NETWORK,
	SIGMA_SCOPE_DNS,
	SIGMA_SCOPE_IMAGE,
	SIGMA_SCOPE_DRIVER,
	SIGMA_SCOPE_ANTIVIRUS,
	SIGMA_SCOPE_WEB,
	SIGMA_SCOPE_AUDIT,
	SIGMA_SCOPE_LOG,
};

struct sigma_logsource {
	struct str product, category, service; /* as the rule has them, empty where it does not */
	uint8_t scope;			       /* enum sigma_scope */
	bool supplied;			       /* some sensor supplies such events */
	uint64_t kinds[KIND_MAX / 64];	       /* never KIND_document */
	uint32_t os_mask;
	uint32_t groups;		 /* field groups that events of these kinds have */
	const char *const *log_services; /* NULL-ended words of log.service; NULL: any */
	bool own_service; /* log.service must be the service itself, which no table knows */
};

/* Fills all but the three names from them. */
void sigma_logsource_resolve(struct sigma_logsource *source);

/* The schema's field of a Sigma name, also of an ECS name; FIELD_none when there is none. */
field_id sigma_field(enum sigma_scope scope, struct str name);

/* "name: value" asked in other words: the n-th (field, word), or FIELD_none after the last. */
field_id sigma_rewrite(struct str name, struct str value, unsigned n, const char **ret_word);
bool sigma_is_rewritten(struct str name);
#endif
