/* Texts that many processes share: each kept once, counted, in one region of bounded size. A text
 * is named by a number that stays valid while it is referenced; the bytes may move on
 * text_intern(), so pointers from text_get() hold only until then. Not thread-safe.
 *
 * Works as a log: new texts are appended, and when half of the log is garbage the live ones slide
 * together. No allocation per text once the tables have grown. */
#ifndef MERLON_ENRICH_TEXT_H
#define MERLON_ENRICH_TEXT_H
#include <stdint.h>
#include "base/str.h"

struct text_pool;

int text_pool_create(size_t limit_bytes, struct text_pool **ret); /* 0 or -ENOMEM */
void text_pool_destroy(struct text_pool *pool);

/* A reference to the text, made if new; 0 for the empty text and when there is no room. */
uint32_t text_intern(struct text_pool *pool, struct str text);
void text_ref(struct text_pool *pool, uint32_t id);
void text_unref(struct text_pool *pool, uint32_t id);
struct str text_get(const struct text_pool *pool, uint32_t id);

struct text_stats {
	uint64_t live_bytes, used_bytes, limit_bytes, count;
	uint64_t refused_count; /* texts that found no room */
	uint64_t compactions;
};
struct text_stats text_pool_stats(const struct text_pool *pool);

/* 64-bit hash for tables in memory and for ids; the same on every machine. */
uint64_t text_hash(uint64_t seed, const void *ptr, size_t len);
#endif
