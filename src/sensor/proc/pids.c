#include "sensor/proc/pids.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define SETS 8192
#define WAYS 4

struct pids {
	uint64_t clock;
	struct pid_entry entries[SETS][WAYS];
};

int pids_open(struct pids **ret)
{
	struct pids *pids = calloc(1, sizeof(*pids));
	if (pids == NULL)
		return -ENOMEM;
	*ret = pids;
	return 0;
}

void pids_close(struct pids *pids)
{
	free(pids);
}

struct pid_entry *pids_find(struct pids *pids, uint32_t pid)
{
	struct pid_entry *set = pids->entries[pid % SETS];
	for (int i = 0; pid != 0 && i < WAYS; i++)
		if (set[i].pid == pid) {
			set[i].used = ++pids->clock;
			return &set[i];
		}
	return NULL;
}

struct pid_entry *pids_put(struct pids *pids, uint32_t pid, uint64_t start_ns)
{
	struct pid_entry *set = pids->entries[pid % SETS], *at = pids_find(pids, pid);
	for (int i = 0; at == NULL && i < WAYS; i++)
		if (set[i].pid == 0)
			at = &set[i];
	if (at == NULL) {
		at = &set[0];
		for (int i = 1; i < WAYS; i++)
			if (set[i].used < at->used)
				at = &set[i];
	}
	*at = (struct pid_entry){.pid = pid, .start_ns = start_ns, .used = ++pids->clock};
	return at;
}

void pids_drop(struct pids *pids, uint32_t pid)
{
	struct pid_entry *entry = pids_find(pids, pid);
	if (entry != NULL)
		*entry = (struct pid_entry){0};
}
