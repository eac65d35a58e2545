/* One line of a web server's access log in the common or combined form, as Apache and nginx write it
 * by default: client identity user [time] "METHOD url protocol" status bytes "referrer" "agent". A
 * virtual host may stand first. Apache HTTP Server documentation, "Log Files". */
#ifndef MERLON_SENSOR_LOG_ACCESS_LINE_H
#define MERLON_SENSOR_LOG_ACCESS_LINE_H
#include "event/event.h"

struct access_line {
	uint64_t time_ns, bytes;
	uint32_t status;
	struct str client, user, method, url, agent; /* borrowed from the text; "-" is empty */
};

/* False when the text is no such line. */
bool access_line_parse(struct access_line *line, struct str text);
/* Adds what the line tells to the event being built. */
void access_line_fill(struct batch *batch, const struct access_line *line, const char *path);
#endif
