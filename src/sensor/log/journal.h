/* The systemd journal from now on. Without libsystemd at build time journal_open() says so. */
#ifndef MERLON_SENSOR_LOG_JOURNAL_H
#define MERLON_SENSOR_LOG_JOURNAL_H
#include "sensor/log/log_line.h"
struct err;

struct journal;
int journal_open(struct journal **ret, struct err *err);
void journal_close(struct journal *journal); /* NULL does nothing */
int journal_fd(const struct journal *journal);
/* The next entry; its texts stay valid until the next call. Returns 1, 0 when there is none now, or
 * a negative errno. */
int journal_next(struct journal *journal, struct log_line *ret);
#endif
