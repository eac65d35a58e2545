/* Names of ATT&CK as rules write them, in the one form that struct rule keeps. */
#ifndef MERLON_DETECT_RULE_THREAT_H
#define MERLON_DETECT_RULE_THREAT_H
#include <stdbool.h>
#include "base/arena.h"

bool threat_is_technique(struct str text); /* "t1059.004" */
bool threat_is_tactic(struct str text);	   /* "Defense Evasion", "defense_evasion" */
/* "T1059.004", "defense-evasion" in the arena; ptr is NULL when it is full. */
struct str threat_technique(struct arena *arena, struct str text);
struct str threat_tactic(struct arena *arena, struct str text);
/* In place; returns how many are left. */
uint32_t threat_sort_unique(struct str *texts, uint32_t count);
#endif
