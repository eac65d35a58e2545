/* Paths as system calls got them, made whole. */
#ifndef MERLON_SENSOR_AUDIT_AUDIT_JOIN_H
#define MERLON_SENSOR_AUDIT_AUDIT_JOIN_H
#include "base/str.h"

#define AUDIT_JOIN_BYTES 8192

/* path below directory when it is relative, with "//", "/./" and "/../" resolved as text (symbolic
 * links are not known any more). Into out, or path itself when it is too long or nothing is to be
 * done. */
struct str audit_join(char out[AUDIT_JOIN_BYTES], struct str directory, struct str path);
#endif
