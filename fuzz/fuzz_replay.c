/* The sensors of recordings, over files whose first byte chooses the format. */
#include "memory_file.h"
#include "sensor/sensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fields *fields;
static struct batch *batch;

static void set_up(void)
{
	if (fields_create(&fields, NULL) != 0)
		abort();
	fields_want_all(fields);
	if (fields_freeze(fields, NULL) != 0 || batch_create(fields, &batch) != 0)
		abort();
}

static void report(void *context, const struct sensor_report *report)
{
	if (report->reason == NULL || report->input == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = {
		"eslogger", "es-json", "jamf", "ecs", "auto", "bsm", "audit", "syslog"};
	struct sensor_stats stats;
	struct sensor *sensor;
	int rc;

	if (size == 0)
		return 0;
	if (fields == NULL)
		set_up();
	const char *name = memory_file(data + 1, size - 1);
	struct sensor_config config = {
		.inputs = &name, .input_count = 1, .report = report, .want = {.fields = fields}};
	const struct sensor_ops *ops = sensor_by_name(
		str_of(formats[data[0] % (sizeof(formats) / sizeof(formats[0]))]));
	if (ops->open(&config, &sensor, NULL) != 0)
		abort();
	do {
		batch_clear(batch);
		rc = ops->next(sensor, batch, 0, NULL);
		ops->stats(sensor, &stats);
	} while (rc >= 0 && stats.bytes < (UINT64_C(1) << 20));
	if (stats.records != stats.accepted + stats.skipped)
		abort();
	ops->close(sensor);
	return 0;
}
