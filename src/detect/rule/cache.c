#include "detect/rule/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"
#include "base/file.h"

#define KEY_BYTES  32
#define NAME_BYTES (KEY_BYTES * 2 + sizeof(".hsdb"))
#define SUFFIX	   ".hsdb"

struct rule_cache {
	int dir;
	struct rule_cache_stats stats;
};

int rule_cache_open(const char *directory, struct rule_cache **ret, struct err *err)
{
	int rc = file_make_dir(directory, 0700, err);

	if (rc == 0)
		rc = file_check_own_dir(directory, err);
	if (rc != 0)
		return rc;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", directory, strerror(errno));
	struct rule_cache *cache = calloc(1, sizeof(*cache));
	if (cache == NULL) {
		(void)close(fd);
		return err_set(err, -ENOMEM, "compiled rules: out of memory");
	}
	cache->dir = fd;
	*ret = cache;
	return 0;
}

void rule_cache_close(struct rule_cache *cache)
{
	if (cache == NULL)
		return;
	(void)close(cache->dir);
	free(cache);
}

struct rule_cache_stats rule_cache_stats(const struct rule_cache *cache)
{
	return cache->stats;
}

/* ---- names ---- */

static bool digest(
	const struct rule_cache_input *input, EVP_MD_CTX *md, unsigned char key[KEY_BYTES])
{
	const char *version = hs_version();
	hs_platform_info_t platform = {0};
	bool ok = EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(md, version, strlen(version) + 1) == 1;

	/* a database fits the processor it was compiled for */
	if (hs_populate_platform(&platform) == HS_SUCCESS)
		ok = ok && EVP_DigestUpdate(md, &platform, sizeof(platform)) == 1;
	for (uint32_t i = 0; i < input->count && ok; i++) {
		uint64_t length = input->lengths[i];
		ok = EVP_DigestUpdate(md, &length, sizeof(length)) == 1 &&
		     EVP_DigestUpdate(md, input->literals[i], input->lengths[i]) == 1;
	}
	return ok && EVP_DigestFinal_ex(md, key, NULL) == 1;
}

static bool name_of(const struct rule_cache_input *input, char name[NAME_BYTES])
{
	unsigned char key[KEY_BYTES];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md != NULL && digest(input, md, key);

	EVP_MD_CTX_free(md);
	for (size_t i = 0; i < KEY_BYTES && ok; i++)
		(void)snprintf(name + i * 2, 3, "%02x", key[i]);
	if (ok)
		memcpy(name + (size_t)KEY_BYTES * 2, SUFFIX, sizeof(SUFFIX));
	return ok;
}

/* ---- reading ---- */

static bool read_all(int fd, char *bytes, size_t count)
{
	for (size_t at = 0; at < count;) {
		ssize_t got = read(fd, bytes + at, count - at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

static hs_database_t *read_database(int fd, size_t size)
{
	char *bytes = malloc(size);
	hs_database_t *database = NULL;

	/* it checks version, processor and checksum */
	if (bytes != NULL && read_all(fd, bytes, size) &&
		hs_deserialize_database(bytes, size, &database) != HS_SUCCESS)
		database = NULL;
	free(bytes);
	return database;
}

hs_database_t *rule_cache_get(struct rule_cache *cache, const struct rule_cache_input *input)
{
	char name[NAME_BYTES];
	hs_database_t *database = NULL;
	struct stat st;

	if (!name_of(input, name))
		return NULL;
	int fd = openat(cache->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
			st.st_size > 0 && (size_t)st.st_size <= RULE_CACHE_BYTES_MAX)
			database = read_database(fd, (size_t)st.st_size);
		if (database != NULL)
			(void)futimens(fd, NULL); /* used now */
		(void)close(fd);
	}
	if (database != NULL)
		cache->stats.hits++;
	else
		cache->stats.misses++;
	return database;
}

/* ---- writing ---- */

static bool write_all(int fd, const char *bytes, size_t count)
{
	for (size_t at = 0; at < count;) {
		ssize_t put = write(fd, bytes + at, count - at);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		at += (size_t)put;
	}
	return true;
}

static bool is_database(const char *name)
{
	size_t len = strlen(name);

	return len == NAME_BYTES - 1 && strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* Beyond the limit the least recently used goes. */
static void make_room(const struct rule_cache *cache)
{
	char oldest[NAME_BYTES] = "";
	struct timespec oldest_time = {0};
	unsigned count = 0;
	int fd = openat(cache->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		struct stat st;
		if (!is_database(entry->d_name) ||
			fstatat(cache->dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		count++;
		if (oldest[0] == '\0' || st.st_mtim.tv_sec < oldest_time.tv_sec) {
			memcpy(oldest, entry->d_name, NAME_BYTES);
			oldest_time = st.st_mtim;
		}
	}
	(void)closedir(dir);
	if (count >= RULE_CACHE_FILES_MAX)
		(void)unlinkat(cache->dir, oldest, 0);
}

void rule_cache_put(struct rule_cache *cache, const struct rule_cache_input *input,
	const hs_database_t *database)
{
	char name[NAME_BYTES], fresh[NAME_BYTES + 16];
	char *bytes = NULL;
	size_t size = 0;

	if (!name_of(input, name) || hs_serialize_database(database, &bytes, &size) != HS_SUCCESS)
		return;
	make_room(cache);
	(void)snprintf(fresh, sizeof(fresh), "%s.%ld", name, (long)getpid());
	int fd = openat(
		cache->dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		bool ok = write_all(fd, bytes, size);
		ok = close(fd) == 0 && ok;
		/* whole or not at all, also for another process that looks now */
		if (!ok || renameat(cache->dir, fresh, cache->dir, name) != 0)
			(void)unlinkat(cache->dir, fresh, 0);
	}
	free(bytes); /* hs_set_misc_allocator() was never called */
}
