/* From matches to alerts and incidents: takes what the pipeline says matched, explains it, hands
 * each detection to the incident builder and gives the lines of both to whoever writes them. */
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
	/* An incident that is complete, or (live) that is new or has grown worse. */
	void (*on_incident)(void *context, const struct incident *incident);
};

struct detector;
int detector_create(const struct detector_options *options, struct detector **ret, struct err *err);
void detector_destroy(struct detector *detector);
/* What alerts print of an event; before the fields are frozen. */
void detector_want(struct fields *fields);
void detector_match(struct detector *detector, struct pipeline *pipeline, const struct view *view,
	const struct rule *const *rules, uint32_t count);
/* A gap may have hidden something: incidents open at that time say so. */
void detector_event(struct detector *detector, const struct view *view);
/* Live: incidents that are due are given. */
void detector_tick(struct detector *detector, uint64_t now_ns);
/* All that are still open are given, in the order of their first alert. */
void detector_finish(struct detector *detector);
uint64_t detector_alert_count(const struct detector *detector);
uint64_t detector_incident_count(const struct detector *detector);
#endif
