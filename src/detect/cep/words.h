/* Windows in words, for explanations and alerts. */
#ifndef MERLON_DETECT_CEP_WORDS_H
#define MERLON_DETECT_CEP_WORDS_H
#include "base/buf.h"
#include "detect/cep/plan.h"

/* "10 minutes" */
void cep_print_time(struct buf *out, uint64_t ns);
/* What met the bounds of a CEP_WINDOW: "12 different values of user.name within 10 minutes". fields
 * may be NULL. */
void cep_print_window(struct buf *out, const struct cep_plan *plan, double aggregate,
	const struct fields *fields);
/* What joins the events of a match: "process.entity_id \"a1\", 443". Keys that are computed have no
 * name. fields may be NULL. */
void cep_print_keys(struct buf *out, const struct cep_plan *plan, const struct value *keys,
	uint32_t count, const struct fields *fields);
#endif
