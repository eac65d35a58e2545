#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "base/err.h"
#include "cli/args.h"
#include "cli/command_table.h"

static const char *const formats[] = {"auto", "ecs", NULL};
static const struct option options[] = {
	OPTION_JSON,
	OPTION_QUIET,
	OPTION_RULES,
	{.name = "format",
		.letter = 'f',
		.type = OPTION_CHOICE,
		.argument = "NAME",
		.choices = formats,
		.doc = "Format."},
	{.name = "reorder", .type = OPTION_DURATION, .argument = "TIME", .doc = "Time."},
	{.name = "limit", .type = OPTION_NUMBER, .argument = "COUNT", .doc = "Count."},
	OPTION_END,
};
static const struct command command = {.name = "test",
	.operands = "FILE…",
	.operands_min = 1,
	.operands_max = 2,
	.options = options};

static int parse(struct args *args, struct err *err, const char *line)
{
	static char text[256], *words[32];
	int count = 0;

	(void)snprintf(text, sizeof(text), "%s", line);
	for (char *at = text; at != NULL && *at != '\0';) {
		char *blank = strchr(at, ' ');
		words[count++] = at;
		if (blank != NULL)
			*blank++ = '\0';
		at = blank;
	}
	return args_parse(&command, "test", count, words, args, err);
}

static void reads_every_form(void **state)
{
	struct args args;
	struct err err;
	unsigned count;

	assert_int_equal(parse(&args, &err,
				 "a --json --rules=x -qfecs --rules y --reorder 2m - "
				 "--limit 0x10"),
		0);
	assert_true(args_has(&args, "json"));
	assert_true(args_has(&args, "quiet"));
	assert_string_equal(args_value(&args, "format"), "ecs");
	assert_int_equal(args_value_count(&args, "rules"), 2);
	assert_string_equal(args_value_at(&args, "rules", 0), "x");
	assert_string_equal(args_value_at(&args, "rules", 1), "y");
	assert_null(args_value_at(&args, "rules", 2));
	assert_int_equal(args_duration_ns(&args, "reorder", 1), 120000000000);
	assert_int_equal(args_number(&args, "limit", 1), 16);
	assert_string_equal(args_operands(&args, &count)[0], "a");
	assert_string_equal(args_operands(&args, &count)[1], "-");
	assert_int_equal(count, 2);
	args_destroy(&args);
}

static void ends_options(void **state)
{
	struct args args;
	struct err err;
	unsigned count;

	assert_int_equal(parse(&args, &err, "-- --json -q"), 0);
	assert_false(args_has(&args, "json"));
	assert_int_equal(args_number(&args, "limit", 7), 7);
	assert_null(args_value(&args, "rules"));
	(void)args_operands(&args, &count);
	assert_int_equal(count, 2);
	args_destroy(&args);
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"", "FILE… is missing"},
		{"a b c", "'c' is one argument too many"},
		{"a --jsno", "there is no option --jsno; did you mean --json?"},
		{"a --for ecs", "there is no option --for; did you mean --format?"},
		{"a --wholly-different", "there is no option --wholly-different"},
		{"a -x", "there is no option -x"},
		{"a --json=1", "--json takes no value"},
		{"a --limit", "--limit needs a value: COUNT"},
		{"a --limit -1", "--limit: '-1' is not a whole number"},
		{"a -f pdf", "--format: 'pdf' is none of auto, ecs"},
		{"a -f", "-f needs a value: NAME"},
		{"a -f ecs -f ecs", "--format is given twice"},
		{"a --rules=", "--rules: the path is empty"},
		{"a --reorder soon",
			"--reorder: 'soon' is not a time; write for instance 500ms, 5s, 2m or 1h"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct args args;
		struct err err;
		assert_int_equal(parse(&args, &err, cases[i].line), -EINVAL);
		assert_string_equal(err.text, cases[i].says);
	}
}

static void help_wins(void **state)
{
	struct args args;
	struct err err;

	assert_int_equal(parse(&args, &err, "--help --nonsense"), 0);
	assert_true(args.help);
	args_destroy(&args);
	assert_int_equal(parse(&args, &err, "-qh"), 0);
	assert_true(args.help);
	args_destroy(&args);
}

static void durations(void **state)
{
	uint64_t ns;

	assert_true(args_duration_of("5", &ns));
	assert_int_equal(ns, 5000000000);
	assert_true(args_duration_of("500ms", &ns));
	assert_int_equal(ns, 500000000);
	assert_true(args_duration_of("7d", &ns));
	assert_int_equal(ns, 604800000000000);
	assert_false(args_duration_of("", &ns));
	assert_false(args_duration_of("s", &ns));
	assert_false(args_duration_of("-5s", &ns));
	assert_false(args_duration_of("1000000d", &ns)); /* more than 64 bits hold */
}

/* The tables are code too: what help, manual and completion rely on. */
static void check_command(const struct command *c)
{
	assert_non_null(c->summary);
	assert_int_not_equal(c->summary[strlen(c->summary) - 1], '.');
	assert_true(c->operands_max == 0 || c->operands != NULL);
	assert_true(c->operands_min <= c->operands_max);
	assert_true((c->run != NULL) != (c->subcommands != NULL));
	for (const struct option *o = c->options; o != NULL && o->name != NULL; o++) {
		assert_non_null(o->doc);
		assert_true((o->type == OPTION_SWITCH) == (o->argument == NULL));
		assert_true((o->type == OPTION_CHOICE) == (o->choices != NULL));
		for (const struct option *p = c->options; p != o; p++) {
			assert_string_not_equal(o->name, p->name);
			assert_true(o->letter == 0 || o->letter != p->letter);
		}
	}
}

static void tables_are_sound(void **state)
{
	for (const struct command *const *c = command_table; *c != NULL; c++) {
		check_command(*c);
		assert_ptr_equal(command_find(command_table, (*c)->name), *c);
		for (const struct command *const *s = (*c)->subcommands; s != NULL && *s != NULL;
			s++)
			check_command(*s);
	}
	assert_null(command_find(command_table, "nonsense"));
	assert_string_equal(command_nearest(command_table, "hlep"), "help");
	assert_null(command_nearest(command_table, "frobnicate"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_form),
		cmocka_unit_test(ends_options),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(help_wins),
		cmocka_unit_test(durations),
		cmocka_unit_test(tables_are_sound),
	};
	return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
