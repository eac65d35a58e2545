/* The live Linux audit: records from the kernel over netlink, with or without auditd.
 *
 * Without auditd it registers as the audit daemon; beside auditd it listens to the multicast group.
 * It loads the rules of kernel_rules.h and takes them out again at close, restores what it
 * changed, and never lets the kernel wait for it (backlog_wait_time 0): what does not fit is lost,
 * counted and reported as sensor_gap. Costs what audit costs, so it is used only on request.
 *
 * config.option, words separated by commas: "norules" loads none; "records" leaves out the native
 * events of system calls, as config.processes_elsewhere does. */
#ifndef MERLON_SENSOR_AUDIT_AUDIT_SENSOR_H
#define MERLON_SENSOR_AUDIT_AUDIT_SENSOR_H
#include "sensor/sensor.h"

extern const struct sensor_ops audit_sensor_ops;
#endif
