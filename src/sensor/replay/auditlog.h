/* Linux audit.log as a recording. Each line is a record and an audit_record event; the lines of
 * one system call together yield a native event more, which carries the numbers of its SYSCALL
 * line. */
#ifndef MERLON_SENSOR_REPLAY_AUDITLOG_H
#define MERLON_SENSOR_REPLAY_AUDITLOG_H
#include "sensor/replay/replay.h"

extern const struct replay_format auditlog_format;
extern const struct sensor_ops auditlog_sensor_ops;

/* Whether an input that begins with these bytes is an audit.log: 0 no, up to 100 surely. */
int auditlog_looks_like(const uint8_t *ptr, size_t len);
#endif
