#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <libproc.h>
#include <pthread.h>
#include <pthread/qos.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/proc_info.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/cursor.h"
#include "base/err.h"

#define PIDS_SPARE 64 /* processes that begin between asking and listing */

uint64_t os_process_start_grain_ns(void)
{
	return 1000;
}

static int compare_pids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int os_process_pids(struct arena *arena, uint32_t **ret_pids, uint32_t *ret_count, struct err *err)
{
	int count = proc_listallpids(NULL, 0);
	uint32_t *pids;

	if (count <= 0)
		return err_set(err, -errno, "processes cannot be listed: %s", strerror(errno));
	size_t size = ((size_t)count + PIDS_SPARE) * sizeof(*pids);
	pids = arena_alloc(arena, size);
	if (pids == NULL)
		return err_set(err, -ENOMEM, "no memory for the list of processes");
	count = proc_listallpids(pids, (int)size);
	if (count < 0)
		return err_set(err, -errno, "processes cannot be listed: %s", strerror(errno));
	qsort(pids, (size_t)count, sizeof(*pids), compare_pids);
	*ret_pids = pids;
	*ret_count = (uint32_t)count;
	return 0;
}

/* KERN_PROCARGS2: argument count, path of the program, padding of NULs, then the arguments, each
 * ended by NUL, then the environment. */
static struct str read_arguments(struct arena *arena, uint32_t pid)
{
	int name[] = {CTL_KERN, KERN_PROCARGS2, (int)pid};
	size_t size = 0;
	char *text;

	if (sysctl(name, 3, NULL, &size, NULL, 0) != 0 || size < sizeof(uint32_t))
		return (struct str){0};
	text = arena_alloc(arena, size);
	if (text == NULL || sysctl(name, 3, text, &size, NULL, 0) != 0)
		return (struct str){0};
	struct cursor c = cursor_of(text, size);
	uint32_t count = cursor_le32(&c);
	while (cursor_left(&c) > 0 && text[c.pos] != '\0')
		c.pos++;
	while (cursor_left(&c) > 0 && text[c.pos] == '\0')
		c.pos++;
	size_t begin = c.pos;
	for (; count > 0 && cursor_left(&c) > 0; c.pos++)
		count -= text[c.pos] == '\0';
	return str_n(text + begin, c.pos - begin);
}

static void read_files(struct arena *arena, struct os_process *p)
{
	char path[PROC_PIDPATHINFO_MAXSIZE];
	struct proc_vnodepathinfo places;
	struct stat st;
	int len = proc_pidpath((int)p->pid, path, sizeof(path));

	if (len > 0) {
		p->executable = arena_strn(arena, path, (size_t)len);
		if (p->executable.ptr != NULL && stat(p->executable.ptr, &st) == 0)
			p->inode = st.st_ino;
		else
			p->executable_deleted = true;
	}
	if (proc_pidinfo((int)p->pid, PROC_PIDVNODEPATHINFO, 0, &places, sizeof(places)) ==
		(int)sizeof(places)) {
		const char *cwd = places.pvi_cdir.vip_path;
		p->working_directory = arena_strn(
			arena, cwd, strnlen(cwd, sizeof(places.pvi_cdir.vip_path)));
	}
}

int os_process_read(struct arena *arena, uint32_t pid, struct os_process *ret)
{
	struct os_process p = {
		.pid = pid, .login_uid = OS_ID_UNKNOWN, .audit_session = OS_ID_UNKNOWN};
	struct proc_bsdinfo info;
	pid_t sid;

	/* starts are kept in wall clock time here */
	if (proc_pidinfo((int)pid, PROC_PIDTBSDINFO, 0, &info, sizeof(info)) != (int)sizeof(info))
		return -ESRCH;
	p.ppid = info.pbi_ppid;
	p.pgid = info.pbi_pgid;
	sid = getsid((pid_t)pid);
	p.sid = sid > 0 ? (uint32_t)sid : 0;
	p.start_ns = info.pbi_start_tvsec * NS_PER_S + info.pbi_start_tvusec * 1000;
	p.uid = info.pbi_ruid, p.euid = info.pbi_uid, p.suid = info.pbi_svuid;
	p.gid = info.pbi_rgid, p.egid = info.pbi_gid, p.sgid = info.pbi_svgid;
	if (info.e_tdev != (uint32_t)NODEV) {
		p.tty_major = (uint32_t)major((dev_t)info.e_tdev);
		p.tty_minor = (uint32_t)minor((dev_t)info.e_tdev);
		p.interactive = true;
	}
	p.name = arena_strn(arena, info.pbi_comm, strnlen(info.pbi_comm, sizeof(info.pbi_comm)));
	read_files(arena, &p);
	p.arguments = read_arguments(arena, pid);
	*ret = p;
	return 0;
}

int os_process_open_image(uint32_t pid, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	(void)pid; /* no way from a process to its open file */
	return fd < 0 ? -errno : fd;
}

void os_thread_set_background(void)
{
	(void)pthread_set_qos_class_self_np(QOS_CLASS_BACKGROUND, 0);
	(void)setiopolicy_np(IOPOL_TYPE_DISK, IOPOL_SCOPE_THREAD, IOPOL_THROTTLE);
}
