/* Memory for many small things that come and go: 32-bit handles instead of pointers, free lists by
 * size class, pages that become empty serve another class. Allocates from the system only while it
 * grows. Not thread-safe. Internal to detect/cep. */
#ifndef MERLON_DETECT_CEP_SLAB_H
#define MERLON_DETECT_CEP_SLAB_H
#include <stddef.h>
#include <stdint.h>

#define SLAB_UNIT	8u
#define SLAB_PAGE_UNITS 8192u
#define SLAB_BYTES_MAX	(SLAB_PAGE_UNITS * SLAB_UNIT / 2) /* of one thing */
#define SLAB_CLASSES	64

struct slab_page {
	uint8_t class;
	uint16_t used;	/* blocks */
	uint16_t fresh; /* units from here on were never handed out */
	uint16_t free;	/* unit of the first free block, UINT16_MAX: none */
	uint32_t before,
		after; /* in the list of its class (with room) or of empty pages; 0: none */
};

struct slab {
	uint8_t **bytes; /* by page; 0 is never used */
	struct slab_page *pages;
	uint32_t page_count, page_capacity;
	uint32_t empty;
	uint32_t with_room[SLAB_CLASSES];
	uint16_t units[SLAB_CLASSES];
	unsigned class_count;
	size_t used_bytes; /* of what is handed out, rounded up to its class */
};

void slab_init(struct slab *slab);
void slab_destroy(struct slab *slab);
/* A handle, or 0: out of memory, or size above SLAB_BYTES_MAX. Not cleared. */
uint32_t slab_alloc(struct slab *slab, size_t size);
/* size: as asked for. */
void slab_free(struct slab *slab, uint32_t handle, size_t size);
/* Bytes taken from the system. */
size_t slab_held_bytes(const struct slab *slab);

/* Valid until it is freed. */
static inline void *slab_at(const struct slab *slab, uint32_t handle)
{
	return slab->bytes[handle / SLAB_PAGE_UNITS] +
	       (size_t)(handle % SLAB_PAGE_UNITS) * SLAB_UNIT;
}
#endif
