/* The table of processes: live and recently dead ones of any number of hosts. A node is one image
 * generation of one process: a fork makes a node, each exec another. Bounded in nodes and in
 * bytes of text; when full the oldest dead leaf goes first. Not thread-safe. */
#ifndef MERLON_ENRICH_GRAPH_H
#define MERLON_ENRICH_GRAPH_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "enrich/text.h"
#include "event/event.h"

enum process_attr {
#define ATTR(ident, ...) ATTR_##ident,
#include "enrich/process.def"
	ATTR_MAX
};

/* How a login, service or other entry into the host began (process.entry_leader.entry_meta). */
enum entry_type {
	ENTRY_UNKNOWN,
	ENTRY_INIT,
	ENTRY_SSHD,
	ENTRY_TERMINAL,
	ENTRY_CONSOLE,
	ENTRY_CONTAINER,
	ENTRY_CRON,
};
struct str entry_type_word(enum entry_type type); /* empty for ENTRY_UNKNOWN */

/* A link that notices when its node is gone; serial 0: none. */
struct process_ref {
	uint32_t index, serial;
};

struct process {
	uint32_t index, serial; /* serial 0: not in use */
	uint32_t host, pid;
	uint32_t ppid, sid, pgid; /* 0: unknown */
	uint32_t generation;	  /* execs of this process before; part of the entity id */
	uint32_t told_generation; /* what the source counts, if has_generation */
	uint64_t key;		  /* hash of host and entity id */
	uint32_t id_text;	  /* entity id as its source wrote it; 0: made by the graph */
	uint32_t child_count;
	uint64_t id_hash;	 /* entity id made by the graph */
	uint64_t start_ns;	 /* of the process; 0: unknown */
	uint64_t image_ns;	 /* when this image was first seen */
	uint64_t end_ns;	 /* of the image: exec or exit; 0: lives */
	uint64_t seen_ns;	 /* last event */
	bool exited : 1;	 /* the process ended */
	bool placeholder : 1;	 /* known only through others */
	bool copied : 1;	 /* the parent's image: no exec since the fork */
	bool judged : 1;	 /* rules have seen this image's creation */
	bool coarse_start : 1;	 /* start_ns is good to 10 ms */
	bool has_generation : 1; /* generation came from the source */
	bool in_dead_list : 1, in_live_list : 1;
	uint8_t entry_type;	       /* of the entry that it belongs to */
	uint32_t list_prev, list_next; /* indices + 1 */
	struct process_ref parent;     /* image that made it */
	struct process_ref previous;   /* same process, image before */
	struct process_ref older;      /* last process with the same pid */
	struct process_ref effective, responsible, session_leader, group_leader, entry_leader;
	uint32_t attr[ATTR_MAX]; /* see graph.c; read through process_value() */
};

struct graph_options {
	uint32_t node_limit;	 /* 0: 65,536 */
	size_t text_limit_bytes; /* 0: 32 MiB */
};
struct graph_stats {
	uint64_t nodes; /* images now in the table */
	uint64_t created, evicted_dead, evicted_live;
	struct text_stats text;
};

struct graph;
int graph_create(const struct graph_options *options, struct graph **ret); /* 0 or -ENOMEM */
void graph_destroy(struct graph *graph);
struct graph_stats graph_stats(const struct graph *graph);

/* The number of a host, made if new; hosts beyond 65,535 share the last number. */
uint32_t graph_host(struct graph *graph, struct str id);

/* Newest image of the newest process with this pid, also when it ended; or NULL. */
struct process *graph_by_pid(const struct graph *graph, uint32_t host, uint32_t pid);
struct process *graph_by_id(const struct graph *graph, uint32_t host, struct str entity_id);
/* NULL when the node is gone. */
struct process *graph_get(const struct graph *graph, struct process_ref ref);
static inline struct process_ref process_ref(const struct process *p)
{
	return p == NULL ? (struct process_ref){0} : (struct process_ref){p->index, p->serial};
}

/* A node with its entity id in place (given, or made from the other arguments when id is empty);
 * evicts if full. Never `keep` or its parent. Never fails: the table is bounded, not growing. */
struct node_spec {
	uint32_t host, pid, generation;
	uint64_t start_ns, now_ns;
	struct str id;
	const struct process *keep;
};
struct process *graph_add(struct graph *graph, const struct node_spec *spec);
/* Makes the node the one that graph_by_pid() finds. */
void graph_set_current(struct graph *graph, struct process *p);
/* Links; ignored when it would close a circle. */
void graph_set_parent(struct graph *graph, struct process *p, struct process *parent);
/* The image is over; exited: the process as well. */
void graph_end(struct graph *graph, struct process *p, uint64_t now_ns, bool exited);
void graph_touch(struct graph *graph, struct process *p, uint64_t now_ns);

/* What a new image takes over. */
void process_inherit_fork(struct graph *graph, struct process *p, const struct process *parent);
void process_inherit_exec(struct graph *graph, struct process *p, const struct process *before);
/* Only session, entry and container: for a child whose birth was not seen. */
void process_inherit_context(struct graph *graph, struct process *p, const struct process *parent);

/* Attributes. Text given must not lie in the graph's own memory. */
#define PROCESS_TEXT_MAX 16384u /* longer texts are cut */
#define PROCESS_ARGS_MAX 1024u
/* Known only of an image, not of the process through its images. */
bool process_attr_is_image(enum process_attr attr);
bool process_has(const struct process *p, enum process_attr attr);
/* Sets from a value of an event; what does not fit the attribute's type is ignored. Returns
 * whether it changed. */
bool process_set(
	struct graph *graph, struct process *p, enum process_attr attr, const struct value *value);
bool process_set_text(
	struct graph *graph, struct process *p, enum process_attr attr, struct str text);
void process_clear(struct graph *graph, struct process *p, enum process_attr attr);
/* VALUE_NONE when unknown. Texts point into the graph, lists and made texts into scratch: valid
 * until the graph next changes. */
struct value process_value(const struct graph *graph, const struct process *p,
	enum process_attr attr, struct arena *scratch);
/* The same for TEXT-like attributes; empty when unknown. */
struct str process_text(const struct graph *graph, const struct process *p, enum process_attr attr,
	struct arena *scratch);
#endif
