/* The running program itself. */
#ifndef MERLON_OS_SELF_H
#define MERLON_OS_SELF_H
#include <stddef.h>
#include <stdint.h>

/* Path of the running program's file, NUL-terminated. 0 or a negative errno. */
int os_self_path(char *path, size_t size);
/* Resident memory of this process in bytes; 0 when unknown. */
uint64_t os_self_resident_bytes(void);
/* Gives memory that was freed back to the system where the allocator keeps it: after loading. */
void os_self_trim_memory(void);
/* Where the root directory of this process lies, seen from the system's root: empty when that is
 * the same, or when it cannot be told. What the kernel reports of files inside a chroot begins with
 * it. NUL-terminated; forks, so call it before there are threads. */
void os_self_root(char *path, size_t size);
#endif
