#include "os/self.h"

#include <errno.h>
#include <mach-o/dyld.h>
#include <mach/mach.h>

int os_self_path(char *path, size_t size)
{
	uint32_t capacity = (uint32_t)size;

	return _NSGetExecutablePath(path, &capacity) == 0 ? 0 : -ENAMETOOLONG;
}

void os_self_root(char *path, size_t size)
{
	if (size > 0)
		path[0] = '\0';
}

void os_self_trim_memory(void)
{
}

uint64_t os_self_resident_bytes(void)
{
	mach_task_basic_info_data_t info;
	mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;

	return task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&info, &count) ==
			       KERN_SUCCESS
		       ? info.resident_size
		       : 0;
}
