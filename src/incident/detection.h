/* One rule that matched: who did what, and why that is remarkable. */
#ifndef MERLON_INCIDENT_DETECTION_H
#define MERLON_INCIDENT_DETECTION_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "detect/cep/cep.h"
#include "detect/rule/rule.h"
#include "enrich/enrich.h"
#include "event/view.h"

/* A process image as it was known then. Texts may be empty. */
struct detection_process {
	struct str entity_id, executable, command_line, user;
	uint32_t pid;  /* 0: unknown */
	bool boundary; /* what lies from here upward is the system, not the story */
};

/* The event that a rule matched: enough to find it again and to tell of it. */
struct detection_event {
	struct str file; /* input it came from; empty for live events */
	uint64_t file_index, index;
	uint64_t time_ns;
	struct str action, entity_id, host;
	struct str object; /* what was acted on: a path, an address, a name; may be empty */
	bool writes;	   /* the object is a file that it made or changed */
};

#define DETECTION_ANCESTORS_MAX 24u

/* Everything it points to lives in the arena given to detection_make(), or in the rule set. */
struct detection {
	const struct rule *rule;
	const struct detection_event *events; /* in the order of the rule's steps; at least one */
	uint32_t event_count;
	const struct str *why; /* sentences; the first names technique and rule */
	uint32_t why_count;
	struct detection_process process;	   /* of the last event */
	const struct detection_process *ancestors; /* parent first */
	uint32_t ancestor_count;
};

/* What detection_make() looks at. The view must still hold the event, enriched. */
struct detection_source {
	const struct view *view;       /* may be NULL when match is there and why_count is 0 */
	const struct cep_match *match; /* of a rule over several events; else NULL */
	const struct graph *graph;
	const struct process *actor; /* of the last event; NULL: none */
	const char *const *files;    /* names of the inputs, by event.source */
	size_t file_count;
	const struct rule *rule;
	const struct why *why; /* from matcher_explain() */
	uint32_t why_count;
};

/* Returns 0, -ENOMEM, or -EINVAL for a match without events. Copies what must outlive the view. */
int detection_make(
	struct arena *arena, const struct detection_source *source, struct detection *ret);

/* One line of JSON, without newline: {"kind":"alert",…}, see the interface description. */
void detection_write(struct buf *buf, const struct detection *detection);
/* Its "process" object. */
void detection_write_process(struct json_writer *w, const struct detection *detection);
#endif
