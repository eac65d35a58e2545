#include "detect/cep/store.h"

/* Items of a timed list, so many that a list is read and left without touching the items beside. */
#define BLOCK_ITEMS 16u
struct timed_block {
	uint32_t before, after;
	uint16_t used;		     /* items */
	uint16_t fresh;		     /* slots from here on were never used */
	uint32_t items[BLOCK_ITEMS]; /* 0: has left */
};

static struct timed_block *block_at(const struct cep *cep, uint32_t handle)
{
	return slab_at(&cep->slab, handle);
}

/* --- what is due first --- */

/* Ties: what began first, then by rank. */
static bool is_before(const struct timed_list *a, const struct timed_list *b)
{
	if (a->due_ns != b->due_ns)
		return a->due_ns < b->due_ns;
	if (a->since_ns != b->since_ns)
		return a->since_ns < b->since_ns;
	return a->rank < b->rank;
}

static void timer_put(struct cep *cep, uint32_t place, struct timed_list *list)
{
	cep->timer[place - 1] = list;
	list->place = place;
}

static void timer_up(struct cep *cep, struct timed_list *list)
{
	uint32_t place = list->place;

	while (place > 1 && is_before(list, cep->timer[place / 2 - 1])) {
		timer_put(cep, place, cep->timer[place / 2 - 1]);
		place /= 2;
	}
	timer_put(cep, place, list);
}

static void timer_down(struct cep *cep, struct timed_list *list)
{
	uint32_t place = list->place;

	for (;;) {
		uint32_t kid = place * 2;
		if (kid > cep->timer_count)
			break;
		if (kid < cep->timer_count && is_before(cep->timer[kid], cep->timer[kid - 1]))
			kid++;
		if (!is_before(cep->timer[kid - 1], list))
			break;
		timer_put(cep, place, cep->timer[kid - 1]);
		place = kid;
	}
	timer_put(cep, place, list);
}

static void timer_remove(struct cep *cep, struct timed_list *list)
{
	struct timed_list *last = cep->timer[--cep->timer_count];
	uint32_t place = list->place;

	list->place = 0;
	if (last == list)
		return;
	timer_put(cep, place, last);
	timer_up(cep, last);
	timer_down(cep, last);
}

/* The first item may be another one now. */
static void update_first(struct cep *cep, struct timed_list *list)
{
	uint32_t slot = 0;

	if (list->head == 0) {
		list->first = 0;
		timer_remove(cep, list);
		return;
	}
	const struct timed_block *block = block_at(cep, list->head);
	while (block->items[slot] == 0)
		slot++;
	if (list->first == block->items[slot] && list->place != 0)
		return;
	list->first = block->items[slot];
	list->since_ns = item_at(cep, list->first)->since_ns;
	list->due_ns = list->span_ns > NO_LIMIT - list->since_ns ? NO_LIMIT
								 : list->since_ns + list->span_ns;
	if (list->place == 0)
		timer_put(cep, ++cep->timer_count, list);
	timer_up(cep, list);
	timer_down(cep, list);
}

struct timed_list *cep_timer_top(const struct cep *cep)
{
	return cep->timer_count == 0 ? NULL : cep->timer[0];
}

/* --- lists --- */

static void settle(struct cep *cep, uint32_t block, uint32_t slot, uint32_t handle)
{
	struct item *item = item_at(cep, handle);

	block_at(cep, block)->items[slot] = handle;
	item->block = block;
	item->slot = (uint8_t)slot;
}

/* A new block behind another; before 0: at the head. */
static uint32_t add_block(struct cep *cep, struct timed_list *list, uint32_t before)
{
	uint32_t handle = slab_alloc(&cep->slab, sizeof(struct timed_block));

	if (handle == 0)
		return 0;
	struct timed_block *block = block_at(cep, handle);
	*block = (struct timed_block){
		.before = before, .after = before == 0 ? list->head : block_at(cep, before)->after};
	if (block->after != 0)
		block_at(cep, block->after)->before = handle;
	else
		list->tail = handle;
	if (before != 0)
		block_at(cep, before)->after = handle;
	else
		list->head = handle;
	return handle;
}

static bool append(struct cep *cep, struct timed_list *list, uint32_t handle)
{
	uint32_t tail = list->tail;

	if (tail == 0 || block_at(cep, tail)->fresh == BLOCK_ITEMS) {
		tail = add_block(cep, list, tail);
		if (tail == 0)
			return false;
	}
	struct timed_block *block = block_at(cep, tail);
	block->used++;
	settle(cep, tail, block->fresh++, handle);
	return true;
}

/* The upper half goes into a new block behind. */
static bool split(struct cep *cep, struct timed_list *list, uint32_t handle)
{
	uint32_t behind = add_block(cep, list, handle);

	if (behind == 0)
		return false;
	struct timed_block *block = block_at(cep, handle), *other = block_at(cep, behind);
	for (uint32_t slot = BLOCK_ITEMS / 2; slot < BLOCK_ITEMS; slot++) {
		settle(cep, behind, other->fresh++, block->items[slot]);
		block->items[slot] = 0;
	}
	block->fresh = block->used = BLOCK_ITEMS / 2;
	other->used = other->fresh;
	return true;
}

/* In front of a slot: into a gap at it or behind, else into one before, else into half the block. */
static bool insert(
	struct cep *cep, struct timed_list *list, uint32_t at, uint32_t slot, uint32_t handle)
{
	struct timed_block *block = block_at(cep, at);

	if (block->used == BLOCK_ITEMS) {
		if (!split(cep, list, at))
			return false;
		if (slot > BLOCK_ITEMS / 2) {
			at = block_at(cep, at)->after;
			slot -= BLOCK_ITEMS / 2;
			block = block_at(cep, at);
		}
	}
	uint32_t gap = slot;
	while (gap < BLOCK_ITEMS && block->items[gap] != 0)
		gap++;
	if (gap < BLOCK_ITEMS) {
		for (; gap > slot; gap--)
			settle(cep, at, gap, block->items[gap - 1]);
	} else {
		for (gap = slot - 1; block->items[gap] != 0;)
			gap--;
		for (slot--; gap < slot; gap++)
			settle(cep, at, gap, block->items[gap + 1]);
	}
	settle(cep, at, slot, handle);
	block->used++;
	while (block->fresh < BLOCK_ITEMS && block->items[block->fresh] != 0)
		block->fresh++;
	return true;
}

uint32_t cep_list_before(const struct cep *cep, const struct timed_list *list, uint32_t handle)
{
	uint32_t at = handle == 0 ? list->tail : item_at(cep, handle)->block;
	uint32_t slot = handle == 0 ? BLOCK_ITEMS : item_at(cep, handle)->slot;

	for (; at != 0; at = block_at(cep, at)->before, slot = BLOCK_ITEMS)
		while (slot-- > 0)
			if (block_at(cep, at)->items[slot] != 0)
				return block_at(cep, at)->items[slot];
	return 0;
}

uint32_t cep_list_after(const struct cep *cep, const struct timed_list *list, uint32_t handle)
{
	uint32_t at = handle == 0 ? list->head : item_at(cep, handle)->block;
	uint32_t slot = handle == 0 ? 0 : item_at(cep, handle)->slot + 1u;

	for (; at != 0; at = block_at(cep, at)->after, slot = 0)
		for (; slot < BLOCK_ITEMS; slot++)
			if (block_at(cep, at)->items[slot] != 0)
				return block_at(cep, at)->items[slot];
	return 0;
}

void cep_list_add_after(struct cep *cep, struct timed_list *list, uint32_t before, uint32_t handle)
{
	bool ret;

	item_at(cep, handle)->block = 0;
	if (list->head == 0)
		ret = append(cep, list, handle);
	else if (before == 0)
		ret = insert(cep, list, list->head, 0, handle);
	else
		ret = insert(cep, list, item_at(cep, before)->block,
			item_at(cep, before)->slot + 1u, handle);
	if (ret)
		update_first(cep, list);
}

void cep_list_add(struct cep *cep, struct timed_list *list, uint32_t handle)
{
	uint64_t since_ns = item_at(cep, handle)->since_ns;
	uint32_t before = 0;

	if (list->head == 0 || since_ns >= list->newest_ns) {
		list->newest_ns = since_ns;
		item_at(cep, handle)->block = 0;
		if (append(cep, list, handle) && list->first == 0)
			update_first(cep, list);
		return;
	}
	do
		before = cep_list_before(cep, list, before);
	while (before != 0 && item_at(cep, before)->since_ns > since_ns);
	cep_list_add_after(cep, list, before, handle);
}

void cep_list_remove(struct cep *cep, struct timed_list *list, uint32_t handle)
{
	struct item *item = item_at(cep, handle);
	uint32_t at = item->block;

	if (at == 0)
		return;
	struct timed_block *block = block_at(cep, at);
	item->block = 0;
	block->items[item->slot] = 0;
	if (--block->used == 0) {
		if (block->after != 0)
			block_at(cep, block->after)->before = block->before;
		else
			list->tail = block->before;
		if (block->before != 0)
			block_at(cep, block->before)->after = block->after;
		else
			list->head = block->after;
		slab_free(&cep->slab, at, sizeof(*block));
	}
	if (list->first == handle)
		update_first(cep, list);
}

size_t cep_bytes(const struct cep *cep)
{
	return cep->slab.used_bytes + table_bytes(&cep->table);
}
