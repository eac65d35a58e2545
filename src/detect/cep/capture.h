/* What is kept of an event: compact, in one piece, shared by counting references. Internal to
 * detect/cep. */
#ifndef MERLON_DETECT_CEP_CAPTURE_H
#define MERLON_DETECT_CEP_CAPTURE_H
#include "base/arena.h"
#include "detect/cep/cep.h"
#include "detect/cep/slab.h"

#define CAPTURE_BYTES_MAX 16384 /* of all fields; those that do not fit are left out and counted */
#define CAPTURE_TEXT_MAX  8192	/* of one text; the rest is cut off and counted */
#define CAPTURE_ITEMS_MAX 256	/* of a list */

/* Field ids in order, each once. */
struct capture_set {
	const field_id *fields;
	uint32_t count;
};

struct captured {
	uint64_t time_ns;
	uint32_t refs;
	uint16_t kind;
	uint16_t len;
	/* index, file index, source; then for each field in the order of ids: id, type, value; numbers
	 * as varints */
	uint8_t bytes[];
};

/* Which event it was. */
struct origin {
	uint64_t time_ns, index, file_index;
	uint32_t source;
	uint16_t kind;
};

/* Where an event's fields come from: a view, or what was kept of it. */
struct source {
	const struct view *view; /* NULL: event */
	const struct captured *event;
	uint64_t time_ns;
};
/* NULL when it does not have the field. Values made on the way live in scratch. */
const struct value *source_get(const struct source *source, field_id field, struct arena *scratch);

/* A handle with one reference, or 0 when memory ran out. */
uint32_t capture_store(struct slab *slab, const struct source *source,
	const struct capture_set *set, struct arena *scratch, uint64_t *truncated);
/* From encoded fields, as a saved state has them; they must be well-formed, in the order of ids, and
 * no longer than CAPTURE_BYTES_MAX. */
uint32_t capture_make(
	struct slab *slab, const struct origin *origin, const uint8_t *fields, size_t len);
/* Where the fields begin; *ret_end where they end. */
const uint8_t *capture_fields(
	const struct captured *event, struct origin *ret, const uint8_t **ret_end);
void capture_drop(struct slab *slab, uint32_t handle); /* one reference */
static inline struct captured *capture_at(const struct slab *slab, uint32_t handle)
{
	return slab_at(slab, handle);
}
static inline uint32_t capture_hold(struct slab *slab, uint32_t handle)
{
	capture_at(slab, handle)->refs++;
	return handle;
}

const struct value *capture_get(
	const struct captured *event, field_id field, struct arena *scratch);
/* All fields; texts point into the captured event. NULL when memory ran out. */
const struct cep_event *capture_decode(const struct captured *event, struct arena *arena);

/* One value at *at, before end, into *ret; false when the bytes are not well-formed. Items of a list
 * live in arena; texts in the bytes. */
bool capture_read(const uint8_t **at, const uint8_t *end, struct arena *arena, struct value *ret);
/* Appends; false when it does not fit before end. */
bool capture_write(uint8_t **at, const uint8_t *end, const struct value *value);
bool varint_read(const uint8_t **at, const uint8_t *end, uint64_t *ret);
bool varint_write(uint8_t **at, const uint8_t *end, uint64_t value);
#endif
