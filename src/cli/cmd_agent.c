/* agent and record: the live agent with different outputs. */
#include "cli/live.h"

static int run_agent(const struct args *args)
{
	return live_run(args, AGENT_DETECT, false, args_value(args, "output"));
}

static const struct option agent_options[] = {
	OPTION_CONFIG,
	OPTION_SENSOR,
	OPTION_RULES,
	OPTION_NO_RULES,
	{.name = "output",
		.type = OPTION_PATH,
		.argument = "FILE|-",
		.doc = "Where alerts and incidents go, one JSON object a line; by default "
		       "DATA/events.ndjson, which rotates."},
	{.name = "store-events", .doc = "Write every event too, not only alerts and incidents."},
	{.name = "no-protect",
		.doc = "Only watch: refuse nothing and stop nothing. This version never does, with "
		       "or "
		       "without this option."},
	OPTION_DATA,
	OPTION_FOR,
	OPTION_QUIET,
	OPTION_END,
};

const struct command cmd_agent = {
	.name = "agent",
	.summary = "Watch this machine and write alerts and incidents",
	.doc = "Opens the best sensors that this machine has, follows every process, and writes an "
	       "alert for each rule that matches and an incident for what belongs together. Needs "
	       "root.\n\n"
	       "SIGHUP, or `merlon status --reload`, reads the rules again without losing events; "
	       "SIGTERM stops cleanly. A full disk stops nothing but the writing: lines are "
	       "counted as "
	       "lost, said on standard error and in `merlon status`, and written again when there "
	       "is "
	       "room.",
	.options = agent_options,
	.run = run_agent,
};

static int run_record(const struct args *args)
{
	unsigned count;

	return live_run(args, AGENT_RECORD, false, args_operands(args, &count)[0]);
}

static const struct option record_options[] = {
	OPTION_CONFIG,
	OPTION_SENSOR,
	OPTION_DATA,
	OPTION_FOR,
	OPTION_QUIET,
	OPTION_END,
};

const struct command cmd_record = {
	.name = "record",
	.operands = "FILE|-",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Record this machine's events",
	.doc = "Writes every event that the sensors see to a recording for `merlon replay`, until "
	       "SIGTERM, SIGINT or --for. Needs root.",
	.options = record_options,
	.run = run_record,
};
