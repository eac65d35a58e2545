/* Names and numbers of Linux system calls by audit architecture (AUDIT_ARCH_* of linux/audit.h). */
#ifndef MERLON_SENSOR_AUDIT_SYSCALLS_H
#define MERLON_SENSOR_AUDIT_SYSCALLS_H
#include <stdint.h>

#define SYSCALL_ARCH_X86_64  UINT32_C(0xc000003e)
#define SYSCALL_ARCH_I386    UINT32_C(0x40000003)
#define SYSCALL_ARCH_AARCH64 UINT32_C(0xc00000b7)

/* NULL when the architecture or the number is unknown. */
const char *syscall_name(uint32_t arch, uint64_t number);
/* -1 when the architecture or the name is unknown. Linear. */
int syscall_number(uint32_t arch, const char *name);
/* "x86_64", "i386", "aarch64"; NULL when unknown. */
const char *syscall_arch_name(uint32_t arch);
/* Of this build; 0 when there is no table for it. */
uint32_t syscall_native_arch(void);

/* By number, with NULL in gaps (syscalls_table.c). */
extern const char *const syscalls_x86_64[], *const syscalls_i386[], *const syscalls_aarch64[];
extern const unsigned syscalls_x86_64_count, syscalls_i386_count, syscalls_aarch64_count;
#endif
