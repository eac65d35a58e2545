#include "event/event.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"

#define BATCH_LIMIT_BYTES ((size_t)256 * 1024 * 1024)

/* printf is too slow for what every event needs. */
static struct str decimal(uint64_t magnitude, bool negative, char out[VALUE_TEXT_BYTES])
{
	char *at = out + VALUE_TEXT_BYTES;

	do {
		*--at = (char)('0' + magnitude % 10);
		magnitude /= 10;
	} while (magnitude != 0);
	if (negative)
		*--at = '-';
	return str_n(at, (size_t)(out + VALUE_TEXT_BYTES - at));
}

struct str value_as_text(const struct value *v, char out[VALUE_TEXT_BYTES])
{
	int len = 0;

	switch (v->type) {
	case VALUE_TEXT:
		return value_str(v);
	case VALUE_BOOL:
		return v->boolean ? STR("true") : STR("false");
	case VALUE_INT:
		return decimal(v->i64 < 0 ? 0 - v->u64 : v->u64, v->i64 < 0, out);
	case VALUE_UINT:
		return decimal(v->u64, false, out);
	case VALUE_DOUBLE:
		len = snprintf(out, VALUE_TEXT_BYTES, "%.15g", v->f64);
		break;
	default:
		break;
	}
	return str_n(out, (size_t)len);
}

bool value_as_double(const struct value *v, double *ret)
{
	switch (v->type) {
	case VALUE_INT:
		*ret = (double)v->i64;
		return true;
	case VALUE_UINT:
		*ret = (double)v->u64;
		return true;
	case VALUE_DOUBLE:
		*ret = v->f64;
		return true;
	case VALUE_TEXT:
		return str_to_double(value_str(v), ret);
	default:
		return false;
	}
}

bool value_as_i64(const struct value *v, int64_t *ret)
{
	switch (v->type) {
	case VALUE_INT:
		*ret = v->i64;
		return true;
	case VALUE_TEXT:
		return str_to_i64(value_str(v), ret);
	case VALUE_DOUBLE:
		if (v->f64 < -9007199254740992.0 || v->f64 > 9007199254740992.0)
			return false;
		*ret = (int64_t)v->f64;
		return (double)*ret == v->f64;
	default:
		return false;
	}
}

int batch_create(const struct fields *fields, struct batch **ret)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (batch == NULL)
		return -ENOMEM;
	arena_init(&batch->arena, BATCH_LIMIT_BYTES);
	batch->fields = fields;
	batch->wanted = fields_wanted_bits(fields);
	batch->want_all = fields_wants_all(fields);
	batch->pending = calloc(EVENT_FIELDS_MAX, sizeof(*batch->pending));
	batch->position = calloc(FIELD_ID_MAX, sizeof(*batch->position));
	if (batch->pending == NULL || batch->position == NULL) {
		batch_destroy(batch);
		return -ENOMEM;
	}
	*ret = batch;
	return 0;
}

void batch_destroy(struct batch *batch)
{
	if (batch == NULL)
		return;
	arena_destroy(&batch->arena);
	free(batch->events);
	free(batch->pending);
	free(batch->position);
	free(batch);
}

void batch_clear(struct batch *batch)
{
	event_abort(batch);
	batch->count = 0;
	arena_reset(&batch->arena);
}

void batch_limit_times(struct batch *batch, uint32_t first, uint64_t latest_ns)
{
	for (uint32_t i = first; i < batch->count; i++)
		if (batch->events[i]->time_ns > latest_ns)
			batch->events[i]->time_ns = latest_ns;
}

void event_set_kind(struct batch *batch, enum event_kind kind)
{
	const struct schema_kind *row = schema_kind(kind);

	batch->building.kind = (uint16_t)kind;
	batch->building.categories = row == NULL ? 0 : row->categories;
	batch->building.types = row == NULL ? 0 : row->types;
}

struct event *event_begin(struct batch *batch, enum event_kind kind, uint64_t time_ns)
{
	event_abort(batch);
	batch->building = (struct event){.time_ns = time_ns, .batch = batch};
	event_set_kind(batch, kind);
	return &batch->building;
}

void event_abort(struct batch *batch)
{
	for (uint32_t i = 0; i < batch->pending_count; i++)
		batch->position[batch->pending[i].id] = 0;
	batch->pending_count = 0;
}

static int grow_events(struct batch *batch)
{
	uint32_t capacity = batch->capacity == 0 ? 256 : batch->capacity * 2;
	struct event **events = realloc(batch->events, capacity * sizeof(struct event *));

	if (events == NULL)
		return -ENOMEM;
	batch->events = events;
	batch->capacity = capacity;
	return 0;
}

static void add_common(struct batch *batch)
{
	for (uint32_t i = 0; i < batch->common_count; i++)
		if (batch->common[i].value.type != VALUE_NONE &&
			batch->position[batch->common[i].id] == 0)
			ev_set(batch, batch->common[i].id, batch->common[i].value);
}

struct event *event_commit(struct batch *batch)
{
	add_common(batch);
	size_t fields_bytes = batch->pending_count * sizeof(struct event_field);
	struct event *event = arena_alloc(&batch->arena, sizeof(*event) + fields_bytes);

	if (event == NULL || (batch->count == batch->capacity && grow_events(batch) != 0)) {
		batch->truncated_count++;
		event_abort(batch);
		return NULL;
	}
	*event = batch->building;
	struct event_field *fields = (struct event_field *)(event + 1);
	if (fields_bytes > 0)
		memcpy(fields, batch->pending, fields_bytes);
	event->field_count = batch->pending_count;
	event->fields = fields;
	event_abort(batch);
	batch->events[batch->count++] = event;
	return event;
}

/* The place of a field in the event being built; NULL when nobody wants it or there are too many. */
static struct value *place(struct batch *batch, field_id id)
{
	if (!ev_wants(batch, id))
		return NULL;
	if (batch->position[id] != 0)
		return &batch->pending[batch->position[id] - 1].value;
	if (batch->pending_count == EVENT_FIELDS_MAX) {
		batch->truncated_count++;
		return NULL;
	}
	struct event_field *field = &batch->pending[batch->pending_count++];
	batch->position[id] = (uint16_t)batch->pending_count;
	*field = (struct event_field){.id = id};
	return &field->value;
}

void ev_set(struct batch *batch, field_id id, struct value value)
{
	struct value *at = place(batch, id);

	if (at != NULL)
		*at = value;
}

void ev_text_ref(struct batch *batch, field_id id, struct str text)
{
	if (text.len > 0)
		ev_set(batch, id, value_text(text));
}

void ev_text(struct batch *batch, field_id id, struct str text)
{
	if (text.len == 0 || !ev_wants(batch, id))
		return;
	struct str copy = arena_strn(&batch->arena, text.ptr, text.len);
	if (copy.ptr == NULL)
		batch->truncated_count++;
	else
		ev_set(batch, id, value_text(copy));
}

void ev_cstr(struct batch *batch, field_id id, const char *text)
{
	ev_text(batch, id, str_of(text));
}

void ev_int(struct batch *batch, field_id id, int64_t value)
{
	ev_set(batch, id, value_int(value));
}

void ev_uint(struct batch *batch, field_id id, uint64_t value)
{
	ev_set(batch, id, value_uint(value));
}

void ev_bool(struct batch *batch, field_id id, bool value)
{
	ev_set(batch, id, value_bool(value));
}

void ev_time(struct batch *batch, field_id id, uint64_t time_ns)
{
	char text[CLOCK_TEXT_BYTES];

	if (time_ns == 0 || !ev_wants(batch, id))
		return;
	size_t len = clock_format_rfc3339(time_ns, text);
	ev_text(batch, id, str_n(text, len));
}

void ev_uint_text(struct batch *batch, field_id id, uint64_t value)
{
	char text[24];
	size_t at = sizeof(text);

	if (!ev_wants(batch, id))
		return;
	do {
		text[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	ev_text(batch, id, str_n(text + at, sizeof(text) - at));
}

void ev_list(struct batch *batch, field_id id, const struct str *texts, uint32_t count)
{
	if (count == 0 || !ev_wants(batch, id))
		return;
	uint32_t room = count <= 1 ? 1 : UINT32_C(1) << (32 - __builtin_clz(count - 1));
	struct value *items = arena_alloc(&batch->arena, (size_t)room * sizeof(*items));
	if (items == NULL || count > (UINT32_C(1) << 30)) {
		batch->truncated_count++;
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct str copy = arena_strn(&batch->arena, texts[i].ptr, texts[i].len);
		if (copy.ptr == NULL) {
			batch->truncated_count++;
			return;
		}
		items[i] = value_text(copy);
	}
	ev_set(batch, id, (struct value){.type = VALUE_LIST, .len = count, .items = items});
}

/* Lists made by ev_add and ev_list have room up to the next power of two: the count tells when one
 * is full. */
void ev_add(struct batch *batch, field_id id, struct value value)
{
	struct value *at = place(batch, id);

	if (at == NULL)
		return;
	if (at->type == VALUE_NONE) {
		*at = value;
		return;
	}
	uint32_t count = at->type == VALUE_LIST ? at->len : 1;
	bool full = at->type != VALUE_LIST || (count & (count - 1)) == 0;
	struct value *items = (struct value *)(uintptr_t)at->items;
	if (full) {
		items = arena_alloc(&batch->arena, (size_t)count * 2 * sizeof(*items));
		if (items == NULL) {
			batch->truncated_count++;
			return;
		}
		if (at->type == VALUE_LIST)
			memcpy(items, at->items, count * sizeof(*items));
		else
			items[0] = *at;
	}
	items[count] = value;
	*at = (struct value){.type = VALUE_LIST, .len = count + 1, .items = items};
}

void ev_printf(struct batch *batch, field_id id, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!ev_wants(batch, id))
		return;
	va_start(ap, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len > 0)
		ev_text(batch, id,
			str_n(text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1));
}

void ev_ip(struct batch *batch, field_id id, const uint8_t *address, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if (!ev_wants(batch, id) || (len != 4 && len != 16))
		return;
	if (inet_ntop(len == 4 ? AF_INET : AF_INET6, address, text, sizeof(text)) != NULL)
		ev_cstr(batch, id, text);
}

const struct value *event_get(const struct event *event, field_id id)
{
	for (uint32_t i = 0; i < event->field_count; i++)
		if (event->fields[i].id == id)
			return &event->fields[i].value;
	return NULL;
}

struct str event_get_text(const struct event *event, field_id id)
{
	const struct value *v = event_get(event, id);

	return v != NULL && v->type == VALUE_TEXT ? value_str(v) : (struct str){0};
}
