#include "sensor/audit/audit_sensor.h"
#include "sensor/bpf/bpf_sensor.h"
#include "sensor/log/log_sensor.h"
#include "sensor/log/login_sensor.h"
#include "sensor/replay/auditlog.h"
#include "sensor/replay/auto.h"
#include "sensor/replay/bsm.h"
#include "sensor/replay/ecs.h"
#include "sensor/replay/es_json.h"
#include "sensor/replay/eslogger.h"
#include "sensor/replay/jamf.h"
#include "sensor/replay/logline.h"
#include "sensor/replay/merlon.h"
#include "sensor/proc/proc_sensor.h"
#include "sensor/sensor.h"

const struct sensor_ops *const sensor_table[] = {
#ifdef MERLON_BPF
	&bpf_sensor_ops,
#endif
#ifdef MERLON_LINUX
	&fallback_sensor_ops,
	&audit_sensor_ops,
	&log_sensor_ops,
	&login_sensor_ops,
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

static const struct sensor_ops *find(struct str name, bool live)
{
	for (size_t i = 0; sensor_table[i] != NULL; i++)
		if (sensor_table[i]->live == live && str_is(name, sensor_table[i]->name))
			return sensor_table[i];
	return NULL;
}

const struct sensor_ops *sensor_by_name(struct str name)
{
	const struct sensor_ops *ops = find(name, false);
	return ops != NULL ? ops : find(name, true);
}

const struct sensor_ops *sensor_live_by_name(struct str name)
{
	return find(name, true);
}
