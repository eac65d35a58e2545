/* Reads a BPF ring buffer without libbpf's second mapping of the data (half the resident memory)
 * and without a callback per record. One reader. */
#ifndef MERLON_SENSOR_BPF_RING_H
#define MERLON_SENSOR_BPF_RING_H
#include <stddef.h>
#include <stdint.h>
struct err;

struct ring {
	int map_fd, epoll_fd;
	size_t page, size; /* bytes; size is a power of two */
	uint64_t *consumer, *producer;
	const uint8_t *data;
	uint64_t position;
	uint8_t *joined; /* a record that wraps around the end, put together */
	size_t joined_size;
};

/* Takes no ownership of map_fd. */
int ring_open(struct ring *ring, int map_fd, size_t size, struct err *err);
void ring_close(struct ring *ring);
/* The next whole record, or NULL when none is ready. Valid until ring_release() or the next
 * ring_next(). */
const void *ring_next(struct ring *ring, size_t *ret_len);
/* Gives all records that ring_next() returned back to the kernel. */
void ring_release(struct ring *ring);
size_t ring_waiting(const struct ring *ring); /* bytes */
/* Sleeps until the kernel says that much waits, or time is over. */
void ring_wait(struct ring *ring, int timeout_ms);
#endif
