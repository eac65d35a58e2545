/* Lines to a file that rotates, or to standard output. Made to survive: a full disk loses lines,
 * which are counted and reported, never the process or a part of a line. One thread. */
#ifndef MERLON_AGENT_SINK_H
#define MERLON_AGENT_SINK_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
struct err;

struct sink_options {
	uint64_t rotate_bytes; /* 0: never */
	unsigned keep_count;   /* older files PATH.1 … PATH.n */
	size_t buffer_bytes;   /* 0: 256 KiB */
	bool from_empty;       /* what the file held before goes */
};
struct sink_stats {
	uint64_t lines, bytes, lost_lines, rotations;
	int last_error; /* negative errno of the last failure, 0 when writing works */
};
struct sink;
/* "-" is standard output, which never rotates. Creates the file with mode 0600, appends;
 * a link in its place is refused. */
int sink_open(
	const char *path, const struct sink_options *options, struct sink **ret, struct err *err);
/* Takes one line without its newline. Written when the buffer is full or at sink_flush(). */
void sink_line(struct sink *sink, struct str line);
/* As sink_line but bytes as they are (recordings); a piece is written whole or not at all. */
void sink_bytes(struct sink *sink, struct str bytes);
/* Returns 0, or the negative errno that kept lines from being written. */
int sink_flush(struct sink *sink);
void sink_stats(const struct sink *sink, struct sink_stats *ret);
int sink_close(struct sink *sink); /* flushes; NULL does nothing */
#endif
