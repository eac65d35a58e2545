/* Between graph.c and process.c only. */
#ifndef MERLON_ENRICH_GRAPH_INTERNAL_H
#define MERLON_ENRICH_GRAPH_INTERNAL_H
#include "enrich/graph.h"

#define GRAPH_JOINED_BYTES (PROCESS_TEXT_MAX + 4 * (PROCESS_ARGS_MAX + 1))
#define PROCESS_ID_BYTES   40

struct text_pool *graph_texts(const struct graph *graph);
char *graph_joined(const struct graph *graph);
/* Writes the entity id that the graph made; returns its length. */
size_t process_format_id(const struct process *p, char out[PROCESS_ID_BYTES]);
#endif
