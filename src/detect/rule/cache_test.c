#include "detect/rule/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"

static char directory[64];

static int make_directory(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/merlon-cache-XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int for_each_file(int (*act)(int dir, const char *name))
{
	int dir = open(directory, O_RDONLY | O_DIRECTORY), count = 0;
	DIR *list = fdopendir(dup(dir));

	for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
		if (entry->d_name[0] != '.')
			count += act(dir, entry->d_name);
	(void)closedir(list);
	(void)close(dir);
	return count;
}

static int take_away(int dir, const char *name)
{
	return unlinkat(dir, name, 0) == 0;
}

static int spoil(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR);
	char byte = 0;

	assert_int_equal(pread(fd, &byte, 1, 200), 1);
	byte = (char)~byte;
	assert_int_equal(pwrite(fd, &byte, 1, 200), 1);
	(void)close(fd);
	return 1;
}

static int remove_directory(void **state)
{
	(void)state;
	(void)for_each_file(take_away);
	return rmdir(directory);
}

static const char *const words[] = {"shadow", "curl"};
static const size_t lengths[] = {6, 4};

static hs_database_t *compile(uint32_t count)
{
	static const unsigned flags[] = {HS_FLAG_CASELESS, HS_FLAG_CASELESS}, ids[] = {0, 1};
	hs_database_t *database = NULL;
	hs_compile_error_t *problem = NULL;

	assert_int_equal(hs_compile_lit_multi(words, flags, ids, lengths, count, HS_MODE_BLOCK,
				 NULL, &database, &problem),
		HS_SUCCESS);
	return database;
}

static void databases__come_back_by_their_literals(void **state)
{
	const struct rule_cache_input one = {words, lengths, 1}, two = {words, lengths, 2};
	struct rule_cache *cache = NULL;
	struct err err = {0};
	hs_database_t *database = compile(2);

	assert_int_equal(rule_cache_open(directory, &cache, &err), 0);
	assert_null(rule_cache_get(cache, &two));
	rule_cache_put(cache, &two, database);
	(void)hs_free_database(database);
	database = rule_cache_get(cache, &two);
	assert_non_null(database);
	(void)hs_free_database(database);
	assert_null(rule_cache_get(cache, &one));
	assert_int_equal(rule_cache_stats(cache).hits, 1);
	assert_int_equal(rule_cache_stats(cache).misses, 2);
	rule_cache_close(cache);
}

static void damaged_files__only_cost_time(void **state)
{
	const struct rule_cache_input two = {words, lengths, 2};
	struct rule_cache *cache = NULL;
	struct err err = {0};

	assert_int_equal(rule_cache_open(directory, &cache, &err), 0);
	assert_int_equal(for_each_file(spoil), 1);
	assert_null(rule_cache_get(cache, &two));
	rule_cache_close(cache);
}

static void directories__that_others_can_write_are_refused(void **state)
{
	struct rule_cache *cache = NULL;
	struct err err = {0};

	assert_int_equal(chmod(directory, 0777), 0);
	assert_int_equal(rule_cache_open(directory, &cache, &err), -EPERM);
	assert_int_equal(chmod(directory, 0700), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(databases__come_back_by_their_literals),
		cmocka_unit_test(damaged_files__only_cost_time),
		cmocka_unit_test(directories__that_others_can_write_are_refused),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
