/* rules check | list | explain | bench; eval is in cmd_rules_eval.c */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/host.h"
#include "cli/inputs.h"
#include "cli/terminal.h"
#include "detect/cep/plan.h"
#include "detect/eql/explain.h"
#include "detect/sigma/explain.h"

struct listing {
	const struct args *args;
	struct buf line;
	uint32_t counts[3]; /* by enum rule_status */
	struct host *host;  /* NULL without --host */
	uint32_t reachable;
};

static void put_texts(
	struct json_writer *w, const char *key, const struct str *texts, uint32_t count)
{
	json_key(w, str_of(key));
	json_array_begin(w);
	for (uint32_t i = 0; i < count; i++)
		json_put_str(w, texts[i]);
	json_array_end(w);
}

static void print_line(struct buf *line)
{
	buf_char(line, '\n');
	(void)fwrite(line->ptr, 1, line->len, stdout);
	buf_clear(line);
}

static void put_host(struct listing *listing, struct json_writer *w, const struct rule_result *r)
{
	struct host_verdict verdict;

	host_judge(listing->host, r->fields, r->rule, &verdict);
	listing->reachable += verdict.reachable;
	json_key(w, STR("host"));
	json_object_begin(w);
	json_member_bool(w, "reachable", verdict.reachable);
	json_member_bool(w, "other_system", verdict.other_system);
	json_key(w, STR("sensors"));
	json_array_begin(w);
	for (unsigned i = 0; i < verdict.sensor_count; i++)
		json_put_str(w, str_of(verdict.sensors[i]));
	json_array_end(w);
	json_key(w, STR("missing"));
	json_array_begin(w);
	for (unsigned i = 0; i < verdict.missing_count; i++)
		json_put_str(w, fields_name(r->fields, verdict.missing[i]));
	json_array_end(w);
	json_object_end(w);
}

static void print_host(struct listing *listing, const struct rule_result *r)
{
	struct host_verdict verdict;

	host_judge(listing->host, r->fields, r->rule, &verdict);
	listing->reachable += verdict.reachable;
	if (verdict.reachable) {
		(void)fputs("    this host can fire it: sensor", stdout);
		for (unsigned i = 0; i < verdict.sensor_count; i++)
			(void)printf(" %s", verdict.sensors[i]);
		(void)fputc('\n', stdout);
		return;
	}
	(void)fputs("    this host cannot fire it: ", stdout);
	if (verdict.other_system)
		(void)fputs("it is for another system", stdout);
	else if (verdict.missing_count == 0)
		(void)fputs("no sensor here sees such events", stdout);
	for (unsigned i = 0; i < verdict.missing_count; i++) {
		(void)fputs(i == 0 ? "nothing here supplies " : ", ", stdout);
		terminal_text(stdout, fields_name(r->fields, verdict.missing[i]));
	}
	(void)fputc('\n', stdout);
}

static void print_checked(void *context, const struct rule_result *r)
{
	struct listing *listing = context;
	struct json_writer w = {.buf = &listing->line};

	listing->counts[r->status]++;
	if (!args_has(listing->args, "json")) {
		bool plain = r->status == RULE_OK && r->note_count == 0 && listing->host == NULL;
		if (plain && args_has(listing->args, "quiet"))
			return;
		terminal_text(stdout, r->file);
		(void)printf(":%u: %s", r->line, rule_status_word(r->status));
		if (r->reason.len > 0)
			(void)fputs(": ", stdout);
		terminal_text(stdout, r->reason);
		(void)fputc('\n', stdout);
		for (uint32_t i = 0; i < r->note_count; i++) {
			(void)fputs("    note: ", stdout);
			terminal_text(stdout, r->notes[i]);
			(void)fputc('\n', stdout);
		}
		if (listing->host != NULL && r->rule != NULL)
			print_host(listing, r);
		return;
	}
	json_object_begin(&w);
	json_member_str(&w, "file", r->file);
	json_member_u64(&w, "document", r->document);
	json_member_str(&w, "id", r->id);
	json_member_str(&w, "language", str_of(r->language));
	json_member_str(&w, "status", str_of(rule_status_word(r->status)));
	json_member_str(&w, "reason", r->reason);
	put_texts(&w, "notes", r->notes, r->note_count);
	if (listing->host != NULL && r->rule != NULL)
		put_host(listing, &w, r);
	json_object_end(&w);
	print_line(&listing->line);
}

static int fail(const struct err *err)
{
	(void)fprintf(stderr, "merlon rules: %s\n", err->text);
	return STATUS_FAILURE;
}

/* An engine with the rules of the operands, or of --rules, or the shipped ones. */
static int load(const struct args *args, const char *const *paths, size_t count,
	rule_result_fn *report, void *context, struct engine **ret, struct err *err)
{
	struct engine_options options = {.cache = true,
		.rule_paths = paths,
		.rule_path_count = count,
		.report = report,
		.report_context = context};

	return engine_create(&options, ret, err);
}

static int run_check(const struct args *args)
{
	struct listing listing = {.args = args};
	struct engine *engine = NULL;
	struct err err = {0};
	unsigned count;
	const char *const *paths = args_operands(args, &count);
	int rc = args_has(args, "host") ? host_look(&listing.host, &err) : 0;

	if (rc == 0)
		rc = load(args, paths, count, print_checked, &listing, &engine, &err);
	if (rc == 0 && !args_has(args, "json") && !args_has(args, "quiet"))
		(void)printf("%u ok, %u refused, %u skipped\n", listing.counts[RULE_OK],
			listing.counts[RULE_REFUSED], listing.counts[RULE_SKIPPED]);
	if (rc == 0 && !args_has(args, "json") && listing.host != NULL)
		(void)printf("this host can fire %u of %u\n", listing.reachable,
			listing.counts[RULE_OK]);
	buf_destroy(&listing.line);
	host_forget(listing.host);
	engine_destroy(engine);
	if (rc != 0)
		return fail(&err);
	return listing.counts[RULE_REFUSED] > 0 ? STATUS_FAILURE : STATUS_OK;
}

static void print_rule(const struct rule *rule, bool json, struct buf *line)
{
	struct json_writer w = {.buf = line};

	if (json) {
		json_object_begin(&w);
		json_member_str(&w, "id", rule->id);
		json_member_str(&w, "title", rule->title);
		json_member_str(&w, "severity", str_of(severity_word(rule->severity)));
		put_texts(&w, "techniques", rule->techniques, rule->technique_count);
		put_texts(&w, "tactics", rule->tactics, rule->tactic_count);
		json_member_str(&w, "language", rule->language);
		json_member_str(&w, "file", rule->file);
		json_member_u64(&w, "document", rule->document);
		json_member_bool(&w, "alerts", rule->role != RULE_STEP);
		json_object_end(&w);
		print_line(line);
		return;
	}
	(void)printf("%-13s ", severity_word(rule->severity));
	struct str first = rule->technique_count > 0 ? rule->techniques[0] : STR("-");
	(void)printf("%-10.*s ", STR_ARG(first));
	terminal_text(stdout, rule->title.len > 0 ? rule->title : rule->id);
	(void)fputs("  ", stdout);
	terminal_text(stdout, rule->id);
	(void)fputs(rule->role == RULE_STEP ? "  (part of a rule over several events)\n" : "\n",
		stdout);
}

static int load_for_reading(const struct args *args, struct arena *arena, bool operands_are_paths,
	struct engine **ret, struct err *err)
{
	const char *const *paths;
	size_t count;
	unsigned operand_count;
	const char *const *operands = args_operands(args, &operand_count);
	bool quiet = args_has(args, "quiet");
	int rc = 0;

	if (operands_are_paths && operand_count > 0) {
		paths = operands;
		count = operand_count;
	} else {
		rc = inputs_rules(args, true, arena, &paths, &count, err);
	}
	return rc != 0 ? rc : load(args, paths, count, inputs_report_rule, &quiet, ret, err);
}

/* Steps of EQL are parts of a rule, those of Sigma are rules of their own that others refer to. */
static bool is_listed(const struct rule *rule)
{
	return rule->role != RULE_STEP || !str_is(rule->language, "eql");
}

static int run_list(const struct args *args)
{
	struct engine *engine = NULL;
	struct err err = {0};
	struct arena arena;
	struct buf line = {0};

	arena_init(&arena, 0);
	int rc = load_for_reading(args, &arena, true, &engine, &err);
	for (uint32_t i = 0; rc == 0 && i < ruleset_count(engine->rules); i++)
		if (is_listed(ruleset_rule(engine->rules, i)))
			print_rule(ruleset_rule(engine->rules, i), args_has(args, "json"), &line);
	buf_destroy(&line);
	engine_destroy(engine);
	arena_destroy(&arena);
	return rc == 0 ? STATUS_OK : fail(&err);
}

/* By id, by file, by the end of the file's name, or by a part of the title. */
static bool is_meant(const struct rule *rule, struct str name)
{
	return str_eq(rule->id, name) || str_eq(rule->file, name) ||
	       str_eq(str_basename(rule->file), name) || str_find(rule->title, name) >= 0;
}

static void explain(const struct engine *engine, const struct rule *rule)
{
	struct buf out = {0};

	(void)fputs(terminal_style(stdout, STYLE_BOLD), stdout);
	terminal_text(stdout, rule->title);
	(void)fputs(terminal_style(stdout, STYLE_PLAIN), stdout);
	(void)printf(" [%s]\n", severity_word(rule->severity));
	terminal_text(stdout, rule->file);
	(void)printf(":%u, id ", rule->line);
	terminal_text(stdout, rule->id);
	(void)fputc('\n', stdout);
	for (uint32_t i = 0; i < rule->note_count; i++) {
		(void)fputs("note: ", stdout);
		terminal_text(stdout, rule->notes[i]);
		(void)fputc('\n', stdout);
	}
	if (rule->plan != NULL && rule->plan->type == CEP_WINDOW)
		sigma_explain_correlation(rule, ruleset_fields(engine->rules), &out);
	else if (rule->eql != NULL)
		eql_explain(engine->rules, ruleset_fields(engine->rules), rule, &out);
	else
		ruleset_explain(engine->rules, rule, &out);
	struct str rest = buf_view(&out);
	while (rest.len > 0) {
		terminal_text(stdout, str_cut(&rest, '\n'));
		(void)fputc('\n', stdout);
	}
	buf_destroy(&out);
}

/* Steps of an EQL rule are told with it. */
static bool is_explained_elsewhere(const struct rule *rule)
{
	return rule->role == RULE_STEP && str_is(rule->language, "eql");
}

static int run_explain(const struct args *args)
{
	struct engine *engine = NULL;
	struct err err = {0};
	struct arena arena;
	unsigned count, found = 0;
	const char *const *operands = args_operands(args, &count);
	const char *paths[] = {operands[0]};

	/* a rule file is explained even if it is not among the rules in use */
	FILE *file = fopen(operands[0], "re");
	arena_init(&arena, 0);
	bool quiet = false;
	bool whole_file = file != NULL && args_value_count(args, "rules") == 0;
	int rc = whole_file ? load(args, paths, 1, inputs_report_rule, &quiet, &engine, &err)
			    : load_for_reading(args, &arena, false, &engine, &err);
	for (uint32_t i = 0; rc == 0 && i < ruleset_count(engine->rules); i++) {
		const struct rule *rule = ruleset_rule(engine->rules, i);
		if (!whole_file && !is_meant(rule, str_of(operands[0])))
			continue;
		if (is_explained_elsewhere(rule))
			continue;
		if (found++ > 0)
			(void)fputc('\n', stdout);
		explain(engine, rule);
	}
	if (rc == 0 && found == 0)
		rc = err_set(
			&err, -ENOENT, "no rule '%s'; `merlon rules list` shows them", operands[0]);
	if (file != NULL)
		(void)fclose(file);
	engine_destroy(engine);
	arena_destroy(&arena);
	return rc == 0 ? STATUS_OK : fail(&err);
}

/* ---- bench ---- */

static void ignore_match(
	void *context, const struct view *view, const struct rule *const *rules, uint32_t count)
{
	(void)context, (void)view, (void)rules, (void)count;
}

static void ignore_plans(
	void *context, const struct view *view, const struct cep_match *matches, uint32_t count)
{
	(void)context, (void)view, (void)matches, (void)count;
}

struct pass {
	struct sensor_stats records;
	struct matcher_stats match;
	uint64_t matches; /* without those of steps */
	uint32_t rules;
	uint64_t cpu_ns;
};

/* Reads the recording once with the given rules; without rules it is the cost of decoding alone. */
static int run_pass(const char *const *rules, size_t rule_count, const struct inputs *inputs,
	struct pass *ret, struct err *err)
{
	struct pipeline_options options = {.on_match = ignore_match, .on_plans = ignore_plans};
	struct engine *engine = NULL;
	struct pipeline *pipeline = NULL;
	bool quiet = true;
	struct engine_options engine_options = {.cache = true,
		.rule_paths = rules,
		.rule_path_count = rule_count,
		.report = inputs_report_rule,
		.report_context = &quiet};
	int rc = engine_create(&engine_options, &engine, err);

	if (rc == 0)
		rc = pipeline_create(engine, &options, &pipeline, err);
	uint64_t begin = clock_cpu_ns();
	if (rc == 0)
		rc = inputs_run(inputs, &(struct inputs_options){.quiet = true}, pipeline,
			&ret->records, err);
	ret->cpu_ns = clock_cpu_ns() - begin;
	if (rc == 0) {
		struct pipeline_stats stats;
		matcher_stats(engine->matcher, &ret->match);
		pipeline_stats(pipeline, &stats);
		ret->matches = stats.matches;
		ret->rules = engine->loaded;
	}
	pipeline_destroy(pipeline);
	engine_destroy(engine);
	return rc;
}

static void print_bench(const struct args *args, const struct pass *decode, const struct pass *all)
{
	double events = (double)(all->match.events + !all->match.events);
	double total_ns = (double)all->cpu_ns / events, decode_ns = (double)decode->cpu_ns / events;
	struct buf line = {0};
	struct json_writer w = {.buf = &line};

	if (!args_has(args, "json")) {
		(void)printf("%.0f events a second on one core: %.0f ns an event, of which %.0f ns "
			     "reading and decoding without rules\n"
			     "matches %llu; an event: %.3f candidates, %.2f predicates, %.2f index "
			     "scans "
			     "of %.0f bytes\n",
			1e9 / total_ns, total_ns, decode_ns, (unsigned long long)all->matches,
			(double)all->match.candidates / events, (double)all->match.atoms / events,
			(double)all->match.scans / events,
			(double)all->match.scanned_bytes / events);
		return;
	}
	json_object_begin(&w);
	json_member_u64(&w, "events", all->match.events);
	json_member_u64(&w, "rules", all->rules);
	json_member_u64(&w, "matches", all->matches);
	json_member_u64(&w, "candidates", all->match.candidates);
	json_member_u64(&w, "predicates", all->match.atoms);
	json_member_u64(&w, "scans", all->match.scans);
	json_member_u64(&w, "scanned_bytes", all->match.scanned_bytes);
	json_member_u64(&w, "regex_limit", all->match.regex_limit);
	json_key(&w, STR("events_per_second"));
	json_put_double(&w, 1e9 / total_ns);
	json_key(&w, STR("ns_per_event"));
	json_put_double(&w, total_ns);
	json_key(&w, STR("decode_ns_per_event"));
	json_put_double(&w, decode_ns);
	json_object_end(&w);
	print_line(&line);
	buf_destroy(&line);
}

static int run_bench(const struct args *args)
{
	unsigned count;
	const char *const *operands = args_operands(args, &count);
	struct inputs inputs;
	struct pass decode = {0}, all = {0};
	struct err err = {0};

	for (unsigned i = 0; i < count; i++)
		if (strcmp(operands[i], "-") == 0)
			return args_wrong(args, "standard input can be read only once");
	int rc = inputs_collect(args, 1, &inputs, &err);
	if (rc != 0)
		return fail(&err);
	rc = run_pass(NULL, 0, &inputs, &decode, &err);
	if (rc == 0)
		rc = run_pass(operands, 1, &inputs, &all, &err);
	inputs_destroy(&inputs);
	if (rc != 0)
		return fail(&err);
	print_bench(args, &decode, &all);
	return STATUS_OK;
}

static const struct option check_options[] = {
	OPTION_JSON,
	{.name = "host",
		.doc = "Also say which rules this machine's sensors can fire, by which sensor, and "
		       "what "
		       "the others lack."},
	{.name = "quiet",
		.letter = 'q',
		.doc = "Print only rules that are refused, skipped or noted."},
	OPTION_END,
};
static const struct option list_options[] = {
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_RULES,
	OPTION_END,
};
static const struct option bench_options[] = {
	OPTION_JSON,
	OPTION_END,
};

static const struct command check = {
	.name = "check",
	.operands = "PATH…",
	.operands_min = 1,
	.operands_max = OPERANDS_MANY,
	.summary = "Say which rules can be used, and why others cannot",
	.doc = "Prints a line for each document of the rule files. The exit status is 1 when a "
	       "rule "
	       "was refused; files that are no rules are skipped.",
	.options = check_options,
	.run = run_check,
};
static const struct command list = {
	.name = "list",
	.operands = "[PATH…]",
	.operands_max = OPERANDS_MANY,
	.summary = "List rules",
	.doc = "Lists the rules of the given files and directories, by default those that come "
	       "with "
	       "Merlon.",
	.options = list_options,
	.run = run_list,
};
static const struct command explain_command = {
	.name = "explain",
	.operands = "RULE",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Show the compiled form of a rule",
	.doc = "RULE is an id, a file or a part of a title.",
	.options = list_options,
	.run = run_explain,
};
static const struct command bench = {
	.name = "bench",
	.operands = "RULES FILE…",
	.operands_min = 2,
	.operands_max = OPERANDS_MANY,
	.summary = "Measure rules on a recording, on one core",
	.doc = "Reads the recording twice, without rules and with them, and prints events a "
	       "second, "
	       "what reading alone costs, and how many rules and predicates an event meets.",
	.options = bench_options,
	.run = run_bench,
};
extern const struct command rules_eval;
static const struct command *const subcommands[] = {
	&check, &list, &explain_command, &rules_eval, &bench, NULL};

const struct command cmd_rules = {
	.name = "rules",
	.summary = "Check, list, explain, try and measure rules",
	.doc = "Rules are Sigma files (.yml, .yaml) and EQL rule files (.toml); directories are "
	       "read "
	       "with all below them.",
	.subcommands = subcommands,
};
