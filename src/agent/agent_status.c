/* What the agent tells of itself on its control socket. */
#include "agent/agent_internal.h"

#include <signal.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/json.h"
#include "os/self.h"

static void put_sensors(
	const struct agent *agent, struct json_writer *w, struct sensor_stats *total)
{
	*total = agent->closed;
	json_key(w, STR("sensors"));
	json_array_begin(w);
	for (size_t i = 0; i < agent->sensor_count; i++) {
		struct sensor_stats stats = {0};
		const struct sensor *sensor = agent->sensors[i]->sensor;
		sensor->ops->stats(sensor, &stats);
		total->events += stats.events;
		total->dropped += stats.dropped;
		total->gaps += stats.gaps;
		json_object_begin(w);
		json_member_str(w, "name", str_of(sensor->ops->name));
		json_member_u64(w, "events", stats.events);
		json_member_u64(w, "dropped", stats.dropped);
		json_member_u64(w, "gaps", stats.gaps);
		json_object_end(w);
	}
	json_array_end(w);
}

static void put_kinds(const struct agent *agent, struct json_writer *w)
{
	struct pipeline_stats stats;

	pipeline_stats(agent->pipeline, &stats);
	json_key(w, STR("kinds"));
	json_object_begin(w);
	for (unsigned i = 0; i < schema_kind_count; i++)
		if (stats.kinds[schema_kinds[i].number] > 0)
			json_member_u64(
				w, schema_kinds[i].ident, stats.kinds[schema_kinds[i].number]);
	json_object_end(w);
}

static void put_sequences(const struct agent *agent, struct json_writer *w)
{
	struct cep *cep = pipeline_cep(agent->pipeline);
	struct cep_stats stats = {0};

	if (cep != NULL)
		cep_stats(cep, &stats);
	json_key(w, STR("sequences"));
	json_object_begin(w);
	json_member_u64(w, "partial", stats.partials);
	json_member_u64(w, "bytes", stats.bytes);
	json_member_u64(w, "matches", stats.matches);
	json_member_u64(w, "expired", stats.expired);
	json_member_u64(w, "evicted", stats.evicted);
	json_member_u64(w, "late", stats.late);
	json_object_end(w);
}

static void put_pipeline(const struct agent *agent, struct json_writer *w)
{
	struct pipeline_stats stats;
	struct matcher_stats match;
	struct enrich_stats enrich = enrich_stats(pipeline_enrich(agent->pipeline));

	pipeline_stats(agent->pipeline, &stats);
	matcher_stats(agent->engine->matcher, &match);
	json_member_u64(w, "processed", stats.events);
	json_member_u64(w, "lost", stats.lost);
	json_member_u64(w, "late", stats.late);
	put_sequences(agent, w);
	json_member_u64(w, "process_images", enrich.graph.nodes);
	json_member_u64(w, "unknown_actors", enrich.unknown_actors);
	json_member_u64(w, "rules_loaded", agent->engine->loaded);
	json_member_u64(w, "rules_refused", agent->engine->refused);
	json_member_u64(w, "candidates", match.candidates);
	json_member_u64(w, "regex_limit", match.regex_limit);
	if (agent->detector != NULL) {
		json_member_u64(w, "alerts", detector_alert_count(agent->detector));
		json_member_u64(w, "incidents", detector_incident_count(agent->detector));
	}
}

static void put_output(const struct agent *agent, struct json_writer *w)
{
	struct sink_stats stats;

	sink_stats(agent->sink, &stats);
	json_member_u64(w, "stored_events", agent->stored_events);
	json_member_u64(w, "lines_written", stats.lines);
	json_member_u64(w, "lines_lost", stats.lost_lines);
	json_member_u64(w, "bytes_written", stats.bytes);
	json_member_str(w, "output_error",
		stats.last_error == 0 ? STR("") : str_of(strerror(-stats.last_error)));
}

static void put_status(const struct agent *agent, struct buf *buf)
{
	struct json_writer w = {.buf = buf};
	struct sensor_stats total;

	json_object_begin(&w);
	json_member_u64(&w, "pid", (uint64_t)getpid());
	json_member_str(&w, "host", str_of(agent->host.name));
	json_member_u64(&w, "uptime_seconds", (clock_now_ns() - agent->started_ns) / NS_PER_S);
	put_sensors(agent, &w, &total);
	json_member_u64(&w, "events", total.events);
	json_member_u64(&w, "dropped", total.dropped);
	json_member_u64(&w, "gaps", total.gaps);
	put_pipeline(agent, &w);
	put_output(agent, &w);
	json_member_u64(&w, "reloads", agent->reloads);
	json_member_u64(&w, "resident_bytes", os_self_resident_bytes());
	json_member_u64(&w, "cpu_ns", clock_cpu_ns());
	put_kinds(agent, &w);
	json_object_end(&w);
}

void agent_reply(void *context, struct str request, struct buf *buf)
{
	struct agent *agent = context;

	if (str_is(request, "status")) {
		put_status(agent, buf);
	} else if (str_is(request, "reload")) {
		(void)raise(SIGHUP);
		buf_cstr(buf, "{\"reload\":\"begun\"}");
	} else if (str_is(request, "stop")) {
		(void)raise(SIGTERM);
		buf_cstr(buf, "{\"stop\":\"begun\"}");
	}
}
