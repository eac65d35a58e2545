/* Pushes what is wanted down to the probes. */
#ifndef MERLON_SENSOR_BPF_CONFIG_H
#define MERLON_SENSOR_BPF_CONFIG_H
#include "base/str.h"
#include "sensor/bpf/load.h"
#include "sensor/sensor.h"

/* Replaces what was wanted before. Probes that nobody needs are detached. Missing optional probes
 * are no error. root is that of the decoder: watched paths lie below it. */
int config_apply(struct loaded *loaded, const struct sensor_want *want, struct str root,
	int cgroup_fd, struct err *err);
/* Hash under which the probes look up an environment name; names longer than 31 bytes are not
 * found. */
uint64_t config_env_hash(struct str name);
#endif
