#include "os/self.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "base/str.h"

int os_self_path(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size);

	if (len < 0)
		return -errno;
	if ((size_t)len >= size)
		return -ENAMETOOLONG;
	path[len] = '\0';
	return 0;
}

uint64_t os_self_resident_bytes(void)
{
	char line[128];
	uint64_t pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file == NULL)
		return 0;
	if (fgets(line, sizeof(line), file) != NULL) {
		struct str rest = str_of(line);
		(void)str_cut(&rest, ' '); /* the whole size */
		if (!str_to_u64(str_cut(&rest, ' '), &pages))
			pages = 0;
	}
	(void)fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
