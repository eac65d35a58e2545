/* A build without libsystemd. */
#include <errno.h>
#include "base/err.h"
#include "sensor/log/journal.h"

int journal_open(struct journal **ret, struct err *err)
{
	return err_set(err, -ENOSYS, "journal: this build has no libsystemd");
}

void journal_close(struct journal *journal)
{
}

int journal_fd(const struct journal *journal)
{
	return -1;
}

int journal_next(struct journal *journal, struct log_line *ret)
{
	return 0;
}
