/* eql_eval() from inside the predicate machine and the state machines. */
#include "base/strmatch.h"
#include "detect/eql/bound.h"
#include "detect/eql/lowering.h"
#include "detect/eql/parse.h"

struct program {
	const struct eql_node *node;
	const struct eql_options *options;
};

const void *eql_program(struct eql_lowering *l, const struct eql_node *node)
{
	struct program *program = arena_alloc(l->arena, sizeof(*program));

	if (program != NULL)
		*program = (struct program){.node = node, .options = l->options};
	return program;
}

/* ---- the predicate machine ---- */

static bool test_view(const void *program, const struct view *view, struct arena *scratch)
{
	const struct program *p = program;
	struct eql_env env = {.options = p->options, .scratch = scratch};

	eql_env_of_view(&env, view);
	return eql_holds(&env, p->node);
}

/* Equal texts with equal tests share their answer, so the text tells the dialect too. */
static struct str describe(struct eql_lowering *l, const struct eql_node *node)
{
	struct buf out = {0};
	struct eql_options usual = eql_options_of(l->options->dialect);
	struct str text = {0};

	eql_print_node(&out, node, l->options);
	buf_printf(&out, " (%s%s)", eql_dialect_word(l->options->dialect),
		l->options->caseless == usual.caseless ? ""
		: usual.caseless		       ? ", case-sensitive"
						       : ", case-insensitive");
	if (!out.failed)
		text = arena_strn(l->arena, out.ptr, out.len);
	buf_destroy(&out);
	return text;
}

static int finish(
	struct eql_lowering *l, struct atom atom, const struct eql_node *node, struct expr **ret)
{
	uint32_t line = l->meta->line == 0 ? 0 : l->meta->line + node->line - 1;

	*ret = atom.text.ptr == NULL || atom.program == NULL ? NULL
							     : expr_atom(l->arena, atom, line);
	return *ret == NULL ? eql_lower_no_memory(l) : 0;
}

int eql_computed_atom(struct eql_lowering *l, const struct eql_node *node, struct expr **ret)
{
	struct eql_field_list reads = {0};
	int rc = eql_fields_read(l, node, &reads);
	struct atom atom = {.op = ATOM_COMPUTED,
		.test = test_view,
		.text = describe(l, node),
		.program = eql_program(l, node),
		.reads = reads.items,
		.read_count = reads.count};

	return rc == 0 ? finish(l, atom, node, ret) : rc;
}

static bool test_single(const void *program, const struct view *view, struct arena *scratch)
{
	const field_id *field = program;
	const struct value *value = view_get(view, *field);

	(void)scratch;
	return value != NULL && value->type != VALUE_LIST;
}

int eql_single_atom(struct eql_lowering *l, const struct eql_node *node, struct expr **ret)
{
	field_id *field = arena_alloc(l->arena, sizeof(*field));

	if (field == NULL)
		return eql_lower_no_memory(l);
	*field = (field_id)node->field;
	return finish(l,
		(struct atom){.op = ATOM_COMPUTED,
			.test = test_single,
			.text = arena_printf(l->arena, "%.*s is one value", STR_ARG(node->text)),
			.program = field,
			.reads = field,
			.read_count = 1},
		node, ret);
}

/* ---- categories ---- */

struct category {
	field_id field;
	struct str word;
};

static bool says(const struct value *value, struct str word)
{
	const struct value *items = value->type == VALUE_LIST ? value->items : value;
	uint32_t count = value->type == VALUE_LIST ? value->len : 1;

	for (uint32_t i = 0; i < count; i++)
		if (items[i].type == VALUE_TEXT && str_eq(value_str(&items[i]), word))
			return true;
	return false;
}

static bool test_category(const void *program, const struct view *view, struct arena *scratch)
{
	const struct category *c = program;
	const struct value *own = view_get(view, FIELD_event_category);

	(void)scratch;
	if (own == NULL || eql_is_null(own))
		own = view_get(view, c->field);
	return own != NULL && says(own, c->word);
}

int eql_category_atom(struct eql_lowering *l, field_id field, struct str word, struct expr **ret)
{
	static const struct eql_node nowhere = {.line = 1};
	struct category *c = arena_alloc(l->arena, sizeof(*c));
	field_id *reads = arena_alloc(l->arena, 2 * sizeof(*reads));

	if (c == NULL || reads == NULL)
		return eql_lower_no_memory(l);
	*c = (struct category){.field = field, .word = word};
	reads[0] = FIELD_event_category;
	reads[1] = field;
	struct str name = fields_name(l->fields, field);
	return finish(l,
		(struct atom){.op = ATOM_COMPUTED,
			.test = test_category,
			.text = arena_printf(l->arena, "event.category, else %.*s, is %.*s",
				STR_ARG(name), STR_ARG(word)),
			.program = c,
			.reads = reads,
			.read_count = 2},
		&nowhere, ret);
}

/* ---- the state machines ---- */

static const struct value *get_of_context(void *context, unsigned step, field_id field)
{
	return cep_get(context, step, field);
}

static bool related_of_context(void *context, const struct eql_node *relation)
{
	return cep_related(context, relation->field);
}

static struct eql_env env_of_context(const struct program *p, const struct cep_context *context)
{
	/* The environment only reads it. */
	union {
		const struct cep_context *context;
		void *any;
	} same = {.context = context};

	return (struct eql_env){.options = p->options,
		.scratch = cep_scratch(context),
		.context = same.any,
		.get = get_of_context,
		.related = related_of_context};
}

void eql_program_print(const void *program, struct buf *out)
{
	const struct program *p = program;

	eql_print_node(out, p->node, p->options);
}

bool eql_program_test(const void *program, const struct cep_context *context)
{
	const struct program *p = program;
	struct eql_env env = env_of_context(p, context);

	return eql_holds(&env, p->node);
}

struct value eql_program_value(const void *program, const struct cep_context *context)
{
	const struct program *p = program;
	struct eql_env env = env_of_context(p, context);

	return eql_eval(&env, p->node);
}
