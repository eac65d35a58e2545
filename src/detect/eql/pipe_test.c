#include "detect/eql/pipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/err.h"
#include "detect/eql/eval.h"
#include "detect/eql/parse.h"

#define ROWS_MAX 8

static struct arena arena;
static struct fields *fields;
static struct eql_options options;
static struct cep_event events[ROWS_MAX];
static struct eql_row rows[ROWS_MAX];
static field_id pid, name, count_field, percent_field;
static char told[256];

static int begin(void **state)
{
	struct err err;

	(void)state;
	arena_init(&arena, 0);
	options = eql_options_of(EQL_DIALECT_ENDGAME);
	if (fields_create(&fields, &err) != 0)
		return -1;
	return fields_intern(fields, STR("pid"), &pid, &err) != 0 ||
	       fields_intern(fields, STR("name"), &name, &err) != 0 ||
	       fields_intern(fields, STR("count"), &count_field, &err) != 0 ||
	       fields_intern(fields, STR("percent"), &percent_field, &err) != 0;
}

static int end(void **state)
{
	(void)state;
	fields_destroy(fields);
	arena_destroy(&arena);
	return 0;
}

/* One row per name, with pids from 1; an empty name is missing. */
static uint32_t make_rows(const char *const *names)
{
	static struct event_field values[ROWS_MAX][2];
	static const struct cep_event *lists[ROWS_MAX];
	uint32_t count = 0;

	for (; names[count] != NULL; count++) {
		values[count][0] = (struct event_field){pid, value_int(count + 1)};
		values[count][1] = (struct event_field){name, value_text(str_of(names[count]))};
		events[count] = (struct cep_event){.index = count + 1,
			.fields = values[count],
			.field_count = names[count][0] == '\0' ? 1 : 2};
		lists[count] = &events[count];
		rows[count] = (struct eql_row){.events = &lists[count], .event_count = 1};
	}
	return count;
}

/* What is left: "3 1", a count as "2*3". */
static const char *run(const char *text, const char *const *names)
{
	char whole[256];
	struct eql_query *query = NULL;
	struct err err = {0};
	uint32_t count = make_rows(names);
	size_t used = 0;

	(void)snprintf(whole, sizeof(whole), "any where true %s", text);
	if (eql_parse(&arena, str_of(whole), &options, &query, &err) != 0)
		fail_msg("%s: %s", whole, err.text);
	for (uint32_t i = 0; i < query->pipe_count; i++)
		for (uint32_t k = 0; k < query->pipes[i].value_count; k++)
			if (eql_bind(&arena, query->pipes[i].values[k], &options, fields,
				    &query->pipes[i].values[k], &err) != 0)
				fail_msg("%s: %s", whole, err.text);
	const struct eql_pipes pipes = {.items = query->pipes,
		.count = query->pipe_count,
		.options = &options,
		.count_field = count_field,
		.percent_field = percent_field};
	assert_int_equal(eql_pipes_run(&pipes, &arena, rows, &count, &err), 0);
	told[0] = '\0';
	for (uint32_t i = 0; i < count; i++) {
		char key[VALUE_TEXT_BYTES];
		if (rows[i].event_count > 0)
			used += (size_t)snprintf(told + used, sizeof(told) - used, "%s%u",
				i > 0 ? " " : "", (unsigned)rows[i].events[0]->index);
		else
			used += (size_t)snprintf(told + used, sizeof(told) - used, "%s%.*s",
				i > 0 ? " " : "", STR_ARG(value_as_text(&rows[i].keys[0], key)));
		if (rows[i].counted)
			used += (size_t)snprintf(
				told + used, sizeof(told) - used, "*%u", (unsigned)rows[i].count);
	}
	return told;
}

static const char *const six[] = {"sh", "curl", "SH", "", "sh", "awk", NULL};
static const char *const none[] = {NULL};

static void head_and_tail(void **state)
{
	(void)state;
	assert_string_equal(run("| head 2", six), "1 2");
	assert_string_equal(run("| tail 2", six), "5 6");
	assert_string_equal(run("| head 4 | tail 1", six), "4");
	assert_string_equal(run("| head 9", six), "1 2 3 4 5 6");
	assert_string_equal(run("| tail 3", none), "");
}

static void filter_and_sort(void **state)
{
	(void)state;
	assert_string_equal(run("| filter pid > 4", six), "5 6");
	assert_string_equal(run("| filter name == null", six), "4");
	/* nothing is before everything; equal ones keep their order */
	assert_string_equal(run("| sort name", six), "4 6 2 1 3 5");
	assert_string_equal(run("| sort name, pid * -1", six), "4 6 2 5 3 1");
	options.caseless = false;
	assert_string_equal(run("| sort name", six), "4 3 6 2 1 5");
	options.caseless = true;
}

static void unique_rows(void **state)
{
	(void)state;
	assert_string_equal(run("| unique name", six), "1 2 4 6");
	options.caseless = false;
	assert_string_equal(run("| unique name", six), "1 2 3 4 6");
	options.caseless = true;
	assert_string_equal(run("| unique_count name", six), "1*3 2*1 4*1 6*1");
	assert_string_equal(run("| unique_count name | filter count > 1", six), "1*3");
	assert_string_equal(run("| unique_count name | filter percent >= 0.5", six), "1*3");
}

static void counts(void **state)
{
	(void)state;
	assert_string_equal(run("| count", six), "totals*6");
	assert_string_equal(run("| count", none), "totals*0");
	assert_string_equal(run("| count name", six), "*1 awk*1 curl*1 sh*3");
	assert_string_equal(run("| count name | filter count == 3", six), "sh*3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_and_tail),
		cmocka_unit_test(filter_and_sort),
		cmocka_unit_test(unique_rows),
		cmocka_unit_test(counts),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
