/* Batches that are used again: after warm-up the pipeline takes no memory from the heap. An event
 * that must wait holds a reference to its batch. Not thread-safe. */
#ifndef MERLON_AGENT_POOL_H
#define MERLON_AGENT_POOL_H
#include "event/event.h"

struct pool;
/* Batches that nobody holds keep at most idle_bytes_max of memory for the next ones. */
int pool_create(const struct fields *fields, size_t idle_bytes_max, struct pool **ret);
void pool_destroy(struct pool *pool); /* with all its batches, whoever holds them */
/* An empty batch with one reference, or NULL when out of memory. */
struct batch *pool_take(struct pool *pool);
static inline void pool_ref(struct batch *batch)
{
	batch->refs++;
}
/* The last reference hands the batch back. */
void pool_unref(struct pool *pool, struct batch *batch);
/* Batches that somebody holds. */
size_t pool_held(const struct pool *pool);
#endif
