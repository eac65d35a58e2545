#include "agent/agent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "agent/agent_internal.h"
#include "agent/log.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "os/self.h"

#define WAIT_MS	     20 /* between looks at a sensor that cannot wake us */
#define FLUSH_MS     200
#define FLUSH_NS     (FLUSH_MS * NS_PER_MS)
#define LOOK_NS	     NS_PER_S /* for what a poll descriptor does not tell: files that are new */
#define HEARTBEAT_NS (60 * NS_PER_S)
#define HASHES_MAX   128
#define ROUNDS_MAX   64 /* batches taken from one sensor before the others get their turn */

static volatile sig_atomic_t stop_wanted, reload_wanted;

static void on_signal(int number)
{
	if (number == SIGHUP)
		reload_wanted = 1;
	else
		stop_wanted = 1;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: poll() must wake */

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

int agent_socket_path(const char *data, char *path, size_t size, struct err *err)
{
	int len = snprintf(path, size, "%s/agent.sock", data);

	return len > 0 && (size_t)len < size
		       ? 0
		       : err_set(err, -ENAMETOOLONG, "data directory '%s': path too long", data);
}

/* Takes what a sensor has; a broken one is closed, loudly. */
static void drain_sensor(struct agent *agent, struct agent_sensor *s)
{
	struct err err = {0};

	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct batch *batch = pipeline_take(agent->pipeline);
		if (batch == NULL) {
			log_say(LOG_LEVEL_ERROR, "out of memory: events wait");
			return;
		}
		int taken = s->sensor->ops->next(s->sensor, batch, 0, &err);
		if (pipeline_give(agent->pipeline, batch, &err) != 0)
			log_say(LOG_LEVEL_ERROR, "%s", err.text);
		if (taken > 0)
			continue;
		if (taken < 0) {
			log_say(LOG_LEVEL_ERROR, "sensor %s stopped: %s", s->sensor->ops->name,
				taken == -ENODATA ? "it has ended" : err.text);
			agent_sensor_close(agent, s);
		}
		return;
	}
}

static void beat(struct agent *agent, uint64_t now_ns)
{
	struct batch *batch = pipeline_take(agent->pipeline);
	struct err err = {0};

	if (batch == NULL)
		return;
	(void)event_begin(batch, KIND_heartbeat, now_ns);
	ev_text_ref(batch, FIELD_merlon_sensor, STR("agent"));
	(void)event_commit(batch);
	(void)pipeline_give(agent->pipeline, batch, &err);
}

static void report_output(struct agent *agent)
{
	struct sink_stats stats;

	sink_stats(agent->sink, &stats);
	if (stats.last_error != agent->output_error) {
		if (stats.last_error != 0)
			log_say(LOG_LEVEL_ERROR,
				"output: %s; sensing goes on, lines are lost and counted until "
				"there is room",
				strerror(-stats.last_error));
		else
			log_say(LOG_LEVEL_NOTICE, "output: writing again, %llu lines were lost",
				(unsigned long long)stats.lost_lines);
		agent->output_error = stats.last_error;
	}
}

static void take_hashes(struct agent *agent)
{
	struct batch *batch = pipeline_take(agent->pipeline);
	struct err err = {0};

	if (batch == NULL)
		return;
	(void)hasher_next(agent->hasher, batch, HASHES_MAX);
	if (pipeline_give(agent->pipeline, batch, &err) != 0)
		log_say(LOG_LEVEL_ERROR, "%s", err.text);
}

static void housekeeping(struct agent *agent)
{
	uint64_t now = clock_now_ns(), steady = clock_monotonic_ns();

	pipeline_tick(agent->pipeline, now);
	if (agent->detector != NULL)
		detector_tick(agent->detector, now);
	if (steady >= agent->flush_at_ns) {
		agent->flush_at_ns = steady + FLUSH_NS;
		(void)sink_flush(agent->sink);
		report_output(agent);
	}
	if (steady >= agent->heartbeat_at_ns) {
		agent->heartbeat_at_ns = steady + HEARTBEAT_NS;
		beat(agent, now);
	}
	if (reload_wanted) {
		reload_wanted = 0;
		agent_reload(agent);
	}
}

/* What the loop waits for: control, hashes, then those sensors that can wake it. */
struct wait {
	struct pollfd fds[AGENT_SENSORS_MAX + 2];
	nfds_t count;
	int control, hashes, place[AGENT_SENSORS_MAX]; /* in fds, or -1 */
	int ms;
};

static int wait_add(struct wait *w, int fd)
{
	if (fd < 0)
		return -1;
	w->fds[w->count] = (struct pollfd){.fd = fd, .events = POLLIN};
	return (int)w->count++;
}

static bool wait_ready(const struct wait *w, int place)
{
	return place >= 0 && w->fds[place].revents != 0;
}

static void wait_for_work(struct agent *agent, struct wait *w)
{
	*w = (struct wait){.ms = FLUSH_MS};
	w->control = wait_add(w, control_fd(agent->control));
	w->hashes = wait_add(w, agent->hasher == NULL ? -1 : hasher_poll_fd(agent->hasher));
	for (size_t i = 0; i < agent->sensor_count; i++) {
		struct sensor *sensor = agent->sensors[i]->sensor;
		const struct sensor_ops *ops = sensor->ops;
		w->place[i] = wait_add(w, ops->poll_fd == NULL ? -1 : ops->poll_fd(sensor));
		int rest = w->place[i] < 0 ? WAIT_MS : FLUSH_MS;
		if (ops->rest_ms != NULL)
			rest = ops->rest_ms(sensor);
		w->ms = rest < w->ms ? rest : w->ms;
	}
	(void)poll(w->fds, w->count, w->ms);
}

static void read_sensors(struct agent *agent, const struct wait *w)
{
	uint64_t now = clock_monotonic_ns();
	bool all = now >= agent->look_at_ns;

	if (all)
		agent->look_at_ns = now + LOOK_NS;
	for (size_t i = agent->sensor_count; i > 0; i--) { /* a broken one leaves the list */
		struct agent_sensor *s = agent->sensors[i - 1];
		bool by_time = w->place[i - 1] < 0 || s->sensor->ops->rest_ms != NULL;
		if (all || by_time || wait_ready(w, w->place[i - 1]))
			drain_sensor(agent, s);
	}
}

static void loop(struct agent *agent)
{
	uint64_t begin = clock_monotonic_ns();
	uint64_t limit = agent->options->stop_after_ns;

	while (!stop_wanted && agent->sensor_count > 0) {
		struct wait wait;
		wait_for_work(agent, &wait);
		read_sensors(agent, &wait);
		if (wait_ready(&wait, wait.hashes))
			take_hashes(agent);
		housekeeping(agent);
		if (wait_ready(&wait, wait.control))
			control_serve(agent->control, agent_reply, agent);
		if (limit != 0 && clock_monotonic_ns() - begin >= limit)
			return;
	}
}

static void stop(struct agent *agent)
{
	struct err err = {0};

	for (size_t i = agent->sensor_count; i > 0; i--) {
		drain_sensor(agent, agent->sensors[i - 1]);
		if (i <= agent->sensor_count)
			agent_sensor_close(agent, agent->sensors[i - 1]);
	}
	if (pipeline_flush(agent->pipeline, &err) != 0)
		log_say(LOG_LEVEL_ERROR, "%s", err.text);
	if (agent->detector != NULL)
		detector_finish(agent->detector);
}

int agent_run(const struct agent_options *options, struct err *err)
{
	struct agent agent = {.options = options, .started_ns = clock_now_ns()};
	char path[256];

	log_set_level(options->quiet ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE);
	int rc = file_make_dir(options->config->data, 0700, err);
	if (rc == 0)
		rc = file_check_own_dir(options->config->data, err);
	if (rc == 0)
		rc = agent_socket_path(options->config->data, path, sizeof(path), err);
	if (rc == 0)
		rc = control_open(path, &agent.control, err);
	if (rc == 0)
		rc = agent_begin(&agent, err);
	if (rc == 0) {
		stop_wanted = reload_wanted = 0;
		catch_signals();
		os_self_trim_memory(); /* rules are read by now */
		loop(&agent);
		stop(&agent);
		if (!stop_wanted && options->stop_after_ns == 0)
			rc = err_set(err, -EIO,
				"no sensor is left; `merlon doctor` says what this machine can do");
	}
	agent_end(&agent);
	return rc;
}
