/* hunt: what rules say of documents, without enrichment and without incidents. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/err.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/matches.h"
#include "detect/eql/lower.h"
#include "event/ecs.h"

struct hunt {
	const struct args *args;
	const struct inputs *inputs;
	struct engine *engine;
	struct matches *matches;
	struct eql_options eql;
	field_id id_field, count_field, percent_field, tiebreaker;
	struct ecs_options documents;
};

static void on_match(
	void *context, const struct view *view, const struct rule *const *rules, uint32_t count)
{
	struct hunt *hunt = context;

	matches_add_rules(hunt->matches, view, rules, count);
}

static void on_plans(
	void *context, const struct view *view, const struct cep_match *matches, uint32_t count)
{
	struct hunt *hunt = context;

	(void)view;
	matches_add_plans(hunt->matches, matches, count);
}

static void print_stats(const struct matcher_stats *m, const struct hunt *hunt,
	const struct sensor_stats *records, uint64_t ns)
{
	double seconds = (double)ns / 1e9, events = (double)(m->events + !m->events);

	(void)fprintf(stderr,
		"%llu records (%llu broken), %llu bytes in %.3f s: %.0f records/s, %.1f MB/s\n"
		"rules %u, matches %llu, candidates an event %.3f, predicates an event %.3f, "
		"index scans an event %.3f\n",
		(unsigned long long)records->records, (unsigned long long)records->skipped,
		(unsigned long long)records->bytes, seconds, (double)records->records / seconds,
		(double)records->bytes / seconds / 1e6, ruleset_count(hunt->engine->rules),
		(unsigned long long)m->matches, (double)m->candidates / events,
		(double)m->atoms / events, (double)m->scans / events);
}

/* ---- running ---- */

/* One pass over the inputs. In the order of the input -ERANGE says that it is not that of time. */
static int run_pass(
	struct hunt *hunt, bool sort, uint64_t *told, struct sensor_stats *stats, struct err *err)
{
	const struct inputs_options inputs = {.format = args_value(hunt->args, "format"),
		.quiet = args_has(hunt->args, "quiet"),
		.documents = &hunt->documents,
		.told = told,
		.threads = (unsigned)args_number(hunt->args, "threads", 2),
		.batch_events = (uint32_t)args_number(hunt->args, "batch", 0)};
	struct pipeline_options options = {.context = hunt,
		.on_match = on_match,
		.on_plans = on_plans,
		.captures = &hunt->id_field,
		.capture_count = hunt->id_field != FIELD_none,
		.sort_all = sort,
		.tiebreaker = hunt->tiebreaker,
		.whole = true,
		.in_order = !sort && ruleset_has_plans(hunt->engine->rules)};
	struct pipeline *pipeline = NULL;
	int rc = pipeline_create(hunt->engine, &options, &pipeline, err);

	if (rc == 0)
		rc = inputs_run(hunt->inputs, &inputs, pipeline, stats, err);
	pipeline_destroy(pipeline);
	return rc;
}

static bool reads_stdin(const struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->count; i++)
		if (strcmp(inputs->names[i], "-") == 0)
			return true;
	return false;
}

/* Rules over several events want them in the order of time. Most recordings are, so sorting is only
 * begun when one shows not to be; standard input cannot be read twice. */
static int hunt_all(struct hunt *hunt, struct err *err)
{
	struct sensor_stats stats = {0};
	struct matcher_stats match, before = {0};
	uint64_t begin = clock_monotonic_ns(), told = 0;
	bool over_several = ruleset_has_plans(hunt->engine->rules);
	bool sort = over_several && (hunt->tiebreaker != FIELD_none || reads_stdin(hunt->inputs));
	int rc = run_pass(hunt, sort, &told, &stats, err);

	if (rc == -ERANGE && !sort && over_several) {
		matches_clear(hunt->matches);
		matcher_stats(hunt->engine->matcher, &before);
		stats = (struct sensor_stats){0};
		rc = run_pass(hunt, true, &told, &stats, err);
	}
	if (rc == 0)
		rc = matches_print(hunt->matches, err);
	if (rc == 0 && args_has(hunt->args, "stats")) {
		matcher_stats(hunt->engine->matcher, &match);
		match.events -= before.events;
		match.matches -= before.matches;
		match.candidates -= before.candidates;
		match.atoms -= before.atoms;
		match.scans -= before.scans;
		print_stats(&match, hunt, &stats, clock_monotonic_ns() - begin);
	}
	return rc;
}

/* ---- rules ---- */

static int want_field(struct fields *fields, const char *name, field_id *ret)
{
	if (name == NULL)
		return 0;
	int rc = fields_intern(fields, str_of(name), ret, NULL);
	if (rc == 0)
		fields_want(fields, *ret);
	return rc;
}

static void want_fields(void *context, struct fields *fields)
{
	struct hunt *hunt = context;
	const char *time = args_value(hunt->args, "time-field");
	const char *category = args_value(hunt->args, "category-field");
	struct ecs_options *documents = &hunt->documents;

	/* A field that finds no room is one that no document has. */
	(void)want_field(fields, args_value(hunt->args, "id-field"), &hunt->id_field);
	(void)want_field(fields, args_value(hunt->args, "tiebreaker-field"), &hunt->tiebreaker);
	(void)want_field(fields, time, &documents->time_field);
	if (time == NULL)
		(void)want_field(fields, "timestamp", &documents->other_time_field);
	(void)want_field(fields, category == NULL ? "event_type" : category,
		&documents->other_category_field);
	(void)fields_intern(fields, STR("count"), &hunt->count_field, NULL);
	(void)fields_intern(fields, STR("percent"), &hunt->percent_field, NULL);
}

static struct eql_document_options document_options(const struct args *args)
{
	const char *category = args_value(args, "category-field");

	return (struct eql_document_options){
		.category_field = category == NULL ? (struct str){0} : str_of(category),
		.other_category_field = category == NULL ? STR("event_type") : (struct str){0}};
}

static int add_queries(void *context, struct ruleset *set, struct err *err)
{
	struct hunt *hunt = context;
	const struct eql_document_options document = document_options(hunt->args);
	int rc = 0;

	for (unsigned i = 0; i < args_value_count(hunt->args, "eql") && rc == 0; i++) {
		struct rule meta = {
			.id = STR("query"), .language = STR("eql"), .severity = SEVERITY_MEDIUM};
		rc = eql_add_query(set, str_of(args_value_at(hunt->args, "eql", i)), &hunt->eql,
			&document, &meta, err);
	}
	return rc;
}

static void set_dialect(struct hunt *hunt)
{
	const char *word = args_value(hunt->args, "dialect");
	enum eql_dialect dialect = EQL_DIALECT_ENDPOINT;

	if (word != NULL)
		(void)eql_dialect_parse(str_of(word), &dialect);
	hunt->eql = eql_options_of(dialect);
	if (args_has(hunt->args, "case-sensitive"))
		hunt->eql.caseless = false;
	if (args_has(hunt->args, "case-insensitive"))
		hunt->eql.caseless = true;
}

static void set_time_unit(struct hunt *hunt)
{
	static const struct {
		const char *word;
		uint64_t ns;
	} units[] = {{"s", NS_PER_S}, {"ms", NS_PER_MS}, {"us", 1000}, {"ns", 1}};
	const char *word = args_value(hunt->args, "time-unit");

	for (size_t i = 0; word != NULL && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(word, units[i].word) == 0)
			hunt->documents.time_unit_ns = units[i].ns;
	if (word == NULL && eql_has(hunt->eql.dialect, EQL_MILLISECONDS))
		hunt->documents.time_unit_ns = NS_PER_MS;
	hunt->documents.time_is_filetime = word != NULL && strcmp(word, "filetime") == 0;
}

/* --rules and --sigma. */
static int collect_paths(const struct args *args, struct arena *arena,
	struct engine_options *options, struct err *err)
{
	const char *single = args_value(args, "sigma");
	int rc = inputs_rules(
		args, false, arena, &options->rule_paths, &options->rule_path_count, err);

	if (rc != 0 || single == NULL)
		return rc;
	const char **paths = arena_alloc(arena, sizeof(char *) * (options->rule_path_count + 1));
	if (paths == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	if (options->rule_path_count > 0)
		memcpy(paths, options->rule_paths, options->rule_path_count * sizeof(char *));
	paths[options->rule_path_count++] = single;
	options->rule_paths = paths;
	return 0;
}

static int make_engine(struct hunt *hunt, struct arena *arena, bool *quiet, struct err *err)
{
	const struct args *args = hunt->args;
	struct engine_options options = {.cache = true,
		.eql = {.document = document_options(args)},
		.report = inputs_report_rule,
		.report_context = quiet,
		.add = add_queries,
		.add_context = hunt,
		.want = want_fields,
		.want_context = hunt};
	const char *taxonomy = args_value(args, "taxonomy");
	int rc = collect_paths(args, arena, &options, err);

	if (rc != 0)
		return rc;
	if (options.rule_path_count == 0 && !args_has(args, "eql"))
		return err_set(
			err, -EINVAL, "give a query with --eql, or rules with --rules or --sigma");
	options.sigma.taxonomy = SIGMA_TAXONOMY_SIGMA;
	if (taxonomy != NULL)
		(void)sigma_taxonomy_parse(str_of(taxonomy), &options.sigma.taxonomy);
	rc = engine_create(&options, &hunt->engine, err);
	if (rc != 0)
		return rc == -EINVAL ? -EBADMSG : rc; /* the query's fault, not the options' */
	const struct matches_options matches = {.engine = hunt->engine,
		.inputs = hunt->inputs,
		.id_field = hunt->id_field,
		.count_field = hunt->count_field,
		.percent_field = hunt->percent_field,
		.json = args_has(args, "json")};
	return matches_create(&matches, &hunt->matches, err);
}

static int run_hunt(const struct args *args)
{
	struct err err = {0};
	struct arena arena;
	struct inputs inputs = {0};
	bool quiet = args_has(args, "quiet");
	struct hunt hunt = {.args = args,
		.inputs = &inputs,
		.documents = {
			.time_field = FIELD_timestamp, .category_field = FIELD_event_category}};

	if (args_has(args, "case-sensitive") && args_has(args, "case-insensitive"))
		return args_wrong(
			args, "--case-sensitive and --case-insensitive exclude each other");
	if (args_number(args, "threads", 2) - 1 > 1 || args_number(args, "batch", 1) - 1 > 1 << 20)
		return args_wrong(args, "--threads is 1 or 2, --batch from 1 to a million");
	arena_init(&arena, 0);
	set_dialect(&hunt);
	set_time_unit(&hunt);
	int rc = make_engine(&hunt, &arena, &quiet, &err);
	bool usage = rc == -EINVAL;
	if (rc == 0)
		rc = inputs_collect(args, 0, &inputs, &err);
	if (rc == 0) {
		rc = hunt_all(&hunt, &err);
		inputs_destroy(&inputs);
	}
	if (rc != 0 && !usage)
		(void)fprintf(stderr, "merlon hunt: %s\n", err.text);
	matches_destroy(hunt.matches);
	engine_destroy(hunt.engine);
	arena_destroy(&arena);
	if (usage)
		return args_wrong(args, "%s", err.text);
	return rc == 0 ? STATUS_OK : STATUS_FAILURE;
}

static const char *const taxonomies[] = {"ecs", "sigma", "raw", NULL};

static const char *const dialects[] = {"endpoint", "elasticsearch", "endgame", NULL};
static const char *const time_units[] = {"s", "ms", "us", "ns", "filetime", NULL};

static const struct option options[] = {
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_RULES,
	{.name = "sigma", .type = OPTION_PATH, .argument = "FILE", .doc = "One Sigma file."},
	{.name = "eql",
		.type = OPTION_TEXT,
		.repeatable = true,
		.argument = "QUERY",
		.doc = "An EQL query. Its matches have the rule id query."},
	{.name = "dialect",
		.type = OPTION_CHOICE,
		.argument = "DIALECT",
		.choices = dialects,
		.doc = "The dialect of --eql: endpoint (default), elasticsearch or endgame. Rule "
		       "files say "
		       "by their form which they are written in."},
	{.name = "case-sensitive",
		.doc = "Where the dialect leaves it open, --eql compares text with case; the "
		       "default but "
		       "for endgame."},
	{.name = "case-insensitive",
		.doc = "Where the dialect leaves it open, --eql compares text without case."},
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
	{.name = "time-field",
		.type = OPTION_TEXT,
		.argument = "NAME",
		.doc = "The documents' time; by default @timestamp, else timestamp."},
	{.name = "time-unit",
		.type = OPTION_CHOICE,
		.argument = "UNIT",
		.choices = time_units,
		.doc = "What a number there counts: s, ms, us or ns since 1970, or filetime (100 "
		       "ns since "
		       "1601); by default its size tells; milliseconds with "
		       "--dialect elasticsearch."},
	{.name = "category-field",
		.type = OPTION_TEXT,
		.argument = "NAME",
		.doc = "What the category of an EQL query is compared with; by default "
		       "event.category, "
		       "else event_type."},
	{.name = "tiebreaker-field",
		.type = OPTION_TEXT,
		.argument = "NAME",
		.doc = "Orders events of the same time; by default they keep the order of the "
		       "input."},
	{.name = "id-field",
		.type = OPTION_TEXT,
		.argument = "NAME",
		.doc = "Print this field's value in place of the record's number."},
	{.name = "threads",
		.type = OPTION_NUMBER,
		.argument = "N",
		.doc = "2 (default): one thread reads ahead while one matches. 1: one does both. "
		       "The "
		       "matches are the same."},
	{.name = "batch",
		.type = OPTION_NUMBER,
		.argument = "N",
		.doc = "Records read at once, about; by default 256. The matches are the same."},
	{.name = "stats", .doc = "Say on stderr how fast it went and what the stages did."},
	OPTION_END,
};

const struct command cmd_hunt = {
	.name = "hunt",
	.operands = "FILE…|-",
	.operands_min = 1,
	.operands_max = OPERANDS_MANY,
	.summary = "Search recordings with rules, as they are",
	.doc = "Prints the raw matches of rules and queries on any JSON documents, or on any "
	       "recording, without enrichment and without making incidents.\n\n"
	       "With --json a match of one event is {\"rule\":ID,\"file\":FILE,\"index\":N}; the "
	       "index counts record starts over all inputs from 0, broken ones included. A match "
	       "of "
	       "several is {\"rule\":ID,\"file\":FILE,\"indexes\":[N,…],\"keys\":[…]}, in the "
	       "order "
	       "of the rule's steps, null for a step that wanted no event. Matches are in the "
	       "order "
	       "of their last event, then their first, then the rule ids; a query with pipes "
	       "prints "
	       "what its last pipe lets through, in that order.\n\n"
	       "Rules over several events see the events in the order of their time.",
	.options = options,
	.run = run_hunt,
};
