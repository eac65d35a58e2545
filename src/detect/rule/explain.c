#include "base/buf.h"
#include "detect/rule/matcher.h"

#define WHY_MAX 64

struct explainer {
	struct matcher *matcher;
	const struct view *view;
	struct arena *arena;
	struct why *list;
	uint32_t count;
};

/* Recursion here is bounded by EXPR_DEPTH_MAX, which ruleset_add() enforces. */
static bool holds(struct explainer *x, const struct expr *expr)
{
	bool all = expr->op == EXPR_AND;

	switch (expr->op) {
	case EXPR_ATOM:
		return predicate_test(&x->matcher->tester,
			&x->matcher->set->predicates.items[expr->atom.predicate], x->view, NULL);
	case EXPR_NOT:
		return !holds(x, expr->kids[0]);
	case EXPR_TRUE:
		return true;
	case EXPR_FALSE:
		return false;
	default:
		for (uint32_t i = 0; i < expr->kid_count; i++)
			if (holds(x, expr->kids[i]) != all)
				return !all;
		return all;
	}
}

static struct str operand_of(struct explainer *x, const struct atom *atom)
{
	struct buf text = {0};

	atom_print_operand(&text, atom, x->matcher->set->fields);
	struct str copy = arena_strn(x->arena, text.ptr, text.len);
	buf_destroy(&text);
	return copy.ptr == NULL ? (struct str){0} : copy;
}

static void add_atom(struct explainer *x, const struct atom *atom)
{
	struct value value = {0};

	if (x->count == WHY_MAX ||
		!predicate_test(&x->matcher->tester,
			&x->matcher->set->predicates.items[atom->predicate], x->view, &value))
		return;
	/* Texts of a raw document live in the matcher only until its next event. */
	if (atom->field == FIELD_none && value.type == VALUE_TEXT)
		value = value_text(arena_strn(x->arena, value.text, value.len));
	struct why why = {.field = atom->field,
		.op = atom_word(atom),
		.operand = operand_of(x, atom),
		.value = value};
	for (uint32_t i = 0; i < x->count; i++)
		if (x->list[i].field == why.field && x->list[i].op == why.op &&
			str_eq(x->list[i].operand, why.operand))
			return;
	x->list[x->count++] = why;
}

static void collect(struct explainer *x, const struct expr *expr)
{
	switch (expr->op) {
	case EXPR_ATOM:
		add_atom(x, &expr->atom);
		break;
	case EXPR_AND:
	case EXPR_OR:
		for (uint32_t i = 0; i < expr->kid_count; i++)
			if (holds(x, expr->kids[i]))
				collect(x, expr->kids[i]);
		break;
	case EXPR_NOT:
		/* What did not hold explains nothing, but not (not x) is x. */
		if (expr->kids[0]->op == EXPR_NOT)
			collect(x, expr->kids[0]->kids[0]);
		break;
	default:
		break;
	}
}

uint32_t matcher_explain(struct matcher *matcher, const struct view *view, const struct rule *rule,
	struct arena *arena, const struct why **ret)
{
	struct explainer x = {.matcher = matcher, .view = view, .arena = arena};

	x.list = arena_alloc(arena, WHY_MAX * sizeof(*x.list));
	if (x.list == NULL) {
		*ret = NULL;
		return 0;
	}
	tester_next(&matcher->tester);
	if (holds(&x, rule->condition))
		collect(&x, rule->condition);
	*ret = x.list;
	return x.count;
}

/* ---- the compiled form ---- */

static void print_kinds(const struct rule *rule, struct buf *out)
{
	bool any = true, comma = false;

	for (unsigned word = 0; word < KIND_MAX / 64; word++)
		any = any && rule->kinds[word] == UINT64_MAX;
	buf_cstr(out, "kinds: ");
	if (any)
		buf_cstr(out, "any");
	for (unsigned kind = 0; kind < KIND_MAX && !any; kind++) {
		const struct schema_kind *facts = schema_kind(kind);
		if (!rule_has_kind(rule, kind) || facts == NULL)
			continue;
		buf_printf(out, "%s%s", comma ? ", " : "", facts->ident);
		comma = true;
	}
	buf_char(out, '\n');
}

static void print_target(struct buf *out, uint32_t first, uint32_t target)
{
	if (target == PROGRAM_TRUE)
		buf_cstr(out, "match");
	else if (target == PROGRAM_FALSE)
		buf_cstr(out, "no match");
	else
		buf_printf(out, "%u", first - target);
}

static void print_predicate(const struct ruleset *set, uint32_t number, struct buf *out)
{
	const struct predicate *p = &set->predicates.items[number];
	struct atom atom = {.op = p->op,
		.cased = p->cased,
		.regex_flags = p->regex_flags,
		.time_part = p->time_part,
		.field_op = p->field_op,
		.field = p->field,
		.other = p->other,
		.text = p->text,
		.number = p->number};

	atom_print(out, &atom, set->fields);
}

/* Programs lie in memory from their end to their entry. */
static void print_program(const struct ruleset *set, const struct rule *rule, struct buf *out)
{
	uint32_t entry = set->entries[rule->number];
	uint32_t lowest = set->lowest[rule->number];

	if (entry < PROGRAM_FIRST) {
		buf_cstr(out, entry == PROGRAM_TRUE ? "   always\n" : "   never\n");
		return;
	}
	for (uint32_t at = entry; at >= lowest && at >= PROGRAM_FIRST; at--) {
		const struct instruction *in = &set->program.items[at];
		buf_printf(out, "%4u  ", entry - at);
		print_predicate(set, in->predicate, out);
		buf_cstr(out, " ? ");
		print_target(out, entry, in->on_true);
		buf_cstr(out, " : ");
		print_target(out, entry, in->on_false);
		buf_char(out, '\n');
	}
}

/* Which predicates wake the rule, if any. */
static void print_trigger(const struct ruleset *set, const struct rule *rule, struct buf *out)
{
	if (set->index == NULL || !set->index->triggers[rule->number].found) {
		buf_cstr(out, "woken by: every event of these kinds\n");
		return;
	}
	const struct trigger *trigger = &set->index->triggers[rule->number];
	buf_cstr(out, trigger->count == 0 ? "woken by: nothing\n" : "woken by:\n");
	for (uint32_t i = 0; i < trigger->count; i++) {
		const struct literals *literals = &set->index->literals[trigger->predicates[i]];
		buf_cstr(out, "      ");
		print_predicate(set, trigger->predicates[i], out);
		for (uint32_t k = 0; k < literals->count && literals->items[k].len > 0; k++)
			buf_printf(out, "%s\"%.*s\"", k == 0 ? ", looked for as " : ", ",
				STR_ARG(literals->items[k]));
		buf_char(out, '\n');
	}
}

void ruleset_explain(const struct ruleset *set, const struct rule *rule, struct buf *out)
{
	buf_printf(out, "rule: %.*s\n", STR_ARG(rule->id));
	print_kinds(rule, out);
	buf_cstr(out, "condition: ");
	expr_print(out, rule->condition, set->fields);
	buf_char(out, '\n');
	if (!set->compiled)
		return;
	print_trigger(set, rule, out);
	buf_cstr(out, "program:\n");
	print_program(set, rule, out);
}
