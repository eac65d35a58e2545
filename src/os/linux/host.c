#include "os/host.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void copy(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (len > size - 1)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

/* machine-id(5) */
static void read_id(char *id, size_t size)
{
	static const char *const files[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};

	for (size_t i = 0; i < 2 && id[0] == '\0'; i++) {
		FILE *file = fopen(files[i], "re");
		if (file == NULL)
			continue;
		if (fgets(id, (int)size, file) == NULL)
			id[0] = '\0';
		id[strcspn(id, "\r\n")] = '\0';
		(void)fclose(file);
	}
}

/* A value of os-release(5), without its quotes. */
static void read_release(const char *line, const char *key, char *to, size_t size)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) != 0 || line[len] != '=')
		return;
	const char *value = line + len + 1;
	if (*value == '"' || *value == '\'')
		value++;
	copy(to, size, value);
	to[strcspn(to, "\"'\r\n")] = '\0';
}

void os_host_read(struct os_host *ret)
{
	struct utsname names;
	char line[512];

	*ret = (struct os_host){.type = "linux", .os_name = "Linux"};
	os_host_read_addresses(ret);
	read_id(ret->id, sizeof(ret->id));
	if (uname(&names) == 0) {
		copy(ret->name, sizeof(ret->name), names.nodename);
		copy(ret->kernel, sizeof(ret->kernel), names.release);
		copy(ret->architecture, sizeof(ret->architecture), names.machine);
	}
	FILE *file = fopen("/etc/os-release", "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		read_release(line, "NAME", ret->os_name, sizeof(ret->os_name));
		read_release(line, "VERSION_ID", ret->os_version, sizeof(ret->os_version));
	}
	(void)fclose(file);
}
