/* Which host an event is of. */
#include "enrich/enrich_internal.h"
#include "os/host.h"

static struct str cut(struct str text, size_t max)
{
	if (text.len > max)
		text.len = max;
	return text;
}

static void remember(struct enrich *enrich, struct known_host *host, struct str id, struct str name)
{
	if (id.len > 0)
		memcpy(host->id, id.ptr, id.len);
	if (name.len > 0)
		memcpy(host->name, name.ptr, name.len);
	host->id_len = (uint16_t)id.len;
	host->name_len = (uint16_t)name.len;
	host->number = graph_host(enrich->graph, id.len > 0 ? id : name);
	host->known = true;
}

void host_here(struct enrich *enrich)
{
	struct os_host here;

	os_host_read(&here);
	for (unsigned i = 0; i < SOURCES_MAX; i++)
		remember(enrich, &enrich->hosts[i],
			cut(str_of(here.id), sizeof(enrich->hosts[i].id)),
			cut(str_of(here.name), sizeof(enrich->hosts[i].name)));
}

uint32_t host_of_event(struct enrich *enrich, struct view *view)
{
	uint32_t source = view->event->source;
	struct known_host *host = &enrich->hosts[source < SOURCES_MAX ? source : SOURCES_MAX - 1];
	struct str id = cut(view_text(view, FIELD_host_id), sizeof(host->id));
	struct str name = cut(view_text(view, FIELD_host_name), sizeof(host->name));
	struct str known_id = str_n(host->id, host->id_len);
	struct str known_name = str_n(host->name, host->name_len);

	if (id.len == 0 && name.len == 0) {
		if (!host->known)
			remember(enrich, host, id, name);
	} else if (id.len == 0 && host->known && str_eq(name, known_name)) {
		id = known_id;
	} else if (!host->known || !str_eq(id, known_id) || !str_eq(name, known_name)) {
		remember(enrich, host, id, name);
	}
	/* a document that names no host stays without */
	if (view->event->raw.len > 0)
		return host->number;
	if (enrich->wants_host_id && view_get(view, FIELD_host_id) == NULL)
		view_set_text(view, FIELD_host_id, str_n(host->id, host->id_len));
	if (enrich->wants_host_name && view_get(view, FIELD_host_name) == NULL)
		view_set_text(view, FIELD_host_name, str_n(host->name, host->name_len));
	return host->number;
}
