/* Linux audit spreads one system call over several records with the same serial number (SYSCALL,
 * EXECVE, CWD, PATH…, PROCTITLE). Here they come together again and become one native event. */
#ifndef MERLON_SENSOR_AUDIT_AUDIT_GROUP_H
#define MERLON_SENSOR_AUDIT_AUDIT_GROUP_H
#include "event/event.h"
#include "sensor/audit/audit_line.h"

#define AUDIT_GROUPS_MAX      64
#define AUDIT_GROUP_PATHS_MAX 32
#define AUDIT_GROUP_WAIT_NS   UINT64_C(2000000000) /* event time, as ausearch waits */

struct audit_path {
	struct str name, nametype, inode, mode, dev, ouid, ogid;
};

struct audit_group {
	bool used, closed; /* closed: its last record was seen */
	uint64_t serial, time_ns;
	uint64_t index, file_index; /* record numbers of the SYSCALL record, for the event */
	uint64_t order;
	struct str node;
	struct arena arena;
	struct audit_line call; /* the SYSCALL record, copied; call.type empty without */
	struct audit_path paths[AUDIT_GROUP_PATHS_MAX];
	uint32_t path_count;
	struct str cwd, title, saddr, address, port, module;
	struct str target_pid, target_uid, target_comm;
	struct str *args;
	uint32_t arg_count, arg_capacity;
	bool args_seen, args_truncated;
	int args_open; /* number of the argument whose pieces are being read, or -1 */
};

struct audit_groups {
	struct audit_group *groups; /* AUDIT_GROUPS_MAX, owned */
	uint32_t used;
	uint64_t orders;
	uint64_t latest_ns;
	uint64_t incomplete_count; /* given out without all their records */
};

int audit_groups_create(struct audit_groups *groups);
void audit_groups_destroy(struct audit_groups *groups);
void audit_groups_clear(struct audit_groups *groups);

/* Takes what a record adds; records of other types are ignored. Copies what it needs. When all
 * places are taken the oldest is lost, so take first. */
void audit_groups_add(struct audit_groups *groups, const struct audit_line *line, uint64_t index,
	uint64_t file_index);
/* The next group that is complete, or has waited long enough, or must make room; with all, any.
 * NULL when none. The group is the caller's until audit_group_release(). */
struct audit_group *audit_groups_take(struct audit_groups *groups, bool all);
void audit_group_release(struct audit_groups *groups, struct audit_group *group);

/* Appends the native event of a group. NULL when its call has none, failed, or memory ran out. */
struct event *audit_group_event(struct batch *batch, const struct audit_group *group);

/* The native event of a record that stands alone (USER_LOGIN, ADD_USER, BPF …); NULL when there is
 * none. */
struct event *audit_user_event(struct batch *batch, const struct audit_line *line);
#endif
