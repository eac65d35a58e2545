/* Constant folding, and conditions of which a part is decided. What comes out means the same for
 * every event. */
#include <string.h>
#include "detect/eql/bind.h"

#define SCRATCH_BYTES_MAX ((size_t)4 << 20)

static bool is_literal(const struct eql_node *node)
{
	return node->type <= EQL_STRING;
}

static bool is_constant(const struct eql_node *node)
{
	switch (node->type) {
	case EQL_NOT:
	case EQL_AND:
	case EQL_OR:
	case EQL_COMPARE:
	case EQL_MATCH:
	case EQL_IN:
	case EQL_ARITHMETIC:
	case EQL_NEGATE:
	case EQL_CALL:
		break;
	default:
		return false;
	}
	for (uint32_t i = 0; i < node->kid_count; i++)
		if (!is_literal(node->kids[i]))
			return false;
	return true;
}

static int set_literal(struct eql_binder *b, struct eql_node *node, const struct value *value)
{
	struct eql_node literal = {.line = node->line, .column = node->column};

	switch (value->type) {
	case VALUE_BOOL:
		literal.type = EQL_BOOL;
		literal.boolean = value->boolean;
		break;
	case VALUE_INT:
		literal.type = EQL_INT;
		literal.integer = value->i64;
		break;
	case VALUE_DOUBLE:
		literal.type = EQL_FLOAT;
		literal.number = value->f64;
		break;
	case VALUE_TEXT:
		literal.type = EQL_STRING;
		literal.text = arena_strn(b->arena, value->text, value->len);
		if (literal.text.ptr == NULL)
			return eql_no_memory(b);
		break;
	case VALUE_NONE:
	case VALUE_NULL:
		/* There only `null` as it is written can be asked for with ==. */
		if (eql_has(b->options->dialect, EQL_NULL_LOGIC))
			return 0;
		literal.type = EQL_NULL;
		break;
	default: /* larger than any literal: left to be worked out */
		return 0;
	}
	*node = literal;
	return 0;
}

static int fold(struct eql_binder *b, struct eql_node *node)
{
	struct arena scratch;

	arena_init(&scratch, SCRATCH_BYTES_MAX);
	struct value value = eql_constant(&scratch, b->options, node);
	int rc = set_literal(b, node, &value);
	arena_destroy(&scratch);
	return rc;
}

/* `x and true` is x, `x and false` is false; null stays, for it keeps x from being true. */
static void drop_decided(struct eql_node **place)
{
	struct eql_node *node = *place;
	bool decides = node->type == EQL_OR;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < node->kid_count; i++) {
		struct eql_node *kid = node->kids[i];
		if (kid->type == EQL_BOOL && kid->boolean == decides) {
			*place = kid;
			return;
		}
		if (kid->type != EQL_BOOL)
			kept++;
	}
	if (kept == node->kid_count || kept == 0)
		return;
	if (kept == 1) {
		for (uint32_t i = 0; i < node->kid_count; i++)
			/* A field alone is not yet a truth value. */
			if (eql_type_of(node->kids[i]) == EQL_TYPE_BOOL &&
				node->kids[i]->type != EQL_BOOL)
				*place = node->kids[i];
		return;
	}
	kept = 0;
	for (uint32_t i = 0; i < node->kid_count; i++)
		if (node->kids[i]->type != EQL_BOOL)
			node->kids[kept++] = node->kids[i];
	node->kid_count = kept;
}

int eql_simplify(struct eql_binder *b, struct eql_node **node)
{
	if (is_constant(*node))
		return fold(b, *node);
	if ((*node)->type == EQL_AND || (*node)->type == EQL_OR)
		drop_decided(node);
	return 0;
}
