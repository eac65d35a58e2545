#include "detect/cep/slab.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "os/memory.h"

#define PAGE_BYTES  ((size_t)SLAB_PAGE_UNITS * SLAB_UNIT)
#define SMALL_UNITS 32u /* a class for each size up to here, four for each doubling above */
#define PAGES_MAX   (UINT32_MAX / SLAB_PAGE_UNITS)
#define LOOSE_PAGES 32u /* so many come one by one, then by the piece */
#define PIECE_PAGES ((uint32_t)(OS_MEMORY_PIECE / PAGE_BYTES))
#define NO_FREE	    UINT16_MAX

void slab_init(struct slab *slab)
{
	unsigned units = SMALL_UNITS;

	*slab = (struct slab){.class_count = SMALL_UNITS};
	for (unsigned i = 0; i < SMALL_UNITS; i++)
		slab->units[i] = (uint16_t)(i + 1);
	for (unsigned step = SMALL_UNITS / 4; units < SLAB_PAGE_UNITS / 2; step *= 2)
		for (unsigned i = 0; i < 4; i++)
			slab->units[slab->class_count++] = (uint16_t)(units += step);
}

void slab_destroy(struct slab *slab)
{
	for (uint32_t i = 1; i < slab->page_count; i++)
		if (i <= LOOSE_PAGES)
			free(slab->bytes[i]);
		else if ((i - LOOSE_PAGES - 1) % PIECE_PAGES == 0)
			os_memory_unmap(slab->bytes[i], OS_MEMORY_PIECE);
	free(slab->bytes);
	free(slab->pages);
	*slab = (struct slab){0};
}

static unsigned class_of(const struct slab *slab, size_t size)
{
	size_t units = size == 0 ? 1 : (size + SLAB_UNIT - 1) / SLAB_UNIT;
	unsigned class = SMALL_UNITS;

	if (units <= SMALL_UNITS)
		return (unsigned)units - 1;
	while (slab->units[class] < units)
		class ++;
	return class;
}

static void list_push(struct slab *slab, uint32_t *list, uint32_t number)
{
	struct slab_page *page = &slab->pages[number];

	page->before = 0;
	page->after = *list;
	if (*list != 0)
		slab->pages[*list].before = number;
	*list = number;
}

static void list_remove(struct slab *slab, uint32_t *list, uint32_t number)
{
	struct slab_page *page = &slab->pages[number];

	if (page->before != 0)
		slab->pages[page->before].after = page->after;
	else
		*list = page->after;
	if (page->after != 0)
		slab->pages[page->after].before = page->before;
}

static bool grow(struct slab *slab)
{
	uint32_t capacity = slab->page_capacity == 0 ? 64 : slab->page_capacity * 2;
	uint8_t **bytes = realloc(slab->bytes, capacity * sizeof(*bytes));
	if (bytes == NULL)
		return false;
	slab->bytes = bytes;
	struct slab_page *pages = realloc(slab->pages, capacity * sizeof(*pages));
	if (pages == NULL)
		return false;
	slab->pages = pages;
	slab->page_capacity = capacity;
	return true;
}

/* One more page of its own, or many in one piece; all are put on the list of empty ones. */
static bool take_memory(struct slab *slab)
{
	uint32_t first = slab->page_count == 0 ? 1 : slab->page_count;
	uint32_t count = first <= LOOSE_PAGES ? 1 : PIECE_PAGES;

	if (first + count > PAGES_MAX || (first + count > slab->page_capacity && !grow(slab)))
		return false;
	uint8_t *bytes = count == 1 ? malloc(PAGE_BYTES) : os_memory_map(OS_MEMORY_PIECE);
	if (bytes == NULL)
		return false;
	for (uint32_t i = count; i-- > 0;) {
		slab->bytes[first + i] = bytes + i * PAGE_BYTES;
		list_push(slab, &slab->empty, first + i);
	}
	slab->page_count = first + count;
	return true;
}

/* An empty page; 0: none. */
static uint32_t page_take(struct slab *slab)
{
	uint32_t number;

	if (slab->empty == 0 && !take_memory(slab))
		return 0;
	number = slab->empty;
	list_remove(slab, &slab->empty, number);
	return number;
}

static uint32_t page_of_class(struct slab *slab, unsigned class)
{
	uint32_t number = slab->with_room[class];

	if (number != 0)
		return number;
	number = page_take(slab);
	if (number == 0)
		return 0;
	slab->pages[number] = (struct slab_page){.class = (uint8_t) class, .free = NO_FREE};
	list_push(slab, &slab->with_room[class], number);
	return number;
}

static bool page_has_room(const struct slab *slab, const struct slab_page *page)
{
	return page->free != NO_FREE ||
	       page->fresh + slab->units[page->class] <= (int)SLAB_PAGE_UNITS;
}

uint32_t slab_alloc(struct slab *slab, size_t size)
{
	if (size > SLAB_BYTES_MAX)
		return 0;
	unsigned class = class_of(slab, size);
	uint32_t number = page_of_class(slab, class);
	if (number == 0)
		return 0;
	struct slab_page *page = &slab->pages[number];
	uint16_t unit = page->free;
	if (unit != NO_FREE) {
		memcpy(&page->free, slab->bytes[number] + (size_t)unit * SLAB_UNIT,
			sizeof(page->free));
	} else {
		unit = page->fresh;
		page->fresh = (uint16_t)(page->fresh + slab->units[class]);
	}
	page->used++;
	slab->used_bytes += (size_t)slab->units[class] * SLAB_UNIT;
	if (!page_has_room(slab, page))
		list_remove(slab, &slab->with_room[class], number);
	return number * SLAB_PAGE_UNITS + unit;
}

void slab_free(struct slab *slab, uint32_t handle, size_t size)
{
	unsigned class = class_of(slab, size);
	uint32_t number = handle / SLAB_PAGE_UNITS;
	struct slab_page *page = &slab->pages[number];
	bool had_room = page_has_room(slab, page);

	memcpy(slab_at(slab, handle), &page->free, sizeof(page->free));
	page->free = (uint16_t)(handle % SLAB_PAGE_UNITS);
	page->used--;
	slab->used_bytes -= (size_t)slab->units[class] * SLAB_UNIT;
	if (page->used == 0) {
		if (had_room)
			list_remove(slab, &slab->with_room[class], number);
		list_push(slab, &slab->empty, number);
	} else if (!had_room) {
		list_push(slab, &slab->with_room[class], number);
	}
}

size_t slab_held_bytes(const struct slab *slab)
{
	size_t pages = slab->page_count == 0 ? 0 : slab->page_count - 1;

	return pages * PAGE_BYTES +
	       slab->page_capacity * (sizeof(*slab->pages) + sizeof(uint8_t *));
}
