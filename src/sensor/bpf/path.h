/* Paths as text, without looking at the file system. */
#ifndef MERLON_SENSOR_BPF_PATH_H
#define MERLON_SENSOR_BPF_PATH_H
#include <stdbool.h>
#include "base/str.h"

/* Absolute, and nothing that path_join() would change. */
bool path_is_clean(struct str path);
/* The absolute form of path: below base when relative, or when base is the root directory of the
 * process. "." and ".." are taken out as text (a ".." behind a symbolic link leads elsewhere: see
 * the race of the kind). out has room for base.len + path.len + 2 bytes. */
struct str path_join(struct str base, struct str path, char *out);
/* What follows the last dot of a name that has something before it; else empty. */
struct str path_extension(struct str name);
/* A path from names as the probes collect them, from the file up and each NUL-terminated: "passwd",
 * "etc" gives "/etc/passwd", nothing gives "/". out has room for names.len + 1 bytes. */
struct str path_turn_around(struct str names, char *out);
#endif
