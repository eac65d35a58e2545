/* Linux audit records: lines, their fields, and the groups they make. */
#include <stdlib.h>
#include "base/err.h"
#include "sensor/audit/audit_fill.h"
#include "sensor/audit/audit_group.h"
#include "sensor/replay/auditlog.h"

static struct fields *fields;
static struct batch *batch;
static struct audit_line line;
static struct audit_groups groups;

static void make_state(void)
{
	struct err err;

	if (fields_create(&fields, &err) != 0)
		abort();
	fields_want_all(fields);
	if (fields_freeze(fields, &err) != 0 || batch_create(fields, &batch) != 0 ||
		audit_groups_create(&groups) != 0)
		abort();
	audit_line_init(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len)
{
	struct str text = str_n((const char *)ptr, len);
	const char *reason;
	struct audit_group *group;

	if (batch == NULL)
		make_state();
	(void)auditlog_looks_like(ptr, len);
	while (text.len > 0) {
		struct str one = str_cut(&text, '\n');
		if (audit_line_parse(&line, one, &reason) != 0)
			continue;
		(void)audit_fill_record(batch, &line, one);
		(void)audit_user_event(batch, &line);
		audit_groups_add(&groups, &line, 0, 0);
	}
	while ((group = audit_groups_take(&groups, true)) != NULL) {
		(void)audit_group_event(batch, group);
		audit_group_release(&groups, group);
	}
	batch_clear(batch);
	audit_groups_clear(&groups);
	return 0;
}
