#include "base/toml.h"

#include <errno.h>
#include "base/err.h"
#include "base/json.h"
#include "base/toml_scan.h"

/* What may still be added to a table, and by whom. */
enum made {
	MADE_IMPLICIT, /* named on the way to another: a header may define it */
	MADE_HEADER,   /* [name]: keys below its header, tables below its name */
	MADE_DOTTED,   /* name.key = …: more keys only in the same section */
	MADE_INLINE,   /* { … }: nothing */
	MADE_TABLES,   /* a list: [[name]] */
};

static int value(struct toml_scan *s, uint16_t depth, struct toml_node **ret);

static int new_node(
	struct toml_scan *s, enum toml_type type, uint16_t depth, struct toml_node **ret)
{
	if (++s->nodes > TOML_NODES_MAX)
		return toml_fail(s, -E2BIG, "too many values");
	if (depth > TOML_DEPTH_MAX)
		return toml_fail(s, -E2BIG, "nested too deep");
	struct toml_node *node = arena_zalloc(s->arena, sizeof(*node));
	if (node == NULL)
		return toml_fail(s, -ENOMEM, "out of memory");
	node->type = (uint8_t)type;
	node->depth = depth;
	node->line = s->line;
	*ret = node;
	return 0;
}

static int grow(struct toml_scan *s, struct toml_node *node, size_t item_bytes)
{
	if (node->count < node->capacity)
		return 0;
	uint32_t capacity = node->capacity == 0 ? 4 : node->capacity * 2;
	void *items = arena_alloc(s->arena, capacity * item_bytes);
	if (items == NULL)
		return toml_fail(s, -ENOMEM, "out of memory");
	if (node->count > 0)
		memcpy(items, node->items, node->count * item_bytes);
	node->items = items;
	node->capacity = capacity;
	return 0;
}

static int add_item(struct toml_scan *s, struct toml_node *list, struct toml_node *item)
{
	int rc = grow(s, list, sizeof(*list->items));

	if (rc == 0)
		list->items[list->count++] = item;
	return rc;
}

static struct toml_node *find(const struct toml_node *table, struct str key)
{
	for (uint32_t i = 0; i < table->count; i++)
		if (str_eq(table->pairs[i].key, key))
			return table->pairs[i].value;
	return NULL;
}

static int add_pair(
	struct toml_scan *s, struct toml_node *table, struct str key, struct toml_node *item)
{
	if (find(table, key) != NULL)
		return toml_fail(s, -EBADMSG, "the same key twice");
	if (table->count == TOML_PAIRS_MAX)
		return toml_fail(s, -E2BIG, "a table with too many keys");
	int rc = grow(s, table, sizeof(*table->pairs));
	if (rc == 0)
		table->pairs[table->count++] = (struct toml_pair){.key = key, .value = item};
	return rc;
}

static int new_table(struct toml_scan *s, struct toml_node *parent, struct str key, enum made made,
	struct toml_node **ret)
{
	struct toml_node *table = NULL;
	int rc = new_node(s, TOML_TABLE, (uint16_t)(parent->depth + 1), &table);

	if (rc == 0)
		rc = add_pair(s, parent, key, table);
	if (rc != 0)
		return rc;
	table->made = (uint8_t)made;
	table->section = s->section;
	*ret = table;
	return 0;
}

/* ---- key = value ---- */

/* The table that a dotted key names with all but its last component. */
static int descend_dotted(struct toml_scan *s, struct toml_node **table, struct str key)
{
	struct toml_node *next = find(*table, key);

	if (next == NULL)
		return new_table(s, *table, key, MADE_DOTTED, table);
	if (next->type != TOML_TABLE || next->made == MADE_INLINE || next->made == MADE_HEADER ||
		(next->made == MADE_DOTTED && next->section != s->section))
		return toml_fail(
			s, -EBADMSG, "a dotted key into something that is already complete");
	next->made = MADE_DOTTED;
	next->section = s->section;
	*table = next;
	return 0;
}

static int pair(struct toml_scan *s, struct toml_node *table)
{
	struct str key;
	struct toml_node *item = NULL;
	int rc = toml_key(s, &key);

	for (toml_blanks(s); rc == 0 && toml_take(s, "."); toml_blanks(s)) {
		rc = descend_dotted(s, &table, key);
		toml_blanks(s);
		if (rc == 0)
			rc = toml_key(s, &key);
	}
	if (rc == 0 && !toml_take(s, "="))
		rc = toml_fail(s, -EBADMSG, "'=' is expected behind a key");
	toml_blanks(s);
	if (rc == 0)
		rc = value(s, (uint16_t)(table->depth + 1), &item);
	return rc == 0 ? add_pair(s, table, key, item) : rc;
}

/* ---- values ---- */

static void skip_lines(struct toml_scan *s)
{
	while (s->at < s->end && toml_line_end(s))
		;
}

static int list(struct toml_scan *s, struct toml_node *node)
{
	for (;;) {
		struct toml_node *item = NULL;
		skip_lines(s);
		if (toml_take(s, "]"))
			return 0;
		int rc = value(s, (uint16_t)(node->depth + 1), &item);
		if (rc == 0)
			rc = add_item(s, node, item);
		if (rc != 0)
			return rc;
		skip_lines(s);
		if (toml_take(s, ","))
			continue;
		return toml_take(s, "]") ? 0 : toml_fail(s, -EBADMSG, "',' or ']' is expected");
	}
}

static int inline_table(struct toml_scan *s, struct toml_node *node)
{
	uint32_t outer = s->section;
	static uint32_t const inner_bit = 1u << 31;
	int rc = 0;

	/* Tables that its dotted keys make are its own: no other section has this number. */
	s->section = inner_bit | s->nodes;
	toml_blanks(s);
	if (!toml_take(s, "}")) {
		do {
			toml_blanks(s);
			rc = pair(s, node);
			toml_blanks(s);
		} while (rc == 0 && toml_take(s, ","));
		if (rc == 0 && !toml_take(s, "}"))
			rc = toml_fail(s, -EBADMSG, "',' or '}' is expected");
	}
	s->section = outer;
	node->made = MADE_INLINE;
	return rc;
}

static int value(struct toml_scan *s, uint16_t depth, struct toml_node **ret)
{
	struct toml_node *node = NULL;
	int rc = new_node(s, TOML_LIST, depth, &node);

	if (rc != 0)
		return rc;
	if (toml_take(s, "[")) {
		rc = list(s, node);
	} else if (toml_take(s, "{")) {
		node->type = TOML_TABLE;
		rc = inline_table(s, node);
	} else {
		rc = toml_scalar(s, node);
	}
	if (rc == 0)
		*ret = node;
	return rc;
}

/* ---- headers ---- */

/* A table on the way of a header: of a list of tables the last. */
static int descend_header(struct toml_scan *s, struct toml_node **table, struct str key)
{
	struct toml_node *next = find(*table, key);

	if (next == NULL)
		return new_table(s, *table, key, MADE_IMPLICIT, table);
	if (next->type == TOML_LIST && next->made == MADE_TABLES)
		next = next->items[next->count - 1];
	if (next->type != TOML_TABLE || next->made == MADE_INLINE)
		return toml_fail(
			s, -EBADMSG, "a header below something that is no table, or complete");
	*table = next;
	return 0;
}

static int define_table(struct toml_scan *s, struct toml_node **table, struct str key)
{
	struct toml_node *next = find(*table, key);

	if (next == NULL)
		return new_table(s, *table, key, MADE_HEADER, table);
	if (next->type != TOML_TABLE || next->made != MADE_IMPLICIT)
		return toml_fail(s, -EBADMSG, "a table defined twice");
	next->made = MADE_HEADER;
	*table = next;
	return 0;
}

static int define_item(struct toml_scan *s, struct toml_node **table, struct str key)
{
	struct toml_node *tables = find(*table, key), *item = NULL;
	int rc = 0;

	if (tables == NULL) {
		rc = new_node(s, TOML_LIST, (uint16_t)((*table)->depth + 1), &tables);
		if (rc == 0)
			rc = add_pair(s, *table, key, tables);
		if (rc == 0)
			tables->made = MADE_TABLES;
	} else if (tables->type != TOML_LIST || tables->made != MADE_TABLES) {
		rc = toml_fail(s, -EBADMSG, "a list of tables under a name that is taken");
	}
	if (rc == 0)
		rc = new_node(s, TOML_TABLE, (uint16_t)(tables->depth + 1), &item);
	if (rc == 0)
		rc = add_item(s, tables, item);
	if (rc != 0)
		return rc;
	item->made = MADE_HEADER;
	*table = item;
	return 0;
}

static int header(struct toml_scan *s, struct toml_node *root, struct toml_node **ret)
{
	bool item = toml_take(s, "[");
	struct toml_node *table = root;
	struct str key;

	s->section++;
	toml_blanks(s);
	int rc = toml_key(s, &key);
	for (toml_blanks(s); rc == 0 && toml_take(s, "."); toml_blanks(s)) {
		rc = descend_header(s, &table, key);
		toml_blanks(s);
		if (rc == 0)
			rc = toml_key(s, &key);
	}
	if (rc == 0)
		rc = item ? define_item(s, &table, key) : define_table(s, &table, key);
	if (rc == 0 && !toml_take(s, item ? "]]" : "]"))
		rc = toml_fail(s, -EBADMSG, "a header that is not closed");
	if (rc == 0)
		*ret = table;
	return rc;
}

/* ---- the document ---- */

static int check_text(struct toml_scan *s, struct str text)
{
	if (text.len > TOML_BYTES_MAX)
		return toml_fail(s, -E2BIG, "a file too large");
	for (size_t at = 0, step; at < text.len; at += step) {
		step = utf8_length(text.ptr + at, text.len - at);
		if (step == 0)
			return toml_fail(s, -EBADMSG, "not UTF-8");
		s->line += text.ptr[at] == '\n';
	}
	s->line = 1;
	return 0;
}

int toml_parse(struct arena *arena, struct str text, struct toml_node **ret, struct err *err)
{
	struct toml_scan s = {.arena = arena,
		.err = err,
		.at = text.ptr,
		.end = text.len == 0 ? text.ptr : text.ptr + text.len,
		.line = 1};
	struct toml_node *root = NULL, *table;
	int rc = check_text(&s, text);

	if (rc == 0)
		rc = new_node(&s, TOML_TABLE, 0, &root);
	if (rc != 0)
		return rc;
	root->made = MADE_HEADER;
	table = root;
	(void)toml_take(&s, "\xef\xbb\xbf");
	for (skip_lines(&s); s.at < s.end; skip_lines(&s)) {
		rc = toml_take(&s, "[") ? header(&s, root, &table) : pair(&s, table);
		if (rc == 0 && !toml_line_end(&s))
			rc = toml_fail(&s, -EBADMSG, "the end of the line is expected");
		if (rc != 0)
			return rc;
	}
	*ret = root;
	return 0;
}

const struct toml_node *toml_get(const struct toml_node *node, const char *key)
{
	return node == NULL || node->type != TOML_TABLE ? NULL : find(node, str_of(key));
}

struct str toml_text(const struct toml_node *node)
{
	return node == NULL || node->type != TOML_TEXT ? (struct str){0} : node->text;
}
