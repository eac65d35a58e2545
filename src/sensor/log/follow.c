#include "sensor/log/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"

static void file_close(struct follow_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->buf);
	*file = (struct follow_file){.fd = -1};
}

static int file_open(struct follow_file *file, const char *path, bool at_end)
{
	struct stat st;

	*file = (struct follow_file){.fd = -1};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	file->buf = malloc(FOLLOW_BUF_BYTES);
	if (file->buf == NULL) {
		close(fd);
		return -ENOMEM;
	}
	file->fd = fd;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->offset = at_end ? (uint64_t)st.st_size : 0;
	return 0;
}

int follow_open(struct follow *follow, const char *path)
{
	*follow = (struct follow){.path = path, .now = {.fd = -1}, .old = {.fd = -1}};
	int code = file_open(&follow->now, path, true);
	return code == -ENOENT || code == -ENOTDIR ? 0 : code;
}

void follow_close(struct follow *follow)
{
	file_close(&follow->now);
	file_close(&follow->old);
}

/* Gives whole records from the buffer and moves the rest to its begin. */
static void give(struct follow *follow, struct follow_file *file, size_t record_bytes,
	void (*each)(void *context, struct str record), void *context)
{
	size_t used = 0;

	for (;;) {
		size_t left = file->len - used, len = record_bytes, step = record_bytes;
		char *at = file->buf + used;
		if (record_bytes == 0) {
			const char *end = left == 0 ? NULL : memchr(at, '\n', left);
			len = end == NULL ? left : (size_t)(end - at);
			step = len + 1;
			if (end == NULL && left == FOLLOW_BUF_BYTES) {
				follow->cut_count++; /* given in parts */
				step = len;
			}
		}
		if (step > left || left == 0)
			break;
		if (len > 0)
			each(context, str_n(at, len));
		used += step;
	}
	file->len -= used;
	if (used > 0 && file->len > 0)
		memmove(file->buf, file->buf + used, file->len);
}

static size_t file_read(struct follow *follow, struct follow_file *file, size_t record_bytes,
	size_t limit, void (*each)(void *context, struct str record), void *context)
{
	size_t total = 0;

	while (file->fd >= 0 && total < limit) {
		ssize_t got = pread(file->fd, file->buf + file->len, FOLLOW_BUF_BYTES - file->len,
			(off_t)file->offset);
		if (got <= 0)
			break;
		file->len += (size_t)got;
		file->offset += (uint64_t)got;
		total += (size_t)got;
		give(follow, file, record_bytes, each, context);
	}
	return total;
}

/* Another file under the name, or the same cut short. */
static void look_for_rotation(struct follow *follow)
{
	struct follow_file *now = &follow->now;
	struct stat st;

	if (now->fd < 0) {
		(void)file_open(now, follow->path, false);
		return;
	}
	if (stat(follow->path, &st) != 0)
		return; /* renamed, the new one is not there yet */
	if (st.st_dev == now->dev && st.st_ino == now->ino) {
		if ((uint64_t)st.st_size < now->offset) {
			now->offset = 0;
			now->len = 0;
			follow->rotations++;
		}
		return;
	}
	file_close(&follow->old);
	follow->old = *now;
	follow->old_until_ns = clock_monotonic_ns() + FOLLOW_OLD_NS;
	follow->rotations++;
	(void)file_open(now, follow->path, false);
}

size_t follow_read(struct follow *follow, size_t record_bytes, size_t limit,
	void (*each)(void *context, struct str record), void *context)
{
	size_t total = file_read(follow, &follow->old, record_bytes, limit, each, context);

	if (follow->old.fd >= 0 && clock_monotonic_ns() > follow->old_until_ns)
		file_close(&follow->old);
	total += file_read(follow, &follow->now, record_bytes, limit, each, context);
	if (total >= limit)
		return total;
	look_for_rotation(follow);
	return total + file_read(follow, &follow->now, record_bytes, limit, each, context);
}
