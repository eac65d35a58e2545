/* The payload of Endpoint Security messages as Santa prints them (protobuf's JSON, message
 * versions 6 and 8), a record for each object. What happened is told by the member around the
 * payload, else by the file's name (exec.json, launch_item_add.json), else by its members. */
#ifndef MERLON_SENSOR_REPLAY_ES_JSON_H
#define MERLON_SENSOR_REPLAY_ES_JSON_H
#include "sensor/replay/replay.h"

extern const struct replay_format es_json_format;
extern const struct sensor_ops es_json_sensor_ops;
#endif
