#include "detect/rule/trigger.h"

#include <errno.h>

/* Waking for more than this share of events costs more than looking always. */
#define CHANCE_MAX 0.6

struct chooser {
	const struct literals *literals;
	struct arena *arena;
	bool no_memory;
};

static struct trigger choose(struct chooser *c, const struct expr *expr, bool negated);

static struct trigger of_atom(struct chooser *c, uint32_t predicate, bool negated)
{
	const struct literals *literals = &c->literals[predicate];

	if (negated || literals->count == 0)
		return (struct trigger){.found = false};
	uint32_t *list = arena_alloc(c->arena, sizeof(*list));
	if (list == NULL) {
		c->no_memory = true;
		return (struct trigger){.found = false};
	}
	*list = predicate;
	return (struct trigger){
		.predicates = list, .count = 1, .chance = literals->chance, .found = true};
}

/* All must hold: any one kid's trigger will do, so the rarest. */
static struct trigger of_all(struct chooser *c, const struct expr *expr, bool negated)
{
	struct trigger best = {.found = false};

	for (uint32_t i = 0; i < expr->kid_count; i++) {
		struct trigger kid = choose(c, expr->kids[i], negated);
		if (kid.found && (!best.found || kid.chance < best.chance))
			best = kid;
	}
	return best;
}

/* One must hold: the triggers of every kid together. */
static struct trigger of_any(struct chooser *c, const struct expr *expr, bool negated)
{
	struct trigger all = {.found = true};
	struct trigger *kids = arena_alloc(c->arena, expr->kid_count * sizeof(*kids));

	if (kids == NULL) {
		c->no_memory = true;
		return (struct trigger){.found = false};
	}
	for (uint32_t i = 0; i < expr->kid_count; i++) {
		kids[i] = choose(c, expr->kids[i], negated);
		all.chance += kids[i].chance;
		all.count += kids[i].count;
		if (!kids[i].found || all.count > TRIGGERS_MAX)
			return (struct trigger){.found = false};
	}
	all.predicates = arena_alloc(c->arena, all.count * sizeof(*all.predicates));
	if (all.predicates == NULL) {
		c->no_memory = true;
		return (struct trigger){.found = false};
	}
	uint32_t at = 0;
	for (uint32_t i = 0; i < expr->kid_count; i++) {
		if (kids[i].count > 0)
			memcpy(all.predicates + at, kids[i].predicates,
				kids[i].count * sizeof(*all.predicates));
		at += kids[i].count;
	}
	return all;
}

/* Depth is bounded: ruleset_add() refuses what is deeper than EXPR_DEPTH_MAX. */
static struct trigger choose(struct chooser *c, const struct expr *expr, bool negated)
{
	switch (expr->op) {
	case EXPR_ATOM:
		return of_atom(c, expr->atom.predicate, negated);
	case EXPR_NOT:
		return choose(c, expr->kids[0], !negated);
	case EXPR_TRUE:
	case EXPR_FALSE:
		return (struct trigger){.found = (expr->op == EXPR_FALSE) != negated};
	default:
		return (expr->op == EXPR_AND) != negated ? of_all(c, expr, negated)
							 : of_any(c, expr, negated);
	}
}

int trigger_choose(const struct expr *condition, const struct literals *literals,
	struct arena *arena, struct trigger *ret)
{
	struct chooser c = {.literals = literals, .arena = arena};
	struct trigger trigger = choose(&c, condition, false);

	if (c.no_memory)
		return -ENOMEM;
	if (trigger.chance > CHANCE_MAX)
		trigger = (struct trigger){.found = false};
	*ret = trigger;
	return 0;
}
