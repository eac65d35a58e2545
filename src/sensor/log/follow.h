/* A file that others append to, followed over rotation: by a new inode under the same name (what
 * is still written to the old one is read for a while) and by truncation. */
#ifndef MERLON_SENSOR_LOG_FOLLOW_H
#define MERLON_SENSOR_LOG_FOLLOW_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/str.h"

#define FOLLOW_BUF_BYTES ((size_t)256 * 1024)  /* the longest record */
#define FOLLOW_OLD_NS	 UINT64_C(10000000000) /* how long a rotated file is read on */

struct follow_file {
	int fd; /* -1: none */
	dev_t dev;
	ino_t ino;
	uint64_t offset;
	char *buf; /* FOLLOW_BUF_BYTES, owned; bytes read and not yet used */
	size_t len;
};

struct follow {
	const char *path; /* borrowed */
	struct follow_file now, old;
	uint64_t old_until_ns;	       /* monotonic */
	uint64_t rotations, cut_count; /* cut: records longer than the buffer */
};

/* From the file's end, so that only what comes is read; a file that appears later is read whole.
 * Returns 0 also when there is no such file yet; -EACCES and the like otherwise. */
int follow_open(struct follow *follow, const char *path);
void follow_close(struct follow *follow);

/* Reads what there is, at most limit bytes, and calls back with whole records: lines without their
 * end, or record_bytes each when that is not 0. Looks for rotation when at the end. Returns the
 * bytes read. */
size_t follow_read(struct follow *follow, size_t record_bytes, size_t limit,
	void (*each)(void *context, struct str record), void *context);
#endif
