/* The running boot, and the wall clock as it was when it began. Entity ids are made from when a
 * process started; the kernel counts that from the boot, so all who tell it must add the same number,
 * also when the clock has been corrected by a little meanwhile. */
#ifndef MERLON_OS_BOOT_H
#define MERLON_OS_BOOT_H
#include <stdbool.h>
#include <stdint.h>

#define OS_BOOT_ID_BYTES 64
/* Another one after each boot; empty when the system does not say. */
void os_boot_id(char id[OS_BOOT_ID_BYTES]);

/* To be added to a process' start since boot: the clock's offset at the first call, unless
 * os_boot_use_offset() came before. Any thread. */
uint64_t os_boot_offset_ns(void);
/* Takes the offset that an earlier process of this boot used. False, and without effect, when the
 * clock has been set since (by more than a second), or an offset is in use already. */
bool os_boot_use_offset(uint64_t offset_ns);
#endif
