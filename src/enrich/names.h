/* Which name an address was last known by: a bounded table of answers to name look-ups. An answer
 * holds for its time to live, at least NAMES_LIFE_MIN_NS (programs keep what they looked up), at most
 * NAMES_LIFE_MAX_NS; time is event time. Not thread-safe. */
#ifndef MERLON_ENRICH_NAMES_H
#define MERLON_ENRICH_NAMES_H
#include <stdint.h>
#include "base/clock.h"
struct view;

#define NAMES_LIFE_MIN_NS     (300 * NS_PER_S)
#define NAMES_LIFE_MAX_NS     (86400 * NS_PER_S)
#define NAMES_LIFE_DEFAULT_NS (3600 * NS_PER_S) /* the record tells no time to live */

struct names;
int names_create(struct names **ret); /* 0 or -ENOMEM */
void names_destroy(struct names *names);

/* Keeps what an answer (KIND_dns_answer) says of its addresses; other events change nothing. pid: who
 * asked, 0 when unknown. */
void names_learn(struct names *names, const struct view *view, uint32_t host, uint32_t pid);
/* Adds destination.domain to a flow that leaves the host and does not say it: the name that this
 * process asked for, else the last one that anybody on the host did. */
void names_show(const struct names *names, struct view *view, uint32_t host, uint32_t pid);
/* Answers that were pushed out before their time. */
uint64_t names_evicted(const struct names *names);
#endif
