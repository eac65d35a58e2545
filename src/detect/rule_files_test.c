#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/buf.h"
#include "base/err.h"
#include "detect/rule_files.h"
#include "detect/rule/rule.h"
#include "detect/sigma/sigma.h"

static char top[] = "/tmp/rule_files_XXXXXX";

static const char *path_of(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *out = fopen(path_of(name), "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void report(void *context, const struct rule_result *result)
{
	struct buf *log = context;
	struct str file = result->file;

	if (str_starts(file, str_of(top)))
		file = str_n(file.ptr + strlen(top) + 1, file.len - strlen(top) - 1);
	buf_printf(log, "%.*s#%u %s %s\n", STR_ARG(file), result->document, result->language,
		rule_status_word(result->status));
}

#define RULE "logsource: {category: file_event}\ndetection: {s: {f: 1}, condition: s}\n"

static int make_tree(void **state)
{
	if (mkdtemp(top) == NULL || mkdir(path_of("b"), 0700) != 0 ||
		mkdir(path_of(".git"), 0700) != 0)
		return -1;
	put("z.yml", RULE "---\n" RULE);
	put("b/y.yaml", RULE);
	put("b/x.toml", "");
	put("a.yml", "x: [\n");
	put("readme.md", RULE);
	put(".git/hidden.yml", RULE);
	return symlink("../b", path_of("b/loop"));
}

static int remove_tree(void **state)
{
	static const char *const names[] = {"z.yml", "b/y.yaml", "b/x.toml", "a.yml", "readme.md",
		".git/hidden.yml", "b/loop", "b", ".git", "."};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(path_of(names[i]));
	return rmdir(top) == 0 || errno == ENOENT ? 0 : -1;
}

static int load(const char *const *paths, uint32_t count, struct buf *log, struct err *err)
{
	struct rule_file_options options = {0};
	struct fields *fields;
	struct ruleset *set;

	assert_int_equal(fields_create(&fields, err), 0);
	assert_int_equal(ruleset_create(fields, &set, err), 0);
	int rc = rule_files_load(set, &options, paths, count, report, log, err);
	buf_char(log, '\0');
	ruleset_destroy(set);
	fields_destroy(fields);
	return rc;
}

static void directories_are_read_in_the_order_of_names(void **state)
{
	const char *const paths[] = {top};
	struct buf log = {0};
	struct err err = {0};

	assert_int_equal(load(paths, 1, &log, &err), 0);
	assert_string_equal(log.ptr, "a.yml#0 sigma refused\n"
				     "b/x.toml#0 eql skipped\n"
				     "b/y.yaml#0 sigma ok\n"
				     "z.yml#0 sigma ok\n"
				     "z.yml#1 sigma ok\n");
	buf_destroy(&log);
}

static void a_missing_path_does_not_spoil_the_rest(void **state)
{
	const char *const paths[] = {path_of("missing.yml"), path_of("readme.md")};
	struct buf log = {0};
	struct err err = {0};

	assert_int_equal(load(paths, 2, &log, &err), -ENOENT);
	assert_non_null(strstr(err.text, "missing.yml"));
	assert_string_equal(log.ptr, "readme.md#0 sigma ok\n");
	buf_destroy(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_are_read_in_the_order_of_names),
		cmocka_unit_test(a_missing_path_does_not_spoil_the_rest),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
