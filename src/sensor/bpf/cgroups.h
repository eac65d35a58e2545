/* Control group ids as paths: what the kernel calls a cgroup, as people know it. */
#ifndef MERLON_SENSOR_BPF_CGROUPS_H
#define MERLON_SENSOR_BPF_CGROUPS_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct cgroups;
/* Never fails for want of a cgroup2 mount: then every path is empty. -ENOMEM only. */
int cgroups_open(struct cgroups **ret);
void cgroups_close(struct cgroups *cgroups);
/* "/system.slice/cron.service", "/" for the root; empty when unknown or gone. Valid until the next
 * call. The first look at an id costs three system calls. */
struct str cgroups_path(struct cgroups *cgroups, uint64_t id);
/* The same in the hierarchy of version 1 that has the memory controller: where both versions are in
 * use, containers may show only there. */
struct str cgroups_path_v1(struct cgroups *cgroups, uint64_t id);
bool cgroups_has_v1(const struct cgroups *cgroups);
/* Where cgroup2 is mounted, or NULL. */
const char *cgroups_mount(const struct cgroups *cgroups);
#endif
