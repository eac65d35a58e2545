#include "sensor/log/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include "base/buf.h"
#include "base/err.h"

/* One's values, copied: what the library hands out lives only until the next field is read. */
enum { MESSAGE, IDENTIFIER, COMMAND, PID, HOST, PRIORITY, FACILITY, TRANSPORT, NAMES };

struct journal {
	sd_journal *handle;
	int fd;
	struct buf values[NAMES];
};

static const char *const names[NAMES] = {"MESSAGE", "SYSLOG_IDENTIFIER", "_COMM", "_PID",
	"_HOSTNAME", "PRIORITY", "SYSLOG_FACILITY", "_TRANSPORT"};

int journal_open(struct journal **ret, struct err *err)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL)
		return err_set(err, -ENOMEM, "journal: out of memory");
	int code = sd_journal_open(&journal->handle, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
	if (code >= 0)
		code = sd_journal_seek_tail(journal->handle);
	if (code >= 0)
		code = sd_journal_previous(journal->handle); /* "tail" is behind the last entry */
	if (code >= 0)
		code = journal->fd = sd_journal_get_fd(journal->handle);
	if (code < 0) {
		journal_close(journal);
		return err_set(err, code, "journal: %s", strerror(-code));
	}
	*ret = journal;
	return 0;
}

void journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	if (journal->handle != NULL)
		sd_journal_close(journal->handle);
	for (unsigned i = 0; i < NAMES; i++)
		buf_destroy(&journal->values[i]);
	free(journal);
}

int journal_fd(const struct journal *journal)
{
	return journal->fd;
}

static struct str value(struct journal *journal, unsigned name)
{
	const void *data;
	size_t len, skip = strlen(names[name]) + 1;
	struct buf *buf = &journal->values[name];

	buf_clear(buf);
	if (sd_journal_get_data(journal->handle, names[name], &data, &len) < 0 || len < skip)
		return (struct str){0};
	buf_append(buf, (const char *)data + skip, len - skip);
	return buf->failed ? (struct str){0} : buf_view(buf);
}

static void fill(struct journal *journal, struct log_line *ret)
{
	uint64_t usec = 0, priority, facility;

	*ret = (struct log_line){.priority = -1, .has_header = true};
	if (sd_journal_get_realtime_usec(journal->handle, &usec) >= 0)
		ret->time_ns = usec * 1000;
	ret->message = value(journal, MESSAGE);
	ret->program = value(journal, IDENTIFIER);
	if (ret->program.len == 0)
		ret->program = value(journal, COMMAND);
	ret->pid = value(journal, PID);
	ret->host = value(journal, HOST);
	if (str_to_u64(value(journal, PRIORITY), &priority) && priority < 8) {
		if (!str_to_u64(value(journal, FACILITY), &facility) || facility > 23)
			facility = 3; /* daemon */
		ret->priority = (int)(facility << 3 | priority);
	}
}

int journal_next(struct journal *journal, struct log_line *ret)
{
	for (;;) {
		int code = sd_journal_next(journal->handle);
		if (code == 0) {
			/* takes note of new and rotated files; then look once more */
			code = sd_journal_process(journal->handle);
			if (code == SD_JOURNAL_NOP)
				return 0;
			code = code < 0 ? code : sd_journal_next(journal->handle);
			if (code == 0)
				return 0;
		}
		if (code < 0)
			return code;
		/* audit has a sensor of its own */
		if (str_is(value(journal, TRANSPORT), "audit"))
			continue;
		fill(journal, ret);
		return 1;
	}
}
