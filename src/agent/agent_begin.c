/* Making the agent's parts, taking them down, and rules again. */
#include "agent/agent_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "agent/log.h"
#include "agent/watch.h"
#include "base/err.h"
#include "enrich/seed.h"
#include "event/ecs.h"

#define LIVE_REORDER_NS (50 * UINT64_C(1000000)) /* sensors are read one after the other */
/* Anybody can begin sequences: what they fill must not be the machine's memory. */
#define LIVE_PLAN_BYTES ((size_t)32 << 20)
#define LIVE_REORDER_EVENTS \
	2048 /* a burst must not fill memory while it waits to be put in order */

/* ---- what comes out ---- */

static void put_line(void *context, struct str json)
{
	struct agent *agent = context;

	sink_line(agent->sink, json);
}

static void put_incident(void *context, const struct incident *incident, enum incident_news news)
{
	struct agent *agent = context;
	struct story_options story = {
		.colour = agent->options->colour, .unicode = agent->options->unicode, .news = news};

	buf_clear(&agent->line);
	incident_write(&agent->line, incident);
	sink_line(agent->sink, buf_view(&agent->line));
	/* the end of an incident is no news on a terminal, once it has been told */
	if (!agent->options->stories || (news == INCIDENT_CLOSED && incident->tellings > 0))
		return;
	buf_clear(&agent->line);
	incident_story(&agent->line, incident, &story);
	(void)fwrite(agent->line.ptr, 1, agent->line.len, stdout);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}

static void ask_for_hash(struct agent *agent, const struct view *view)
{
	const struct value *inode = view_get(view, FIELD_process_inode);
	const struct value *pid = view_get(view, FIELD_process_pid);
	struct hash_request request = {
		.path = view_text(view, FIELD_process_executable),
		.entity_id = view_text(view, FIELD_process_entity_id),
		.pid = pid != NULL && pid->type == VALUE_INT ? (uint32_t)pid->i64 : 0,
		.inode = inode != NULL && inode->type == VALUE_INT ? (uint64_t)inode->i64 : 0,
	};

	if (request.path.len > 0)
		hasher_ask(agent->hasher, &request);
}

/* Once a rule or the output wants them; after that they stay. */
static void start_hashing(struct agent *agent)
{
	const struct hasher_options options = {0};
	struct err err = {0};

	if (agent->hasher != NULL || !fields_wanted(fields_wanted_bits(agent->engine->fields),
					     FIELD_process_hash_sha256))
		return;
	if (hasher_create(&options, &agent->hasher, &err) != 0)
		log_say(LOG_LEVEL_WARNING, "executables are not hashed: %s", err.text);
}

static void on_event(void *context, const struct view *view)
{
	struct agent *agent = context;

	if (agent->hasher != NULL && view->event->kind == KIND_process_exec)
		ask_for_hash(agent, view);

	if (agent->detector != NULL)
		detector_event(agent->detector, view);
	buf_clear(&agent->line);
	if (agent->recording != NULL) {
		recording_write(agent->recording, &agent->line, view->event);
		sink_bytes(agent->sink, buf_view(&agent->line));
	} else if (agent->options->config->store_events) {
		ecs_write(&agent->line, view);
		sink_line(agent->sink, buf_view(&agent->line));
	} else {
		return;
	}
	agent->stored_events++;
}

static void on_match(
	void *context, const struct view *view, const struct rule *const *rules, uint32_t count)
{
	struct agent *agent = context;

	if (agent->detector != NULL)
		detector_match(agent->detector, agent->pipeline, view, rules, count);
}

static void on_plans(
	void *context, const struct view *view, const struct cep_match *matches, uint32_t count)
{
	struct agent *agent = context;

	if (agent->detector != NULL)
		detector_plans(agent->detector, agent->pipeline, view, matches, count);
}

static int open_output(struct agent *agent, struct err *err)
{
	const struct config *config = agent->options->config;
	struct sink_options options = {
		.rotate_bytes = config->rotate_mb << 20, .keep_count = (unsigned)config->keep};
	char path[4096];

	if (agent->options->mode == AGENT_RECORD) {
		options.rotate_bytes = 0; /* a recording is one file, of one run */
		options.from_empty = true;
	}
	if (agent->options->output != NULL)
		(void)snprintf(path, sizeof(path), "%s", agent->options->output);
	else
		(void)snprintf(path, sizeof(path), "%s/events.ndjson", config->data);
	return sink_open(path, &options, &agent->sink, err);
}

/* ---- rules ---- */

/* What is stored of an event: all but what other events of the same host tell already, the
 * arguments of leaders and parents. */
static bool is_stored(const struct schema_field *field)
{
	static const char *const told_elsewhere[] = {"process.session_leader.",
		"process.group_leader.", "process.entry_leader.args",
		"process.entry_leader.command_line", "process.parent.args", "process.Ext.ancestry",
		"Effective_process.", "agent.", "data_stream.", "user.effective.", "host.ip"};

	for (size_t i = 0; i < sizeof(told_elsewhere) / sizeof(told_elsewhere[0]); i++)
		if (str_starts(str_of(field->name), str_of(told_elsewhere[i])))
			return false;
	return true;
}

static void want(void *context, struct fields *fields)
{
	const struct agent *agent = context;

	detector_want(fields);
	if (!agent->options->config->store_events)
		return;
	for (unsigned i = 0; i < schema_field_count; i++)
		if (is_stored(&schema_fields[i]))
			fields_want(fields, schema_fields[i].number);
}

static void report_rule(void *context, const struct rule_result *result)
{
	(void)context;
	if (result->status == RULE_REFUSED)
		log_say(LOG_LEVEL_WARNING, "%.*s:%u: rule refused: %.*s", STR_ARG(result->file),
			result->line, STR_ARG(result->reason));
}

static int make_engine(const struct agent *agent, struct engine **ret, struct err *err)
{
	const struct config *config = agent->options->config;
	bool record = agent->options->mode == AGENT_RECORD;
	struct engine_options options = {
		.cache = true,
		.rule_paths = agent->options->rule_paths,
		.rule_path_count = record ? 0 : agent->options->rule_path_count,
		.sigma = {.placeholders = config->placeholders,
			.placeholder_count = (uint32_t)config->placeholder_count},
		.want_all = record,
		.enrich = true,
		.live = true,
		.want = want,
		.want_context = (void *)(uintptr_t)agent,
		.report = report_rule,
	};

	return engine_create(&options, ret, err);
}

/* Kinds that keep the process graph right are wanted whatever the rules say. */
static int make_want(struct agent *agent, struct engine *engine, struct arena *arena,
	struct sensor_want *ret, struct err *err)
{
	const struct agent_options *options = agent->options;
	struct sensor_want want = {.fields = engine->fields};
	bool all = options->mode == AGENT_RECORD || options->config->store_events;
	struct watch watch;
	int rc = watch_read(engine->rules, options->rule_paths, options->rule_path_count,
		options->config, arena, &watch, err);

	if (rc != 0)
		return rc;
	if (all)
		memset(want.kinds, 0xff, sizeof(want.kinds));
	else
		ruleset_kinds(engine->rules, want.kinds);
	enrich_want_kinds(&engine->enrich, want.kinds);
	sensor_want_kind(&want, KIND_sensor_gap);
	want.read_paths = watch.read_paths.items;
	want.read_path_count = watch.read_paths.count;
	want.write_paths = watch.write_paths.items;
	want.write_path_count = watch.write_paths.count;
	want.writes_listed = watch.writes_listed && !all;
	want.env_names = watch.environment.items;
	want.env_name_count = watch.environment.count;
	*ret = want;
	return 0;
}

#define SEED_BATCH 256

/* Tells the graph, and a recording, of the processes that were there before. */
static int seed(struct agent *agent, struct err *err)
{
	struct seed *processes = NULL;
	uint32_t taken = 1;
	int rc = seed_create(&processes, err);

	while (rc == 0 && taken > 0) {
		struct batch *batch = pipeline_take(agent->pipeline);
		if (batch == NULL) {
			rc = err_set(err, -ENOMEM, "out of memory");
			break;
		}
		taken = seed_next(processes, batch, SEED_BATCH);
		rc = pipeline_give(agent->pipeline, batch, err);
	}
	seed_destroy(processes);
	return rc;
}

/* Every sensor hears of it, whatever another says: what they were told before is about to go. */
static void tell_sensors(struct agent *agent)
{
	for (size_t i = 0; i < agent->sensor_count; i++) {
		struct agent_sensor *s = agent->sensors[i];
		struct err err = {0};

		s->config.want = agent->want;
		if (s->sensor->ops->want != NULL &&
			s->sensor->ops->want(s->sensor, &agent->want, &err) != 0)
			log_say(LOG_LEVEL_ERROR, "sensor %s, after reading the rules again: %s",
				s->sensor->ops->name, err.text);
	}
}

void agent_reload(struct agent *agent)
{
	struct err err = {0};
	struct engine *engine = NULL, *old = agent->engine;
	struct arena arena, old_arena = agent->want_arena;
	struct sensor_want want;

	if (agent->options->mode == AGENT_RECORD) {
		log_say(LOG_LEVEL_NOTICE, "a recording has no rules to be read again");
		return;
	}
	arena_init(&arena, 0);
	int rc = make_engine(agent, &engine, &err);
	if (rc == 0)
		rc = make_want(agent, engine, &arena, &want, &err);
	if (rc == 0)
		rc = pipeline_replace_engine(agent->pipeline, engine, &err);
	if (rc != 0) {
		log_say(LOG_LEVEL_ERROR, "rules not read again, the old ones stay: %s", err.text);
		engine_destroy(engine);
		arena_destroy(&arena);
		return;
	}
	agent->engine = engine;
	agent->want = want;
	agent->want_arena = arena;
	tell_sensors(agent);
	arena_destroy(&old_arena);
	engine_destroy(old);
	if (seed(agent, &err) != 0)
		log_say(LOG_LEVEL_ERROR, "after reading the rules again: %s", err.text);
	start_hashing(agent);
	agent->reloads++;
	log_say(LOG_LEVEL_NOTICE, "rules read again: %u in use, %u refused", engine->loaded,
		engine->refused);
}

/* ---- sensors ---- */

static int open_sensor(struct agent *agent, const struct sensor_ops *ops, bool processes_elsewhere,
	struct err *err)
{
	if (agent->sensor_count == AGENT_SENSORS_MAX)
		return err_set(err, -ENOSPC, "more than %d sensors", AGENT_SENSORS_MAX);
	struct agent_sensor *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	s->config.want = agent->want;
	s->config.processes_elsewhere = processes_elsewhere && !ops->watches_processes;
	int rc = ops->open(&s->config, &s->sensor, err);
	if (rc == 0) {
		rc = ops->start(s->sensor, err);
		if (rc != 0)
			ops->close(s->sensor);
	}
	if (rc != 0) {
		free(s);
		return rc;
	}
	agent->sensors[agent->sensor_count++] = s;
	log_say(LOG_LEVEL_NOTICE, "sensor %s: %s", ops->name, ops->doc);
	return 0;
}

void agent_sensor_close(struct agent *agent, struct agent_sensor *s)
{
	struct sensor_stats stats = {0};

	s->sensor->ops->stats(s->sensor, &stats);
	agent->closed.events += stats.events;
	agent->closed.dropped += stats.dropped;
	agent->closed.gaps += stats.gaps;
	s->sensor->ops->close(s->sensor);
	for (size_t i = 0; i < agent->sensor_count; i++)
		if (agent->sensors[i] == s)
			agent->sensors[i] = agent->sensors[--agent->sensor_count];
	free(s);
}

/* Best first in the table: of those that watch processes one is enough, the others add to it. */
static int open_sensors(struct agent *agent, struct err *err)
{
	const struct config_list *asked = &agent->options->config->sensors;
	struct err reason = {0};
	bool have_processes = false;

	for (size_t i = 0; i < asked->count; i++) {
		const struct sensor_ops *ops = sensor_live_by_name(str_of(asked->items[i]));
		have_processes |= ops != NULL && ops->watches_processes;
	}
	for (size_t i = 0; i < asked->count; i++) {
		const struct sensor_ops *ops = sensor_live_by_name(str_of(asked->items[i]));
		if (ops == NULL)
			return err_set(
				err, -EINVAL, "no live sensor is called '%s'", asked->items[i]);
		int rc = open_sensor(agent, ops, have_processes, err);
		if (rc != 0)
			return rc;
	}
	for (size_t i = 0; asked->count == 0 && sensor_table[i] != NULL; i++) {
		const struct sensor_ops *ops = sensor_table[i];
		if (!ops->live || ops->on_request || (ops->watches_processes && have_processes))
			continue;
		int rc = open_sensor(agent, ops, have_processes, &reason);
		if (rc == 0 && ops->watches_processes)
			have_processes = true;
		if (rc != 0)
			log_say(LOG_LEVEL_WARNING, "sensor %s cannot be used: %s", ops->name,
				reason.text);
	}
	if (agent->sensor_count == 0)
		return err_set(err, -EPERM, "no sensor can be used here%s%s",
			reason.text[0] != '\0' ? "; the last said: " : "", reason.text);
	return 0;
}

#define COMMON_COUNT (sizeof(agent->common) / sizeof(agent->common[0]))

/* The last one is long, and left out of recordings, where every event would repeat it. */
static void describe_host(struct agent *agent)
{
	struct os_host *h = &agent->host;

	os_host_read(h);
	for (unsigned i = 0; i < h->ip_count; i++)
		agent->ips[i] = value_text(str_of(h->ips[i]));
	const struct event_field common[] = {
		{FIELD_host_id, value_text(str_of(h->id[0] != '\0' ? h->id : h->name))},
		{FIELD_host_name, value_text(str_of(h->name))},
		{FIELD_host_hostname, value_text(str_of(h->name))},
		{FIELD_host_os_type, value_text(str_of(h->type))},
		{FIELD_host_os_name, value_text(str_of(h->os_name))},
		{FIELD_host_os_version, value_text(str_of(h->os_version))},
		{FIELD_host_os_kernel, value_text(str_of(h->kernel))},
		{FIELD_host_architecture, value_text(str_of(h->architecture))},
		{FIELD_host_ip, {.type = h->ip_count > 0 ? VALUE_LIST : VALUE_NONE,
					.len = h->ip_count,
					.items = agent->ips}},
	};
	memcpy(agent->common, common, sizeof(common));
}

int agent_begin(struct agent *agent, struct err *err)
{
	struct pipeline_options pipeline = {
		.reorder_ns = LIVE_REORDER_NS,
		.reorder_events = LIVE_REORDER_EVENTS,
		.common = agent->common,
		.common_count = COMMON_COUNT - (agent->options->mode == AGENT_RECORD),
		.context = agent,
		.on_event = on_event,
		.on_match = on_match,
		.on_plans = on_plans,
		.host = FIELD_host_id,
		.plan_bytes_max = LIVE_PLAN_BYTES,
	};
	struct detector_options detector = {
		.context = agent, .on_alert = put_line, .on_incident = put_incident};

	pipeline.captures = detector_captures(&pipeline.capture_count);
	describe_host(agent);
	arena_init(&agent->want_arena, 0);
	int rc = open_output(agent, err);
	if (rc == 0)
		agent_boot_load(agent);
	if (rc == 0)
		rc = make_engine(agent, &agent->engine, err);
	if (rc == 0)
		rc = make_want(agent, agent->engine, &agent->want_arena, &agent->want, err);
	if (rc == 0)
		rc = pipeline_create(agent->engine, &pipeline, &agent->pipeline, err);
	if (rc == 0 && agent->options->mode == AGENT_DETECT)
		rc = detector_create(&detector, &agent->detector, err);
	if (rc == 0 && agent->options->mode == AGENT_DETECT)
		agent_state_load(agent);
	if (rc == 0 && agent->options->mode == AGENT_RECORD &&
		recording_writer_create(agent->engine->fields, &agent->recording) != 0)
		rc = err_set(err, -ENOMEM, "out of memory");
	if (rc ==
		0) /* before the processes are listed: what starts in between is seen twice, not missed */
		rc = open_sensors(agent, err);
	if (rc == 0)
		start_hashing(agent);
	return rc == 0 ? seed(agent, err) : rc;
}

void agent_end(struct agent *agent)
{
	hasher_destroy(agent->hasher);
	while (agent->sensor_count > 0)
		agent_sensor_close(agent, agent->sensors[agent->sensor_count - 1]);
	agent_state_save(agent);
	(void)sink_close(agent->sink);
	detector_destroy(agent->detector);
	recording_writer_destroy(agent->recording);
	pipeline_destroy(agent->pipeline);
	engine_destroy(agent->engine);
	control_close(agent->control);
	arena_destroy(&agent->want_arena);
	buf_destroy(&agent->line);
}
