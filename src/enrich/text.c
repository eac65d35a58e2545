#include "enrich/text.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

struct entry {
	uint32_t hash;
	uint32_t len;
	uint32_t refs;	 /* 0: free, offset is the next free entry */
	uint32_t offset; /* of the text, behind its record head, in units of RECORD_ALIGN */
};

/* In the log, before each text. */
struct record {
	uint32_t id; /* 0: garbage */
	uint32_t len;
};

#define RECORD_ALIGN	8u
#define COMPACT_SLACK	((size_t)256 * 1024)
#define ENTRIES_INITIAL 1024u

struct text_pool {
	char *log; /* reserved in whole, touched as far as used */
	size_t used, limit;
	size_t live_bytes; /* with heads and padding */
	struct entry *entries;
	uint32_t entry_capacity, entry_top, free_entry;
	uint32_t *slots; /* entry ids; 0 empty */
	uint32_t slot_mask, count;
	uint64_t refused, compactions;
};

uint64_t text_hash(uint64_t seed, const void *ptr, size_t len)
{
	const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
	const unsigned char *at = ptr;
	uint64_t h = seed ^ (len * k);
	uint64_t word;

	for (; len >= 8; at += 8, len -= 8) {
		word = 0;
		for (unsigned i = 8; i > 0; i--)
			word = word << 8 | at[i - 1];
		h = (h ^ word) * k;
		h ^= h >> 29;
	}
	word = 0;
	for (size_t i = len; i > 0; i--)
		word = word << 8 | at[i - 1];
	h = (h ^ word) * k;
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

static size_t record_size(uint32_t len)
{
	return (sizeof(struct record) + len + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);
}

int text_pool_create(size_t limit_bytes, struct text_pool **ret)
{
	struct text_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return -ENOMEM;
	pool->limit = limit_bytes < 65536 ? 65536 : limit_bytes & ~(size_t)(RECORD_ALIGN - 1);
	pool->log = mmap(NULL, pool->limit, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool->log == MAP_FAILED) {
		free(pool);
		return -ENOMEM;
	}
	pool->entries = calloc(ENTRIES_INITIAL, sizeof(*pool->entries));
	pool->slots = calloc(ENTRIES_INITIAL * 2, sizeof(*pool->slots));
	pool->entry_capacity = ENTRIES_INITIAL;
	pool->entry_top = 1;
	pool->slot_mask = ENTRIES_INITIAL * 2 - 1;
	if (pool->entries == NULL || pool->slots == NULL) {
		text_pool_destroy(pool);
		return -ENOMEM;
	}
	*ret = pool;
	return 0;
}

void text_pool_destroy(struct text_pool *pool)
{
	if (pool == NULL)
		return;
	(void)munmap(pool->log, pool->limit);
	free(pool->entries);
	free(pool->slots);
	free(pool);
}

struct str text_get(const struct text_pool *pool, uint32_t id)
{
	if (id == 0)
		return (struct str){0};
	const struct entry *e = &pool->entries[id];
	return str_n(pool->log + (size_t)e->offset * RECORD_ALIGN, e->len);
}

static void compact(struct text_pool *pool)
{
	size_t from = 0, to = 0;

	while (from < pool->used) {
		struct record *record = (struct record *)(void *)(pool->log + from);
		uint32_t id = record->id;
		size_t size = record_size(record->len);

		if (id != 0) {
			if (from != to)
				memmove(pool->log + to, record, size);
			pool->entries[id].offset = (uint32_t)((to + sizeof(*record)) /
							      RECORD_ALIGN);
			to += size;
		}
		from += size;
	}
	pool->used = to;
	pool->compactions++;
}

static bool make_room(struct text_pool *pool, size_t size)
{
	if (pool->used > 2 * pool->live_bytes + COMPACT_SLACK || pool->limit - pool->used < size)
		if (pool->live_bytes + size <= pool->limit && pool->used > pool->live_bytes)
			compact(pool);
	return pool->limit - pool->used >= size;
}

static uint32_t *find_slot(struct text_pool *pool, uint32_t hash, struct str text)
{
	uint32_t i = hash & pool->slot_mask;

	while (pool->slots[i] != 0) {
		const struct entry *e = &pool->entries[pool->slots[i]];
		if (e->hash == hash && e->len == text.len &&
			memcmp(pool->log + (size_t)e->offset * RECORD_ALIGN, text.ptr, text.len) ==
				0)
			break;
		i = (i + 1) & pool->slot_mask;
	}
	return &pool->slots[i];
}

static bool grow(struct text_pool *pool)
{
	uint32_t capacity = pool->entry_capacity * 2;
	uint32_t mask = capacity * 2 - 1;

	if (capacity > UINT32_MAX / 4)
		return false;
	struct entry *entries = realloc(pool->entries, capacity * sizeof(*entries));
	if (entries == NULL)
		return false;
	pool->entries = entries;
	uint32_t *slots = calloc((size_t)mask + 1, sizeof(*slots));
	if (slots == NULL)
		return false;
	for (uint32_t s = 0; s <= pool->slot_mask; s++) {
		uint32_t id = pool->slots[s];
		if (id == 0)
			continue;
		uint32_t i = entries[id].hash & mask;
		while (slots[i] != 0)
			i = (i + 1) & mask;
		slots[i] = id;
	}
	free(pool->slots);
	pool->slots = slots;
	pool->slot_mask = mask;
	pool->entry_capacity = capacity;
	return true;
}

static uint32_t entry_take(struct text_pool *pool)
{
	uint32_t id = pool->free_entry;

	if (id != 0) {
		pool->free_entry = pool->entries[id].offset;
		return id;
	}
	if (pool->entry_top == pool->entry_capacity && !grow(pool))
		return 0;
	return pool->entry_top++;
}

uint32_t text_intern(struct text_pool *pool, struct str text)
{
	if (text.len == 0)
		return 0;
	if (text.len > UINT32_MAX / 2) {
		pool->refused++;
		return 0;
	}
	uint32_t hash = (uint32_t)text_hash(0, text.ptr, text.len);
	uint32_t *slot = find_slot(pool, hash, text);
	if (*slot != 0) {
		pool->entries[*slot].refs++;
		return *slot;
	}
	size_t size = record_size((uint32_t)text.len);
	uint32_t id = make_room(pool, size) ? entry_take(pool) : 0;
	if (id == 0) {
		pool->refused++;
		return 0;
	}
	struct record *record = (struct record *)(void *)(pool->log + pool->used);
	*record = (struct record){.id = id, .len = (uint32_t)text.len};
	memcpy(record + 1, text.ptr, text.len);
	pool->entries[id] = (struct entry){
		.hash = hash,
		.len = (uint32_t)text.len,
		.refs = 1,
		.offset = (uint32_t)((pool->used + sizeof(*record)) / RECORD_ALIGN),
	};
	pool->used += size;
	pool->live_bytes += size;
	pool->count++;
	/* entry_take() may have made a new slot table */
	*find_slot(pool, hash, text) = id;
	return id;
}

void text_ref(struct text_pool *pool, uint32_t id)
{
	if (id != 0)
		pool->entries[id].refs++;
}

/* Linear probing without tombstones: what follows the hole moves up. */
static void slot_remove(struct text_pool *pool, uint32_t id)
{
	uint32_t mask = pool->slot_mask;
	uint32_t hole = pool->entries[id].hash & mask;

	while (pool->slots[hole] != id)
		hole = (hole + 1) & mask;
	for (uint32_t i = (hole + 1) & mask; pool->slots[i] != 0; i = (i + 1) & mask) {
		uint32_t home = pool->entries[pool->slots[i]].hash & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			pool->slots[hole] = pool->slots[i];
			hole = i;
		}
	}
	pool->slots[hole] = 0;
}

void text_unref(struct text_pool *pool, uint32_t id)
{
	if (id == 0 || --pool->entries[id].refs > 0)
		return;
	struct entry *e = &pool->entries[id];
	slot_remove(pool, id);
	((struct record *)(void *)(pool->log + (size_t)e->offset * RECORD_ALIGN))[-1].id = 0;
	pool->live_bytes -= record_size(e->len);
	pool->count--;
	e->offset = pool->free_entry;
	pool->free_entry = id;
}

struct text_stats text_pool_stats(const struct text_pool *pool)
{
	return (struct text_stats){
		.live_bytes = pool->live_bytes,
		.used_bytes = pool->used,
		.limit_bytes = pool->limit,
		.count = pool->count,
		.refused_count = pool->refused,
		.compactions = pool->compactions,
	};
}
