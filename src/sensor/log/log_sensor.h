/* Live logs: text files of /var/log with rotation, or the journal where there are none, and the
 * audit.log of auditd.
 *
 * config.option, words separated by commas: "files" or "journal" use only these; "/a/path" follows
 * that file instead of the usual ones (repeatable). */
#ifndef MERLON_SENSOR_LOG_LOG_SENSOR_H
#define MERLON_SENSOR_LOG_LOG_SENSOR_H
#include "sensor/sensor.h"

extern const struct sensor_ops log_sensor_ops;
#endif
