/* How bad: each further sign raises the score by a share of what is left to 100, so that many weak
 * signs approach a strong one and nothing passes the end. */
#include "incident/incident.h"

#define SAME_RULE_SHARE	 0.15 /* of a rule's weight, for each further behaviour it found */
#define SAME_RULE_MAX	 4u
#define TACTIC_WEIGHT	 0.10 /* for each tactic beyond the first */
#define TECHNIQUE_WEIGHT 0.04 /* for each technique beyond the first */
#define BREADTH_MAX	 8u

static const double weights[] = {
	[SEVERITY_INFORMATIONAL] = 0.02,
	[SEVERITY_LOW] = 0.10,
	[SEVERITY_MEDIUM] = 0.30,
	[SEVERITY_HIGH] = 0.55,
	[SEVERITY_CRITICAL] = 0.80,
};
/* From which score an incident is that severe, whatever its alerts. */
static const unsigned thresholds[] = {
	[SEVERITY_INFORMATIONAL] = 0,
	[SEVERITY_LOW] = 8,
	[SEVERITY_MEDIUM] = 30,
	[SEVERITY_HIGH] = 55,
	[SEVERITY_CRITICAL] = 85,
};

/* How many alerts before this one came from the same rule. */
static unsigned seen_before(const struct incident *incident, uint32_t index)
{
	const struct incident_alert *alert = incident->alerts[index];
	unsigned seen = 0;

	for (uint32_t i = 0; i < index; i++)
		seen += str_eq(incident->alerts[i]->rule_id, alert->rule_id) &&
			str_eq(incident->alerts[i]->rule_file, alert->rule_file);
	return seen;
}

static double breadth(uint32_t count, double weight)
{
	double left = 1.0;

	for (uint32_t i = 1; i < count && i < BREADTH_MAX; i++)
		left *= 1.0 - weight;
	return left;
}

void incident_score(struct incident *incident)
{
	double left = 1.0;
	enum severity worst = SEVERITY_INFORMATIONAL;

	for (uint32_t i = 0; i < incident->alert_count; i++) {
		const struct incident_alert *alert = incident->alerts[i];
		unsigned seen = seen_before(incident, i);

		if (alert->severity > worst)
			worst = alert->severity;
		if (seen <= SAME_RULE_MAX)
			left *= 1.0 -
				weights[alert->severity] * (seen == 0 ? 1.0 : SAME_RULE_SHARE);
	}
	left *= breadth(incident->tactic_count, TACTIC_WEIGHT);
	left *= breadth(incident->technique_count, TECHNIQUE_WEIGHT);
	incident->score = (unsigned)(100.0 * (1.0 - left) + 0.5);
	incident->severity = worst;
	for (unsigned s = SEVERITY_CRITICAL; s > (unsigned)worst; s--)
		if (incident->score >= thresholds[s]) {
			incident->severity = (enum severity)s;
			break;
		}
}
