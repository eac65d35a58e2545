#include "cli/args.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/str.h"

struct args_given {
	const struct option *option;
	const char *value;
	uint64_t number; /* OPTION_NUMBER, and OPTION_DURATION in nanoseconds */
};

#define NAME_BYTES_MAX 64

bool args_duration_of(const char *text, uint64_t *ret_ns)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = {{"ms", 1000000}, {"us", 1000}, {"ns", 1}, {"s", 1000000000},
		{"m", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000}};
	struct str digits = str_of(text);
	uint64_t unit_ns = 1000000000, count;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct str suffix = str_of(units[i].suffix);
		if (str_ends(digits, suffix)) {
			digits.len -= suffix.len;
			unit_ns = units[i].ns;
			break;
		}
	}
	if (!str_to_u64(digits, &count) || count > UINT64_MAX / unit_ns)
		return false;
	*ret_ns = count * unit_ns;
	return true;
}

/* Levenshtein distance with neighbouring letters swapped counted as one step. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned rows[3][NAME_BYTES_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NAME_BYTES_MAX || lb > NAME_BYTES_MAX)
		return NAME_BYTES_MAX;
	for (size_t j = 0; j <= lb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
			best = last[j] + 1 < best ? last[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		unsigned *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[lb];
}

const char *args_nearest(
	const char *typed, const char *(*name_at)(const void *list, unsigned i), const void *list)
{
	const char *best = NULL, *name;
	unsigned best_distance = strlen(typed) < 4 ? 2 : 3; /* as far away is not near */

	for (unsigned i = 0; (name = name_at(list, i)) != NULL; i++) {
		size_t len = strlen(typed);
		unsigned distance = len >= 3 && strncmp(name, typed, len) == 0
					    ? 1
					    : edit_distance(typed, name);
		if (distance < best_distance) {
			best = name;
			best_distance = distance;
		}
	}
	return best;
}

static const char *option_name_at(const void *list, unsigned i)
{
	const struct option *options = list;
	return options == NULL ? NULL : options[i].name;
}

static const struct option *option_by_name(const struct command *command, struct str name)
{
	for (const struct option *o = command->options; o != NULL && o->name != NULL; o++)
		if (str_is(name, o->name))
			return o;
	return NULL;
}

static const struct option *option_by_letter(const struct command *command, char letter)
{
	for (const struct option *o = command->options; o != NULL && o->name != NULL; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static int wrong_choice(const struct option *option, const char *value, struct err *err)
{
	char list[256] = "";
	size_t used = 0;

	for (const char *const *c = option->choices; *c != NULL && used < sizeof(list); c++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
			c == option->choices ? "" : ", ", *c);
	return err_set(err, -EINVAL, "--%s: '%s' is none of %s", option->name, value, list);
}

static int check_value(
	const struct option *option, const char *value, uint64_t *ret_number, struct err *err)
{
	switch (option->type) {
	case OPTION_NUMBER:
		if (!str_to_u64(str_of(value), ret_number))
			return err_set(err, -EINVAL, "--%s: '%s' is not a whole number",
				option->name, value);
		return 0;
	case OPTION_DURATION:
		if (!args_duration_of(value, ret_number))
			return err_set(err, -EINVAL,
				"--%s: '%s' is not a time; write for instance 500ms, 5s, 2m or 1h",
				option->name, value);
		return 0;
	case OPTION_CHOICE:
		for (const char *const *c = option->choices; *c != NULL; c++)
			if (strcmp(*c, value) == 0)
				return 0;
		return wrong_choice(option, value, err);
	case OPTION_PATH:
		if (value[0] == '\0')
			return err_set(err, -EINVAL, "--%s: the path is empty", option->name);
		return 0;
	case OPTION_TEXT:
	case OPTION_SWITCH:
		return 0;
	}
	return 0;
}

static int add_given(
	struct args *args, const struct option *option, const char *value, struct err *err)
{
	uint64_t number = 0;
	int r = value == NULL ? 0 : check_value(option, value, &number, err);

	if (r < 0)
		return r;
	if (!option->repeatable && option->type != OPTION_SWITCH && args_has(args, option->name))
		return err_set(err, -EINVAL, "--%s is given twice", option->name);
	args->given[args->given_count++] = (struct args_given){
		.option = option, .value = value, .number = number};
	return 0;
}

/* --name, --name=value, --name value. */
static int parse_long(
	struct args *args, const char *text, const char *next, int *ret_taken, struct err *err)
{
	struct str value = str_of(text + 2);
	struct str name = str_cut(&value, '=');
	const struct option *option = option_by_name(args->command, name);
	bool attached = value.ptr != NULL;

	*ret_taken = 1;
	if (str_is(name, "help")) {
		args->help = true;
		return 0;
	}
	if (option == NULL) {
		char typed[NAME_BYTES_MAX];
		(void)snprintf(typed, sizeof(typed), "%.*s", STR_ARG(name));
		const char *near = args_nearest(typed, option_name_at, args->command->options);
		return err_set(err, -EINVAL, "there is no option --%s%s%s%s", typed,
			near == NULL ? "" : "; did you mean --", near == NULL ? "" : near,
			near == NULL ? "" : "?");
	}
	if (option->type == OPTION_SWITCH) {
		if (attached)
			return err_set(err, -EINVAL, "--%s takes no value", option->name);
		return add_given(args, option, NULL, err);
	}
	if (attached)
		return add_given(args, option, value.ptr, err);
	if (next == NULL)
		return err_set(
			err, -EINVAL, "--%s needs a value: %s", option->name, option->argument);
	*ret_taken = 2;
	return add_given(args, option, next, err);
}

/* -q, several switches as -qv, -oVALUE, -o VALUE. */
static int parse_short(
	struct args *args, const char *text, const char *next, int *ret_taken, struct err *err)
{
	*ret_taken = 1;
	for (const char *at = text + 1; *at != '\0'; at++) {
		const struct option *option = option_by_letter(args->command, *at);
		int r;

		if (option == NULL && *at == 'h') {
			args->help = true;
			return 0;
		}
		if (option == NULL)
			return err_set(err, -EINVAL, "there is no option -%c", *at);
		if (option->type != OPTION_SWITCH) {
			if (at[1] != '\0')
				return add_given(args, option, at + 1, err);
			if (next == NULL)
				return err_set(err, -EINVAL, "-%c needs a value: %s", *at,
					option->argument);
			*ret_taken = 2;
			return add_given(args, option, next, err);
		}
		r = add_given(args, option, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A dash that no letter follows begins a value, as in the expression -3 < 4. */
static bool is_short(const char *text)
{
	return text[0] == '-' && (unsigned)(text[1] | 32) - 'a' < 26;
}

static int parse_all(struct args *args, int argc, char *const *argv, struct err *err)
{
	bool ended = false;

	for (int i = 0; i < argc && !args->help;) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		int taken = 1, r = 0;

		if (!ended && strcmp(argv[i], "--") == 0)
			ended = true;
		else if (!ended && strncmp(argv[i], "--", 2) == 0)
			r = parse_long(args, argv[i], next, &taken, err);
		else if (!ended && is_short(argv[i]))
			r = parse_short(args, argv[i], next, &taken, err);
		else
			args->operands[args->operand_count++] = argv[i];
		if (r < 0)
			return r;
		i += taken;
	}
	return 0;
}

static int check_operands(const struct args *args, struct err *err)
{
	const struct command *command = args->command;

	if (args->operand_count < command->operands_min)
		return err_set(err, -EINVAL, "%s is missing", command->operands);
	if (args->operand_count > command->operands_max)
		return err_set(err, -EINVAL, "'%s' is one argument too many",
			args->operands[command->operands_max]);
	return 0;
}

int args_parse(const struct command *command, const char *path, int argc, char *const *argv,
	struct args *ret, struct err *err)
{
	struct args args = {.command = command};
	size_t room = (size_t)argc + 1;
	/* A group of switches (-abc) gives more options than arguments. */
	size_t letters = room;
	int r;

	for (int i = 0; i < argc; i++)
		letters += is_short(argv[i]) ? strlen(argv[i]) : 0;
	(void)snprintf(args.path, sizeof(args.path), "%s", path);
	args.operands = calloc(room, sizeof(args.operands[0]));
	args.given = calloc(letters, sizeof(args.given[0]));
	if (args.operands == NULL || args.given == NULL) {
		args_destroy(&args);
		return err_set(err, -ENOMEM, "out of memory");
	}
	r = parse_all(&args, argc, argv, err);
	if (r == 0 && !args.help)
		r = check_operands(&args, err);
	if (r < 0) {
		args_destroy(&args);
		return r;
	}
	*ret = args;
	return 0;
}

void args_destroy(struct args *args)
{
	free(args->operands);
	free(args->given);
	*args = (struct args){0};
}

static const struct args_given *last_given(const struct args *args, const char *name)
{
	const struct args_given *found = NULL;

	assert(option_by_name(args->command, str_of(name)) != NULL);
	for (unsigned i = 0; i < args->given_count; i++)
		if (strcmp(args->given[i].option->name, name) == 0)
			found = &args->given[i];
	return found;
}

bool args_has(const struct args *args, const char *option)
{
	return last_given(args, option) != NULL;
}

const char *args_value(const struct args *args, const char *option)
{
	const struct args_given *given = last_given(args, option);
	return given == NULL ? NULL : given->value;
}

unsigned args_value_count(const struct args *args, const char *option)
{
	unsigned count = 0;

	for (unsigned i = 0; i < args->given_count; i++)
		count += strcmp(args->given[i].option->name, option) == 0;
	return count;
}

const char *args_value_at(const struct args *args, const char *option, unsigned index)
{
	for (unsigned i = 0; i < args->given_count; i++)
		if (strcmp(args->given[i].option->name, option) == 0 && index-- == 0)
			return args->given[i].value;
	return NULL;
}

uint64_t args_number(const struct args *args, const char *option, uint64_t otherwise)
{
	const struct args_given *given = last_given(args, option);
	return given == NULL ? otherwise : given->number;
}

uint64_t args_duration_ns(const struct args *args, const char *option, uint64_t otherwise_ns)
{
	return args_number(args, option, otherwise_ns);
}

const char *const *args_operands(const struct args *args, unsigned *ret_count)
{
	*ret_count = args->operand_count;
	return args->operands;
}

int args_wrong(const struct args *args, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "merlon %s: ", args->path);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\n'merlon help %s' explains.\n", args->path);
	return STATUS_USAGE;
}
