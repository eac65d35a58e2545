/* The generated skeleton, without our warnings about it. */
#ifndef MERLON_SENSOR_BPF_SKELETON_H
#define MERLON_SENSOR_BPF_SKELETON_H
#include "sensor/bpf/control.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "merlon.skel.h"
#pragma GCC diagnostic pop
#endif
