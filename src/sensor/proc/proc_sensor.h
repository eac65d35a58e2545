/* The live Linux sensor where BPF is not permitted: the kernel's process connector tells of
 * processes, fanotify of files, /proc the rest. Weaker evidence: what a process is gets read after
 * the act, when a short-lived one may be gone; there are no sockets, no attribute changes. */
#ifndef MERLON_SENSOR_PROC_PROC_SENSOR_H
#define MERLON_SENSOR_PROC_PROC_SENSOR_H
#include "sensor/sensor.h"

extern const struct sensor_ops fallback_sensor_ops;
#endif
