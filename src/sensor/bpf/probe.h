/* What of the BPF sensor this kernel takes: found by trying it. For `merlon doctor` and for the
 * sensor itself. */
#ifndef MERLON_SENSOR_BPF_PROBE_H
#define MERLON_SENSOR_BPF_PROBE_H
#include <stddef.h>
#include "sensor/sensor.h"

/* Tries every mechanism once, without starting anything, and takes it down again. Fills at most
 * max entries; returns how many there are. Costs about a second. */
size_t bpf_sensor_capabilities(struct capability *out, size_t max);
#endif
