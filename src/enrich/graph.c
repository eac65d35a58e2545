#include "enrich/graph.h"

#include <errno.h>
#include <stdlib.h>
#include "base/clock.h"
#include "enrich/graph_internal.h"
#include "enrich/idmap.h"

#define NODE_LIMIT_DEFAULT 65536u
#define NODE_LIMIT_MIN	   16u
#define TEXT_LIMIT_DEFAULT ((size_t)32 * 1024 * 1024)
#define CHUNK_NODES	   256u
#define HOSTS_MAX	   65535u
#define CIRCLE_DEPTH_MAX   4096u
#define EVICT_SCAN_MAX	   64u
#define OLDER_MAX	   8u

struct list {
	uint32_t head, tail; /* indices + 1 */
};

struct graph {
	uint32_t node_limit, node_count, node_top;
	uint32_t free_node; /* index + 1, chained by list_next */
	uint32_t next_serial;
	struct process **chunks;
	struct idmap by_pid, by_id, hosts;
	uint32_t *host_texts; /* text ids, by host number */
	uint64_t *host_seeds;
	uint32_t host_count, host_capacity;
	struct list dead, live; /* dead: dead leaves, oldest first; live: all others, idle first */
	struct text_pool *texts;
	char *joined; /* GRAPH_JOINED_BYTES, for building argument lists */
	struct graph_stats stats;
};

struct text_pool *graph_texts(const struct graph *graph)
{
	return graph->texts;
}

char *graph_joined(const struct graph *graph)
{
	return graph->joined;
}

static struct process *node_at(const struct graph *graph, uint32_t index)
{
	return &graph->chunks[index / CHUNK_NODES][index % CHUNK_NODES];
}

int graph_create(const struct graph_options *options, struct graph **ret)
{
	struct graph *graph = calloc(1, sizeof(*graph));
	size_t text_limit = options->text_limit_bytes;

	if (graph == NULL)
		return -ENOMEM;
	graph->node_limit = options->node_limit == 0 ? NODE_LIMIT_DEFAULT : options->node_limit;
	if (graph->node_limit < NODE_LIMIT_MIN)
		graph->node_limit = NODE_LIMIT_MIN;
	graph->next_serial = 1;
	graph->chunks = calloc(graph->node_limit / CHUNK_NODES + 1, sizeof(*graph->chunks));
	graph->joined = malloc(GRAPH_JOINED_BYTES);
	if (graph->chunks == NULL || graph->joined == NULL ||
		text_pool_create(text_limit == 0 ? TEXT_LIMIT_DEFAULT : text_limit, &graph->texts) <
			0 ||
		!idmap_init(&graph->by_pid, 1024) || !idmap_init(&graph->by_id, 1024) ||
		!idmap_init(&graph->hosts, 64)) {
		graph_destroy(graph);
		return -ENOMEM;
	}
	*ret = graph;
	return 0;
}

void graph_destroy(struct graph *graph)
{
	if (graph == NULL)
		return;
	for (uint32_t i = 0; graph->chunks != NULL && i <= graph->node_limit / CHUNK_NODES; i++)
		free(graph->chunks[i]);
	free(graph->chunks);
	free(graph->joined);
	free(graph->host_texts);
	free(graph->host_seeds);
	idmap_destroy(&graph->by_pid);
	idmap_destroy(&graph->by_id);
	idmap_destroy(&graph->hosts);
	text_pool_destroy(graph->texts);
	free(graph);
}

struct graph_stats graph_stats(const struct graph *graph)
{
	struct graph_stats stats = graph->stats;

	stats.nodes = graph->node_count;
	stats.text = text_pool_stats(graph->texts);
	return stats;
}

/* ---- hosts ---- */

static bool hosts_grow(struct graph *graph)
{
	uint32_t capacity = graph->host_capacity == 0 ? 16 : graph->host_capacity * 2;
	uint32_t *texts = realloc(graph->host_texts, capacity * sizeof(*texts));

	if (texts == NULL)
		return false;
	graph->host_texts = texts;
	uint64_t *seeds = realloc(graph->host_seeds, capacity * sizeof(*seeds));
	if (seeds == NULL)
		return false;
	graph->host_seeds = seeds;
	graph->host_capacity = capacity;
	return true;
}

uint32_t graph_host(struct graph *graph, struct str id)
{
	uint64_t key = text_hash(1, id.ptr, id.len);
	uint32_t found = idmap_get(&graph->hosts, key);

	if (found != 0)
		return found - 1;
	if (graph->host_count == HOSTS_MAX ||
		(graph->host_count == graph->host_capacity && !hosts_grow(graph)))
		return graph->host_count == 0 ? 0 : graph->host_count - 1;
	uint32_t host = graph->host_count;
	if (!idmap_put(&graph->hosts, key, host + 1))
		return host == 0 ? 0 : host - 1;
	graph->host_texts[host] = text_intern(graph->texts, id);
	graph->host_seeds[host] = key;
	graph->host_count++;
	return host;
}

static uint64_t host_seed(const struct graph *graph, uint32_t host)
{
	return host < graph->host_count ? graph->host_seeds[host] : 0;
}

/* ---- look-up ---- */

static uint64_t pid_key(uint32_t host, uint32_t pid)
{
	return (uint64_t)host << 32 | pid;
}

struct process *graph_get(const struct graph *graph, struct process_ref ref)
{
	if (ref.serial == 0)
		return NULL;
	struct process *p = node_at(graph, ref.index);
	return p->serial == ref.serial ? p : NULL;
}

struct process *graph_by_pid(const struct graph *graph, uint32_t host, uint32_t pid)
{
	uint32_t found = idmap_get(&graph->by_pid, pid_key(host, pid));

	return found == 0 ? NULL : node_at(graph, found - 1);
}

struct process *graph_by_id(const struct graph *graph, uint32_t host, struct str entity_id)
{
	char made[PROCESS_ID_BYTES];
	uint64_t key = text_hash(host_seed(graph, host), entity_id.ptr, entity_id.len);
	uint32_t found = idmap_get(&graph->by_id, key);

	if (found == 0)
		return NULL;
	struct process *p = node_at(graph, found - 1);
	/* the hash is no secret: a hostile recording could make two ids meet */
	struct str id = p->id_text != 0 ? text_get(graph->texts, p->id_text)
					: str_n(made, process_format_id(p, made));
	return str_eq(id, entity_id) ? p : NULL;
}

/* ---- lists ---- */

static void list_add(struct graph *graph, struct list *list, struct process *p)
{
	p->list_prev = list->tail;
	p->list_next = 0;
	if (list->tail != 0)
		node_at(graph, list->tail - 1)->list_next = p->index + 1;
	else
		list->head = p->index + 1;
	list->tail = p->index + 1;
}

static void list_remove(struct graph *graph, struct list *list, struct process *p)
{
	if (p->list_prev != 0)
		node_at(graph, p->list_prev - 1)->list_next = p->list_next;
	else
		list->head = p->list_next;
	if (p->list_next != 0)
		node_at(graph, p->list_next - 1)->list_prev = p->list_prev;
	else
		list->tail = p->list_prev;
}

/* Puts the node into the list that fits its state. */
static void settle(struct graph *graph, struct process *p)
{
	bool dead_leaf = p->end_ns != 0 && p->child_count == 0;

	if (dead_leaf && !p->in_dead_list) {
		if (p->in_live_list)
			list_remove(graph, &graph->live, p);
		list_add(graph, &graph->dead, p);
	} else if (!dead_leaf && !p->in_live_list) {
		if (p->in_dead_list)
			list_remove(graph, &graph->dead, p);
		list_add(graph, &graph->live, p);
	}
	p->in_dead_list = dead_leaf;
	p->in_live_list = !dead_leaf;
}

void graph_touch(struct graph *graph, struct process *p, uint64_t now_ns)
{
	/* the order need not be finer than a second */
	if (now_ns < p->seen_ns + NS_PER_S)
		return;
	p->seen_ns = now_ns;
	if (p->in_live_list) {
		list_remove(graph, &graph->live, p);
		list_add(graph, &graph->live, p);
	}
}

/* ---- eviction ---- */

static void child_gone(struct graph *graph, struct process_ref ref)
{
	struct process *parent = graph_get(graph, ref);

	if (parent == NULL)
		return;
	parent->child_count--;
	settle(graph, parent);
}

static void node_free(struct graph *graph, struct process *p)
{
	list_remove(graph, p->in_dead_list ? &graph->dead : &graph->live, p);
	child_gone(graph, p->parent);
	idmap_remove(&graph->by_pid, pid_key(p->host, p->pid), p->index + 1);
	idmap_remove(&graph->by_id, p->key, p->index + 1);
	for (unsigned i = 0; i < ATTR_MAX; i++)
		process_clear(graph, p, (enum process_attr)i);
	text_unref(graph->texts, p->id_text);
	p->serial = 0;
	p->list_next = graph->free_node;
	graph->free_node = p->index + 1;
	graph->node_count--;
}

static bool is_kept(const struct process *p, const struct process *keep)
{
	return keep != NULL &&
	       (p == keep || (keep->parent.serial == p->serial && keep->parent.index == p->index) ||
		       (keep->previous.serial == p->serial && keep->previous.index == p->index));
}

static void evict(struct graph *graph, const struct process *keep)
{
	struct process *victim = NULL, *p;
	uint32_t at = graph->dead.head;

	for (unsigned i = 0; at != 0 && i < EVICT_SCAN_MAX && victim == NULL;
		i++, at = p->list_next) {
		p = node_at(graph, at - 1);
		if (!is_kept(p, keep))
			victim = p;
	}
	if (victim != NULL) {
		graph->stats.evicted_dead++;
		node_free(graph, victim);
		return;
	}
	/* no dead leaf: the idlest leaf, or the idlest of all */
	at = graph->live.head;
	for (unsigned i = 0; at != 0 && i < EVICT_SCAN_MAX; i++, at = p->list_next) {
		p = node_at(graph, at - 1);
		if (is_kept(p, keep))
			continue;
		if (victim == NULL || p->child_count == 0)
			victim = p;
		if (p->child_count == 0)
			break;
	}
	if (victim == NULL)
		return;
	graph->stats.evicted_live++;
	node_free(graph, victim);
}

static bool text_is_scarce(const struct graph *graph)
{
	struct text_stats text = text_pool_stats(graph->texts);

	return text.limit_bytes - text.live_bytes < GRAPH_JOINED_BYTES * 2;
}

/* ---- nodes ---- */

static struct process *node_take(struct graph *graph, const struct process *keep)
{
	struct process *p;

	if (graph->node_count >= graph->node_limit - 1)
		evict(graph, keep);
	for (unsigned i = 0; i < EVICT_SCAN_MAX && text_is_scarce(graph); i++)
		evict(graph, keep);
	if (graph->free_node != 0) {
		p = node_at(graph, graph->free_node - 1);
		graph->free_node = p->list_next;
	} else {
		uint32_t index = graph->node_top;
		struct process **chunk = &graph->chunks[index / CHUNK_NODES];

		if (*chunk == NULL)
			*chunk = calloc(CHUNK_NODES, sizeof(**chunk));
		if (*chunk == NULL) {
			evict(graph, keep);
			return graph->free_node == 0 ? NULL : node_take(graph, keep);
		}
		graph->node_top++;
		p = node_at(graph, index);
		p->index = index;
	}
	uint32_t index = p->index;
	memset(p, 0, sizeof(*p));
	p->index = index;
	p->serial = graph->next_serial++;
	if (graph->next_serial == 0)
		graph->next_serial = 1;
	graph->node_count++;
	return p;
}

struct process *graph_add(struct graph *graph, const struct node_spec *spec)
{
	char made[PROCESS_ID_BYTES];
	struct process *p = node_take(graph, spec->keep);
	struct str id = spec->id;

	if (p == NULL)
		return NULL;
	p->host = spec->host;
	p->pid = spec->pid;
	p->generation = spec->generation;
	p->start_ns = spec->start_ns;
	p->image_ns = p->seen_ns = spec->now_ns;
	if (id.len > 0 && id.len <= PROCESS_TEXT_MAX)
		p->id_text = text_intern(graph->texts, id);
	if (p->id_text == 0) {
		uint64_t birth[3] = {spec->pid, spec->generation,
			spec->start_ns != 0 ? spec->start_ns : spec->now_ns};
		p->id_hash = text_hash(host_seed(graph, spec->host), birth, sizeof(birth));
		id = str_n(made, process_format_id(p, made));
	}
	p->key = text_hash(host_seed(graph, spec->host), id.ptr, id.len);
	(void)idmap_put(&graph->by_id, p->key, p->index + 1);
	settle(graph, p);
	graph->stats.created++;
	return p;
}

void graph_set_current(struct graph *graph, struct process *p)
{
	struct process *before = graph_by_pid(graph, p->host, p->pid);

	if (p->pid == 0 || before == p)
		return;
	if (before != NULL && p->previous.serial != before->serial)
		p->older = process_ref(before);
	(void)idmap_put(&graph->by_pid, pid_key(p->host, p->pid), p->index + 1);
}

static bool is_below(const struct graph *graph, const struct process *p, const struct process *top)
{
	for (unsigned i = 0; p != NULL; p = graph_get(graph, p->parent), i++)
		if (p == top || i == CIRCLE_DEPTH_MAX)
			return true;
	return false;
}

void graph_set_parent(struct graph *graph, struct process *p, struct process *parent)
{
	if (parent == p || graph_get(graph, p->parent) == parent)
		return;
	/* a node without children cannot be above anything */
	if (parent != NULL && p->child_count > 0 && is_below(graph, parent, p))
		return;
	child_gone(graph, p->parent);
	p->parent = process_ref(parent);
	if (parent != NULL) {
		parent->child_count++;
		settle(graph, parent);
	}
}

void graph_end(struct graph *graph, struct process *p, uint64_t now_ns, bool exited)
{
	if (p->end_ns == 0)
		p->end_ns = now_ns == 0 ? 1 : now_ns;
	p->exited |= exited;
	settle(graph, p);
}
