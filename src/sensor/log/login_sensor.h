/* Logins and logouts as login programs write them into wtmp and btmp (utmp(5)). Who was logged in
 * at the start is read from wtmp, so that logouts have names.
 *
 * config.option: "WTMP,BTMP" other files. */
#ifndef MERLON_SENSOR_LOG_LOGIN_SENSOR_H
#define MERLON_SENSOR_LOG_LOGIN_SENSOR_H
#include "sensor/sensor.h"

extern const struct sensor_ops login_sensor_ops;
#endif
