#include <stdio.h>
#include "cli/command.h"

static int run_version(const struct args *args)
{
	(void)printf("merlon %s\n", MERLON_VERSION);
	return STATUS_OK;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "Print the version",
	.run = run_version,
};
