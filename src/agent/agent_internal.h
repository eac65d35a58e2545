/* The agent's parts, shared by its source files only. */
#ifndef MERLON_AGENT_AGENT_INTERNAL_H
#define MERLON_AGENT_AGENT_INTERNAL_H
#include "agent/agent.h"
#include "agent/control.h"
#include "agent/detector.h"
#include "agent/pipeline.h"
#include "agent/sink.h"
#include "enrich/hash.h"
#include "event/recording.h"
#include "os/host.h"

#define AGENT_SENSORS_MAX 8

struct agent_sensor {
	struct sensor *sensor;
	struct sensor_config config; /* must outlive it */
};

struct agent {
	const struct agent_options *options;
	struct engine *engine;
	struct pipeline *pipeline;
	struct detector *detector; /* NULL when recording */
	struct recording_writer *recording;
	struct hasher *hasher; /* NULL when nobody wants hashes of executables */
	struct sink *sink;
	struct control *control;
	struct agent_sensor *sensors[AGENT_SENSORS_MAX]; /* owned; their place must not change */
	size_t sensor_count;
	struct sensor_stats closed; /* of sensors that broke */
	struct sensor_want want;
	struct arena want_arena; /* what want points to */
	struct buf line;
	struct os_host host;
	struct value ips[OS_HOST_IPS_MAX];
	struct event_field common[9]; /* what every event says of the host */
	uint64_t started_ns, flush_at_ns, look_at_ns, heartbeat_at_ns;
	uint64_t stored_events, reloads;
	int output_error;
};

/* agent_begin.c: rules, pipeline, output, sensors; the reverse; and rules again. */
int agent_begin(struct agent *agent, struct err *err);
void agent_end(struct agent *agent);
void agent_reload(struct agent *agent);
void agent_sensor_close(struct agent *agent, struct agent_sensor *sensor);

/* agent_state.c: what outlives the agent: unfinished sequences, and the clock's offset of this boot,
 * which entity ids are made of (before any sensor opens). Failures are logged. */
void agent_boot_load(struct agent *agent);
void agent_state_load(struct agent *agent);
void agent_state_save(struct agent *agent);

/* agent_status.c: control requests. */
void agent_reply(void *context, struct str request, struct buf *buf);
#endif
