#include "detect/eql/rule_file.h"

#include <errno.h>
#include "base/err.h"
#include "base/file.h"
#include "base/toml.h"
#include "detect/eql/action.h"
#include "detect/rule/threat.h"

#define TREE_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define TEXTS_MAX      256 /* tags, techniques */

struct reading {
	struct arena *arena; /* the rule set's */
	struct rule_result *result;
	const struct toml_node *root, *rule; /* rule: [rule] */
	struct rule meta;
	struct eql_rule own;
	struct rule_action *actions;
	struct err *err;
};

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "EQL rules: out of memory");
}

static struct str keep(struct reading *r, const struct toml_node *node)
{
	struct str text = str_trim(toml_text(node));

	return arena_strn(r->arena, text.ptr, text.len);
}

static int skipped(struct reading *r, struct str reason)
{
	r->result->status = RULE_SKIPPED;
	r->result->reason = arena_strn(r->arena, reason.ptr, reason.len);
	return 0;
}

/* ---- metadata ---- */

static int read_names(struct reading *r)
{
	const struct toml_node *rule_id = toml_get(r->rule, "rule_id");
	struct rule *meta = &r->meta;

	meta->id = keep(r, rule_id != NULL ? rule_id : toml_get(r->rule, "id"));
	meta->title = keep(r, toml_get(r->rule, "name"));
	meta->description = keep(r, toml_get(r->rule, "description"));
	r->own.version = keep(r, toml_get(r->rule, "version"));
	r->own.min_version = keep(r, toml_get(r->rule, "min_endpoint_version"));
	if (meta->id.ptr == NULL || meta->title.ptr == NULL || meta->description.ptr == NULL ||
		r->own.version.ptr == NULL || r->own.min_version.ptr == NULL)
		return no_memory(r->err);
	if (meta->id.len == 0)
		meta->id = r->result->file;
	r->result->id = meta->id;
	meta->severity = SEVERITY_MEDIUM;
	(void)severity_parse(toml_text(toml_get(r->rule, "severity")), &meta->severity);
	return 0;
}

static void read_systems(struct reading *r)
{
	static const struct {
		const char *word;
		enum event_os os;
	} words[] = {{"linux", OS_LINUX}, {"macos", OS_MACOS}, {"windows", OS_WINDOWS}};
	const struct toml_node *list = toml_get(r->rule, "os_list");

	for (uint32_t i = 0; list != NULL && list->type == TOML_LIST && i < list->count; i++)
		for (unsigned k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (str_is(toml_text(list->items[i]), words[k].word))
				r->meta.os_mask |= 1u << words[k].os;
}

static int read_tags(struct reading *r)
{
	const struct toml_node *list = toml_get(r->rule, "tags");
	uint32_t count = list == NULL || list->type != TOML_LIST ? 0 : list->count;
	struct str *tags = arena_alloc(r->arena, (TEXTS_MAX + 1) * sizeof(*tags));

	if (tags == NULL)
		return no_memory(r->err);
	r->meta.tags = tags;
	for (uint32_t i = 0; i < count && r->meta.tag_count < TEXTS_MAX; i++) {
		struct str tag = keep(r, list->items[i]);
		if (tag.ptr == NULL)
			return no_memory(r->err);
		if (tag.len > 0)
			tags[r->meta.tag_count++] = tag;
	}
	return 0;
}

static int add_technique(struct reading *r, struct str *list, const struct toml_node *node)
{
	struct str id = str_trim(toml_text(toml_get(node, "id")));

	if (!threat_is_technique(id) || r->meta.technique_count == TEXTS_MAX)
		return 0;
	list[r->meta.technique_count] = threat_technique(r->arena, id);
	return list[r->meta.technique_count++].ptr == NULL ? no_memory(r->err) : 0;
}

static int add_tactic(struct reading *r, struct str *list, const struct toml_node *node)
{
	struct str name = str_trim(toml_text(toml_get(node, "name")));

	if (!threat_is_tactic(name) || r->meta.tactic_count == TEXTS_MAX)
		return 0;
	list[r->meta.tactic_count] = threat_tactic(r->arena, name);
	return list[r->meta.tactic_count++].ptr == NULL ? no_memory(r->err) : 0;
}

static uint32_t item_count(const struct toml_node *node)
{
	return node != NULL && node->type == TOML_LIST ? node->count : 0;
}

static int read_threat(struct reading *r, const struct toml_node *list)
{
	struct str *techniques = arena_alloc(r->arena, 2 * TEXTS_MAX * sizeof(*techniques));
	struct str *tactics = techniques + TEXTS_MAX;
	int rc = techniques == NULL ? no_memory(r->err) : 0;

	for (uint32_t i = 0; rc == 0 && i < item_count(list); i++) {
		const struct toml_node *all = toml_get(list->items[i], "technique");
		rc = add_tactic(r, tactics, toml_get(list->items[i], "tactic"));
		for (uint32_t k = 0; rc == 0 && k < item_count(all); k++) {
			const struct toml_node *more = toml_get(all->items[k], "subtechnique");
			rc = add_technique(r, techniques, all->items[k]);
			for (uint32_t n = 0; rc == 0 && n < item_count(more); n++)
				rc = add_technique(r, techniques, more->items[n]);
		}
	}
	if (rc != 0)
		return rc;
	r->meta.techniques = techniques;
	r->meta.technique_count = threat_sort_unique(techniques, r->meta.technique_count);
	r->meta.tactics = tactics;
	r->meta.tactic_count = threat_sort_unique(tactics, r->meta.tactic_count);
	return 0;
}

static int note_maturity(struct reading *r)
{
	struct str word = toml_text(toml_get(toml_get(r->root, "metadata"), "maturity"));
	struct str *notes = arena_alloc(r->arena, sizeof(*notes));

	if (notes == NULL)
		return no_memory(r->err);
	if (word.len == 0 || str_is(word, "production"))
		return 0;
	*notes = arena_printf(r->arena, "maturity: %.*s", STR_ARG(word));
	r->meta.notes = notes;
	r->meta.note_count = notes->ptr == NULL ? 0 : 1;
	return 0;
}

/* Either form keeps some of these in [rule], the other beside it. */
static const struct toml_node *either(const struct reading *r, const char *key)
{
	const struct toml_node *inner = toml_get(r->rule, key);

	return inner != NULL ? inner : toml_get(r->root, key);
}

static int read_metadata(struct reading *r)
{
	int rc = read_tags(r);

	read_systems(r);
	if (rc == 0)
		rc = read_threat(r, either(r, "threat"));
	if (rc == 0)
		rc = note_maturity(r);
	if (rc == 0)
		rc = eql_actions_read(r->arena, either(r, "actions"), either(r, "optional_actions"),
			&r->actions, &r->meta.action_count, r->err);
	r->meta.actions = r->actions;
	return rc;
}

/* ---- one file ---- */

/* The kind of a rule that is not EQL's, or empty. */
static struct str other_kind(const struct toml_node *rule)
{
	struct str type = toml_text(toml_get(rule, "type"));
	struct str language = toml_text(toml_get(rule, "language"));

	if (type.len == 0 || str_is(type, "eql"))
		return str_is(language, "eql") ? (struct str){0} : language;
	return (str_is(type, "query") || str_is(type, "saved_query")) && language.len > 0 ? language
											  : type;
}

static int take_query(struct reading *r, struct ruleset *set,
	const struct eql_file_options *options, const struct toml_node *query)
{
	enum eql_dialect form = toml_get(r->rule, "type") != NULL ? EQL_DIALECT_ELASTICSEARCH
								  : EQL_DIALECT_ENDPOINT;
	struct eql_options own = options->options != NULL ? *options->options
							  : eql_options_of(form);

	r->meta.file = r->result->file;
	r->meta.language = STR("eql");
	r->meta.line = query->text_line;
	r->meta.eql = &r->own;
	int rc = eql_add_query(set, query->text, &own, &options->document, &r->meta, r->err);
	if (rc != 0)
		return rc;
	r->result->rule = ruleset_rule(set, r->meta.number);
	eql_actions_settle(r->actions, r->meta.action_count, r->result->rule->eql->query);
	r->result->fields = ruleset_fields(set);
	r->result->notes = r->meta.notes;
	r->result->note_count = r->meta.note_count;
	return 0;
}

static int take_document(
	struct reading *r, struct ruleset *set, const struct eql_file_options *options)
{
	r->rule = toml_get(r->root, "rule");
	if (r->rule == NULL || r->rule->type != TOML_TABLE)
		return skipped(r, STR("no rule"));
	int rc = read_names(r);
	if (rc != 0)
		return rc;
	struct str kind = other_kind(r->rule);
	if (kind.len > 0)
		return skipped(r, kind);
	const struct toml_node *query = either(r, "query");
	if (query == NULL && toml_get(r->rule, "type") == NULL && toml_get(r->rule, "id") == NULL)
		return skipped(r, STR("no rule"));
	if (query == NULL || query->type != TOML_TEXT)
		return err_set(r->err, -EINVAL, "line %u: rule.query is missing or no text",
			(query == NULL ? r->rule : query)->line);
	rc = read_metadata(r);
	return rc == 0 ? take_query(r, set, options, query) : rc;
}

int eql_load_text(struct ruleset *set, const struct eql_file_options *options, struct str text,
	const char *file, struct rule_results *results, struct err *err)
{
	struct arena tree, *arena = ruleset_arena(set);
	struct rule_result *result = arena_zalloc(arena, sizeof(*result));
	struct toml_node *root = NULL;
	struct err reason = {0};

	if (result == NULL)
		return no_memory(err);
	result->file = result->id = arena_strn(arena, file, strlen(file));
	result->line = 1;
	result->language = "eql";
	arena_init(&tree, TREE_BYTES_MAX);
	int rc = toml_parse(&tree, text, &root, &reason);
	struct reading reading = {.arena = arena, .result = result, .root = root, .err = &reason};
	if (rc == 0)
		rc = take_document(&reading, set, options);
	arena_destroy(&tree);
	if (rc != 0) {
		result->status = RULE_REFUSED;
		result->reason = arena_strn(arena, reason.text, strlen(reason.text));
	}
	rule_results_add(results, result);
	return rc == -ENOMEM ? no_memory(err) : 0;
}

int eql_load_file(struct ruleset *set, const struct eql_file_options *options, const char *file,
	struct rule_results *results, struct err *err)
{
	struct arena arena;
	struct str text;

	arena_init(&arena, 0);
	int rc = file_read(file, TOML_BYTES_MAX, &arena, &text, err);
	if (rc == 0)
		rc = eql_load_text(set, options, text, file, results, err);
	arena_destroy(&arena);
	return rc;
}
