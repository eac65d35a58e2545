#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "agent/sink.h"
#include "base/err.h"

static char dir[64];
static char path[128];

static int setup(void **state)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/merlon-sink-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/out", dir);
	return 0;
}

static int teardown(void **state)
{
	char name[160];

	(void)unlink(path);
	for (unsigned i = 1; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "%s.%u", path, i);
		(void)unlink(name);
	}
	return rmdir(dir);
}

static long size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? (long)st.st_size : -1;
}

static void lines__rotate_and_the_oldest_goes(void **state)
{
	struct sink *sink;
	struct sink_options options = {.rotate_bytes = 20, .keep_count = 2, .buffer_bytes = 10};
	struct sink_stats stats;
	char name[160];

	assert_int_equal(sink_open(path, &options, &sink, NULL), 0);
	for (int i = 0; i < 10; i++)
		sink_line(sink, STR("12345678"));
	assert_int_equal(sink_flush(sink), 0);
	sink_stats(sink, &stats);
	assert_int_equal(stats.lines, 10);
	assert_int_equal(stats.rotations, 4);
	assert_int_equal(sink_close(sink), 0);
	assert_int_equal(size_of(path), 18);
	(void)snprintf(name, sizeof(name), "%s.2", path);
	assert_int_equal(size_of(name), 18);
	(void)snprintf(name, sizeof(name), "%s.3", path);
	assert_int_equal(size_of(name), -1);
}

/* A file size limit fails writes as a full disk does: in the middle of a buffer. */
static void full__loses_whole_lines_and_counts_them(void **state)
{
	struct sink *sink;
	struct sink_options options = {.buffer_bytes = 16};
	struct sink_stats stats;
	struct rlimit old, small;

	assert_int_equal(sink_open(path, &options, &sink, NULL), 0);
	sink_line(sink, STR("1234567"));
	sink_line(sink, STR("1234567"));
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){.rlim_cur = 20, .rlim_max = old.rlim_max};
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	sink_line(sink, STR("abcdefg"));
	assert_true(sink_flush(sink) < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(size_of(path), 16);
	sink_line(sink, STR("hijklmn")); /* within the pause: lost, not waited for */
	sink_stats(sink, &stats);
	assert_int_equal(stats.lost_lines, 2);
	assert_true(stats.last_error < 0);
	usleep(1100 * 1000);
	sink_line(sink, STR("opqrstu"));
	assert_int_equal(sink_close(sink), 0);
	assert_int_equal(size_of(path), 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines__rotate_and_the_oldest_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			full__loses_whole_lines_and_counts_them, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
