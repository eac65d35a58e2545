/* floor: loads floor.bpf.c and throws its records away. Prints a line when it runs; on SIGTERM how
 * many records it saw and how many were dropped. */
#include <asm/unistd.h>
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "floor.skel.h"
#pragma GCC diagnostic pop

#define INTERVAL_US 10000

static volatile sig_atomic_t stopped;

static void on_stop(int number)
{
	(void)number;
	stopped = 1;
}

static int count(void *context, void *record, size_t size)
{
	(void)record;
	(void)size;
	++*(unsigned long long *)context;
	return 0;
}

static const int numbers[] = {
#ifdef __NR_open
	__NR_open,
#endif
	__NR_openat,
	__NR_openat2,
	__NR_connect,
	__NR_accept4,
};

int main(void)
{
	unsigned long long seen = 0;
	struct floor_bpf *skeleton = floor_bpf__open_and_load();

	if (skeleton == NULL || floor_bpf__attach(skeleton) < 0)
		return 1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		skeleton->bss->watched[numbers[i]] = 1;
	struct ring_buffer *ring = ring_buffer__new(
		bpf_map__fd(skeleton->maps.ring), count, &seen, NULL);
	if (ring == NULL)
		return 1;
	signal(SIGTERM, on_stop);
	signal(SIGINT, on_stop);
	printf("ready\n");
	fflush(stdout);
	while (!stopped) {
		usleep(INTERVAL_US);
		ring_buffer__consume(ring);
	}
	printf("%llu %llu\n", seen, (unsigned long long)skeleton->bss->dropped);
	ring_buffer__free(ring);
	floor_bpf__destroy(skeleton);
	return 0;
}
