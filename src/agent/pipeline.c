#include "agent/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include "agent/order.h"
#include "agent/reorder.h"
#include "base/err.h"

#define DEFAULT_REORDER_EVENTS 65536

/* A few waiting events can hold on to many batches: beyond this they leave before their turn. */
#define HELD_BYTES_MAX ((size_t)256 * 1024 * 1024)

struct pipeline {
	struct pipeline_options options;
	struct engine *engine; /* borrowed */
	struct enrich *enrich;
	struct reorder *reorder;
	struct order *order; /* only with sort_all */
	size_t held_bytes;   /* of batches that were given and are not back */
	struct pipeline_stats stats;
};

static int make_enrich(const struct engine *engine, struct enrich **ret, struct err *err)
{
	return engine->enriches ? enrich_create(engine->fields, &engine->enrich, ret, err) : 0;
}

int pipeline_create(struct engine *engine, const struct pipeline_options *options,
	struct pipeline **ret, struct err *err)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	uint32_t limit = options->reorder_events == 0 ? DEFAULT_REORDER_EVENTS
						      : options->reorder_events;

	if (p == NULL)
		return err_set(err, -ENOMEM, "pipeline: out of memory");
	p->options = *options;
	p->engine = engine;
	int rc = reorder_create(options->reorder_ns, limit, &p->reorder);
	if (rc != 0)
		(void)err_set(err, rc, "pipeline: out of memory");
	if (rc == 0 && options->sort_all)
		rc = order_create(engine->fields, 0, &p->order, err);
	if (rc == 0)
		rc = make_enrich(engine, &p->enrich, err);
	if (rc != 0) {
		pipeline_destroy(p);
		return rc;
	}
	*ret = p;
	return 0;
}

void pipeline_destroy(struct pipeline *p)
{
	if (p == NULL)
		return;
	enrich_destroy(p->enrich);
	reorder_destroy(p->reorder);
	order_destroy(p->order);
	free(p);
}

static void count_event(struct pipeline *p, const struct event *event)
{
	p->stats.events++;
	p->stats.kinds[event->kind]++;
	if (event->time_ns > p->stats.newest_ns)
		p->stats.newest_ns = event->time_ns;
	if (event->kind != KIND_sensor_gap)
		return;
	const struct value *count = event_get(event, FIELD_merlon_gap_count);
	int64_t lost = 0;
	p->stats.gaps++;
	if (count != NULL && value_as_i64(count, &lost) && lost > 0)
		p->stats.lost += (uint64_t)lost;
}

static void process(struct pipeline *p, const struct event *event)
{
	struct view *view = p->engine->view;
	const struct rule *const *rules;

	count_event(p, event);
	view_load(view, event);
	if (p->enrich != NULL)
		enrich_event(p->enrich, view);
	uint32_t count = matcher_run(p->engine->matcher, view, view->also_kind, &rules);
	if (p->options.on_event != NULL)
		p->options.on_event(p->options.context, view);
	if (count == 0)
		return;
	p->stats.matches += count;
	p->options.on_match(p->options.context, view, rules, count);
}

/* Gives back one reference to a batch that was given. */
static void release(struct pipeline *p, struct batch *batch)
{
	if (batch->refs == 1)
		p->held_bytes -= batch->arena.used_bytes;
	pool_unref(p->engine->pool, batch);
}

static void drain(struct pipeline *p, bool flush)
{
	const struct event *event;

	while ((event = reorder_pop(p->reorder, flush)) != NULL ||
		(p->held_bytes > HELD_BYTES_MAX && (event = reorder_shed(p->reorder)) != NULL)) {
		process(p, event);
		release(p, event->batch);
	}
}

struct batch *pipeline_take(struct pipeline *p)
{
	struct batch *batch = pool_take(p->engine->pool);

	if (batch != NULL) {
		batch->common = p->options.common;
		batch->common_count = p->options.common_count;
	}
	return batch;
}

int pipeline_give(struct pipeline *p, struct batch *batch, struct err *err)
{
	int rc = 0;

	p->held_bytes += batch->arena.used_bytes;
	for (uint32_t i = 0; i < batch->count && rc == 0; i++) {
		if (p->order != NULL) {
			rc = order_add(p->order, batch->events[i], err);
		} else if (p->options.reorder_ns == 0) {
			process(p, batch->events[i]);
		} else {
			rc = reorder_push(p->reorder, batch->events[i]);
			if (rc != 0)
				(void)err_set(err, rc, "pipeline: out of memory");
			drain(p, false);
		}
	}
	release(p, batch);
	return rc;
}

void pipeline_tick(struct pipeline *p, uint64_t now_ns)
{
	reorder_advance(p->reorder, now_ns);
	drain(p, false);
}

static int drain_sorted(struct pipeline *p, struct err *err)
{
	struct event *event;

	for (;;) {
		struct batch *batch = pool_take(p->engine->pool);
		if (batch == NULL)
			return err_set(err, -ENOMEM, "pipeline: out of memory");
		int rc = order_next(p->order, batch, &event, err);
		if (rc == 1)
			process(p, event);
		pool_unref(p->engine->pool, batch);
		if (rc <= 0)
			return rc;
	}
}

int pipeline_flush(struct pipeline *p, struct err *err)
{
	drain(p, true);
	return p->order == NULL ? 0 : drain_sorted(p, err);
}

int pipeline_replace_engine(struct pipeline *p, struct engine *engine, struct err *err)
{
	struct enrich *enrich = NULL;
	int rc = make_enrich(engine, &enrich, err);

	if (rc != 0)
		return rc;
	drain(p, true);
	enrich_destroy(p->enrich);
	p->enrich = enrich;
	p->engine = engine;
	return 0;
}

struct engine *pipeline_engine(struct pipeline *p)
{
	return p->engine;
}

struct enrich *pipeline_enrich(struct pipeline *p)
{
	return p->enrich;
}

void pipeline_stats(const struct pipeline *p, struct pipeline_stats *ret)
{
	struct reorder_stats order;

	reorder_stats(p->reorder, &order);
	*ret = p->stats;
	ret->late = order.late;
	ret->early = order.early;
}
