#include "os/boot.h"

#include <fcntl.h>
#include <unistd.h>

void os_boot_id(char id[OS_BOOT_ID_BYTES])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, id, OS_BOOT_ID_BYTES - 1);

	if (fd >= 0)
		(void)close(fd);
	while (len > 0 && id[len - 1] == '\n')
		len--;
	id[len > 0 ? len : 0] = '\0';
}
