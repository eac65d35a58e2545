#include "event/fields.h"

#include <errno.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#define WANTED_WORDS (FIELD_ID_MAX / 64)
#define NAME_SLOTS   (FIELD_ID_MAX * 2) /* open addressing, at most half full */

struct alias {
	struct str path;
	field_id id;
};

/* The first and the last bytes of a name: of up to sixteen bytes they are all there is. */
struct key_ends {
	uint64_t head, tail;
};

/* A member name's place in the tree. Children are in a small open-addressing table. */
struct field_node {
	struct str key;
	struct key_ends ends; /* of key */
	uint32_t hash;
	uint32_t slot_mask; /* slots - 1; 0 and slots NULL: no children */
	struct field_node **slots;
	uint32_t child_count;
	field_id *ids;
	unsigned id_count;
};

struct fields {
	struct arena arena;
	struct str *names;	/* by id */
	uint32_t dynamic_count; /* ids FIELD_STATIC_MAX … */
	field_id *slots;	/* NAME_SLOTS, by hash of the name */
	uint64_t wanted[WANTED_WORDS];
	uint64_t decoded[WANTED_WORDS]; /* those wanted of documents too */
	bool wants_all, frozen;
	struct alias *aliases;
	uint32_t alias_count, alias_capacity;
	struct field_node *root;
	struct field_path *paths; /* by id */
	field_id *ranked;	  /* by rank */
	unsigned rank_count;
};

static inline struct key_ends ends_of(struct str key)
{
	struct key_ends ends = {0};

	if (key.len >= 8) {
		memcpy(&ends.head, key.ptr, 8);
		memcpy(&ends.tail, key.ptr + key.len - 8, 8);
	} else if (key.len >= 4) {
		memcpy(&ends.head, key.ptr, 4);
		memcpy(&ends.tail, key.ptr + key.len - 4, 4);
	} else if (key.len > 0) {
		ends.head = (unsigned char)key.ptr[0];
		ends.tail = (uint64_t)(unsigned char)key.ptr[key.len / 2] << 8 |
			    (unsigned char)key.ptr[key.len - 1];
	}
	return ends;
}

/* Length and both ends tell member names apart well enough, and need no loop. */
static inline uint32_t hash_ends(struct key_ends ends, size_t len)
{
	uint64_t h = (ends.head ^ (ends.tail * UINT64_C(0x9e3779b97f4a7c15)) ^ len) *
		     UINT64_C(0xff51afd7ed558ccd);
	return (uint32_t)(h >> 32);
}

/* FNV-1a: names that share both ends must not collide here, there are thousands. */
static uint32_t hash_name(struct str name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.ptr[i]) * 16777619u;
	return h;
}

static field_id *name_slot(const struct fields *fields, struct str name)
{
	uint32_t at = hash_name(name) % NAME_SLOTS;

	while (fields->slots[at] != FIELD_none && !str_eq(fields->names[fields->slots[at]], name))
		at = (at + 1) % NAME_SLOTS;
	return &fields->slots[at];
}

int fields_create(struct fields **ret, struct err *err)
{
	struct fields *fields = calloc(1, sizeof(*fields));

	if (fields == NULL)
		return err_set(err, -ENOMEM, "field names: out of memory");
	arena_init(&fields->arena, 0);
	fields->names = calloc(FIELD_ID_MAX, sizeof(*fields->names));
	fields->slots = calloc(NAME_SLOTS, sizeof(*fields->slots));
	if (fields->names == NULL || fields->slots == NULL) {
		fields_destroy(fields);
		return err_set(err, -ENOMEM, "field names: out of memory");
	}
	for (unsigned i = 0; i < schema_field_count; i++) {
		field_id id = schema_fields[i].number;
		fields->names[id] = str_of(schema_fields[i].name);
		*name_slot(fields, fields->names[id]) = id;
	}
	/* What decoding itself needs to tell what a document is. */
	static const field_id always[] = {FIELD_timestamp, FIELD_event_action, FIELD_event_category,
		FIELD_event_type, FIELD_event_dataset, FIELD_host_os_type, FIELD_host_os_family,
		FIELD_host_os_platform};
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		fields_want(fields, always[i]);
	*ret = fields;
	return 0;
}

void fields_destroy(struct fields *fields)
{
	if (fields == NULL)
		return;
	arena_destroy(&fields->arena);
	free(fields->names);
	free(fields->slots);
	free(fields->aliases);
	free(fields);
}

int fields_intern(struct fields *fields, struct str name, field_id *ret, struct err *err)
{
	field_id *slot = name_slot(fields, name);

	if (*slot == FIELD_none) {
		uint32_t id = FIELD_STATIC_MAX + fields->dynamic_count;
		if (fields->frozen || id >= FIELD_ID_MAX)
			return err_set(err, -ENOSPC, "field '%.*s': more than %d field names",
				STR_ARG(name), FIELD_ID_MAX - FIELD_STATIC_MAX);
		struct str copy = arena_strn(&fields->arena, name.ptr, name.len);
		if (copy.ptr == NULL)
			return err_set(err, -ENOMEM, "field names: out of memory");
		fields->names[id] = copy;
		fields->dynamic_count++;
		*slot = (field_id)id;
	}
	*ret = *slot;
	return 0;
}

field_id fields_find(const struct fields *fields, struct str name)
{
	return *name_slot(fields, name);
}

struct str fields_name(const struct fields *fields, field_id id)
{
	return id < FIELD_ID_MAX ? fields->names[id] : (struct str){0};
}

unsigned fields_count(const struct fields *fields)
{
	return FIELD_STATIC_MAX + fields->dynamic_count;
}

void fields_want(struct fields *fields, field_id id)
{
	fields_want_native(fields, id);
	if (id != FIELD_none && id < FIELD_ID_MAX)
		fields->decoded[id / 64] |= UINT64_C(1) << (id % 64);
}

void fields_want_native(struct fields *fields, field_id id)
{
	if (id != FIELD_none && id < FIELD_ID_MAX)
		fields->wanted[id / 64] |= UINT64_C(1) << (id % 64);
}

void fields_want_all(struct fields *fields)
{
	memset(fields->wanted, 0xff, sizeof(fields->wanted));
	memset(fields->decoded, 0xff, sizeof(fields->decoded));
	fields->wants_all = true;
}

bool fields_wants_all(const struct fields *fields)
{
	return fields->wants_all;
}

const uint64_t *fields_wanted_bits(const struct fields *fields)
{
	return fields->wanted;
}

int fields_alias(struct fields *fields, struct str path, field_id id, struct err *err)
{
	for (uint32_t i = 0; i < fields->alias_count; i++)
		if (fields->aliases[i].id == id && str_eq(fields->aliases[i].path, path))
			return 0;
	if (fields->alias_count == fields->alias_capacity) {
		uint32_t capacity = fields->alias_capacity == 0 ? 64 : fields->alias_capacity * 2;
		struct alias *grown = realloc(fields->aliases, capacity * sizeof(*fields->aliases));
		if (grown == NULL)
			return err_set(err, -ENOMEM, "field names: out of memory");
		fields->aliases = grown;
		fields->alias_capacity = capacity;
	}
	struct str copy = arena_strn(&fields->arena, path.ptr, path.len);
	if (copy.ptr == NULL)
		return err_set(err, -ENOMEM, "field names: out of memory");
	fields->aliases[fields->alias_count++] = (struct alias){copy, id};
	return 0;
}

/* ---- the tree of member names ---- */

static inline bool has_key(const struct field_node *node, struct str key, struct key_ends ends)
{
	return node->key.len == key.len && node->ends.head == ends.head &&
	       node->ends.tail == ends.tail &&
	       (key.len <= 16 || memcmp(node->key.ptr, key.ptr, key.len) == 0);
}

static inline struct field_node **child_slot(
	const struct field_node *node, struct str key, struct key_ends ends, uint32_t hash)
{
	uint32_t at = hash & node->slot_mask;

	while (node->slots[at] != NULL && !has_key(node->slots[at], key, ends))
		at = (at + 1) & node->slot_mask;
	return &node->slots[at];
}

static int grow_slots(struct fields *fields, struct field_node *node)
{
	uint32_t old_count = node->slots == NULL ? 0 : node->slot_mask + 1;
	uint32_t count = old_count == 0 ? 4 : old_count * 2;
	struct field_node **old = node->slots;
	struct field_node **slots = arena_zalloc(
		&fields->arena, count * sizeof(struct field_node *));

	if (slots == NULL)
		return -ENOMEM;
	node->slots = slots;
	node->slot_mask = count - 1;
	for (uint32_t i = 0; i < old_count; i++)
		if (old[i] != NULL)
			*child_slot(node, old[i]->key, old[i]->ends, old[i]->hash) = old[i];
	return 0;
}

static struct field_node *make_child(struct fields *fields, struct field_node *node, struct str key)
{
	struct key_ends ends = ends_of(key);
	uint32_t hash = hash_ends(ends, key.len);

	if (node->slots == NULL || node->child_count * 2 > node->slot_mask) {
		if (grow_slots(fields, node) != 0)
			return NULL;
	}
	struct field_node **slot = child_slot(node, key, ends, hash);
	if (*slot == NULL) {
		struct field_node *child = arena_zalloc(&fields->arena, sizeof(*child));
		if (child == NULL)
			return NULL;
		child->key = key;
		child->ends = ends;
		child->hash = hash;
		*slot = child;
		node->child_count++;
	}
	return *slot;
}

static int add_path(struct fields *fields, struct str path, field_id id)
{
	struct field_node *node = fields->root;

	while (path.len > 0) {
		node = make_child(fields, node, str_cut(&path, '.'));
		if (node == NULL)
			return -ENOMEM;
	}
	field_id *ids = arena_alloc(&fields->arena, (node->id_count + 1) * sizeof(*ids));
	if (ids == NULL)
		return -ENOMEM;
	if (node->id_count > 0)
		memcpy(ids, node->ids, node->id_count * sizeof(*ids));
	ids[node->id_count++] = id;
	node->ids = ids;
	return 0;
}

/* ---- paths ---- */

struct named {
	struct str name;
	field_id id;
};

/* By component, so that "a.b" and "a.b.c" are neighbours whatever "a.b-x" does. */
static int compare_names(const void *left, const void *right)
{
	struct str a = ((const struct named *)left)->name, b = ((const struct named *)right)->name;

	bool event = str_starts(a, STR("event."));
	if (event != str_starts(b, STR("event.")))
		return event ? -1 : 1;
	while (a.len > 0 && b.len > 0) {
		struct str x = str_cut(&a, '.'), y = str_cut(&b, '.');
		int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);
		if (order != 0)
			return order;
		if (x.len != y.len)
			return x.len < y.len ? -1 : 1;
	}
	return a.len > 0 ? 1 : b.len > 0 ? -1 : 0;
}

static struct str quoted_key(struct arena *arena, struct str key)
{
	struct buf buf = {0};

	json_quote(&buf, key);
	buf_char(&buf, ':');
	struct str ret = buf.failed ? (struct str){0} : arena_strn(arena, buf.ptr, buf.len);
	buf_destroy(&buf);
	return ret;
}

/* before: the path that comes before this one, or NULL. */
static int make_path(struct fields *fields, const struct named *named,
	const struct field_path *before, struct field_path *ret)
{
	struct str parts[FIELD_DEPTH_MAX], rest = named->name;
	bool same = before != NULL;

	while (rest.len > 0 && ret->count < FIELD_DEPTH_MAX) {
		struct str key = quoted_key(&fields->arena, str_cut(&rest, '.'));
		if (key.ptr == NULL)
			return -ENOMEM;
		same = same && ret->count < before->count && str_eq(before->parts[ret->count], key);
		parts[ret->count] = same ? before->parts[ret->count] : key;
		ret->count++;
	}
	ret->parts = arena_alloc(&fields->arena, ret->count * sizeof(*parts));
	if (ret->parts == NULL)
		return -ENOMEM;
	memcpy((struct str *)(uintptr_t)ret->parts, parts, ret->count * sizeof(*parts));
	return 0;
}

static int make_paths(struct fields *fields)
{
	struct named *names = calloc(FIELD_ID_MAX, sizeof(*names));
	const struct field_path *before = NULL;
	uint16_t count = 0;
	int rc = 0;

	fields->paths = arena_zalloc(&fields->arena, FIELD_ID_MAX * sizeof(*fields->paths));
	fields->ranked = arena_alloc(&fields->arena, FIELD_ID_MAX * sizeof(*fields->ranked));
	if (names == NULL || fields->paths == NULL || fields->ranked == NULL) {
		free(names);
		return -ENOMEM;
	}
	for (unsigned id = 1; id < fields_count(fields); id++)
		if (fields->names[id].len > 0)
			names[count++] = (struct named){fields->names[id], (field_id)id};
	qsort(names, count, sizeof(*names), compare_names);
	for (uint16_t i = 0; i < count && rc == 0; i++) {
		struct field_path *path = &fields->paths[names[i].id];
		path->rank = i;
		fields->ranked[i] = names[i].id;
		rc = make_path(fields, &names[i], before, path);
		before = path;
	}
	fields->rank_count = count;
	free(names);
	return rc;
}

unsigned fields_rank_count(const struct fields *fields)
{
	return fields->rank_count;
}

field_id fields_of_rank(const struct fields *fields, unsigned rank)
{
	return fields->ranked[rank];
}

const struct field_path *fields_path(const struct fields *fields, field_id id)
{
	return &fields->paths[id];
}

int fields_freeze(struct fields *fields, struct err *err)
{
	int rc = make_paths(fields);

	fields->frozen = true;
	fields->root = arena_zalloc(&fields->arena, sizeof(*fields->root));
	if (fields->root == NULL)
		return err_set(err, -ENOMEM, "field names: out of memory");
	for (unsigned id = 1; id < fields_count(fields) && rc == 0; id++)
		if (fields->names[id].len > 0 && fields_wanted(fields->decoded, (field_id)id))
			rc = add_path(fields, fields->names[id], (field_id)id);
	for (uint32_t i = 0; i < fields->alias_count && rc == 0; i++)
		if (fields_wanted(fields->decoded, fields->aliases[i].id))
			rc = add_path(fields, fields->aliases[i].path, fields->aliases[i].id);
	return rc == 0 ? 0 : err_set(err, rc, "field names: out of memory");
}

const struct field_node *fields_root(const struct fields *fields)
{
	return fields->root;
}

const struct field_node *field_node_child(const struct field_node *node, struct str key)
{
	struct key_ends ends = ends_of(key);

	return node->slots == NULL ? NULL : *child_slot(node, key, ends, hash_ends(ends, key.len));
}

const field_id *field_node_ids(const struct field_node *node, unsigned *ret_count)
{
	*ret_count = node->id_count;
	return node->ids;
}

bool field_node_is_leaf(const struct field_node *node)
{
	return node->child_count == 0;
}
