#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/err.h"

static int read_all(int fd, struct buf *buf)
{
	for (;;) {
		if (!buf_reserve(buf, 16384))
			return -EFBIG;
		ssize_t n = read(fd, buf->ptr + buf->len, 16384);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buf->len += (size_t)n;
	}
}

int file_read(
	const char *path, size_t limit_bytes, struct arena *arena, struct str *ret, struct err *err)
{
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					: open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, -errno, "cannot read '%s': %s", path, strerror(errno));
	struct buf buf = {.limit_bytes = limit_bytes + 16384};
	int rc = read_all(fd, &buf);
	(void)close(fd);
	if (rc == 0 && buf.len > limit_bytes)
		rc = -EFBIG;
	if (rc == 0) {
		*ret = arena_strn(arena, buf.ptr, buf.len);
		if (ret->ptr == NULL)
			rc = -ENOMEM;
	}
	buf_destroy(&buf);
	if (rc == -EFBIG)
		return err_set(err, rc, "'%s' is larger than %zu bytes", path, limit_bytes);
	return rc == 0 ? 0 : err_set(err, rc, "cannot read '%s': %s", path, strerror(-rc));
}

int file_check_own_dir(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set(err, -errno, "directory '%s': %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "'%s' is no directory", path);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & S_IWOTH) != 0)
		return err_set(err, -EPERM,
			"directory '%s': other users could put their files in place of those "
			"written there",
			path);
	return 0;
}

int file_make_dir(const char *path, unsigned mode, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return err_set(err, -ENAMETOOLONG, "directory '%s': name too long", path);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, i == len ? mode : 0755) != 0 && errno != EEXIST)
			return err_set(err, -errno, "cannot make directory '%s': %s", part,
				strerror(errno));
	}
	return 0;
}
