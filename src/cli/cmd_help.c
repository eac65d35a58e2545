#include <stdio.h>
#include "cli/args.h"
#include "cli/command_table.h"
#include "cli/help.h"

static int run_help(const struct args *args)
{
	const struct command *const *table = command_table;
	const struct command *command = NULL;
	unsigned count;
	const char *const *words = args_operands(args, &count);
	char path[64] = "";
	size_t used = 0;

	for (unsigned i = 0; i < count; i++) {
		command = table == NULL ? NULL : command_find(table, words[i]);
		if (command == NULL) {
			const char *near = table == NULL ? NULL : command_nearest(table, words[i]);
			return args_wrong(args, "there is no command '%s%s%s'%s%s%s", path,
				i == 0 ? "" : " ", words[i], near == NULL ? "" : "; did you mean '",
				near == NULL ? "" : near, near == NULL ? "" : "'?");
		}
		used += (size_t)snprintf(
			path + used, sizeof(path) - used, "%s%s", i == 0 ? "" : " ", command->name);
		table = command->subcommands;
	}
	if (command == NULL)
		help_overview(stdout);
	else
		help_command(stdout, command, path);
	return STATUS_OK;
}

const struct command cmd_help = {
	.name = "help",
	.operands = "[COMMAND…]",
	.operands_max = 2,
	.summary = "Explain a command, or list all",
	.run = run_help,
};
