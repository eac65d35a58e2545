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

struct hierarchy {
	int fd; /* -1: not mounted */
	char mount[256];
	struct entry entries[CACHE_ENTRIES];
};

struct cgroups {
	struct hierarchy v2, v1;
};

/* Whether an option stands in "rw,memory". */
static bool has_option(struct str options, struct str wanted)
{
	while (options.len > 0)
		if (str_eq(str_trim(str_cut(&options, ',')), wanted))
			return true;
	return false;
}

/* mountinfo: id parent dev root MOUNTPOINT options - TYPE source SUPER-OPTIONS */
static void take_mount(struct cgroups *cgroups, struct str line)
{
	ptrdiff_t v2 = str_find(line, STR(" - cgroup2 ")), v1 = str_find(line, STR(" - cgroup "));
	struct hierarchy *h = v2 >= 0 ? &cgroups->v2 : &cgroups->v1;
	struct str rest = line, point = {0};

	if (v2 < 0 && v1 < 0)
		return;
	if (v2 < 0) {
		struct str options = str_n(line.ptr + v1 + 10, line.len - (size_t)v1 - 10);
		(void)str_cut(&options, ' ');
		if (!has_option(options, STR("memory")))
			return;
	}
	for (int i = 0; i < 5; i++)
		point = str_cut(&rest, ' ');
	if (h->mount[0] == 0 && point.len < sizeof(h->mount))
		memcpy(h->mount, point.ptr, point.len);
}

static void find_mounts(struct cgroups *cgroups)
{
	char *line = NULL;
	size_t size = 0;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	if (file == NULL)
		return;
	while (getline(&line, &size, file) > 0)
		take_mount(cgroups, str_of(line));
	free(line);
	fclose(file);
}

static void open_mount(struct hierarchy *h)
{
	h->fd = h->mount[0] == 0 ? -1 : open(h->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int cgroups_open(struct cgroups **ret)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));
	if (cgroups == NULL)
		return -ENOMEM;
	find_mounts(cgroups);
	open_mount(&cgroups->v2);
	open_mount(&cgroups->v1);
	*ret = cgroups;
	return 0;
}

void cgroups_close(struct cgroups *cgroups)
{
	if (cgroups == NULL)
		return;
	if (cgroups->v2.fd >= 0)
		close(cgroups->v2.fd);
	if (cgroups->v1.fd >= 0)
		close(cgroups->v1.fd);
	free(cgroups);
}

const char *cgroups_mount(const struct cgroups *cgroups)
{
	return cgroups->v2.mount[0] == 0 ? NULL : cgroups->v2.mount;
}

bool cgroups_has_v1(const struct cgroups *cgroups)
{
	return cgroups->v1.fd >= 0;
}

static void resolve(const struct hierarchy *hierarchy, struct entry *entry)
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
	int fd = open_by_handle_at(hierarchy->fd, &h.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path));
	close(fd);
	size_t mount = strlen(hierarchy->mount);
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

static struct str path_in(struct hierarchy *hierarchy, uint64_t id)
{
	struct entry *entry = &hierarchy->entries[id % CACHE_ENTRIES];
	if (id == 0 || hierarchy->fd < 0)
		return (struct str){0};
	if (entry->id != id) {
		entry->id = id;
		resolve(hierarchy, entry);
	}
	return str_n(entry->path, entry->len);
}

struct str cgroups_path(struct cgroups *cgroups, uint64_t id)
{
	return path_in(&cgroups->v2, id);
}

struct str cgroups_path_v1(struct cgroups *cgroups, uint64_t id)
{
	return path_in(&cgroups->v1, id);
}
