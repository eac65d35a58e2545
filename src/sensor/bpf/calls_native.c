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

const struct call_row *call_row(uint32_t number, bool compat)
{
	for (const struct call_row *row = compat ? calls_compat : calls_native; row->name; row++)
		if (row->number == number)
			return row;
	return NULL;
}

struct str call_name(uint32_t number, bool compat)
{
	const struct call_row *row = call_row(number, compat);
	return row == NULL ? (struct str){0} : str_of(row->name);
}
