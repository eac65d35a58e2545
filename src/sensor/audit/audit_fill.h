/* A Linux audit record as an event of its own, as the public rules for auditd read it. */
#ifndef MERLON_SENSOR_AUDIT_AUDIT_FILL_H
#define MERLON_SENSOR_AUDIT_AUDIT_FILL_H
#include "event/event.h"
#include "sensor/audit/audit_line.h"

/* Appends an audit_record with all fields (auditd.data.KEY) and, where the record says so, process
 * and users. text is the line it came as, or empty. Returns the event, or NULL when memory ran out. */
struct event *audit_fill_record(
	struct batch *batch, const struct audit_line *line, struct str text);

/* Process, users and session of the acting process, as SYSCALL and USER_* records name them, into
 * the event being built. */
void audit_fill_process(struct batch *batch, const struct audit_line *line);

/* AUDIT_ARCH_ number of a record's arch=, 0 without. */
uint32_t audit_fill_arch(const struct audit_line *line);
/* Name of the call of a SYSCALL or SECCOMP record: looked up by auditd, or by number; NULL or empty
 * when nobody knows it. */
struct str audit_fill_syscall(const struct audit_line *line);
#endif
