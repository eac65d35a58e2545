/* Merlon's own recordings (event/recording.h). */
#ifndef MERLON_SENSOR_REPLAY_MERLON_H
#define MERLON_SENSOR_REPLAY_MERLON_H
#include "sensor/replay/replay.h"

extern const struct replay_format merlon_format;
extern const struct sensor_ops merlon_sensor_ops;
#endif
