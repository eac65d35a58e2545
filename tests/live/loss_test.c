/* loss-test: nothing is lost in a burst, and what is lost by force is counted to the last event. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "sensor/sensor.h"

struct shared {
	volatile int go;
	volatile uint64_t done;
};

struct burst {
	const char *name, *option;
	uint64_t count;
	bool force; /* the reader sleeps until the burst is over */
};

static int number, failures;

static void result(const char *name, bool ok, const char *skip)
{
	printf("%sok %d - %s%s%s\n", ok ? "" : "not ", ++number, name, skip ? " # SKIP " : "",
		skip ? skip : "");
	failures += !ok;
}

static void act(struct shared *shared, uint64_t count, const char *path)
{
	while (!shared->go)
		usleep(100);
	for (uint64_t i = 0; i < count; i++) {
		int fd = open(path, O_WRONLY);
		if (fd >= 0)
			shared->done++;
		close(fd);
	}
	_exit(0);
}

static uint64_t count_ours(struct batch *batch, pid_t pid, uint64_t *gaps)
{
	uint64_t seen = 0;
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct value *who = event_get(batch->events[i], FIELD_process_pid);
		const struct value *lost = event_get(batch->events[i], FIELD_merlon_gap_count);
		if (batch->events[i]->kind == KIND_sensor_gap && lost != NULL)
			*gaps += (uint64_t)lost->i64;
		else if (batch->events[i]->kind == KIND_file_open && who != NULL && who->i64 == pid)
			seen++;
	}
	batch_clear(batch);
	return seen;
}

static void perform(const struct burst *burst, struct sensor *sensor, struct batch *batch,
	struct shared *shared, const char *path)
{
	struct err err;
	uint64_t seen = 0, gaps = 0, begin, end;
	bool over = false;

	*shared = (struct shared){0};
	pid_t pid = fork();
	if (pid == 0)
		act(shared, burst->count, path);
	shared->go = 1;
	begin = clock_monotonic_ns();
	if (burst->force)
		over = waitpid(pid, NULL, 0) == pid;
	end = begin;
	for (int quiet = 0; quiet < 3;) {
		if (!over && waitpid(pid, NULL, WNOHANG) == pid) {
			over = true;
			end = clock_monotonic_ns();
		}
		int r = sensor->ops->next(sensor, batch, 50, &err);
		seen += count_ours(batch, pid, &gaps);
		quiet = over && r <= 0 ? quiet + 1 : 0;
	}
	double seconds = (double)(end - begin) / 1e9;
	printf("# %s: done %llu, seen %llu, reported lost %llu%s\n", burst->name,
		(unsigned long long)shared->done, (unsigned long long)seen,
		(unsigned long long)gaps, "");
	if (!burst->force)
		printf("# %.0f a second\n", (double)shared->done / seconds);
	if (burst->force) /* others' opens may be among the lost */
		result(burst->name, gaps > 0 && seen < shared->done && seen + gaps >= shared->done,
			NULL);
	else
		result(burst->name,
			seen == shared->done && gaps == 0 && shared->done == burst->count, NULL);
}

static void run(const struct burst *burst, const struct sensor_ops *ops, struct shared *shared)
{
	struct sensor_config config = {.option = burst->option};
	struct fields *fields = NULL;
	struct batch *batch = NULL;
	struct sensor *sensor = NULL;
	struct err err = {0};
	char path[] = "/tmp/merlon-loss-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || fields_create(&fields, &err) < 0)
		return;
	close(fd);
	fields_want(fields, FIELD_process_pid);
	fields_want(fields, FIELD_file_path);
	fields_want(fields, FIELD_merlon_gap_count);
	sensor_want_kind(&config.want, KIND_file_open);
	sensor_want_kind(&config.want, KIND_sensor_gap);
	config.want.fields = fields;
	int r = fields_freeze(fields, &err) < 0 || batch_create(fields, &batch) < 0;
	if (r == 0)
		r = ops->open(&config, &sensor, &err);
	if (r == 0)
		r = ops->start(sensor, &err);
	if (r == 0)
		perform(burst, sensor, batch, shared, path);
	else
		result(burst->name, r == -EPERM, r == -EPERM ? err.text : NULL);
	if (sensor != NULL)
		ops->close(sensor);
	batch_destroy(batch);
	fields_destroy(fields);
	unlink(path);
}

int main(void)
{
	static const struct burst bursts[] = {
		{"burst", NULL, 300000, false},
		{"forced_loss", "ring=65536", 20000, true},
	};
	const struct sensor_ops *ops = sensor_by_name(STR("bpf"));
	struct shared *shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (ops == NULL || shared == MAP_FAILED || geteuid() != 0) {
		result("burst", true, "needs root and the bpf sensor");
		return 0;
	}
	for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++)
		run(&bursts[i], ops, shared);
	printf("1..%d\n", number);
	return failures > 0;
}
