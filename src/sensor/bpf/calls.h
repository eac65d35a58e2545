/* Tables of system calls: by number, for native callers and for 32-bit ones. */
#ifndef MERLON_SENSOR_BPF_CALLS_H
#define MERLON_SENSOR_BPF_CALLS_H
#include <stdint.h>
#include "sensor/bpf/control.h"

struct call_row {
	uint16_t number;
	uint8_t detail; /* argument that the event carries, or 7 */
	const char *name;
	struct call_shape shape;
};
/* End with a NULL name. */
extern const struct call_row calls_native[];
extern const struct call_row calls_compat[]; /* empty where there are no 32-bit callers */

struct call_enter_row {
	uint16_t number;
	uint8_t handler; /* enum enter_handler */
	uint8_t kind;	 /* wanted for this event kind */
	const char *name;
};
extern const struct call_enter_row calls_enter_native[], calls_enter_compat[];

#endif
