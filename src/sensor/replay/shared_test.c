/* Recordings that others published, where they are at hand: nothing of them is lost. */
#include <ftw.h>
#include "sensor/replay/auto.h"
#include "sensor/replay/replay_test.h"

#define FILES_MAX 512

static char *files[FILES_MAX];
static size_t file_count;

static int collect(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type == FTW_F && file_count < FILES_MAX && strstr(path, "LICENSE") == NULL)
		files[file_count++] = strdup(path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files below a folder of the shared data; skips the test when it is not there. */
static void find(const char *folder)
{
	const char *shared = getenv("MERLON_SHARED");
	char path[512];

	file_count = 0;
	(void)snprintf(path, sizeof(path), "%s/data/macos/%s",
		shared != NULL ? shared : "../shared", folder);
	if (nftw(path, collect, 8, FTW_PHYS) != 0 || file_count == 0) {
		print_message("%s is not here\n", path);
		skip();
	}
	qsort(files, file_count, sizeof(files[0]), by_name);
}

static void run_all(struct run *run, const char *format)
{
	run_files(run, sensor_by_name(str_of(format)), (const char *const *)files, file_count);
	assert_int_equal(run->rc, -ENODATA);
	for (size_t i = 0; i < file_count; i++)
		free(files[i]);
}

static void attacks__lose_only_what_is_broken(void **state)
{
	static const char *const formats[] = {"ecs", "auto"};
	struct run run;

	for (size_t i = 0; i < 2; i++) {
		find("attacks-ecs");
		assert_int_equal(file_count, 33);
		run_all(&run, formats[i]);
		assert_int_equal(run.stats.records, 59);
		assert_int_equal(run.stats.skipped, 3);
		assert_int_equal(run.batch->count, 56);
		for (uint32_t e = 0; e < run.batch->count; e++) {
			const struct event *event = run.batch->events[e];
			assert_true(event->time_ns > 0 && event->os == OS_MACOS);
			assert_true(event->kind != KIND_document);
		}
		run_end(&run);
	}
}

static void eslogger__loses_only_the_broken_line(void **state)
{
	static const char *const formats[] = {"eslogger", "auto"};
	struct run run;

	for (size_t i = 0; i < 2; i++) {
		find("eslogger");
		run_all(&run, formats[i]);
		assert_true(run.stats.records == 5 && run.stats.skipped == 1);
		assert_int_equal(run.stats.kinds[KIND_process_exec], 2);
		run_end(&run);
	}
}

static void payloads__are_all_known(void **state)
{
	static const char *const formats[] = {"es-json", "auto"};
	struct run run;

	for (size_t i = 0; i < 2; i++) {
		find("es-json");
		assert_int_equal(file_count, 103);
		run_all(&run, formats[i]);
		assert_true(run.stats.records == 103 && run.stats.skipped == 0);
		/* of the allow list there is no kind */
		assert_int_equal(run.stats.kinds[KIND_es_other], 2);
		run_end(&run);
	}
}

static void telemetry__is_all_read(void **state)
{
	static const char *const formats[] = {"jamf", "auto"};
	struct run run;

	for (size_t i = 0; i < 2; i++) {
		find("jamf-telemetry/samples");
		assert_int_equal(file_count, 36);
		run_all(&run, formats[i]);
		assert_true(run.stats.records == 36 && run.stats.skipped == 0);
		assert_int_equal(run.stats.kinds[KIND_document], 2);
		run_end(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attacks__lose_only_what_is_broken),
		cmocka_unit_test(eslogger__loses_only_the_broken_line),
		cmocka_unit_test(payloads__are_all_known),
		cmocka_unit_test(telemetry__is_all_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
