/* The running program itself. */
#ifndef MERLON_OS_SELF_H
#define MERLON_OS_SELF_H
#include <stddef.h>
#include <stdint.h>

/* Path of the running program's file, NUL-terminated. 0 or a negative errno. */
int os_self_path(char *path, size_t size);
/* Resident memory of this process in bytes; 0 when unknown. */
uint64_t os_self_resident_bytes(void);
#endif
