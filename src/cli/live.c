#include "cli/live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/err.h"
#include "cli/inputs.h"
#include "cli/terminal.h"

static int read_config(
	const struct args *args, enum agent_mode mode, struct config *config, struct err *err)
{
	const char *file = args_value(args, "config");
	const char *data = args_value(args, "data");
	unsigned sensors = args_value_count(args, "sensor");
	int rc = file == NULL ? 0 : config_read(config, file, err);

	if (rc != 0)
		return rc;
	if (data != NULL)
		config->data = data;
	if (mode == AGENT_DETECT && args_has(args, "store-events"))
		config->store_events = true;
	if (sensors == 0)
		return 0;
	const char **names = arena_alloc(&config->arena, sensors * sizeof(char *));
	if (names == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < sensors; i++)
		names[i] = args_value_at(args, "sensor", i);
	config->sensors = (struct config_list){names, sensors};
	return 0;
}

/* Options win over the file, the file over the shipped rules. */
static int choose_rules(const struct args *args, const struct config *config, struct arena *arena,
	struct agent_options *options, struct err *err)
{
	bool none = args_has(args, "no-rules");

	if (!none && args_value_count(args, "rules") == 0 && config->rules.count > 0) {
		options->rule_paths = config->rules.items;
		options->rule_path_count = config->rules.count;
		return 0;
	}
	return inputs_rules(
		args, !none, arena, &options->rule_paths, &options->rule_path_count, err);
}

int live_run(const struct args *args, enum agent_mode mode, bool stories, const char *output)
{
	struct config config;
	struct arena arena;
	struct err err = {0};
	struct agent_options options = {
		.mode = mode,
		.config = &config,
		.stories = stories,
		.colour = terminal_has_colour(stdout),
		.unicode = terminal_has_unicode(),
		.quiet = args_has(args, "quiet"),
		.stop_after_ns = args_duration_ns(args, "for", 0),
	};

	for (unsigned i = 0; i < args_value_count(args, "sensor"); i++)
		if (sensor_live_by_name(str_of(args_value_at(args, "sensor", i))) == NULL)
			return args_wrong(args,
				"no live sensor is called '%s'; 'merlon doctor' lists them",
				args_value_at(args, "sensor", i));
	config_init(&config);
	arena_init(&arena, 0);
	int rc = read_config(args, mode, &config, &err);
	if (rc == 0 && mode == AGENT_DETECT)
		rc = choose_rules(args, &config, &arena, &options, &err);
	options.output = output != NULL ? output : config.output;
	if (rc == 0)
		rc = agent_run(&options, &err);
	if (rc != 0)
		(void)fprintf(stderr, "merlon: %s\n", err.text);
	config_destroy(&config);
	arena_destroy(&arena);
	return rc == 0 ? STATUS_OK : STATUS_FAILURE;
}
