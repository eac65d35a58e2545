/* hunt: what rules say of documents, without enrichment and without incidents. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "event/ecs.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/terminal.h"

struct match {
	uint64_t index, file_index;
	uint32_t source;
	uint32_t rule, rank;	  /* number in the set, place in the order of ids */
	size_t id_offset, id_len; /* in hunt.ids */
};

struct hunt {
	const struct args *args;
	const struct inputs *inputs;
	struct engine *engine;
	struct match *matches;
	size_t count, capacity;
	bool failed;	   /* out of memory */
	uint32_t *ranks;   /* by rule number */
	field_id id_field; /* --id-field, else FIELD_none */
	struct buf ids;	   /* its JSON, of each match */
};

static int grow(struct hunt *hunt)
{
	size_t more = hunt->capacity == 0 ? 1024 : hunt->capacity * 2;
	struct match *grown = realloc(hunt->matches, more * sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	hunt->matches = grown;
	hunt->capacity = more;
	return 0;
}

static void on_match(
	void *context, const struct view *view, const struct rule *const *rules, uint32_t count)
{
	struct hunt *hunt = context;
	struct json_writer w = {.buf = &hunt->ids};

	for (uint32_t i = 0; i < count; i++) {
		if (hunt->count == hunt->capacity && grow(hunt) != 0) {
			hunt->failed = true;
			return;
		}
		struct match *m = &hunt->matches[hunt->count++];
		*m = (struct match){view->event->index, view->event->file_index,
			view->event->source, rules[i]->number, hunt->ranks[rules[i]->number],
			hunt->ids.len, 0};
		if (hunt->id_field != FIELD_none) {
			w.need_comma = false;
			value_write_json(&w, view_get(view, hunt->id_field));
			m->id_len = hunt->ids.len - m->id_offset;
		}
	}
}

static int by_index_then_rule(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static int by_id(const void *a, const void *b)
{
	const struct rule *x = *(const struct rule *const *)a, *y = *(const struct rule *const *)b;
	size_t len = x->id.len < y->id.len ? x->id.len : y->id.len;
	int order = memcmp(x->id.ptr, y->id.ptr, len);

	if (order != 0)
		return order;
	if (x->id.len != y->id.len)
		return x->id.len < y->id.len ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static int rank_rules(struct hunt *hunt, struct err *err)
{
	uint32_t count = ruleset_count(hunt->engine->rules);
	const struct rule **sorted = malloc((count + 1) * sizeof(struct rule *));

	hunt->ranks = malloc((count + 1) * sizeof(*hunt->ranks));
	if (sorted == NULL || hunt->ranks == NULL) {
		free(sorted);
		return err_set(err, -ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = ruleset_rule(hunt->engine->rules, i);
	qsort(sorted, count, sizeof(struct rule *), by_id);
	for (uint32_t i = 0; i < count; i++)
		hunt->ranks[sorted[i]->number] = i;
	free(sorted);
	return 0;
}

static void print_match(const struct hunt *hunt, const struct match *m, struct buf *line)
{
	const struct rule *rule = ruleset_rule(hunt->engine->rules, m->rule);
	struct json_writer w = {.buf = line};

	if (!args_has(hunt->args, "json")) {
		terminal_text(stdout, str_of(hunt->inputs->names[m->source]));
		(void)printf(":%llu: ", (unsigned long long)m->file_index);
		terminal_text(stdout, rule->title.len > 0 ? rule->title : rule->id);
		(void)printf(" [%s]\n", severity_word(rule->severity));
		return;
	}
	buf_clear(line);
	json_object_begin(&w);
	json_member_str(&w, "rule", rule->id);
	json_member_str(&w, "file", rule->file);
	json_key(&w, STR("index"));
	if (hunt->id_field != FIELD_none)
		json_put_raw(&w, str_n(hunt->ids.ptr + m->id_offset, m->id_len));
	else
		json_put_u64(&w, m->index);
	json_object_end(&w);
	buf_char(line, '\n');
	(void)fwrite(line->ptr, 1, line->len, stdout);
}

static int print_matches(struct hunt *hunt, struct err *err)
{
	struct buf line = {0};

	if (hunt->failed || hunt->ids.failed)
		return err_set(err, -ENOMEM, "out of memory after %zu matches", hunt->count);
	if (hunt->count > 0)
		qsort(hunt->matches, hunt->count, sizeof(*hunt->matches), by_index_then_rule);
	for (size_t i = 0; i < hunt->count; i++)
		print_match(hunt, &hunt->matches[i], &line);
	buf_destroy(&line);
	if (fflush(stdout) != 0)
		return err_set(err, -errno, "cannot write the matches: %s", strerror(errno));
	return 0;
}

static void print_stats(const struct hunt *hunt, const struct sensor_stats *records, uint64_t ns)
{
	struct matcher_stats m;
	double seconds = (double)ns / 1e9;

	matcher_stats(hunt->engine->matcher, &m);
	(void)fprintf(stderr,
		"%llu records (%llu broken), %llu bytes in %.3f s: %.0f records/s, %.1f MB/s\n"
		"rules %u, matches %llu, candidates an event %.3f, predicates an event %.3f, "
		"index scans an event %.3f\n",
		(unsigned long long)records->records, (unsigned long long)records->skipped,
		(unsigned long long)records->bytes, seconds, (double)records->records / seconds,
		(double)records->bytes / seconds / 1e6, ruleset_count(hunt->engine->rules),
		(unsigned long long)m.matches,
		(double)m.candidates / (double)(m.events + !m.events),
		(double)m.atoms / (double)(m.events + !m.events),
		(double)m.scans / (double)(m.events + !m.events));
}

static int hunt_with(struct hunt *hunt, struct err *err)
{
	const struct args *args = hunt->args;
	struct pipeline_options options = {.context = hunt, .on_match = on_match};
	struct pipeline *pipeline = NULL;
	struct sensor_stats stats = {0};
	const char *format = args_value(args, "format");
	uint64_t begin = clock_monotonic_ns();
	int rc = pipeline_create(hunt->engine, &options, &pipeline, err);

	if (rc == 0)
		rc = inputs_run(hunt->inputs, format == NULL ? "auto" : format,
			args_has(args, "quiet"), pipeline, &stats, err);
	if (rc == 0)
		rc = print_matches(hunt, err);
	if (rc == 0 && args_has(args, "stats"))
		print_stats(hunt, &stats, clock_monotonic_ns() - begin);
	pipeline_destroy(pipeline);
	return rc;
}

static void want_id_field(void *context, struct fields *fields)
{
	struct hunt *hunt = context;
	const char *name = args_value(hunt->args, "id-field");

	if (name != NULL && fields_intern(fields, str_of(name), &hunt->id_field, NULL) == 0)
		fields_want(fields, hunt->id_field);
}

static int make_engine(struct hunt *hunt, struct arena *arena, bool *quiet, struct err *err)
{
	const struct args *args = hunt->args;
	struct engine_options options = {.report = inputs_report_rule,
		.report_context = quiet,
		.want = want_id_field,
		.want_context = hunt};
	const char *taxonomy = args_value(args, "taxonomy");
	int rc = inputs_rules(
		args, false, arena, &options.rule_paths, &options.rule_path_count, err);

	if (rc != 0)
		return rc;
	const char *single = args_value(args, "sigma");
	if (single != NULL) {
		const char **paths = arena_alloc(
			arena, sizeof(char *) * (options.rule_path_count + 1));
		if (paths == NULL)
			return err_set(err, -ENOMEM, "out of memory");
		if (options.rule_path_count > 0)
			memcpy(paths, options.rule_paths, options.rule_path_count * sizeof(char *));
		paths[options.rule_path_count++] = single;
		options.rule_paths = paths;
	}
	if (options.rule_path_count == 0)
		return err_set(err, -EINVAL, "give rules with --rules or --sigma");
	options.sigma.taxonomy = SIGMA_TAXONOMY_SIGMA;
	if (taxonomy != NULL)
		(void)sigma_taxonomy_parse(str_of(taxonomy), &options.sigma.taxonomy);
	rc = engine_create(&options, &hunt->engine, err);
	return rc == 0 ? rank_rules(hunt, err) : rc;
}

static int run_hunt(const struct args *args)
{
	struct err err = {0};
	struct arena arena;
	struct inputs inputs = {0};
	bool quiet = args_has(args, "quiet");
	struct hunt hunt = {.args = args, .inputs = &inputs};

	arena_init(&arena, 0);
	int rc = make_engine(&hunt, &arena, &quiet, &err);
	if (rc == -EINVAL) {
		arena_destroy(&arena);
		return args_wrong(args, "%s", err.text);
	}
	if (rc == 0)
		rc = inputs_collect(args, 0, &inputs, &err);
	if (rc == 0) {
		rc = hunt_with(&hunt, &err);
		inputs_destroy(&inputs);
	}
	if (rc != 0)
		(void)fprintf(stderr, "merlon hunt: %s\n", err.text);
	free(hunt.matches);
	free(hunt.ranks);
	buf_destroy(&hunt.ids);
	engine_destroy(hunt.engine);
	arena_destroy(&arena);
	return rc == 0 ? STATUS_OK : STATUS_FAILURE;
}

static const char *const taxonomies[] = {"ecs", "sigma", "raw", NULL};

static const struct option options[] = {
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_RULES,
	{.name = "sigma", .type = OPTION_PATH, .argument = "FILE", .doc = "One Sigma file."},
	{.name = "taxonomy",
		.type = OPTION_CHOICE,
		.argument = "NAMES",
		.choices = taxonomies,
		.doc = "How rule fields and logsources map to documents. ecs: documents have ECS "
		       "names. "
		       "sigma (default): they may also have Sigma's. raw: names as the rule writes "
		       "them, "
		       "logsource ignored."},
	OPTION_FORMAT,
	{.name = "id-field",
		.type = OPTION_TEXT,
		.argument = "NAME",
		.doc = "Print this field's value in place of the record's number."},
	{.name = "stats", .doc = "Say on stderr how fast it went and what the stages did."},
	OPTION_END,
};

const struct command cmd_hunt = {
	.name = "hunt",
	.operands = "FILE…|-",
	.operands_min = 1,
	.operands_max = OPERANDS_MANY,
	.summary = "Search recordings with rules, as they are",
	.doc = "Prints the raw matches of rules on any JSON documents, or on any recording, "
	       "without "
	       "enrichment and without making incidents.\n\n"
	       "With --json a match is {\"rule\":ID,\"file\":FILE,\"index\":N}; the index counts "
	       "record "
	       "starts over all inputs from 0, broken ones included. Matches are in the order of "
	       "the "
	       "records, then of the rule ids.",
	.options = options,
	.run = run_hunt,
};
