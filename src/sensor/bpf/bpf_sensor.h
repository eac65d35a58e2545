/* The live Linux sensor on eBPF. config.option: "ring=BYTES" (a power of two, default 8 MiB). */
#ifndef MERLON_SENSOR_BPF_BPF_SENSOR_H
#define MERLON_SENSOR_BPF_BPF_SENSOR_H
#include "sensor/sensor.h"

extern const struct sensor_ops bpf_sensor_ops;
#endif
