#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "agent/config.h"
#include "base/err.h"

static int read_text(const char *text, struct config *config, struct err *err)
{
	char path[] = "/tmp/merlon-config-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	config_init(config);
	int rc = config_read(config, path, err);
	(void)unlink(path);
	return rc;
}

static void keys__are_read_over_the_defaults(void **state)
{
	struct config config;
	struct err err = {0};

	assert_int_equal(read_text("data: /tmp/x\nrules: [a, b]\nstore_events: true\nkeep: 3\n"
				   "placeholders:\n  admins: [root, eve]\n  one: x\n",
				 &config, &err),
		0);
	assert_string_equal(config.data, "/tmp/x");
	assert_int_equal(config.rules.count, 2);
	assert_string_equal(config.rules.items[1], "b");
	assert_true(config.store_events);
	assert_int_equal(config.keep, 3);
	assert_int_equal(config.rotate_mb, 64);
	assert_int_equal(config.placeholder_count, 2);
	assert_int_equal(config.placeholders[0].value_count, 2);
	assert_true(str_is(config.placeholders[1].values[0], "x"));
	config_destroy(&config);
}

static void mistakes__name_file_and_line(void **state)
{
	static const char *const bad[] = {"data: x\nrulez: [a]\n", "data: x\nrules: a\n",
		"data: x\nkeep: many\n", "data: x\nstore_events: 1\n"};
	struct config config;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};
		assert_true(read_text(bad[i], &config, &err) < 0);
		assert_non_null(strstr(err.text, ":2: "));
		config_destroy(&config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys__are_read_over_the_defaults),
		cmocka_unit_test(mistakes__name_file_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
