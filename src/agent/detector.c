#include "agent/detector.h"

#include <errno.h>
#include <stdlib.h>
#include "base/err.h"

struct detector {
	struct detector_options options;
	struct incident_builder *builder;
	struct arena arena; /* of the detection at hand */
	struct buf line;
	uint64_t alert_count;
};

int detector_create(const struct detector_options *options, struct detector **ret, struct err *err)
{
	static const struct incident_options defaults = {0};
	struct detector *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return err_set(err, -ENOMEM, "detector: out of memory");
	d->options = *options;
	arena_init(&d->arena, 0);
	int rc = incident_builder_create(
		&defaults, options->on_incident, options->context, &d->builder, err);
	if (rc != 0) {
		free(d);
		return rc;
	}
	*ret = d;
	return 0;
}

void detector_destroy(struct detector *d)
{
	if (d == NULL)
		return;
	incident_builder_destroy(d->builder);
	arena_destroy(&d->arena);
	buf_destroy(&d->line);
	free(d);
}

void detector_want(struct fields *fields)
{
	static const field_id printed[] = {FIELD_timestamp, FIELD_event_action, FIELD_host_id,
		FIELD_host_name, FIELD_process_entity_id, FIELD_process_pid,
		FIELD_process_executable, FIELD_process_command_line, FIELD_user_name,
		FIELD_user_id, FIELD_file_path, FIELD_file_Ext_original_path, FIELD_destination_ip,
		FIELD_destination_port, FIELD_destination_domain, FIELD_destination_address,
		FIELD_source_ip, FIELD_dns_question_name, FIELD_dll_path,
		FIELD_Target_process_executable, FIELD_Persistence_path, FIELD_message,
		FIELD_merlon_gap_count, FIELD_merlon_gap_reason};

	for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++)
		fields_want(fields, printed[i]);
}

static struct str source_name(const struct detector *d, const struct event *event)
{
	return event->source < d->options.source_count ? str_of(d->options.sources[event->source])
						       : (struct str){0};
}

static void detect(struct detector *d, struct pipeline *pipeline, const struct view *view,
	const struct rule *rule)
{
	struct enrich *enrich = pipeline_enrich(pipeline);
	struct detection_source source = {
		.view = view,
		.graph = enrich_graph(enrich),
		.actor = enrich_actor(enrich),
		.file = source_name(d, view->event),
		.rule = rule,
	};
	struct detection detection;

	arena_reset(&d->arena);
	source.why_count = matcher_explain(
		pipeline_engine(pipeline)->matcher, view, rule, &d->arena, &source.why);
	if (detection_make(&d->arena, &source, &detection) != 0)
		return;
	d->alert_count++;
	if (d->options.on_alert != NULL) {
		buf_clear(&d->line);
		detection_write(&d->line, &detection);
		d->options.on_alert(d->options.context, buf_view(&d->line));
	}
	incident_add(d->builder, &detection);
}

void detector_match(struct detector *d, struct pipeline *pipeline, const struct view *view,
	const struct rule *const *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		detect(d, pipeline, view, rules[i]);
}

void detector_event(struct detector *d, const struct view *view)
{
	const struct value *count;
	int64_t lost = 0;

	if (view->event->kind != KIND_sensor_gap)
		return;
	count = view_get(view, FIELD_merlon_gap_count);
	if (count != NULL && !value_as_i64(count, &lost))
		lost = 0;
	struct str host = view_text(view, FIELD_host_name); /* as detections name it */
	if (host.len == 0)
		host = view_text(view, FIELD_host_id);
	incident_gap(d->builder, host, view->event->time_ns, lost < 0 ? 0 : (uint64_t)lost,
		view_text(view, FIELD_merlon_gap_reason));
}

void detector_tick(struct detector *d, uint64_t now_ns)
{
	incident_poll(d->builder, now_ns);
}

void detector_finish(struct detector *d)
{
	incident_flush(d->builder);
}

uint64_t detector_alert_count(const struct detector *d)
{
	return d->alert_count;
}

uint64_t detector_incident_count(const struct detector *d)
{
	struct incident_stats stats = incident_stats(d->builder);

	return stats.opened - stats.merged;
}
