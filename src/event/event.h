/* The event: what every stage behind the sensors sees.
 *
 * A sensor fills a batch with events: each a header and a list of (field, value). Text and lists
 * live in the batch's arena, or in memory that lives as long as it (ev_text_ref). An event does
 * not change after event_commit(); enrichment adds to the view (view.h), not to the event. */
#ifndef MERLON_EVENT_EVENT_H
#define MERLON_EVENT_EVENT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"
#include "event/fields.h"
#include "event/schema.h"

enum value_type {
	VALUE_NONE, /* the field is not there */
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_UINT, /* only what does not fit VALUE_INT */
	VALUE_DOUBLE,
	VALUE_TEXT,
	VALUE_LIST, /* of the types above, no lists inside */
};

struct value {
	uint8_t type;
	uint32_t len; /* TEXT: bytes; LIST: items */
	union {
		bool boolean;
		int64_t i64;
		uint64_t u64;
		double f64;
		const char *text; /* not NUL-terminated */
		const struct value *items;
	};
};

static inline struct value value_text(struct str s)
{
	return (struct value){.type = VALUE_TEXT, .len = (uint32_t)s.len, .text = s.ptr};
}
static inline struct value value_int(int64_t i)
{
	return (struct value){.type = VALUE_INT, .i64 = i};
}
static inline struct value value_uint(uint64_t u)
{
	return u <= INT64_MAX ? value_int((int64_t)u)
			      : (struct value){.type = VALUE_UINT, .u64 = u};
}
static inline struct value value_bool(bool b)
{
	return (struct value){.type = VALUE_BOOL, .boolean = b};
}
static inline struct str value_str(const struct value *v) /* of a TEXT */
{
	return str_n(v->text, v->len);
}
/* Any single value as text: numbers in decimal, booleans as true/false, NULL and NONE empty. out
 * needs 32 bytes; TEXT is returned as it is. */
#define VALUE_TEXT_BYTES 32
struct str value_as_text(const struct value *v, char out[VALUE_TEXT_BYTES]);
/* As a number; TEXT only when it is one. */
bool value_as_double(const struct value *v, double *ret);
bool value_as_i64(const struct value *v, int64_t *ret);

struct event_field {
	field_id id;
	struct value value;
};

enum event_os { OS_UNKNOWN, OS_LINUX, OS_MACOS, OS_WINDOWS };

struct event {
	uint16_t kind; /* enum event_kind */
	uint8_t os;    /* enum event_os */
	uint8_t reserved;
	uint32_t categories, types; /* the kind's, and for documents also what they say */
	uint64_t time_ns;	    /* event time; 0 when the record has none */
	uint64_t index;	     /* record starts over all inputs, from 0, broken ones included */
	uint64_t file_index; /* the same within its input */
	uint32_t source;     /* number of the input */
	/* The record as JSON where it came as, or was turned into, JSON; else empty. With raw_key
	 * NULL it is the ECS document itself; otherwise --events prints it below that name. */
	struct str raw;
	const char *raw_key; /* static */
	struct batch *batch;
	uint32_t field_count;
	const struct event_field *fields;
};

#define EVENT_FIELDS_MAX 1024

/* A batch owns its events. Recycled through a pool by whoever runs the pipeline; events that must
 * wait (reordering) hold a reference. Not thread-safe. */
struct batch {
	struct arena arena;
	struct event **events;
	uint32_t count, capacity;
	uint32_t refs;
	const struct fields *fields;
	const uint64_t *wanted; /* bits of fields */
	bool want_all;		/* keep raw and every field */
	/* Fields that every event gets which does not set them itself, e.g. the host's name; those of
	 * VALUE_NONE are left out. Borrowed from the batch's owner; texts must live as long as any
	 * event. */
	const struct event_field *common;
	uint32_t common_count;
	uint64_t truncated_count; /* values or fields that did not fit a limit */
	/* the event being built */
	struct event building;
	struct event_field *pending; /* EVENT_FIELDS_MAX */
	uint32_t pending_count;
	uint16_t *position; /* by field id: 1 + index into pending, while building */
};

int batch_create(const struct fields *fields, struct batch **ret);
void batch_destroy(struct batch *batch);
void batch_clear(struct batch *batch); /* drops the events, keeps the memory */
/* Events from first on that say to be later than latest_ns get that time: one that somebody could
 * date into the future would end every window of time behind it. For whoever fills the batch. */
void batch_limit_times(struct batch *batch, uint32_t first, uint64_t latest_ns);

/* Begins an event, with the kind's categories and types. One at a time. */
struct event *event_begin(struct batch *batch, enum event_kind kind, uint64_t time_ns);
/* Sets event.kind anew with its categories and types, while building. */
void event_set_kind(struct batch *batch, enum event_kind kind);
/* Appends it to the batch. Returns it, or NULL when memory ran out (the event is dropped). */
struct event *event_commit(struct batch *batch);
void event_abort(struct batch *batch);

/* Setting fields of the event being built: nothing happens when nobody wants the field. A second
 * set of the same field replaces the first, except ev_add. Empty or NULL text is not set. */
static inline bool ev_wants(const struct batch *batch, field_id id)
{
	return fields_wanted(batch->wanted, id);
}
void ev_set(
	struct batch *batch, field_id id, struct value value);	 /* value's memory outlives batch */
void ev_text(struct batch *batch, field_id id, struct str text); /* copies */
void ev_text_ref(
	struct batch *batch, field_id id, struct str text);	  /* in batch memory, or static */
void ev_cstr(struct batch *batch, field_id id, const char *text); /* copies; NULL does nothing */
void ev_int(struct batch *batch, field_id id, int64_t value);
void ev_uint(struct batch *batch, field_id id, uint64_t value);
void ev_bool(struct batch *batch, field_id id, bool value);
void ev_time(struct batch *batch, field_id id, uint64_t time_ns);    /* RFC 3339 text; 0: nothing */
void ev_uint_text(struct batch *batch, field_id id, uint64_t value); /* decimal text: user.id … */
void ev_list(
	struct batch *batch, field_id id, const struct str *texts, uint32_t count); /* copies */
/* Appends: a second value makes a list, ev_list's grows. Copies nothing; not behind ev_set of a
 * list of the caller's own. */
void ev_add(struct batch *batch, field_id id, struct value value);
__attribute__((format(printf, 3, 4))) void ev_printf(
	struct batch *batch, field_id id, const char *fmt, ...);
/* IPv4 (4 bytes) or IPv6 (16 bytes) address in network order, as text. */
void ev_ip(struct batch *batch, field_id id, const uint8_t *address, size_t len);

/* The value of a field in an event, or NULL. Linear: for cold paths; the hot path uses a view. */
const struct value *event_get(const struct event *event, field_id id);
struct str event_get_text(const struct event *event, field_id id); /* empty when not TEXT */
#endif
