#include "agent/reorder.h"

#include <errno.h>
#include <stdlib.h>

struct slot {
	uint64_t time_ns, seq;
	const struct event *event;
};

/* Events mostly come in order: those go through a ring. Only one that is older than the ring's last
 * goes through the heap. The next to leave is the lesser of the ring's first and the heap's top. */
struct reorder {
	uint64_t window_ns;
	uint64_t newest_ns; /* greatest time seen */
	uint64_t left_ns;   /* time of the last that left */
	uint64_t seq;
	uint32_t max_events;
	struct slot *ring; /* capacity: power of two */
	uint32_t ring_capacity, ring_head, ring_count;
	struct slot *heap;
	uint32_t heap_capacity, heap_count;
	struct reorder_stats stats;
};

int reorder_create(uint64_t window_ns, uint32_t max_events, struct reorder **ret)
{
	struct reorder *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -ENOMEM;
	r->window_ns = window_ns;
	r->max_events = max_events == 0 ? 1 : max_events;
	*ret = r;
	return 0;
}

void reorder_destroy(struct reorder *r)
{
	if (r == NULL)
		return;
	free(r->ring);
	free(r->heap);
	free(r);
}

static bool before(const struct slot *a, const struct slot *b)
{
	return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->seq < b->seq;
}

static int ring_push(struct reorder *r, struct slot slot)
{
	if (r->ring_count == r->ring_capacity) {
		uint32_t capacity = r->ring_capacity == 0 ? 1024 : r->ring_capacity * 2;
		struct slot *ring = malloc(capacity * sizeof(*ring));
		if (ring == NULL)
			return -ENOMEM;
		for (uint32_t i = 0; i < r->ring_count; i++)
			ring[i] = r->ring[(r->ring_head + i) & (r->ring_capacity - 1)];
		free(r->ring);
		r->ring = ring;
		r->ring_capacity = capacity;
		r->ring_head = 0;
	}
	r->ring[(r->ring_head + r->ring_count++) & (r->ring_capacity - 1)] = slot;
	return 0;
}

static int heap_push(struct reorder *r, struct slot slot)
{
	if (r->heap_count == r->heap_capacity) {
		uint32_t capacity = r->heap_capacity == 0 ? 256 : r->heap_capacity * 2;
		struct slot *heap = realloc(r->heap, capacity * sizeof(*heap));
		if (heap == NULL)
			return -ENOMEM;
		r->heap = heap;
		r->heap_capacity = capacity;
	}
	uint32_t at = r->heap_count++;
	while (at > 0 && before(&slot, &r->heap[(at - 1) / 2])) {
		r->heap[at] = r->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	r->heap[at] = slot;
	return 0;
}

static struct slot heap_pop(struct reorder *r)
{
	struct slot top = r->heap[0], last = r->heap[--r->heap_count];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = at * 2 + 1;
		if (child >= r->heap_count)
			break;
		if (child + 1 < r->heap_count && before(&r->heap[child + 1], &r->heap[child]))
			child++;
		if (!before(&r->heap[child], &last))
			break;
		r->heap[at] = r->heap[child];
		at = child;
	}
	r->heap[at] = last;
	return top;
}

int reorder_push(struct reorder *r, const struct event *event)
{
	struct slot slot = {event->time_ns, r->seq++, event};
	const struct slot *tail =
		r->ring_count == 0
			? NULL
			: &r->ring[(r->ring_head + r->ring_count - 1) & (r->ring_capacity - 1)];

	if (slot.time_ns == 0)
		slot.time_ns = r->newest_ns;
	if (slot.time_ns > r->newest_ns)
		r->newest_ns = slot.time_ns;
	if (slot.time_ns < r->left_ns)
		r->stats.late++;
	int rc = tail == NULL || before(tail, &slot) ? ring_push(r, slot) : heap_push(r, slot);
	if (rc == 0)
		event->batch->refs++;
	return rc;
}

void reorder_advance(struct reorder *r, uint64_t now_ns)
{
	if (now_ns > r->newest_ns)
		r->newest_ns = now_ns;
}

void reorder_restart(struct reorder *r)
{
	r->newest_ns = r->left_ns = 0;
}

static const struct slot *oldest(const struct reorder *r, bool *ret_from_heap)
{
	const struct slot *first = r->ring_count == 0 ? NULL : &r->ring[r->ring_head];

	*ret_from_heap = r->heap_count > 0 && (first == NULL || before(&r->heap[0], first));
	return *ret_from_heap ? &r->heap[0] : first;
}

static const struct event *take(struct reorder *r, bool from_heap)
{
	struct slot slot;

	if (from_heap) {
		slot = heap_pop(r);
	} else {
		slot = r->ring[r->ring_head];
		r->ring_head = (r->ring_head + 1) & (r->ring_capacity - 1);
		r->ring_count--;
	}
	if (slot.time_ns > r->left_ns)
		r->left_ns = slot.time_ns;
	return slot.event;
}

const struct event *reorder_pop(struct reorder *r, bool flush)
{
	bool from_heap;
	const struct slot *first = oldest(r, &from_heap);

	if (first == NULL)
		return NULL;
	bool due = r->newest_ns >= r->window_ns && first->time_ns <= r->newest_ns - r->window_ns;
	if (!flush && !due) {
		if (r->ring_count + r->heap_count <= r->max_events)
			return NULL;
		r->stats.early++;
	}
	return take(r, from_heap);
}

const struct event *reorder_shed(struct reorder *r)
{
	bool from_heap;

	if (oldest(r, &from_heap) == NULL)
		return NULL;
	r->stats.early++;
	return take(r, from_heap);
}

void reorder_stats(const struct reorder *r, struct reorder_stats *ret)
{
	*ret = r->stats;
}

uint32_t reorder_count(const struct reorder *r)
{
	return r->ring_count + r->heap_count;
}
