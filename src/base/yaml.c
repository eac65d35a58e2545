#include "base/yaml.h"

#include <errno.h>
#include <math.h>
#include <yaml.h>
#include "base/err.h"

struct frame {
	struct yaml_node *node;
	struct yaml_node *key; /* of a map: read, its value not yet */
	uint32_t capacity;
};
struct anchor {
	struct str name;
	struct yaml_node *node;
};
struct build {
	struct arena *arena;
	struct err *err;
	const char *file;
	uint32_t first_line; /* of the chunk, in the file */
	uint32_t nodes;
	uint32_t depth, anchor_count;
	struct yaml_node *root;
	struct frame frames[YAML_DEPTH_MAX];
	struct anchor anchors[YAML_ANCHORS_MAX];
};

void yaml_reader_init(struct yaml_reader *reader, struct str text, const char *file)
{
	if (str_starts(text, STR("\xef\xbb\xbf"))) {
		text.ptr += 3;
		text.len -= 3;
	}
	*reader = (struct yaml_reader){.rest = text, .line = 1, .file = file};
}

static bool is_marker(const char *at, const char *end)
{
	return end - at >= 3 && memcmp(at, "---", 3) == 0 &&
	       (end - at == 3 || at[3] == ' ' || at[3] == '\t' || at[3] == '\n' || at[3] == '\r');
}

/* A line that begins with "---" begins a document wherever it stands, so that a file can be cut
 * without understanding it. */
static struct str cut_chunk(struct yaml_reader *reader)
{
	const char *begin = reader->rest.ptr, *end = begin + reader->rest.len, *at = begin;
	uint32_t lines = 0;

	while (at < end) {
		if (at != begin && is_marker(at, end))
			break;
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		if (newline == NULL) {
			at = end;
			break;
		}
		lines++;
		at = newline + 1;
	}
	reader->document_line = reader->line;
	reader->line += lines;
	reader->rest = str_n(at, (size_t)(end - at));
	return str_n(begin, (size_t)(at - begin));
}

/* Nothing but comments, blanks and directives. */
static bool is_vacant(struct str chunk)
{
	while (chunk.len > 0) {
		struct str line = str_trim(str_cut(&chunk, '\n'));
		if (line.len > 0 && line.ptr[0] != '#' && line.ptr[0] != '%')
			return false;
	}
	return true;
}

static int fail(struct build *b, int code, yaml_mark_t mark, const char *reason)
{
	return err_set(b->err, code, "%s%sline %zu, column %zu: %s", b->file == NULL ? "" : b->file,
		b->file == NULL ? "" : ": ", mark.line + b->first_line, mark.column + 1, reason);
}

static bool one_of(struct str text, const char *a, const char *b, const char *c)
{
	return str_is(text, a) || str_is(text, b) || str_is(text, c);
}

static bool all_digits(struct str s, char last)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > last)
			return false;
	return true;
}

static bool resolve_int(struct yaml_node *node)
{
	struct str digits = node->text;
	uint64_t value;

	if (str_starts(digits, STR("0o"))) {
		digits = str_n(digits.ptr + 2, digits.len - 2);
		if (!all_digits(digits, '7') || digits.len > 20)
			return false;
		value = 0;
		for (size_t i = 0; i < digits.len; i++)
			value = value << 3 | (uint64_t)(digits.ptr[i] - '0');
		node->i64 = (int64_t)value;
	} else if (str_starts(digits, STR("0x"))) {
		if (!str_to_u64(digits, &value) || value > INT64_MAX)
			return false;
		node->i64 = (int64_t)value;
	} else {
		bool minus = digits.len > 0 && digits.ptr[0] == '-';
		if (minus || (digits.len > 0 && digits.ptr[0] == '+'))
			digits = str_n(digits.ptr + 1, digits.len - 1);
		if (!all_digits(digits, '9') || !str_to_u64(digits, &value) || value > INT64_MAX)
			return false;
		node->i64 = minus ? -(int64_t)value : (int64_t)value;
	}
	node->f64 = (double)node->i64;
	return true;
}

/* The core schema also knows ".5", "5." and signs that JSON numbers do not have. */
static bool resolve_float(struct yaml_node *node)
{
	struct str s = node->text;
	double sign = 1;

	if (s.len == 0 || s.len > 64)
		return false;
	if (s.ptr[0] == '-' || s.ptr[0] == '+') {
		sign = s.ptr[0] == '-' ? -1 : 1;
		s = str_n(s.ptr + 1, s.len - 1);
	}
	if (one_of(s, ".inf", ".Inf", ".INF")) {
		node->f64 = sign * (double)INFINITY;
		return true;
	}
	if (one_of(node->text, ".nan", ".NaN", ".NAN")) {
		node->f64 = (double)NAN;
		return true;
	}
	size_t i = 0, digits = 0;
	while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
		i++, digits++;
	if (i < s.len && s.ptr[i] == '.')
		for (i++; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++)
			digits++;
	if (digits == 0)
		return false;
	if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
		i++;
		if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+'))
			i++;
		if (!all_digits(str_n(s.ptr + i, s.len - i), '9'))
			return false;
		i = s.len;
	}
	if (i != s.len)
		return false;
	node->f64 = sign * strtod(s.ptr, NULL);
	return true;
}

static void resolve(struct yaml_node *node)
{
	struct str s = node->text;

	if (s.len == 0 || str_is(s, "~") || one_of(s, "null", "Null", "NULL")) {
		node->type = YAML_TYPE_NULL;
	} else if (one_of(s, "true", "True", "TRUE") || one_of(s, "false", "False", "FALSE")) {
		node->type = YAML_TYPE_BOOL;
		node->boolean = s.ptr[0] == 't' || s.ptr[0] == 'T';
	} else if (resolve_int(node)) {
		node->type = YAML_TYPE_INT;
	} else if (resolve_float(node)) {
		node->type = YAML_TYPE_FLOAT;
	}
}

static struct yaml_node *new_node(struct build *b, enum yaml_kind kind, yaml_mark_t mark)
{
	struct yaml_node *node = arena_zalloc(b->arena, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->kind = (uint8_t)kind;
	node->type = YAML_TYPE_TEXT;
	node->line = (uint32_t)mark.line + b->first_line;
	node->column = (uint32_t)mark.column + 1;
	node->weight = 1;
	return node;
}

static int grow(struct build *b, struct frame *frame, size_t item_size, yaml_mark_t mark)
{
	struct yaml_node *node = frame->node;

	if (node->count < frame->capacity)
		return 0;
	uint32_t capacity = frame->capacity == 0 ? 4 : frame->capacity * 2;
	void *items = arena_alloc(b->arena, capacity * item_size);
	if (items == NULL)
		return fail(b, -ENOMEM, mark, "out of memory");
	if (node->count > 0)
		memcpy(items, node->items, node->count * item_size);
	node->items = items;
	frame->capacity = capacity;
	return 0;
}

static int add_pair(struct build *b, struct frame *frame, struct yaml_node *value, yaml_mark_t mark)
{
	struct yaml_node *map = frame->node;

	if (map->count == YAML_PAIRS_MAX)
		return fail(b, -E2BIG, mark, "a map with too many keys");
	for (uint32_t i = 0; i < map->count; i++)
		if (str_eq(map->pairs[i].key->text, frame->key->text))
			return fail(b, -EBADMSG, mark, "the same key twice in one map");
	int rc = grow(b, frame, sizeof(struct yaml_pair), mark);
	if (rc != 0)
		return rc;
	map->pairs[map->count++] = (struct yaml_pair){.key = frame->key, .value = value};
	frame->key = NULL;
	return 0;
}

/* Hangs a node, complete or just begun, into what is open. */
static int attach(struct build *b, struct yaml_node *node, yaml_mark_t mark)
{
	b->nodes += node->weight;
	if (b->nodes > YAML_NODES_MAX)
		return fail(b, -E2BIG, mark, "too many nodes, or aliases that expand to too many");
	if (b->depth == 0) {
		b->root = node;
		return 0;
	}
	struct frame *frame = &b->frames[b->depth - 1];
	if (frame->node->kind == YAML_KIND_MAP) {
		if (frame->key != NULL)
			return add_pair(b, frame, node, mark);
		if (node->kind != YAML_KIND_SCALAR)
			return fail(b, -EBADMSG, mark, "a key that is no scalar");
		frame->key = node;
		return 0;
	}
	int rc = grow(b, frame, sizeof(struct yaml_node *), mark);
	if (rc == 0)
		frame->node->items[frame->node->count++] = node;
	return rc;
}

static int remember(
	struct build *b, const yaml_char_t *anchor, struct yaml_node *node, yaml_mark_t mark)
{
	if (anchor == NULL)
		return 0;
	if (b->anchor_count == YAML_ANCHORS_MAX)
		return fail(b, -E2BIG, mark, "too many anchors");
	struct str name = arena_strn(b->arena, (const char *)anchor, strlen((const char *)anchor));
	if (name.ptr == NULL)
		return fail(b, -ENOMEM, mark, "out of memory");
	b->anchors[b->anchor_count++] = (struct anchor){.name = name, .node = node};
	return 0;
}

static int on_alias(struct build *b, const yaml_event_t *event)
{
	struct str name = str_of((const char *)event->data.alias.anchor);

	for (uint32_t i = b->anchor_count; i > 0; i--) {
		struct yaml_node *node = b->anchors[i - 1].node;
		if (!str_eq(b->anchors[i - 1].name, name))
			continue;
		for (uint32_t d = 0; d < b->depth; d++)
			if (b->frames[d].node == node)
				return fail(b, -EBADMSG, event->start_mark,
					"an alias inside what it names");
		return attach(b, node, event->start_mark);
	}
	return fail(b, -EBADMSG, event->start_mark, "an alias without its anchor");
}

static int on_scalar(struct build *b, const yaml_event_t *event)
{
	struct yaml_node *node = new_node(b, YAML_KIND_SCALAR, event->start_mark);

	if (node != NULL)
		node->text = arena_strn(b->arena, (const char *)event->data.scalar.value,
			event->data.scalar.length);
	if (node == NULL || node->text.ptr == NULL)
		return fail(b, -ENOMEM, event->start_mark, "out of memory");
	const char *tag = (const char *)event->data.scalar.tag;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (tag == NULL ? node->plain
			: strcmp(tag, YAML_STR_TAG) != 0 &&
				  strncmp(tag, "tag:yaml.org,2002:", 18) == 0)
		resolve(node);
	int rc = remember(b, event->data.scalar.anchor, node, event->start_mark);
	return rc != 0 ? rc : attach(b, node, event->start_mark);
}

static int on_begin(
	struct build *b, const yaml_event_t *event, enum yaml_kind kind, const yaml_char_t *anchor)
{
	if (b->depth == YAML_DEPTH_MAX)
		return fail(b, -E2BIG, event->start_mark, "nested too deep");
	struct yaml_node *node = new_node(b, kind, event->start_mark);
	if (node == NULL)
		return fail(b, -ENOMEM, event->start_mark, "out of memory");
	int rc = remember(b, anchor, node, event->start_mark);
	if (rc == 0)
		rc = attach(b, node, event->start_mark);
	if (rc == 0)
		b->frames[b->depth++] = (struct frame){.node = node};
	return rc;
}

static void on_end(struct build *b)
{
	struct yaml_node *node = b->frames[--b->depth].node;
	uint64_t weight = 1;

	for (uint32_t i = 0; i < node->count; i++)
		weight += node->kind == YAML_KIND_MAP ? 1 + (uint64_t)node->pairs[i].value->weight
						      : node->items[i]->weight;
	node->weight = weight > YAML_NODES_MAX ? YAML_NODES_MAX : (uint32_t)weight;
}

static int on_event(struct build *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_begin(b, event, YAML_KIND_LIST, event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return on_begin(b, event, YAML_KIND_MAP, event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_end(b);
		return 0;
	default:
		return 0;
	}
}

static int run(struct build *b, struct str chunk)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool done = false;
	int rc = 0;

	if (!yaml_parser_initialize(&parser))
		return err_set(b->err, -ENOMEM, "out of memory");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)chunk.ptr, chunk.len);
	while (rc == 0 && !done) {
		if (!yaml_parser_parse(&parser, &event)) {
			rc = fail(b, -EBADMSG, parser.problem_mark,
				parser.problem == NULL ? "broken" : parser.problem);
			break;
		}
		rc = on_event(b, &event);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return rc;
}

int yaml_next(
	struct yaml_reader *reader, struct arena *arena, struct yaml_node **ret, struct err *err)
{
	struct build b = {.arena = arena, .err = err, .file = reader->file};
	struct str chunk;

	do {
		if (reader->rest.len == 0)
			return 0;
		chunk = cut_chunk(reader);
	} while (is_vacant(chunk));
	reader->document++;
	b.first_line = reader->document_line;
	if (chunk.len > YAML_DOCUMENT_BYTES_MAX)
		return fail(&b, -E2BIG, (yaml_mark_t){0}, "document too large");
	int rc = run(&b, chunk);
	if (rc != 0)
		return rc;
	if (b.root == NULL)
		b.root = new_node(&b, YAML_KIND_SCALAR, (yaml_mark_t){0});
	if (b.root == NULL)
		return fail(&b, -ENOMEM, (yaml_mark_t){0}, "out of memory");
	*ret = b.root;
	return 1;
}

struct yaml_node *yaml_get(const struct yaml_node *node, const char *key)
{
	if (node == NULL || node->kind != YAML_KIND_MAP)
		return NULL;
	for (uint32_t i = 0; i < node->count; i++)
		if (str_is(node->pairs[i].key->text, key))
			return node->pairs[i].value;
	return NULL;
}

struct str yaml_scalar(const struct yaml_node *node)
{
	if (node == NULL || node->kind != YAML_KIND_SCALAR || node->type == YAML_TYPE_NULL)
		return (struct str){0};
	return node->text;
}

struct yaml_node *yaml_map(struct arena *arena, uint32_t capacity)
{
	struct yaml_node *map = arena_zalloc(arena, sizeof(*map));

	if (map == NULL)
		return NULL;
	map->kind = YAML_KIND_MAP;
	map->weight = 1;
	map->pairs = arena_alloc(arena, (capacity == 0 ? 1 : capacity) * sizeof(*map->pairs));
	return map->pairs == NULL ? NULL : map;
}
