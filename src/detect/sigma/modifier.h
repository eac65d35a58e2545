/* The key of a detection item: a field and its modifiers ("CommandLine|contains|all"). */
#ifndef MERLON_DETECT_SIGMA_MODIFIER_H
#define MERLON_DETECT_SIGMA_MODIFIER_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
struct err;

#define MODIFIERS_MAX 16

/* What the modifiers make of a value. */
enum item_type {
	ITEM_TEXT,
	ITEM_REGEX,
	ITEM_CIDR,
	ITEM_EXISTS,
	ITEM_FIELDREF,
	ITEM_COMPARE, /* number: lt, lte, gt, gte */
	ITEM_TIME,
};

/* Transformations of the value, done in the order of the key. */
enum step {
	STEP_CONTAINS,
	STEP_STARTSWITH,
	STEP_ENDSWITH,
	STEP_BASE64,
	STEP_BASE64OFFSET,
	STEP_UTF16LE,
	STEP_UTF16BE,
	STEP_UTF16,
	STEP_WINDASH,
	STEP_EXPAND,
};

struct item_key {
	struct str field; /* empty: keywords */
	uint8_t type;	  /* enum item_type */
	uint8_t detail;	  /* COMPARE: enum atom_op; TIME: enum time_part */
	uint8_t regex_flags;
	bool all, negated, cased;
	uint8_t steps[MODIFIERS_MAX]; /* enum step */
	uint8_t step_count;
};

/* Returns 0, or -EINVAL with the reason: an unknown modifier or ones that do not go together. */
int item_key_parse(struct str key, struct item_key *ret, struct err *err);
#endif
