/* Logs of text lines (syslog, auth, cron, …) as recordings. Each line is a record and a log_line
 * event; lines of well-known programs yield a native event more with the same numbers, and lines in
 * which the kernel logs audit records an audit_record. Times
 * without a zone are taken as UTC, times without a year as in the year up to the file's last
 * change (log_line.h). */
#ifndef MERLON_SENSOR_REPLAY_LOGLINE_H
#define MERLON_SENSOR_REPLAY_LOGLINE_H
#include "sensor/replay/replay.h"

extern const struct replay_format logline_format;
extern const struct sensor_ops logline_sensor_ops;

/* Whether an input that begins with these bytes is such a log: 0 no, up to 100 surely. */
int logline_looks_like(const uint8_t *ptr, size_t len);
#endif
