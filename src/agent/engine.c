#include "agent/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "detect/rule/cache.h"
#include "os/self.h"

/* Kept of the batches that are done with: live, memory matters more than a page fault. */
#define IDLE_BYTES_LIVE ((size_t)3 * 1024 * 1024)
#define IDLE_BYTES	((size_t)16 * 1024 * 1024)

struct counting {
	struct engine *engine;
	const struct engine_options *options;
};

static void count_rule(void *context, const struct rule_result *result)
{
	struct counting *counting = context;

	if (result->status == RULE_OK)
		counting->engine->loaded++;
	else if (result->status == RULE_REFUSED)
		counting->engine->refused++;
	else
		counting->engine->skipped++;
	if (counting->options->report != NULL)
		counting->options->report(counting->options->report_context, result);
}

bool engine_cache_dir(char *path, size_t size)
{
	const char *own = getenv("MERLON_CACHE"), *caches = getenv("XDG_CACHE_HOME"),
		   *home = getenv("HOME");
	int len;

	if (own != NULL)
		len = snprintf(path, size, "%s", own);
	else if (caches != NULL && caches[0] == '/')
		len = snprintf(path, size, "%s/merlon", caches);
	else if (home != NULL && home[0] == '/')
		len = snprintf(path, size, "%s/.cache/merlon", home);
	else
		len = snprintf(path, size, "/var/cache/merlon");
	return len > 0 && (size_t)len < size;
}

/* Without a cache it only takes longer. */
static int compile(struct engine *engine, bool keep, struct err *err)
{
	struct rule_cache *cache = NULL;
	char path[4096];

	if (keep && engine_cache_dir(path, sizeof(path)) &&
		rule_cache_open(path, &cache, NULL) == 0)
		ruleset_use_cache(engine->rules, cache);
	int rc = ruleset_compile(engine->rules, err);
	ruleset_use_cache(engine->rules, NULL);
	rule_cache_close(cache);
	return rc;
}

static int load(struct engine *engine, const struct engine_options *options, struct err *err)
{
	struct counting counting = {engine, options};
	struct rule_file_options files = {.sigma = options->sigma, .eql = options->eql};
	int rc = fields_create(&engine->fields, err);

	if (rc == 0)
		rc = ruleset_create(engine->fields, &engine->rules, err);
	if (rc == 0 && options->rule_path_count > 0)
		rc = rule_files_load(engine->rules, &files, options->rule_paths,
			(uint32_t)options->rule_path_count, count_rule, &counting, err);
	if (rc == 0 && options->add != NULL)
		rc = options->add(options->add_context, engine->rules, err);
	if (rc != 0)
		return rc;
	if (options->want != NULL)
		options->want(options->want_context, engine->fields);
	if (options->want_all)
		fields_want_all(engine->fields);
	engine->enrich.live = options->live;
	engine->enrich.own_words = !options->enrich;
	enrich_want(engine->fields, &engine->enrich);
	rc = fields_freeze(engine->fields, err);
	if (rc == 0)
		rc = compile(engine, options->cache, err);
	if (rc == 0)
		rc = matcher_create(engine->rules, &engine->matcher, err);
	if (rc != 0)
		return rc;
	if (view_create(engine->fields, &engine->view) != 0 ||
		pool_create(engine->fields, options->live ? IDLE_BYTES_LIVE : IDLE_BYTES,
			&engine->pool) != 0)
		return err_set(err, -ENOMEM, "engine: out of memory");
	return 0;
}

int engine_create(const struct engine_options *options, struct engine **ret, struct err *err)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (engine == NULL)
		return err_set(err, -ENOMEM, "engine: out of memory");
	int rc = load(engine, options, err);
	if (rc != 0) {
		engine_destroy(engine);
		return rc;
	}
	*ret = engine;
	return 0;
}

void engine_destroy(struct engine *engine)
{
	if (engine == NULL)
		return;
	pool_destroy(engine->pool);
	view_destroy(engine->view);
	matcher_destroy(engine->matcher);
	ruleset_destroy(engine->rules);
	fields_destroy(engine->fields);
	free(engine);
}

int engine_shipped_rules(char *path, size_t size, struct err *err)
{
	char self[4096];

	if (os_self_path(self, sizeof(self)) == 0) {
		char *slash = strrchr(self, '/');
		if (slash != NULL)
			*slash = '\0';
		int len = snprintf(path, size, "%s/../rules", self);
		if (len > 0 && (size_t)len < size && access(path, R_OK) == 0)
			return 0;
	}
	int len = snprintf(path, size, "%s", MERLON_RULES_DIR);
	if (len > 0 && (size_t)len < size && access(path, R_OK) == 0)
		return 0;
	return err_set(err, -ENOENT,
		"the shipped rules are not at %s; give rules with --rules DIR, or --no-rules",
		MERLON_RULES_DIR);
}
