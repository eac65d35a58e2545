/* Field names as numbers. Names of the schema have fixed ids; any other name that a rule asks for
 * gets a dynamic id while rules are loaded. After fields_freeze() the set is read-only and may be
 * shared by threads. */
#ifndef MERLON_EVENT_FIELDS_H
#define MERLON_EVENT_FIELDS_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "event/schema.h"
struct err;

#define FIELD_ID_MAX 8192 /* static and dynamic ids stay below */

typedef uint16_t field_id;

struct fields;
int fields_create(struct fields **ret, struct err *err);
void fields_destroy(struct fields *fields);

/* The id of a name, made if new. Returns 0, -ENOSPC or -ENOMEM. Not after freezing. */
int fields_intern(struct fields *fields, struct str name, field_id *ret, struct err *err);
/* The id of a name that exists, or FIELD_none. */
field_id fields_find(const struct fields *fields, struct str name);
struct str fields_name(const struct fields *fields, field_id id);
/* One more than the greatest id. */
unsigned fields_count(const struct fields *fields);

/* Marks a field as wanted by some rule, output or stage. Sensors may leave out what nobody wants. */
void fields_want(struct fields *fields, field_id id);
/* The same for somebody who looks at whole ECS documents anyway (keywords of rules): sensors that
 * make events by themselves fill the field, decoding a document does not take it out. */
void fields_want_native(struct fields *fields, field_id id);
/* Everything is wanted, also fields that have no id (--events, record). */
void fields_want_all(struct fields *fields);
bool fields_wants_all(const struct fields *fields);
static inline bool fields_wanted(const uint64_t *bits, field_id id)
{
	return bits[id / 64] >> (id % 64) & 1;
}
/* Bit set of FIELD_ID_MAX bits, valid as long as fields. */
const uint64_t *fields_wanted_bits(const struct fields *fields);

/* A document's member `path` (dotted) also fills field id; for taxonomies in which documents do
 * not use ECS names. One path may fill several fields. */
int fields_alias(struct fields *fields, struct str path, field_id id, struct err *err);

/* Builds what decoding needs. */
int fields_freeze(struct fields *fields, struct err *err);

/* A name as the members of nested JSON objects that it stands for. Names in the order of their rank
 * have members of the same object side by side; what belongs to "event" comes first. */
#define FIELD_DEPTH_MAX 16 /* components; what lies deeper is left out */
struct field_path {
	const struct str
		*parts; /* "process": with quotes and colon; the same component below the same
				  * ones has the same ptr in every path */
	uint16_t count; /* 0: the id has no name */
	uint16_t rank;
};
/* After freezing. */
const struct field_path *fields_path(const struct fields *fields, field_id id);
unsigned fields_rank_count(const struct fields *fields);
field_id fields_of_rank(const struct fields *fields, unsigned rank);

/* Walking documents: a tree of member names that lead to wanted fields. */
struct field_node;
const struct field_node *fields_root(const struct fields *fields);
/* The child for a member name, or NULL when nothing wanted lies below it. */
const struct field_node *field_node_child(const struct field_node *node, struct str key);
/* Fields filled by the value at this node. */
const field_id *field_node_ids(const struct field_node *node, unsigned *ret_count);
bool field_node_is_leaf(const struct field_node *node); /* nothing wanted below */
#endif
