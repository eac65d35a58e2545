/* Sigma evaluated the slow and obvious way: the rule's YAML tree against the event's JSON tree. It
 * shares nothing with the engine but the two parsers, so that their agreement means something. */
#ifndef MERLON_TESTS_SIGMA_NAIVE_H
#define MERLON_TESTS_SIGMA_NAIVE_H
#include "base/json.h"
#include "base/yaml.h"

/* Aborts on what it does not know, e.g. encoding modifiers. Names are taken as written; logsource
 * is ignored. */
bool naive_fires(const struct yaml_node *rule, const struct json_node *event);
#endif
