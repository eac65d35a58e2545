/* The members of kernel structs that the probes read, and nothing else. Offsets are relocated at
 * load time from the running kernel's BTF (CO-RE), so neither order nor padding here matter and no
 * vmlinux.h is needed at build time. Names with three underscores are older shapes of the same
 * struct. */
#ifndef MERLON_PROBE_KERNEL_H
#define MERLON_PROBE_KERNEL_H
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__x86_64__) || defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bp, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};
struct thread_info {
	u32 status;
};
#else
struct user_pt_regs {
	u64 regs[31];
};
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
};
struct thread_info {
	unsigned long flags;
};
#endif

struct qstr {
	u32 hash, len;
	const unsigned char *name;
};
struct super_block {
	u32 s_dev;
	unsigned long s_magic;
};
struct inode {
	u16 i_mode;
	struct {
		u32 val;
	} i_uid, i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	u32 i_rdev;
	s64 i_size;
	s64 i_mtime_sec;
	u32 i_mtime_nsec;
};
struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};
struct inode___timespec { /* before 6.6 */
	struct timespec64 i_mtime;
};
struct inode___hidden { /* 6.6 to 6.10 */
	struct timespec64 __i_mtime;
};
struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};
struct dentry___older { /* before 6.15 */
	unsigned char d_iname[1];
};
struct dentry___newer {
	union {
		unsigned char string[1];
	} d_shortname;
};
struct vfsmount {
	struct dentry *mnt_root;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	u32 f_mode;
	u32 f_flags;
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
	s64 f_pos;
};
struct file___ref { /* 6.13 and later */
	struct {
		struct {
			s64 counter;
		} refcnt;
	} f_ref;
};
struct file___count {
	struct {
		s64 counter;
	} f_count;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *open_fds;
};
struct files_struct {
	struct {
		int counter;
	} count;
	struct fdtable *fdt;
};
struct fs_struct {
	struct path root, pwd;
};

struct kernfs_node {
	u64 id;
};
struct cgroup {
	struct kernfs_node *kn;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
};
enum cgroup_subsys_id {
	memory_cgrp_id = 4,
};
struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};
struct ns_common {
	unsigned int inum;
};
struct mnt_namespace {
	struct ns_common ns;
};
struct pid_namespace {
	struct ns_common ns;
	unsigned int level;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
};
struct upid {
	int nr;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};
struct tty_driver {
	int major, minor_start;
};
struct tty_struct {
	int index;
	struct tty_driver *driver;
	char name[64];
};
struct vm_area_struct {
	unsigned long vm_start, vm_end;
	struct file *vm_file;
};
struct signal_struct {
	struct {
		int counter;
	} live;
	int group_exit_code;
	struct pid *pids[4]; /* PIDTYPE_PID, TGID, PGID, SID */
	struct tty_struct *tty;
};
struct cred {
	struct {
		u32 val;
	} uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
	struct {
		u64 val;
	} cap_permitted, cap_effective;
};
struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
};
struct list_head {
	struct list_head *next;
};
struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	struct mm_struct *mm;
	int exit_code;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct pid *thread_pid;
	struct {
		u32 val;
	} loginuid;
	unsigned int sessionid;
	u64 self_exec_id;
	struct list_head ptraced, ptrace_entry;
	struct css_set *cgroups;
};
struct task_struct___start { /* before 5.5 */
	u64 real_start_time;
};
struct linux_binprm {
	const char *filename;
	int argc, envc;
	struct file *file;
};

struct in6_bytes {
	u8 bytes[16];
};
struct sock_common {
	u32 skc_daddr, skc_rcv_saddr;
	u16 skc_dport, skc_num;
	u16 skc_family;
	struct in6_bytes skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol, sk_type;
};
struct tcp_sock {
	u64 bytes_received, bytes_acked;
};
struct socket {
	short type;
	struct sock *sk;
};
struct sockaddr_un {
	u16 sun_family;
};
struct unix_address {
	int len;
	struct sockaddr_un name[1];
};
struct unix_sock {
	struct sock sk;
	struct unix_address *addr;
	struct sock *peer;
};

struct kernel_siginfo {
	int si_signo, si_errno, si_code;
};

struct filename {
	const char *name;
};
struct open_how {
	u64 flags, mode, resolve;
};
struct io_kiocb {
	struct file *file;
	u8 opcode;
};
struct io_open {
	int dfd;
	struct filename *filename;
	struct open_how how;
};
struct io_rename {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};
struct io_unlink {
	int dfd, flags;
	struct filename *filename;
};
struct io_mkdir {
	int dfd;
	u16 mode;
	struct filename *filename;
};
struct io_link {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
};
struct io_connect {
	struct file *file;
	void *addr;
	int addr_len;
};

#pragma clang attribute pop
#endif
