#include "agent/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"

#define DEFAULT_BUFFER_BYTES ((size_t)256 * 1024)
#define RETRY_NS	     (NS_PER_S) /* after a failure; until then lines are lost, not waited for */

struct sink {
	struct sink_options options;
	struct sink_stats stats;
	char *path; /* NULL: standard output */
	int fd;
	uint64_t file_bytes; /* written whole so far */
	char *buffer;
	size_t used;
	uint64_t buffered_lines;
	uint64_t retry_at_ns;
};

static int open_file(struct sink *sink)
{
	struct stat st;

	sink->fd = open(sink->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (sink->fd < 0)
		return -errno;
	sink->file_bytes = fstat(sink->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return 0;
}

int sink_open(
	const char *path, const struct sink_options *options, struct sink **ret, struct err *err)
{
	struct sink *sink = calloc(1, sizeof(*sink));

	if (sink == NULL)
		return err_set(err, -ENOMEM, "output '%s': out of memory", path);
	sink->options = *options;
	if (sink->options.buffer_bytes == 0)
		sink->options.buffer_bytes = DEFAULT_BUFFER_BYTES;
	sink->fd = STDOUT_FILENO;
	sink->buffer = malloc(sink->options.buffer_bytes);
	bool file = strcmp(path, "-") != 0;
	sink->path = file ? strdup(path) : NULL;
	int rc = sink->buffer == NULL || (file && sink->path == NULL) ? -ENOMEM : 0;
	if (rc == 0 && file)
		rc = open_file(sink);
	if (rc == 0 && file && options->from_empty && sink->file_bytes > 0) {
		sink->file_bytes = 0;
		rc = ftruncate(sink->fd, 0) != 0 ? -errno : 0;
		if (rc != 0)
			(void)close(sink->fd);
	}
	if (rc != 0) {
		free(sink->path);
		free(sink->buffer);
		free(sink);
		return err_set(err, rc, "cannot write '%s': %s", path, strerror(-rc));
	}
	*ret = sink;
	return 0;
}

/* PATH.n-1 becomes PATH.n …, PATH becomes PATH.1. What cannot be renamed stays: the file goes on. */
static void rotate(struct sink *sink)
{
	char from[4096], to[4096];

	for (unsigned i = sink->options.keep_count; i > 0; i--) {
		(void)snprintf(to, sizeof(to), "%s.%u", sink->path, i);
		if (i > 1)
			(void)snprintf(from, sizeof(from), "%s.%u", sink->path, i - 1);
		else
			(void)snprintf(from, sizeof(from), "%s", sink->path);
		if (rename(from, to) != 0 && errno != ENOENT)
			return;
	}
	if (sink->options.keep_count == 0 && unlink(sink->path) != 0)
		return;
	(void)close(sink->fd);
	if (open_file(sink) == 0)
		sink->stats.rotations++;
}

/* All of it, or none: a cut line would corrupt the line behind it. */
static int write_whole(struct sink *sink, const char *ptr, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(sink->fd, ptr + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int rc = n == 0 ? -EIO : -errno;
			if (done > 0 && sink->path != NULL &&
				ftruncate(sink->fd, (off_t)sink->file_bytes) != 0)
				return -errno;
			return rc;
		}
		done += (size_t)n;
	}
	sink->file_bytes += len;
	sink->stats.bytes += len;
	return 0;
}

int sink_flush(struct sink *sink)
{
	if (sink->used == 0)
		return 0;
	int rc = sink->fd < 0 ? -EBADF : 0;
	if (sink->path != NULL && sink->fd < 0)
		rc = open_file(sink);
	if (rc == 0 && sink->path != NULL && sink->options.rotate_bytes != 0 &&
		sink->file_bytes > 0 && sink->file_bytes + sink->used > sink->options.rotate_bytes)
		rotate(sink);
	if (rc == 0)
		rc = write_whole(sink, sink->buffer, sink->used);
	if (rc == 0) {
		sink->stats.lines += sink->buffered_lines;
		sink->retry_at_ns = 0;
	} else {
		sink->stats.lost_lines += sink->buffered_lines;
		sink->retry_at_ns = clock_monotonic_ns() + RETRY_NS;
	}
	sink->stats.last_error = rc;
	sink->used = 0;
	sink->buffered_lines = 0;
	return rc;
}

static void append(struct sink *sink, struct str bytes, bool newline)
{
	size_t need = bytes.len + (newline ? 1 : 0);

	if (sink->retry_at_ns != 0 && clock_monotonic_ns() < sink->retry_at_ns) {
		sink->stats.lost_lines++;
		return;
	}
	if (sink->used + need > sink->options.buffer_bytes)
		(void)sink_flush(sink);
	if (need > sink->options.buffer_bytes) { /* longer than the buffer ever is */
		char *grown = realloc(sink->buffer, need);
		if (grown == NULL) {
			sink->stats.lost_lines++;
			return;
		}
		sink->buffer = grown;
		sink->options.buffer_bytes = need;
	}
	memcpy(sink->buffer + sink->used, bytes.ptr, bytes.len);
	sink->used += bytes.len;
	if (newline)
		sink->buffer[sink->used++] = '\n';
	sink->buffered_lines++;
}

void sink_line(struct sink *sink, struct str line)
{
	append(sink, line, true);
}

void sink_bytes(struct sink *sink, struct str bytes)
{
	append(sink, bytes, false);
}

void sink_stats(const struct sink *sink, struct sink_stats *ret)
{
	*ret = sink->stats;
}

int sink_close(struct sink *sink)
{
	if (sink == NULL)
		return 0;
	int rc = sink_flush(sink);
	if (sink->path != NULL && sink->fd >= 0 && close(sink->fd) != 0 && rc == 0)
		rc = -errno;
	free(sink->path);
	free(sink->buffer);
	free(sink);
	return rc;
}
