#include "sensor/audit/syscalls.h"

#include <stddef.h>
#include <string.h>

#define X32_BIT 0x40000000 /* calls of the x32 ABI come with the x86_64 architecture */

struct table {
	uint32_t arch;
	const char *name;
	const char *const *names;
	const unsigned *count;
};

static const struct table tables[] = {
	{SYSCALL_ARCH_X86_64, "x86_64", syscalls_x86_64, &syscalls_x86_64_count},
	{SYSCALL_ARCH_I386, "i386", syscalls_i386, &syscalls_i386_count},
	{SYSCALL_ARCH_AARCH64, "aarch64", syscalls_aarch64, &syscalls_aarch64_count},
};

static const struct table *find(uint32_t arch)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (tables[i].arch == arch)
			return &tables[i];
	return NULL;
}

const char *syscall_name(uint32_t arch, uint64_t number)
{
	const struct table *table = find(arch);

	if (arch == SYSCALL_ARCH_X86_64)
		number &= ~(uint64_t)X32_BIT;
	return table == NULL || number >= *table->count ? NULL : table->names[number];
}

int syscall_number(uint32_t arch, const char *name)
{
	const struct table *table = find(arch);

	for (unsigned i = 0; table != NULL && i < *table->count; i++)
		if (table->names[i] != NULL && strcmp(table->names[i], name) == 0)
			return (int)i;
	return -1;
}

const char *syscall_arch_name(uint32_t arch)
{
	const struct table *table = find(arch);
	return table == NULL ? NULL : table->name;
}

uint32_t syscall_native_arch(void)
{
#if defined(__x86_64__)
	return SYSCALL_ARCH_X86_64;
#elif defined(__aarch64__)
	return SYSCALL_ARCH_AARCH64;
#elif defined(__i386__)
	return SYSCALL_ARCH_I386;
#else
	return 0;
#endif
}
