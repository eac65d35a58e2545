/* The BPF object: loaded with whatever this kernel accepts of it, and attached as wanted. */
#ifndef MERLON_SENSOR_BPF_LOAD_H
#define MERLON_SENSOR_BPF_LOAD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct merlon_bpf;

struct program {
	const char *name; /* of the function in the object */
	const char *doc;
	bool required;		/* without it there is no sensor */
	int handler;		/* enum call_handler that it serves; 0: it is attached */
	const char *tracepoint; /* that must exist; NULL when it always does */
};
extern const struct program programs[];
extern const size_t program_count;

struct loaded {
	struct merlon_bpf *skeleton;
	size_t ring_bytes;
	bool plain_loads; /* the kernel has bpf_rdonly_cast */
	bool old_cgroups; /* set by the caller: the memory controller is of version 1 */
	uint64_t refused; /* bits by program: the kernel did not take it */
	uint64_t unattached;
	int refusal[64]; /* by program: the errno */
};

/* Loads; programs that the kernel refuses are left out unless required. ring_bytes: a power of two.
 * Returns -EPERM, -ENOSYS …: err says what is missing. */
int load_open(struct loaded *loaded, size_t ring_bytes, struct err *err);
void load_close(struct loaded *loaded);
/* Attaches or detaches one program. */
int load_attach(struct loaded *loaded, size_t program, bool on, int cgroup_fd, struct err *err);
size_t load_program_index(const char *name);
/* Times that a program was refused to run because it was running already: lost events. */
uint64_t load_misses(const struct loaded *loaded);
#endif
