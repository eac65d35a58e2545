/* rules eval: what an EQL expression is worth */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "cli/command.h"
#include "detect/eql/eval.h"
#include "detect/eql/parse.h"
#include "event/ecs.h"
#include "event/view.h"

#define TREE_BYTES_MAX	  ((size_t)64 << 20)
#define SCRATCH_BYTES_MAX ((size_t)64 << 20)

extern const struct command rules_eval;

/* Everything that one evaluation needs; goes at its end. */
struct worth {
	struct arena tree, scratch;
	struct fields *fields;
	struct batch *batch;
	struct view *view;
	struct eql_node *node;
};

static void worth_forget(struct worth *w)
{
	view_destroy(w->view);
	batch_destroy(w->batch);
	fields_destroy(w->fields);
	arena_destroy(&w->scratch);
	arena_destroy(&w->tree);
}

static int load_expression(
	struct worth *w, struct str expression, const struct eql_options *options, struct err *err)
{
	struct eql_node *written = NULL;

	arena_init(&w->tree, TREE_BYTES_MAX);
	arena_init(&w->scratch, SCRATCH_BYTES_MAX);
	int rc = fields_create(&w->fields, err);
	if (rc == 0)
		rc = eql_parse_expression(&w->tree, expression, options, &written, err);
	if (rc == 0)
		rc = eql_bind(&w->tree, written, options, w->fields, &w->node, err);
	return rc;
}

static int load_event(struct worth *w, struct str json, struct err *err)
{
	struct event *event = NULL;
	size_t offset;

	fields_want_all(w->fields);
	int rc = fields_freeze(w->fields, err);
	if (rc == 0 &&
		(batch_create(w->fields, &w->batch) != 0 || view_create(w->fields, &w->view) != 0))
		rc = err_set(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = ecs_decode(w->batch, json, NULL, &event, &offset, err);
	if (rc == -EBADMSG) {
		char why[sizeof(err->text)];
		memcpy(why, err->text, sizeof(why));
		return err_set(err, rc, "the event: %.400s at byte %zu", why, offset);
	}
	if (rc == 0)
		view_load(w->view, event);
	return rc;
}

/* Appends the value as JSON. */
static int evaluate(struct str expression, struct str event, const struct eql_options *options,
	struct json_writer *out, struct err *err)
{
	struct worth w = {0};
	struct eql_env env = {.options = options, .scratch = &w.scratch};
	int rc = load_expression(&w, expression, options, err);

	if (rc == 0)
		rc = load_event(&w, event.len > 0 ? event : STR("{}"), err);
	if (rc == 0) {
		eql_env_of_view(&env, w.view);
		struct value value = eql_eval(&env, w.node);
		value_write_json(out, &value);
	}
	worth_forget(&w);
	return rc;
}

/* {"expression":…, "event":…} on a line becomes {"value":…} or {"error":…}. */
static void evaluate_line(struct str line, const struct eql_options *options, struct buf *out)
{
	struct json_writer w = {.buf = out};
	struct arena arena;
	struct str expression, event = {0};
	struct err err = {0};
	const char *why = "no text 'expression'";
	size_t offset = 0;

	arena_init(&arena, 0);
	struct json_node *root = json_parse(&arena, line, &why, &offset);
	const struct json_node *document = json_get(root, "event");
	if (document != NULL && document->token == JSON_OBJECT)
		event = document->text;
	json_object_begin(&w);
	json_key(&w, STR("value"));
	int rc = json_text(json_get(root, "expression"), &expression)
			 ? evaluate(expression, event, options, &w, &err)
			 : err_set(&err, -EINVAL, "%s at byte %zu", why, offset);
	if (rc != 0) {
		buf_clear(out);
		w = (struct json_writer){.buf = out};
		json_object_begin(&w);
		json_member_str(&w, "error", str_of(err.text));
	}
	json_object_end(&w);
	buf_char(out, '\n');
	arena_destroy(&arena);
}

static int evaluate_lines(const struct eql_options *options)
{
	struct buf out = {0};
	size_t capacity = 0;
	char *line = NULL;
	ssize_t len;

	while ((len = getline(&line, &capacity, stdin)) >= 0) {
		struct str text = str_trim(str_n(line, (size_t)len));
		if (text.len == 0)
			continue;
		evaluate_line(text, options, &out);
		(void)fwrite(out.ptr, 1, out.len, stdout);
		buf_clear(&out);
	}
	free(line);
	buf_destroy(&out);
	return STATUS_OK;
}

static int run_eval(const struct args *args)
{
	const char *dialect = args_value(args, "dialect"), *event = args_value(args, "event");
	enum eql_dialect number = EQL_DIALECT_ENDPOINT;
	unsigned count;
	const char *const *operands = args_operands(args, &count);
	struct buf out = {0};
	struct json_writer w = {.buf = &out};
	struct err err = {0};

	if (dialect != NULL)
		(void)eql_dialect_parse(str_of(dialect), &number);
	struct eql_options options = eql_options_of(number);
	if (args_has(args, "case-sensitive") && args_has(args, "case-insensitive"))
		return args_wrong(args, "--case-sensitive or --case-insensitive, not both");
	if (args_has(args, "case-sensitive") || args_has(args, "case-insensitive"))
		options.caseless = args_has(args, "case-insensitive");
	if (strcmp(operands[0], "-") == 0)
		return event == NULL ? evaluate_lines(&options)
				     : args_wrong(args, "--event does not go with lines that "
							"bring their own");
	int rc = evaluate(str_of(operands[0]), str_of(event), &options, &w, &err);
	if (rc != 0) {
		(void)fprintf(stderr, "merlon rules: %s\n", err.text);
	} else {
		buf_char(&out, '\n');
		(void)fwrite(out.ptr, 1, out.len, stdout);
	}
	buf_destroy(&out);
	return rc == 0 ? STATUS_OK : STATUS_FAILURE;
}

static const char *const dialects[] = {"endpoint", "elasticsearch", "endgame", NULL};

static const struct option options_of_eval[] = {
	{.name = "json", .doc = "Changes nothing: values are printed as JSON anyway."},
	{.name = "dialect",
		.type = OPTION_CHOICE,
		.argument = "DIALECT",
		.choices = dialects,
		.doc = "The dialect of EQL: endpoint (default), elasticsearch or endgame."},
	{.name = "case-sensitive", .doc = "Compare texts with regard to case."},
	{.name = "case-insensitive",
		.doc = "Compare texts without regard to case; endgame does by default."},
	{.name = "event",
		.type = OPTION_TEXT,
		.argument = "JSON",
		.doc = "The event whose fields the expression reads; by default one without any."},
	OPTION_END,
};

const struct command rules_eval = {
	.name = "eval",
	.operands = "EXPR|-",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Print what an EQL expression is worth",
	.doc = "Prints the value as JSON. With - each line of standard input is one evaluation,\n"
	       "  {\"expression\": \"length(process.name)\", \"event\": {…}}\n\n"
	       "and is answered by one line with \"value\" or \"error\". An expression that "
	       "begins\n"
	       "with a minus and a name stands behind --.",
	.options = options_of_eval,
	.run = run_eval,
};
