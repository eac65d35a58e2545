/* Prints what is made from the schema: `events.md`, `events.schema.json` (JSON Schema of an event
 * as Merlon prints it) or `golden` (the list that guards the numbers). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/json.h"
#include "event/schema.h"

static const char *const type_words[] = {
	[FIELD_TYPE_TEXT] = "TEXT",
	[FIELD_TYPE_LONG] = "LONG",
	[FIELD_TYPE_BOOL] = "BOOL",
	[FIELD_TYPE_DATE] = "DATE",
	[FIELD_TYPE_IP] = "IP",
	[FIELD_TYPE_TEXTS] = "TEXTS",
};

/* ---- golden ---- */

static void golden_words(
	struct buf *out, const char *what, const struct schema_word *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		buf_printf(
			out, "%s %u %s %s\n", what, words[i].number, words[i].ident, words[i].word);
}

static void golden(struct buf *out)
{
	golden_words(out, "category", schema_categories, schema_category_count);
	golden_words(out, "type", schema_types, schema_type_count);
	for (unsigned i = 0; i < schema_kind_count; i++)
		buf_printf(out, "kind %u %s %s\n", schema_kinds[i].number, schema_kinds[i].ident,
			schema_kinds[i].action[0] == '\0' ? "-" : schema_kinds[i].action);
	for (unsigned i = 0; i < schema_field_count; i++)
		buf_printf(out, "field %u %s %s %s\n", schema_fields[i].number,
			schema_fields[i].ident, schema_fields[i].name,
			type_words[schema_fields[i].type]);
}

/* ---- events.md ---- */

static void cell(struct buf *out, const char *text)
{
	buf_cstr(out, " ");
	for (; *text != '\0'; text++) {
		if (*text == '|')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_cstr(out, " |");
}

static void words_of(
	struct buf *out, uint32_t bits, const struct schema_word *words, unsigned count)
{
	const char *between = " ";

	for (unsigned i = 0; i < count; i++) {
		if (bits >> words[i].number & 1) {
			buf_printf(out, "%s%s", between, words[i].word);
			between = ", ";
		}
	}
	buf_cstr(out, " |");
}

static void kinds_table(struct buf *out)
{
	buf_cstr(out, "## Kinds\n\n"
		      "| number | kind | `event.action` | `event.category` | `event.type` | what "
		      "happened "
		      "| Linux: source and race that remains | macOS: source |\n"
		      "|---|---|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < schema_kind_count; i++) {
		const struct schema_kind *kind = &schema_kinds[i];
		buf_printf(out, "| %u | %s |", kind->number, kind->ident);
		cell(out, kind->action);
		words_of(out, kind->categories, schema_categories, schema_category_count);
		words_of(out, kind->types, schema_types, schema_type_count);
		cell(out, kind->doc);
		cell(out, kind->linux_source);
		cell(out, kind->macos_source);
		buf_char(out, '\n');
	}
}

static void group_kinds(struct buf *out, unsigned group)
{
	const char *between = "In: ";

	for (unsigned i = 0; i < schema_kind_count; i++) {
		if (schema_kinds[i].groups >> group & 1) {
			buf_printf(out, "%s%s", between, schema_kinds[i].ident);
			between = ", ";
		}
	}
	if (strcmp(between, ", ") == 0)
		buf_cstr(out, ".\n\n");
}

static void fields_tables(struct buf *out)
{
	buf_cstr(out,
		"\n## Fields\n\nA type is what Merlon writes; recorded documents may hold another "
		"JSON type, and matching copes.\n");
	for (unsigned g = 0; g < schema_group_count; g++) {
		const struct schema_word *group = &schema_groups[g];
		buf_printf(out, "\n### %s: %s\n\n", group->ident, group->word);
		if (g > 0)
			group_kinds(out, group->number);
		buf_cstr(out, "| number | name | type | what |\n|---|---|---|---|\n");
		for (unsigned i = 0; i < schema_field_count; i++) {
			const struct schema_field *field = &schema_fields[i];
			if (field->group != group->number)
				continue;
			buf_printf(out, "| %u | `%s` | %s |", field->number, field->name,
				type_words[field->type]);
			cell(out, field->doc);
			buf_char(out, '\n');
		}
	}
}

static void events_md(struct buf *out)
{
	buf_cstr(out,
		"# Events\n\n"
		"Made by `tools/schema_doc` from `src/event/schema.def`; do not edit.\n\n"
		"Outside Merlon an event is one line of ECS JSON; `events.schema.json` describes "
		"it. Numbers are\nappend-only. An empty source means that the system has "
		"none.\n\n");
	kinds_table(out);
	fields_tables(out);
}

/* ---- events.schema.json ---- */

struct node { /* one component of dotted names */
	struct str key;
	const struct schema_field *field; /* a value may stand here */
	struct node *kids, *next;
};

static struct node *node_below(struct node *parent, struct str key)
{
	struct node **at = &parent->kids;

	while (*at != NULL && !str_eq((*at)->key, key))
		at = &(*at)->next;
	if (*at == NULL) {
		*at = calloc(1, sizeof(**at));
		if (*at == NULL)
			abort();
		(*at)->key = key;
	}
	return *at;
}

static void put_type(struct json_writer *w, const char *type)
{
	json_key(w, STR("type"));
	json_put_str(w, str_of(type));
}

static void put_value_type(struct json_writer *w, const struct schema_field *field)
{
	switch (field->type) {
	case FIELD_TYPE_LONG:
		put_type(w, "integer");
		break;
	case FIELD_TYPE_BOOL:
		put_type(w, "boolean");
		break;
	case FIELD_TYPE_TEXTS:
		put_type(w, "array");
		json_key(w, STR("items"));
		json_object_begin(w);
		put_type(w, "string");
		json_object_end(w);
		break;
	case FIELD_TYPE_DATE:
		put_type(w, "string");
		json_key(w, STR("format"));
		json_put_str(w, STR("date-time"));
		break;
	case FIELD_TYPE_IP:
	case FIELD_TYPE_TEXT:
		put_type(w, "string");
		break;
	}
}

static void put_words(struct json_writer *w, const struct schema_word *words, unsigned count)
{
	put_type(w, "array");
	json_key(w, STR("items"));
	json_object_begin(w);
	json_key(w, STR("enum"));
	json_array_begin(w);
	for (unsigned i = 0; i < count; i++)
		json_put_str(w, str_of(words[i].word));
	json_array_end(w);
	json_object_end(w);
}

static void put_properties(struct json_writer *w, const struct node *parent);

static void put_node(struct json_writer *w, const struct node *node)
{
	json_key(w, node->key);
	json_object_begin(w);
	if (node->field != NULL) {
		json_key(w, STR("description"));
		json_put_str(w, str_of(node->field->doc));
		if (node->field->number == FIELD_event_category)
			put_words(w, schema_categories, schema_category_count);
		else if (node->field->number == FIELD_event_type)
			put_words(w, schema_types, schema_type_count);
		else if (node->kids == NULL)
			put_value_type(w, node->field);
	}
	if (node->kids != NULL) { /* also a value: then the type stays open */
		if (node->field == NULL)
			put_type(w, "object");
		put_properties(w, node);
	}
	json_object_end(w);
}

/* Depth is that of the longest dotted name in the schema. */
static void put_properties(struct json_writer *w, const struct node *parent)
{
	json_key(w, STR("properties"));
	json_object_begin(w);
	for (const struct node *kid = parent->kids; kid != NULL; kid = kid->next)
		put_node(w, kid);
	json_object_end(w);
}

static void free_node(struct node *node)
{
	while (node->kids != NULL) {
		struct node *kid = node->kids;
		node->kids = kid->next;
		free_node(kid);
		free(kid);
	}
}

static void json_schema(struct buf *out)
{
	struct json_writer w = {.buf = out};
	struct node root = {0};

	for (unsigned i = 0; i < schema_field_count; i++) {
		struct str name = str_of(schema_fields[i].name);
		struct node *node = &root;
		while (name.len > 0)
			node = node_below(node, str_cut(&name, '.'));
		node->field = &schema_fields[i];
	}
	json_object_begin(&w);
	json_key(&w, STR("$schema"));
	json_put_str(&w, STR("https://json-schema.org/draft/2020-12/schema"));
	json_key(&w, STR("title"));
	json_put_str(&w, STR("Merlon event"));
	json_key(&w, STR("description"));
	json_put_str(
		&w, STR("An event in ECS JSON as Merlon prints it. Made by tools/schema_doc from "
			"src/event/schema.def. Other members may stand beside these: an event that "
			"came as a document keeps all it had."));
	put_type(&w, "object");
	put_properties(&w, &root);
	json_object_end(&w);
	buf_char(out, '\n');
	free_node(&root);
}

int main(int argc, char **argv)
{
	struct buf out = {0};

	if (argc == 2 && strcmp(argv[1], "events.md") == 0) {
		events_md(&out);
	} else if (argc == 2 && strcmp(argv[1], "events.schema.json") == 0) {
		json_schema(&out);
	} else if (argc == 2 && strcmp(argv[1], "golden") == 0) {
		golden(&out);
	} else {
		(void)fprintf(stderr, "usage: schema_doc events.md|events.schema.json|golden\n");
		return 2;
	}
	bool failed = out.failed || fwrite(out.ptr, 1, out.len, stdout) != out.len ||
		      fflush(stdout) != 0;
	buf_destroy(&out);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
