#include "detect/sigma/sigma.h"

#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "base/file.h"
#include "detect/sigma/document.h"
#include "detect/sigma/loader.h"
#include "detect/sigma/merge.h"

#define FILE_BYTES_MAX	   ((size_t)16 * 1024 * 1024)
#define FILE_DOCUMENTS_MAX 8192
#define SCRATCH_BYTES_MAX  ((size_t)256 * 1024 * 1024)

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "Sigma rules: out of memory");
}

bool sigma_taxonomy_parse(struct str word, enum sigma_taxonomy *ret)
{
	static const char *const words[] = {"ecs", "sigma", "raw"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_is(word, words[i])) {
			*ret = (enum sigma_taxonomy)i;
			return true;
		}
	}
	return false;
}

int sigma_create(struct ruleset *set, const struct sigma_options *options,
	struct rule_results *results, struct sigma_loader **ret, struct err *err)
{
	struct sigma_loader *loader = calloc(1, sizeof(*loader));

	if (loader == NULL)
		return no_memory(err);
	loader->set = set;
	loader->options = options;
	loader->results = results;
	loader->last = &loader->first;
	loader->filters = NULL;
	loader->last_filter = &loader->filters;
	arena_init(&loader->scratch, SCRATCH_BYTES_MAX);
	*ret = loader;
	return 0;
}

void sigma_destroy(struct sigma_loader *loader)
{
	struct kept_arena *next;

	if (loader == NULL)
		return;
	for (struct kept_arena *kept = loader->kept; kept != NULL; kept = next) {
		next = kept->next;
		arena_destroy(&kept->arena);
		free(kept);
	}
	arena_destroy(&loader->scratch);
	free(loader);
}

struct sigma_context sigma_loader_context(struct sigma_loader *loader)
{
	return (struct sigma_context){
		.arena = ruleset_arena(loader->set),
		.scratch = &loader->scratch,
		.fields = ruleset_fields(loader->set),
		.options = loader->options,
	};
}

void sigma_set_reason(
	struct sigma_loader *loader, struct pending *p, enum rule_status status, const char *reason)
{
	p->result.status = status;
	p->result.reason = arena_strn(ruleset_arena(loader->set), reason, strlen(reason));
	p->rule = NULL;
}

int sigma_keep_notes(struct sigma_context *ctx, struct pending *p, struct err *err)
{
	struct str *notes = arena_alloc(ctx->arena, (ctx->note_count + 1) * sizeof(*notes));

	if (notes == NULL)
		return no_memory(err);
	memcpy(notes, ctx->notes, ctx->note_count * sizeof(*notes));
	p->result.notes = notes;
	p->result.note_count = ctx->note_count;
	if (p->rule != NULL) {
		p->rule->notes = notes;
		p->rule->note_count = ctx->note_count;
	}
	return 0;
}

struct sigma_context sigma_resume(struct sigma_loader *loader, const struct pending *p)
{
	struct sigma_context ctx = sigma_loader_context(loader);

	ctx.source = p->source;
	ctx.note_count = p->result.note_count;
	if (ctx.note_count > 0)
		memcpy(ctx.notes, p->result.notes, ctx.note_count * sizeof(*ctx.notes));
	return ctx;
}

/* ---- one document ---- */

/* A rule of this document, with all that does not depend on its being a correlation. */
static int begin_rule(struct sigma_loader *loader, struct sigma_context *ctx, struct pending *p,
	const struct yaml_node *document, struct rule **ret, struct err *err)
{
	struct rule *rule = arena_zalloc(ctx->arena, sizeof(*rule));

	if (rule == NULL)
		return no_memory(err);
	p->is_rule = true;
	p->name = sigma_keep(ctx, yaml_scalar(yaml_get(document, "name")));
	int rc = sigma_metadata(ctx, document, rule, err);
	if (rule->id.len > 0)
		p->result.id = rule->id;
	rule->id = p->result.id;
	rule->file = p->result.file;
	rule->document = p->result.document;
	rule->line = p->result.line;
	rule->role = RULE_FINDING;
	*ret = rule;
	return rc;
}

static int take_rule(struct sigma_loader *loader, struct pending *p,
	const struct yaml_node *document, struct err *err)
{
	struct sigma_context ctx = sigma_loader_context(loader);
	struct expr *detection = NULL, *logsource = NULL;
	struct rule *rule = NULL;
	int rc = begin_rule(loader, &ctx, p, document, &rule, err);

	if (rc == 0)
		rc = sigma_logsource_read(&ctx, document, err);
	if (rc == 0)
		rc = sigma_section(&ctx, yaml_get(document, "detection"), &detection, err);
	if (rc == 0)
		rc = sigma_logsource_expr(&ctx, rule->kinds, &logsource, err);
	if (rc == 0 && logsource != NULL) {
		struct expr *all = expr_list(ctx.arena, EXPR_AND);
		rc = sigma_list_add(&ctx, all, logsource, err);
		if (rc == 0)
			rc = sigma_list_add(&ctx, all, detection, err);
		detection = all;
	}
	if (rc != 0)
		return rc;
	if (loader->options->taxonomy != SIGMA_TAXONOMY_RAW)
		rule->os_mask = ctx.source.os_mask;
	p->rule = rule;
	p->condition = detection;
	p->source = ctx.source;
	return sigma_keep_notes(&ctx, p, err);
}

static int take_correlation(struct sigma_loader *loader, struct pending *p,
	const struct yaml_node *document, struct err *err)
{
	struct sigma_context ctx = sigma_loader_context(loader);
	struct rule *rule = NULL;
	int rc = begin_rule(loader, &ctx, p, document, &rule, err);

	if (rc == 0)
		rc = sigma_correlation_read(&ctx, document, &p->correlation, err);
	if (rc != 0)
		return rc;
	rule->role = RULE_PLAN;
	p->rule = rule;
	return sigma_keep_notes(&ctx, p, err);
}

static int take_filter(struct sigma_loader *loader, struct pending *p,
	const struct yaml_node *document, struct err *err)
{
	struct sigma_context ctx = sigma_loader_context(loader);
	const struct yaml_node *filter = yaml_get(document, "filter");
	const struct yaml_node *rules = yaml_get(filter, "rules");
	struct str id = yaml_scalar(yaml_get(document, "id"));
	struct expr *unused;

	if (id.len > 0)
		p->result.id = sigma_keep(&ctx, id);
	if (filter->kind != YAML_KIND_MAP || rules == NULL)
		return err_set(err, -EINVAL, "line %u: a filter without rules", filter->line);
	int rc = sigma_logsource_read(&ctx, document, err);
	if (rc == 0) /* to tell what is wrong even when no rule is there to apply it to */
		rc = sigma_section(&ctx, filter, &unused, err);
	if (rc != 0)
		return rc;
	p->filter = filter;
	p->source = ctx.source;
	*loader->last_filter = p;
	loader->last_filter = &p->next_filter;
	loader->keep_scratch = true;
	return 0;
}

static int take_document(struct sigma_loader *loader, struct sigma_collection *collection,
	const struct yaml_node *document, struct pending *p, struct err *err)
{
	switch (sigma_collect(collection, &loader->scratch, document, &document)) {
	case SIGMA_ACTION_NONE:
		sigma_set_reason(loader, p, RULE_SKIPPED, "part of a collection");
		return 0;
	case SIGMA_ACTION_UNKNOWN:
		return err_set(err, -EINVAL, "line %u: unknown action",
			yaml_get(document, "action")->line);
	default:
		break;
	}
	if (document == NULL)
		return no_memory(err);
	if (yaml_get(document, "correlation") != NULL)
		return take_correlation(loader, p, document, err);
	if (yaml_get(document, "filter") != NULL)
		return take_filter(loader, p, document, err);
	if (yaml_get(document, "detection") != NULL)
		return take_rule(loader, p, document, err);
	if (yaml_get(document, "logsource") != NULL)
		return err_set(err, -EINVAL, "line %u: detection is missing", document->line);
	sigma_set_reason(loader, p, RULE_SKIPPED, "no Sigma rule");
	return 0;
}

static struct pending *new_pending(
	struct sigma_loader *loader, struct str file, uint32_t document, uint32_t line)
{
	struct pending *p = arena_zalloc(ruleset_arena(loader->set), sizeof(*p));

	if (p == NULL)
		return NULL;
	p->result.file = p->result.id = file;
	p->result.document = document;
	p->result.line = line;
	p->result.language = "sigma";
	*loader->last = p;
	loader->last = &p->next;
	rule_results_add(loader->results, &p->result);
	return p;
}

/* ---- files ---- */

static void end_file(struct sigma_loader *loader)
{
	struct kept_arena *kept = loader->keep_scratch ? malloc(sizeof(*kept)) : NULL;

	if (kept != NULL) {
		kept->arena = loader->scratch;
		kept->next = loader->kept;
		loader->kept = kept;
		arena_init(&loader->scratch, SCRATCH_BYTES_MAX);
	}
	if (!loader->keep_scratch)
		arena_reset(&loader->scratch);
	loader->keep_scratch = false;
}

int sigma_load_text(struct sigma_loader *loader, struct str text, const char *file, struct err *err)
{
	struct sigma_collection collection = {0};
	struct yaml_reader reader;
	struct str name = arena_strn(ruleset_arena(loader->set), file, strlen(file));
	int rc = name.ptr == NULL ? no_memory(err) : 0, found = 1;

	yaml_reader_init(&reader, text, NULL);
	while (rc == 0) {
		struct yaml_node *document = NULL;
		struct err reason = {0};
		found = yaml_next(&reader, &loader->scratch, &document, &reason);
		if (found == 0)
			break;
		struct pending *p = new_pending(
			loader, name, reader.document - 1, reader.document_line);
		if (p == NULL) {
			rc = no_memory(err);
			break;
		}
		if (reader.document > FILE_DOCUMENTS_MAX) {
			sigma_set_reason(loader, p, RULE_REFUSED, "too many documents in one file");
			break;
		}
		if (found > 0)
			found = take_document(loader, &collection, document, p, &reason);
		if (found < 0)
			sigma_set_reason(loader, p, RULE_REFUSED, reason.text);
	}
	end_file(loader);
	return rc;
}

int sigma_load_file(struct sigma_loader *loader, const char *file, struct err *err)
{
	struct arena arena;
	struct str text;

	arena_init(&arena, 0);
	int rc = file_read(file, FILE_BYTES_MAX, &arena, &text, err);
	if (rc == 0)
		rc = sigma_load_text(loader, text, file, err);
	arena_destroy(&arena);
	return rc;
}

/* ---- the end ---- */

static int finish_rule(struct sigma_loader *loader, struct pending *p, struct err *err)
{
	struct err reason = {0};
	int rc = sigma_apply_filters(loader, p, &reason);

	p->rule->condition = p->condition;
	if (rc == 0)
		rc = ruleset_add(loader->set, p->rule, &reason);
	if (rc == 0)
		p->result.rule = p->rule;
	else
		sigma_set_reason(loader, p, RULE_REFUSED, reason.text);
	return rc == -ENOMEM ? no_memory(err) : 0;
}

int sigma_finish(struct sigma_loader *loader, struct err *err)
{
	int rc = 0;

	for (struct pending *p = loader->first; rc == 0 && p != NULL; p = p->next)
		if (p->rule != NULL && p->correlation == NULL)
			rc = finish_rule(loader, p, err);
	if (rc == 0)
		rc = sigma_link(loader, err);
	for (struct pending *p = loader->first; p != NULL; p = p->next) {
		static const char idle_text[] = "applies to no loaded rule";
		static const struct str idle[] = {{idle_text, sizeof(idle_text) - 1}};
		if (p->filter != NULL && p->applied_count == 0) {
			p->result.notes = idle;
			p->result.note_count = 1;
		}
		p->result.fields = ruleset_fields(loader->set);
	}
	loader->first = NULL;
	loader->last = &loader->first;
	loader->filters = NULL;
	loader->last_filter = &loader->filters;
	return rc;
}
