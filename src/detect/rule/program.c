#include "detect/rule/program.h"

#include <errno.h>
#include <stdlib.h>

struct compiler {
	struct program *program;
	const struct predicates *predicates;
	struct arena *scratch;
	bool failed;
};

uint32_t predicate_cost(const struct predicate *predicate)
{
	static const uint16_t costs[] = {
		[ATOM_EQUALS] = 5,
		[ATOM_STARTS] = 6,
		[ATOM_ENDS] = 6,
		[ATOM_CONTAINS] = 25,
		[ATOM_WILDCARD] = 60,
		[ATOM_REGEX] = 250,
		[ATOM_CIDR] = 40,
		[ATOM_LT] = 4,
		[ATOM_LTE] = 4,
		[ATOM_GT] = 4,
		[ATOM_GTE] = 4,
		[ATOM_NUM_EQ] = 4,
		[ATOM_EXISTS] = 2,
		[ATOM_NULL] = 2,
		[ATOM_EMPTY] = 2,
		[ATOM_FIELD] = 40,
		[ATOM_TIME] = 100,
		[ATOM_PRESENT] = 1,
	};
	uint32_t cost = costs[predicate->op];
	return predicate->field == FIELD_none ? 1000 + cost * 16 : cost;
}

static uint32_t expr_cost(const struct compiler *c, const struct expr *expr)
{
	uint32_t cost = 1;

	if (expr->op == EXPR_ATOM)
		return predicate_cost(&c->predicates->items[expr->atom.predicate]);
	for (uint32_t i = 0; i < expr->kid_count && cost < UINT32_MAX / 2; i++)
		cost += expr_cost(c, expr->kids[i]);
	return cost;
}

struct costed {
	const struct expr *expr;
	uint32_t cost, place;
};

static int by_cost(const void *a, const void *b)
{
	const struct costed *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
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
		kids[i] = (struct costed){expr->kids[i], expr_cost(c, expr->kids[i]), i};
	qsort(kids, expr->kid_count, sizeof(*kids), by_cost);
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

int program_compile(struct program *program, const struct predicates *predicates,
	struct arena *scratch, const struct expr *condition, uint32_t *ret_entry)
{
	struct compiler c = {.program = program, .predicates = predicates, .scratch = scratch};
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
