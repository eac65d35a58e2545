#include "detect/sigma/modifier.h"

#include <errno.h>
#include "base/err.h"
#include "detect/rule/expr.h"

enum effect { EFFECT_STEP, EFFECT_TYPE, EFFECT_FLAG, EFFECT_REGEX_FLAG };
enum flag { FLAG_ALL, FLAG_NEGATED, FLAG_CASED };

static const struct modifier {
	const char *name;
	uint8_t effect;
	uint8_t value; /* of the enum that effect names */
	uint8_t detail;
} modifiers[] = {
	{"contains", EFFECT_STEP, STEP_CONTAINS},
	{"startswith", EFFECT_STEP, STEP_STARTSWITH},
	{"endswith", EFFECT_STEP, STEP_ENDSWITH},
	{"base64", EFFECT_STEP, STEP_BASE64},
	{"base64offset", EFFECT_STEP, STEP_BASE64OFFSET},
	{"wide", EFFECT_STEP, STEP_UTF16LE},
	{"utf16le", EFFECT_STEP, STEP_UTF16LE},
	{"utf16be", EFFECT_STEP, STEP_UTF16BE},
	{"utf16", EFFECT_STEP, STEP_UTF16},
	{"windash", EFFECT_STEP, STEP_WINDASH},
	{"expand", EFFECT_STEP, STEP_EXPAND},
	{"re", EFFECT_TYPE, ITEM_REGEX},
	{"cidr", EFFECT_TYPE, ITEM_CIDR},
	{"exists", EFFECT_TYPE, ITEM_EXISTS},
	{"fieldref", EFFECT_TYPE, ITEM_FIELDREF},
	{"lt", EFFECT_TYPE, ITEM_COMPARE, ATOM_LT},
	{"lte", EFFECT_TYPE, ITEM_COMPARE, ATOM_LTE},
	{"gt", EFFECT_TYPE, ITEM_COMPARE, ATOM_GT},
	{"gte", EFFECT_TYPE, ITEM_COMPARE, ATOM_GTE},
	{"minute", EFFECT_TYPE, ITEM_TIME, TIME_MINUTE},
	{"hour", EFFECT_TYPE, ITEM_TIME, TIME_HOUR},
	{"day", EFFECT_TYPE, ITEM_TIME, TIME_DAY},
	{"week", EFFECT_TYPE, ITEM_TIME, TIME_WEEK},
	{"month", EFFECT_TYPE, ITEM_TIME, TIME_MONTH},
	{"year", EFFECT_TYPE, ITEM_TIME, TIME_YEAR},
	{"all", EFFECT_FLAG, FLAG_ALL},
	{"neq", EFFECT_FLAG, FLAG_NEGATED},
	{"cased", EFFECT_FLAG, FLAG_CASED},
	{"i", EFFECT_REGEX_FLAG, REGEX_CASELESS},
	{"ignorecase", EFFECT_REGEX_FLAG, REGEX_CASELESS},
	{"m", EFFECT_REGEX_FLAG, REGEX_MULTILINE},
	{"multiline", EFFECT_REGEX_FLAG, REGEX_MULTILINE},
	{"s", EFFECT_REGEX_FLAG, REGEX_DOTALL},
	{"dotall", EFFECT_REGEX_FLAG, REGEX_DOTALL},
};

static const struct modifier *find(struct str name)
{
	for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++)
		if (str_is(name, modifiers[i].name))
			return &modifiers[i];
	return NULL;
}

static int apply(struct item_key *key, const struct modifier *m, struct err *err)
{
	switch (m->effect) {
	case EFFECT_STEP:
		if (key->step_count == MODIFIERS_MAX)
			return err_set(err, -EINVAL, "too many modifiers");
		key->steps[key->step_count++] = m->value;
		return 0;
	case EFFECT_TYPE:
		if (key->type != ITEM_TEXT)
			return err_set(err, -EINVAL, "modifier '%s' beside another type", m->name);
		for (uint8_t i = 0; i < key->step_count; i++)
			if (key->steps[i] != STEP_EXPAND && m->value != ITEM_FIELDREF)
				return err_set(
					err, -EINVAL, "modifier '%s' must stand first", m->name);
		key->type = m->value;
		key->detail = m->detail;
		return 0;
	case EFFECT_FLAG:
		key->all |= m->value == FLAG_ALL;
		key->negated |= m->value == FLAG_NEGATED;
		key->cased |= m->value == FLAG_CASED;
		return 0;
	default:
		if (key->type != ITEM_REGEX)
			return err_set(err, -EINVAL, "modifier '%s' without 're'", m->name);
		key->regex_flags |= m->value;
		return 0;
	}
}

/* Bits of the steps that a type lets through. */
static uint32_t allowed_steps(enum item_type type)
{
	const uint32_t anchors = 1u << STEP_CONTAINS | 1u << STEP_STARTSWITH | 1u << STEP_ENDSWITH;

	switch (type) {
	case ITEM_TEXT:
		return UINT32_MAX;
	case ITEM_REGEX:
		return anchors | 1u << STEP_EXPAND;
	case ITEM_FIELDREF:
		return anchors;
	case ITEM_CIDR:
		return 1u << STEP_EXPAND;
	default:
		return 0;
	}
}

int item_key_parse(struct str key, struct item_key *ret, struct err *err)
{
	struct item_key item = {0};
	struct str rest = key;

	item.field = str_trim(str_cut(&rest, '|'));
	while (rest.ptr != NULL) {
		struct str name = str_trim(str_cut(&rest, '|'));
		const struct modifier *m = find(name);
		if (m == NULL)
			return err_set(err, -EINVAL, "unknown modifier '%.*s'", STR_ARG(name));
		int rc = apply(&item, m, err);
		if (rc != 0)
			return rc;
	}
	for (uint8_t i = 0; i < item.step_count; i++)
		if ((allowed_steps(item.type) >> item.steps[i] & 1) == 0)
			return err_set(err, -EINVAL, "modifiers that do not go together: '%.*s'",
				STR_ARG(key));
	if (item.field.len == 0 && item.type != ITEM_TEXT && item.type != ITEM_REGEX)
		return err_set(err, -EINVAL, "modifiers of '%.*s' need a field", STR_ARG(key));
	*ret = item;
	return 0;
}
