/* BSM trails: tokens, records, and what becomes of them. */
#include <stdlib.h>
#include "base/err.h"
#include "sensor/replay/bsm.h"
#include "sensor/audit/bsm_record.h"

static struct fields *fields;
static struct batch *batch;

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
	struct bsm_record record = {0};

	if (batch == NULL)
		make_batch();
	(void)bsm_looks_like(ptr, len);
	if (bsm_record_parse(&record, ptr, len) == 0)
		(void)bsm_record_event(&record, batch);
	batch_clear(batch);
	bsm_record_destroy(&record);
	return 0;
}
