/* Adds to each event the facts that it lacks and that somebody wants, and keeps the process graph
 * right on the way. Adds to the view, never to the event; replaces nothing that the event says.
 *
 * What an event should carry so that the graph can be right:
 *   every event of a process  process.pid; process.start where the kernel gives it, as ns since
 *                             1970 (integer) or RFC 3339; or process.entity_id
 *   fork     parent's pid or entity id; other facts only if they differ from the parent's
 *   exec     executable, args (or command_line), user.id where it changed; the rest is kept
 *            from the process before: directory, user, terminal, session, container
 *   already_running (KIND_process_snapshot)  all of it; see seed.h
 *   end      pid
 *   every one  host.id, where an input mixes hosts
 * process.session_leader.pid and process.group_leader.pid tell session and process group. Cgroup
 * paths (process.Ext.cgroup) become container and unit. */
#ifndef MERLON_ENRICH_ENRICH_H
#define MERLON_ENRICH_ENRICH_H
#include "enrich/graph.h"
#include "event/view.h"
struct err;

struct enrich_options {
	struct graph_options graph; /* limits of 0: less when live, see enrich.c */
	/* Events are of this host, now: user and group names come from its files. Never for
	 * recordings. */
	bool live;
	/* No process graph: only what an event that is no ECS document says by its kind and its own
	 * fields (event.action, file.extension …). For hunt. */
	bool own_words;
	/* Filled by enrich_want(): fields that others want. Only these are added to events. */
	bool has_outside;
	uint64_t outside[FIELD_ID_MAX / 64];
};

struct enrich_stats {
	struct graph_stats graph;
	uint64_t events, unknown_actors; /* events of processes that nothing had told of */
	uint64_t lost_execs;		 /* images that changed without an exec event */
	uint64_t reused_pids;		 /* processes whose end nothing had told */
	uint64_t names_evicted;		 /* look-ups forgotten before their time */
};

struct enrich;
/* Wants what the graph needs to see. Call it last before fields_freeze(), when everybody else has
 * said what they want: that decides which facts are kept and added. */
void enrich_want(struct fields *fields, struct enrich_options *options);
/* After enrich_want(): sets the bits of the kinds of events that the graph and the facts wanted come
 * from. */
void enrich_want_kinds(const struct enrich_options *options, uint64_t kinds[KIND_MAX / 64]);
/* After fields_freeze(). Returns 0 or -ENOMEM. */
int enrich_create(const struct fields *fields, const struct enrich_options *options,
	struct enrich **ret, struct err *err);
void enrich_destroy(struct enrich *enrich);

/* Sets view->also_kind to KIND_process_exec when a fork or end shows an image whose exec was never
 * seen, else KIND_none. */
void enrich_event(struct enrich *enrich, struct view *view);

/* Of the last event, or NULL; valid until the next enrich_event(). Read it with process_text() and
 * graph_get() on the graph. */
const struct process *enrich_actor(const struct enrich *enrich);
const struct graph *enrich_graph(const struct enrich *enrich);
/* The image of an entity id on a host, known by id, else by name; NULL when it is not known. */
const struct process *enrich_find(
	struct enrich *enrich, struct str host_id, struct str host_name, struct str entity_id);
struct enrich_stats enrich_stats(const struct enrich *enrich);
#endif
