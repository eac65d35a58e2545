/* Log lines of all forms, and what they tell. */
#include <stdlib.h>
#include "base/err.h"
#include "sensor/log/kube_audit.h"
#include "sensor/log/log_event.h"
#include "sensor/replay/logline.h"

static struct fields *fields;
static struct batch *batch;
static struct buf document;

static void make_batch(void)
{
	struct err err;

	if (fields_create(&fields, &err) != 0)
		abort();
	fields_want_all(fields);
	if (fields_freeze(fields, &err) != 0 || batch_create(fields, &batch) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len)
{
	struct str text = str_n((const char *)ptr, len);
	struct log_clock clock = {.reference_ns = len % 2 ? 0 : UINT64_C(1700000000000000000)};
	struct log_context context = {.path = "/var/log/auth.log", .os = OS_LINUX};
	struct log_line line;

	if (batch == NULL)
		make_batch();
	(void)logline_looks_like(ptr, len);
	while (text.len > 0) {
		struct str one = str_cut(&text, '\n');
		if (kube_audit_looks_like(one))
			(void)kube_audit_event(batch, one, &document);
		log_line_parse(&line, one, &clock);
		(void)log_event_line(batch, &line, one, &context);
		(void)log_event_native(batch, &line, &context);
	}
	batch_clear(batch);
	return 0;
}
