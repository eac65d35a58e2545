#include "sensor/log/login_sensor.h"
#include "sensor/supplies.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmp.h>
#include "base/clock.h"
#include "base/err.h"
#include "sensor/log/follow_set.h"

#define SESSIONS_MAX	    1024
#define READ_BYTES_PER_CALL ((size_t)384 * 1024)
#define WTMP_BACK_BYTES	    ((off_t)(sizeof(struct utmp) * 16384)) /* looked at for open sessions */

struct login_session {
	char line[UT_LINESIZE], user[UT_NAMESIZE];
	int32_t pid;
};

struct login_sensor {
	struct sensor sensor; /* first */
	struct sensor_want want;
	struct follow_set files; /* 0: wtmp, 1: btmp */
	char *option;		 /* owned: paths point into it */
	const char *paths[3];
	struct login_session sessions[SESSIONS_MAX];
	unsigned session_count;
	struct sensor_stats stats;
	struct batch *batch; /* of the running next() */
};

static struct login_sensor *sensor_of(const struct sensor *sensor)
{
	return (struct login_sensor *)(uintptr_t)sensor;
}

static struct str text_of(const char *text, size_t size)
{
	return str_n(text, strnlen(text, size));
}

static struct login_session *find(struct login_sensor *s, const struct utmp *entry)
{
	for (unsigned i = 0; i < s->session_count; i++)
		if (strncmp(s->sessions[i].line, entry->ut_line, UT_LINESIZE) == 0)
			return &s->sessions[i];
	return NULL;
}

static void remember(struct login_sensor *s, const struct utmp *entry)
{
	struct login_session *session = find(s, entry);

	if (session == NULL) {
		if (s->session_count == SESSIONS_MAX) /* the oldest goes */
			memmove(s->sessions, s->sessions + 1,
				--s->session_count * sizeof(*s->sessions));
		session = &s->sessions[s->session_count++];
	}
	memcpy(session->line, entry->ut_line, UT_LINESIZE);
	memcpy(session->user, entry->ut_user, UT_NAMESIZE);
	session->pid = entry->ut_pid;
}

static void forget(struct login_sensor *s, struct login_session *session)
{
	*session = s->sessions[--s->session_count];
}

static void put_entry(struct login_sensor *s, enum event_kind kind, const struct utmp *entry,
	struct str user, bool success)
{
	static const uint8_t none[16];
	const uint8_t *address = (const uint8_t *)entry->ut_addr_v6;
	uint64_t time = (uint64_t)(uint32_t)entry->ut_tv.tv_sec * NS_PER_S +
			(uint64_t)(uint32_t)entry->ut_tv.tv_usec * 1000;

	event_begin(s->batch, kind, time);
	s->batch->building.os = OS_LINUX;
	ev_text_ref(s->batch, FIELD_host_os_type, STR("linux"));
	ev_text_ref(s->batch, FIELD_event_module, STR("utmp"));
	ev_text_ref(s->batch, FIELD_event_outcome, success ? STR("success") : STR("failure"));
	ev_text(s->batch, FIELD_user_name, user);
	ev_text(s->batch, FIELD_user_target_name, user);
	ev_text(s->batch, FIELD_session_name, text_of(entry->ut_line, UT_LINESIZE));
	if (entry->ut_pid > 0)
		ev_int(s->batch, FIELD_process_pid, entry->ut_pid);
	if (memcmp(address, none, 16) != 0)
		ev_ip(s->batch, FIELD_source_ip, address,
			memcmp(address + 4, none, 12) == 0 ? 4 : 16);
	ev_text(s->batch, FIELD_source_address, text_of(entry->ut_host, UT_HOSTSIZE));
	if (event_commit(s->batch) != NULL) {
		s->stats.events++;
		s->stats.kinds[kind]++;
	}
}

static void take_logout(struct login_sensor *s, const struct utmp *entry)
{
	struct login_session *session = find(s, entry);

	if (session == NULL) /* a terminal nobody had logged in at, as getty's */
		return;
	struct utmp filled = *entry;
	if (filled.ut_pid <= 0)
		filled.ut_pid = session->pid;
	put_entry(s, KIND_user_logout, &filled, text_of(session->user, UT_NAMESIZE), true);
	forget(s, session);
}

static void take(void *context, unsigned file, struct str record)
{
	struct login_sensor *s = context;
	struct utmp entry;

	if (record.len != sizeof(entry))
		return;
	memcpy(&entry, record.ptr, sizeof(entry));
	s->stats.records++;
	s->stats.accepted++;
	s->stats.bytes += sizeof(entry);
	struct str user = text_of(entry.ut_user, UT_NAMESIZE);
	if (s->files.files[file].path == s->paths[1]) {
		put_entry(s, KIND_user_login, &entry, user, false);
	} else if (entry.ut_type == USER_PROCESS && user.len > 0) {
		remember(s, &entry);
		put_entry(s, KIND_user_login, &entry, user, true);
	} else if (entry.ut_type == DEAD_PROCESS) {
		take_logout(s, &entry);
	}
}

/* Sessions that began before: without events. */
static void read_sessions(struct login_sensor *s)
{
	struct utmp entry;
	int fd = open(s->paths[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	off_t size = lseek(fd, 0, SEEK_END), size_of = (off_t)sizeof(entry);
	off_t at = size > WTMP_BACK_BYTES ? size - WTMP_BACK_BYTES : 0;
	at -= at % size_of;
	for (; pread(fd, &entry, sizeof(entry), at) == (ssize_t)sizeof(entry); at += size_of) {
		struct login_session *session = find(s, &entry);
		if (entry.ut_type == USER_PROCESS && entry.ut_user[0] != '\0')
			remember(s, &entry);
		else if (entry.ut_type == DEAD_PROCESS && session != NULL)
			forget(s, session);
		else if (entry.ut_type == BOOT_TIME)
			s->session_count = 0;
	}
	close(fd);
}

static int login_open(const struct sensor_config *config, struct sensor **ret, struct err *err)
{
	struct login_sensor *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_set(err, -ENOMEM, "logins: out of memory");
	s->sensor.ops = &login_sensor_ops;
	s->want = config->want;
	s->files.inotify = -1;
	s->paths[0] = _PATH_WTMP;
	s->paths[1] = "/var/log/btmp";
	if (config->option != NULL) {
		s->option = strdup(config->option);
		char *rest = s->option;
		for (unsigned i = 0; i < 2 && rest != NULL; i++)
			s->paths[i] = strsep(&rest, ",");
	}
	int code = follow_set_open(&s->files, s->paths, err);
	if (code != 0) {
		login_sensor_ops.close(&s->sensor);
		return code;
	}
	read_sessions(s);
	*ret = &s->sensor;
	return 0;
}

static int login_start(struct sensor *sensor, struct err *err)
{
	return 0;
}

static int login_next(struct sensor *sensor, struct batch *batch, int timeout_ms, struct err *err)
{
	struct login_sensor *s = sensor_of(sensor);
	struct pollfd poller = {.fd = s->files.inotify, .events = POLLIN};
	uint64_t before = s->stats.records;
	uint32_t first = batch->count;

	(void)poll(&poller, s->files.inotify >= 0 ? 1 : 0, timeout_ms);
	s->batch = batch;
	(void)follow_set_read(&s->files, sizeof(struct utmp), READ_BYTES_PER_CALL, take, s);
	batch_limit_times(batch, first, clock_now_ns());
	s->batch = NULL;
	return (int)(s->stats.records - before);
}

static int login_want(struct sensor *sensor, const struct sensor_want *want, struct err *err)
{
	sensor_of(sensor)->want = *want;
	return 0;
}

static void login_stats(const struct sensor *sensor, struct sensor_stats *ret)
{
	*ret = sensor_of(sensor)->stats;
}

static int login_poll_fd(const struct sensor *sensor)
{
	return sensor_of(sensor)->files.inotify;
}

static void login_close(struct sensor *sensor)
{
	struct login_sensor *s = sensor_of(sensor);

	follow_set_close(&s->files);
	free(s->option);
	free(s);
}

static const uint16_t login_kinds[] = {KIND_user_login, KIND_user_logout, KIND_none};

const struct sensor_ops login_sensor_ops = {
	.name = "logins",
	.doc = "logins and logouts from wtmp and btmp",
	.live = true,
	.kinds = login_kinds,
	.fields = supplies_logins_fields,
	.open = login_open,
	.start = login_start,
	.want = login_want,
	.next = login_next,
	.stats = login_stats,
	.poll_fd = login_poll_fd,
	.close = login_close,
};
