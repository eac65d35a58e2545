/* One event laid out by field number, for the stages that read it: the accessor of the hot path.
 * Loading stores each field once; reading is an array access. Enrichment adds fields here. One
 * view per pipeline; what it returns is valid until the next view_load(). Not thread-safe. */
#ifndef MERLON_EVENT_VIEW_H
#define MERLON_EVENT_VIEW_H
#include "event/event.h"

struct view {
	const struct event *event;
	const struct fields *fields;
	const uint64_t *wanted;
	struct value *values; /* by field id */
	uint32_t *stamps;     /* by field id: values[id] belongs to the event numbered `now` */
	uint32_t now;
	uint16_t *present; /* ids set, in order */
	uint32_t present_count;
	uint32_t capacity;
	uint16_t also_kind; /* set by enrichment: judge the event as this kind too, or KIND_none */
	struct arena scratch; /* reset by view_load(): memory for derived values */
};

int view_create(const struct fields *fields, struct view **ret);
void view_destroy(struct view *view);
void view_load(struct view *view, const struct event *event);

/* NULL when the event does not have the field. */
static inline const struct value *view_get(const struct view *view, field_id id)
{
	return view->stamps[id] == view->now ? &view->values[id] : NULL;
}
static inline bool view_wants(const struct view *view, field_id id)
{
	return fields_wanted(view->wanted, id);
}
/* The text of a TEXT field, else empty. */
static inline struct str view_text(const struct view *view, field_id id)
{
	const struct value *v = view_get(view, id);
	return v != NULL && v->type == VALUE_TEXT ? value_str(v) : (struct str){0};
}
/* Adds or replaces; text and items must live until the next view_load() (scratch does). */
void view_set(struct view *view, field_id id, struct value value);
static inline void view_set_text(struct view *view, field_id id, struct str text)
{
	if (text.len > 0)
		view_set(view, id, value_text(text));
}
#endif
