/* Time as nanoseconds since the Unix epoch, UTC. 0 means unknown. */
#ifndef MERLON_BASE_CLOCK_H
#define MERLON_BASE_CLOCK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

uint64_t clock_now_ns(void);	   /* wall clock */
uint64_t clock_monotonic_ns(void); /* for intervals */
/* What to add to a CLOCK_BOOTTIME reading to get the wall clock; read at the call. */
uint64_t clock_boot_offset_ns(void);
uint64_t clock_cpu_ns(void); /* CPU time used by this process */

/* Days since 1970-01-01 of a proleptic Gregorian date; month 1–12. */
int64_t clock_days_from_civil(int64_t year, unsigned month, unsigned day);

struct clock_parts {
	int year;
	unsigned month, day, hour, minute, second, nanosecond, weekday, yearday,
		week; /* ISO week */
};
struct clock_parts clock_split(uint64_t time_ns);

/* RFC 3339 / ISO 8601 with 0–9 fraction digits (more are cut), 'T' or ' ', 'Z', an offset or
 * nothing (UTC). The whole text. */
bool clock_parse_rfc3339(struct str text, uint64_t *ret_ns);

#define CLOCK_TEXT_BYTES 32
/* "2021-01-14T10:35:50.520708Z": fraction of 3, 6 or 9 digits, the fewest that lose nothing.
 * Returns the length written, without NUL. */
size_t clock_format_rfc3339(uint64_t time_ns, char text[CLOCK_TEXT_BYTES]);
#endif
