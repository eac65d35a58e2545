/* Loaded rules and what is needed to run them on events: fields, rule set, matcher, view. The part
 * of the pipeline that is made anew when rules are read again. */
#ifndef MERLON_AGENT_ENGINE_H
#define MERLON_AGENT_ENGINE_H
#include <stdbool.h>
#include <stdint.h>
#include "agent/pool.h"
#include "detect/rule/rule.h"
#include "detect/rule_files.h"
#include "detect/sigma/sigma.h"
#include "enrich/enrich.h"
#include "event/view.h"
struct err;

struct engine_options {
	const char *const *rule_paths;
	size_t rule_path_count; /* 0: no rules */
	struct sigma_options sigma;
	struct eql_file_options eql;
	bool want_all; /* keep whole events */
	bool enrich;   /* with a process graph; else events only say what they are themselves */
	bool live;     /* see enrich_options */
	bool cache;    /* keep compiled parts of the rules on disk, see engine_cache_dir() */
	/* Adds rules that stand in no file; reports nothing. May be NULL. */
	int (*add)(void *context, struct ruleset *set, struct err *err);
	void *add_context;
	/* What other stages want, before the fields are frozen. May be NULL. */
	void (*want)(void *context, struct fields *fields);
	void *want_context;
	rule_result_fn *report; /* each document of the rule files; may be NULL */
	void *report_context;
};

struct engine {
	struct fields *fields;
	struct ruleset *rules;
	struct matcher *matcher;
	struct view *view;
	struct pool *pool;
	struct enrich_options enrich;	   /* for the pipeline */
	uint32_t loaded, refused, skipped; /* documents of the rule files */
};

/* Returns 0 also when rules are refused; a negative errno when a path cannot be read or memory
 * runs out. */
int engine_create(const struct engine_options *options, struct engine **ret, struct err *err);
void engine_destroy(struct engine *engine);

/* Where compiled parts of rules are kept: MERLON_CACHE, else merlon below XDG_CACHE_HOME, else
 * .cache/merlon below HOME, else /var/cache/merlon. False when MERLON_CACHE is set and empty (nothing
 * is kept) or the path is too long. */
bool engine_cache_dir(char *path, size_t size);

/* The rules that come with Merlon: beside the program when it runs from its build tree, else where
 * it was installed. 0 with a path, or -ENOENT. */
int engine_shipped_rules(char *path, size_t size, struct err *err);
#endif
