#include "base/clock.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_now_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

#ifndef CLOCK_BOOTTIME /* Darwin: its monotonic clock runs through sleep */
#define CLOCK_BOOTTIME CLOCK_MONOTONIC
#endif

uint64_t clock_boot_offset_ns(void)
{
	return read_clock(CLOCK_REALTIME) - read_clock(CLOCK_BOOTTIME);
}

/* After Howard Hinnant's description of the civil calendar: eras of 400 years from March. */
int64_t clock_days_from_civil(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? (int)month - 3 : (int)month + 9) + 2) / 5 + day -
			      1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

struct clock_parts clock_split(uint64_t time_ns)
{
	struct clock_parts p = {0};
	uint64_t seconds = time_ns / NS_PER_S;
	int64_t days = (int64_t)(seconds / 86400);
	unsigned rest = (unsigned)(seconds % 86400);
	int64_t z = days + 719468;
	int64_t era = z / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	p.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	p.month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	p.year = (int)(yoe + era * 400 + (p.month <= 2));
	p.hour = rest / 3600;
	p.minute = rest / 60 % 60;
	p.second = rest % 60;
	p.nanosecond = (unsigned)(time_ns % NS_PER_S);
	p.weekday = (unsigned)((days + 4) % 7); /* 0 is Sunday; 1970-01-01 was a Thursday */
	p.yearday = (unsigned)(days - clock_days_from_civil(p.year, 1, 1));
	/* ISO 8601: the week of the year's first Thursday is week 1. */
	unsigned iso_weekday = p.weekday == 0 ? 7 : p.weekday;
	int week = ((int)p.yearday + 1 - (int)iso_weekday + 10) / 7;
	if (week < 1)
		week = (int)clock_split(
			(uint64_t)clock_days_from_civil(p.year - 1, 12, 31) * 86400 * NS_PER_S)
			       .week;
	else if (week == 53) {
		int64_t jan1 = clock_days_from_civil(p.year + 1, 1, 1);
		unsigned jan1_weekday = (unsigned)((jan1 + 4) % 7);
		if (jan1_weekday >= 1 && jan1_weekday <= 4)
			week = 1;
	}
	p.week = (unsigned)week;
	return p;
}

static uint64_t take_fraction(struct str *s)
{
	uint64_t ns = 0, unit = NS_PER_S / 10;

	while (s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9') {
		ns += (uint64_t)(s->ptr[0] - '0') * unit;
		unit /= 10;
		*s = str_n(s->ptr + 1, s->len - 1);
	}
	return ns;
}

static bool take_offset(struct str *s, int64_t *ret_seconds)
{
	unsigned hours, minutes = 0;

	*ret_seconds = 0;
	if (s->len == 0 || str_take_one_of(s, "Zz"))
		return true;
	bool west = s->ptr[0] == '-';
	if (!str_take_one_of(s, "+-") || !str_take_digits(s, 2, &hours))
		return false;
	(void)str_take_one_of(s, ":");
	if (s->len > 0 && !str_take_digits(s, 2, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	*ret_seconds = ((int64_t)hours * 3600 + (int64_t)minutes * 60) * (west ? -1 : 1);
	return true;
}

bool clock_parse_rfc3339(struct str text, uint64_t *ret_ns)
{
	unsigned year, month, day, hour = 0, minute = 0, second = 0;
	uint64_t fraction = 0;
	int64_t offset = 0;

	if (!str_take_digits(&text, 4, &year) || !str_take_one_of(&text, "-") ||
		!str_take_digits(&text, 2, &month) || !str_take_one_of(&text, "-") ||
		!str_take_digits(&text, 2, &day))
		return false;
	if (text.len > 0) {
		if (!str_take_one_of(&text, "Tt ") || !str_take_digits(&text, 2, &hour) ||
			!str_take_one_of(&text, ":") || !str_take_digits(&text, 2, &minute))
			return false;
		if (str_take_one_of(&text, ":") && !str_take_digits(&text, 2, &second))
			return false;
		if (str_take_one_of(&text, ".,"))
			fraction = take_fraction(&text);
		if (!take_offset(&text, &offset))
			return false;
	}
	if (text.len != 0 || year < 1970 || year > 2500 || month < 1 || month > 12 || day < 1 ||
		day > 31 || hour > 24 || minute > 59 || second > 60)
		return false;
	int64_t seconds = clock_days_from_civil(year, month, day) * 86400 + (int64_t)hour * 3600 +
			  (int64_t)minute * 60 + second - offset;
	if (seconds < 0)
		return false;
	*ret_ns = (uint64_t)seconds * NS_PER_S + fraction;
	return true;
}

static char *put_digits(char *at, unsigned value, unsigned count)
{
	for (unsigned i = count; i > 0; i--) {
		at[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + count;
}

size_t clock_format_rfc3339(uint64_t time_ns, char text[CLOCK_TEXT_BYTES])
{
	struct clock_parts p = clock_split(time_ns);
	char *at = put_digits(text, (unsigned)p.year % 10000, 4);

	*at++ = '-';
	at = put_digits(at, p.month, 2);
	*at++ = '-';
	at = put_digits(at, p.day, 2);
	*at++ = 'T';
	at = put_digits(at, p.hour, 2);
	*at++ = ':';
	at = put_digits(at, p.minute, 2);
	*at++ = ':';
	at = put_digits(at, p.second, 2);
	*at++ = '.';
	if (p.nanosecond % 1000 != 0)
		at = put_digits(at, p.nanosecond, 9);
	else if (p.nanosecond % 1000000 != 0)
		at = put_digits(at, p.nanosecond / 1000, 6);
	else
		at = put_digits(at, p.nanosecond / 1000000, 3);
	*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - text);
}
