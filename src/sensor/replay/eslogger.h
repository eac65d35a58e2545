/* What /usr/bin/eslogger prints: one Endpoint Security message a line as JSON, message versions of
 * macOS 13 and later. */
#ifndef MERLON_SENSOR_REPLAY_ESLOGGER_H
#define MERLON_SENSOR_REPLAY_ESLOGGER_H
#include "sensor/replay/replay.h"

extern const struct replay_format eslogger_format;
extern const struct sensor_ops eslogger_sensor_ops;
#endif
