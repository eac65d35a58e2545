/* doctor: what this machine can do for Merlon, what is used, and how to get the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "agent/control.h"
#include "agent/agent.h"
#include "agent/engine.h"
#include "base/err.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/live.h"
#include "cli/terminal.h"
#include "os/host.h"
#include "sensor/sensor.h"

#define CAPABILITIES_MAX 64

struct findings {
	const struct args *args;
	struct buf line;
	unsigned missing; /* what would be used if it were there */
};

static void print_plain(const struct capability *c)
{
	const char *word = c->used ? "used" : c->available ? "available" : "missing";
	enum style style = c->used ? STYLE_GREEN : c->available ? STYLE_DIM : STYLE_YELLOW;

	(void)printf("%s%-9s%s  %-34s ", terminal_style(stdout, style), word,
		terminal_style(stdout, STYLE_PLAIN), c->name);
	terminal_text(stdout, str_of(c->reason));
	(void)fputc('\n', stdout);
	if (c->remedy != NULL)
		(void)printf("%-11s%-34s  to get it: %s\n", "", "", c->remedy);
}

static void print_json(struct findings *f, const char *group, const struct capability *c)
{
	struct json_writer w = {.buf = &f->line};

	buf_clear(&f->line);
	json_object_begin(&w);
	json_member_str(&w, "group", str_of(group));
	json_member_str(&w, "name", str_of(c->name));
	json_member_bool(&w, "available", c->available);
	json_member_bool(&w, "used", c->used);
	json_member_str(&w, "reason", str_of(c->reason));
	json_member_str(&w, "remedy", str_of(c->remedy == NULL ? "" : c->remedy));
	json_object_end(&w);
	buf_char(&f->line, '\n');
	(void)fwrite(f->line.ptr, 1, f->line.len, stdout);
}

static void tell(struct findings *f, const char *group, const struct capability *c)
{
	if (!c->available && c->remedy != NULL)
		f->missing++;
	if (args_has(f->args, "json"))
		print_json(f, group, c);
	else
		print_plain(c);
}

static void heading(const struct findings *f, const char *text)
{
	if (!args_has(f->args, "json"))
		(void)printf("%s%s%s\n", terminal_style(stdout, STYLE_BOLD), text,
			terminal_style(stdout, STYLE_PLAIN));
}

static void set_reason(struct capability *c, const char *text)
{
	(void)snprintf(c->reason, sizeof(c->reason), "%.127s", text);
}

static void check_rights(struct findings *f)
{
	struct capability root = {
		.name = "root", .available = geteuid() == 0, .used = geteuid() == 0};
	char path[4096];
	struct err err = {0};
	struct capability rules = {.name = "shipped rules"};

	heading(f, "This machine");
	set_reason(&root, root.available ? "live sensors may be opened"
					 : "live sensors cannot be opened; recordings can be read");
	root.remedy = root.available ? NULL : "run as root, or through sudo";
	tell(f, "machine", &root);
	rules.available = rules.used = engine_shipped_rules(path, sizeof(path), &err) == 0;
	set_reason(&rules, rules.available ? path : err.text);
	rules.remedy = rules.available ? NULL : "give rules with --rules DIR";
	tell(f, "machine", &rules);
}

static void check_agent(struct findings *f)
{
	const char *data = args_value(f->args, "data");
	struct capability agent = {.name = "running agent"};
	struct buf reply = {0};
	struct err err = {0};
	char path[256];

	if (agent_socket_path(
		    data == NULL ? CONFIG_DATA_DEFAULT : data, path, sizeof(path), &err) == 0)
		agent.available = agent.used = control_ask(path, STR("status"), &reply, &err) == 0;
	set_reason(&agent, agent.available ? path : "none answers; `merlon up` starts one");
	tell(f, "machine", &agent);
	buf_destroy(&reply);
}

/* A sensor without a list of its own is tried by opening it. */
static void try_sensor(struct findings *f, const struct sensor_ops *ops)
{
	struct fields *fields = NULL;
	struct sensor *sensor = NULL;
	struct err err = {0};
	struct capability c = {.name = ops->name};

	if (fields_create(&fields, &err) == 0 && fields_freeze(fields, &err) == 0) {
		struct sensor_config config = {.want = {.fields = fields}};
		memset(config.want.kinds, 0xff, sizeof(config.want.kinds));
		c.available = ops->open(&config, &sensor, &err) == 0;
		if (c.available)
			ops->close(sensor);
	}
	c.used = c.available && !ops->on_request;
	set_reason(&c, c.available ? ops->doc : err.text);
	tell(f, ops->name, &c);
	fields_destroy(fields);
}

static void check_sensors(struct findings *f)
{
	struct capability list[CAPABILITIES_MAX];
	char text[256];

	for (size_t i = 0; sensor_table[i] != NULL; i++) {
		const struct sensor_ops *ops = sensor_table[i];
		if (!ops->live)
			continue;
		(void)snprintf(text, sizeof(text), "\nSensor %s%s", ops->name,
			ops->on_request ? " (only when asked for: --sensor)" : "");
		heading(f, text);
		if (ops->capabilities == NULL) {
			try_sensor(f, ops);
			continue;
		}
		size_t count = ops->capabilities(list, CAPABILITIES_MAX);
		for (size_t k = 0; k < count && k < CAPABILITIES_MAX; k++)
			tell(f, ops->name, &list[k]);
	}
}

static int run_doctor(const struct args *args)
{
	struct findings f = {.args = args};
	struct os_host host;

	os_host_read(&host);
	if (!args_has(args, "json"))
		(void)printf("%s, %s %s, kernel %s, %s\n\n", host.name, host.os_name,
			host.os_version, host.kernel, host.architecture);
	check_rights(&f);
	check_agent(&f);
	check_sensors(&f);
	if (!args_has(args, "json"))
		(void)printf("\n%s\n", f.missing == 0 ? "Nothing is missing."
						      : "What is missing makes Merlon see less; it "
							"says so where it matters.");
	buf_destroy(&f.line);
	return STATUS_OK;
}

static const struct option options[] = {
	OPTION_JSON,
	OPTION_DATA,
	OPTION_END,
};

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "Say what this machine can do, what is used and what is missing",
	.doc = "Tries every mechanism that the live sensors could use, takes each down again, and "
	       "says "
	       "what is used, what is missing, and how to get it.",
	.options = options,
	.run = run_doctor,
};
