/* Facts of running processes, from the operating system. */
#ifndef MERLON_OS_PROCESS_H
#define MERLON_OS_PROCESS_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"
struct err;

#define OS_ID_UNKNOWN UINT32_MAX

struct os_process {
	uint32_t pid, ppid, pgid, sid;
	uint64_t start_ns; /* wall clock; good to os_process_start_grain_ns() */
	uint32_t uid, euid, suid, gid, egid, sgid; /* OS_ID_UNKNOWN when it could not be read */
	uint32_t login_uid;	       /* audit login uid; OS_ID_UNKNOWN: never logged in */
	uint32_t audit_session;	       /* OS_ID_UNKNOWN: none */
	uint32_t tty_major, tty_minor; /* 0, 0: none */
	bool kernel_thread;
	bool executable_deleted;
	bool interactive; /* standard input is a terminal */
	uint64_t inode;	  /* of the executable; 0: unknown */
	struct str name;  /* short name that the kernel keeps (comm) */
	struct str executable, working_directory;
	struct str arguments; /* each ends with NUL */
	struct str cgroup;    /* control group path, version 2 or the systemd hierarchy */
};

/* Pids of all processes in ascending order, in the arena. Returns 0, -ENOMEM, or a negative errno
 * with err saying what could not be read. */
int os_process_pids(struct arena *arena, uint32_t **ret_pids, uint32_t *ret_count, struct err *err);
/* One process; texts in the arena. Its start is told as os_boot_offset_ns() says. -ESRCH when it is gone, -ENOMEM. What may not be read is left empty. */
int os_process_read(struct arena *arena, uint32_t pid, struct os_process *ret);
/* Opens the file that a process runs, for reading: the very file where the system can still tell,
 * else what lies at path now. Returns a descriptor or a negative errno. */
int os_process_open_image(uint32_t pid, const char *path);
/* Gives this thread only the time that nobody else wants. */
void os_thread_set_background(void);
/* How far start_ns may lie before what the kernel's own events say. */
uint64_t os_process_start_grain_ns(void);
#endif
