/* Log lines as events: each a log_line, and what well-known programs say as a native event more. */
#ifndef MERLON_SENSOR_LOG_LOG_EVENT_H
#define MERLON_SENSOR_LOG_LOG_EVENT_H
#include "event/event.h"
#include "sensor/log/log_line.h"

struct log_context {
	const char *path; /* of the log, or NULL; borrowed */
	enum event_os os;
	/* Programs tell some acts twice (su itself and PAM for it): the last native event. */
	uint64_t last_time_ns;
	uint16_t last_kind;
	char last_pid[16];
};

/* Appends the log_line of a line; text is the line as it came. log.service names the program's
 * service and those of its log (auth, syslog, …). NULL when memory ran out. */
struct event *log_event_line(struct batch *batch, const struct log_line *line, struct str text,
	const struct log_context *context);

/* Appends the native event that the line tells of; NULL when there is none. */
struct event *log_event_native(
	struct batch *batch, const struct log_line *line, struct log_context *context);

/* Where nobody listens to audit the kernel logs its records: the text of the one in this line
 * ("type=1400 audit(…): …", as audit_line_parse() reads it), else empty. */
struct str log_audit_text(const struct log_line *line);

/* Names of the services that a line belongs to, as Sigma's logsource knows them. Returns how many
 * were put into ret, at most LOG_SERVICES_MAX. */
#define LOG_SERVICES_MAX 4
unsigned log_services(const struct log_line *line, const char *path, struct str *ret);
#endif
