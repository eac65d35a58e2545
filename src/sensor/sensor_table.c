#include "sensor/bpf/bpf_sensor.h"
#include "sensor/replay/auditlog.h"
#include "sensor/replay/auto.h"
#include "sensor/replay/bsm.h"
#include "sensor/replay/ecs.h"
#include "sensor/replay/es_json.h"
#include "sensor/replay/eslogger.h"
#include "sensor/replay/jamf.h"
#include "sensor/replay/logline.h"
#include "sensor/replay/merlon.h"
#include "sensor/sensor.h"

const struct sensor_ops *const sensor_table[] = {
#ifdef MERLON_BPF
	&bpf_sensor_ops,
#endif
	&auto_sensor_ops,
	&ecs_sensor_ops,
	&bsm_sensor_ops,
	&eslogger_sensor_ops,
	&auditlog_sensor_ops,
	&es_json_sensor_ops,
	&jamf_sensor_ops,
	&logline_sensor_ops,
	&merlon_sensor_ops,
	NULL,
};

const struct sensor_ops *sensor_by_name(struct str name)
{
	for (size_t i = 0; sensor_table[i] != NULL; i++)
		if (str_is(name, sensor_table[i]->name))
			return sensor_table[i];
	return NULL;
}
