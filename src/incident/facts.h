/* What is known of an event: all of it while a view holds it, later what a rule over several events
 * kept. Internal to incident. */
#ifndef MERLON_INCIDENT_FACTS_H
#define MERLON_INCIDENT_FACTS_H
#include "detect/cep/cep.h"
#include "event/view.h"

struct facts {
	const struct view *view; /* NULL: kept is all there is */
	const struct cep_event *kept;
};

static inline const struct value *fact_get(const struct facts *facts, field_id id)
{
	return facts->view != NULL ? view_get(facts->view, id) : cep_event_get(facts->kept, id);
}
/* The text of a TEXT field, else empty. */
static inline struct str fact_text(const struct facts *facts, field_id id)
{
	const struct value *value = fact_get(facts, id);

	return value != NULL && value->type == VALUE_TEXT ? value_str(value) : (struct str){0};
}
static inline unsigned fact_kind(const struct facts *facts)
{
	return facts->view != NULL ? facts->view->event->kind : facts->kept->kind;
}
#endif
