/* Frames of Merlon's own recording; an event that was read can be written and read again. */
#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "event/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct fields *fields;
	struct batch *batch, *again;
} all;

static void set_up(void)
{
	struct err err;
	field_id id;

	if (fields_create(&all.fields, &err) != 0 ||
		fields_intern(all.fields, STR("some.name"), &id, &err) != 0)
		abort();
	for (id = 1; id < FIELD_STATIC_MAX; id++)
		if (schema_field(id) != NULL)
			fields_want(all.fields, id);
	fields_want_all(all.fields);
	if (fields_freeze(all.fields, &err) != 0 || batch_create(all.fields, &all.batch) != 0 ||
		batch_create(all.fields, &all.again) != 0)
		abort();
}

/* Frames from data into batch; false when one was broken. */
static bool read_all(struct batch *batch, const uint8_t *data, size_t size)
{
	struct recording_reader *reader;
	bool good = true;

	if (recording_reader_create(all.fields, &reader) != 0)
		abort();
	while (size > 0) {
		struct event *event = NULL;
		struct err err;
		ptrdiff_t used = recording_read(reader, batch, data, size, &event, &err);
		if (used > (ptrdiff_t)size)
			abort();
		if (used <= 0) {
			good = used == 0;
			break;
		}
		data += used;
		size -= (size_t)used;
	}
	recording_reader_destroy(reader);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording_writer *writer;
	struct buf out = {0};

	if (all.fields == NULL)
		set_up();
	batch_clear(all.batch);
	batch_clear(all.again);
	(void)read_all(all.batch, data, size);
	if (recording_writer_create(all.fields, &writer) != 0)
		abort();
	for (uint32_t i = 0; i < all.batch->count; i++)
		recording_write(writer, &out, all.batch->events[i]);
	recording_writer_destroy(writer);
	if (!out.failed && out.len > RECORDING_MAGIC_LEN) {
		if (!read_all(all.again, (const uint8_t *)out.ptr + RECORDING_MAGIC_LEN,
			    out.len - RECORDING_MAGIC_LEN))
			abort();
		if (all.again->count != all.batch->count)
			abort();
	}
	buf_destroy(&out);
	return 0;
}
