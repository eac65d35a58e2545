/* When each process began and how many images it has had, so that both stay the same for all its
 * events. Bounded: a process that was pushed out is looked up anew. */
#ifndef MERLON_SENSOR_PROC_PIDS_H
#define MERLON_SENSOR_PROC_PIDS_H
#include <stdint.h>

struct pid_entry {
	uint32_t pid; /* 0: free */
	uint32_t generation;
	uint64_t start_ns; /* wall clock */
	uint64_t used;
};
struct pids;

int pids_open(struct pids **ret); /* -ENOMEM */
void pids_close(struct pids *pids);
/* NULL when unknown. Valid until the next pids_put(). */
struct pid_entry *pids_find(struct pids *pids, uint32_t pid);
/* A new process under this id, whatever was there before. */
struct pid_entry *pids_put(struct pids *pids, uint32_t pid, uint64_t start_ns);
void pids_drop(struct pids *pids, uint32_t pid);
#endif
