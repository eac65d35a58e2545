#include "os/memory.h"

#include <stdint.h>
#include <sys/mman.h>

/* Large pages begin at multiples of their size: what lies before and behind goes back. */
void *os_memory_map(size_t size)
{
	size_t all = size + OS_MEMORY_PIECE;
	char *ptr = all < size ? MAP_FAILED
			       : mmap(NULL, all, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ptr == MAP_FAILED)
		return NULL;
	size_t before = (size_t)(-(uintptr_t)ptr % OS_MEMORY_PIECE);
	if (before > 0)
		(void)munmap(ptr, before);
	(void)munmap(ptr + before + size, OS_MEMORY_PIECE - before);
	(void)madvise(ptr + before, size, MADV_HUGEPAGE);
	return ptr + before;
}

void os_memory_unmap(void *ptr, size_t size)
{
	if (ptr != NULL)
		(void)munmap(ptr, size);
}
