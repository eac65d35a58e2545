/* One record of Linux audit as text, as auditd writes it to audit.log (raw or enriched) and the
 * kernel sends it over netlink. Format: `[node=N ]type=T msg=audit(SECONDS.MS:SERIAL): KEY=VALUE…`;
 * values stand bare, in double quotes, in single quotes (then KEY=VALUE pairs of their own), or,
 * where a program chose the text, in hexadecimal; enriched records append what auditd looked up
 * behind a byte 0x1d. */
#ifndef MERLON_SENSOR_AUDIT_AUDIT_LINE_H
#define MERLON_SENSOR_AUDIT_AUDIT_LINE_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

#define AUDIT_FIELDS_MAX 8192 /* more in one record are counted and dropped */

struct audit_field {
	struct str key, value; /* value decoded */
	bool enriched;	       /* stood behind 0x1d */
};

struct audit_line {
	struct str node, type;
	uint64_t time_ns, serial;
	struct audit_field *fields; /* owned, reused by the next parse */
	uint32_t count, capacity;
	uint32_t dropped;   /* fields over the limit */
	struct arena arena; /* decoded text of this line */
};

void audit_line_init(struct audit_line *line);
void audit_line_destroy(struct audit_line *line);

/* Parses text, which stays borrowed. Returns 0, -EBADMSG with *ret_reason (static), or -ENOMEM. */
int audit_line_parse(struct audit_line *line, struct str text, const char **ret_reason);
/* The same for the text of a netlink message, "audit(…): …", whose type stands in its header.
 * type must outlive the line. */
int audit_line_parse_message(
	struct audit_line *line, struct str type, struct str text, const char **ret_reason);

/* The value of a key as the kernel wrote it (not enriched); empty without. */
struct str audit_line_get(const struct audit_line *line, const char *key);
/* The same of the enriched part. */
struct str audit_line_enriched(const struct audit_line *line, const char *key);
/* Numbers; false when missing or no number. */
bool audit_line_u64(const struct audit_line *line, const char *key, unsigned base, uint64_t *ret);
bool audit_line_i64(const struct audit_line *line, const char *key, int64_t *ret);

/* a0, a1, …, also in pieces (a1[0], a1[1]): true with the number. *ret_piece is -1 when whole. */
bool audit_arg_key(struct str key, unsigned *ret_number, int *ret_piece);

/* Text as an unsigned number of a base, the whole of it. */
bool audit_number(struct str text, unsigned base, uint64_t *ret);
/* Bytes written in hexadecimal: into the arena; ptr NULL when it is no such text. */
struct str audit_unhex(struct arena *arena, struct str text);
#endif
