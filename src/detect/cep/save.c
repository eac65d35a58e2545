#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/cep/gather.h"
#include "detect/cep/partial.h"
#include "detect/cep/saved.h"
#include "detect/cep/window.h"

struct saver {
	const struct cep *cep;
	struct contents contents;
	struct buf events, sections;
	struct buf items;	      /* of the section at hand */
	struct table numbers;	      /* hash: handle of a captured event; handle: its number */
	uint16_t names[FIELD_ID_MAX]; /* 1 + its number, by field */
	field_id named[FIELD_ID_MAX];
	uint32_t name_count;
	bool failed;
};

static void put(struct buf *out, uint64_t number)
{
	uint8_t bytes[10], *at = bytes;

	(void)varint_write(&at, bytes + sizeof(bytes), number);
	buf_append(out, bytes, (size_t)(at - bytes));
}

static void put_bytes(struct buf *out, const void *ptr, size_t len)
{
	put(out, len);
	buf_append(out, ptr, len);
}

static uint16_t name_of(struct saver *saver, field_id field)
{
	if (saver->names[field] == 0) {
		saver->named[saver->name_count] = field;
		saver->names[field] = (uint16_t)++saver->name_count;
	}
	return (uint16_t)(saver->names[field] - 1);
}

/* The fields as they are kept, with other numbers. */
static void put_fields(struct saver *saver, const uint8_t *at, const uint8_t *end)
{
	struct arena scratch;
	struct value value;
	uint64_t field;

	arena_init(&scratch, 0);
	uint32_t count = 0;
	for (const uint8_t *scan = at; scan < end && varint_read(&scan, end, &field); count++)
		if (!capture_read(&scan, end, &scratch, &value))
			break;
	put(&saver->events, count);
	while (at < end && varint_read(&at, end, &field)) {
		const uint8_t *start = at;
		if (!capture_read(&at, end, &scratch, &value))
			break;
		put(&saver->events, name_of(saver, (field_id)field));
		buf_append(&saver->events, start, (size_t)(at - start));
	}
	arena_destroy(&scratch);
}

static uint64_t number_of(struct saver *saver, uint32_t handle)
{
	struct origin origin;
	const uint8_t *end,
		*fields = capture_fields(capture_at(&saver->cep->slab, handle), &origin, &end);
	uint32_t position = handle, number = table_next(&saver->numbers, handle, &position);

	if (number != 0)
		return number;
	number = saver->numbers.count + 1;
	if (!table_insert(&saver->numbers, handle, number)) {
		saver->failed = true;
		return 0;
	}
	put(&saver->events, origin.time_ns);
	put(&saver->events, origin.index);
	put(&saver->events, origin.file_index);
	put(&saver->events, origin.source);
	put(&saver->events, origin.kind);
	put_fields(saver, fields, end);
	return number;
}

static void put_event(struct saver *saver, uint32_t handle)
{
	uint64_t number = handle == 0 ? 0 : number_of(saver, handle);

	put(&saver->items, number);
}

static void put_group(struct saver *saver, uint32_t handle)
{
	struct group *group = group_at(saver->cep, handle);

	put_bytes(&saver->items, group_key(group), group->key_len);
}

static void put_partial(struct saver *saver, const struct plan_state *plan, uint32_t handle)
{
	const struct cep *cep = saver->cep;
	const struct partial *partial = partial_at(cep, handle);
	struct buf *out = &saver->items;

	put(out, partial->item.position);
	put(out, ((partial->item.flags & PARTIAL_WAITING) != 0 ? ITEM_WAITING : 0) |
			 ((partial->item.flags & PARTIAL_SPOILED) != 0 ? ITEM_SPOILED : 0));
	if (plan->missing) {
		put(out, partial_missing_at(cep, handle)->spoil_ns);
		put(out, partial_missing_at(cep, handle)->lead_ns);
	}
	if (partial->item.position == 0)
		return;
	put_event(saver, partial->last);
	for (uint32_t at = partial->chain; at != 0; at = link_at(cep, at)->chain)
		put_event(saver, link_at(cep, at)->event);
}

static void put_gather(struct saver *saver, const struct plan_state *plan, uint32_t handle)
{
	const struct gather *gather = gather_at(saver->cep, handle);

	put(&saver->items, gather->done ? ITEM_DONE : 0);
	for (uint32_t i = 0; i < gather_events_max(plan); i++)
		put_event(saver, gather->events[i]);
}

static void put_window(struct saver *saver, const struct plan_state *plan, uint32_t handle)
{
	const struct window *window = window_at(saver->cep, handle);
	struct buf *out = &saver->items;

	put(out, window->held ? ITEM_HELD : 0);
	for (uint32_t i = 0; i < window_times(plan); i++)
		put(out, window->times[i]);
	put(out, window->count);
	for (uint32_t at = window->head; at != 0; at = entry_at(saver->cep, at)->after) {
		const struct entry *entry = entry_at(saver->cep, at);
		put(out, entry->time_ns);
		put(out, entry->steps);
		put_event(saver, entry->event);
		struct str value = window_value_text(saver->cep, entry->value);
		put_bytes(out, value.ptr, value.len);
	}
}

static void put_plan_item(struct saver *saver, const struct plan_state *plan, uint32_t handle)
{
	const struct item *item = item_at(saver->cep, handle);

	put_group(saver, item->group);
	put(&saver->items, item->since_ns);
	switch (plan->plan->type) {
	case CEP_SEQUENCE:
		put_partial(saver, plan, handle);
		break;
	case CEP_WINDOW:
		put_window(saver, plan, handle);
		break;
	default:
		put_gather(saver, plan, handle);
		break;
	}
}

static uint32_t count_items(const struct cep *cep, const struct timed_list *list)
{
	uint32_t count = 0;

	for (uint32_t at = cep_list_after(cep, list, 0); at != 0;
		at = cep_list_after(cep, list, at))
		count++;
	return count;
}

/* The items of a section are all there. */
static void put_section(
	struct saver *saver, char type, const struct content *content, uint32_t count)
{
	buf_char(&saver->sections, type);
	buf_append(&saver->sections, content, sizeof(*content));
	put(&saver->sections, count);
	put_bytes(&saver->sections, saver->items.ptr, saver->items.len);
	saver->failed |= saver->items.failed;
	buf_clear(&saver->items);
}

static void put_plan(struct saver *saver, const struct plan_state *plan)
{
	const struct cep *cep = saver->cep;
	uint32_t count = count_items(cep, &plan->live) + count_items(cep, &plan->waiting);

	if (count == 0)
		return;
	for (uint32_t at = cep_list_after(cep, &plan->live, 0); at != 0;
		at = cep_list_after(cep, &plan->live, at))
		put_plan_item(saver, plan, at);
	for (uint32_t at = cep_list_after(cep, &plan->waiting, 0); at != 0;
		at = cep_list_after(cep, &plan->waiting, at))
		put_plan_item(saver, plan, at);
	put_section(saver, 'P', &saver->contents.plans[plan->number], count);
}

static void put_relation(struct saver *saver, const struct relation_state *relation)
{
	const struct cep *cep = saver->cep;

	if (relation->count == 0)
		return;
	for (uint32_t at = cep_list_after(cep, &relation->list, 0); at != 0;
		at = cep_list_after(cep, &relation->list, at)) {
		const struct item *item = item_at(cep, at);
		put_group(saver, item->group);
		put(&saver->items, item->since_ns);
		put(&saver->items, group_at(cep, item->group)->flags & ~GROUP_INNER_TAKEN);
	}
	put_section(saver, 'R', &saver->contents.relations[relation->number], relation->count);
}

static void put_all(struct saver *saver, struct buf *out)
{
	const struct cep *cep = saver->cep;

	for (uint32_t i = 0; i < cep->plan_count; i++)
		put_plan(saver, &cep->plans[i]);
	for (uint32_t i = 0; i < cep->relation_count; i++)
		put_relation(saver, &cep->relations[i]);
	buf_str(out, SAVED_MAGIC);
	put(out, cep->now_ns);
	put(out, saver->name_count);
	for (uint32_t i = 0; i < saver->name_count; i++) {
		struct str name = fields_name(ruleset_fields(cep->set), saver->named[i]);
		put_bytes(out, name.ptr, name.len);
	}
	put(out, saver->numbers.count);
	buf_str(out, buf_view(&saver->events));
	buf_str(out, buf_view(&saver->sections));
	saver->failed |= saver->events.failed || saver->sections.failed || out->failed;
}

int cep_save(const struct cep *cep, struct buf *out, struct err *err)
{
	struct saver *saver = calloc(1, sizeof(*saver));
	bool failed = saver == NULL;

	if (saver != NULL) {
		saver->cep = cep;
		saver->failed = !contents_make(cep, &saver->contents);
		if (!saver->failed)
			put_all(saver, out);
		failed = saver->failed;
		contents_destroy(&saver->contents);
		table_destroy(&saver->numbers);
		buf_destroy(&saver->events);
		buf_destroy(&saver->sections);
		buf_destroy(&saver->items);
	}
	free(saver);
	return failed ? err_set(err, -ENOMEM, "No memory to save the state of rules.") : 0;
}
