/* Hostile expressions of EQL over hostile events: what the parser takes is bound and evaluated in a
 * dialect and mode, twice with the same result, and what is printed of it, or of the bound tree, is
 * worth the same. The first byte chooses dialect and mode; the first zero byte parts the expression
 * from the event. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/json.h"
#include "detect/eql/eval.h"
#include "detect/eql/parse.h"
#include "event/ecs.h"
#include "event/view.h"

struct run {
	struct eql_options options;
	struct arena tree, scratch;
	struct fields *fields;
	struct batch *batch;
	struct view *view;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool load_event(struct run *run, struct str json)
{
	struct event *event;
	struct err err;
	size_t offset;

	fields_want_all(run->fields);
	if (fields_freeze(run->fields, &err) != 0 || batch_create(run->fields, &run->batch) != 0 ||
		view_create(run->fields, &run->view) != 0)
		abort();
	if (ecs_decode(run->batch, json.len == 0 ? STR("{}") : json, NULL, &event, &offset, &err) !=
		0)
		return false;
	view_load(run->view, event);
	return true;
}

static void evaluate(struct run *run, const struct eql_node *node, struct buf *out)
{
	struct eql_env env = {.options = &run->options, .scratch = &run->scratch};
	struct json_writer w = {.buf = out};
	const char *error;
	size_t offset;

	arena_reset(&run->scratch);
	eql_env_of_view(&env, run->view);
	struct value value = eql_eval(&env, node);
	value_write_json(&w, &value);
	bool holds = eql_holds(&env, node);
	check(value.type != VALUE_BOOL || value.boolean == holds);
	if (!out->failed)
		check(json_parse(&run->tree, buf_view(out), &error, &offset) != NULL);
}

static struct eql_node *load_node(struct run *run, struct str text)
{
	struct eql_node *written, *bound = NULL;
	struct err err;

	if (eql_parse_expression(&run->tree, text, &run->options, &written, &err) != 0)
		return NULL;
	return eql_bind(&run->tree, written, &run->options, run->fields, &bound, &err) == 0 ? bound
											    : NULL;
}

static void compare(struct run *run, const struct eql_node *first, const struct eql_node *second)
{
	struct buf a = {0}, b = {0};

	evaluate(run, first, &a);
	evaluate(run, second, &b);
	check(str_eq(buf_view(&a), buf_view(&b)));
	buf_destroy(&a);
	buf_destroy(&b);
}

static void run_all(struct run *run, struct str expression, struct str event)
{
	struct eql_node *written;
	struct buf printed = {0};
	struct err err;

	if (fields_create(&run->fields, &err) != 0)
		abort();
	struct eql_node *node = load_node(run, expression);
	if (node == NULL)
		return;
	check(eql_parse_expression(&run->tree, expression, &run->options, &written, &err) == 0);
	eql_print_node(&printed, written, &run->options);
	struct eql_node *again = load_node(run, buf_view(&printed));
	check(again != NULL || printed.failed || printed.len >= EQL_TEXT_BYTES_MAX);
	if (load_event(run, event)) {
		compare(run, node, node);
		if (again != NULL)
			compare(run, node, again);
	}
	buf_destroy(&printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = {.fields = NULL};

	if (size < 1 || size > 8192)
		return 0;
	run.options = eql_options_of((enum eql_dialect)(data[0] % 3));
	run.options.caseless = data[0] & 4;
	struct str event = str_n((const char *)data + 1, size - 1);
	struct str expression = str_cut(&event, '\0');
	arena_init(&run.tree, (size_t)64 << 20);
	arena_init(&run.scratch, (size_t)16 << 20);
	run_all(&run, expression, event);
	view_destroy(run.view);
	batch_destroy(run.batch);
	fields_destroy(run.fields);
	arena_destroy(&run.scratch);
	arena_destroy(&run.tree);
	return 0;
}
