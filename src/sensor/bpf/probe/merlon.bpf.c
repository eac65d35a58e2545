/* All probes as one object, so that they share maps. */
#include "sensor/bpf/probe/common.bpf.h"
#include "sensor/bpf/probe/file.bpf.h"
#include "sensor/bpf/probe/process.bpf.h"
#include "sensor/bpf/probe/call.bpf.h"
#include "sensor/bpf/probe/network.bpf.h"
#include "sensor/bpf/probe/uring.bpf.h"

char merlon_license[] SEC("license") = "Dual BSD/GPL";
