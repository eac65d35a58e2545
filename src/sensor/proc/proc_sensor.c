#include "sensor/proc/proc_sensor.h"
#include "sensor/supplies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "sensor/proc/internal.h"

static struct proc_sensor *of(struct sensor *sensor)
{
	return (struct proc_sensor *)sensor;
}

static void proc_close(struct sensor *sensor)
{
	struct proc_sensor *s = of(sensor);
	if (s == NULL)
		return;
	notify_close(&s->notify);
	if (s->connector_fd >= 0)
		close(s->connector_fd);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	pids_close(s->pids);
	arena_destroy(&s->scratch);
	free(s);
}

static int proc_open(const struct sensor_config *config, struct sensor **ret, struct err *err)
{
	struct proc_sensor *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	s->base.ops = &fallback_sensor_ops;
	s->want = config->want;
	s->epoll_fd = s->connector_fd = s->notify.fd = -1;
	s->self = (uint32_t)getpid();
	s->monotonic_offset_ns = clock_now_ns() - clock_monotonic_ns();
	arena_init(&s->scratch, (size_t)4 << 20);
	int r = pids_open(&s->pids);
	if (r == 0)
		r = connector_open(s, err);
	if (r == 0)
		r = notify_open(s, err);
	if (r < 0) {
		proc_close(&s->base);
		return r;
	}
	*ret = &s->base;
	return 0;
}

static int watch(struct proc_sensor *s, int fd, struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_set(err, -errno, "epoll: %s", strerror(errno));
	return 0;
}

static int proc_start(struct sensor *sensor, struct err *err)
{
	struct proc_sensor *s = of(sensor);
	notify_watch(s);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0)
		return err_set(err, -errno, "epoll: %s", strerror(errno));
	int r = watch(s, s->connector_fd, err);
	return r < 0 ? r : watch(s, s->notify.fd, err);
}

static int proc_want(struct sensor *sensor, const struct sensor_want *want, struct err *err)
{
	struct proc_sensor *s = of(sensor);
	s->want = *want;
	notify_watch(s);
	return 0;
}

void proc_gap(struct proc_sensor *s, struct batch *batch, const char *source)
{
	struct event *event = event_begin(batch, KIND_sensor_gap, clock_now_ns());
	event->os = OS_LINUX;
	ev_cstr(batch, FIELD_merlon_gap_reason, "the kernel's queue was full");
	ev_cstr(batch, FIELD_merlon_gap_source, source);
	ev_text_ref(batch, FIELD_merlon_sensor, STR("fallback"));
	event_commit(batch);
	s->stats.gaps++;
	s->stats.dropped++; /* how many is not told */
}

static int proc_next(struct sensor *sensor, struct batch *batch, int timeout_ms, struct err *err)
{
	struct proc_sensor *s = of(sensor);
	struct epoll_event events[2];
	uint32_t before = batch->count;

	if (epoll_wait(s->epoll_fd, events, 2, timeout_ms) < 0 && errno != EINTR)
		return err_set(err, -errno, "epoll: %s", strerror(errno));
	/* processes first: what they are is read from /proc before they are gone */
	int count = connector_read(s, batch);
	count += notify_read(s, batch);
	s->stats.records += (uint64_t)count;
	s->stats.accepted = s->stats.records;
	for (uint32_t i = before; i < batch->count; i++) {
		s->stats.kinds[batch->events[i]->kind]++;
		batch->events[i]->index = s->stats.events++;
	}
	return count == 0 && batch->count > before ? 1 : count;
}

static void proc_stats(const struct sensor *sensor, struct sensor_stats *ret)
{
	*ret = ((const struct proc_sensor *)sensor)->stats;
}

static int proc_poll_fd(const struct sensor *sensor)
{
	return ((const struct proc_sensor *)sensor)->epoll_fd;
}

static const uint16_t kinds[] = {KIND_process_fork, KIND_process_exec, KIND_process_exit,
	KIND_process_uid_change, KIND_process_gid_change, KIND_process_session_change,
	KIND_process_ptrace, KIND_file_open, KIND_file_create, KIND_file_modify, KIND_file_rename,
	KIND_file_delete, KIND_sensor_gap, KIND_none};

const struct sensor_ops fallback_sensor_ops = {
	.name = "fallback",
	.doc = "process connector and fanotify, where BPF is not permitted; needs root",
	.live = true,
	.fields = supplies_fallback_fields,
	.watches_processes = true,
	.kinds = kinds,
	.open = proc_open,
	.start = proc_start,
	.want = proc_want,
	.next = proc_next,
	.stats = proc_stats,
	.poll_fd = proc_poll_fd,
	.close = proc_close,
};
