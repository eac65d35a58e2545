#include "os/boot.h"

#include <sys/sysctl.h>

void os_boot_id(char id[OS_BOOT_ID_BYTES])
{
	size_t size = OS_BOOT_ID_BYTES;

	if (sysctlbyname("kern.bootsessionuuid", id, &size, NULL, 0) != 0)
		id[0] = '\0';
}
