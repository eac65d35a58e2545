/* Prints what a live sensor sees as ECS lines, without enrichment: for looking and for loss tests.
 *
 * live-dump [-s SENSOR] [-t SECONDS] [-k KIND]… [-r READ-PREFIX]… [-e ENV-NAME]… [-a PID]…
 *           [-o OPTION] [-q]
 * All kinds unless -k is given; -q counts only. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "event/ecs.h"
#include "sensor/sensor.h"

#define LIST_MAX 32
static volatile sig_atomic_t stopped;

static void on_stop(int number)
{
	(void)number;
	stopped = 1;
}

struct options {
	const char *sensor;
	double seconds;
	bool quiet, some_kinds;
	const char *reads[LIST_MAX], *names[LIST_MAX];
	uint32_t pids[LIST_MAX];
	struct sensor_config config;
};

static void want_kind(struct options *o, const char *action)
{
	o->some_kinds = true;
	for (unsigned i = 0; i < schema_kind_count; i++)
		if (strcmp(schema_kinds[i].ident, action) == 0)
			sensor_want_kind(&o->config.want, (enum event_kind)schema_kinds[i].number);
}

static bool parse(struct options *o, int argc, char **argv)
{
	struct sensor_want *want = &o->config.want;
	int c;
	while ((c = getopt(argc, argv, "s:t:k:r:e:a:o:q")) != -1) {
		switch (c) {
		case 's':
			o->sensor = optarg;
			break;
		case 't':
			o->seconds = strtod(optarg, NULL);
			break;
		case 'k':
			want_kind(o, optarg);
			break;
		case 'r':
			if (want->read_path_count < LIST_MAX)
				o->reads[want->read_path_count++] = optarg;
			break;
		case 'e':
			if (want->env_name_count < LIST_MAX)
				o->names[want->env_name_count++] = optarg;
			break;
		case 'a':
			if (want->audit_pid_count < LIST_MAX)
				o->pids[want->audit_pid_count++] = (uint32_t)strtoul(
					optarg, NULL, 10);
			break;
		case 'o':
			o->config.option = optarg;
			break;
		case 'q':
			o->quiet = true;
			break;
		default:
			return false;
		}
	}
	for (unsigned kind = 1; !o->some_kinds && kind < KIND_MAX; kind++)
		sensor_want_kind(want, (enum event_kind)kind);
	want->read_paths = o->reads;
	want->env_names = o->names;
	want->audit_pids = o->pids;
	return true;
}

static void print_stats(const struct sensor *sensor)
{
	struct sensor_stats stats;
	sensor->ops->stats(sensor, &stats);
	fprintf(stderr,
		"records %llu events %llu skipped %llu dropped %llu bytes %llu cpu %.3f s\n",
		(unsigned long long)stats.records, (unsigned long long)stats.events,
		(unsigned long long)stats.skipped, (unsigned long long)stats.dropped,
		(unsigned long long)stats.bytes, (double)clock_cpu_ns() / 1e9);
	for (unsigned kind = 1; kind < KIND_MAX; kind++)
		if (stats.kinds[kind] > 0)
			fprintf(stderr, "%10llu %s\n", (unsigned long long)stats.kinds[kind],
				schema_kind(kind)->ident);
}

static int run(const struct options *o, struct sensor *sensor, struct batch *batch,
	struct view *view, struct err *err)
{
	uint64_t end = clock_monotonic_ns() + (uint64_t)(o->seconds * 1e9);
	struct buf buf = {0};
	int r = sensor->ops->start(sensor, err);
	fprintf(stderr, "started\n");
	while (r >= 0 && !stopped && (o->seconds == 0 || clock_monotonic_ns() < end)) {
		r = sensor->ops->next(sensor, batch, 100, err);
		for (uint32_t i = 0; i < batch->count && !o->quiet; i++) {
			buf_clear(&buf);
			view_load(view, batch->events[i]);
			ecs_write(&buf, view);
			buf_char(&buf, '\n');
			fwrite(buf.ptr, 1, buf.len, stdout);
		}
		fflush(stdout);
		batch_clear(batch);
	}
	buf_destroy(&buf);
	return r;
}

int main(int argc, char **argv)
{
	struct options o = {.sensor = "bpf"};
	struct fields *fields = NULL;
	struct batch *batch = NULL;
	struct view *view = NULL;
	struct sensor *sensor = NULL;
	struct err err = {0};

	if (!parse(&o, argc, argv))
		return 2;
	const struct sensor_ops *ops = sensor_live_by_name(str_of(o.sensor));
	if (ops == NULL || fields_create(&fields, &err) < 0) {
		fprintf(stderr, "no sensor %s\n", o.sensor);
		return 2;
	}
	fields_want_all(fields);
	o.config.want.fields = fields;
	if (fields_freeze(fields, &err) < 0 || batch_create(fields, &batch) < 0 ||
		view_create(fields, &view) < 0)
		return 1;
	signal(SIGINT, on_stop);
	signal(SIGTERM, on_stop);
	int r = ops->open(&o.config, &sensor, &err);
	if (r >= 0) {
		r = run(&o, sensor, batch, view, &err);
		print_stats(sensor);
		ops->close(sensor);
	}
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	view_destroy(view);
	batch_destroy(batch);
	fields_destroy(fields);
	return r < 0;
}
