/* Names of Linux capabilities, capabilities(7). */
#ifndef MERLON_OS_LINUX_CAPABILITY_H
#define MERLON_OS_LINUX_CAPABILITY_H
#include "base/str.h"

/* "CAP_SYS_ADMIN"; empty for a number without a name. Static memory. */
struct str capability_name(unsigned number);
#endif
