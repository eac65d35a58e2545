/* Between incident.c (which incident) and gather.c (what it holds). */
#ifndef MERLON_INCIDENT_INCIDENT_INTERNAL_H
#define MERLON_INCIDENT_INCIDENT_INTERNAL_H
#include "incident/incident.h"

#define ALERTS_MAX     256u
#define TIMELINE_MAX   512u
#define PROCESSES_MAX  INCIDENT_PROCESSES_MAX
#define WORDS_MAX      64u
#define KEYS_MAX       1024u
#define INCIDENT_BYTES ((size_t)4 * 1024 * 1024)
#define ABSORBED_MAX   64u
#define COMMAND_MAX    4096u /* longer command lines are cut */

/* An open incident: what others see first. */
struct open_incident {
	struct incident shown;
	struct arena arena;
	struct open_incident
		*absorbed; /* list of incidents merged into this one, kept for their texts */
	uint32_t absorbed_count;
	uint64_t *keys; /* of the builder's index, that lead here */
	uint32_t key_count, key_capacity;
	uint32_t alert_capacity, timeline_capacity, process_capacity;
	struct open_incident *older, *newer; /* by last activity */
	uint32_t slot;			     /* in the builder's table */
	uint64_t serial;		     /* in the order of opening */
	uint64_t news_since_ns;		     /* poll time; 0: not polled since */
	uint64_t told_ns;		     /* poll time of the last telling */
	bool news;
	enum severity told_severity;
};

/* 0 or -ENOMEM; host is copied. */
int gather_create(struct str host, uint64_t time_ns, struct open_incident **ret);
void gather_destroy(struct open_incident *incident);
/* Returns whether it is news: a behaviour not told of, or one that repeats after long. */
bool gather_detection(struct open_incident *incident, const struct detection *detection);
void gather_gap(
	struct open_incident *incident, uint64_t time_ns, uint64_t count, struct str reason);
/* from's contents move into incident, which then owns from; when it holds too many already, from is
 * only counted, as dropped. */
void gather_merge(struct open_incident *incident, struct open_incident *from);
/* Sets id from the first detection. */
void gather_name(struct open_incident *incident, const struct detection *detection);
bool gather_add_key(struct open_incident *incident, uint64_t key);
#endif
