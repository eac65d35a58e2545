#include "detect/sigma/test_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/rule_files.h"

static void must(int rc, const struct err *err, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, err->text);
	abort();
}

static void report(void *context, const struct rule_result *result)
{
	struct engine *engine = context;

	engine->ok += result->status == RULE_OK;
	engine->refused += result->status == RULE_REFUSED;
	engine->skipped += result->status == RULE_SKIPPED;
	engine->id = result->id;
	engine->notes = result->notes;
	engine->note_count = result->note_count;
	if (result->status != RULE_OK)
		engine->reason = result->reason;
	if (engine->print && result->status == RULE_REFUSED)
		fprintf(stderr, "%.*s document %u: %.*s\n", STR_ARG(result->file), result->document,
			STR_ARG(result->reason));
}

void engine_begin(struct engine *engine)
{
	struct err err = {0};

	*engine = (struct engine){0};
	must(fields_create(&engine->fields, &err), &err, "fields");
	must(ruleset_create(engine->fields, &engine->set, &err), &err, "rule set");
}

void engine_text(struct engine *engine, const struct sigma_options *options, struct str text)
{
	struct rule_results results = {0};
	struct sigma_loader *loader;
	struct err err = {0};

	must(sigma_create(engine->set, options, &results, &loader, &err), &err, "loader");
	must(sigma_load_text(loader, text, "test.yml", &err), &err, "load");
	must(sigma_finish(loader, &err), &err, "finish");
	rule_results_report(&results, report, engine);
	sigma_destroy(loader);
}

void engine_paths(struct engine *engine, const struct sigma_options *options,
	const char *const *paths, uint32_t count)
{
	struct rule_file_options files = {.sigma = *options};
	struct err err = {0};

	must(rule_files_load(engine->set, &files, paths, count, report, engine, &err), &err,
		"load");
}

void engine_compile(struct engine *engine)
{
	struct err err = {0};

	must(fields_freeze(engine->fields, &err), &err, "freeze");
	must(ruleset_compile(engine->set, &err), &err, "compile");
	must(batch_create(engine->fields, &engine->batch), &err, "batch");
	must(view_create(engine->fields, &engine->view), &err, "view");
	must(matcher_create(engine->set, &engine->matcher, &err), &err, "matcher");
}

void engine_end(struct engine *engine)
{
	matcher_destroy(engine->matcher);
	view_destroy(engine->view);
	batch_destroy(engine->batch);
	ruleset_destroy(engine->set);
	fields_destroy(engine->fields);
}

uint32_t engine_run(struct engine *engine, struct str json, const struct rule *const **ret)
{
	struct event *event = NULL;
	struct err err = {0};
	size_t offset = 0;

	batch_clear(engine->batch);
	if (ecs_decode(engine->batch, json, NULL, &event, &offset, &err) != 0) {
		fprintf(stderr, "%.*s\n", STR_ARG(json));
		must(-1, &err, "event");
	}
	event->raw = json; /* as replay and hunt do */
	view_load(engine->view, event);
	return matcher_run(engine->matcher, engine->view, KIND_none, ret);
}

bool engine_fires(struct engine *engine, struct str json, uint32_t rule)
{
	const struct rule *const *rules;
	uint32_t count = engine_run(engine, json, &rules);

	for (uint32_t i = 0; i < count; i++)
		if (rules[i]->number == rule)
			return true;
	return false;
}
