#include "cli/read_ahead.h"

#include <errno.h>
#include <pthread.h>
#include "base/err.h"

#define AHEAD_MAX 8 /* batches */

/* A ring of batches: empty ones go from the user to the reader, full ones back, both in order. */
struct ring {
	struct sensor *sensor;
	void (*batch_read)(void *context, const struct sensor *sensor);
	void *context;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct batch *slots[AHEAD_MAX];
	uint64_t given, filled,
		used; /* batches so far; used <= filled <= given <= used + AHEAD_MAX */
	bool stop;    /* the user wants no more */
	int end;      /* what ended reading; 0: it goes on */
	struct err err;
};

static struct batch *next_empty(struct ring *ring)
{
	struct batch *batch = NULL;

	(void)pthread_mutex_lock(&ring->lock);
	while (ring->filled == ring->given && !ring->stop)
		(void)pthread_cond_wait(&ring->changed, &ring->lock);
	if (!ring->stop)
		batch = ring->slots[ring->filled % AHEAD_MAX];
	(void)pthread_mutex_unlock(&ring->lock);
	return batch;
}

static void *run_reader(void *argument)
{
	struct ring *ring = argument;
	struct batch *batch;
	int taken = 0;

	while (taken >= 0 && (batch = next_empty(ring)) != NULL) {
		taken = ring->sensor->ops->next(ring->sensor, batch, 1000, &ring->err);
		if (taken >= 0)
			ring->batch_read(ring->context, ring->sensor);
		(void)pthread_mutex_lock(&ring->lock);
		ring->filled++; /* also the last, which may hold events */
		ring->end = taken < 0 ? taken : 0;
		(void)pthread_cond_broadcast(&ring->changed);
		(void)pthread_mutex_unlock(&ring->lock);
	}
	return NULL;
}

/* Hands out empty batches and waits for a full one. NULL at the end. */
static struct batch *next_full(struct ring *ring, struct pipeline *pipeline)
{
	struct batch *batch = NULL;

	(void)pthread_mutex_lock(&ring->lock);
	while (ring->given < ring->used + AHEAD_MAX && ring->end == 0) {
		struct batch *empty = pipeline_take(pipeline);
		if (empty == NULL)
			break;
		ring->slots[ring->given++ % AHEAD_MAX] = empty;
	}
	(void)pthread_cond_broadcast(&ring->changed);
	while (ring->filled == ring->used && ring->end == 0 && ring->given > ring->used)
		(void)pthread_cond_wait(&ring->changed, &ring->lock);
	if (ring->filled > ring->used)
		batch = ring->slots[ring->used++ % AHEAD_MAX];
	(void)pthread_mutex_unlock(&ring->lock);
	return batch;
}

static void stop_reader(struct ring *ring, pthread_t thread)
{
	(void)pthread_mutex_lock(&ring->lock);
	ring->stop = true;
	(void)pthread_cond_broadcast(&ring->changed);
	(void)pthread_mutex_unlock(&ring->lock);
	(void)pthread_join(thread, NULL);
}

int read_ahead(struct sensor *sensor, struct pipeline *pipeline,
	void (*batch_read)(void *context, const struct sensor *sensor), void *context,
	struct err *err)
{
	struct ring ring = {.sensor = sensor, .batch_read = batch_read, .context = context};
	struct batch *batch;
	pthread_t thread;
	int rc;

	(void)pthread_mutex_init(&ring.lock, NULL);
	(void)pthread_cond_init(&ring.changed, NULL);
	rc = -pthread_create(&thread, NULL, run_reader, &ring);
	if (rc != 0)
		return err_set(err, rc, "cannot begin a thread to read in");
	while (rc == 0 && (batch = next_full(&ring, pipeline)) != NULL)
		rc = pipeline_give(pipeline, batch, err);
	stop_reader(&ring, thread);
	if (rc == 0) {
		rc = ring.end != 0 ? ring.end : err_set(err, -ENOMEM, "out of memory");
		if (ring.end != 0 && ring.end != -ENODATA && err != NULL)
			*err = ring.err;
	}
	/* batches not used any more stay with the engine's pool, which owns them */
	(void)pthread_cond_destroy(&ring.changed);
	(void)pthread_mutex_destroy(&ring.lock);
	return rc;
}
