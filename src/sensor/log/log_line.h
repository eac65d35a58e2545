/* One line of a log, taken apart: RFC 5424, RFC 3164 (with or without "<PRI>"), lines that begin
 * with an RFC 3339 time as rsyslog and systemd write them, with a time as ctime(3) writes it
 * (vsftpd, clamd) or as "2024-05-01 12:00:00", and lines without any of that. */
#ifndef MERLON_SENSOR_LOG_LOG_LINE_H
#define MERLON_SENSOR_LOG_LOG_LINE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct log_line {
	uint64_t time_ns; /* 0: the line has none */
	int priority;	  /* of syslog, 0–191; -1: none */
	struct str host, program, pid, message;
	bool has_header; /* a time was read */
};

/* How times without year or zone are completed. The year is the latest that keeps a line at or
 * before reference_ns (a file's last change) plus a day. Without reference it starts at 1970 and
 * goes on when time jumps back by more than half a year: differences stay right, and the same input
 * gives the same times on every run. */
struct log_clock {
	uint64_t reference_ns; /* 0: none */
	int64_t utc_offset_s;  /* of local time, east of Greenwich */
	uint64_t last_ns;      /* of the line before */
	int year;	       /* without reference: the running one */
};

/* Never fails: at worst the whole text is the message. text stays borrowed. */
void log_line_parse(struct log_line *line, struct str text, struct log_clock *clock);

/* "auth", "authpriv", "cron" …; "err", "warning" …; empty when priority is negative. */
struct str log_facility_name(int priority);
struct str log_severity_name(int priority);
#endif
