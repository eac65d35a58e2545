/* Endpoint Security's structures as eslogger prints them, read into facts. */
#ifndef MERLON_SENSOR_REPLAY_ES_TREE_H
#define MERLON_SENSOR_REPLAY_ES_TREE_H
#include "base/json.h"
#include "sensor/es/facts.h"

/* A NULL or null node leaves *ret zeroed: not present. Texts point into the tree. */
void es_read_process(const struct json_node *node, struct es_process *ret);
/* A process of which only the audit token is told. */
void es_read_token_process(const struct json_node *token, struct es_process *ret);
void es_read_file(const struct json_node *node, struct es_file *ret);
/* An audit token, as an object or as eight integers. */
struct es_identity es_read_token(const struct json_node *node);
/* The text of a member; empty when it is none. */
struct str es_text(const struct json_node *node, const char *key);
/* The path of a file that is a member. */
struct str es_path(const struct json_node *node, const char *key);
bool es_number(const struct json_node *node, const char *key, uint64_t *ret);
/* RFC 3339 text, or seconds and nanoseconds as an object; 0 when there is none. */
uint64_t es_time(const struct json_node *node);
/* The texts of an array in the arena; NULL with 0 when it is none. */
struct str *es_texts(struct arena *arena, const struct json_node *node, uint32_t *ret_count);
#endif
