/* Where a story ends upward: ancestors that start everything on a host (init, session managers,
 * container runtimes) are no link between two acts. */
#ifndef MERLON_INCIDENT_BOUNDARY_H
#define MERLON_INCIDENT_BOUNDARY_H
#include "enrich/graph.h"

struct boundary {
	const struct graph *graph;
	const struct process *actor;
	uint32_t left;	       /* images that may still be linked through */
	uint32_t unknown_left; /* of which nothing but the id is known */
	bool reached;
	const struct process *leader; /* entry leader: the last that links */
};

/* For walking up from p. */
struct boundary boundary_begin(const struct graph *graph, const struct process *p);
/* For each ancestor in order: whether it lies beyond. */
bool boundary_at(struct boundary *boundary, const struct process *ancestor);
#endif
