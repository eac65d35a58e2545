#include "sensor/bpf/calls.h"

#include <stddef.h>
#include "event/schema.h"

#ifdef __x86_64__
#include <asm/unistd_32.h>
#endif

const struct call_row calls_compat[] = {
#ifdef __x86_64__
#define CALL(name, handler, kind, flags, target, detail, ...) \
	{__NR_##name, detail, #name, {handler, KIND_##kind, flags, target, {__VA_ARGS__}}},
#include "sensor/bpf/calls.def"
#undef CALL
#endif
	{0},
};

const struct call_enter_row calls_enter_compat[] = {
#ifdef __x86_64__
#define ENTER(name, handler, kind) {__NR_##name, handler, KIND_##kind, #name},
#include "sensor/bpf/calls_enter.def"
#undef ENTER
#endif
	{0},
};
