/* What the agent tells the probes: lives in the BPF object's .bss, which both sides map, so that a
 * change of what is wanted needs no system call and takes effect at once. */
#ifndef MERLON_SENSOR_BPF_CONTROL_H
#define MERLON_SENSOR_BPF_CONTROL_H
#include <linux/types.h>

#define CONTROL_CALLS	 512 /* system call numbers stay below; 32-bit callers follow from here */
#define CONTROL_CPUS	 256 /* loss counters; greater CPU numbers share */
#define CONTROL_READ_MAX 256 /* bytes of a watched path prefix that are looked at */
#define ARGS_MAX	 32768

/* Programs that the exit probe jumps to. */
enum call_handler {
	CALL_none,
	CALL_generic, /* texts of the shape */
	CALL_open,
	CALL_mapped, /* mmap, mprotect */
	CALL_socket,
	CALL_identity, /* setuid and its kin; needs the enter side */
	CALL_target,   /* ptrace and its kin: argument 0 or 1 is a process */
	CALL_bpf,
	CALL_flags, /* ioctl that sets file flags */
	CALL_send,  /* sendto and its kin, to a peer */
	CALL_audit,
	CALL_HANDLERS,
};
/* What the enter probe does. */
enum enter_handler {
	ENTER_none,
	ENTER_close,	   /* descriptor in argument 0 */
	ENTER_replace,	   /* dup2: descriptor in argument 1 */
	ENTER_close_range, /* arguments 0 to 1 */
	ENTER_identity,
	ENTER_HANDLERS,
};

enum shape_how {
	SHAPE_none,
	SHAPE_at, /* path argument b, relative to descriptor argument a (SHAPE_CWD: to the cwd) */
	SHAPE_fd, /* the path of descriptor argument a */
	SHAPE_string, /* string argument b */
	SHAPE_xat,    /* as SHAPE_at, and an empty or absent path means the descriptor itself */
};
#define SHAPE_CWD 7
struct call_text {
	__u8 how, a, b, reserved;
};
#define SHAPE_FAILED   1 /* report calls that failed, too */
#define SHAPE_FD_FACTS 2 /* wire_call.file from descriptor argument text[0].a */
#define SHAPE_PIDFD    4 /* CALL_target: argument is no pid */
struct call_shape {
	__u8 handler; /* enum call_handler */
	__u8 kind;    /* enum event_kind */
	__u8 flags;
	__u8 target; /* CALL_target: number of the pid argument; CALL_socket: of the sockaddr, or 7 */
	struct call_text text[3];
};

#define CONTROL_READ   1 /* some paths are watched */
#define CONTROL_ENV    2 /* some environment names are wanted */
#define CONTROL_AUDIT  4 /* some processes are audited */
#define CONTROL_WRITES 8 /* remember files opened for writing: file_modify is wanted */
#define CONTROL_OPENS \
	16 /* opening for writing is an event everywhere, not only below watched paths */
#define CONTROL_CGROUP 32 /* the memory controller is of version 1: tell its group as well */

/* Values of the map of watched paths: opening what is an event. */
#define WATCH_READ  1
#define WATCH_WRITE 2

/* First components of the watched paths, as the first bytes of their names: most opens are of files
 * that lie below none of them and need not be resolved. */
#define CONTROL_TOPS 16

#define WATCHED_RETURN 1 /* by callers of the native kind, or 32-bit ones */
#define WATCHED_ENTER  2

struct control {
	__u64 kinds[3];
	__u32 self_pid;
	__u32 flags;
	__u64 tops[CONTROL_TOPS];
	__u8 top_watch[CONTROL_TOPS]; /* WATCH_… */
	__u32 top_count;	      /* 0: look at all paths */
	__u32 reserved;
	__u64 wake_bytes; /* wake the reader when this much waits */
	__u32 resting; /* the reader does not look by itself: the next record wakes it and clears this */
	__u32 reserved2;
	__u8 watched[CONTROL_CALLS]; /* WATCHED_…: what most calls are decided by */
	__u8 enter[2 * CONTROL_CALLS];
	struct call_shape calls[2 * CONTROL_CALLS];
};

struct control_loss {
	__u64 lost, wakes;
	__u64 pad[6];
};
#endif
