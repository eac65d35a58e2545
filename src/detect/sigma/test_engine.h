/* The real engine behind one call, for tests: rules in, does an event fire them? */
#ifndef MERLON_DETECT_SIGMA_TEST_ENGINE_H
#define MERLON_DETECT_SIGMA_TEST_ENGINE_H
#include "detect/sigma/sigma.h"
#include "event/ecs.h"

struct engine {
	struct fields *fields;
	struct ruleset *set;
	struct batch *batch;
	struct view *view;
	struct matcher *matcher;

	uint32_t ok, refused, skipped;
	struct str reason;	 /* of the last refused or skipped document */
	struct str id;		 /* of the last document */
	const struct str *notes; /* of the last document */
	uint32_t note_count;
	bool print; /* refusals to stderr */
};

void engine_begin(struct engine *engine);
/* Loads text as one file. */
void engine_text(struct engine *engine, const struct sigma_options *options, struct str text);
void engine_paths(struct engine *engine, const struct sigma_options *options,
	const char *const *paths, uint32_t count);
/* No more rules. */
void engine_compile(struct engine *engine);
void engine_end(struct engine *engine);

/* The rules that fire on a JSON document; borrowed until the next call. */
uint32_t engine_run(struct engine *engine, struct str json, const struct rule *const **ret);
/* Does rule number `rule` fire? */
bool engine_fires(struct engine *engine, struct str json, uint32_t rule);
#endif
