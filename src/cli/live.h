/* Options that agent, up and record share, and the agent's configuration made from them. */
#ifndef MERLON_CLI_LIVE_H
#define MERLON_CLI_LIVE_H
#include "agent/agent.h"
#include "cli/command.h"
struct err;

#define OPTION_DATA                                                                             \
	{                                                                                       \
		.name = "data", .type = OPTION_PATH, .argument = "DIR",                         \
		.doc = "Directory of the agent's output, state and control socket; by default " \
		       "/var/lib/merlon."                                                       \
	}
#define OPTION_CONFIG                                                      \
	{                                                                  \
		.name = "config", .type = OPTION_PATH, .argument = "FILE", \
		.doc = "YAML configuration; options given here win."       \
	}
#define OPTION_SENSOR                                                                           \
	{                                                                                       \
		.name = "sensor", .type = OPTION_TEXT, .repeatable = true, .argument = "NAME",  \
		.doc = "Use this sensor instead of the best this machine has; `merlon doctor` " \
		       "lists them. May be given several times."                                \
	}
#define OPTION_FOR                                                          \
	{                                                                   \
		.name = "for", .type = OPTION_DURATION, .argument = "TIME", \
		.doc = "Stop by itself after this time."                    \
	}

/* Runs the agent with what args, the configuration file and the mode say; prints its error. Returns
 * an enum command_status. */
int live_run(const struct args *args, enum agent_mode mode, bool stories, const char *output);
#endif
