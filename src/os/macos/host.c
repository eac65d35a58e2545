#include "os/host.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <uuid/uuid.h>

void os_host_read(struct os_host *ret)
{
	struct utsname names;
	struct timespec wait = {.tv_sec = 5};
	uuid_t id;
	size_t size = sizeof(ret->os_version);

	*ret = (struct os_host){.type = "macos", .os_name = "macOS"};
	os_host_read_addresses(ret);
	if (gethostuuid(id, &wait) == 0)
		uuid_unparse_upper(id, ret->id);
	if (sysctlbyname("kern.osproductversion", ret->os_version, &size, NULL, 0) != 0)
		ret->os_version[0] = '\0';
	if (uname(&names) != 0)
		return;
	(void)snprintf(ret->name, sizeof(ret->name), "%s", names.nodename);
	(void)snprintf(ret->kernel, sizeof(ret->kernel), "%s", names.release);
	(void)snprintf(ret->architecture, sizeof(ret->architecture), "%s", names.machine);
}
