#include "sensor/bpf/bpf_sensor.h"
#include "sensor/supplies.h"
#include "sensor/bpf/probe.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "os/self.h"
#include "sensor/bpf/cgroups.h"
#include "sensor/bpf/config.h"
#include "sensor/bpf/decode.h"
#include "sensor/bpf/ring.h"
#include "sensor/bpf/skeleton.h"

#define RING_BYTES     ((size_t)8 << 20)
#define RING_BYTES_MIN ((size_t)64 << 10)
#define RING_BYTES_MAX ((size_t)1 << 30)
/* How often the ring is looked at. The probes wake nobody below the watermark. */
#define INTERVAL_MS	 8
#define IDLE_INTERVAL_MS 16
/* A caller that waits for poll_fd: how often it looks while there is work; and, after some looks in
 * vain, how long it may wait for the record that wakes it. */
#define BUSY_MS	   20
#define REST_MS	   1000
#define REST_AFTER 4
#define MISSES_NS  (2 * NS_PER_S) /* between looks at counters that cost system calls */
/* of one call to next(): small batches, since a batch's memory is free again only when its last event
 * is done with */
#define RECORDS_MAX 512
#define BYTES_MAX   ((size_t)256 << 10)

struct bpf_sensor {
	struct sensor base;
	const struct sensor_config *config;
	struct loaded loaded;
	struct ring ring;
	struct cgroups *cgroups;
	struct decoder decoder;
	struct sensor_stats stats;
	int cgroup_fd, cpus;
	char root[256]; /* os_self_root() */
	uint64_t last_drain_ns, last_misses_ns;
	uint64_t misses;
	unsigned idle; /* drains in a row that found nothing */
	bool rested;
	uint64_t lost[CONTROL_CPUS];
};

static struct bpf_sensor *of(struct sensor *sensor)
{
	return (struct bpf_sensor *)sensor;
}

static int ring_bytes(const char *option, size_t *ret, struct err *err)
{
	struct str text = str_of(option), key = STR("ring=");
	uint64_t bytes;
	*ret = RING_BYTES;
	if (text.len == 0)
		return 0;
	if (!str_starts(text, key) || !str_to_u64(str_n(text.ptr + 5, text.len - 5), &bytes) ||
		bytes < RING_BYTES_MIN || bytes > RING_BYTES_MAX || (bytes & (bytes - 1)) != 0)
		return err_set(err, -EINVAL,
			"sensor option \"%s\": expected ring=BYTES, a power of two from %zu to %zu",
			option, RING_BYTES_MIN, RING_BYTES_MAX);
	*ret = (size_t)bytes;
	return 0;
}

static void bpf_close(struct sensor *sensor)
{
	struct bpf_sensor *s = of(sensor);
	if (s == NULL)
		return;
	ring_close(&s->ring);
	load_close(&s->loaded);
	cgroups_close(s->cgroups);
	if (s->cgroup_fd >= 0)
		close(s->cgroup_fd);
	free(s);
}

static int bpf_open(const struct sensor_config *config, struct sensor **ret, struct err *err)
{
	size_t bytes;
	int r = ring_bytes(config->option, &bytes, err);
	if (r < 0)
		return r;
	struct bpf_sensor *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	s->base.ops = &bpf_sensor_ops;
	s->config = config;
	s->cgroup_fd = -1;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	s->cpus = cpus < 1 || cpus > CONTROL_CPUS ? CONTROL_CPUS : (int)cpus;
	s->ring = (struct ring){.map_fd = -1, .epoll_fd = -1};
	r = cgroups_open(&s->cgroups);
	if (r == 0)
		r = load_open(&s->loaded, bytes, err);
	if (r == 0)
		r = ring_open(&s->ring, bpf_map__fd(s->loaded.skeleton->maps.ring), bytes, err);
	if (r < 0) {
		bpf_close(&s->base);
		return r;
	}
	s->loaded.old_cgroups = cgroups_has_v1(s->cgroups);
	os_self_root(s->root, sizeof(s->root));
	decoder_init(&s->decoder, s->cgroups, str_of(s->root));
	if (cgroups_mount(s->cgroups) != NULL)
		s->cgroup_fd = open(cgroups_mount(s->cgroups), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->loaded.skeleton->bss->control.wake_bytes = bytes / 4;
	*ret = &s->base;
	return 0;
}

static int bpf_want(struct sensor *sensor, const struct sensor_want *want, struct err *err)
{
	struct bpf_sensor *s = of(sensor);
	return config_apply(&s->loaded, want, s->decoder.root, s->cgroup_fd, err);
}

static int bpf_start(struct sensor *sensor, struct err *err)
{
	return bpf_want(sensor, &of(sensor)->config->want, err);
}

/* ---- loss ---- */

static void report_gap(
	struct bpf_sensor *s, struct batch *batch, uint64_t count, const char *reason, int cpu)
{
	struct event *event = event_begin(batch, KIND_sensor_gap, clock_now_ns());
	event->os = OS_LINUX;
	ev_uint(batch, FIELD_merlon_gap_count, count);
	ev_cstr(batch, FIELD_merlon_gap_reason, reason);
	if (cpu >= 0)
		ev_printf(batch, FIELD_merlon_gap_source, "cpu %d", cpu);
	ev_text_ref(batch, FIELD_merlon_sensor, STR("bpf"));
	event_commit(batch);
	s->stats.dropped += count;
	s->stats.gaps++;
}

static void look_for_loss(struct bpf_sensor *s, struct batch *batch, uint64_t now)
{
	const struct control_loss *losses = s->loaded.skeleton->bss->losses;
	for (int cpu = 0; cpu < s->cpus; cpu++) {
		uint64_t lost = __atomic_load_n(&losses[cpu].lost, __ATOMIC_RELAXED);
		if (lost == s->lost[cpu])
			continue;
		report_gap(s, batch, lost - s->lost[cpu], "the event ring was full", cpu);
		s->lost[cpu] = lost;
	}
	if (now - s->last_misses_ns < MISSES_NS)
		return;
	s->last_misses_ns = now;
	uint64_t misses = load_misses(&s->loaded);
	if (misses > s->misses)
		report_gap(s, batch, misses - s->misses, "a probe was already running", -1);
	s->misses = misses;
}

/* ---- reading ---- */

static int drain(struct bpf_sensor *s, struct batch *batch)
{
	size_t len, bytes = 0;
	const void *record;
	uint32_t before = batch->count;
	int count = 0;

	while (count < RECORDS_MAX && bytes < BYTES_MAX &&
		(record = ring_next(&s->ring, &len)) != NULL) {
		if (!decode_record(&s->decoder, batch, record, len))
			s->stats.skipped++;
		count++;
		bytes += len;
	}
	ring_release(&s->ring);
	for (uint32_t i = before; i < batch->count; i++) {
		s->stats.kinds[batch->events[i]->kind]++;
		batch->events[i]->index = s->stats.events++;
	}
	s->stats.records += (uint64_t)count;
	s->stats.bytes += bytes;
	s->stats.accepted = s->stats.records - s->stats.skipped;
	return count;
}

static int wait_ms(const struct bpf_sensor *s, uint64_t now, int left_ms)
{
	int interval = s->idle > 64 ? IDLE_INTERVAL_MS : INTERVAL_MS;
	int passed = (int)((now - s->last_drain_ns) / NS_PER_MS);
	int wait = passed >= interval ? 0 : interval - passed;
	return wait < left_ms ? wait : left_ms;
}

static int bpf_next(struct sensor *sensor, struct batch *batch, int timeout_ms, struct err *err)
{
	struct bpf_sensor *s = of(sensor);
	uint64_t now = clock_monotonic_ns(), end = now + (uint64_t)timeout_ms * NS_PER_MS;
	uint32_t before = batch->count;

	if (s->rested) {
		s->rested = false;
		__atomic_store_n(&s->loaded.skeleton->bss->control.resting, 0, __ATOMIC_RELAXED);
		ring_wait(&s->ring, 0); /* or poll_fd would stay readable */
	}
	for (;;) {
		int left = now >= end ? 0 : (int)((end - now + NS_PER_MS - 1) / NS_PER_MS);
		int wait = wait_ms(s, now, left);
		if (wait > 0 && ring_waiting(&s->ring) < s->ring.size / 4)
			ring_wait(&s->ring, wait);
		now = clock_monotonic_ns();
		s->last_drain_ns = now;
		int count = drain(s, batch);
		look_for_loss(s, batch, now);
		s->idle = count == 0 ? s->idle + 1 : 0;
		if (count > 0 || batch->count > before)
			return count > 0 ? count : 1;
		if (now >= end)
			return 0;
	}
}

static int bpf_poll_fd(const struct sensor *sensor)
{
	return ((const struct bpf_sensor *)sensor)->ring.epoll_fd;
}

/* The flag is set before the ring is looked at, so that a record is seen here or wakes; one whose
 * probe had read the flag before but not yet reserved its place waits for the end of the rest. */
static int bpf_rest_ms(struct sensor *sensor)
{
	struct bpf_sensor *s = of(sensor);

	s->rested = true;
	if (s->idle < REST_AFTER)
		return BUSY_MS;
	__atomic_store_n(&s->loaded.skeleton->bss->control.resting, 1, __ATOMIC_SEQ_CST);
	return ring_waiting(&s->ring) > 0 ? 0 : REST_MS;
}

static void bpf_stats(const struct sensor *sensor, struct sensor_stats *ret)
{
	*ret = ((const struct bpf_sensor *)sensor)->stats;
}

const struct sensor_ops bpf_sensor_ops = {
	.name = "bpf",
	.doc = "eBPF probes: processes, files, network, modules; needs root or CAP_BPF and "
	       "CAP_PERFMON",
	.live = true,
	.watches_processes = true,
	.kinds = supplies_bpf_kinds,
	.fields = supplies_bpf_fields,
	.capabilities = bpf_sensor_capabilities,
	.open = bpf_open,
	.start = bpf_start,
	.want = bpf_want,
	.next = bpf_next,
	.stats = bpf_stats,
	.poll_fd = bpf_poll_fd,
	.rest_ms = bpf_rest_ms,
	.close = bpf_close,
};
