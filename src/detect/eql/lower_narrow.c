/* What an event must be for a condition to hold, as the matcher sees it before any predicate. */
#include "detect/eql/lowering.h"

static uint32_t os_bit(struct str word)
{
	return str_is(word, "linux")	 ? 1u << OS_LINUX
	       : str_is(word, "macos")	 ? 1u << OS_MACOS
	       : str_is(word, "windows") ? 1u << OS_WINDOWS
					 : 0;
}

/* The words of which the field must have one, as bits; 0: it need not. */
static uint32_t needed(const struct expr *expr, field_id field, uint32_t (*bit)(struct str word))
{
	uint32_t all = 0;

	if (expr->op == EXPR_ATOM && expr->atom.op == ATOM_EQUALS && expr->atom.cased &&
		expr->atom.field == field)
		return bit(expr->atom.text);
	for (uint32_t i = 0; expr->op == EXPR_OR && i < expr->kid_count; i++) {
		const struct expr *kid = expr->kids[i];
		uint32_t one = kid->op == EXPR_ATOM ? needed(kid, field, bit) : 0;
		if (one == 0)
			return 0;
		all |= one;
	}
	return all;
}

static void narrow(struct rule *rule, const struct expr *expr)
{
	uint32_t types = needed(expr, FIELD_event_type, schema_type_bit);
	uint32_t systems = needed(expr, FIELD_host_os_type, os_bit);

	if (types != 0 && rule->types == 0)
		rule->types = types;
	if (systems != 0 && rule->os_mask == 0)
		rule->os_mask = systems;
	else if ((systems & rule->os_mask) != 0)
		rule->os_mask &= systems;
}

void eql_lower_narrow(struct rule *rule)
{
	const struct expr *condition = rule->condition;

	if (condition->op != EXPR_AND)
		narrow(rule, condition);
	for (uint32_t i = 0; condition->op == EXPR_AND && i < condition->kid_count; i++)
		narrow(rule, condition->kids[i]);
}
