/* Files, by fanotify with directory and name (fanotify(7)); Linux 5.17 for renames. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "sensor/proc/internal.h"

#define MASK	   (FAN_CREATE | FAN_DELETE | FAN_RENAME | FAN_CLOSE_WRITE | FAN_ONDIR)
#define HANDLE_MAX 128
#define EVENTS_MAX 4096

/* Those that hold files of people and programs; the others cannot be marked, or are noise. */
static bool is_storage(struct str type)
{
	static const char *const types[] = {"ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs",
		"overlay", "f2fs", "vfat", "exfat", "zfs", "bcachefs", "ntfs3", "nfs4"};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_is(type, types[i]))
			return true;
	return false;
}

static void mark_mount(struct notify *n, const char *point)
{
	struct statfs facts;
	struct marked_mount *mount = &n->mounts[n->mount_count];
	if (n->mount_count == MOUNTS_MAX || statfs(point, &facts) < 0)
		return;
	memcpy(mount->fsid, &facts.f_fsid, sizeof(mount->fsid));
	for (unsigned i = 0; i < n->mount_count; i++)
		if (memcmp(n->mounts[i].fsid, mount->fsid, sizeof(mount->fsid)) == 0)
			return; /* the same file system, mounted twice */
	if (fanotify_mark(n->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, MASK, AT_FDCWD, point) < 0)
		return;
	mount->fd = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount->fd >= 0)
		n->mount_count++;
}

/* mountinfo: id parent dev root MOUNTPOINT options … - TYPE source … */
static void mark_mounts(struct notify *n)
{
	char *line = NULL, point[4096];
	size_t size = 0;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	if (file == NULL)
		return;
	while (getline(&line, &size, file) > 0) {
		struct str rest = str_of(line), at = {0};
		ptrdiff_t dash = str_find(rest, STR(" - "));
		if (dash < 0)
			continue;
		struct str tail = str_n(line + dash + 3, rest.len - (size_t)dash - 3);
		for (int i = 0; i < 5; i++)
			at = str_cut(&rest, ' ');
		if (!is_storage(str_cut(&tail, ' ')) || at.len >= sizeof(point))
			continue;
		memcpy(point, at.ptr, at.len);
		point[at.len] = 0;
		mark_mount(n, point);
	}
	free(line);
	fclose(file);
}

int notify_open(struct proc_sensor *s, struct err *err)
{
	struct notify *n = &s->notify;
	n->directories = calloc(DIRECTORY_CACHE, sizeof(*n->directories));
	if (n->directories == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	n->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME | FAN_CLOEXEC | FAN_NONBLOCK |
				      FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
		O_RDONLY);
	if (n->fd < 0)
		return err_set(err, errno == EPERM ? -EPERM : -ENOSYS,
			"fanotify: %s; it needs root (CAP_SYS_ADMIN) and Linux 5.17",
			strerror(errno));
	mark_mounts(n);
	mark_mount(n, "/"); /* the root of a chroot need not be a mount point */
	if (n->mount_count == 0)
		return err_set(err, -ENOSYS, "fanotify can watch none of the mounted file systems");
	return 0;
}

void notify_close(struct notify *notify)
{
	for (unsigned i = 0; i < notify->mount_count; i++)
		close(notify->mounts[i].fd);
	if (notify->fd >= 0)
		close(notify->fd);
	free(notify->directories);
	*notify = (struct notify){.fd = -1};
}

/* A watched directory means what lies directly in it. */
void notify_watch(struct proc_sensor *s)
{
	for (size_t i = 0; i < s->want.read_path_count && i < READ_MAX; i++)
		(void)fanotify_mark(s->notify.fd, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD,
			AT_FDCWD, s->want.read_paths[i]);
}

/* ---- names ---- */

struct info {
	const struct file_handle *handle;
	const int32_t *fsid;
	struct str name;
};

static bool parse_info(const struct fanotify_event_info_header *header, struct info *ret)
{
	const struct fanotify_event_info_fid *fid = (const void *)header;
	if (header->len < sizeof(*fid) + sizeof(struct file_handle))
		return false;
	ret->fsid = (const int32_t *)(const void *)&fid->fsid;
	ret->handle = (const struct file_handle *)(const void *)fid->handle;
	size_t used = sizeof(*fid) + sizeof(struct file_handle) + ret->handle->handle_bytes;
	if (ret->handle->handle_bytes > HANDLE_MAX || used > header->len)
		return false;
	const char *name = (const char *)header + used;
	ret->name = str_n(name, strnlen(name, header->len - used));
	return true;
}

static uint64_t hash_of(const struct info *info)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const uint8_t *handle = (const uint8_t *)info->handle;
	size_t len = sizeof(*info->handle) + info->handle->handle_bytes;
	for (size_t i = 0; i < 8; i++)
		hash = (hash ^ ((const uint8_t *)info->fsid)[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ handle[i]) * UINT64_C(0x100000001b3);
	return hash | 1;
}

static void resolve(struct notify *n, const struct info *info, struct directory *d)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + HANDLE_MAX];
	} copy;
	char link[64];
	d->len = 0;
	memcpy(&copy, info->handle, sizeof(struct file_handle) + info->handle->handle_bytes);
	for (unsigned i = 0; i < n->mount_count; i++) {
		if (memcmp(n->mounts[i].fsid, info->fsid, 8) != 0)
			continue;
		int fd = open_by_handle_at(n->mounts[i].fd, &copy.handle, O_PATH | O_CLOEXEC);
		if (fd < 0)
			return;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t len = readlink(link, d->path, sizeof(d->path));
		close(fd);
		if (len > 0 && (size_t)len < sizeof(d->path))
			d->len = (uint32_t)len;
		return;
	}
}

/* The whole path, in batch memory; empty when its directory is gone. */
static struct str path_of(struct notify *n, struct batch *batch, const struct info *info)
{
	uint64_t hash = hash_of(info);
	struct directory *d = &n->directories[hash % DIRECTORY_CACHE];
	if (d->hash != hash) {
		resolve(n, info, d);
		d->hash = d->len > 0 ? hash : 0;
	}
	if (d->len == 0) {
		n->unresolved++;
		return (struct str){0};
	}
	struct str directory = str_n(d->path, d->len);
	if (directory.len == 1)
		directory.len = 0;
	if (info->name.len == 0 || str_is(info->name, "."))
		return arena_strn(&batch->arena, d->path, d->len);
	return arena_printf(&batch->arena, "%.*s/%.*s", STR_ARG(directory), STR_ARG(info->name));
}

/* ---- events ---- */

static void put_file(struct batch *batch, struct str path)
{
	struct str name = str_basename(path);
	ev_text_ref(batch, FIELD_file_path, path);
	ev_text_ref(batch, FIELD_file_name, name);
	if (name.len < path.len) {
		size_t directory = path.len - name.len - 1;
		ev_text_ref(batch, FIELD_file_directory,
			str_n(path.ptr, directory == 0 ? 1 : directory));
	}
	for (size_t i = name.len; i > 1; i--)
		if (name.ptr[i - 1] == '.') {
			ev_text_ref(batch, FIELD_file_extension, str_n(name.ptr + i, name.len - i));
			break;
		}
}

struct file_act {
	uint64_t mask;
	unsigned kind;
};
/* In the order in which one merged event must have happened. */
static const struct file_act file_acts[] = {
	{FAN_CREATE, KIND_file_create},
	{FAN_OPEN, KIND_file_open},
	{FAN_CLOSE_WRITE, KIND_file_modify},
	{FAN_RENAME, KIND_file_rename},
	{FAN_DELETE, KIND_file_delete},
};

struct names {
	struct info plain, old, new;
	bool has_plain, has_old, has_new;
};

static void find_names(const char *at, const char *end, struct names *names)
{
	while ((size_t)(end - at) >= sizeof(struct fanotify_event_info_header)) {
		const struct fanotify_event_info_header *header = (const void *)at;
		if (header->len < sizeof(*header) || header->len > (size_t)(end - at))
			return;
		if (header->info_type == FAN_EVENT_INFO_TYPE_DFID_NAME)
			names->has_plain = parse_info(header, &names->plain);
		else if (header->info_type == FAN_EVENT_INFO_TYPE_OLD_DFID_NAME)
			names->has_old = parse_info(header, &names->old);
		else if (header->info_type == FAN_EVENT_INFO_TYPE_NEW_DFID_NAME)
			names->has_new = parse_info(header, &names->new);
		at += header->len;
	}
}

static bool is_watched(const struct proc_sensor *s, struct str path)
{
	for (size_t i = 0; i < s->want.read_path_count; i++)
		if (str_starts(path, str_of(s->want.read_paths[i])))
			return true;
	return false;
}

static void put_act(struct proc_sensor *s, struct batch *batch,
	const struct fanotify_event_metadata *m, const struct file_act *act,
	const struct names *names)
{
	struct str path = {0}, old = {0};
	bool rename = act->kind == KIND_file_rename;
	if (rename && names->has_old)
		old = path_of(&s->notify, batch, &names->old);
	if (rename ? names->has_new : names->has_plain)
		path = path_of(&s->notify, batch, rename ? &names->new : &names->plain);
	if (path.len == 0 || (act->kind == KIND_file_open && !is_watched(s, path)))
		return;
	if (proc_begin(s, batch, act->kind, (uint32_t)m->pid, clock_now_ns()) == NULL)
		return;
	put_file(batch, path);
	if (m->mask & FAN_ONDIR)
		ev_text_ref(batch, FIELD_file_type, STR("dir"));
	if (old.len > 0) {
		ev_text_ref(batch, FIELD_file_Ext_original_path, old);
		ev_text_ref(batch, FIELD_file_Ext_original_name, str_basename(old));
	}
	ev_text_ref(batch, FIELD_event_outcome, STR("success"));
	event_commit(batch);
	if ((rename || act->kind == KIND_file_create) && is_watched(s, path))
		notify_watch(s);
}

/* infos to end: what follows the metadata */
static void on_event(struct proc_sensor *s, struct batch *batch,
	const struct fanotify_event_metadata *m, const char *infos, const char *end)
{
	struct names names = {0};
	if (m->mask & FAN_Q_OVERFLOW) {
		proc_gap(s, batch, "fanotify");
		return;
	}
	if ((uint32_t)m->pid == s->self)
		return;
	find_names(infos, end, &names);
	/* a directory that got another name has paths in the cache that are wrong now */
	if (m->mask & FAN_ONDIR && m->mask & (FAN_RENAME | FAN_DELETE))
		for (unsigned i = 0; i < DIRECTORY_CACHE; i++)
			s->notify.directories[i].hash = 0;
	for (size_t i = 0; i < sizeof(file_acts) / sizeof(file_acts[0]); i++)
		if (m->mask & file_acts[i].mask)
			put_act(s, batch, m, &file_acts[i], &names);
}

int notify_read(struct proc_sensor *s, struct batch *batch)
{
	_Alignas(8) char buf[16384];
	int count = 0;
	while (count < EVENTS_MAX) {
		ssize_t len = read(s->notify.fd, buf, sizeof(buf));
		if (len <= 0)
			break;
		/* events are aligned to 4 bytes, their head wants 8 */
		struct fanotify_event_metadata m;
		for (const char *at = buf, *end = buf + len; (size_t)(end - at) >= sizeof(m);
			at += m.event_len, count++) {
			memcpy(&m, at, sizeof(m));
			if (m.vers != FANOTIFY_METADATA_VERSION || m.event_len < sizeof(m) ||
				m.metadata_len > m.event_len || m.event_len > (size_t)(end - at))
				return count;
			on_event(s, batch, &m, at + m.metadata_len, at + m.event_len);
		}
	}
	return count;
}
