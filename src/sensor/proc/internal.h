/* What the parts of the fallback sensor share. */
#ifndef MERLON_SENSOR_PROC_INTERNAL_H
#define MERLON_SENSOR_PROC_INTERNAL_H
#include "base/arena.h"
#include "os/process.h"
#include "sensor/proc/pids.h"
#include "sensor/sensor.h"

#define READ_MAX	1024 /* watched files and directories */
#define MOUNTS_MAX	64
#define DIRECTORY_CACHE 256
#define DIRECTORY_PATH	1024

struct marked_mount {
	int32_t fsid[2];
	int fd;
};

/* A directory by its file handle, as fanotify names it. */
struct directory {
	uint64_t hash; /* of file system and handle; 0: free */
	uint32_t len;
	char path[DIRECTORY_PATH];
};

struct notify {
	int fd;
	struct marked_mount mounts[MOUNTS_MAX];
	unsigned mount_count;
	struct directory *directories; /* DIRECTORY_CACHE, by hash */
	uint64_t unresolved;	       /* events whose directory could not be found any more */
};

struct proc_sensor {
	struct sensor base;
	struct sensor_want want;
	struct sensor_stats stats;
	int epoll_fd, connector_fd;
	struct notify notify;
	struct pids *pids;
	struct arena scratch;
	uint64_t monotonic_offset_ns; /* to the wall clock, taken once */
	uint32_t self;
};

/* Begins an event of a process, with its pid, start and generation. NULL when nobody wants the
 * kind or the process is this one. time_ns: wall clock. */
struct event *proc_begin(
	struct proc_sensor *s, struct batch *batch, unsigned kind, uint32_t pid, uint64_t time_ns);
void proc_gap(struct proc_sensor *s, struct batch *batch, const char *source);

int connector_open(struct proc_sensor *s, struct err *err);
/* Takes what is there; returns the number of messages. */
int connector_read(struct proc_sensor *s, struct batch *batch);

int notify_open(struct proc_sensor *s, struct err *err);
void notify_close(struct notify *notify);
/* Marks the watched paths anew: also after one was replaced. */
void notify_watch(struct proc_sensor *s);
int notify_read(struct proc_sensor *s, struct batch *batch);
#endif
