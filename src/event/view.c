#include "event/view.h"

#include <errno.h>
#include <stdlib.h>

int view_create(const struct fields *fields, struct view **ret)
{
	struct view *view = calloc(1, sizeof(*view));

	if (view == NULL)
		return -ENOMEM;
	view->fields = fields;
	view->wanted = fields_wanted_bits(fields);
	view->capacity = fields_count(fields);
	view->values = calloc(view->capacity, sizeof(*view->values));
	view->stamps = calloc(view->capacity, sizeof(*view->stamps));
	view->present = calloc(view->capacity, sizeof(*view->present));
	arena_init(&view->scratch, 0);
	if (view->values == NULL || view->stamps == NULL || view->present == NULL) {
		view_destroy(view);
		return -ENOMEM;
	}
	*ret = view;
	return 0;
}

void view_destroy(struct view *view)
{
	if (view == NULL)
		return;
	free(view->values);
	free(view->stamps);
	free(view->present);
	arena_destroy(&view->scratch);
	free(view);
}

void view_set(struct view *view, field_id id, struct value value)
{
	if (view->stamps[id] != view->now) {
		view->stamps[id] = view->now;
		view->present[view->present_count++] = id;
	}
	view->values[id] = value;
}

void view_load(struct view *view, const struct event *event)
{
	if (++view->now == 0) { /* wrapped: old stamps could look current */
		memset(view->stamps, 0, view->capacity * sizeof(*view->stamps));
		view->now = 1;
	}
	view->event = event;
	view->also_kind = KIND_none;
	view->present_count = 0;
	arena_reset(&view->scratch);
	for (uint32_t i = 0; i < event->field_count; i++)
		view_set(view, event->fields[i].id, event->fields[i].value);
}
