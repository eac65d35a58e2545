/* All probes as one object, so that they share maps. */
#include "common.bpf.h"
#include "file.bpf.h"
#include "process.bpf.h"
#include "call.bpf.h"
#include "network.bpf.h"
#include "uring.bpf.h"

char merlon_license[] SEC("license") = "Dual BSD/GPL";
