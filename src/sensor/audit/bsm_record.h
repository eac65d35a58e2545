/* One BSM record as an event. */
#ifndef MERLON_SENSOR_AUDIT_BSM_RECORD_H
#define MERLON_SENSOR_AUDIT_BSM_RECORD_H
#include "event/event.h"
#include "sensor/audit/bsm_token.h"

struct bsm_record {
	struct bsm_token *tokens; /* owned; header and trailer too */
	uint32_t count, capacity;
	struct bsm_header header;
	bool has_header; /* false: a bare token outside of any record */
	struct str rest; /* bytes before the trailer that no known token explains */
};

void bsm_record_destroy(struct bsm_record *record);

/* Splits the len bytes of a record. They stay borrowed. Returns 0 or -ENOMEM. */
int bsm_record_parse(struct bsm_record *record, const void *ptr, size_t len);
/* The same for one token that stands alone. */
int bsm_record_bare(struct bsm_record *record, const struct bsm_token *token);

/* Appends the record as an event: of the kind its number stands for when the call succeeded, else
 * as an audit_record. With batch->want_all all tokens are kept as JSON in event.raw ("bsm.record").
 * Returns it (committed), or NULL when memory ran out. */
struct event *bsm_record_event(const struct bsm_record *record, struct batch *batch);
#endif
