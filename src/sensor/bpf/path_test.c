#include "sensor/bpf/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void joins(void **state)
{
	static const struct {
		const char *base, *path, *joined;
	} rows[] = {
		{"/tmp", "a", "/tmp/a"},
		{"/tmp", "./a/../b", "/tmp/b"},
		{"/tmp/x", "../../../../etc/passwd", "/etc/passwd"},
		{"/", "a", "/a"},
		{"/", "", "/"},
		{"/tmp/file", "", "/tmp/file"},
		{"", "//usr//bin/./sh", "/usr/bin/sh"},
		{"", "/", "/"},
		{"", "/..", "/"},
		{"/a/b", "c/", "/a/b/c"},
		{"/a/b", "...", "/a/b/..."},
		{"/a/b", "..c", "/a/b/..c"},
		/* an absolute path below a root directory cannot leave it */
		{"/jail", "/etc/passwd", "/jail/etc/passwd"},
		{"/jail", "/../../etc", "/jail/etc"},
		{"/jail/deep", "/..", "/jail/deep"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[256] = {0};
		struct str base = str_of(rows[i].base), path = str_of(rows[i].path);
		struct str joined = path_join(base, path, out);
		assert_true(joined.len <= base.len + path.len + 2);
		if (!str_is(joined, rows[i].joined))
			fail_msg("%s + %s = %.*s", rows[i].base, rows[i].path, STR_ARG(joined));
	}
}

static void knows_clean_paths(void **state)
{
	static const char *const clean[] = {"/", "/a", "/a/b.c", "/.a", "/a/..b", "/a/...", "/a.."};
	static const char *const unclean[] = {
		"", "a", "/a/", "//", "/./a", "/a/.", "/a/..", "/..", "/../a", "/a//b"};
	(void)state;
	for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++) {
		char out[64];
		assert_true(path_is_clean(str_of(clean[i])));
		assert_true(str_is(path_join((struct str){0}, str_of(clean[i]), out), clean[i]));
	}
	for (size_t i = 0; i < sizeof(unclean) / sizeof(unclean[0]); i++)
		assert_false(path_is_clean(str_of(unclean[i])));
}

static void turns_names_around(void **state)
{
	static const struct {
		struct str names, path;
	} rows[] = {
		{STR(""), STR("/")},
		{STR("etc\0"), STR("/etc")},
		{STR("passwd\0etc\0"), STR("/etc/passwd")},
		{STR("memfd:a/b\0"), STR("/memfd:a/b")}, /* a slash in a name stays there */
		{STR("c\0b\0a\0"), STR("/a/b/c")},
		{STR("\0"), STR("/")}, /* nothing that the probes send, but nothing to trip over */
		{STR("\0\0"), STR("//")},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *out = malloc(rows[i].names.len + 1);
		struct str path = path_turn_around(rows[i].names, out);
		assert_int_equal(path.len, rows[i].path.len);
		assert_memory_equal(path.ptr, rows[i].path.ptr, path.len);
		free(out);
	}
}

static void finds_extensions(void **state)
{
	(void)state;
	assert_true(str_is(path_extension(STR("a.tar.gz")), "gz"));
	assert_true(path_extension(STR(".profile")).len == 0);
	assert_true(path_extension(STR("plain")).len == 0);
	assert_true(path_extension(STR("end.")).len == 0);
	assert_true(path_extension((struct str){0}).len == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins),
		cmocka_unit_test(knows_clean_paths),
		cmocka_unit_test(turns_names_around),
		cmocka_unit_test(finds_extensions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
