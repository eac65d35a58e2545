#include "os/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "os/boot.h"

#define FILE_BYTES_MAX ((size_t)256 * 1024)
#define PIDS_MAX       (1u << 22) /* the kernel's own bound of pid_max */
#define PF_KTHREAD     0x00200000u
#define STAT_FIELDS    22

uint64_t os_process_start_grain_ns(void)
{
	long ticks = sysconf(_SC_CLK_TCK);

	return NS_PER_S / (uint64_t)(ticks > 0 ? ticks : 100);
}

static int compare_pids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int os_process_pids(struct arena *arena, uint32_t **ret_pids, uint32_t *ret_count, struct err *err)
{
	uint32_t count = 0, capacity = 1024;
	uint32_t *pids = arena_alloc(arena, capacity * sizeof(*pids));
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	uint64_t pid;

	if (dir == NULL)
		return err_set(err, -errno, "/proc cannot be read: %s", strerror(errno));
	while (pids != NULL && count < PIDS_MAX && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' ||
			!str_to_u64(str_of(entry->d_name), &pid) || pid > PIDS_MAX)
			continue;
		if (count == capacity) {
			uint32_t *more = arena_alloc(arena, 2 * capacity * sizeof(*more));
			if (more != NULL)
				memcpy(more, pids, count * sizeof(*pids));
			pids = more;
			capacity *= 2;
			if (pids == NULL)
				break;
		}
		pids[count++] = (uint32_t)pid;
	}
	(void)closedir(dir);
	if (pids == NULL)
		return err_set(err, -ENOMEM, "no memory for the list of processes");
	qsort(pids, count, sizeof(*pids), compare_pids);
	*ret_pids = pids;
	*ret_count = count;
	return 0;
}

/* The whole of a /proc file, up to a bound; empty when it may not be read. */
static struct str read_file(struct arena *arena, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t size = 4096, used = 0;
	char *text;

	if (fd < 0)
		return (struct str){0};
	text = arena_alloc(arena, size);
	while (text != NULL) {
		ssize_t n = read(fd, text + used, size - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used < size)
			continue;
		if (size >= FILE_BYTES_MAX)
			break;
		char *more = arena_alloc(arena, size * 4);
		if (more == NULL)
			break;
		memcpy(more, text, used);
		text = more;
		size *= 4;
	}
	(void)close(fd);
	return text == NULL ? (struct str){0} : str_n(text, used);
}

static struct str read_link(struct arena *arena, int dir, const char *name)
{
	char path[4096];
	ssize_t n = readlinkat(dir, name, path, sizeof(path));

	return n <= 0 ? (struct str){0} : arena_strn(arena, path, (size_t)n);
}

/* pid (comm) state ppid pgrp session tty tpgid flags … starttime; comm may hold anything. */
static bool parse_stat(struct str text, struct os_process *p)
{
	uint64_t fields[STAT_FIELDS + 1] = {0};
	ptrdiff_t open = str_find(text, STR("("));
	size_t close = text.len;

	while (close > 0 && text.ptr[close - 1] != ')')
		close--;
	if (open < 0 || close <= (size_t)open + 1)
		return false;
	p->name = str_n(text.ptr + open + 1, close - 2 - (size_t)open);
	struct str rest = str_trim(str_n(text.ptr + close, text.len - close));
	for (unsigned i = 3; i <= STAT_FIELDS && rest.len > 0; i++)
		(void)str_to_u64(str_cut(&rest, ' '), &fields[i]);
	p->ppid = (uint32_t)fields[4];
	p->pgid = (uint32_t)fields[5];
	p->sid = (uint32_t)fields[6];
	dev_t tty = (dev_t)fields[7];
	p->tty_major = major(tty);
	p->tty_minor = minor(tty);
	p->kernel_thread = (fields[9] & PF_KTHREAD) != 0;
	p->start_ns = os_boot_offset_ns() + fields[22] * os_process_start_grain_ns();
	return true;
}

/* Three ids behind a label: real, effective, saved. */
static void parse_ids(struct str line, uint32_t ids[3])
{
	uint64_t value;

	for (unsigned i = 0; i < 3; i++) {
		line = str_trim(line);
		if (str_to_u64(str_cut(&line, '\t'), &value))
			ids[i] = (uint32_t)value;
	}
}

static void parse_status(struct str text, struct os_process *p)
{
	uint32_t uids[3] = {OS_ID_UNKNOWN, OS_ID_UNKNOWN, OS_ID_UNKNOWN};
	uint32_t gids[3] = {OS_ID_UNKNOWN, OS_ID_UNKNOWN, OS_ID_UNKNOWN};

	while (text.len > 0) {
		struct str line = str_cut(&text, '\n');
		struct str label = str_cut(&line, ':');
		if (str_is(label, "Uid"))
			parse_ids(line, uids);
		else if (str_is(label, "Gid"))
			parse_ids(line, gids);
	}
	p->uid = uids[0], p->euid = uids[1], p->suid = uids[2];
	p->gid = gids[0], p->egid = gids[1], p->sgid = gids[2];
}

/* "0::/path" (version 2), or "N:name=systemd:/path" where that is empty. */
static struct str parse_cgroup(struct str text)
{
	struct str found = {0};

	while (text.len > 0) {
		struct str path = str_cut(&text, '\n');
		(void)str_cut(&path, ':');
		struct str controllers = str_cut(&path, ':');
		if (path.len <= 1)
			continue;
		if (controllers.len == 0)
			return path;
		if (found.len == 0 || str_is(controllers, "name=systemd"))
			found = path;
	}
	return found;
}

static uint32_t read_id(struct arena *arena, int dir, const char *name)
{
	uint64_t value;

	return str_to_u64(str_trim(read_file(arena, dir, name)), &value) ? (uint32_t)value
									 : OS_ID_UNKNOWN;
}

static void read_executable(struct arena *arena, int dir, struct os_process *p)
{
	struct stat st;

	p->executable = read_link(arena, dir, "exe");
	if (str_ends(p->executable, STR(" (deleted)"))) {
		p->executable.len -= STR(" (deleted)").len;
		p->executable_deleted = true;
	}
	if (fstatat(dir, "exe", &st, 0) == 0)
		p->inode = st.st_ino;
}

int os_process_read(struct arena *arena, uint32_t pid, struct os_process *ret)
{
	struct os_process p = {.pid = pid};
	char path[32];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%u", pid);
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -ESRCH;
	if (!parse_stat(read_file(arena, dir, "stat"), &p)) {
		(void)close(dir);
		return -ESRCH;
	}
	parse_status(read_file(arena, dir, "status"), &p);
	p.cgroup = parse_cgroup(read_file(arena, dir, "cgroup"));
	p.login_uid = read_id(arena, dir, "loginuid");
	p.audit_session = read_id(arena, dir, "sessionid");
	if (!p.kernel_thread) {
		read_executable(arena, dir, &p);
		p.working_directory = read_link(arena, dir, "cwd");
		p.arguments = read_file(arena, dir, "cmdline");
		p.interactive = fstatat(dir, "fd/0", &st, 0) == 0 && S_ISCHR(st.st_mode) &&
				((major(st.st_rdev) >= 136 && major(st.st_rdev) <= 143) ||
					major(st.st_rdev) == 4);
	}
	(void)close(dir);
	*ret = p;
	return 0;
}

int os_process_open_image(uint32_t pid, const char *path)
{
	char link[40];
	int fd = -1;

	if (pid != 0) {
		(void)snprintf(link, sizeof(link), "/proc/%u/exe", pid);
		fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	}
	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

void os_thread_set_background(void)
{
	/* IOPRIO_WHO_PROCESS, this thread, IOPRIO_CLASS_IDLE; the C library has no names for it */
	(void)syscall(SYS_ioprio_set, 1, 0, 3 << 13);
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
}
