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

const field_id *detector_captures(uint32_t *ret_count)
{
	static const field_id kept[] = {FIELD_event_action, FIELD_host_id, FIELD_host_name,
		FIELD_process_entity_id, FIELD_process_pid, FIELD_process_executable,
		FIELD_process_command_line, FIELD_user_name, FIELD_file_path, FIELD_destination_ip,
		FIELD_destination_port, FIELD_dns_question_name, FIELD_dll_path, FIELD_driver_name,
		FIELD_Persistence_path, FIELD_Target_process_executable, FIELD_user_target_name,
		FIELD_syscall_name, FIELD_message};

	*ret_count = sizeof(kept) / sizeof(kept[0]);
	return kept;
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

static void detect(struct detector *d, const struct detection_source *source)
{
	struct detection detection;

	if (detection_make(&d->arena, source, &detection) != 0)
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
	struct enrich *enrich = pipeline_enrich(pipeline);
	struct detection_source source = {
		.view = view,
		.graph = enrich_graph(enrich),
		.actor = enrich_actor(enrich),
		.files = d->options.sources,
		.file_count = d->options.source_count,
	};

	for (uint32_t i = 0; i < count; i++) {
		arena_reset(&d->arena);
		source.rule = rules[i];
		source.why_count = matcher_explain(
			pipeline_engine(pipeline)->matcher, view, rules[i], &d->arena, &source.why);
		detect(d, &source);
	}
}

static struct str kept_text(const struct cep_event *event, field_id field)
{
	const struct value *value = cep_event_get(event, field);

	return value != NULL && value->type == VALUE_TEXT ? value_str(value) : (struct str){0};
}

/* The step that the event at hand took, when it is the one that completed the match. */
static const struct rule *step_at_hand(const struct cep_match *match, const struct view *view)
{
	const struct cep_plan *plan = match->rule->plan;
	const struct cep_event *last = match->event_count == 0
					       ? NULL
					       : match->events[match->event_count - 1];

	if (view == NULL || last == NULL || last->index != view->event->index ||
		plan->type == CEP_WINDOW || plan->step_count == 0)
		return NULL;
	return plan->steps[plan->step_count - 1].rule;
}

static void detect_plan(struct detector *d, struct pipeline *pipeline, const struct view *view,
	const struct cep_match *match)
{
	struct enrich *enrich = pipeline_enrich(pipeline);
	const struct rule *step = step_at_hand(match, view);
	struct detection_source source = {
		.view = view,
		.match = match,
		.graph = enrich_graph(enrich),
		.files = d->options.sources,
		.file_count = d->options.source_count,
		.rule = match->rule,
	};

	arena_reset(&d->arena);
	for (uint32_t i = match->event_count; i > 0 && source.actor == NULL; i--)
		if (match->events[i - 1] != NULL)
			source.actor = enrich_find(enrich,
				kept_text(match->events[i - 1], FIELD_host_id),
				kept_text(match->events[i - 1], FIELD_host_name),
				kept_text(match->events[i - 1], FIELD_process_entity_id));
	if (step != NULL && step->condition != NULL)
		source.why_count = matcher_explain(
			pipeline_engine(pipeline)->matcher, view, step, &d->arena, &source.why);
	detect(d, &source);
}

void detector_plans(struct detector *d, struct pipeline *pipeline, const struct view *view,
	const struct cep_match *matches, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		detect_plan(d, pipeline, view, &matches[i]);
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
