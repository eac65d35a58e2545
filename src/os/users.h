/* Names of users and groups of this host. On Linux from its local files: no name service is asked,
 * since that may go over the network and wait. Cached; looked at again when the files changed, at
 * most every few seconds. Not thread-safe. */
#ifndef MERLON_OS_USERS_H
#define MERLON_OS_USERS_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct os_users;
/* passwd and group: paths, or NULL for the system's own. 0 or -ENOMEM; missing files are empty. */
int os_users_create(const char *passwd, const char *group, struct os_users **ret);
void os_users_destroy(struct os_users *users);
/* Empty when there is none. Valid until os_users_refresh() returns true. */
struct str os_user_name(const struct os_users *users, uint32_t uid);
struct str os_group_name(const struct os_users *users, uint32_t gid);
/* Reads the files anew when they changed; looks at most every OS_USERS_LOOK_NS. */
#define OS_USERS_LOOK_NS (UINT64_C(5) * 1000000000)
bool os_users_refresh(struct os_users *users, uint64_t now_ns);
#endif
