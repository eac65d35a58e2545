#include "incident/attack.h"

#include <stdlib.h>

/* in the order of the ids */
static const struct technique {
	const char *id, *name;
} techniques[] = {
#define TECHNIQUE(id, name) {id, name},
#include "incident/attack.def"
};

static int compare(const void *key, const void *row)
{
	const struct str *id = key;
	const char *other = ((const struct technique *)row)->id;
	int order = strncmp(id->ptr, other, id->len);

	return order != 0 ? order : -(other[id->len] != '\0');
}

static const struct technique *find(struct str id)
{
	return id.len == 0 ? NULL
			   : bsearch(&id, techniques, sizeof(techniques) / sizeof(techniques[0]),
				     sizeof(techniques[0]), compare);
}

struct str attack_name(struct str id)
{
	const struct technique *row = find(id);

	if (row == NULL)
		row = find(str_cut(&id, '.'));
	return row == NULL ? (struct str){0} : str_of(row->name);
}
