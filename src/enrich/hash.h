/* SHA-256 of executables, computed by a thread of its own. What comes of it is an event
 * (KIND_process_hashed), so that a replay sees what the live run saw, when it saw it. Bounded: a
 * full queue refuses, and counts it. Hashes are kept by device, inode, size, mtime and ctime, so a
 * program that runs often is read once. */
#ifndef MERLON_ENRICH_HASH_H
#define MERLON_ENRICH_HASH_H
#include <stdint.h>
#include "base/str.h"
#include "event/event.h"
struct err;

struct hasher_options {
	uint64_t file_limit_bytes; /* larger files are not read; 0: 256 MiB */
};
struct hasher_stats {
	uint64_t asked, hashed, cached, failed;
	uint64_t too_large, refused; /* refused: the queue was full */
	uint64_t bytes;
};

struct hasher;
/* Starts the thread. Returns 0, -ENOMEM or what the system said. */
int hasher_create(const struct hasher_options *options, struct hasher **ret, struct err *err);
void hasher_destroy(struct hasher *hasher); /* waits for the file at hand */

/* Asks for the image of a process that has just run exec. Copies its arguments; never waits for a
 * file. entity_id names the image in the event. inode: of the image, 0 unknown. */
struct hash_request {
	struct str path, entity_id;
	uint32_t pid;
	uint64_t inode;
};
void hasher_ask(struct hasher *hasher, const struct hash_request *request);

/* Adds events for what is done. Returns how many. */
uint32_t hasher_next(struct hasher *hasher, struct batch *batch, uint32_t max);
/* Becomes readable when hasher_next() has work. */
int hasher_poll_fd(const struct hasher *hasher);
struct hasher_stats hasher_stats(struct hasher *hasher);
#endif
