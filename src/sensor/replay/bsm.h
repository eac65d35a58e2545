/* OpenBSM trails as a recording: records in a row, what is broken skipped up to the next record
 * whose header and trailer agree. A token that stands outside any record counts as a record of its
 * own. */
#ifndef MERLON_SENSOR_REPLAY_BSM_H
#define MERLON_SENSOR_REPLAY_BSM_H
#include <stddef.h>
#include <stdint.h>
#include "sensor/replay/replay.h"

#define BSM_RECORD_MAX ((size_t)16 * 1024 * 1024)

extern const struct replay_format bsm_format;
extern const struct sensor_ops bsm_sensor_ops;

/* Whether an input that begins with these bytes is a trail: 0 no, up to 100 surely. */
int bsm_looks_like(const uint8_t *ptr, size_t len);
#endif
