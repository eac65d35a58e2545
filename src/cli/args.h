/* Reading a command line by a command's tables. */
#ifndef MERLON_CLI_ARGS_H
#define MERLON_CLI_ARGS_H
#include "cli/command.h"
struct err;

struct args {
	const struct command *command;
	char path[64];	       /* "rules check": the command as it was called */
	const char **operands; /* borrowed from argv, as are the values */
	unsigned operand_count;
	struct args_given *given; /* options in the order given */
	unsigned given_count;
	bool help; /* --help was given; nothing else was checked */
};

/* Reads what stands behind the command's name. Returns 0 with *ret to be given to args_destroy(),
 * or -EINVAL with a sentence that says what is wrong and, for a mistyped option, what may have been
 * meant; -ENOMEM. */
int args_parse(const struct command *command, const char *path, int argc, char *const *argv,
	struct args *ret, struct err *err);
void args_destroy(struct args *args);

/* 500ms, 5s, 2m, 1h, 7d or a number of seconds. False when it is none, or too large. */
bool args_duration_of(const char *text, uint64_t *ret_ns);

/* The name in a list nearest to what was typed, or NULL when none is near. name_at returns NULL
 * behind the last. */
const char *args_nearest(
	const char *typed, const char *(*name_at)(const void *list, unsigned i), const void *list);
#endif
