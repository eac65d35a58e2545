/* up: everything on this machine. */
#include <stdio.h>
#include "cli/live.h"
#include "cli/terminal.h"

static int run_up(const struct args *args)
{
	const char *data = args_value(args, "data");

	if (!args_has(args, "quiet")) {
		(void)printf("%sMerlon watches this machine.%s Incidents are told here; alerts and "
			     "incidents are kept in %s/events.ndjson.\nCtrl-C stops.\n\n",
			terminal_style(stdout, STYLE_BOLD), terminal_style(stdout, STYLE_PLAIN),
			data != NULL ? data : CONFIG_DATA_DEFAULT);
		(void)fflush(stdout);
	}
	return live_run(args, AGENT_DETECT, true, NULL);
}

static const struct option options[] = {
	OPTION_CONFIG,
	OPTION_SENSOR,
	OPTION_RULES,
	OPTION_NO_RULES,
	{.name = "store-events", .doc = "Keep every event too, not only alerts and incidents."},
	OPTION_DATA,
	OPTION_FOR,
	OPTION_QUIET,
	OPTION_END,
};

const struct command cmd_up = {
	.name = "up",
	.summary = "Watch this machine and tell what happens",
	.doc = "Runs the agent, tells each incident as a story on the terminal, and keeps alerts "
	       "and "
	       "incidents as NDJSON in the data directory. Needs root.",
	.options = options,
	.run = run_up,
};
