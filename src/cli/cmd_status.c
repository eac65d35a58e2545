/* status: the running agent's counters. */
#include <stdio.h>
#include "agent/agent.h"
#include "agent/control.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/live.h"
#include "cli/terminal.h"

static void print_node(const struct json_node *node, const char *indent)
{
	for (const struct json_node *m = node->child; m != NULL; m = m->next) {
		(void)printf("%s%-18.*s ", indent, STR_ARG(m->key));
		if (m->token == JSON_OBJECT) {
			(void)fputc('\n', stdout);
			for (const struct json_node *k = m->child; k != NULL; k = k->next) {
				(void)printf("%s  %-26.*s ", indent, STR_ARG(k->key));
				terminal_text(stdout, k->text);
				(void)fputc('\n', stdout);
			}
			continue;
		}
		for (const struct json_node *s = m->token == JSON_ARRAY ? m->child : NULL;
			s != NULL; s = s->next) {
			struct str name = {0};
			uint64_t events = 0, dropped = 0;
			(void)json_text(json_get(s, "name"), &name);
			(void)json_u64(json_get(s, "events"), &events);
			(void)json_u64(json_get(s, "dropped"), &dropped);
			terminal_text(stdout, name);
			(void)printf(": %llu events, %llu lost%s", (unsigned long long)events,
				(unsigned long long)dropped, s->next == NULL ? "" : "; ");
		}
		if (m->token != JSON_ARRAY)
			terminal_text(stdout, m->text);
		(void)fputc('\n', stdout);
	}
}

static int print_reply(const struct args *args, struct str reply)
{
	struct arena arena;
	const char *error;
	size_t offset;

	if (args_has(args, "json")) {
		(void)fwrite(reply.ptr, 1, reply.len, stdout);
		(void)fputc('\n', stdout);
		return STATUS_OK;
	}
	arena_init(&arena, 0);
	const struct json_node *root = json_parse(&arena, reply, &error, &offset);
	if (root == NULL)
		(void)fprintf(stderr, "merlon status: the agent's answer is no JSON: %s\n", error);
	else
		print_node(root, "");
	arena_destroy(&arena);
	return root == NULL ? STATUS_FAILURE : STATUS_OK;
}

static int run_status(const struct args *args)
{
	const char *data = args_value(args, "data");
	const char *request = args_has(args, "reload") ? "reload"
			      : args_has(args, "stop") ? "stop"
						       : "status";
	char path[256];
	struct buf reply = {0};
	struct err err = {0};
	int rc = agent_socket_path(
		data == NULL ? CONFIG_DATA_DEFAULT : data, path, sizeof(path), &err);

	if (rc == 0)
		rc = control_ask(path, str_of(request), &reply, &err);
	if (rc != 0) {
		(void)fprintf(stderr,
			"merlon status: %s\nStart one with `merlon agent` or `merlon up`, or say "
			"where its "
			"data is with --data.\n",
			err.text);
		buf_destroy(&reply);
		return STATUS_FAILURE;
	}
	int status = print_reply(args, buf_view(&reply));
	buf_destroy(&reply);
	return status;
}

static const struct option options[] = {
	OPTION_JSON,
	OPTION_DATA,
	{.name = "reload", .doc = "Ask the agent to read its rules again."},
	{.name = "stop", .doc = "Ask the agent to stop."},
	OPTION_END,
};

const struct command cmd_status = {
	.name = "status",
	.summary = "Show the running agent's counters",
	.doc = "Asks the agent that runs on this machine what it saw, lost, found and wrote.",
	.options = options,
	.run = run_status,
};
