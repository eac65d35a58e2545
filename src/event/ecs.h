/* ECS JSON in and out. */
#ifndef MERLON_EVENT_ECS_H
#define MERLON_EVENT_ECS_H
#include "base/buf.h"
#include "event/event.h"
#include "event/view.h"
struct err;

/* How documents of an input are to be read. */
struct ecs_options {
	field_id time_field;	 /* FIELD_timestamp by default; a text is RFC 3339 */
	bool time_is_filetime;	 /* a number there counts 100 ns since 1601 */
	uint64_t time_unit_ns;	 /* a number there counts these since 1970; 0: 1 ms */
	field_id category_field; /* FIELD_event_category by default */
	/* Where the document has neither of those: FIELD_none, or e.g. "timestamp" (a number there that
	 * is large enough counts 100 ns since 1601) and "event_type", whose words then stand as
	 * event.category. */
	field_id other_time_field, other_category_field;
};

/* Decodes one JSON object into the batch: wanted fields, kind, categories, time. Dotted member
 * names and nested objects mean the same; arrays of objects become lists. Copies text into the
 * batch, so json may go afterwards. Returns 0 with *ret (committed; the caller sets index,
 * file_index and source), -EBADMSG with *ret_offset and err->text when it is not one valid JSON
 * object, -ENOMEM, or -E2BIG. */
int ecs_decode(struct batch *batch, struct str json, const struct ecs_options *options,
	struct event **ret, size_t *ret_offset, struct err *err);

/* A value as JSON; NULL and NONE as null. */
struct json_writer;
void value_write_json(struct json_writer *w, const struct value *value);

/* Appends the event with all that enrichment added as one line of ECS JSON, without newline. Of a
 * document every member is kept as it was. */
void ecs_write(struct buf *buf, const struct view *view);
#endif
