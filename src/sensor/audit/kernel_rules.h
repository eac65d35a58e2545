/* The rules that Merlon loads into the kernel's audit, so that the public rules for auditd have
 * something to read. Each carries the key "merlon" beside its own, by which leftovers of a run
 * that was killed are known. */
#ifndef MERLON_SENSOR_AUDIT_KERNEL_RULES_H
#define MERLON_SENSOR_AUDIT_KERNEL_RULES_H
#include "sensor/audit/netlink.h"

struct kernel_rules {
	unsigned loaded_count, refused_count;
	struct kernel_rule *rules; /* owned: what is to be removed again */
	size_t count, capacity;
};

/* Loads them; those that the kernel refuses are counted. Returns 0, or why not one was loaded. */
int kernel_rules_load(struct kernel_rules *rules, struct audit_netlink *nl, struct err *err);
/* Removes what was loaded. */
void kernel_rules_unload(struct kernel_rules *rules, struct audit_netlink *nl);
/* Removes what an earlier run left behind. Returns how many rules. */
unsigned kernel_rules_sweep(struct audit_netlink *nl);
#endif
