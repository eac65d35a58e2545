/* Names of the record types of Linux audit by number. */
#ifndef MERLON_SENSOR_AUDIT_AUDIT_TYPES_H
#define MERLON_SENSOR_AUDIT_AUDIT_TYPES_H
#include <stdint.h>

/* "SYSCALL" for 1300; NULL when unknown. */
const char *audit_type_name(unsigned number);
#endif
