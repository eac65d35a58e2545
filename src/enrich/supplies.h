/* Which fields enrichment adds to live events, for `rules check --host`. */
#ifndef MERLON_ENRICH_SUPPLIES_H
#define MERLON_ENRICH_SUPPLIES_H
#include "event/fields.h"

/* Sets the bits (FIELD_ID_MAX of them) of fields that the graph and what derives from an event's own
 * fields can add, given that the sensor supplies the kinds (KIND_MAX bits) and tells what the
 * system's processes are. */
void enrich_supplies(const uint64_t *kinds, uint64_t *bits);
#endif
