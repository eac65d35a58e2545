/* Acts on files. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <linux/fs.h>
#include <unistd.h>
#include "scene.h"

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -1;
	return close(fd);
}

static int create_and_write(const char *dir)
{
	return put("new.txt", "one");
}

static int open_without_write(const char *dir)
{
	if (put("old.txt", "one") < 0)
		return 1;
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open("old.txt", O_WRONLY);
		_exit(fd < 0 ? 1 : close(fd));
	}
	return waitpid(pid, NULL, 0) != pid;
}

static int rewrite(const char *dir)
{
	if (put("again.txt", "one") < 0)
		return 1;
	usleep(20000); /* times of files are only good to a tick */
	int fd = open("again.txt", O_RDWR);
	return fd < 0 || pwrite(fd, "ONE", 3, 0) != 3 || close(fd) < 0;
}

static int close_by_dup(const char *dir)
{
	int fd = open("dup.txt", O_WRONLY | O_CREAT, 0644), other = open("/dev/null", O_WRONLY);
	if (fd < 0 || other < 0 || write(fd, "x", 1) != 1)
		return 1;
	return dup2(other, fd) < 0;
}

static int close_by_exit(const char *dir)
{
	int fd = open("left.txt", O_WRONLY | O_CREAT, 0644);
	return fd < 0 || write(fd, "x", 1) != 1;
}

static int close_twice(const char *dir)
{
	int fd = open("shared.txt", O_WRONLY | O_CREAT, 0644), second = dup(fd);
	if (fd < 0 || second < 0 || close(fd) < 0)
		return 1;
	return write(second, "xyz", 3) != 3 || close(second) < 0;
}

static int rename_over(const char *dir)
{
	return put("a", "a") < 0 || put("b.conf", "b") < 0 || rename("a", "b.conf") < 0;
}

static int rename_across(const char *dir)
{
	if (mkdir("from", 0755) < 0 || mkdir("to", 0755) < 0 || put("from/x", "x") < 0)
		return 1;
	int from = open("from", O_PATH | O_DIRECTORY), to = open("to", O_PATH | O_DIRECTORY);
	return renameat(from, "x", to, "./../to/y.sh") < 0;
}

static int exchange(const char *dir)
{
	if (put("left", "l") < 0 || put("right", "r") < 0)
		return 1;
	return renameat2(AT_FDCWD, "left", AT_FDCWD, "right", RENAME_EXCHANGE) < 0;
}

static int removals(const char *dir)
{
	int here = open(".", O_PATH | O_DIRECTORY);
	if (put("one", "1") < 0 || put("two", "2") < 0 || mkdir("three", 0755) < 0)
		return 1;
	return unlink("one") < 0 || unlinkat(here, "two", 0) < 0 || rmdir("three") < 0;
}

static int failed_removal(const char *dir)
{
	return unlink("nothing-here") == 0;
}

static int links(const char *dir)
{
	if (put("real", "x") < 0)
		return 1;
	return link("real", "hard") < 0 || symlink("/etc/passwd", "soft") < 0;
}

static int cuts(const char *dir)
{
	if (put("cut", "0123456789") < 0 || truncate("cut", 5) < 0)
		return 1;
	int fd = open("cut", O_RDWR);
	return fd < 0 || ftruncate(fd, 2) < 0 || close(fd) < 0;
}

static int modes(const char *dir)
{
	if (put("tool", "x") < 0 || chmod("tool", 04755) < 0 || put("other", "x") < 0)
		return 1;
	int fd = open("other", O_RDONLY);
	return fchmod(fd, 0700) < 0;
}

static int owners(const char *dir)
{
	if (put("mine", "x") < 0 || chown("mine", 1234, 4321) < 0)
		return 1;
	return fchownat(AT_FDCWD, "mine", 77, (gid_t)-1, 0) < 0;
}

static int attributes(const char *dir)
{
	if (put("marked", "x") < 0)
		return 1;
	if (setxattr("marked", "user.odd", "v", 1, 0) < 0)
		return errno == EOPNOTSUPP ? ACT_SKIP : 1;
	return removexattr("marked", "user.odd") < 0;
}

static int file_flags(const char *dir)
{
	int fd = open("fixed", O_RDWR | O_CREAT, 0644), flags = 0;
	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return ACT_SKIP;
	flags |= FS_NODUMP_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? ACT_SKIP : 0;
}

static int times(const char *dir)
{
	struct timespec when[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	return put("old", "x") < 0 || utimensat(AT_FDCWD, "old", when, 0) < 0;
}

static int read_watched(const char *dir)
{
	char buf[8];
	if (put("secret", "x") < 0)
		return 1;
	int fd = open("./../read_watched/secret", O_RDONLY);
	return fd < 0 || read(fd, buf, 1) != 1;
}

static int look_unwatched(const char *dir)
{
	int fd = open("/etc/passwd", O_RDONLY);
	return fd < 0 || close(fd) < 0;
}

static int relative_paths(const char *dir)
{
	if (mkdir("deep", 0755) < 0 || mkdir("deep/er", 0755) < 0 || chdir("deep/er") < 0)
		return 1;
	return put("../up.txt", "x") < 0 || unlink("./.././up.txt") < 0;
}

static int mounts(const char *dir)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return ACT_SKIP;
	if (mkdir("m", 0755) < 0 || mount("odd-source", "m", "tmpfs", MS_NOEXEC, NULL) < 0)
		return ACT_SKIP;
	if (put("m/inside", "x") < 0)
		return 1;
	return umount2("m", MNT_DETACH) < 0;
}

static int new_root(const char *dir)
{
	if (mkdir("jail", 0755) < 0 || mkdir("jail/sub", 0755) < 0)
		return 1;
	if (chroot("jail") < 0 || chdir("/sub") < 0)
		return ACT_SKIP;
	return put("/kept", "x") < 0 || mkdir("/made", 0755) < 0 || rmdir("/../made") < 0;
}

static int long_path(const char *dir)
{
	char name[201];
	memset(name, 'n', 200);
	name[200] = 0;
	for (int i = 0; i < 10; i++)
		if (mkdir(name, 0755) < 0 || chdir(name) < 0)
			return 1;
	return put("end.txt", "x") < 0;
}

static int sink(const char *dir)
{
	int fd = open("/dev/null", O_WRONLY);
	return fd < 0 || write(fd, "x", 1) != 1 || close(fd) < 0;
}

#ifdef __x86_64__
static int call_32bit(const char *dir)
{
	long result;
	char *low = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return ACT_SKIP;
	memcpy(low, "by32", 5);
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(39), "b"(low), "c"(0755)
			 : "memory", "r8", "r9", "r10", "r11");
	return result == 0 ? 0 : ACT_SKIP; /* a kernel without 32-bit calls */
}
#else
static int call_32bit(const char *dir)
{
	return ACT_SKIP;
}
#endif

#define PATH FIELD_file_path
#define FROM FIELD_file_Ext_original_path
#define API  FIELD_process_Ext_api_name
const struct act acts_file[] = {
	{"create_and_write", 0, create_and_write,
		{{KIND_file_create,
			 {{PATH, "%D/new.txt"}, {FIELD_file_name, "new.txt"},
				 {FIELD_file_extension, "txt"}, {FIELD_process_pid, "%P"}}},
			{KIND_file_modify, {{PATH, "%D/new.txt"}}}},
		{{KIND_file_open, {{PATH, "%D/new.txt"}}}}},
	{"open_without_write", NEEDS_BPF, open_without_write,
		{{KIND_file_open, {{PATH, "%D/old.txt"}}},
			{KIND_file_modify, {{FIELD_process_pid, "%P"}}}},
		{{KIND_file_modify, {{PATH, "%D/old.txt"}, {FIELD_process_parent_pid, "%P"}}}}},
	{"rewrite", 0, rewrite, {{KIND_file_modify, {{PATH, "%D/again.txt"}}}}, {{0}}},
	{"close_by_dup", 0, close_by_dup, {{KIND_file_modify, {{PATH, "%D/dup.txt"}}}}, {{0}}},
	{"close_by_exit", 0, close_by_exit, {{KIND_file_modify, {{PATH, "%D/left.txt"}}}}, {{0}}},
	{"close_twice", 0, close_twice, {{KIND_file_modify, {{PATH, "%D/shared.txt"}}}}, {{0}}},
	{"rename_over", 0, rename_over,
		{{KIND_file_rename,
			{{PATH, "%D/b.conf"}, {FROM, "%D/a"}, {FIELD_file_extension, "conf"},
				{FIELD_file_Ext_original_name, "a"}}}},
		{{0}}},
	{"rename_across", 0, rename_across,
		{{KIND_file_rename, {{PATH, "%D/to/y.sh"}, {FROM, "%D/from/x"}}}}, {{0}}},
	{"exchange", NEEDS_BPF, exchange,
		{{KIND_file_exchange, {{PATH, "%D/right"}, {FROM, "%D/left"}}}},
		{{KIND_file_rename, {{PATH, "%D/right"}}}}},
	{"removals", 0, removals,
		{{KIND_file_delete, {{PATH, "%D/one"}}}, {KIND_file_delete, {{PATH, "%D/two"}}},
			{KIND_file_delete, {{PATH, "%D/three"}}},
			{KIND_file_create, {{PATH, "%D/three"}, {FIELD_file_type, "dir"}}}},
		{{0}}},
	{"failed_removal", 0, failed_removal, {{KIND_process_exit, {{0}}}},
		{{KIND_file_delete, {{0}}}}},
	{"links", NEEDS_BPF, links,
		{{KIND_file_link, {{PATH, "%D/hard"}, {FIELD_file_target_path, "%D/real"}}},
			{KIND_file_link,
				{{PATH, "%D/soft"}, {FIELD_file_target_path, "/etc/passwd"},
					{FIELD_file_type, "symlink"}}}},
		{{0}}},
	{"cuts", NEEDS_BPF, cuts,
		{{KIND_file_truncate, {{PATH, "%D/cut"}, {API, "truncate"}}},
			{KIND_file_truncate, {{PATH, "%D/cut"}, {API, "ftruncate"}}}},
		{{0}}},
	{"modes", NEEDS_BPF, modes,
		{{KIND_file_mode_change, {{PATH, "%D/tool"}, {FIELD_file_mode, "04755"}}},
			{KIND_file_mode_change, {{PATH, "%D/other"}, {FIELD_file_mode, "0700"}}}},
		{{0}}},
	{"owners", NEEDS_BPF, owners,
		{{KIND_file_owner_change,
			 {{PATH, "%D/mine"}, {FIELD_file_uid, "1234"}, {FIELD_file_gid, "4321"}}},
			{KIND_file_owner_change, {{PATH, "%D/mine"}, {FIELD_file_uid, "77"},
							 {FIELD_file_gid, "!"}}}},
		{{0}}},
	{"attributes", NEEDS_BPF, attributes,
		{{KIND_file_xattr_set, {{PATH, "%D/marked"}, {FIELD_file_Ext_xattr, "user.odd"}}},
			{KIND_file_xattr_delete,
				{{PATH, "%D/marked"}, {FIELD_file_Ext_xattr, "user.odd"}}}},
		{{0}}},
	{"file_flags", NEEDS_BPF, file_flags, {{KIND_file_flags_change, {{PATH, "%D/fixed"}}}},
		{{0}}},
	{"times", NEEDS_BPF, times, {{KIND_file_times_change, {{PATH, "%D/old"}}}}, {{0}}},
	{"read_watched", NEEDS_BPF, read_watched, {{KIND_file_open, {{PATH, "%D/secret"}}}}, {{0}}},
	{"look_unwatched", 0, look_unwatched, {{KIND_process_exit, {{0}}}},
		{{KIND_file_open, {{PATH, "/etc/passwd"}}}}},
	{"relative_paths", 0, relative_paths,
		{{KIND_file_create, {{PATH, "%D/deep/up.txt"}}},
			{KIND_file_delete, {{PATH, "%D/deep/up.txt"}}}},
		{{0}}},
	{"mounts", NEEDS_BPF, mounts,
		{{KIND_file_mount,
			 {{PATH, "%D/m"}, {FIELD_file_Ext_device_mount_source, "odd-source"},
				 {FIELD_file_Ext_device_mount_type, "tmpfs"},
				 {FIELD_file_Ext_device_mount_flags, "8"}}},
			{KIND_file_create, {{PATH, "%D/m/inside"}}},
			{KIND_file_unmount, {{PATH, "%D/m"}}}},
		{{0}}},
	{"new_root", NEEDS_BPF, new_root,
		{{KIND_process_chroot, {{PATH, "%D/jail"}}},
			{KIND_file_create, {{PATH, "%D/jail/kept"}}},
			{KIND_file_create, {{PATH, "%D/jail/made"}}},
			{KIND_file_delete, {{PATH, "%D/jail/made"}}}},
		{{0}}},
	{"long_path", NEEDS_BPF, long_path,
		{{KIND_file_create, {{FIELD_file_name, "end.txt"}, {PATH, "~%D/nnn"}}}}, {{0}}},
	{"sink", 0, sink, {{KIND_process_exit, {{0}}}}, {{KIND_file_open, {{PATH, "/dev/null"}}}}},
	{"call_32bit", NEEDS_BPF, call_32bit,
		{{KIND_file_create, {{PATH, "%D/by32"}, {API, "mkdir"}}}}, {{0}}},
	{0},
};
