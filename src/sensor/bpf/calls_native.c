#include "sensor/bpf/calls.h"

#include <asm/unistd.h>
#include <stddef.h>
#include "event/schema.h"

const struct call_row calls_native[] = {
#define CALL(name, handler, kind, flags, target, detail, ...) \
	{__NR_##name, detail, #name, {handler, KIND_##kind, flags, target, {__VA_ARGS__}}},
#include "sensor/bpf/calls.def"
#undef CALL
	{0},
};

const struct call_enter_row calls_enter_native[] = {
#define ENTER(name, handler, kind) {__NR_##name, handler, KIND_##kind, #name},
#include "sensor/bpf/calls_enter.def"
#undef ENTER
	{0},
};
