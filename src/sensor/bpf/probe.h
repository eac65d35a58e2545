/* What of the BPF sensor this kernel takes: found by trying it. For `merlon doctor` and for the
 * sensor itself. */
#ifndef MERLON_SENSOR_BPF_PROBE_H
#define MERLON_SENSOR_BPF_PROBE_H
#include <stdbool.h>
#include <stddef.h>

struct err;

struct capability {
	const char *name;   /* as "bpf: exec probe" */
	bool available;	    /* this kernel and these privileges take it */
	bool used;	    /* a sensor would use it here */
	char reason[128];   /* why not, or what it gives */
	const char *remedy; /* how to get it; NULL when nothing can or need be done */
};

/* Tries every mechanism once, without starting anything, and takes it down again. Fills at most
 * max entries; returns how many there are. Costs about a second. */
size_t bpf_sensor_capabilities(struct capability *out, size_t max);
#endif
