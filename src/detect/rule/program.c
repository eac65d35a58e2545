#include "detect/rule/program.h"

#include <errno.h>
#include <stdlib.h>

struct compiler {
	struct program *program;
	const struct estimate *estimates;
	struct arena *scratch;
	bool failed;
};

struct estimate predicate_estimate(
	const struct predicate *predicate, const struct literals *literals, bool ruled_out)
{
	static const struct estimate by_op[] = {
		[ATOM_EQUALS] = {5, 0.1},
		[ATOM_STARTS] = {6, 0.1},
		[ATOM_ENDS] = {6, 0.1},
		[ATOM_CONTAINS] = {25, 0.1},
		[ATOM_WILDCARD] = {40, 0.1},
		[ATOM_REGEX] = {250, 0.1},
		[ATOM_CIDR] = {40, 0.2},
		[ATOM_LT] = {4, 0.4},
		[ATOM_LTE] = {4, 0.4},
		[ATOM_GT] = {4, 0.4},
		[ATOM_GTE] = {4, 0.4},
		[ATOM_NUM_EQ] = {4, 0.2},
		[ATOM_EXISTS] = {2, 0.7},
		[ATOM_NULL] = {2, 0.3},
		[ATOM_EMPTY] = {2, 0.1},
		[ATOM_FIELD] = {40, 0.1},
		[ATOM_TIME] = {100, 0.1},
		[ATOM_PRESENT] = {1, 0.7},
		[ATOM_COMPUTED] = {300, 0.2},
	};
	struct estimate estimate = by_op[predicate->op];

	if (literals != NULL && literals->count > 0)
		estimate.chance = literals->chance < 1 ? literals->chance : 1;
	if (predicate->field == FIELD_none && predicate->op != ATOM_COMPUTED)
		estimate.cost = 1000 + estimate.cost * 16;
	if (ruled_out)
		estimate.cost = 1 + estimate.cost * estimate.chance;
	return estimate;
}

static struct estimate estimate(const struct compiler *c, const struct expr *expr)
{
	struct estimate all = {1, 1};
	double reached = 1; /* chance that the kid is asked at all */

	switch (expr->op) {
	case EXPR_ATOM:
		return c->estimates[expr->atom.predicate];
	case EXPR_TRUE:
	case EXPR_FALSE:
		return (struct estimate){0, expr->op == EXPR_TRUE};
	case EXPR_NOT:
		all = estimate(c, expr->kids[0]);
		return (struct estimate){all.cost, 1 - all.chance};
	default:
		for (uint32_t i = 0; i < expr->kid_count; i++) {
			struct estimate kid = estimate(c, expr->kids[i]);
			all.cost += reached * kid.cost;
			reached *= expr->op == EXPR_AND ? kid.chance : 1 - kid.chance;
		}
		all.chance = expr->op == EXPR_AND ? reached : 1 - reached;
		return all;
	}
}

struct costed {
	const struct expr *expr;
	double rank;
	uint32_t place;
};

static int by_rank(const void *a, const void *b)
{
	const struct costed *x = a, *y = b;

	if (x->rank < y->rank || x->rank > y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* Cost for each time that the kid decides the list. */
static double rank_of(const struct compiler *c, const struct expr *kid, bool all)
{
	struct estimate e = estimate(c, kid);
	double decides = all ? 1 - e.chance : e.chance;

	return e.cost / (decides + 0.001);
}

static uint32_t emit(struct compiler *c, uint32_t predicate, uint32_t on_true, uint32_t on_false)
{
	struct program *program = c->program;

	if (program->count == program->capacity) {
		uint32_t capacity = program->capacity == 0 ? 1024 : program->capacity * 2;
		struct instruction *items = capacity < program->capacity
						    ? NULL
						    : realloc(program->items,
							      capacity * sizeof(*items));
		if (items == NULL) {
			c->failed = true;
			return PROGRAM_FALSE;
		}
		if (program->capacity == 0)
			memset(items, 0, PROGRAM_FIRST * sizeof(*items));
		program->items = items;
		program->capacity = capacity;
		program->count = program->count == 0 ? PROGRAM_FIRST : program->count;
	}
	program->items[program->count] = (struct instruction){predicate, on_true, on_false};
	return program->count++;
}

static uint32_t compile(
	struct compiler *c, const struct expr *expr, uint32_t on_true, uint32_t on_false);

/* From the last kid to the first, so that each knows where the next begins. */
static uint32_t compile_list(
	struct compiler *c, const struct expr *expr, uint32_t on_true, uint32_t on_false)
{
	struct costed *kids = arena_alloc(c->scratch, expr->kid_count * sizeof(*kids));
	bool all = expr->op == EXPR_AND;
	uint32_t next = all ? on_true : on_false;

	if (kids == NULL) {
		c->failed = true;
		return PROGRAM_FALSE;
	}
	for (uint32_t i = 0; i < expr->kid_count; i++)
		kids[i] = (struct costed){expr->kids[i], rank_of(c, expr->kids[i], all), i};
	qsort(kids, expr->kid_count, sizeof(*kids), by_rank);
	for (uint32_t i = expr->kid_count; i > 0; i--)
		next = all ? compile(c, kids[i - 1].expr, next, on_false)
			   : compile(c, kids[i - 1].expr, on_true, next);
	return next;
}

/* Depth is bounded: ruleset_add() refuses what is deeper than EXPR_DEPTH_MAX. */
static uint32_t compile(
	struct compiler *c, const struct expr *expr, uint32_t on_true, uint32_t on_false)
{
	switch (expr->op) {
	case EXPR_ATOM:
		return emit(c, expr->atom.predicate, on_true, on_false);
	case EXPR_NOT:
		return compile(c, expr->kids[0], on_false, on_true);
	case EXPR_TRUE:
		return on_true;
	case EXPR_FALSE:
		return on_false;
	default:
		return compile_list(c, expr, on_true, on_false);
	}
}

int program_compile(struct program *program, const struct estimate *estimates,
	struct arena *scratch, const struct expr *condition, uint32_t *ret_entry)
{
	struct compiler c = {.program = program, .estimates = estimates, .scratch = scratch};
	uint32_t entry = compile(&c, condition, PROGRAM_TRUE, PROGRAM_FALSE);

	if (c.failed)
		return -ENOMEM;
	*ret_entry = entry;
	return 0;
}

void program_destroy(struct program *program)
{
	free(program->items);
	*program = (struct program){0};
}
