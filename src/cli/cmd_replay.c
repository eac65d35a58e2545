/* replay: a recording through the whole pipeline. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agent/detector.h"
#include "agent/sink.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/terminal.h"
#include "event/ecs.h"
#include "event/recording.h"

#define DEFAULT_REORDER_NS (5 * NS_PER_S)

struct replay {
	const struct args *args;
	bool json, events, quiet;
	bool silent; /* standard output is the recording's */
	struct inputs inputs;
	struct engine *engine;
	struct pipeline *pipeline;
	struct detector *detector;
	struct sink *save;
	struct recording_writer *recording;
	struct buf line, incidents;
	uint64_t told; /* stories */
};

static void print_line(struct replay *r)
{
	buf_char(&r->line, '\n');
	(void)fwrite(r->line.ptr, 1, r->line.len, stdout);
}

static void on_alert(void *context, struct str json)
{
	struct replay *r = context;

	if (!r->json || r->events)
		return;
	(void)fwrite(json.ptr, 1, json.len, stdout);
	(void)fputc('\n', stdout);
}

/* Lines of incidents come after those of all alerts: they wait in r->incidents. */
static void on_incident(void *context, const struct incident *incident, enum incident_news news)
{
	struct replay *r = context;
	struct story_options story = {.colour = terminal_has_colour(stdout),
		.unicode = terminal_has_unicode(),
		.width = terminal_width(stdout),
		.news = news};

	if (r->events || r->silent || news != INCIDENT_CLOSED)
		return;
	if (r->json) {
		incident_write(&r->incidents, incident);
		buf_char(&r->incidents, '\n');
		return;
	}
	if (r->told++ > 0)
		(void)fputc('\n', stdout);
	buf_clear(&r->line);
	incident_story(&r->line, incident, &story);
	(void)fwrite(r->line.ptr, 1, r->line.len, stdout);
}

static void on_event(void *context, const struct view *view)
{
	struct replay *r = context;

	detector_event(r->detector, view);
	if (r->save != NULL) {
		buf_clear(&r->line);
		recording_write(r->recording, &r->line, view->event);
		sink_bytes(r->save, buf_view(&r->line));
	}
	if (r->events) {
		buf_clear(&r->line);
		ecs_write(&r->line, view);
		print_line(r);
	}
}

static void on_match(
	void *context, const struct view *view, const struct rule *const *rules, uint32_t count)
{
	struct replay *r = context;

	detector_match(r->detector, r->pipeline, view, rules, count);
}

static void on_plans(
	void *context, const struct view *view, const struct cep_match *matches, uint32_t count)
{
	struct replay *r = context;

	detector_plans(r->detector, r->pipeline, view, matches, count);
}

static void print_summary(struct replay *r, const struct sensor_stats *records, uint64_t ns)
{
	struct pipeline_stats stats;
	struct json_writer w = {.buf = &r->line};
	double seconds = (double)(ns == 0 ? 1 : ns) / 1e9;

	pipeline_stats(r->pipeline, &stats);
	buf_clear(&r->line);
	if (!r->json) {
		if (r->quiet || r->events)
			return;
		(void)fprintf(stderr,
			"%s%llu records, %llu skipped; %llu alerts, %llu incidents, %llu gaps; "
			"%u rules; %.2f s, %.0f events/s\n",
			r->told > 0 ? "\n" : "", (unsigned long long)records->records,
			(unsigned long long)records->skipped,
			(unsigned long long)detector_alert_count(r->detector),
			(unsigned long long)detector_incident_count(r->detector),
			(unsigned long long)stats.gaps, r->engine->loaded, seconds,
			(double)stats.events / seconds);
		return;
	}
	json_object_begin(&w);
	json_member_str(&w, "kind", STR("summary"));
	json_member_u64(&w, "records", records->records);
	json_member_u64(&w, "accepted", records->accepted);
	json_member_u64(&w, "skipped", records->skipped);
	if (records->tokens > 0)
		json_member_u64(&w, "tokens", records->tokens);
	json_member_u64(&w, "events", stats.events);
	json_member_u64(&w, "gaps", stats.gaps);
	json_member_u64(&w, "late", stats.late);
	json_member_u64(&w, "alerts", detector_alert_count(r->detector));
	json_member_u64(&w, "incidents", detector_incident_count(r->detector));
	json_key(&w, STR("seconds"));
	json_put_double(&w, (double)(int64_t)(seconds * 1e6) / 1e6);
	json_key(&w, STR("events_per_second"));
	json_put_double(&w, (double)(int64_t)((double)stats.events / seconds));
	json_member_u64(&w, "rules_loaded", r->engine->loaded);
	json_member_u64(&w, "rules_refused", r->engine->refused);
	json_object_end(&w);
	if (!r->events)
		print_line(r);
}

static void want(void *context, struct fields *fields)
{
	(void)context;
	detector_want(fields);
}

static int make_engine(struct replay *r, struct arena *arena, struct err *err)
{
	struct engine_options options = {
		.cache = true,
		.report = inputs_report_rule,
		.report_context = &r->quiet,
		.want = want,
		.want_all = r->events || args_value(r->args, "save") != NULL,
		.enrich = true,
	};
	int rc = inputs_rules(r->args, !args_has(r->args, "no-rules"), arena, &options.rule_paths,
		&options.rule_path_count, err);

	return rc == 0 ? engine_create(&options, &r->engine, err) : rc;
}

static int open_save(struct replay *r, struct err *err)
{
	const char *path = args_value(r->args, "save");
	struct sink_options options = {.from_empty = true}; /* a recording is one run's */

	if (path == NULL)
		return 0;
	if (inputs_have(&r->inputs, path))
		return err_set(err, -EINVAL, "'%s' is an input: it would be overwritten", path);
	int rc = sink_open(path, &options, &r->save, err);
	if (rc == 0 && recording_writer_create(r->engine->fields, &r->recording) != 0)
		rc = err_set(err, -ENOMEM, "out of memory");
	return rc;
}

static int prepare(struct replay *r, struct arena *arena, struct err *err)
{
	const char *order = args_value(r->args, "order");
	struct pipeline_options pipeline = {
		.reorder_ns = args_duration_ns(r->args, "reorder", DEFAULT_REORDER_NS),
		.sort_all = order != NULL && strcmp(order, "time") == 0,
		.context = r,
		.on_event = on_event,
		.on_match = on_match,
		.on_plans = on_plans,
		.host = FIELD_host_id,
	};
	int rc = inputs_collect(r->args, 0, &r->inputs, err);

	pipeline.captures = detector_captures(&pipeline.capture_count);
	if (rc == 0)
		rc = make_engine(r, arena, err);
	if (rc == 0)
		rc = open_save(r, err);
	if (rc == 0)
		rc = pipeline_create(r->engine, &pipeline, &r->pipeline, err);
	struct detector_options detector = {
		.sources = r->inputs.names,
		.source_count = r->inputs.count,
		.context = r,
		.on_alert = on_alert,
		.on_incident = on_incident,
	};
	return rc == 0 ? detector_create(&detector, &r->detector, err) : rc;
}

static int replay(struct replay *r, struct err *err)
{
	struct sensor_stats records = {0};
	const struct inputs_options options = {
		.format = args_value(r->args, "format"), .quiet = r->quiet};
	uint64_t begin = clock_monotonic_ns();
	int rc = inputs_run(&r->inputs, &options, r->pipeline, &records, err);

	if (rc == 0) {
		detector_finish(r->detector);
		if (r->incidents.len > 0)
			(void)fwrite(r->incidents.ptr, 1, r->incidents.len, stdout);
		if (r->incidents.failed)
			rc = err_set(err, -ENOMEM, "out of memory: too many incidents");
	}
	if (rc == 0)
		print_summary(r, &records, clock_monotonic_ns() - begin);
	int saved = sink_close(r->save);
	r->save = NULL;
	if (rc == 0 && saved != 0)
		rc = err_set(err, saved, "cannot write '%s': %s", args_value(r->args, "save"),
			strerror(-saved));
	if (fflush(stdout) != 0 && rc == 0)
		rc = err_set(err, -errno, "cannot write the output: %s", strerror(errno));
	return rc;
}

static int run_replay(const struct args *args)
{
	struct replay r = {
		.args = args,
		.json = args_has(args, "json"),
		.events = args_has(args, "events"),
		.quiet = args_has(args, "quiet"),
	};
	struct arena arena;
	struct err err = {0};
	const char *save = args_value(args, "save");

	r.silent = save != NULL && strcmp(save, "-") == 0;
	if (r.silent && (r.json || r.events))
		return args_wrong(args, "standard output takes only one of --save -, --json and "
					"--events");
	arena_init(&arena, 0);
	int rc = prepare(&r, &arena, &err);
	if (rc == 0)
		rc = replay(&r, &err);
	if (rc != 0)
		(void)fprintf(stderr, "merlon replay: %s\n", err.text);
	(void)sink_close(r.save);
	detector_destroy(r.detector);
	pipeline_destroy(r.pipeline);
	recording_writer_destroy(r.recording);
	engine_destroy(r.engine);
	inputs_destroy(&r.inputs);
	buf_destroy(&r.line);
	buf_destroy(&r.incidents);
	arena_destroy(&arena);
	return rc == 0 ? STATUS_OK : STATUS_FAILURE;
}

static const char *const orders[] = {"window", "time", NULL};

static const struct option options[] = {
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_RULES,
	OPTION_NO_RULES,
	OPTION_FORMAT,
	{.name = "events",
		.doc = "Print the enriched events as ECS NDJSON instead of alerts and incidents. "
		       "What "
		       "the input says and Merlon has no name for is kept."},
	{.name = "save",
		.type = OPTION_PATH,
		.argument = "FILE|-",
		.doc = "Also keep the events as a recording of Merlon's own, which is faster to "
		       "read. With - nothing else is printed on standard output."},
	{.name = "reorder",
		.type = OPTION_DURATION,
		.argument = "TIME",
		.doc = "Put events in order of time within this window of event time; 0 keeps the "
		       "order "
		       "of the input. By default 5s."},
	{.name = "order",
		.type = OPTION_CHOICE,
		.argument = "ORDER",
		.choices = orders,
		.doc = "window (default): see --reorder. time: sort everything first, through "
		       "temporary "
		       "files."},
	OPTION_END,
};

const struct command cmd_replay = {
	.name = "replay",
	.operands = "FILE…|-",
	.operands_min = 1,
	.operands_max = OPERANDS_MANY,
	.summary = "Find incidents in recordings",
	.doc = "Runs recordings through the whole pipeline, as the live agent would: process "
	       "graph, "
	       "rules, incidents. Prints a story for each incident; with --json a line for each "
	       "alert, "
	       "then for each incident, then a summary.\n\n"
	       "Recordings are JSON documents with ECS names (NDJSON, arrays, pretty-printed, or "
	       "wrapped "
	       "by Elasticsearch and Kibana), eslogger's messages, OpenBSM trails, Jamf telemetry, "
	       "Linux "
	       "audit.log, syslog lines and Merlon's own; gzip and zstd are read as they are. A "
	       "directory "
	       "stands for the files below it. A broken record is told on standard error and "
	       "skipped.\n\n"
	       "The same recording and rules give the same output, byte for byte, but for the "
	       "times in "
	       "the summary.",
	.options = options,
	.run = run_replay,
};
