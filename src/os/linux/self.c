#include "os/self.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

void os_self_trim_memory(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
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

#define CLIMBS_MAX 256

/* In a child process: with its root moved below the directory it stands in, ".." no longer stops
 * at the old root but leads to the system's, from which the old root has its whole name. */
static void tell_root(int root, int out)
{
	char path[4096];
	struct stat here, above;
	bool top = false;

	if (fchdir(root) != 0 || chroot("/proc") != 0 || stat(".", &here) != 0)
		_exit(1);
	for (int i = 0; i < CLIMBS_MAX && !top; i++) {
		if (chdir("..") != 0 || stat(".", &above) != 0)
			_exit(1);
		top = above.st_ino == here.st_ino && above.st_dev == here.st_dev;
		here = above;
	}
	if (!top || chroot(".") != 0 || fchdir(root) != 0 || getcwd(path, sizeof(path)) == NULL)
		_exit(1);
	size_t len = strlen(path);
	_exit(len > 1 && write(out, path, len) == (ssize_t)len ? 0 : 1);
}

void os_self_root(char *path, size_t size)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), ends[2] = {-1, -1};
	pid_t pid = -1;
	ssize_t len = 0;

	if (size == 0)
		return;
	if (root >= 0 && pipe2(ends, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		tell_root(root, ends[1]);
	if (pid > 0) {
		(void)close(ends[1]);
		ends[1] = -1;
		len = read(ends[0], path, size - 1);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	path[len > 0 ? len : 0] = '\0';
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			(void)close(ends[i]);
	if (root >= 0)
		(void)close(root);
}
