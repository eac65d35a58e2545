#include "detect/cep/capture.h"

#include <stddef.h>

bool varint_read(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return shift < 63 || byte < 2;
		}
	}
	return false;
}

bool varint_write(uint8_t **at, const uint8_t *end, uint64_t value)
{
	for (; value >= 0x80; value >>= 7) {
		if (*at >= end)
			return false;
		*(*at)++ = (uint8_t)(value | 0x80);
	}
	if (*at >= end)
		return false;
	*(*at)++ = (uint8_t)value;
	return true;
}

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ ((value & 1) != 0 ? UINT64_MAX : 0));
}

static bool write_bytes(uint8_t **at, const uint8_t *end, const void *ptr, size_t len)
{
	if ((size_t)(end - *at) < len)
		return false;
	if (len > 0)
		memcpy(*at, ptr, len);
	*at += len;
	return true;
}

static bool write_single(uint8_t **at, const uint8_t *end, const struct value *value)
{
	uint32_t len = value->len > CAPTURE_TEXT_MAX ? CAPTURE_TEXT_MAX : value->len;

	if (!varint_write(at, end, value->type))
		return false;
	switch (value->type) {
	case VALUE_BOOL:
		return varint_write(at, end, value->boolean);
	case VALUE_INT:
		return varint_write(at, end, zigzag(value->i64));
	case VALUE_UINT:
		return varint_write(at, end, value->u64);
	case VALUE_DOUBLE:
		return write_bytes(at, end, &value->f64, sizeof(value->f64));
	case VALUE_TEXT:
		return varint_write(at, end, len) && write_bytes(at, end, value->text, len);
	default:
		return true;
	}
}

bool capture_write(uint8_t **at, const uint8_t *end, const struct value *value)
{
	uint8_t *start = *at;
	uint32_t count = value->len > CAPTURE_ITEMS_MAX ? CAPTURE_ITEMS_MAX : value->len;
	bool fits;

	if (value->type != VALUE_LIST) {
		fits = write_single(at, end, value);
	} else {
		fits = varint_write(at, end, VALUE_LIST) && varint_write(at, end, count);
		for (uint32_t i = 0; fits && i < count; i++)
			fits = write_single(at, end, &value->items[i]);
	}
	if (!fits)
		*at = start;
	return fits;
}

static bool read_text(const uint8_t **at, const uint8_t *end, struct value *ret)
{
	uint64_t len;

	if (!varint_read(at, end, &len) || len > (uint64_t)(end - *at))
		return false;
	*ret = value_text(str_n((const char *)*at, (size_t)len));
	*at += len;
	return true;
}

static bool read_single(const uint8_t **at, const uint8_t *end, uint64_t type, struct value *ret)
{
	uint64_t number = 0;

	*ret = (struct value){.type = (uint8_t)type};
	switch (type) {
	case VALUE_NONE:
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		if (!varint_read(at, end, &number) || number > 1)
			return false;
		ret->boolean = number == 1;
		return true;
	case VALUE_INT:
		if (!varint_read(at, end, &number))
			return false;
		ret->i64 = unzigzag(number);
		return true;
	case VALUE_UINT:
		return varint_read(at, end, &ret->u64);
	case VALUE_DOUBLE:
		if ((size_t)(end - *at) < sizeof(ret->f64))
			return false;
		memcpy(&ret->f64, *at, sizeof(ret->f64));
		*at += sizeof(ret->f64);
		return true;
	case VALUE_TEXT:
		return read_text(at, end, ret);
	default:
		return false;
	}
}

bool capture_read(const uint8_t **at, const uint8_t *end, struct arena *arena, struct value *ret)
{
	uint64_t type, count;

	if (!varint_read(at, end, &type))
		return false;
	if (type != VALUE_LIST)
		return read_single(at, end, type, ret);
	if (!varint_read(at, end, &count) || count > CAPTURE_ITEMS_MAX)
		return false;
	struct value *items = arena_alloc(arena, (size_t)count * sizeof(*items));
	if (items == NULL)
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!varint_read(at, end, &type) || !read_single(at, end, type, &items[i]))
			return false;
	*ret = (struct value){.type = VALUE_LIST, .len = (uint32_t)count, .items = items};
	return true;
}

const uint8_t *capture_fields(
	const struct captured *event, struct origin *ret, const uint8_t **ret_end)
{
	const uint8_t *at = event->bytes, *end = at + event->len;
	uint64_t index = 0, file_index = 0, source = 0;

	(void)(varint_read(&at, end, &index) && varint_read(&at, end, &file_index) &&
		varint_read(&at, end, &source));
	*ret = (struct origin){.time_ns = event->time_ns,
		.index = index,
		.file_index = file_index,
		.source = (uint32_t)source,
		.kind = event->kind};
	*ret_end = end;
	return at;
}

const struct value *capture_get(const struct captured *event, field_id field, struct arena *scratch)
{
	struct origin origin;
	const uint8_t *end, *at = capture_fields(event, &origin, &end);
	struct value value, *found;
	uint64_t id;

	while (at < end && varint_read(&at, end, &id)) {
		if (!capture_read(&at, end, scratch, &value))
			return NULL;
		if (id == field) {
			found = arena_alloc(scratch, sizeof(*found));
			if (found != NULL)
				*found = value;
			return found;
		}
		if (id > field)
			return NULL;
	}
	return NULL;
}

const struct value *source_get(const struct source *source, field_id field, struct arena *scratch)
{
	return source->view != NULL ? view_get(source->view, field)
				    : capture_get(source->event, field, scratch);
}

const struct cep_event *capture_decode(const struct captured *event, struct arena *arena)
{
	struct origin origin;
	const uint8_t *end, *at = capture_fields(event, &origin, &end);
	struct cep_event *ret = arena_alloc(arena, sizeof(*ret));
	struct event_field *fields;
	uint16_t count = 0;
	uint64_t id;

	/* a field takes at least two bytes */
	fields = arena_alloc(arena, (size_t)(end - at) / 2 * sizeof(*fields));
	if (ret == NULL || fields == NULL)
		return NULL;
	while (at < end && varint_read(&at, end, &id)) {
		fields[count].id = (field_id)id;
		if (!capture_read(&at, end, arena, &fields[count].value))
			break;
		count++;
	}
	*ret = (struct cep_event){.time_ns = origin.time_ns,
		.index = origin.index,
		.file_index = origin.file_index,
		.source = origin.source,
		.kind = origin.kind,
		.field_count = count,
		.fields = fields};
	return ret;
}

const struct value *cep_event_get(const struct cep_event *event, field_id field)
{
	for (uint16_t i = 0; i < event->field_count; i++)
		if (event->fields[i].id == field)
			return &event->fields[i].value;
	return NULL;
}

static struct origin origin_of(const struct source *source)
{
	struct origin origin;
	const uint8_t *end;

	if (source->view == NULL) {
		(void)capture_fields(source->event, &origin, &end);
		return origin;
	}
	const struct event *event = source->view->event;
	return (struct origin){.time_ns = source->time_ns,
		.index = event->index,
		.file_index = event->file_index,
		.source = event->source,
		.kind = event->kind};
}

static bool was_cut(const struct value *value)
{
	if (value->type == VALUE_TEXT)
		return value->len > CAPTURE_TEXT_MAX;
	return value->type == VALUE_LIST && value->len > CAPTURE_ITEMS_MAX;
}

uint32_t capture_make(
	struct slab *slab, const struct origin *origin, const uint8_t *fields, size_t len)
{
	uint8_t head[30], *at = head;

	(void)varint_write(&at, head + sizeof(head), origin->index);
	(void)varint_write(&at, head + sizeof(head), origin->file_index);
	(void)varint_write(&at, head + sizeof(head), origin->source);
	size_t before = (size_t)(at - head);
	uint32_t handle = slab_alloc(slab, offsetof(struct captured, bytes) + before + len);
	if (handle == 0)
		return 0;
	struct captured *event = capture_at(slab, handle);
	event->time_ns = origin->time_ns;
	event->refs = 1;
	event->kind = origin->kind;
	event->len = (uint16_t)(before + len);
	memcpy(event->bytes, head, before);
	if (len > 0)
		memcpy(event->bytes + before, fields, len);
	return handle;
}

uint32_t capture_store(struct slab *slab, const struct source *source,
	const struct capture_set *set, struct arena *scratch, uint64_t *truncated)
{
	uint8_t *bytes = arena_alloc(scratch, CAPTURE_BYTES_MAX), *at = bytes;
	struct origin origin = origin_of(source);

	if (bytes == NULL)
		return 0;
	for (uint32_t i = 0; i < set->count; i++) {
		const struct value *value = source_get(source, set->fields[i], scratch);
		uint8_t *start = at;
		if (value == NULL || value->type == VALUE_NONE)
			continue;
		if (!varint_write(&at, bytes + CAPTURE_BYTES_MAX, set->fields[i]) ||
			!capture_write(&at, bytes + CAPTURE_BYTES_MAX, value)) {
			at = start;
			++*truncated;
		} else if (was_cut(value)) {
			++*truncated;
		}
	}
	size_t len = (size_t)(at - bytes);
	arena_shrink(scratch, bytes, CAPTURE_BYTES_MAX, len);
	return capture_make(slab, &origin, bytes, len);
}

void capture_drop(struct slab *slab, uint32_t handle)
{
	struct captured *event = capture_at(slab, handle);

	if (--event->refs == 0)
		slab_free(slab, handle, offsetof(struct captured, bytes) + event->len);
}
