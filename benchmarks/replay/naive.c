/* Counts the matches of Sigma rules on ECS NDJSON with the naive evaluator of the tests.
 *   naive RULES FILE     prints: events matches
 * From the engine it has the tables of names only: each event gets a member for every Sigma name that
 * a rule may use. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "base/err.h"
#include "detect/sigma/taxonomy.h"
#include "event/ecs.h"
#include "tests/sigma/naive.h"

#define RULES_MAX  1024
#define NAMES_MAX  512
#define LINE_BYTES ((size_t)1 << 20)

struct name {
	uint8_t scope;
	char *text;
	field_id id; /* FIELD_none: the name is asked in other words */
};

struct rule {
	const struct yaml_node *node;
	struct sigma_logsource source;
};

struct state {
	struct arena arena; /* of the rules */
	struct rule rules[RULES_MAX];
	uint32_t rule_count;
	struct name names[NAMES_MAX];
	uint32_t name_count;
};

static void die(const char *what)
{
	(void)fprintf(stderr, "naive: %s\n", what);
	exit(1);
}

static void add_name(struct state *s, uint8_t scope, struct str key)
{
	struct str name = str_cut(&key, '|');

	if (name.len == 0 || schema_field(sigma_field((enum sigma_scope)scope, name)) == NULL)
		if (!sigma_is_rewritten(name))
			return;
	for (uint32_t i = 0; i < s->name_count; i++)
		if (s->names[i].scope == scope && str_is(name, s->names[i].text))
			return;
	if (s->name_count == NAMES_MAX)
		die("too many names");
	s->names[s->name_count++] = (struct name){
		.scope = scope,
		.text = strndup(name.ptr, name.len),
		.id = sigma_is_rewritten(name) ? FIELD_none
					       : sigma_field((enum sigma_scope)scope, name),
	};
}

/* Searches of a rule are maps and lists of maps; nothing deeper holds names. */
static void collect_names(struct state *s, uint8_t scope, const struct yaml_node *detection)
{
	for (uint32_t d = 0; d < detection->count; d++) {
		const struct yaml_node *search = detection->pairs[d].value;
		uint32_t maps = search->kind == YAML_KIND_LIST ? search->count : 1;
		for (uint32_t m = 0; m < maps; m++) {
			const struct yaml_node *map = search->kind == YAML_KIND_LIST
							      ? search->items[m]
							      : search;
			for (uint32_t p = 0; map->kind == YAML_KIND_MAP && p < map->count; p++)
				add_name(s, scope, map->pairs[p].key->text);
		}
	}
}

static void add_rule(struct state *s, const struct yaml_node *node)
{
	const struct yaml_node *source = yaml_get(node, "logsource");
	const struct yaml_node *detection = yaml_get(node, "detection");

	if (source == NULL || detection == NULL || detection->kind != YAML_KIND_MAP)
		return;
	if (s->rule_count == RULES_MAX)
		die("too many rules");
	struct rule *rule = &s->rules[s->rule_count++];
	*rule = (struct rule){.node = node,
		.source = {.product = yaml_scalar(yaml_get(source, "product")),
			.category = yaml_scalar(yaml_get(source, "category")),
			.service = yaml_scalar(yaml_get(source, "service"))}};
	sigma_logsource_resolve(&rule->source);
	collect_names(s, rule->source.scope, detection);
}

static void load_file(struct state *s, const char *path, size_t size)
{
	struct yaml_reader reader;
	struct yaml_node *node;
	char *text = arena_alloc(&s->arena, size + 1);
	FILE *file = fopen(path, "re");

	if (text == NULL || file == NULL || fread(text, 1, size, file) != size)
		die(path);
	(void)fclose(file);
	text[size] = '\0';
	yaml_reader_init(&reader, str_n(text, size), path);
	while (yaml_next(&reader, &s->arena, &node, NULL) == 1)
		add_rule(s, node);
}

static void load_rules(struct state *s, char *path)
{
	char *const paths[] = {path, NULL};
	FTS *tree = fts_open(paths, FTS_PHYSICAL, NULL);
	FTSENT *entry;

	if (tree == NULL)
		die(path);
	while ((entry = fts_read(tree)) != NULL)
		if (entry->fts_info == FTS_F && str_ends(str_of(entry->fts_path), STR(".yml")))
			load_file(s, entry->fts_path, (size_t)entry->fts_statp->st_size);
	(void)fts_close(tree);
}

/* What a rewritten name's value would be on this event: yes, no or not said. */
static struct json_node *rewritten_value(
	struct arena *arena, const struct json_node *event, struct str name)
{
	static const char *const answers[] = {"true", "false"};
	struct str text;
	const char *word;
	field_id id;

	for (size_t a = 0; a < 2; a++)
		for (unsigned n = 0;
			(id = sigma_rewrite(name, str_of(answers[a]), n, &word)) != FIELD_none; n++)
			if (json_text(json_path(event, schema_field(id)->name), &text) &&
				str_is(text, word)) {
				struct json_node *node = arena_zalloc(arena, sizeof(*node));
				*node = (struct json_node){
					.token = JSON_STRING, .text = str_of(answers[a])};
				return node;
			}
	return NULL;
}

/* The event with the names of one scope put before its own members. */
static struct json_node named(
	const struct state *s, struct arena *arena, const struct json_node *event, uint8_t scope)
{
	struct json_node root = *event;

	for (uint32_t i = 0; i < s->name_count; i++) {
		const struct name *name = &s->names[i];
		if (name->scope != scope)
			continue;
		const struct json_node *value = name->id == FIELD_none
							? rewritten_value(
								  arena, event, str_of(name->text))
							: json_path(event,
								  schema_field(name->id)->name);
		if (value == NULL)
			continue;
		struct json_node *copy = arena_alloc(arena, sizeof(*copy));
		*copy = *value;
		copy->key = str_of(name->text);
		copy->next = root.child;
		root.child = copy;
		root.count++;
	}
	return root;
}

static bool concerns(const struct rule *rule, const struct event *event)
{
	const struct sigma_logsource *source = &rule->source;
	struct str service = event_get_text(event, FIELD_log_service);

	if (!(source->kinds[event->kind / 64] >> (event->kind % 64) & 1))
		return false;
	if (source->log_services == NULL)
		return !source->own_service || str_eq(service, source->service);
	for (const char *const *word = source->log_services; *word != NULL; word++)
		if (str_is(service, *word))
			return true;
	return false;
}

static uint32_t judge(const struct state *s, struct batch *batch, struct str line)
{
	struct arena arena;
	struct event *event;
	const char *error;
	size_t offset;
	uint32_t matches = 0;

	arena_init(&arena, 0);
	batch_clear(batch);
	const struct json_node *tree = json_parse(&arena, line, &error, &offset);
	if (tree == NULL || ecs_decode(batch, line, NULL, &event, &offset, NULL) != 0)
		die("a line is no document");
	for (uint32_t i = 0; i < s->rule_count; i++) {
		const struct rule *rule = &s->rules[i];
		if (!concerns(rule, event))
			continue;
		struct json_node root = named(s, &arena, tree, rule->source.scope);
		matches += naive_fires(rule->node, &root);
	}
	arena_destroy(&arena);
	return matches;
}

int main(int argc, char **argv)
{
	static struct state state;
	struct fields *fields;
	struct batch *batch;
	unsigned long long events = 0, matches = 0;
	char *line = malloc(LINE_BYTES);
	FILE *file = argc == 3 ? fopen(argv[2], "re") : NULL;

	if (line == NULL || file == NULL)
		die("usage: naive RULES FILE");
	arena_init(&state.arena, 0);
	load_rules(&state, argv[1]);
	if (fields_create(&fields, NULL) != 0)
		die("out of memory");
	fields_want_all(fields);
	if (fields_freeze(fields, NULL) != 0 || batch_create(fields, &batch) != 0)
		die("out of memory");
	for (; fgets(line, (int)LINE_BYTES, file) != NULL; events++)
		matches += judge(&state, batch, str_trim(str_of(line)));
	(void)printf("%llu %llu\n", events, matches);
	return 0;
}
