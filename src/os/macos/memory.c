#include "os/memory.h"

#include <sys/mman.h>

void *os_memory_map(size_t size)
{
	void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	return ptr == MAP_FAILED ? NULL : ptr;
}

void os_memory_unmap(void *ptr, size_t size)
{
	if (ptr != NULL)
		(void)munmap(ptr, size);
}
