/* The public rules against the naive evaluator: on recorded events, and on events made from the
 * rules themselves with every small change that breaks them. */
#include <dirent.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "detect/sigma/taxonomy.h"
#include "detect/sigma/test_engine.h"
#include "naive.h"
#include "synth.h"

#define DOCUMENTS_MAX 1024
#define ATTEMPTS_MAX  2000
#define VARIANTS      12 /* events made from each rule */

struct document {
	const struct yaml_node *node;
	struct str id, file;
	uint32_t number; /* of the engine's rule */
};
struct corpus {
	struct arena arena;
	struct document documents[DOCUMENTS_MAX];
	uint32_t count;
	struct engine engine;
};

static char rules_path[512], regression_path[512];

static void need_corpora(void)
{
	if (rules_path[0] != '\0')
		return;
	printf("no public Sigma rules: set MERLON_SHARED\n");
	skip();
}

static struct str read_file(struct arena *arena, const char *path)
{
	FILE *in = fopen(path, "r");
	struct buf text = {0};
	char block[8192];
	size_t got;

	if (in == NULL)
		fail_msg("%s cannot be read", path);
	while ((got = fread(block, 1, sizeof(block), in)) > 0)
		buf_append(&text, block, got);
	fclose(in);
	struct str ret = arena_strn(arena, text.ptr, text.len);
	buf_destroy(&text);
	return ret;
}

/* The documents in the engine's order, parsed once more for the naive evaluator. */
static void load(struct corpus *c, const char *path, enum sigma_taxonomy taxonomy)
{
	static struct sigma_options options;
	struct str file = {0};
	struct yaml_reader reader = {0};
	struct yaml_node *node;

	options.taxonomy = taxonomy;
	*c = (struct corpus){0};
	arena_init(&c->arena, 0);
	engine_begin(&c->engine);
	c->engine.print = true;
	engine_paths(&c->engine, &options, &path, 1);
	assert_int_equal(c->engine.refused, 0);
	for (uint32_t i = 0; i < ruleset_count(c->engine.set); i++) {
		const struct rule *rule = ruleset_rule(c->engine.set, i);
		if (!str_eq(rule->file, file)) {
			file = rule->file;
			yaml_reader_init(&reader, read_file(&c->arena, file.ptr), NULL);
		}
		assert_int_equal(yaml_next(&reader, &c->arena, &node, NULL), 1);
		assert_true(c->count < DOCUMENTS_MAX);
		c->documents[c->count++] = (struct document){node, rule->id, file, i};
	}
	engine_compile(&c->engine);
}

static void unload(struct corpus *c)
{
	engine_end(&c->engine);
	arena_destroy(&c->arena);
}

static const struct json_node *parse(struct arena *arena, struct str json)
{
	const char *error = "";
	size_t at;
	const struct json_node *node = json_parse(arena, json, &error, &at);

	if (node == NULL)
		fail_msg("%s in %.*s", error, STR_ARG(json));
	return node;
}

/* ---- recorded events ---- */

static uint32_t compare_all(struct corpus *c, struct str json, const struct json_node *event)
{
	const struct rule *const *fired;
	uint32_t count = engine_run(&c->engine, json, &fired), at = 0;

	for (uint32_t i = 0; i < c->count; i++) {
		bool engine = at < count && fired[at]->number == i;
		at += engine;
		if (engine != naive_fires(c->documents[i].node, event))
			fail_msg("%.*s: the engine says %d on %.*s", STR_ARG(c->documents[i].file),
				engine, STR_ARG(json));
	}
	assert_int_equal(at, count);
	return count;
}

static bool fired_as_expected(struct corpus *c, struct str json, struct str id)
{
	const struct rule *const *fired;
	uint32_t count = engine_run(&c->engine, json, &fired);

	for (uint32_t i = 0; i < count; i++)
		if (str_eq(fired[i]->id, id))
			return true;
	return false;
}

static void regression_events(void **state)
{
	struct corpus c;
	struct arena arena;
	struct str lines[256];
	uint32_t line_count = 0, fired = 0;
	char path[600];
	uint64_t line;
	struct str id;

	need_corpora();
	load(&c, regression_path, SIGMA_TAXONOMY_RAW);
	arena_init(&arena, 0);
	snprintf(path, sizeof(path), "%s/events.ndjson", regression_path);
	struct str text = read_file(&c.arena, path);
	while (text.len > 0 && line_count < 256) {
		struct str json = str_cut(&text, '\n');
		if (json.len == 0)
			continue;
		lines[line_count++] = json;
		arena_reset(&arena);
		fired += compare_all(&c, json, parse(&arena, json));
	}
	snprintf(path, sizeof(path), "%s/expected.json", regression_path);
	const struct json_node *expected = parse(&c.arena, read_file(&c.arena, path));
	for (const struct json_node *e = expected->child; e != NULL; e = e->next) {
		assert_true(json_u64(json_get(e, "line"), &line) &&
			    json_text(json_get(e, "rule"), &id));
		assert_true(line < line_count);
		if (!fired_as_expected(&c, lines[line], id))
			fail_msg("%.*s does not fire on line %u", STR_ARG(id), (unsigned)line);
	}
	assert_true(fired >= expected->count && expected->count > 0);
	printf("%u rules, %u events, %u matches\n", c.count, line_count, fired);
	arena_destroy(&arena);
	unload(&c);
}

/* ---- events made from rules ---- */

static void put_values(struct json_writer *w, const struct synth_field *field)
{
	if (field->null) {
		json_put_null(w);
		return;
	}
	if (field->count != 1)
		json_array_begin(w);
	for (uint32_t i = 0; i < field->count; i++)
		json_put_str(w, field->values[i]);
	if (field->count != 1)
		json_array_end(w);
}

static struct str raw_json(struct arena *arena, const struct synth_event *event)
{
	struct buf buf = {0};
	struct json_writer w = {.buf = &buf};

	json_object_begin(&w);
	for (uint32_t i = 0; i < event->count; i++) {
		json_key(&w, event->fields[i].name);
		put_values(&w, &event->fields[i]);
	}
	json_object_end(&w);
	struct str ret = arena_strn(arena, buf.ptr, buf.len);
	buf_destroy(&buf);
	return ret;
}

static void put_words(
	struct json_writer *w, const struct schema_word *words, unsigned count, uint32_t bits)
{
	json_array_begin(w);
	for (unsigned i = 0; i < count; i++)
		if ((bits >> words[i].number & 1) != 0)
			json_put_str(w, str_of(words[i].word));
	json_array_end(w);
}

/* The first kind of event that the logsource looks at. */
static const struct schema_kind *kind_of(const struct sigma_logsource *source)
{
	for (unsigned k = 1; k < KIND_MAX; k++)
		if ((source->kinds[k / 64] >> (k % 64) & 1) != 0)
			return schema_kind(k);
	fail_msg("no kind for %.*s/%.*s", STR_ARG(source->category), STR_ARG(source->service));
	return NULL;
}

static void put_field(struct json_writer *w, const struct sigma_logsource *source,
	const struct synth_field *field)
{
	field_id id = sigma_field((enum sigma_scope)source->scope, field->name);
	struct synth_field other = *field;
	const char *word = NULL;

	for (uint32_t i = 0; i < field->count; i++)
		if (sigma_rewrite(field->name, field->values[i], 0, &word) != FIELD_none)
			other.values[i] = str_of(word);
	json_key(w, id == FIELD_none ? field->name : str_of(schema_field(id)->name));
	put_values(w, &other);
}

/* The same event as an ECS document of the rule's logsource. */
static struct str ecs_json(
	struct arena *arena, const struct document *document, const struct synth_event *event)
{
	const struct yaml_node *node = yaml_get(document->node, "logsource");
	struct sigma_logsource source = {
		.product = yaml_scalar(yaml_get(node, "product")),
		.category = yaml_scalar(yaml_get(node, "category")),
		.service = yaml_scalar(yaml_get(node, "service")),
	};
	struct buf buf = {0};
	struct json_writer w = {.buf = &buf};

	sigma_logsource_resolve(&source);
	const struct schema_kind *kind = kind_of(&source);
	json_object_begin(&w);
	json_member_str(&w, "event.action", str_of(kind->action));
	json_key(&w, STR("event.category"));
	put_words(&w, schema_categories, schema_category_count, kind->categories);
	json_key(&w, STR("event.type"));
	put_words(&w, schema_types, schema_type_count, kind->types);
	json_member_str(&w, "host.os.type", source.product);
	if (source.log_services != NULL)
		json_member_str(&w, "log.service", str_of(source.log_services[0]));
	for (uint32_t i = 0; i < event->count; i++)
		put_field(&w, &source, &event->fields[i]);
	json_object_end(&w);
	struct str ret = arena_strn(arena, buf.ptr, buf.len);
	buf_destroy(&buf);
	return ret;
}

struct tally {
	uint64_t events, fires, silent;
};

/* Engine and naive evaluator on one event, in whichever form the engine wants it. */
static bool compare(struct corpus *c, const struct document *document, bool ecs,
	const struct synth_event *event, struct tally *tally)
{
	struct arena arena;

	arena_init(&arena, 0);
	struct str raw = raw_json(&arena, event);
	struct str json = ecs ? ecs_json(&arena, document, event) : raw;
	bool naive = naive_fires(document->node, parse(&arena, raw));
	bool engine = engine_fires(&c->engine, json, document->number);
	if (engine != naive)
		fail_msg("%.*s: the engine says %d on %.*s", STR_ARG(document->file), engine,
			STR_ARG(json));
	tally->events++;
	tally->fires += naive;
	tally->silent += !naive;
	arena_destroy(&arena);
	return naive;
}

static struct str changed(struct arena *arena, struct str text, size_t at, char c)
{
	struct str copy = arena_strn(arena, text.ptr, text.len);

	((char *)copy.ptr)[at] = c;
	return copy;
}

static void swap_case(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z'))
			text[i] ^= 0x20;
}

#define CHANGES_MAX 32

/* Texts that differ a little from the field's, with the field's own among its neighbours. */
static uint32_t changes_of(struct arena *arena, struct str text, struct str out[CHANGES_MAX])
{
	uint32_t count = 0;
	size_t step = text.len / 12 + 1;

	out[count++] = STR("zzz");
	out[count++] = (struct str){0};
	out[count++] = arena_printf(arena, "%.*s~", (int)text.len, text.ptr);
	out[count++] = arena_printf(arena, "~%.*s", (int)text.len, text.ptr);
	struct str swapped = arena_strn(arena, text.ptr, text.len);
	swap_case((char *)swapped.ptr, swapped.len);
	out[count++] = swapped;
	for (size_t at = 0; at < text.len && count < CHANGES_MAX; at += step)
		if ((unsigned char)text.ptr[at] < 0x80)
			out[count++] = changed(arena, text, at, '~');
	return count;
}

static void mutate_field(struct corpus *c, const struct document *document, bool ecs,
	const struct synth_event *event, uint32_t f, struct tally *tally)
{
	struct synth_event copy = *event;
	struct str texts[CHANGES_MAX];
	struct arena arena;

	arena_init(&arena, 0);
	copy.fields[f] = copy.fields[--copy.count]; /* without it */
	compare(c, document, ecs, &copy, tally);
	copy = *event;
	copy.fields[f].null = true;
	compare(c, document, ecs, &copy, tally);
	for (uint32_t v = 0; v < event->fields[f].count; v++) {
		uint32_t count = changes_of(&arena, event->fields[f].values[v], texts);
		for (uint32_t i = 0; i < count; i++) {
			copy = *event;
			copy.fields[f].null = false;
			copy.fields[f].values[v] = texts[i];
			compare(c, document, ecs, &copy, tally);
			if (copy.fields[f].count < SYNTH_VALUES_MAX) { /* beside a harmless value */
				copy.fields[f].values[copy.fields[f].count++] = STR("other");
				compare(c, document, ecs, &copy, tally);
			}
		}
	}
	arena_destroy(&arena);
}

static void synthesise(struct corpus *c, bool ecs)
{
	struct tally all = {0};

	for (uint32_t i = 0; i < c->count; i++) {
		const struct document *document = &c->documents[i];
		struct tally tally = {0};
		uint32_t variants = 0;
		for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX && variants < VARIANTS;
			attempt++) {
			struct synth_event event;
			struct arena arena;
			arena_init(&arena, 0);
			synth_event(&arena, document->node, attempt, &event);
			if (compare(c, document, ecs, &event, &tally)) {
				if (variants++ < 2 && !ecs) {
					struct str json = raw_json(&arena, &event);
					compare_all(c, json, parse(&arena, json));
				}
				tally.silent = 0;
				for (uint32_t f = 0; f < event.count; f++)
					mutate_field(c, document, ecs, &event, f, &tally);
				if (tally.silent == 0)
					fail_msg("%.*s: no change silences it",
						STR_ARG(document->file));
			}
			arena_destroy(&arena);
		}
		if (variants == 0)
			fail_msg("%.*s: no event found that fires it", STR_ARG(document->file));
		all.events += tally.events;
		all.fires += tally.fires;
	}
	printf("%u rules, %llu events, %llu of them fire\n", c->count,
		(unsigned long long)all.events, (unsigned long long)all.fires);
}

static void made_events_in_raw_names(void **state)
{
	struct corpus c;

	need_corpora();
	load(&c, rules_path, SIGMA_TAXONOMY_RAW);
	assert_true(c.count >= 279);
	synthesise(&c, false);
	unload(&c);
}

/* Documents that do not tell their kind, as `hunt` takes them by default. */
static void made_events_in_sigma_names(void **state)
{
	struct corpus c;

	need_corpora();
	load(&c, rules_path, SIGMA_TAXONOMY_SIGMA);
	synthesise(&c, false);
	unload(&c);
}

static void made_events_in_ecs(void **state)
{
	struct corpus c;

	need_corpora();
	load(&c, rules_path, SIGMA_TAXONOMY_ECS);
	synthesise(&c, true);
	unload(&c);
}

static void find_corpora(const char *fallback)
{
	const char *shared = getenv("MERLON_SHARED");
	struct stat st;

	if (shared == NULL)
		shared = fallback;
	snprintf(rules_path, sizeof(rules_path), "%s/corpora/sigma/rules", shared);
	snprintf(regression_path, sizeof(regression_path), "%s/corpora/sigma/regression", shared);
	if (stat(rules_path, &st) == 0 && stat(regression_path, &st) == 0)
		return;
	rules_path[0] = regression_path[0] = '\0';
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regression_events),
		cmocka_unit_test(made_events_in_raw_names),
		cmocka_unit_test(made_events_in_sigma_names),
		cmocka_unit_test(made_events_in_ecs),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	find_corpora(argc > 1 ? argv[1] : "../shared");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
