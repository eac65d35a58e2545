#include "sensor/bpf/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/err.h"

static int watch(struct ring *ring, struct err *err)
{
	/* Edge-triggered: level-triggered epoll would return at each record and not only when the
	 * probes ask for it. */
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	ring->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (ring->epoll_fd < 0 ||
		epoll_ctl(ring->epoll_fd, EPOLL_CTL_ADD, ring->map_fd, &event) < 0)
		return err_set(err, -errno, "epoll on the event ring: %s", strerror(errno));
	return 0;
}

int ring_open(struct ring *ring, int map_fd, size_t size, struct err *err)
{
	*ring = (struct ring){.map_fd = map_fd, .epoll_fd = -1, .size = size};
	ring->page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED)
		return err_set(err, -errno, "mapping the event ring: %s", strerror(errno));
	ring->consumer = consumer;
	void *producer = mmap(
		NULL, ring->page + size, PROT_READ, MAP_SHARED, map_fd, (off_t)ring->page);
	if (producer == MAP_FAILED) {
		int code = -errno;
		ring_close(ring);
		return err_set(err, code, "mapping the event ring: %s", strerror(-code));
	}
	ring->producer = producer;
	ring->data = (const uint8_t *)producer + ring->page;
	ring->position = *ring->consumer;
	int r = watch(ring, err);
	if (r < 0)
		ring_close(ring);
	return r;
}

void ring_close(struct ring *ring)
{
	if (ring->producer != NULL)
		munmap(ring->producer, ring->page + ring->size);
	if (ring->consumer != NULL)
		munmap(ring->consumer, ring->page);
	if (ring->epoll_fd >= 0)
		close(ring->epoll_fd);
	free(ring->joined);
	*ring = (struct ring){.map_fd = -1, .epoll_fd = -1};
}

static const void *join(struct ring *ring, size_t at, size_t len)
{
	if (ring->joined_size < len) {
		uint8_t *more = realloc(ring->joined, len);
		if (more == NULL)
			return NULL;
		ring->joined = more;
		ring->joined_size = len;
	}
	size_t first = ring->size - at;
	memcpy(ring->joined, ring->data + at, first);
	memcpy(ring->joined + first, ring->data, len - first);
	return ring->joined;
}

const void *ring_next(struct ring *ring, size_t *ret_len)
{
	for (;;) {
		uint64_t end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
		if (ring->position >= end)
			return NULL;
		size_t at = ring->position & (ring->size - 1);
		uint32_t head = __atomic_load_n(
			(const uint32_t *)(const void *)(ring->data + at), __ATOMIC_ACQUIRE);
		if (head & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		size_t len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		size_t body = (at + BPF_RINGBUF_HDR_SZ) & (ring->size - 1);
		ring->position += (len + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7;
		if (head & BPF_RINGBUF_DISCARD_BIT || len > ring->size)
			continue;
		*ret_len = len;
		if (body + len <= ring->size)
			return ring->data + body;
		const void *joined = join(ring, body, len);
		if (joined != NULL)
			return joined;
	}
}

void ring_release(struct ring *ring)
{
	__atomic_store_n(ring->consumer, ring->position, __ATOMIC_RELEASE);
}

size_t ring_waiting(const struct ring *ring)
{
	return (size_t)(__atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - ring->position);
}

void ring_wait(struct ring *ring, int timeout_ms)
{
	struct epoll_event event;
	(void)epoll_wait(ring->epoll_fd, &event, 1, timeout_ms);
}
