#include "event/ecs.h"

#include <errno.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"

/* 1601-01-01 to 1970-01-01 in units of 100 ns. */
#define FILETIME_EPOCH UINT64_C(116444736000000000)
/* The year 1632 in those units; as microseconds since 1970 it would be 2286. */
#define FILETIME_LEAST INT64_C(10000000000000000)

/* Where the reader stands in the tree of wanted names, per open container. */
struct level {
	const struct field_node *node; /* NULL only at the top, before the document's object */
	bool in_array;		       /* this or an outer container below the top is an array */
};

struct decoder {
	struct batch *batch;
	struct json json;
	struct level levels[JSON_DEPTH_MAX + 1];
	const struct field_node
		*key_node; /* of the member whose value comes next; NULL: unwanted */
};

/* Dotted member names and nested objects mean the same. */
static const struct field_node *node_of_key(const struct field_node *node, struct str key)
{
	const struct field_node *child = field_node_child(node, key);

	if (child != NULL || key.len == 0 || memchr(key.ptr, '.', key.len) == NULL)
		return child;
	while (node != NULL && key.len > 0)
		node = field_node_child(node, str_cut(&key, '.'));
	return node;
}

static struct value number_value(struct str text)
{
	int64_t i64;
	uint64_t u64;
	double f64;

	if (text.len <= 20 && str_to_i64(text, &i64))
		return value_int(i64);
	if (str_to_u64(text, &u64))
		return value_uint(u64);
	if (str_to_double(text, &f64))
		return (struct value){.type = VALUE_DOUBLE, .f64 = f64};
	return value_text(text); /* beyond a double: at least its digits can be compared */
}

static int set_value(
	struct decoder *d, const struct field_node *node, enum json_token token, bool in_array)
{
	unsigned count;
	const field_id *ids = field_node_ids(node, &count);
	struct value value = {.type = VALUE_NULL};

	if (count == 0)
		return 0;
	if (token == JSON_STRING) {
		struct str text = d->json.text;
		if (text.len > UINT32_MAX)
			return -E2BIG;
		if (d->json.escaped) {
			text = json_unescape(&d->batch->arena, text);
			if (text.ptr == NULL)
				return -ENOMEM;
		}
		value = value_text(text);
	} else if (token == JSON_NUMBER) {
		value = number_value(d->json.text);
	} else if (token == JSON_TRUE || token == JSON_FALSE) {
		value = value_bool(token == JSON_TRUE);
	}
	for (unsigned i = 0; i < count; i++) {
		if (in_array)
			ev_add(d->batch, ids[i], value);
		else
			ev_set(d->batch, ids[i], value);
	}
	return 0;
}

/* One value: the member's whose name was just read, or an element of an array. */
static int read_value(
	struct decoder *d, enum json_token token, const struct field_node *node, bool in_array)
{
	bool container = token == JSON_OBJECT || token == JSON_ARRAY;

	if (node == NULL || (token == JSON_OBJECT && field_node_is_leaf(node)))
		return json_skip(&d->json, token) ? 0 : -EBADMSG;
	if (!container)
		return set_value(d, node, token, in_array);
	d->levels[d->json.depth] = (struct level){
		.node = node,
		.in_array = in_array || token == JSON_ARRAY,
	};
	return 0;
}

static int read_document(struct decoder *d)
{
	enum json_token token = json_next(&d->json);
	int rc = 0;

	if (token == JSON_ERROR)
		return -EBADMSG;
	if (token != JSON_OBJECT) {
		d->json.error = "expected an object";
		return -EBADMSG;
	}
	d->levels[1] = (struct level){.node = fields_root(d->batch->fields)};
	while (rc == 0) {
		token = json_next(&d->json);
		if (token == JSON_ERROR)
			return -EBADMSG;
		if (token == JSON_END)
			return 0;
		if (token == JSON_OBJECT_END || token == JSON_ARRAY_END)
			continue;
		const struct level *level = &d->levels[d->json.depth];
		const struct field_node *node = level->node;
		bool in_array = level->in_array;
		if (token == JSON_KEY) {
			struct str key = d->json.text;
			if (d->json.escaped)
				key = json_unescape(&d->batch->arena, key);
			node = node_of_key(node, key);
			token = json_next(&d->json);
			if (token == JSON_ERROR)
				return -EBADMSG;
		} else if (token == JSON_OBJECT || token == JSON_ARRAY) {
			/* an element: its own level has been opened, the array's is one below */
			node = d->levels[d->json.depth - 1].node;
			in_array = true;
		}
		rc = read_value(d, token, node, in_array);
	}
	return rc;
}

/* ---- what the document says of itself ---- */

static const struct value *pending_value(const struct batch *batch, field_id id)
{
	return batch->position[id] == 0 ? NULL : &batch->pending[batch->position[id] - 1].value;
}

static uint32_t words_bits(const struct value *v, uint32_t (*bit)(struct str word))
{
	uint32_t bits = 0;

	if (v == NULL)
		return 0;
	if (v->type == VALUE_TEXT)
		return bit(value_str(v));
	if (v->type == VALUE_LIST)
		for (uint32_t i = 0; i < v->len; i++)
			if (v->items[i].type == VALUE_TEXT)
				bits |= bit(value_str(&v->items[i]));
	return bits;
}

/* The number of a time without a unit: its size tells, for every year from 1973 to 5138. */
static uint64_t epoch_to_ns(double number, uint64_t unit_ns)
{
	if (number <= 0)
		return 0;
	if (unit_ns == 0)
		unit_ns = number < 1e11	  ? NS_PER_S
			  : number < 1e14 ? NS_PER_MS
			  : number < 1e17 ? 1000
					  : 1;
	double ns = number * (double)unit_ns;
	return ns < 1.8e19 ? (uint64_t)ns : 0;
}

static uint64_t filetime_to_ns(int64_t ticks)
{
	if (ticks < 0)
		return 0;
	return ((uint64_t)ticks >= FILETIME_EPOCH ? (uint64_t)ticks - FILETIME_EPOCH
						  : (uint64_t)ticks) *
	       100;
}

static uint64_t time_of_value(const struct value *v, bool is_filetime, uint64_t unit_ns)
{
	uint64_t ns = 0;
	int64_t ticks;
	double number;

	if (v->type == VALUE_LIST && v->len > 0)
		v = &v->items[0];
	if (is_filetime && value_as_i64(v, &ticks))
		return filetime_to_ns(ticks);
	if (v->type == VALUE_TEXT && clock_parse_rfc3339(value_str(v), &ns))
		return ns;
	if (v->type == VALUE_INT && unit_ns == 0 && v->i64 >= 100000000000000000)
		return (uint64_t)v->i64; /* nanoseconds, which a double would round */
	return value_as_double(v, &number) ? epoch_to_ns(number, unit_ns) : 0;
}

static uint64_t time_of(const struct batch *batch, const struct ecs_options *options)
{
	const struct value *v = pending_value(batch, options->time_field);
	int64_t ticks;

	if (v != NULL)
		return time_of_value(v, options->time_is_filetime, options->time_unit_ns);
	if (options->other_time_field == FIELD_none)
		return 0;
	v = pending_value(batch, options->other_time_field);
	return v == NULL ? 0
			 : time_of_value(v, value_as_i64(v, &ticks) && ticks >= FILETIME_LEAST, 0);
}

static enum event_os os_of(const struct batch *batch)
{
	static const field_id os_fields[] = {
		FIELD_host_os_type, FIELD_host_os_family, FIELD_host_os_platform};
	static const char *const linux_words[] = {"linux", "debian", "ubuntu", "redhat", "centos",
		"fedora", "suse", "arch", "alpine", "amazon"};

	for (size_t i = 0; i < 3; i++) {
		const struct value *v = pending_value(batch, os_fields[i]);
		if (v == NULL || v->type != VALUE_TEXT)
			continue;
		struct str word = value_str(v);
		if (str_is(word, "macos") || str_is(word, "darwin"))
			return OS_MACOS;
		if (str_is(word, "windows"))
			return OS_WINDOWS;
		for (size_t w = 0; w < sizeof(linux_words) / sizeof(linux_words[0]); w++)
			if (str_is(word, linux_words[w]))
				return OS_LINUX;
	}
	return OS_UNKNOWN;
}

/* The words of the other field stand as the category of a document that has none. */
static void take_other_category(struct batch *batch, const struct ecs_options *options)
{
	const struct value *other = options->other_category_field == FIELD_none
					    ? NULL
					    : pending_value(batch, options->other_category_field);

	if (other != NULL && pending_value(batch, options->category_field) == NULL)
		ev_set(batch, options->category_field, *other);
}

static void classify(struct batch *batch, const struct ecs_options *options)
{
	take_other_category(batch, options);
	struct event *event = &batch->building;
	const struct value *action = pending_value(batch, FIELD_event_action);
	uint32_t categories = words_bits(
		pending_value(batch, options->category_field), schema_category_bit);
	uint32_t types = words_bits(pending_value(batch, FIELD_event_type), schema_type_bit);

	if (action != NULL && action->type == VALUE_LIST && action->len > 0)
		action = &action->items[0];
	struct str word = action != NULL && action->type == VALUE_TEXT ? value_str(action)
								       : (struct str){0};
	event_set_kind(batch, schema_kind_of(categories, types, word));
	event->categories |= categories;
	if (types != 0)
		event->types = types;
	event->time_ns = time_of(batch, options);
	event->os = (uint8_t)os_of(batch);
}

int ecs_decode(struct batch *batch, struct str json, const struct ecs_options *options,
	struct event **ret, size_t *ret_offset, struct err *err)
{
	static const struct ecs_options defaults = {
		.time_field = FIELD_timestamp, .category_field = FIELD_event_category};
	struct decoder d = {.batch = batch};

	(void)event_begin(batch, KIND_document, 0);
	struct str copy = arena_strn(&batch->arena, json.ptr, json.len);
	if (copy.ptr == NULL)
		return err_set(err, -ENOMEM, "document of %zu bytes: out of memory", json.len);
	json_init(&d.json, copy.ptr, copy.len);
	int rc = read_document(&d);
	if (rc == 0) {
		struct str behind = str_trim(str_n(d.json.at, (size_t)(d.json.end - d.json.at)));
		if (behind.len > 0) {
			rc = -EBADMSG;
			d.json.error = "text behind the document";
		}
	}
	if (rc != 0) {
		*ret_offset = (size_t)(d.json.at - copy.ptr);
		event_abort(batch);
		return err_set(
			err, rc, "%s", rc == -EBADMSG ? d.json.error : "document is too large");
	}
	classify(batch, options != NULL ? options : &defaults);
	batch->building.raw = copy;
	struct event *event = event_commit(batch);
	if (event == NULL)
		return err_set(err, -ENOMEM, "document: out of memory");
	*ret = event;
	return 0;
}
