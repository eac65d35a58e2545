#include "cli/command_table.h"
#include <string.h>
#include "cli/args.h"

extern const struct command cmd_agent, cmd_completion, cmd_doctor, cmd_help, cmd_hunt, cmd_man,
	cmd_record, cmd_replay, cmd_rules, cmd_status, cmd_up, cmd_version;

const struct command *const command_table[] = {
	&cmd_up,
	&cmd_agent,
	&cmd_record,
	&cmd_status,
	&cmd_doctor,
	&cmd_replay,
	&cmd_hunt,
	&cmd_rules,
	&cmd_help,
	&cmd_completion,
	&cmd_man,
	&cmd_version,
	NULL,
};

const struct command *command_find(const struct command *const *table, const char *name)
{
	for (; *table != NULL; table++)
		if (strcmp((*table)->name, name) == 0)
			return *table;
	return NULL;
}

static const char *command_name_at(const void *list, unsigned i)
{
	const struct command *const *table = list;
	return table[i] == NULL ? NULL : table[i]->name;
}

const char *command_nearest(const struct command *const *table, const char *typed)
{
	return args_nearest(typed, command_name_at, table);
}
