#include "sensor/log/follow_set.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "base/err.h"

/* Files may be made anew: the directories tell of that. */
static void watch(struct follow_set *set, const struct follow *file)
{
	char directory[512];
	const char *slash = strrchr(file->path, '/');

	if (set->inotify < 0)
		return;
	(void)inotify_add_watch(set->inotify, file->path, IN_MODIFY | IN_MOVE_SELF);
	if (slash == NULL || (size_t)(slash - file->path) >= sizeof(directory))
		return;
	(void)snprintf(directory, sizeof(directory), "%.*s", (int)(slash - file->path), file->path);
	(void)inotify_add_watch(set->inotify, directory, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

int follow_set_open(struct follow_set *set, const char *const *paths, struct err *err)
{
	int refused = 0;
	const char *which = NULL;

	set->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	set->count = set->present_count = 0;
	for (; *paths != NULL && set->count < FOLLOW_SET_MAX; paths++) {
		struct follow *file = &set->files[set->count];
		int code = follow_open(file, *paths);
		if (code != 0) {
			refused = code;
			which = *paths;
			continue;
		}
		set->count++;
		if (file->now.fd >= 0)
			set->present_count++;
		watch(set, file);
	}
	if (refused == 0 || set->present_count > 0)
		return 0;
	follow_set_close(set);
	return err_set(err, refused, "%s: %s (reading logs needs root or the group adm)", which,
		strerror(-refused));
}

void follow_set_close(struct follow_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		follow_close(&set->files[i]);
	set->count = 0;
	if (set->inotify >= 0)
		close(set->inotify);
	set->inotify = -1;
}

static void drain(struct follow_set *set)
{
	char buf[4096];

	while (set->inotify >= 0 && read(set->inotify, buf, sizeof(buf)) > 0)
		;
}

struct forward {
	void (*each)(void *context, unsigned file, struct str record);
	void *context;
	unsigned file;
};

static void forward(void *context, struct str record)
{
	struct forward *f = context;
	f->each(f->context, f->file, record);
}

size_t follow_set_read(struct follow_set *set, size_t record_bytes, size_t limit,
	void (*each)(void *context, unsigned file, struct str record), void *context)
{
	struct forward f = {.each = each, .context = context};
	size_t total = 0;
	bool more = false;

	/* before reading: what is written from here on wakes us again */
	drain(set);
	for (unsigned i = 0; i < set->count; i++) {
		struct follow *file = &set->files[i];
		ino_t before = file->now.fd < 0 ? 0 : file->now.ino;
		f.file = i;
		size_t got = follow_read(file, record_bytes, limit, forward, &f);
		more |= got >= limit;
		total += got;
		if (file->now.fd >= 0 && file->now.ino != before)
			watch(set, file);
	}
	/* a mark that is taken back at once: the descriptor stays readable until all is read */
	if (more && set->inotify >= 0 && set->count > 0) {
		int mark = inotify_add_watch(set->inotify, "/", IN_CREATE);
		if (mark >= 0)
			(void)inotify_rm_watch(set->inotify, mark);
	}
	return total;
}
