/* What the event numbers in the header of a BSM record mean. */
#ifndef MERLON_SENSOR_AUDIT_BSM_EVENT_H
#define MERLON_SENSOR_AUDIT_BSM_EVENT_H
#include <stdint.h>
#include "event/schema.h"

struct bsm_event {
	uint16_t number;
	uint16_t kind;	  /* enum event_kind; KIND_audit_record where the schema has none */
	const char *name; /* "AUE_EXECVE" */
};

/* Sorted by number. */
extern const struct bsm_event bsm_events[];
extern const unsigned bsm_event_count;

/* NULL when the number is unknown. */
const struct bsm_event *bsm_event_by_number(unsigned number);
#endif
