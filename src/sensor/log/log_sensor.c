#include "sensor/log/log_sensor.h"
#include "sensor/supplies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "sensor/audit/audit_fill.h"
#include "sensor/audit/audit_group.h"
#include "sensor/log/follow_set.h"
#include "sensor/log/journal.h"
#include "sensor/log/kube_audit.h"
#include "sensor/log/log_event.h"

#define READ_BYTES_PER_CALL ((size_t)1024 * 1024)
#define JOURNAL_PER_CALL    1024
#define AUDIT_LOG	    "/var/log/audit/audit.log"

/* The journal has the lines of the first ones; the others are written by programs themselves. */
static const char *const usual_paths[] = {"/var/log/auth.log", "/var/log/secure", "/var/log/syslog",
	"/var/log/messages", "/var/log/cron", "/var/log/vsftpd.log", "/var/log/clamav/clamav.log",
	"/var/log/nginx/access.log", "/var/log/apache2/access.log", "/var/log/httpd/access_log",
	"/var/log/kubernetes/audit.log", "/var/log/kubernetes/audit/audit.log",
	"/var/log/kube-apiserver/audit.log", AUDIT_LOG, NULL};
#define SYSLOG_PATH_COUNT 5
#define STALE_NS	  (UINT64_C(7 * 86400) * NS_PER_S) /* syslog was perhaps removed */

struct log_sensor {
	struct sensor sensor; /* first */
	struct sensor_want want;
	struct follow_set files;
	const char *paths[FOLLOW_SET_MAX + 1];
	char *option; /* owned: own paths point into it */
	struct journal *journal;
	int epoll;
	struct log_clock clock;
	struct log_context contexts[FOLLOW_SET_MAX + 1]; /* last: the journal's */
	uint64_t offset_read_ns; /* monotonic: when clock.utc_offset_s was */
	struct audit_line audit;
	struct buf document; /* scratch */
	struct sensor_stats stats;
	struct batch *batch; /* of the running next() */
};

static struct log_sensor *sensor_of(const struct sensor *sensor)
{
	return (struct log_sensor *)(uintptr_t)sensor;
}

static void read_offset(struct log_sensor *s)
{
	time_t now = time(NULL);
	struct tm tm = {0};

	if (localtime_r(&now, &tm) != NULL)
		s->clock.utc_offset_s = tm.tm_gmtoff;
	s->offset_read_ns = clock_monotonic_ns();
}

/* Sets paths; returns 0 or -ENOMEM. */
static int read_option(struct log_sensor *s, const char *option, bool *ret_files, bool *ret_journal)
{
	unsigned own = 0;

	*ret_files = *ret_journal = true;
	memcpy(s->paths, usual_paths, sizeof(usual_paths));
	if (option == NULL)
		return 0;
	s->option = strdup(option);
	if (s->option == NULL)
		return -ENOMEM;
	char *rest = s->option;
	for (char *word; (word = strsep(&rest, ",")) != NULL;) {
		if (strcmp(word, "files") == 0)
			*ret_journal = false;
		else if (strcmp(word, "journal") == 0)
			*ret_files = false;
		else if (word[0] == '/' && own < FOLLOW_SET_MAX)
			s->paths[own++] = word;
	}
	if (own > 0) {
		s->paths[own] = NULL;
		*ret_journal = false;
	}
	return 0;
}

static bool has_syslog_files(void)
{
	uint64_t now = clock_now_ns();
	struct stat st;

	for (unsigned i = 0; i < SYSLOG_PATH_COUNT; i++)
		if (access(usual_paths[i], R_OK) == 0 && stat(usual_paths[i], &st) == 0 &&
			(uint64_t)st.st_mtim.tv_sec * NS_PER_S + STALE_NS > now)
			return true;
	return false;
}

static int open_sources(struct log_sensor *s, bool files, bool journal, struct err *err)
{
	int code = 0;

	if (files)
		code = follow_set_open(&s->files, s->paths, err);
	/* where syslog writes files the journal would tell everything twice */
	if (journal && (!files || !has_syslog_files())) {
		int journal_code = journal_open(&s->journal, err);
		if (journal_code != 0 && s->files.present_count == 0)
			code = journal_code;
		else if (journal_code == 0)
			code = 0;
	}
	return code;
}

static void watch(const struct log_sensor *s, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (fd >= 0)
		(void)epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int log_open(const struct sensor_config *config, struct sensor **ret, struct err *err)
{
	struct log_sensor *s = calloc(1, sizeof(*s));
	bool files, journal;

	if (s == NULL)
		return err_set(err, -ENOMEM, "log: out of memory");
	s->sensor.ops = &log_sensor_ops;
	s->want = config->want;
	s->files.inotify = -1;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	audit_line_init(&s->audit);
	read_offset(s);
	int code = s->epoll < 0 ? err_set(err, -errno, "log: epoll: %s", strerror(errno)) : 0;
	if (code == 0 && read_option(s, config->option, &files, &journal) != 0)
		code = err_set(err, -ENOMEM, "log: out of memory");
	if (code == 0)
		code = open_sources(s, files, journal, err);
	if (code != 0) {
		log_sensor_ops.close(&s->sensor);
		return code;
	}
	for (unsigned i = 0; i <= FOLLOW_SET_MAX; i++)
		s->contexts[i] = (struct log_context){
			.os = OS_LINUX, .path = i < s->files.count ? s->files.files[i].path : NULL};
	watch(s, s->files.inotify);
	if (s->journal != NULL)
		watch(s, journal_fd(s->journal));
	*ret = &s->sensor;
	return 0;
}

static int log_start(struct sensor *sensor, struct err *err)
{
	return 0;
}

static void count_event(struct log_sensor *s, const struct event *event)
{
	if (event == NULL)
		return;
	s->stats.events++;
	s->stats.kinds[event->kind]++;
}

/* Returns 0, or -EBADMSG when text is no audit record. */
static int take_audit(struct log_sensor *s, struct str text)
{
	const char *reason;

	if (audit_line_parse(&s->audit, text, &reason) != 0)
		return -EBADMSG;
	if (sensor_wants_kind(&s->want, KIND_audit_record))
		count_event(s, audit_fill_record(s->batch, &s->audit, text));
	count_event(s, audit_user_event(s->batch, &s->audit));
	return 0;
}

static int take_kube_audit(struct log_sensor *s, struct str text)
{
	int code = sensor_wants_kind(&s->want, KIND_document)
			   ? kube_audit_event(s->batch, text, &s->document)
			   : 0;

	if (code == 0 && sensor_wants_kind(&s->want, KIND_document))
		count_event(s, s->batch->events[s->batch->count - 1]);
	return code;
}

static void take_line(struct log_sensor *s, const struct log_line *line, struct str text,
	struct log_context *context)
{
	struct str audit = log_audit_text(line);

	s->stats.accepted++;
	if (sensor_wants_kind(&s->want, KIND_log_line))
		count_event(s, log_event_line(s->batch, line, text, context));
	count_event(s, log_event_native(s->batch, line, context));
	if (audit.len > 0)
		(void)take_audit(s, audit);
}

static void take_text(void *context, unsigned file, struct str text)
{
	struct log_sensor *s = context;
	struct log_line line;

	if (text.len > 0 && text.ptr[text.len - 1] == '\r')
		text.len--;
	s->stats.records++;
	s->stats.bytes += text.len;
	if (memchr(text.ptr, '\0', text.len) != NULL) {
		s->stats.skipped++;
		return;
	}
	bool kube = kube_audit_looks_like(text);
	if (kube || str_starts(text, STR("type=")) || str_starts(text, STR("node="))) {
		if ((kube ? take_kube_audit(s, text) : take_audit(s, text)) == 0)
			s->stats.accepted++;
		else
			s->stats.skipped++;
		return;
	}
	log_line_parse(&line, text, &s->clock);
	if (line.time_ns == 0)
		line.time_ns = s->clock.reference_ns;
	take_line(s, &line, text, &s->contexts[file]);
}

static void read_journal(struct log_sensor *s)
{
	struct log_line line;

	for (unsigned i = 0; s->journal != NULL && i < JOURNAL_PER_CALL; i++) {
		if (journal_next(s->journal, &line) <= 0)
			return;
		s->stats.records++;
		s->stats.bytes += line.message.len;
		take_line(s, &line, line.message, &s->contexts[FOLLOW_SET_MAX]);
	}
}

static int log_next(struct sensor *sensor, struct batch *batch, int timeout_ms, struct err *err)
{
	struct log_sensor *s = sensor_of(sensor);
	uint64_t before = s->stats.records;
	uint32_t first = batch->count;
	struct epoll_event event;

	(void)epoll_wait(s->epoll, &event, 1, timeout_ms);
	s->batch = batch;
	s->clock.reference_ns = clock_now_ns();
	if (clock_monotonic_ns() - s->offset_read_ns > 60 * NS_PER_S)
		read_offset(s);
	(void)follow_set_read(&s->files, 0, READ_BYTES_PER_CALL, take_text, s);
	read_journal(s);
	batch_limit_times(batch, first, clock_now_ns());
	s->batch = NULL;
	return (int)(s->stats.records - before);
}

static int log_want(struct sensor *sensor, const struct sensor_want *want, struct err *err)
{
	sensor_of(sensor)->want = *want;
	return 0;
}

static void log_stats(const struct sensor *sensor, struct sensor_stats *ret)
{
	*ret = sensor_of(sensor)->stats;
}

static int log_poll_fd(const struct sensor *sensor)
{
	return sensor_of(sensor)->epoll;
}

static void log_close(struct sensor *sensor)
{
	struct log_sensor *s = sensor_of(sensor);

	follow_set_close(&s->files);
	journal_close(s->journal);
	audit_line_destroy(&s->audit);
	buf_destroy(&s->document);
	if (s->epoll >= 0)
		close(s->epoll);
	free(s->option);
	free(s);
}

static size_t log_capabilities(struct capability *out, size_t max)
{
	struct capability files = {.name = "log files"}, journal = {.name = "journal"};
	struct journal *handle = NULL;
	struct err err = {0};
	size_t used = 0;

	for (size_t i = 0; usual_paths[i] != NULL; i++)
		if (access(usual_paths[i], R_OK) == 0 && used < sizeof(files.reason) - 32)
			used += (size_t)snprintf(files.reason + used, sizeof(files.reason) - used,
				"%s%s", used > 0 ? ", " : "", strrchr(usual_paths[i], '/') + 1);
	files.available = files.used = used > 0;
	if (used == 0)
		(void)snprintf(files.reason, sizeof(files.reason), "none in /var/log yet");
	journal.available = journal_open(&handle, &err) == 0;
	journal_close(handle);
	journal.used = journal.available && !has_syslog_files();
	(void)snprintf(journal.reason, sizeof(journal.reason), "%.120s",
		!journal.available ? err.text
		: journal.used	   ? "read from now on"
				   : "not needed, as syslog writes files");
	if (!journal.available && !files.available)
		journal.remedy = "systemd-journald, or a syslog daemon that writes /var/log/syslog";
	if (max > 0)
		out[0] = files;
	if (max > 1)
		out[1] = journal;
	return 2;
}

static const uint16_t log_kinds[] = {KIND_log_line, KIND_audit_record, KIND_ssh_login,
	KIND_ssh_logout, KIND_user_login, KIND_user_logout, KIND_user_su, KIND_user_sudo,
	KIND_authentication, KIND_account_create, KIND_account_delete, KIND_account_change,
	KIND_group_create, KIND_group_delete, KIND_group_change, KIND_persistence_add,
	KIND_persistence_remove, KIND_document, KIND_none};
static const char *const log_open_names[] = {"kubernetes.audit.", "orchestrator.", NULL};

const struct sensor_ops log_sensor_ops = {
	.name = "log",
	.doc = "system logs: files with rotation, or the journal",
	.live = true,
	.kinds = log_kinds,
	.capabilities = log_capabilities,
	.fields = supplies_log_fields,
	.open_names = log_open_names,
	.open = log_open,
	.start = log_start,
	.want = log_want,
	.next = log_next,
	.stats = log_stats,
	.poll_fd = log_poll_fd,
	.close = log_close,
};
