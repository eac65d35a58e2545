#include "agent/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include "agent/order.h"
#include "agent/reorder.h"
#include "base/err.h"

#define DEFAULT_REORDER_EVENTS 65536

/* Recordings that follow each other may overlap so much and still be one story. */
#define OVERLAP_NS (60 * UINT64_C(1000000000))
/* A few waiting events can hold on to many batches: beyond this they leave before their turn. */
#define HELD_BYTES_MAX ((size_t)256 * 1024 * 1024)

struct pipeline {
	struct pipeline_options options;
	struct engine *engine; /* borrowed */
	struct enrich *enrich;
	struct cep *cep;	      /* NULL: no rule needs it */
	const struct rule **findings; /* room for all rules; only with cep */
	struct reorder *reorder;
	struct order *order; /* only with sort_all */
	size_t held_bytes;   /* of batches that were given and are not back */
	uint32_t source;     /* of the last event that was given and has a time */
	uint64_t given_ns;   /* the latest time of an event of this and earlier recordings */
	struct pipeline_stats stats;
};

static int make_enrich(const struct engine *engine, struct enrich **ret, struct err *err)
{
	return enrich_create(engine->fields, &engine->enrich, ret, err);
}

static int make_cep(
	struct pipeline *p, const struct engine *engine, struct cep **ret, struct err *err)
{
	const struct cep_options options = {.captures = p->options.captures,
		.capture_count = p->options.capture_count,
		.host = p->options.host,
		.bytes_max = p->options.plan_bytes_max,
		.whole = p->options.whole};

	if (!ruleset_has_plans(engine->rules))
		return 0;
	const struct rule **findings = realloc(
		p->findings, ruleset_count(engine->rules) * sizeof(struct rule *));
	if (findings == NULL)
		return err_set(err, -ENOMEM, "pipeline: out of memory");
	p->findings = findings;
	return cep_create(engine->rules, &options, ret, err);
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
		rc = order_create(engine->fields, 0, options->tiebreaker, &p->order, err);
	if (rc == 0)
		rc = make_enrich(engine, &p->enrich, err);
	if (rc == 0)
		rc = make_cep(p, engine, &p->cep, err);
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
	cep_destroy(p->cep);
	free(p->findings);
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

static void tell_plans(struct pipeline *p, const struct view *view, const struct cep_match *matches,
	uint32_t count)
{
	if (count == 0)
		return;
	p->stats.matches += count;
	p->options.on_plans(p->options.context, view, matches, count);
}

static void tell_rules(struct pipeline *p, const struct view *view, const struct rule *const *rules,
	uint32_t count)
{
	if (count == 0)
		return;
	p->stats.matches += count;
	p->options.on_match(p->options.context, view, rules, count);
}

/* Steps of rules over several events are nobody's finding. */
static uint32_t pick_findings(struct pipeline *p, const struct rule *const *rules, uint32_t count)
{
	uint32_t picked = 0;

	for (uint32_t i = 0; i < count; i++)
		if (rules[i]->role == RULE_FINDING)
			p->findings[picked++] = rules[i];
	return picked;
}

static void process(struct pipeline *p, const struct event *event)
{
	struct view *view = p->engine->view;
	const struct rule *const *rules;
	const struct cep_match *plans;

	count_event(p, event);
	view_load(view, event);
	enrich_event(p->enrich, view);
	uint32_t count = matcher_run(p->engine->matcher, view, view->also_kind, &rules);
	if (p->options.on_event != NULL)
		p->options.on_event(p->options.context, view);
	if (p->cep == NULL) {
		tell_rules(p, view, rules, count);
		return;
	}
	uint32_t plan_count = cep_run(p->cep, view, rules, count, &plans);
	tell_rules(p, view, p->findings, pick_findings(p, rules, count));
	tell_plans(p, view, plans, plan_count);
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

static bool is_late(const struct pipeline *p, const struct event *event)
{
	return event->time_ns != 0 && event->time_ns < p->stats.newest_ns;
}

/* A recording that begins earlier than the one before it ended is read as if by itself: its events are
 * put in order, and what they begin is not taken for long gone. What the earlier ones left waiting
 * waits no longer. */
static int begin_anew(struct pipeline *p, const struct event *event, struct err *err)
{
	bool same = event->source == p->source;
	const struct cep_match *plans;
	struct cep *cep = NULL;

	if (event->time_ns == 0)
		return 0;
	p->source = event->source;
	if (same || event->time_ns + OVERLAP_NS >= p->given_ns) {
		if (event->time_ns > p->given_ns)
			p->given_ns = event->time_ns;
		return 0;
	}
	drain(p, true);
	reorder_restart(p->reorder);
	p->given_ns = event->time_ns;
	if (p->cep == NULL)
		return 0;
	uint32_t count = cep_finish(p->cep, &plans);
	tell_plans(p, NULL, plans, count);
	int rc = make_cep(p, p->engine, &cep, err);
	if (rc != 0)
		return rc;
	cep_destroy(p->cep);
	p->cep = cep;
	return 0;
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

static int take_event(struct pipeline *p, struct event *event, struct err *err)
{
	if (p->order != NULL)
		return order_add(p->order, event, err);
	if (p->options.in_order && is_late(p, event))
		return err_set(err, -ERANGE, "events are not in order of time");
	int rc = p->options.in_order ? 0 : begin_anew(p, event, err);
	if (rc != 0)
		return rc;
	if (p->options.reorder_ns == 0) {
		process(p, event);
		return 0;
	}
	rc = reorder_push(p->reorder, event);
	drain(p, false);
	return rc != 0 ? err_set(err, rc, "pipeline: out of memory") : 0;
}

int pipeline_give(struct pipeline *p, struct batch *batch, struct err *err)
{
	int rc = 0;

	p->held_bytes += batch->arena.used_bytes;
	for (uint32_t i = 0; i < batch->count && rc == 0; i++)
		rc = take_event(p, batch->events[i], err);
	release(p, batch);
	return rc;
}

void pipeline_tick(struct pipeline *p, uint64_t now_ns)
{
	const struct cep_match *plans;

	reorder_advance(p->reorder, now_ns);
	drain(p, false);
	if (p->cep == NULL || now_ns <= p->options.reorder_ns)
		return;
	uint32_t count = cep_advance(p->cep, now_ns - p->options.reorder_ns, &plans);
	tell_plans(p, NULL, plans, count);
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

int pipeline_finish(struct pipeline *p, struct err *err)
{
	const struct cep_match *plans;
	int rc = pipeline_flush(p, err);

	if (rc == 0 && p->cep != NULL) {
		uint32_t count = cep_finish(p->cep, &plans);
		tell_plans(p, NULL, plans, count);
	}
	return rc;
}

/* What the old rules have of unfinished matches goes on under the new ones. */
static int carry_over(const struct cep *from, struct cep *to, struct err *err)
{
	struct buf saved = {0};
	uint64_t dropped;

	if (from == NULL || to == NULL)
		return 0;
	int rc = cep_save(from, &saved, err);
	if (rc == 0)
		rc = cep_restore(to, buf_view(&saved), &dropped, err);
	buf_destroy(&saved);
	return rc;
}

int pipeline_replace_engine(struct pipeline *p, struct engine *engine, struct err *err)
{
	struct enrich *enrich = NULL;
	struct cep *cep = NULL;
	int rc = make_enrich(engine, &enrich, err);

	if (rc != 0)
		return rc;
	drain(p, true);
	rc = make_cep(p, engine, &cep, err);
	if (rc == 0)
		rc = carry_over(p->cep, cep, err);
	if (rc != 0) {
		enrich_destroy(enrich);
		cep_destroy(cep);
		return rc;
	}
	enrich_destroy(p->enrich);
	cep_destroy(p->cep);
	p->enrich = enrich;
	p->cep = cep;
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

struct cep *pipeline_cep(struct pipeline *p)
{
	return p->cep;
}

void pipeline_stats(const struct pipeline *p, struct pipeline_stats *ret)
{
	struct reorder_stats order;

	reorder_stats(p->reorder, &order);
	*ret = p->stats;
	ret->late = order.late;
	ret->early = order.early;
}
