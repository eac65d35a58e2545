/* All commands, in the order in which help lists them. */
#ifndef MERLON_CLI_COMMAND_TABLE_H
#define MERLON_CLI_COMMAND_TABLE_H
#include "cli/command.h"

extern const struct command *const command_table[]; /* NULL-terminated */

/* A command in a table by name, or NULL. */
const struct command *command_find(const struct command *const *table, const char *name);
/* The name in the table nearest to what was typed, or NULL. */
const char *command_nearest(const struct command *const *table, const char *typed);
#endif
