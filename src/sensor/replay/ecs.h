/* Recordings in ECS JSON, and any other documents. */
#ifndef MERLON_SENSOR_REPLAY_ECS_H
#define MERLON_SENSOR_REPLAY_ECS_H
#include "sensor/replay/replay.h"

extern const struct replay_format ecs_format;
extern const struct sensor_ops ecs_sensor_ops;

/* The document within an Elasticsearch hit: its _source, else its fields; another object is its
 * own document. Text that is not valid JSON is returned as it is. */
struct str ecs_unwrap(struct str json);
#endif
