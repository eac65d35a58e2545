/* What the probes hand over through the ring: a fixed part by record type, then texts. Compiled by
 * clang -target bpf and by the agent; both come from one build, so there is no version. Host byte
 * order. */
#ifndef MERLON_SENSOR_BPF_WIRE_H
#define MERLON_SENSOR_BPF_WIRE_H
#include <linux/types.h>

enum wire_type {
	WIRE_none,
	WIRE_fork,
	WIRE_exec,
	WIRE_exit,
	WIRE_call,   /* a system call with its texts: most file and credential acts */
	WIRE_file,   /* an open file: open, close after write, mapped code */
	WIRE_socket, /* an act on a socket */
	WIRE_signal,
	WIRE_dns,
	WIRE_uring,
	WIRE_audit, /* any system call of an audited process */
	WIRE_bpf,
	WIRE_TYPES,
};

/* Follows the fixed part, as many as fit: head, then len bytes, padded to 4. */
enum wire_tag {
	TEXT_none,
	TEXT_path,  /* as the caller wrote it, or resolved when there is no TEXT_base for it */
	TEXT_base,  /* what TEXT_path is relative to */
	TEXT_path2, /* second path of the call */
	TEXT_base2,
	TEXT_string, /* another string argument */
	TEXT_args,   /* NUL-terminated, one behind the other */
	TEXT_env,    /* NAME=value, one */
	TEXT_cwd,
	TEXT_tty,
	TEXT_payload, /* bytes of a packet */
	TEXT_peer,    /* sockaddr the caller gave */
	TEXT_local,   /* sockaddr_un path of this end */
};
#define TEXT_INCOMPLETE 1 /* cut, too deep, or not readable */
#define TEXT_DETACHED	2 /* a file without a place in the tree: memfd, deleted directory */
#define TEXT_LEAF_FIRST 4 /* a path as NUL-terminated names, from the file up: path_turn_around() */
struct wire_text {
	__u8 tag, flags;
	__u16 len;
};

struct wire_head {
	__u32 len; /* of all */
	__u8 type; /* enum wire_type */
	__u8 kind; /* enum event_kind the probe already knows, or 0 */
	__u16 flags;
	__u64 time_ns;	/* since boot */
	__u64 start_ns; /* of the process, since boot */
	__u32 pid, tid; /* host's namespace */
	__u32 generation;
	__u32 uid, gid; /* effective */
	__u32 fixed;	/* where the texts begin */
};
#define WIRE_URING 1 /* head.flags: came through io_uring; whether it worked is not known */

struct wire_ids {
	__u32 uid, euid, suid, gid, egid, sgid;
};

struct wire_file_facts {
	__u64 inode, size;
	__u32 device, nlink, uid, gid, mode;
	__u32 reserved;
};

/* fork and exec describe the new process or image whole, so that the graph needs no other source */
struct wire_process {
	struct wire_head head; /* of the new process */
	__u64 parent_start_ns;
	__u32 ppid, session, group, vpid;
	struct wire_ids ids;
	__u64 caps_permitted, caps_effective;
	__u32 loginuid, sessionid;
	__u64 cgroup, cgroup_v1; /* the latter 0 unless asked for */
	__u32 mnt_ns, pid_ns;
	__u16 tty_major, tty_minor;
	__u8 interactive, args_cut, by_thread, reserved;
	__u32 argc;
	__u32 args_bytes; /* before the cut */
	char comm[16];
	struct wire_file_facts exe;
};

struct wire_exit {
	struct wire_head head;
	__s32 code; /* as wait(2) gives it */
	__u32 ppid;
};

struct wire_call {
	struct wire_head head;
	__s64 result;
	__u64 args[6];
	__u32 number, compat;
	struct wire_ids before, after; /* credential calls */
	__u64 caps_before, caps_after;
	__u32 target_pid, target_tid;
	__u64 target_start_ns;
	__u32 session, reserved;
	struct wire_file_facts file; /* calls on a descriptor */
};

struct wire_file {
	struct wire_head head;
	__u32 flags; /* of open; file_flags_change: the new file flags */
	__s32 fd;
	__u32 created, reserved;
	struct wire_file_facts file;
};

struct wire_socket {
	struct wire_head head;
	__s64 result;
	__u16 family, type, protocol, local_port, peer_port;
	__u16 reserved[3];
	__u8 local[16], peer[16];
	__s32 fd;
	__u32 reserved2;
	__u64 sent_bytes, received_bytes; /* network_disconnect: what the peer has got, and sent */
};

struct wire_signal {
	struct wire_head head;
	__u32 signal, target_pid;
	__u64 target_start_ns;
	__s32 code, result;
};

struct wire_dns {
	struct wire_head head;
	__u8 local[16], peer[16];
	__u16 local_port, peer_port, family, protocol;
	__u32 incoming;
	__u32 reserved;
};

struct wire_uring {
	struct wire_head head;
	__u32 opcode, reserved;
	__u64 args[2];
};

struct wire_bpf {
	struct wire_head head;
	__s64 result;
	__u32 program_type, attach_type;
	char name[16];
};
#endif
