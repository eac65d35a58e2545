#include "event/ecs.h"

#include "base/clock.h"
#include "base/json.h"

void value_write_json(struct json_writer *w, const struct value *v)
{
	switch (v == NULL ? VALUE_NULL : v->type) {
	case VALUE_BOOL:
		json_put_bool(w, v->boolean);
		break;
	case VALUE_INT:
		json_put_i64(w, v->i64);
		break;
	case VALUE_UINT:
		json_put_u64(w, v->u64);
		break;
	case VALUE_DOUBLE:
		json_put_double(w, v->f64);
		break;
	case VALUE_TEXT:
		json_put_str(w, value_str(v));
		break;
	case VALUE_LIST:
		json_array_begin(w);
		for (uint32_t i = 0; i < v->len; i++)
			value_write_json(w, &v->items[i]); /* items are no lists */
		json_array_end(w);
		break;
	default:
		json_put_null(w);
	}
}

/* Writes names as nested objects. They must come in order of rank, so that members of one object are
 * neighbours. */
struct nester {
	struct json_writer w;
	const struct str *open; /* the components of the objects that are open, and more */
	unsigned depth;
};

static void nest(struct nester *n, const struct str *parts, unsigned count, const struct value *v)
{
	unsigned same = 0;

	if (count == 0)
		return;
	while (same < n->depth && same + 1 < count && n->open[same].ptr == parts[same].ptr)
		same++;
	while (n->depth > same) {
		json_object_end(&n->w);
		n->depth--;
	}
	while (n->depth + 1 < count) {
		json_raw_key(&n->w, parts[n->depth]);
		json_object_begin(&n->w);
		n->depth++;
	}
	n->open = parts;
	json_raw_key(&n->w, parts[count - 1]);
	value_write_json(&n->w, v);
}

static void nest_field(
	struct nester *n, const struct fields *fields, field_id id, const struct value *v)
{
	const struct field_path *path = fields_path(fields, id);

	nest(n, path->parts, path->count, v);
}

/* Ids in order of rank, through a set of bits: there are a few dozen. */
static uint32_t sort_by_name(const struct fields *fields, uint16_t *ids, uint32_t count)
{
	uint64_t ranks[FIELD_ID_MAX / 64];
	unsigned words = fields_rank_count(fields) / 64 + 1;
	uint32_t at = 0;

	memset(ranks, 0, words * sizeof(*ranks));
	for (uint32_t i = 0; i < count; i++) {
		uint16_t rank = fields_path(fields, ids[i])->rank;
		ranks[rank / 64] |= UINT64_C(1) << (rank % 64);
	}
	for (unsigned w = 0; w < words; w++)
		for (uint64_t bits = ranks[w]; bits != 0; bits &= bits - 1)
			ids[at++] = fields_of_rank(
				fields, w * 64 + (unsigned)__builtin_ctzll(bits));
	return at;
}

static void put_words(struct nester *n, const struct view *view, field_id id, uint32_t bits,
	const struct schema_word *words, unsigned count)
{
	struct value items[32];
	uint32_t len = 0;

	for (unsigned i = 0; i < count; i++)
		if (bits >> words[i].number & 1)
			items[len++] = value_text(str_of(words[i].word));
	if (len > 0)
		nest_field(n, view->fields, id,
			&(struct value){.type = VALUE_LIST, .len = len, .items = items});
}

/* What the header says and the list of fields need not repeat. */
static bool in_header(field_id id)
{
	return id == FIELD_timestamp || id == FIELD_event_action || id == FIELD_event_category ||
	       id == FIELD_event_type;
}

static void put_header(struct nester *n, const struct view *view)
{
	const struct event *event = view->event;
	const struct schema_kind *kind = schema_kind(event->kind);
	char text[CLOCK_TEXT_BYTES];

	if (event->time_ns != 0) {
		size_t len = clock_format_rfc3339(event->time_ns, text);
		struct value time = value_text(str_n(text, len));
		nest_field(n, view->fields, FIELD_timestamp, &time);
	}
	const struct value *action = view_get(view, FIELD_event_action);
	struct value own = value_text(str_of(kind == NULL ? "" : kind->action));
	if (action != NULL || own.len > 0)
		nest_field(n, view->fields, FIELD_event_action, action != NULL ? action : &own);
	put_words(n, view, FIELD_event_category, event->categories, schema_categories,
		schema_category_count);
	put_words(n, view, FIELD_event_type, event->types, schema_types, schema_type_count);
}

static void write_fields(struct nester *n, const struct view *view)
{
	uint16_t ids[EVENT_FIELDS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < view->present_count && count < EVENT_FIELDS_MAX; i++)
		if (!in_header(view->present[i]))
			ids[count++] = view->present[i];
	count = sort_by_name(view->fields, ids, count);
	for (uint32_t i = 0; i < count; i++)
		nest_field(n, view->fields, ids[i], &view->values[ids[i]]);
}

static void close_all(struct nester *n)
{
	while (n->depth > 0) {
		json_object_end(&n->w);
		n->depth--;
	}
}

/* ---- documents: what enrichment added is merged into the text ---- */

struct addition {
	const struct str *parts; /* of the name, below the object at hand */
	unsigned count;
	const struct value *value;
};

/* Names that enrichment adds hold nothing that JSON escapes. */
static bool begins_with(const struct addition *addition, struct str key)
{
	return addition->count > 0 && addition->parts[0].len == key.len + 3 &&
	       memcmp(addition->parts[0].ptr + 1, key.ptr, key.len) == 0;
}

static struct addition below(struct addition addition)
{
	addition.parts++;
	addition.count--;
	return addition;
}

static void put_node(struct json_writer *w, const struct json_node *node)
{
	switch (node->token) {
	case JSON_STRING:
		json_put_str(w, node->text);
		break;
	case JSON_NUMBER:
	case JSON_OBJECT:
	case JSON_ARRAY:
		json_put_raw(w, node->text);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		json_put_bool(w, node->token == JSON_TRUE);
		break;
	default:
		json_put_null(w);
	}
}

/* Members as they stand, objects that lie on the path of an addition merged, then the additions
 * whose place is empty. What the document says wins. additions are sorted by component; those
 * already placed get a NULL value. Depth is bounded by the dots in a name. */
static void merge_object(struct json_writer *w, const struct json_node *object,
	struct addition *additions, uint32_t count, unsigned depth)
{
	json_object_begin(w);
	for (const struct json_node *m = object->child; m != NULL; m = m->next) {
		uint32_t from = 0, to;
		while (from < count && !begins_with(&additions[from], m->key))
			from++;
		for (to = from; to < count && begins_with(&additions[to], m->key);)
			to++;
		json_key(w, m->key);
		if (from < to && m->token == JSON_OBJECT && depth < FIELD_DEPTH_MAX) {
			for (uint32_t i = from; i < to; i++)
				additions[i] = below(additions[i]);
			merge_object(w, m, additions + from, to - from, depth + 1);
		} else {
			put_node(w, m);
		}
		for (uint32_t i = from; i < to; i++)
			additions[i] = (struct addition){0};
	}
	struct nester n = {.w = *w};
	for (uint32_t i = 0; i < count; i++)
		if (additions[i].value != NULL)
			nest(&n, additions[i].parts, additions[i].count, additions[i].value);
	close_all(&n);
	*w = n.w;
	json_object_end(w);
}

/* A recording of Merlon's says what it likes in place of the document. */
static bool is_json(struct str text)
{
	struct json json;

	json_init(&json, text.ptr, text.len);
	return json_skip(&json, json_next(&json)) &&
	       str_trim(str_n(json.at, (size_t)(json.end - json.at))).len == 0;
}

static void write_document(struct buf *buf, const struct view *view)
{
	struct arena *scratch = (struct arena *)(uintptr_t)&view->scratch;
	uint16_t ids[EVENT_FIELDS_MAX];
	struct addition additions[EVENT_FIELDS_MAX];
	uint32_t count = 0;
	const char *error;
	size_t offset;
	struct json_writer w = {.buf = buf};

	for (uint32_t i = 0; i < view->present_count && count < EVENT_FIELDS_MAX; i++)
		if (event_get(view->event, view->present[i]) == NULL)
			ids[count++] = view->present[i];
	count = sort_by_name(view->fields, ids, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct field_path *path = fields_path(view->fields, ids[i]);
		additions[i] = (struct addition){path->parts, path->count, &view->values[ids[i]]};
	}
	const struct json_node *root = json_parse(
		scratch, str_trim(view->event->raw), &error, &offset);
	if (root == NULL || root->token != JSON_OBJECT)
		json_put_raw(&w, str_trim(view->event->raw));
	else
		merge_object(&w, root, additions, count, 0);
}

/* A record that came over several lines must still make one line. */
static void fold_lines(struct buf *buf, size_t from)
{
	for (size_t i = from; i < buf->len; i++)
		if (buf->ptr[i] == '\n' || buf->ptr[i] == '\r')
			buf->ptr[i] = ' ';
}

void ecs_write(struct buf *buf, const struct view *view)
{
	const struct event *event = view->event;
	size_t from = buf->len;

	bool raw = event->raw.len > 1 && is_json(event->raw);

	if (raw && event->raw_key == NULL) {
		write_document(buf, view);
		fold_lines(buf, from);
		return;
	}
	struct nester n = {.w = {.buf = buf}};

	json_object_begin(&n.w);
	put_header(&n, view);
	write_fields(&n, view);
	close_all(&n);
	if (raw && event->raw_key != NULL) {
		json_key(&n.w, str_of(event->raw_key));
		json_put_raw(&n.w, event->raw);
		fold_lines(buf, from);
	}
	json_object_end(&n.w);
}
