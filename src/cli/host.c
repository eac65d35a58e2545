#include "cli/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "detect/cep/plan.h"
#include "enrich/supplies.h"
#include "os/host.h"
#include "sensor/sensor.h"

struct supply {
	const char *name;
	const char *const *open_names; /* or NULL */
	uint64_t kinds[KIND_MAX / 64];
	uint64_t fields[FIELD_ID_MAX / 64];
};
struct host {
	struct supply sensors[HOST_SENSORS_MAX];
	unsigned count;
	enum event_os os;
};

static bool opens(const struct sensor_ops *ops, const struct fields *fields)
{
	struct sensor_config config = {.want = {.fields = fields}};
	struct sensor *sensor = NULL;

	memset(config.want.kinds, 0xff, sizeof(config.want.kinds));
	if (ops->open(&config, &sensor, NULL) != 0)
		return false;
	ops->close(sensor);
	return true;
}

static void add(struct host *host, const struct sensor_ops *ops)
{
	struct supply *s = &host->sensors[host->count++];

	s->name = ops->name;
	s->open_names = ops->open_names;
	for (const uint16_t *kind = ops->kinds; kind != NULL && *kind != KIND_none; kind++)
		s->kinds[*kind / 64] |= UINT64_C(1) << (*kind % 64);
	enrich_supplies(s->kinds, s->fields);
	for (const uint16_t *id = ops->fields; id != NULL && *id != FIELD_none; id++)
		s->fields[*id / 64] |= UINT64_C(1) << (*id % 64);
}

static enum event_os own_system(void)
{
	struct os_host own = {0};

	os_host_read(&own);
	return strcmp(own.type, "linux") == 0	? OS_LINUX
	       : strcmp(own.type, "macos") == 0 ? OS_MACOS
						: OS_UNKNOWN;
}

int host_look(struct host **ret, struct err *err)
{
	struct host *host = calloc(1, sizeof(*host));
	struct fields *fields = NULL;

	if (host == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	host->os = own_system();
	int rc = fields_create(&fields, err);
	if (rc == 0)
		rc = fields_freeze(fields, err);
	for (size_t i = 0; rc == 0 && sensor_table[i] != NULL; i++)
		if (sensor_table[i]->live && host->count < HOST_SENSORS_MAX &&
			opens(sensor_table[i], fields))
			add(host, sensor_table[i]);
	fields_destroy(fields);
	if (rc != 0) {
		free(host);
		return rc;
	}
	*ret = host;
	return 0;
}

void host_forget(struct host *host)
{
	free(host);
}

/* Names that only rules know, below those that the sensor passes on. */
static void add_open(struct supply *s, const struct fields *fields)
{
	for (const char *const *prefix = s->open_names; prefix != NULL && *prefix != NULL; prefix++)
		for (unsigned id = 1; id < fields_count(fields); id++)
			if (str_starts(fields_name(fields, (field_id)id), str_of(*prefix)))
				s->fields[id / 64] |= UINT64_C(1) << (id % 64);
}

static void judge_rule(struct host *host, const struct fields *fields, const struct rule *rule,
	struct host_verdict *ret)
{
	field_id missing[REACH_MISSING_MAX];
	unsigned count;

	*ret = (struct host_verdict){0};
	for (unsigned i = 0; i < host->count; i++) {
		struct supply *s = &host->sensors[i];
		add_open(s, fields);
		struct reach reach = {s->kinds, s->fields};
		if (reach_rule(rule, &reach, missing, &count)) {
			ret->reachable = true;
			ret->sensors[ret->sensor_count++] = s->name;
		} else if (count > 0 && (ret->missing_count == 0 || count < ret->missing_count)) {
			memcpy(ret->missing, missing, sizeof(missing));
			ret->missing_count = count;
		}
	}
	if (ret->reachable)
		ret->missing_count = 0;
}

static bool needs_every_step(const struct cep_plan *plan)
{
	return plan->type != CEP_WINDOW ||
	       (plan->terms == NULL && (plan->aggregate == CEP_TEMPORAL ||
					       plan->aggregate == CEP_TEMPORAL_ORDERED));
}

static void add_sensors(struct host_verdict *all, const struct host_verdict *one)
{
	for (unsigned i = 0; i < one->sensor_count; i++) {
		unsigned k = 0;
		while (k < all->sensor_count && all->sensors[k] != one->sensors[i])
			k++;
		if (k == all->sensor_count && k < HOST_SENSORS_MAX)
			all->sensors[all->sensor_count++] = one->sensors[i];
	}
}

/* Each step may come from another sensor. */
static void judge_plan(struct host *host, const struct fields *fields, const struct cep_plan *plan,
	struct host_verdict *ret)
{
	bool every = needs_every_step(plan), any = false, all = true;
	struct host_verdict step, lacking = {0};

	*ret = (struct host_verdict){0};
	for (uint32_t i = 0; i < plan->step_count; i++) {
		host_judge(host, fields, plan->steps[i].rule, &step);
		any |= step.reachable;
		if (step.reachable)
			add_sensors(ret, &step);
		else if (!plan->steps[i].missing && all)
			lacking = step;
		all &= step.reachable || plan->steps[i].missing;
	}
	ret->reachable = every ? all : any;
	if (!ret->reachable)
		*ret = lacking;
}

/* Recursion ends: plans refer to rules before them. */
void host_judge(struct host *host, const struct fields *fields, const struct rule *rule,
	struct host_verdict *ret)
{
	bool other = rule->os_mask != 0 && host->os != OS_UNKNOWN &&
		     (rule->os_mask >> host->os & 1) == 0;

	if (other)
		*ret = (struct host_verdict){.other_system = true};
	else if (rule->plan != NULL)
		judge_plan(host, fields, rule->plan, ret);
	else
		judge_rule(host, fields, rule, ret);
}
