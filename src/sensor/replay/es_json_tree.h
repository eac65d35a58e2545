/* Endpoint Security's structures in the payload form (es_json.h), read into facts. */
#ifndef MERLON_SENSOR_REPLAY_ES_JSON_TREE_H
#define MERLON_SENSOR_REPLAY_ES_JSON_TREE_H
#include "base/json.h"
#include "sensor/es/facts.h"

/* NULL leaves *ret zeroed: not present. Texts point into the tree or the arena. */
void es_json_process(struct arena *arena, const struct json_node *node, struct es_process *ret);
void es_json_file(const struct json_node *node, struct es_file *ret);
struct es_identity es_json_identity(const struct json_node *node);
/* A member in base64, decoded into the arena; as it is when it is no base64. */
struct str es_json_bytes(struct arena *arena, const struct json_node *node, const char *key);
/* An array of such texts. */
struct str *es_json_bytes_list(
	struct arena *arena, const struct json_node *node, uint32_t *ret_count);
#endif
