#include "agent/pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct pool {
	const struct fields *fields;
	size_t idle_bytes_max;
	struct batch **all; /* every batch ever made */
	size_t count, capacity;
	struct batch **idle;
	size_t idle_count, idle_bytes;
};

int pool_create(const struct fields *fields, size_t idle_bytes_max, struct pool **ret)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return -ENOMEM;
	pool->fields = fields;
	pool->idle_bytes_max = idle_bytes_max;
	*ret = pool;
	return 0;
}

void pool_destroy(struct pool *pool)
{
	if (pool == NULL)
		return;
	for (size_t i = 0; i < pool->count; i++)
		batch_destroy(pool->all[i]);
	free(pool->all);
	free(pool->idle);
	free(pool);
}

static int grow(struct pool *pool)
{
	size_t capacity = pool->capacity == 0 ? 16 : pool->capacity * 2;
	struct batch **all = realloc(pool->all, capacity * sizeof(struct batch *));

	if (all == NULL)
		return -ENOMEM;
	pool->all = all;
	struct batch **idle = realloc(pool->idle, capacity * sizeof(struct batch *));
	if (idle == NULL)
		return -ENOMEM;
	pool->idle = idle;
	pool->capacity = capacity;
	return 0;
}

struct batch *pool_take(struct pool *pool)
{
	struct batch *batch = NULL;

	if (pool->idle_count > 0) {
		batch = pool->idle[--pool->idle_count];
		pool->idle_bytes -= batch->arena.held_bytes;
	} else {
		if (pool->count == pool->capacity && grow(pool) != 0)
			return NULL;
		if (batch_create(pool->fields, &batch) != 0)
			return NULL;
		pool->all[pool->count++] = batch;
	}
	batch->refs = 1;
	return batch;
}

static void forget(struct pool *pool, struct batch *batch)
{
	for (size_t i = 0; i < pool->count; i++) {
		if (pool->all[i] != batch)
			continue;
		pool->all[i] = pool->all[--pool->count];
		break;
	}
	batch_destroy(batch);
}

void pool_unref(struct pool *pool, struct batch *batch)
{
	assert(batch->refs > 0);
	if (--batch->refs > 0)
		return;
	/* what a burst made grow goes back to the system: the agent's size follows its work */
	if (pool->idle_bytes + batch->arena.held_bytes > pool->idle_bytes_max) {
		forget(pool, batch);
		return;
	}
	pool->idle_bytes += batch->arena.held_bytes;
	batch_clear(batch);
	pool->idle[pool->idle_count++] = batch;
}

size_t pool_held(const struct pool *pool)
{
	return pool->count - pool->idle_count;
}
