/* Literal databases that were compiled before, kept on disk by their content: compiling them is
 * most of what loading many rules costs. A missing, foreign or damaged file only costs time.
 *
 * The directory must be the caller's own and nobody else's to write, because what stands in it is
 * run as a program by the literal matcher. */
#ifndef MERLON_DETECT_RULE_CACHE_H
#define MERLON_DETECT_RULE_CACHE_H
#include <hs.h>
#include <stddef.h>
#include <stdint.h>
struct err;

#define RULE_CACHE_FILES_MAX 256		 /* beyond it the least recently used go */
#define RULE_CACHE_BYTES_MAX ((size_t)256 << 20) /* of one file */

struct rule_cache_stats {
	uint32_t hits, misses;
};

struct rule_cache;
/* Makes the directory when it is not there. -EPERM when it is not safe. */
int rule_cache_open(const char *directory, struct rule_cache **ret, struct err *err);
void rule_cache_close(struct rule_cache *cache);
struct rule_cache_stats rule_cache_stats(const struct rule_cache *cache);

/* What a database is made of. */
struct rule_cache_input {
	const char *const *literals;
	const size_t *lengths;
	uint32_t count;
};
/* The database compiled of these literals, or NULL. The caller frees it. */
hs_database_t *rule_cache_get(struct rule_cache *cache, const struct rule_cache_input *input);
/* Keeps it; a full disk is no error. */
void rule_cache_put(struct rule_cache *cache, const struct rule_cache_input *input,
	const hs_database_t *database);
#endif
