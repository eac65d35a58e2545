/* Processes that run already, as events (KIND_process_snapshot), so that the graph knows them and
 * a recording holds what the live run knew. Start the sensors first, then seed: what happens in
 * between is told twice and not lost. Not thread-safe. */
#ifndef MERLON_ENRICH_SEED_H
#define MERLON_ENRICH_SEED_H
#include "event/event.h"
struct err;

struct seed;
/* Reads all processes; takes some 0.1 ms each. Returns 0, -ENOMEM, or what the system said. */
int seed_create(struct seed **ret, struct err *err);
void seed_destroy(struct seed *seed);
uint32_t seed_count(const struct seed *seed);
/* Adds up to max events, parents before children. Returns how many; 0: that was all. */
uint32_t seed_next(struct seed *seed, struct batch *batch, uint32_t max);
#endif
