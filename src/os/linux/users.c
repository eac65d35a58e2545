#include "os/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define NAMES_MAX      (1u << 18)

struct name {
	uint32_t id, len;
	const char *text;
};
/* One file: "name:x:id:…" a line; the first line of an id wins, as in the C library. */
struct names {
	const char *path;
	char *text;	    /* owned: the file's bytes */
	struct name *items; /* owned, by id */
	size_t count;
	struct timespec mtime;
	ino_t inode;
};

struct os_users {
	struct names passwd, group;
	uint64_t looked_ns;
};

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->text > y->text) - (x->text < y->text);
}

static char *read_whole(int fd, size_t size, size_t *ret_len)
{
	char *text = malloc(size + 1);
	size_t used = 0;

	while (text != NULL && used < size) {
		ssize_t n = read(fd, text + used, size - used);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	*ret_len = used;
	return text;
}

static void parse(struct names *names, struct str text)
{
	size_t lines = 1;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	if (lines > NAMES_MAX)
		lines = NAMES_MAX;
	names->items = calloc(lines, sizeof(*names->items));
	while (names->items != NULL && text.len > 0 && names->count < lines) {
		struct str line = str_cut(&text, '\n');
		struct str name = str_cut(&line, ':');
		uint64_t id;

		(void)str_cut(&line, ':');
		if (name.len > 0 && name.len <= 256 && name.ptr[0] != '#' &&
			str_to_u64(str_cut(&line, ':'), &id) && id < UINT32_MAX)
			names->items[names->count++] = (struct name){
				.id = (uint32_t)id, .len = (uint32_t)name.len, .text = name.ptr};
	}
	if (names->items != NULL)
		qsort(names->items, names->count, sizeof(*names->items), compare_names);
}

static void forget(struct names *names)
{
	free(names->text);
	free(names->items);
	names->text = NULL;
	names->items = NULL;
	names->count = 0;
}

static bool load(struct names *names)
{
	struct stat st;
	size_t len;
	int fd = open(names->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_BYTES_MAX ||
		(st.st_ino == names->inode && st.st_mtim.tv_sec == names->mtime.tv_sec &&
			st.st_mtim.tv_nsec == names->mtime.tv_nsec)) {
		(void)close(fd);
		return false;
	}
	forget(names);
	names->text = read_whole(fd, (size_t)st.st_size, &len);
	(void)close(fd);
	names->inode = st.st_ino;
	names->mtime = st.st_mtim;
	if (names->text != NULL)
		parse(names, str_n(names->text, len));
	return true;
}

int os_users_create(const char *passwd, const char *group, struct os_users **ret)
{
	struct os_users *users = calloc(1, sizeof(*users));

	if (users == NULL)
		return -ENOMEM;
	users->passwd.path = passwd != NULL ? passwd : "/etc/passwd";
	users->group.path = group != NULL ? group : "/etc/group";
	(void)load(&users->passwd);
	(void)load(&users->group);
	*ret = users;
	return 0;
}

void os_users_destroy(struct os_users *users)
{
	if (users == NULL)
		return;
	forget(&users->passwd);
	forget(&users->group);
	free(users);
}

bool os_users_refresh(struct os_users *users, uint64_t now_ns)
{
	if (now_ns < users->looked_ns + OS_USERS_LOOK_NS)
		return false;
	users->looked_ns = now_ns;
	bool passwd = load(&users->passwd);
	return load(&users->group) || passwd;
}

static struct str find(const struct names *names, uint32_t id)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (names->items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == names->count || names->items[low].id != id)
		return (struct str){0};
	return str_n(names->items[low].text, names->items[low].len);
}

struct str os_user_name(const struct os_users *users, uint32_t uid)
{
	return find(&users->passwd, uid);
}

struct str os_group_name(const struct os_users *users, uint32_t gid)
{
	return find(&users->group, gid);
}
