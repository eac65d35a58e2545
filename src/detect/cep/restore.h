/* Reading a saved state piece by piece. After anything that cannot be, `bad` is set, and what is read
 * is 0 or empty. Internal to detect/cep. */
#ifndef MERLON_DETECT_CEP_RESTORE_H
#define MERLON_DETECT_CEP_RESTORE_H
#include "detect/cep/saved.h"

struct restorer {
	struct cep *cep;
	const uint8_t *at, *end;
	const field_id *names; /* by number; FIELD_none: no longer known */
	uint64_t name_count;
	uint32_t *events; /* captured, by number; 0: there was no room for it */
	uint64_t event_count;
	bool *plans_done, *relations_done;
	uint64_t since_ns[2]; /* of the item before, live and waiting */
	uint64_t dropped;
	bool bad;
};

uint64_t restore_number(struct restorer *r);
uint64_t restore_number_max(struct restorer *r, uint64_t max);
struct str restore_bytes(struct restorer *r);
/* The tables of names and events. */
void restore_tables(struct restorer *r);
/* A reference to an event. 0: none was named, or there was no room: then *lost. */
uint32_t restore_event(struct restorer *r, bool *lost);
#endif
