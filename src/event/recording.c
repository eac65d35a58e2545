#include "event/recording.h"

#include <errno.h>
#include <stdlib.h>
#include "base/cursor.h"
#include "base/err.h"

/* Event payload, little endian:
 *   u16 kind, u8 os, u8 raw_key (place in raw_keys below), u32 categories, u32 types,
 *   u64 time_ns, u32 raw length, raw bytes, u16 field count, fields
 * field: u16 id, value; value: u8 value_type, then
 *   BOOL u8; INT, UINT, DOUBLE 8 bytes; TEXT u32 length, bytes; LIST u32 count, values (no lists). */

enum frame_type { FRAME_NAME = 1, FRAME_EVENT = 2 };

static const char *const raw_keys[] = {
	NULL, "es", "bsm", "jamf", "record", "bsm.record", "auditd.record"};
#define RAW_KEY_OTHER 4
#define RAW_KEY_COUNT (sizeof(raw_keys) / sizeof(raw_keys[0]))

struct recording_writer {
	const struct fields *fields;
	bool begun;
	uint8_t named[FIELD_ID_MAX / 8]; /* dynamic ids whose name was written */
};

int recording_writer_create(const struct fields *fields, struct recording_writer **ret)
{
	struct recording_writer *writer = calloc(1, sizeof(*writer));

	if (writer == NULL)
		return -ENOMEM;
	writer->fields = fields;
	*ret = writer;
	return 0;
}

void recording_writer_destroy(struct recording_writer *writer)
{
	free(writer);
}

static void put_le(struct buf *buf, uint64_t value, unsigned width)
{
	unsigned char bytes[8];

	for (unsigned i = 0; i < width; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	buf_append(buf, bytes, width);
}

/* Fills in the length of the frame whose head begins at `at`. */
static void close_frame(struct buf *buf, size_t at)
{
	size_t len = buf->len - at - RECORDING_HEAD_LEN;

	if (buf->failed)
		return;
	for (unsigned i = 0; i < 4; i++)
		buf->ptr[at + 1 + i] = (char)(unsigned char)(len >> (8 * i));
}

static size_t open_frame(struct buf *buf, enum frame_type type)
{
	size_t at = buf->len;

	buf_char(buf, (char)type);
	put_le(buf, 0, 4);
	return at;
}

static void put_value(struct buf *buf, const struct value *v)
{
	buf_char(buf, (char)v->type);
	switch (v->type) {
	case VALUE_BOOL:
		buf_char(buf, v->boolean ? 1 : 0);
		break;
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_DOUBLE:
		put_le(buf, v->u64, 8); /* the union's bits */
		break;
	case VALUE_TEXT:
		put_le(buf, v->len, 4);
		buf_append(buf, v->text, v->len);
		break;
	case VALUE_LIST:
		put_le(buf, v->len, 4);
		for (uint32_t i = 0; i < v->len; i++)
			put_value(buf, &v->items[i]); /* items are no lists */
		break;
	default:
		break;
	}
}

static void put_name(struct recording_writer *writer, struct buf *buf, field_id id)
{
	struct str name = fields_name(writer->fields, id);

	if (id < FIELD_STATIC_MAX || (writer->named[id / 8] >> (id % 8) & 1))
		return;
	writer->named[id / 8] |= (uint8_t)(1u << (id % 8));
	size_t at = open_frame(buf, FRAME_NAME);
	put_le(buf, id, 2);
	buf_str(buf, name);
	close_frame(buf, at);
}

static uint8_t raw_key_number(const char *key)
{
	if (key == NULL)
		return 0;
	for (uint8_t i = 1; i < RAW_KEY_COUNT; i++)
		if (strcmp(key, raw_keys[i]) == 0)
			return i;
	return RAW_KEY_OTHER;
}

void recording_write(struct recording_writer *writer, struct buf *buf, const struct event *event)
{
	if (!writer->begun)
		buf_append(buf, RECORDING_MAGIC, RECORDING_MAGIC_LEN);
	writer->begun = true;
	for (uint32_t i = 0; i < event->field_count; i++)
		put_name(writer, buf, event->fields[i].id);
	size_t at = open_frame(buf, FRAME_EVENT);
	put_le(buf, event->kind, 2);
	buf_char(buf, (char)event->os);
	buf_char(buf, (char)raw_key_number(event->raw_key));
	put_le(buf, event->categories, 4);
	put_le(buf, event->types, 4);
	put_le(buf, event->time_ns, 8);
	put_le(buf, event->raw.len, 4);
	buf_str(buf, event->raw);
	put_le(buf, event->field_count, 2);
	for (uint32_t i = 0; i < event->field_count; i++) {
		put_le(buf, event->fields[i].id, 2);
		put_value(buf, &event->fields[i].value);
	}
	close_frame(buf, at);
}

struct recording_reader {
	const struct fields *fields;
	field_id ids[FIELD_ID_MAX]; /* of the file's dynamic ids; FIELD_none: nobody wants it */
};

int recording_reader_create(const struct fields *fields, struct recording_reader **ret)
{
	struct recording_reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		return -ENOMEM;
	reader->fields = fields;
	*ret = reader;
	return 0;
}

void recording_reader_destroy(struct recording_reader *reader)
{
	free(reader);
}

void recording_reader_own_ids(struct recording_reader *reader)
{
	for (unsigned id = FIELD_STATIC_MAX; id < fields_count(reader->fields); id++)
		reader->ids[id] = (field_id)id;
}

/* A single value; text points into the batch's copy of the frame. */
static bool read_scalar(struct cursor *c, uint8_t type, struct value *ret)
{
	*ret = (struct value){.type = type};
	switch (type) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		ret->boolean = cursor_u8(c) != 0;
		break;
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_DOUBLE:
		ret->u64 = cursor_le64(c);
		break;
	case VALUE_TEXT:
		ret->len = cursor_le32(c);
		ret->text = (const char *)cursor_bytes(c, ret->len);
		break;
	default:
		c->failed = true;
	}
	return !c->failed;
}

static bool read_value(struct cursor *c, struct arena *arena, struct value *ret)
{
	uint8_t type = cursor_u8(c);

	if (type != VALUE_LIST)
		return read_scalar(c, type, ret);
	uint32_t count = cursor_le32(c);
	if (c->failed || count > cursor_left(c)) /* an item takes a byte at least */
		return false;
	struct value *items = arena_alloc(arena, (count + 1) * sizeof(*items));
	if (items == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		type = cursor_u8(c);
		if (!read_scalar(c, type, &items[i]))
			return false;
	}
	*ret = (struct value){.type = VALUE_LIST, .len = count, .items = items};
	return true;
}

static int read_event(struct recording_reader *reader, struct batch *batch, struct cursor *c,
	struct event **ret_event)
{
	uint16_t kind = cursor_le16(c);
	struct event *event = event_begin(
		batch, schema_kind(kind) == NULL ? KIND_document : kind, 0);
	uint8_t os = cursor_u8(c), raw_key = cursor_u8(c);

	event->os = os > OS_WINDOWS ? OS_UNKNOWN : os;
	event->raw_key = raw_key < RAW_KEY_COUNT ? raw_keys[raw_key] : NULL;
	event->categories = cursor_le32(c);
	event->types = cursor_le32(c);
	event->time_ns = cursor_le64(c);
	event->raw = cursor_str(c, cursor_le32(c));
	uint16_t count = cursor_le16(c);
	for (uint16_t i = 0; i < count && !c->failed; i++) {
		uint16_t id = cursor_le16(c);
		struct value value;
		if (!read_value(c, &batch->arena, &value))
			return -EBADMSG;
		if (id >= FIELD_ID_MAX)
			return -EBADMSG;
		if (id >= FIELD_STATIC_MAX)
			id = reader->ids[id];
		if (id != FIELD_none && fields_name(reader->fields, id).len > 0)
			ev_set(batch, id, value);
	}
	if (c->failed)
		return -EBADMSG;
	*ret_event = event_commit(batch);
	return *ret_event == NULL ? -ENOMEM : 0;
}

static int read_name(struct recording_reader *reader, struct cursor *c)
{
	uint16_t id = cursor_le16(c);
	struct str name = cursor_str(c, cursor_left(c));

	if (c->failed || id < FIELD_STATIC_MAX || id >= FIELD_ID_MAX || name.len == 0)
		return -EBADMSG;
	reader->ids[id] = fields_find(reader->fields, name);
	return 0;
}

ptrdiff_t recording_read(struct recording_reader *reader, struct batch *batch, const void *ptr,
	size_t len, struct event **ret_event, struct err *err)
{
	struct cursor head = cursor_of(ptr, len);
	uint8_t type = cursor_u8(&head);
	uint32_t size = cursor_le32(&head);
	int rc = 0;

	*ret_event = NULL;
	if (head.failed)
		return 0;
	if (size > RECORDING_FRAME_MAX)
		return err_set(
			err, -EBADMSG, "frame of %u bytes: longer than any frame may be", size);
	if (cursor_left(&head) < size)
		return 0;
	if (type == FRAME_EVENT) {
		struct str copy = arena_strn(&batch->arena, (const char *)ptr + head.pos, size);
		if (copy.ptr == NULL)
			return err_set(err, -ENOMEM, "frame of %u bytes: out of memory", size);
		struct cursor c = cursor_of(copy.ptr, copy.len);
		rc = read_event(reader, batch, &c, ret_event);
		if (rc != 0)
			event_abort(batch);
	} else if (type == FRAME_NAME) {
		struct cursor c = cursor_of((const char *)ptr + head.pos, size);
		rc = read_name(reader, &c);
	}
	if (rc == -EBADMSG && err != NULL)
		return err_set(err, rc, "frame of type %u is not well-formed", type);
	return rc != 0 ? rc : (ptrdiff_t)(head.pos + size);
}
