/* Telemetry of Jamf Protect: OpenBSM records decoded into JSON, an object each. */
#ifndef MERLON_SENSOR_REPLAY_JAMF_H
#define MERLON_SENSOR_REPLAY_JAMF_H
#include "sensor/replay/replay.h"

extern const struct replay_format jamf_format;
extern const struct sensor_ops jamf_sensor_ops;
#endif
