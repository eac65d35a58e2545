/* The sensor that finds out each input's format by itself. */
#ifndef MERLON_SENSOR_REPLAY_AUTO_H
#define MERLON_SENSOR_REPLAY_AUTO_H
#include "sensor/sensor.h"

extern const struct sensor_ops auto_sensor_ops;
#endif
