#include <stdio.h>
#include <string.h>
#include "base/err.h"
#include "cli/args.h"
#include "cli/command_table.h"
#include "cli/help.h"

extern const struct command cmd_version;

static int unknown_command(const struct command *const *table, const char *path, const char *typed)
{
	const char *near = command_nearest(table, typed);

	(void)fprintf(stderr, "merlon: there is no command '%s%s%s'", path,
		*path == '\0' ? "" : " ", typed);
	if (near != NULL)
		(void)fprintf(stderr, "; did you mean '%s'?", near);
	(void)fprintf(stderr, "\n'merlon help%s%s' lists what there is.\n",
		*path == '\0' ? "" : " ", path);
	return STATUS_USAGE;
}

static int run(const struct command *command, const char *path, int argc, char **argv)
{
	struct args args;
	struct err err = {0};
	int status;

	if (args_parse(command, path, argc, argv, &args, &err) < 0) {
		(void)fprintf(stderr, "merlon %s: %s\n", path, err.text);
		help_usage(stderr, command, path);
		(void)fprintf(stderr, "'merlon help %s' explains.\n", path);
		return STATUS_USAGE;
	}
	if (args.help) {
		help_command(stdout, command, path);
		status = STATUS_OK;
	} else {
		status = command->run(&args);
	}
	args_destroy(&args);
	return status;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Follows the command's subcommands as far as argv names them, then runs it. */
static int dispatch(int argc, char **argv)
{
	const struct command *const *table = command_table;
	char path[64] = "";
	size_t used = 0;

	for (int i = 0; i < argc; i++) {
		const struct command *command = command_find(table, argv[i]);
		if (command == NULL)
			return unknown_command(table, path, argv[i]);
		used += (size_t)snprintf(
			path + used, sizeof(path) - used, "%s%s", i == 0 ? "" : " ", command->name);
		if (command->subcommands == NULL)
			return run(command, path, argc - i - 1, argv + i + 1);
		if (i + 1 < argc && is_help(argv[i + 1])) {
			help_command(stdout, command, path);
			return STATUS_OK;
		}
		if (i + 1 == argc) {
			help_command(stderr, command, path);
			return STATUS_USAGE;
		}
		table = command->subcommands;
	}
	return STATUS_USAGE;
}

/* Output that could not be written must not look like success. */
static int finish(int status)
{
	bool failed = fflush(stdout) != 0 || ferror(stdout);

	if (failed && status == STATUS_OK) {
		(void)fprintf(stderr, "merlon: the output could not be written\n");
		return STATUS_FAILURE;
	}
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		help_overview(stderr);
		return STATUS_USAGE;
	}
	if (is_help(argv[1])) {
		help_overview(stdout);
		return finish(STATUS_OK);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return finish(run(&cmd_version, "version", 0, NULL));
	if (argv[1][0] == '-') {
		(void)fprintf(stderr,
			"merlon: '%s' stands where a command belongs\n"
			"'merlon help' lists the commands.\n",
			argv[1]);
		return STATUS_USAGE;
	}
	return finish(dispatch(argc - 1, argv + 1));
}
