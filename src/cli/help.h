/* Help for people, from the tables of the commands. */
#ifndef MERLON_CLI_HELP_H
#define MERLON_CLI_HELP_H
#include <stdio.h>
#include "cli/command.h"

/* The list of all commands. */
void help_overview(FILE *out);
/* One command; path is how it is called: "rules check". */
void help_command(FILE *out, const struct command *command, const char *path);
/* "merlon replay [OPTIONS] FILE…|-" */
void help_usage(FILE *out, const struct command *command, const char *path);
/* Text wrapped at the terminal's width behind `indent` columns; keeps lines that begin with a
 * blank. */
void help_wrap(FILE *out, const char *text, unsigned indent);
/* How an option is written: "-q, --quiet", "--rules DIR|FILE". Returns its columns. */
unsigned help_option_form(const struct option *option, char *out, size_t out_size);
#endif
