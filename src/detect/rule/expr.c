#include "detect/rule/expr.h"

#include <errno.h>

static struct expr *new_expr(struct arena *arena, enum expr_op op)
{
	struct expr *expr = arena_zalloc(arena, sizeof(*expr));

	if (expr != NULL)
		expr->op = (uint8_t)op;
	return expr;
}

struct expr *expr_atom(struct arena *arena, struct atom atom, uint32_t line)
{
	struct expr *expr = new_expr(arena, EXPR_ATOM);

	if (expr != NULL) {
		expr->atom = atom;
		expr->line = line;
	}
	return expr;
}

struct expr *expr_list(struct arena *arena, enum expr_op op)
{
	return new_expr(arena, op);
}

struct expr *expr_not(struct arena *arena, struct expr *kid)
{
	struct expr *expr = new_expr(arena, EXPR_NOT);

	return expr != NULL && expr_add(arena, expr, kid) == 0 ? expr : NULL;
}

int expr_add(struct arena *arena, struct expr *list, struct expr *kid)
{
	uint32_t count = list->kid_count;

	/* Room doubles whenever the count reaches a power of two. */
	if (count == 0 || (count & (count - 1)) == 0) {
		uint32_t room = count < 2 ? count + 1 : count * 2;
		struct expr **kids = arena_alloc(arena, room * sizeof(*kids));
		if (kids == NULL)
			return -ENOMEM;
		if (count > 0)
			memcpy(kids, list->kids, count * sizeof(*kids));
		list->kids = kids;
	}
	list->kids[list->kid_count++] = kid;
	return 0;
}

const char *atom_word(const struct atom *atom)
{
	static const char *const words[] = {
		[ATOM_EQUALS] = "equals",
		[ATOM_STARTS] = "startswith",
		[ATOM_ENDS] = "endswith",
		[ATOM_CONTAINS] = "contains",
		[ATOM_WILDCARD] = "like",
		[ATOM_REGEX] = "re",
		[ATOM_CIDR] = "cidr",
		[ATOM_LT] = "lt",
		[ATOM_LTE] = "lte",
		[ATOM_GT] = "gt",
		[ATOM_GTE] = "gte",
		[ATOM_NUM_EQ] = "equals",
		[ATOM_EXISTS] = "exists",
		[ATOM_NULL] = "null",
		[ATOM_EMPTY] = "empty",
		[ATOM_KEYWORD] = "keyword",
		[ATOM_PRESENT] = "present",
		[ATOM_COMPUTED] = "computed",
	};
	static const char *const field_words[] = {
		[ATOM_EQUALS] = "equalsfield",
		[ATOM_STARTS] = "startswithfield",
		[ATOM_ENDS] = "endswithfield",
		[ATOM_CONTAINS] = "containsfield",
	};
	static const char *const parts[] = {
		[TIME_MINUTE] = "minute",
		[TIME_HOUR] = "hour",
		[TIME_DAY] = "day",
		[TIME_WEEK] = "week",
		[TIME_MONTH] = "month",
		[TIME_YEAR] = "year",
	};

	if (atom->op == ATOM_FIELD)
		return atom->field_op <= ATOM_CONTAINS ? field_words[atom->field_op] : "";
	if (atom->op == ATOM_TIME)
		return atom->time_part <= TIME_YEAR ? parts[atom->time_part] : "";
	return atom->op <= ATOM_COMPUTED ? words[atom->op] : "";
}

static void print_pattern(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		buf_char(out, c == WILD_ANY ? '*' : c == WILD_ONE ? '?' : c);
	}
}

void atom_print_operand(struct buf *out, const struct atom *atom, const struct fields *fields)
{
	switch (atom->op) {
	case ATOM_LT:
	case ATOM_LTE:
	case ATOM_GT:
	case ATOM_GTE:
	case ATOM_NUM_EQ:
	case ATOM_TIME:
		buf_printf(out, "%.15g", atom->number);
		break;
	case ATOM_EXISTS:
	case ATOM_NULL:
	case ATOM_EMPTY:
	case ATOM_PRESENT:
		break;
	case ATOM_FIELD:
		buf_str(out, fields_name(fields, atom->other));
		break;
	case ATOM_WILDCARD:
	case ATOM_KEYWORD:
		print_pattern(out, atom->text);
		break;
	default:
		buf_str(out, atom->text);
	}
}

void atom_print(struct buf *out, const struct atom *atom, const struct fields *fields)
{
	if (atom->op == ATOM_COMPUTED) {
		buf_str(out, atom->text);
		return;
	}
	if (atom->field != FIELD_none) {
		buf_str(out, fields_name(fields, atom->field));
		buf_char(out, ' ');
	}
	buf_cstr(out, atom_word(atom));
	if (atom->op == ATOM_REGEX && atom->regex_flags != 0)
		buf_printf(out, "|%s%s%s", atom->regex_flags & REGEX_CASELESS ? "i" : "",
			atom->regex_flags & REGEX_MULTILINE ? "m" : "",
			atom->regex_flags & REGEX_DOTALL ? "s" : "");
	else if (atom->cased && atom->op <= ATOM_WILDCARD)
		buf_cstr(out, "|cased");
	bool quoted = atom->op <= ATOM_CIDR || atom->op == ATOM_KEYWORD;
	if ((atom->op >= ATOM_EXISTS && atom->op <= ATOM_EMPTY) || atom->op == ATOM_PRESENT)
		return;
	buf_cstr(out, quoted ? " \"" : " ");
	atom_print_operand(out, atom, fields);
	if (quoted)
		buf_char(out, '"');
}

static void print_at(
	struct buf *out, const struct expr *expr, const struct fields *fields, unsigned depth)
{
	if (depth > EXPR_DEPTH_MAX) {
		buf_cstr(out, "…");
		return;
	}
	switch (expr->op) {
	case EXPR_ATOM:
		atom_print(out, &expr->atom, fields);
		break;
	case EXPR_TRUE:
		buf_cstr(out, "true");
		break;
	case EXPR_FALSE:
		buf_cstr(out, "false");
		break;
	case EXPR_NOT:
		buf_cstr(out, "not ");
		print_at(out, expr->kids[0], fields, depth + 1);
		break;
	default:
		buf_char(out, '(');
		for (uint32_t i = 0; i < expr->kid_count; i++) {
			if (i > 0)
				buf_cstr(out, expr->op == EXPR_AND ? " and " : " or ");
			print_at(out, expr->kids[i], fields, depth + 1);
		}
		buf_char(out, ')');
	}
}

void expr_print(struct buf *out, const struct expr *expr, const struct fields *fields)
{
	print_at(out, expr, fields, 0);
}
