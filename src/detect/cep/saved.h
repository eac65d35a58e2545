/* State as bytes: "MLNCEP1\n", then
 *
 *   now       nanoseconds: the latest event
 *   names     count, each length and bytes: fields of the events below
 *   events    count, each time, index, file index, source, kind, count of fields, each number of its
 *             name (from 0) and value
 *   sections  until the end, each 'P' (a plan) or 'R' (a relation), 16 bytes of content hash, count
 *             of items, length in bytes, and the items in the order in which they expire
 *
 * Numbers are varints; numbers of events begin with 1, 0 is none. What an item is depends on the type
 * of plan: save.c writes and restore.c reads them side by side. Internal to detect/cep. */
#ifndef MERLON_DETECT_CEP_SAVED_H
#define MERLON_DETECT_CEP_SAVED_H
#include "detect/cep/store.h"

#define SAVED_MAGIC STR("MLNCEP1\n")

enum { ITEM_WAITING = 1, ITEM_SPOILED = 2, ITEM_DONE = 4, ITEM_HELD = 8 };

/* What a plan or a relation says, as a number that is the same after a restart. */
struct content {
	uint64_t hash[2];
};
struct contents {
	struct content *plans, *relations; /* by number */
};
/* false: out of memory. */
bool contents_make(const struct cep *cep, struct contents *ret);
void contents_destroy(struct contents *contents);
#endif
