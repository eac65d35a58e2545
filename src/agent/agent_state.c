/* What outlives the agent, in its data directory: unfinished sequences (kept when it stops, taken up
 * when it starts again, lost when it is killed), and the clock's offset of the running boot, so that
 * the same process has the same entity id before and after. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "agent/agent_internal.h"
#include "agent/log.h"
#include "base/err.h"
#include "base/file.h"
#include "os/boot.h"

#define SEQUENCES	"sequences.state"
#define BOOT		"boot"
#define STATE_BYTES_MAX ((size_t)512 << 20)

static bool path_of(const struct agent *agent, const char *name, char *path, size_t size)
{
	const char *data = agent->options->config->data;
	int len = snprintf(path, size, "%s/%s", data == NULL ? CONFIG_DATA_DEFAULT : data, name);

	return len > 0 && (size_t)len < size;
}

static bool write_whole(int fd, struct str bytes)
{
	while (bytes.len > 0) {
		ssize_t put = write(fd, bytes.ptr, bytes.len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes = str_n(bytes.ptr + put, bytes.len - (size_t)put);
	}
	return fsync(fd) == 0;
}

static int write_state(
	const struct agent *agent, const char *name, struct str bytes, struct err *err)
{
	char path[4096], fresh[4096];

	if (!path_of(agent, name, path, sizeof(path)) ||
		!path_of(agent, "state.new", fresh, sizeof(fresh)))
		return err_set(err, -ENAMETOOLONG, "the data directory's name is too long");
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", fresh, strerror(errno));
	bool ok = write_whole(fd, bytes);
	ok = close(fd) == 0 && ok;
	if (!ok || rename(fresh, path) != 0) {
		int rc = err_set(err, -EIO, "%s: %s", fresh, strerror(errno));
		(void)unlink(fresh);
		return rc;
	}
	return 0;
}

void agent_state_save(struct agent *agent)
{
	struct cep *cep = agent->pipeline == NULL ? NULL : pipeline_cep(agent->pipeline);
	struct buf saved = {.limit_bytes = STATE_BYTES_MAX};
	struct err err = {0};

	if (cep == NULL || agent->detector == NULL)
		return;
	int rc = cep_save(cep, &saved, &err);
	if (rc == 0)
		rc = write_state(agent, SEQUENCES, buf_view(&saved), &err);
	if (rc != 0)
		log_say(LOG_LEVEL_WARNING, "unfinished sequences are not kept: %s", err.text);
	buf_destroy(&saved);
}

void agent_state_load(struct agent *agent)
{
	struct cep *cep = pipeline_cep(agent->pipeline);
	struct err err = {0};
	struct arena arena;
	struct str saved;
	uint64_t dropped = 0;
	char path[4096];

	if (cep == NULL || !path_of(agent, SEQUENCES, path, sizeof(path)) ||
		access(path, F_OK) != 0)
		return;
	arena_init(&arena, STATE_BYTES_MAX + 4096);
	int rc = file_read(path, STATE_BYTES_MAX, &arena, &saved, &err);
	if (rc == 0)
		rc = cep_restore(cep, saved, &dropped, &err);
	if (rc != 0)
		log_say(LOG_LEVEL_WARNING, "unfinished sequences are lost: %s", err.text);
	else if (dropped > 0)
		log_say(LOG_LEVEL_NOTICE, "%llu unfinished sequences are of rules no longer in use",
			(unsigned long long)dropped);
	/* once only: after a crash they would be older than what has happened since */
	(void)unlink(path);
	arena_destroy(&arena);
}

/* The file is one line: the boot's id, a blank, the offset in nanoseconds. */
static bool offset_of(struct str text, const char *boot, uint64_t *ret)
{
	struct str id = str_cut(&text, ' ');

	return boot[0] != '\0' && str_is(id, boot) && str_to_u64(str_trim(text), ret);
}

void agent_boot_load(struct agent *agent)
{
	char path[4096], boot[OS_BOOT_ID_BYTES], line[OS_BOOT_ID_BYTES + 32];
	struct err err = {0};
	struct arena arena;
	struct str text;
	uint64_t offset_ns;

	os_boot_id(boot);
	arena_init(&arena, sizeof(path) * 4);
	if (path_of(agent, BOOT, path, sizeof(path)) &&
		file_read(path, sizeof(line), &arena, &text, NULL) == 0 &&
		offset_of(text, boot, &offset_ns))
		(void)os_boot_use_offset(offset_ns);
	arena_destroy(&arena);
	int len = snprintf(
		line, sizeof(line), "%s %llu\n", boot, (unsigned long long)os_boot_offset_ns());
	if (boot[0] != '\0' && write_state(agent, BOOT, str_n(line, (size_t)len), &err) != 0)
		log_say(LOG_LEVEL_WARNING, "processes get other ids after a restart: %s", err.text);
}
