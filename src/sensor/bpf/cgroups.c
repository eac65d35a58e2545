#include "sensor/bpf/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CACHE_ENTRIES 256
#define PATH_BYTES    232
#define FILEID_KERNFS 0xfe

struct entry {
	uint64_t id;
	uint32_t len;
	char path[PATH_BYTES];
};

struct cgroups {
	int mount_fd;
	char mount[256];
	struct entry entries[CACHE_ENTRIES];
};

/* mountinfo: id parent dev root MOUNTPOINT options - TYPE source … */
static void find_mount(struct cgroups *cgroups)
{
	char *line = NULL;
	size_t size = 0;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	if (file == NULL)
		return;
	while (cgroups->mount[0] == 0 && getline(&line, &size, file) > 0) {
		struct str rest = str_of(line), point = {0};
		ptrdiff_t dash = str_find(rest, STR(" - cgroup2 "));
		if (dash < 0)
			continue;
		for (int i = 0; i < 5; i++)
			point = str_cut(&rest, ' ');
		if (point.len < sizeof(cgroups->mount))
			memcpy(cgroups->mount, point.ptr, point.len);
	}
	free(line);
	fclose(file);
}

int cgroups_open(struct cgroups **ret)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));
	if (cgroups == NULL)
		return -ENOMEM;
	find_mount(cgroups);
	cgroups->mount_fd = cgroups->mount[0] == 0
				    ? -1
				    : open(cgroups->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*ret = cgroups;
	return 0;
}

void cgroups_close(struct cgroups *cgroups)
{
	if (cgroups == NULL)
		return;
	if (cgroups->mount_fd >= 0)
		close(cgroups->mount_fd);
	free(cgroups);
}

const char *cgroups_mount(const struct cgroups *cgroups)
{
	return cgroups->mount[0] == 0 ? NULL : cgroups->mount;
}

static void resolve(struct cgroups *cgroups, struct entry *entry)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} h;
	char link[64], path[512];

	memset(&h, 0, sizeof(h));
	h.handle.handle_bytes = sizeof(uint64_t);
	h.handle.handle_type = FILEID_KERNFS;
	memcpy(h.handle.f_handle, &entry->id, sizeof(entry->id));
	entry->len = 0;
	int fd = open_by_handle_at(cgroups->mount_fd, &h.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path));
	close(fd);
	size_t mount = strlen(cgroups->mount);
	if (len < (ssize_t)mount)
		return;
	struct str text = str_n(path + mount, (size_t)len - mount);
	if (text.len == 0)
		text = STR("/");
	if (text.len > PATH_BYTES)
		text.len = PATH_BYTES;
	memcpy(entry->path, text.ptr, text.len);
	entry->len = (uint32_t)text.len;
}

struct str cgroups_path(struct cgroups *cgroups, uint64_t id)
{
	struct entry *entry = &cgroups->entries[id % CACHE_ENTRIES];
	if (id == 0 || cgroups->mount_fd < 0)
		return (struct str){0};
	if (entry->id != id) {
		entry->id = id;
		resolve(cgroups, entry);
	}
	return str_n(entry->path, entry->len);
}
