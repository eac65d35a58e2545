#include "base/clock.h"
#include "incident/incident.h"

static void put_process(struct json_writer *w, const struct incident_process *p)
{
	json_object_begin(w);
	json_member_str(w, "entity_id", p->image.entity_id);
	if (p->image.pid != 0)
		json_member_u64(w, "pid", p->image.pid);
	json_member_str(w, "executable", p->image.executable);
	json_member_str(w, "command_line", p->image.command_line);
	if (p->image.user.len > 0)
		json_member_str(w, "user", p->image.user);
	if (p->parent != NULL)
		json_member_str(w, "parent", p->parent->image.entity_id);
	json_object_end(w);
}

static void put_events(struct json_writer *w, const struct incident_alert *alert)
{
	json_key(w, STR("events"));
	json_array_begin(w);
	for (uint32_t i = 0; i < alert->event_count; i++) {
		const struct incident_event *event = &alert->events[i];

		json_object_begin(w);
		if (event->file.len > 0)
			json_member_str(w, "file", event->file);
		json_member_u64(w, "file_index", event->file_index);
		json_member_u64(w, "index", event->index);
		json_member_time(w, "@timestamp", event->time_ns);
		json_member_str(w, "event.action", event->action);
		if (event->object.len > 0)
			json_member_str(w, "object", event->object);
		json_object_end(w);
	}
	json_array_end(w);
}

static void put_alert(struct json_writer *w, const struct incident_alert *alert)
{
	json_object_begin(w);
	json_key(w, STR("rule"));
	json_object_begin(w);
	json_member_str(w, "id", alert->rule_id);
	json_member_str(w, "file", alert->rule_file);
	json_member_str(w, "name", alert->rule_title);
	json_member_str(w, "language", alert->rule_language);
	json_member_str(w, "severity", str_of(severity_word(alert->severity)));
	json_object_end(w);
	json_member_u64(w, "count", alert->count);
	json_member_time(w, "first", alert->first_ns);
	json_member_time(w, "last", alert->last_ns);
	json_member_texts(w, "techniques", alert->techniques, alert->technique_count);
	json_member_texts(w, "why", alert->why, alert->why_count);
	if (alert->process != NULL) {
		json_key(w, STR("process"));
		put_process(w, alert->process);
	}
	put_events(w, alert);
	json_object_end(w);
}

static void put_moment(struct json_writer *w, const struct incident_moment *moment)
{
	const struct incident_alert *alert = moment->alert;

	json_object_begin(w);
	json_member_time(w, "@timestamp", moment->time_ns);
	if (alert == NULL) {
		json_member_str(w, "type", STR("gap"));
		json_member_u64(w, "count", moment->gap_count);
		json_member_str(w, "reason", moment->gap_reason);
	} else {
		json_member_str(w, "type", STR("alert"));
		json_member_str(w, "rule", alert->rule_id);
		json_member_str(w, "name", alert->rule_title);
		json_member_str(w, "severity", str_of(severity_word(alert->severity)));
		json_member_u64(w, "count", alert->count);
		if (alert->process != NULL) {
			json_member_str(w, "process.entity_id", alert->process->image.entity_id);
			json_member_str(w, "process.executable", alert->process->image.executable);
			json_member_str(
				w, "process.command_line", alert->process->image.command_line);
		}
	}
	json_object_end(w);
}

void incident_write(struct buf *buf, const struct incident *incident)
{
	struct json_writer w = {.buf = buf};

	json_object_begin(&w);
	json_member_str(&w, "kind", STR("incident"));
	json_member_str(&w, "id", str_of(incident->id));
	json_member_u64(&w, "score", incident->score);
	json_member_str(&w, "severity", str_of(severity_word(incident->severity)));
	json_member_str(&w, "title", incident->title);
	json_member_time(&w, "first", incident->first_ns);
	json_member_time(&w, "last", incident->last_ns);
	json_member_u64(&w, "detections", incident->detection_count);
	json_key(&w, STR("alerts"));
	json_array_begin(&w);
	for (uint32_t i = 0; i < incident->alert_count; i++)
		put_alert(&w, incident->alerts[i]);
	json_array_end(&w);
	json_member_texts(&w, "hosts", &incident->host, incident->host.len > 0);
	json_member_texts(&w, "techniques", incident->techniques, incident->technique_count);
	json_member_texts(&w, "tactics", incident->tactics, incident->tactic_count);
	json_key(&w, STR("processes"));
	json_array_begin(&w);
	for (uint32_t i = 0; i < incident->process_count; i++)
		put_process(&w, incident->processes[i]);
	json_array_end(&w);
	json_key(&w, STR("timeline"));
	json_array_begin(&w);
	for (uint32_t i = 0; i < incident->timeline_count; i++)
		put_moment(&w, &incident->timeline[i]);
	json_array_end(&w);
	json_member_u64(&w, "lost_events", incident->gap_events);
	json_member_u64(&w, "dropped", incident->dropped_count);
	json_object_end(&w);
}
