#include "detect/rule/reach.h"

struct walk {
	const struct reach *reach;
	field_id *missing;
	unsigned count;
};

static bool supplied(const struct walk *w, field_id id)
{
	return id == FIELD_none || fields_wanted(w->reach->fields, id);
}

static void note(struct walk *w, field_id id)
{
	for (unsigned i = 0; i < w->count; i++)
		if (w->missing[i] == id)
			return;
	if (w->count < REACH_MISSING_MAX)
		w->missing[w->count++] = id;
}

/* What is asked of several fields may hold when any of them is there. */
static bool computed_can_hold(struct walk *w, const struct atom *atom)
{
	bool any = atom->read_count == 0;

	for (uint32_t i = 0; i < atom->read_count; i++)
		any |= supplied(w, atom->reads[i]);
	for (uint32_t i = 0; !any && i < atom->read_count; i++)
		note(w, atom->reads[i]);
	return any;
}

static bool atom_can_hold(struct walk *w, const struct atom *atom)
{
	if (atom->op == ATOM_COMPUTED)
		return computed_can_hold(w, atom);
	if (atom->op == ATOM_NULL)
		return true; /* a field that nobody supplies is null */
	bool own = supplied(w, atom->field);
	bool other = atom->op != ATOM_FIELD || supplied(w, atom->other);
	if (!own)
		note(w, atom->field);
	if (!other)
		note(w, atom->other);
	return own && other;
}

/* Recursion follows the rule's own nesting, which its parser bounds. */
static bool can_hold(struct walk *w, const struct expr *expr)
{
	bool all = true, any = false;

	switch (expr->op) {
	case EXPR_ATOM:
		return atom_can_hold(w, &expr->atom);
	case EXPR_FALSE:
		return false;
	case EXPR_AND:
		for (uint32_t i = 0; i < expr->kid_count; i++)
			all &= can_hold(w, expr->kids[i]);
		return all;
	case EXPR_OR: {
		unsigned before = w->count;
		for (uint32_t i = 0; i < expr->kid_count; i++)
			any |= can_hold(w, expr->kids[i]);
		if (any)
			w->count = before; /* the other branches are not needed */
		return any;
	}
	default: /* TRUE, NOT */
		return true;
	}
}

bool reach_rule(const struct rule *rule, const struct reach *reach,
	field_id missing[REACH_MISSING_MAX], unsigned *ret_missing)
{
	struct walk w = {.reach = reach, .missing = missing};
	bool kinds = false;

	*ret_missing = 0;
	for (unsigned i = 0; i < KIND_MAX / 64; i++)
		kinds |= (rule->kinds[i] & reach->kinds[i]) != 0;
	if (!kinds)
		return false;
	bool possible = can_hold(&w, rule->condition);
	*ret_missing = possible ? 0 : w.count;
	return possible;
}
