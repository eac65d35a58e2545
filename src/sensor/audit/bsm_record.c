#include "sensor/audit/bsm_record.h"

#include <errno.h>
#include <stdlib.h>
#include "sensor/audit/bsm_event.h"
#include "sensor/audit/bsm_fill.h"

#define TOKENS_MAX 65536

void bsm_record_destroy(struct bsm_record *record)
{
	free(record->tokens);
	*record = (struct bsm_record){0};
}

static struct bsm_token *next_place(struct bsm_record *record)
{
	if (record->count == record->capacity) {
		uint32_t capacity = record->capacity == 0 ? 32 : record->capacity * 2;
		struct bsm_token *tokens = realloc(
			record->tokens, capacity * sizeof(*record->tokens));
		if (tokens == NULL)
			return NULL;
		record->tokens = tokens;
		record->capacity = capacity;
	}
	return &record->tokens[record->count];
}

int bsm_record_parse(struct bsm_record *record, const void *ptr, size_t len)
{
	struct cursor body = cursor_of(ptr, len);
	struct bsm_token *token;

	record->count = 0;
	record->rest = (struct str){0};
	record->has_header = bsm_header_read(ptr, len, &record->header);
	if (len >= BSM_TRAILER_BYTES && bsm_trailer_matches(body.ptr + len - BSM_TRAILER_BYTES,
						BSM_TRAILER_BYTES, record->header.size))
		body.len -= BSM_TRAILER_BYTES;
	while (cursor_left(&body) > 0 && record->count < TOKENS_MAX) {
		token = next_place(record);
		if (token == NULL)
			return -ENOMEM;
		if (bsm_token_read(&body, token) != 0)
			break;
		record->count++;
	}
	record->rest = str_n((const char *)body.ptr + body.pos, cursor_left(&body));
	if (body.len < len) {
		struct cursor end = cursor_of(body.ptr + body.len, len - body.len);
		token = next_place(record);
		if (token == NULL)
			return -ENOMEM;
		if (bsm_token_read(&end, token) == 0)
			record->count++;
	}
	return 0;
}

int bsm_record_bare(struct bsm_record *record, const struct bsm_token *token)
{
	record->count = 0;
	record->has_header = false;
	record->header = (struct bsm_header){0};
	record->rest = (struct str){0};
	struct bsm_token *place = next_place(record);
	if (place == NULL)
		return -ENOMEM;
	*place = *token;
	record->count = 1;
	return 0;
}

static void write_raw(const struct bsm_record *record, struct buf *buf)
{
	struct json_writer w = {.buf = buf};

	json_object_begin(&w);
	json_key(&w, STR("tokens"));
	json_array_begin(&w);
	for (uint32_t i = 0; i < record->count; i++) {
		if (record->rest.len > 0 && i + 1 == record->count)
			bsm_rest_write(&w, record->rest); /* before the trailer */
		bsm_token_write(&w, &record->tokens[i]);
	}
	json_array_end(&w);
	json_object_end(&w);
}

static void keep_raw(const struct bsm_record *record, struct batch *batch)
{
	struct buf buf = {0};

	write_raw(record, &buf);
	struct str copy = buf.failed ? (struct str){0}
				     : arena_strn(&batch->arena, buf.ptr, buf.len);
	if (copy.ptr == NULL) {
		batch->truncated_count++;
	} else {
		batch->building.raw = copy;
		batch->building.raw_key = "bsm.record"; /* beside the fields bsm.* */
	}
	buf_destroy(&buf);
}

struct event *bsm_record_event(const struct bsm_record *record, struct batch *batch)
{
	const struct bsm_event *row = record->has_header ? bsm_event_by_number(record->header.event)
							 : NULL;
	enum event_kind kind = row == NULL ? KIND_audit_record : row->kind;

	event_begin(batch, kind, record->header.time_ns);
	batch->building.os = OS_MACOS;
	ev_text_ref(batch, FIELD_host_os_type, STR("macos"));
	ev_text_ref(batch, FIELD_event_module, STR("openbsm"));
	ev_uint(batch, FIELD_bsm_tokens, record->count);
	if (record->has_header) {
		ev_uint(batch, FIELD_bsm_event, record->header.event);
		ev_uint(batch, FIELD_bsm_modifier, record->header.modifier);
		ev_uint_text(batch, FIELD_event_code, record->header.event);
	}
	if (row != NULL)
		ev_text_ref(batch, FIELD_auditd_message_type, str_of(row->name));
	bsm_fill(record, batch, kind);
	if (batch->want_all)
		keep_raw(record, batch);
	return event_commit(batch);
}
