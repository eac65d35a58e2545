/* Memory straight from the system, in large pieces. */
#ifndef MERLON_OS_MEMORY_H
#define MERLON_OS_MEMORY_H
#include <stddef.h>

/* Smaller pieces are not worth it, and sizes are multiples of it. */
#define OS_MEMORY_PIECE ((size_t)2 << 20)

/* Cleared, on large pages where the system has them: for tables that are read here and there. NULL:
 * none left. */
void *os_memory_map(size_t size);
void os_memory_unmap(void *ptr, size_t size);
#endif
