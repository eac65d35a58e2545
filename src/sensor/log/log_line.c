#include "sensor/log/log_line.h"

#include "base/clock.h"

#define DAY_NS	     (UINT64_C(86400) * NS_PER_S)
#define HALF_YEAR_NS (UINT64_C(183) * DAY_NS)

static const char *const facilities[] = {"kern", "user", "mail", "daemon", "auth", "syslog", "lpr",
	"news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock", "local0",
	"local1", "local2", "local3", "local4", "local5", "local6", "local7"};
static const char *const severities[] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

struct str log_facility_name(int priority)
{
	return priority < 0 || priority > 191 ? (struct str){0} : str_of(facilities[priority >> 3]);
}

struct str log_severity_name(int priority)
{
	return priority < 0 || priority > 191 ? (struct str){0} : str_of(severities[priority & 7]);
}

static bool digits(struct str text, unsigned *ret)
{
	unsigned value = 0;

	if (text.len == 0 || text.len > 9)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text.ptr[i] - '0');
	}
	*ret = value;
	return true;
}

static struct str skip_blanks(struct str s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s.ptr++, s.len--;
	return s;
}

static struct str word(struct str *rest)
{
	*rest = skip_blanks(*rest);
	return str_cut(rest, ' ');
}

/* "<34>" at the begin. */
static void take_priority(struct log_line *line, struct str *rest)
{
	struct str copy = *rest;
	unsigned value;

	line->priority = -1;
	if (copy.len < 3 || copy.ptr[0] != '<')
		return;
	copy.ptr++, copy.len--;
	struct str number = str_cut(&copy, '>');
	if (copy.ptr == NULL || number.len > 3 || !digits(number, &value) || value > 191)
		return;
	line->priority = (int)value;
	*rest = copy;
}

static unsigned month_of(struct str text)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (text.len != 3)
		return 0;
	for (unsigned i = 0; i < 12; i++)
		if (memcmp(text.ptr, names + 3 * i, 3) == 0)
			return i + 1;
	return 0;
}

/* "12:34:56" or "12:34:56.789" */
static bool take_hours(struct str text, uint64_t *ret_ns)
{
	struct str fraction = text;
	unsigned hour, minute, second, part;
	uint64_t ns = 0, unit = NS_PER_S;

	text = str_cut(&fraction, '.');
	struct str h = str_cut(&text, ':'), m = str_cut(&text, ':');
	if (!digits(h, &hour) || !digits(m, &minute) || !digits(text, &second) || hour > 23 ||
		minute > 59 || second > 60)
		return false;
	for (size_t i = 0; i < fraction.len && i < 9; i++) {
		if (!digits(str_n(fraction.ptr + i, 1), &part))
			return false;
		unit /= 10;
		ns += part * unit;
	}
	*ret_ns = ((uint64_t)hour * 3600 + minute * 60 + second) * NS_PER_S + ns;
	return true;
}

static uint64_t civil_ns(int year, unsigned month, unsigned day, uint64_t in_day_ns)
{
	int64_t days = clock_days_from_civil(year, month, day);
	return days < 0 ? 0 : (uint64_t)days * DAY_NS + in_day_ns;
}

static uint64_t to_utc(const struct log_clock *clock, uint64_t local_ns)
{
	uint64_t offset = (uint64_t)(clock->utc_offset_s < 0 ? -clock->utc_offset_s
							     : clock->utc_offset_s) *
			  NS_PER_S;

	if (clock->utc_offset_s < 0)
		return local_ns + offset;
	return local_ns > offset ? local_ns - offset : local_ns;
}

static uint64_t with_year(struct log_clock *clock, unsigned month, unsigned day, uint64_t in_day_ns)
{
	if (clock->reference_ns != 0) {
		int year = clock_split(clock->reference_ns).year;
		uint64_t time = to_utc(clock, civil_ns(year, month, day, in_day_ns));
		if (time > clock->reference_ns + DAY_NS)
			time = to_utc(clock, civil_ns(year - 1, month, day, in_day_ns));
		return time;
	}
	if (clock->year == 0)
		clock->year = clock->last_ns == 0 ? 1970 : clock_split(clock->last_ns).year;
	uint64_t time = to_utc(clock, civil_ns(clock->year, month, day, in_day_ns));
	if (time + HALF_YEAR_NS < clock->last_ns)
		time = to_utc(clock, civil_ns(++clock->year, month, day, in_day_ns));
	return time;
}

/* "Oct  9 12:34:56" with an optional year before or behind the time. */
static bool take_month_time(struct log_line *line, struct str *rest, struct log_clock *clock)
{
	struct str copy = *rest;
	unsigned month = month_of(word(&copy)), day, year = 0;
	uint64_t in_day_ns;

	if (month == 0 || !digits(word(&copy), &day) || day == 0 || day > 31)
		return false;
	struct str after = copy, time = word(&after);
	bool year_first = time.len == 4 && digits(time, &year);
	if (year_first)
		time = word(&after);
	if (!take_hours(time, &in_day_ns))
		return false;
	struct str behind = after, maybe = word(&behind);
	bool year_behind = !year_first && maybe.len == 4 && digits(maybe, &year) && year >= 1970 &&
			   year < 2200;
	if (year_behind)
		after = behind;
	line->time_ns = year_first || year_behind
				? to_utc(clock, civil_ns((int)year, month, day, in_day_ns))
				: with_year(clock, month, day, in_day_ns);
	*rest = after;
	return true;
}

/* "2024-05-01T12:00:00.5+02:00" or "2024-05-01 12:00:00,123" (local time) */
static bool take_iso_time(struct log_line *line, struct str *rest, const struct log_clock *clock)
{
	struct str copy = *rest, first = str_cut(&copy, ' ');
	uint64_t time;

	if (first.len >= 19 && (first.ptr[10] == 'T' || first.ptr[10] == 't') &&
		clock_parse_rfc3339(first, &line->time_ns)) {
		*rest = copy;
		return true;
	}
	if (first.len != 10 || copy.len < 8 || first.ptr[4] != '-')
		return false;
	struct str hours = str_cut(&copy, ' ');
	char text[32];
	size_t len = hours.len < 15 ? hours.len : 15;
	memcpy(text, first.ptr, 10);
	text[10] = 'T';
	memcpy(text + 11, hours.ptr, len);
	for (size_t i = 11; i < 11 + len; i++)
		if (text[i] == ',')
			text[i] = '.';
	if (!clock_parse_rfc3339(str_n(text, 11 + len), &time))
		return false;
	line->time_ns = to_utc(clock, time);
	*rest = copy;
	return true;
}

static bool tag_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-_./@()+~", c) != NULL);
}

/* "program[pid]: " or "program: "; else everything is message. */
static void take_tag(struct log_line *line, struct str rest)
{
	size_t len = 0;

	rest = skip_blanks(rest);
	line->message = rest;
	while (len < rest.len && len < 64 && tag_char(rest.ptr[len]))
		len++;
	if (len == 0 || len == rest.len)
		return;
	struct str program = str_n(rest.ptr, len), pid = {0};
	struct str after = str_n(rest.ptr + len, rest.len - len);
	if (after.ptr[0] == '[') {
		after.ptr++, after.len--;
		pid = str_cut(&after, ']');
		if (after.ptr == NULL || pid.len > 16)
			return;
		if (after.len > 2 && after.ptr[0] == ' ' &&
			after.ptr[1] == '(') /* macOS: "(label)" */
			(void)str_cut(&after, ')');
	}
	if (after.len == 0 || after.ptr[0] != ':')
		return;
	after.ptr++, after.len--;
	line->program = program;
	line->pid = pid;
	line->message = skip_blanks(after);
}

static struct str dash(struct str text)
{
	return str_is(text, "-") ? (struct str){0} : text;
}

/* "[id name="value" …][…]" or "-". */
static struct str skip_structured(struct str rest)
{
	if (rest.len > 0 && rest.ptr[0] == '-') {
		rest.ptr++, rest.len--;
		return skip_blanks(rest);
	}
	while (rest.len > 0 && rest.ptr[0] == '[') {
		bool quoted = false;
		size_t i = 1;
		for (; i < rest.len; i++) {
			char c = rest.ptr[i];
			if (c == '\\' && quoted)
				i++;
			else if (c == '"')
				quoted = !quoted;
			else if (c == ']' && !quoted)
				break;
		}
		if (i >= rest.len)
			return (struct str){0};
		rest = str_n(rest.ptr + i + 1, rest.len - i - 1);
	}
	return skip_blanks(rest);
}

/* Behind "<PRI>1 ". */
static bool take_rfc5424(struct log_line *line, struct str rest)
{
	struct str time = str_cut(&rest, ' ');

	if (!str_is(time, "-") && !clock_parse_rfc3339(time, &line->time_ns))
		return false;
	line->host = dash(str_cut(&rest, ' '));
	line->program = dash(str_cut(&rest, ' '));
	line->pid = dash(str_cut(&rest, ' '));
	(void)str_cut(&rest, ' '); /* message id */
	rest = skip_structured(rest);
	if (str_starts(rest, STR("\xef\xbb\xbf")))
		rest = str_n(rest.ptr + 3, rest.len - 3);
	line->message = rest;
	line->has_header = true;
	return true;
}

static bool is_weekday(struct str text)
{
	static const char names[] = "MonTueWedThuFriSatSun";

	for (unsigned i = 0; text.len == 3 && i < 7; i++)
		if (memcmp(text.ptr, names + 3 * i, 3) == 0)
			return true;
	return false;
}

/* "Mon Oct  9 12:34:56 2023 …": what follows has no host. */
static bool take_ctime(struct log_line *line, struct str text, struct log_clock *clock)
{
	struct str rest = text;

	if (!is_weekday(word(&rest)) || !take_month_time(line, &rest, clock))
		return false;
	rest = skip_blanks(rest);
	if (str_starts(rest, STR("-> ")))
		rest = str_n(rest.ptr + 3, rest.len - 3);
	line->message = rest;
	return true;
}

void log_line_parse(struct log_line *line, struct str text, struct log_clock *clock)
{
	struct str rest = text;

	*line = (struct log_line){.message = text};
	take_priority(line, &rest);
	if (line->priority >= 0 && str_starts(rest, STR("1 "))) {
		struct str behind = str_n(rest.ptr + 2, rest.len - 2);
		if (take_rfc5424(line, behind))
			goto done;
	}
	if (take_ctime(line, rest, clock)) {
		line->has_header = true;
	} else if (take_month_time(line, &rest, clock)) {
		line->has_header = true;
		struct str with_host = rest;
		line->host = word(&rest);
		if (line->host.len > 0 && line->host.ptr[line->host.len - 1] == ':') {
			line->host = (struct str){0}; /* a tag: some write no host */
			rest = with_host;
		}
		take_tag(line, rest);
	} else if (take_iso_time(line, &rest, clock)) {
		bool full = text.len > 10 && memchr(text.ptr, 'T', text.len < 40 ? text.len : 40) &&
			    rest.ptr != NULL;
		line->has_header = true;
		line->message = skip_blanks(rest);
		struct str after = rest, host = word(&after);
		struct log_line probe = *line;
		take_tag(&probe, after);
		/* programs' own logs have a time but neither host nor tag */
		if (full && probe.program.len > 0) {
			*line = probe;
			line->host = host;
		}
	} else if (line->priority >= 0) {
		take_tag(line, rest);
	}
done:
	if (line->time_ns != 0)
		clock->last_ns = line->time_ns;
}
