#include <stdlib.h>
#include "detect/cep/restore.h"

#define EVENT_FIELDS 1024

uint64_t restore_number(struct restorer *r)
{
	uint64_t number = 0;

	if (r->bad || !varint_read(&r->at, r->end, &number))
		r->bad = true;
	return r->bad ? 0 : number;
}

uint64_t restore_number_max(struct restorer *r, uint64_t max)
{
	uint64_t number = restore_number(r);

	r->bad |= number > max;
	return r->bad ? 0 : number;
}

struct str restore_bytes(struct restorer *r)
{
	uint64_t len = restore_number(r);

	r->bad |= len > (uint64_t)(r->end - r->at);
	if (r->bad)
		return (struct str){0};
	struct str bytes = str_n((const char *)r->at, (size_t)len);
	r->at += len;
	return bytes;
}

static void read_names(struct restorer *r)
{
	struct fields *fields = ruleset_fields(r->cep->set);

	r->name_count = restore_number_max(r, FIELD_ID_MAX);
	field_id *names = arena_alloc(&r->cep->scratch, (size_t)r->name_count * sizeof(*names));
	r->bad |= names == NULL;
	for (uint64_t i = 0; i < r->name_count && !r->bad; i++)
		names[i] = fields_find(fields, restore_bytes(r));
	r->names = names;
}

struct span {
	field_id field;
	const uint8_t *at;
	size_t len;
};

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->field > y->field) - (x->field < y->field);
}

/* Values stay as they are, in the order that fields have now. Returns their length. */
static size_t write_fields(struct restorer *r, struct span *spans, uint32_t count, uint8_t *bytes)
{
	uint8_t *out = bytes;

	qsort(spans, count, sizeof(*spans), compare_spans);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0 && spans[i].field == spans[i - 1].field)
			continue;
		if (!varint_write(&out, bytes + CAPTURE_BYTES_MAX, spans[i].field) ||
			(size_t)(bytes + CAPTURE_BYTES_MAX - out) < spans[i].len) {
			r->bad = true;
			return 0;
		}
		memcpy(out, spans[i].at, spans[i].len);
		out += spans[i].len;
	}
	return (size_t)(out - bytes);
}

static void read_event(struct restorer *r, struct span *spans, uint8_t *bytes, uint32_t *ret)
{
	struct origin origin = {.time_ns = restore_number(r),
		.index = restore_number(r),
		.file_index = restore_number(r)};
	struct arena values;
	struct value value;
	uint32_t known = 0;

	origin.source = (uint32_t)restore_number_max(r, UINT32_MAX);
	origin.kind = (uint16_t)restore_number_max(r, UINT16_MAX);
	uint64_t count = restore_number_max(r, EVENT_FIELDS);
	arena_init(&values, 0);
	for (uint64_t i = 0; i < count && !r->bad; i++) {
		uint64_t name = restore_number(r);
		const uint8_t *start = r->at;
		if (r->bad || name >= r->name_count ||
			!capture_read(&r->at, r->end, &values, &value)) {
			r->bad = true;
			break;
		}
		if (r->names[name] != FIELD_none)
			spans[known++] = (struct span){
				r->names[name], start, (size_t)(r->at - start)};
	}
	arena_destroy(&values);
	if (r->bad)
		return;
	size_t len = write_fields(r, spans, known, bytes);
	if (!r->bad && cep_bytes(r->cep) <= r->cep->options.bytes_max)
		*ret = capture_make(&r->cep->slab, &origin, bytes, len);
}

static void read_events(struct restorer *r)
{
	struct arena *scratch = &r->cep->scratch;

	/* each takes at least six bytes */
	r->event_count = restore_number_max(r, (uint64_t)(r->end - r->at) / 6);
	r->events = calloc((size_t)r->event_count + 1, sizeof(*r->events));
	struct span *spans = arena_alloc(scratch, EVENT_FIELDS * sizeof(*spans));
	uint8_t *bytes = arena_alloc(scratch, CAPTURE_BYTES_MAX);
	r->bad |= r->events == NULL || spans == NULL || bytes == NULL;
	for (uint64_t i = 0; i < r->event_count && !r->bad; i++)
		read_event(r, spans, bytes, &r->events[i + 1]);
}

void restore_tables(struct restorer *r)
{
	read_names(r);
	if (!r->bad)
		read_events(r);
}

uint32_t restore_event(struct restorer *r, bool *lost)
{
	uint64_t number = restore_number_max(r, r->event_count);

	if (number == 0)
		return 0;
	*lost |= r->events[number] == 0;
	return r->events[number] == 0 ? 0 : capture_hold(&r->cep->slab, r->events[number]);
}
