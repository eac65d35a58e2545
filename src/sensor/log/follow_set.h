/* Several followed files and a descriptor that becomes readable when one of them may have grown. */
#ifndef MERLON_SENSOR_LOG_FOLLOW_SET_H
#define MERLON_SENSOR_LOG_FOLLOW_SET_H
#include "sensor/log/follow.h"
struct err;

#define FOLLOW_SET_MAX 32

struct follow_set {
	int inotify; /* -1: not available, then poll by time */
	struct follow files[FOLLOW_SET_MAX];
	unsigned count;
	unsigned present_count; /* that existed at the begin */
};

/* paths end with NULL and are borrowed. Files that are not there yet are waited for; one that may
 * not be read fails with -EACCES, unless others can. */
int follow_set_open(struct follow_set *set, const char *const *paths, struct err *err);
void follow_set_close(struct follow_set *set);

/* Reads all files, at most limit bytes each. Returns the bytes read. */
size_t follow_set_read(struct follow_set *set, size_t record_bytes, size_t limit,
	void (*each)(void *context, unsigned file, struct str record), void *context);
#endif
