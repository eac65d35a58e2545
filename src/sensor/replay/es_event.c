#include "sensor/replay/es_event.h"

const struct es_kind *es_kind_find(struct str name)
{
	static const struct es_kind *const tables[] = {
		es_process_kinds, es_file_kinds, es_user_kinds, es_security_kinds};

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct es_kind *kind = tables[t]; kind->name != NULL; kind++)
			if (str_is(name, kind->name))
				return kind;
	return NULL;
}
