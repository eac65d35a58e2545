/* JSON documents: decoded, laid out, written; what is written is JSON again. */
#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "event/ecs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct fields *fields;
	struct batch *batch;
	struct view *view;
	struct buf out;
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
		view_create(all.fields, &all.view) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event *event = NULL;
	struct err err;
	size_t offset = 0;

	if (all.fields == NULL)
		set_up();
	batch_clear(all.batch);
	if (ecs_decode(all.batch, str_n((const char *)data, size), NULL, &event, &offset, &err) !=
		0) {
		if (offset > size || all.batch->count != 0)
			abort();
		return 0;
	}
	view_load(all.view, event);
	view_set_text(all.view, FIELD_process_Ext_unit, STR("added"));
	buf_clear(&all.out);
	ecs_write(&all.out, all.view);
	if (all.out.failed)
		return 0;
	batch_clear(all.batch);
	if (ecs_decode(all.batch, buf_view(&all.out), NULL, &event, &offset, &err) == -EBADMSG)
		abort();
	return 0;
}
