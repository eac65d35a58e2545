/* Between the sources of enrich: enrich.c (who acts), learn.c (what the event tells), show.c (what
 * it lacks), derive.c (what follows from its own fields), entry.c (how a session began). */
#ifndef MERLON_ENRICH_ENRICH_INTERNAL_H
#define MERLON_ENRICH_ENRICH_INTERNAL_H
#include "enrich/enrich.h"
#include "enrich/names.h"
#include "os/users.h"

#define ENTITY_ID_MAX 512u /* longer ids are cut */
#define ANCESTRY_MAX  32u

enum who {
	WHO_ACTOR,
	WHO_PARENT,
	WHO_ENTRY_LEADER,
	WHO_SESSION_LEADER,
	WHO_GROUP_LEADER,
	WHO_EFFECTIVE_PARENT,
	WHO_EFFECTIVE_OR_PARENT,
	WHO_RESPONSIBLE,
	WHO_TARGET,
	WHO_MAX
};

struct attr_field {
	uint8_t who, attr;
	field_id field;
};
#define SHOWN_MAX   192u
#define SOURCES_MAX 256u /* inputs beyond share the last place */

#define STARTS_KNOWN 64u
struct known_start {
	char text[39];
	uint8_t len;
	uint64_t ns;
};

/* The host that an input last named. Events that name none are of it. */
struct known_host {
	char id[64], name[256];
	uint16_t id_len, name_len;
	uint32_t number;
	bool known;
};

struct enrich {
	const struct fields *fields;
	struct graph *graph;
	struct os_users *users; /* NULL unless live */
	/* what to read from events, and what to add: rows of process.def that somebody wants */
	struct attr_field own[SHOWN_MAX], parent[SHOWN_MAX], shown[SHOWN_MAX];
	uint32_t own_count, parent_count, shown_count;
	bool wants_ancestry, wants_entry_type, wants_entry_source, wants_host_id, wants_host_name;
	struct derive *derive;
	struct names *names; /* NULL unless wanted */
	struct process *actor;
	struct known_start starts[STARTS_KNOWN];
	struct known_host *hosts; /* SOURCES_MAX: by input, the host it last named */
	struct enrich_stats stats;
};

/* What an event says about who is who. */
struct identity {
	uint32_t host, pid, parent_pid, generation;
	bool has_generation;
	struct str id, parent_id; /* in the event */
	uint64_t start_ns, time_ns;
};

/* enrich.c: the process that the event acts on; NULL when it names none or none is known. */
const struct process *target_of(
	struct enrich *enrich, const struct view *view, const struct identity *actor);

/* learn.c */
void learn_own(struct enrich *enrich, struct process *p, const struct view *view);
void learn_parent(struct enrich *enrich, struct process *parent, const struct view *view);
/* Parents of p from process.Ext.ancestry, effective and responsible process, leaders. */
void learn_relatives(struct enrich *enrich, struct process *p, const struct view *view,
	const struct identity *identity);

/* show.c */
void show_missing(struct enrich *enrich, struct view *view, const struct identity *identity);

/* host.c */
/* The number of the event's host; shows id and name where the event lacks them. */
uint32_t host_of_event(struct enrich *enrich, struct view *view);
/* All inputs are of this machine until they say otherwise. */
void host_here(struct enrich *enrich);

/* derive.c */
struct derive;
/* Wants the sources of derived fields that are wanted outside. */
void derive_want(struct fields *fields, const uint64_t *outside);
int derive_create(const uint64_t *outside, struct derive **ret);
void derive_destroy(struct derive *derive);
void derive_fields(const struct derive *derive, struct view *view, const struct os_users *users);
/* Name of the user or group whose number a text field holds; empty when unknown. */
struct str user_name_of(const struct os_users *users, struct str uid);
struct str group_name_of(const struct os_users *users, struct str gid);

/* entry.c: decides, for a new image whose parent is known, which entry it belongs to. */
void entry_settle(struct graph *graph, struct process *p, struct arena *scratch);
/* A process accepted a connection. */
void entry_accepted(struct graph *graph, struct process *p, struct str peer, struct arena *scratch);
/* Where the login came from that the process belongs to; empty when unknown or none. */
struct str entry_source(const struct graph *graph, const struct process *p, struct arena *scratch);

/* A field as a pid; 0 when it is none. */
uint32_t view_pid(const struct view *view, field_id id);
#endif
