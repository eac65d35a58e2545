#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "agent/engine.h"
#include "agent/watch.h"
#include "base/err.h"

static const char rules_text[] =
	"title: environment\nlogsource: {product: linux, category: process_creation}\n"
	"detection:\n"
	"  s:\n    process.env_vars|startswith: ['LD_PRELOAD=/tmp/', 'perl5lib=']\n"
	"  t:\n    process.env_vars: ['*HISTFILE=/dev/null', 'no name=1', 'unnamed']\n"
	"  filter:\n    process.env_vars|startswith: 'SAFE='\n"
	"  condition: (s or t) and not filter\n"
	"---\n"
	"title: reading\nlogsource: {product: linux}\n"
	"detection:\n"
	"  s:\n    event.category: file\n    event.action: open\n"
	"    file.path: ['/etc/secret/key', '/opt/app/*.pem', '/home/*/.app/token*', '/etc/*',\n"
	"      '/proc/*/maps', 'relative']\n"
	"  condition: s\n"
	"---\n"
	"title: writing\nlogsource: {product: linux, category: file_event}\n"
	"detection:\n  s:\n    file.path: /etc/written\n  condition: s\n";

static bool holds(const struct config_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

static void rules__say_what_they_need_watched(void **state)
{
	char path[] = "/tmp/merlon-watch-XXXXXX.yml";
	const char *const paths[] = {path};
	struct engine_options options = {.rule_paths = paths, .rule_path_count = 1, .enrich = true};
	struct watch watch;
	struct engine *engine = NULL;
	struct config config;
	struct arena arena;
	struct err err = {0};

	(void)state;
	int fd = mkstemps(path, 4);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, rules_text, strlen(rules_text)), strlen(rules_text));
	(void)close(fd);
	config_init(&config);
	arena_init(&arena, 0);
	assert_int_equal(engine_create(&options, &engine, &err), 0);
	assert_int_equal(engine->loaded, 3);
	assert_int_equal(watch_read(engine->rules, paths, 1, &config, &arena, &watch, &err), 0);
	/* a file of rules, without a list beside it */
	assert_false(watch.writes_listed);
	assert_int_equal(watch.environment.count, 4);
	assert_true(holds(&watch.environment, "LD_PRELOAD"));
	assert_true(holds(&watch.environment, "PERL5LIB"));
	assert_true(holds(&watch.environment, "HISTFILE"));
	assert_true(holds(&watch.read_paths, "/etc/secret/key"));
	assert_true(holds(&watch.read_paths, "/opt/app/"));
	assert_true(holds(&watch.read_paths, "/root/.app/token"));
	assert_false(holds(&watch.read_paths, "/etc/"));
	assert_false(holds(&watch.read_paths, "/proc/"));
	assert_false(holds(&watch.read_paths, "/etc/written"));
	engine_destroy(engine);
	config_destroy(&config);
	arena_destroy(&arena);
	(void)unlink(path);
}

static bool listed(const char *watch_yml)
{
	char dir[] = "/tmp/merlon-watch-XXXXXX", path[64];
	const char *const paths[] = {dir};
	struct engine_options options = {.enrich = true};
	struct engine *engine = NULL;
	struct watch watch;
	struct config config;
	struct arena arena;
	struct err err = {0};

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/watch.yml", dir);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	(void)fputs(watch_yml, file);
	(void)fclose(file);
	config_init(&config);
	arena_init(&arena, 0);
	assert_int_equal(engine_create(&options, &engine, &err), 0);
	assert_int_equal(watch_read(engine->rules, paths, 1, &config, &arena, &watch, &err), 0);
	bool ret = watch.writes_listed;
	if (ret)
		assert_true(holds(&watch.write_paths, "/etc/"));
	engine_destroy(engine);
	config_destroy(&config);
	arena_destroy(&arena);
	(void)unlink(path);
	(void)rmdir(dir);
	return ret;
}

static void writes_are_limited_only_by_a_list(void **state)
{
	(void)state;
	assert_true(listed("write_paths: [/etc/]\n"));
	assert_false(listed("read_paths: [/etc/shadow]\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules__say_what_they_need_watched),
		cmocka_unit_test(writes_are_limited_only_by_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
