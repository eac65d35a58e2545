#include "detect/cep/store.h"

uint64_t cep_list_due(const struct cep *cep, const struct timed_list *list)
{
	uint64_t since = item_at(cep, list->head)->since_ns;

	return list->span_ns > NO_LIMIT - since ? NO_LIMIT : since + list->span_ns;
}

/* Ties: what began first, then by rank. */
static bool is_before(const struct cep *cep, const struct timed_list *a, const struct timed_list *b)
{
	uint64_t due_a = cep_list_due(cep, a), due_b = cep_list_due(cep, b);

	if (due_a != due_b)
		return due_a < due_b;
	uint64_t since_a = item_at(cep, a->head)->since_ns,
		 since_b = item_at(cep, b->head)->since_ns;
	if (since_a != since_b)
		return since_a < since_b;
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

	while (place > 1 && is_before(cep, list, cep->timer[place / 2 - 1])) {
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
		if (kid < cep->timer_count && is_before(cep, cep->timer[kid], cep->timer[kid - 1]))
			kid++;
		if (!is_before(cep, cep->timer[kid - 1], list))
			break;
		timer_put(cep, place, cep->timer[kid - 1]);
		place = kid;
	}
	timer_put(cep, place, list);
}

/* The head of the list has changed. */
static void timer_update(struct cep *cep, struct timed_list *list)
{
	if (list->place == 0 && list->head != 0) {
		timer_put(cep, ++cep->timer_count, list);
		timer_up(cep, list);
	} else if (list->place != 0 && list->head == 0) {
		struct timed_list *last = cep->timer[--cep->timer_count];
		uint32_t place = list->place;
		list->place = 0;
		if (last != list) {
			timer_put(cep, place, last);
			timer_up(cep, last);
			timer_down(cep, last);
		}
	} else if (list->place != 0) {
		timer_up(cep, list);
		timer_down(cep, list);
	}
}

struct timed_list *cep_timer_top(const struct cep *cep)
{
	return cep->timer_count == 0 ? NULL : cep->timer[0];
}

void cep_list_add(struct cep *cep, struct timed_list *list, uint32_t handle)
{
	struct item *item = item_at(cep, handle);
	uint32_t before = list->tail;

	while (before != 0 && item_at(cep, before)->since_ns > item->since_ns)
		before = item_at(cep, before)->before;
	cep_list_add_after(cep, list, before, handle);
}

void cep_list_add_after(struct cep *cep, struct timed_list *list, uint32_t before, uint32_t handle)
{
	struct item *item = item_at(cep, handle);

	item->before = before;
	item->after = before == 0 ? list->head : item_at(cep, before)->after;
	if (item->after != 0)
		item_at(cep, item->after)->before = handle;
	else
		list->tail = handle;
	if (before != 0) {
		item_at(cep, before)->after = handle;
	} else {
		list->head = handle;
		timer_update(cep, list);
	}
}

void cep_list_remove(struct cep *cep, struct timed_list *list, uint32_t handle)
{
	struct item *item = item_at(cep, handle);

	if (item->after != 0)
		item_at(cep, item->after)->before = item->before;
	else
		list->tail = item->before;
	if (item->before != 0) {
		item_at(cep, item->before)->after = item->after;
	} else {
		list->head = item->after;
		timer_update(cep, list);
	}
}

size_t cep_bytes(const struct cep *cep)
{
	return cep->slab.used_bytes + table_bytes(&cep->table);
}
