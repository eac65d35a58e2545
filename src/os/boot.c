#include "os/boot.h"

#include <stdatomic.h>
#include "base/clock.h"

static _Atomic uint64_t used_offset_ns; /* 0: none yet */

static bool take(uint64_t offset_ns)
{
	uint64_t none = 0;

	return atomic_compare_exchange_strong(&used_offset_ns, &none, offset_ns);
}

uint64_t os_boot_offset_ns(void)
{
	if (atomic_load(&used_offset_ns) == 0)
		(void)take(clock_boot_offset_ns());
	return atomic_load(&used_offset_ns);
}

bool os_boot_use_offset(uint64_t offset_ns)
{
	uint64_t now = clock_boot_offset_ns();
	uint64_t apart = now > offset_ns ? now - offset_ns : offset_ns - now;

	return offset_ns != 0 && apart <= NS_PER_S && take(offset_ns);
}
