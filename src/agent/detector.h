/* From matches to alerts and incidents: explains what the pipeline says matched, hands each
 * detection to the incident builder and gives what comes of it to whoever writes it. */
#ifndef MERLON_AGENT_DETECTOR_H
#define MERLON_AGENT_DETECTOR_H
#include "agent/pipeline.h"
#include "incident/incident.h"
struct err;

struct detector_options {
	const char *const *sources; /* names of the inputs, by event.source; NULL: live */
	size_t source_count;
	void *context; /* of the callbacks */
	/* One JSON line an alert, in the order of processing. May be NULL. */
	void (*on_alert)(void *context, struct str json);
	incident_fn *on_incident;
};

struct detector;
int detector_create(const struct detector_options *options, struct detector **ret, struct err *err);
void detector_destroy(struct detector *detector);
/* What alerts print of an event; before the fields are frozen. */
void detector_want(struct fields *fields);
void detector_match(struct detector *detector, struct pipeline *pipeline, const struct view *view,
	const struct rule *const *rules, uint32_t count);
/* Rules over several events that completed. view: the event at hand, NULL: none. */
void detector_plans(struct detector *detector, struct pipeline *pipeline, const struct view *view,
	const struct cep_match *matches, uint32_t count);
/* For pipeline_options.captures: what detector_plans() reads of earlier events. Static. */
const field_id *detector_captures(uint32_t *ret_count);
/* Each event: a gap may have hidden something, and the incidents of that time say so. */
void detector_event(struct detector *detector, const struct view *view);
/* Live: incidents that are due are told. */
void detector_tick(struct detector *detector, uint64_t now_ns);
/* All that are still open are told. */
void detector_finish(struct detector *detector);
uint64_t detector_alert_count(const struct detector *detector);
uint64_t detector_incident_count(const struct detector *detector);
#endif
