#include "detect/eql/bind.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "base/err.h"

static int bind_node(struct eql_binder *b, const struct eql_node *node, struct eql_node **ret);

int eql_refuse(struct eql_binder *b, const struct eql_node *at, const char *fmt, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(b->err, -EINVAL, "line %u, column %u: %s", at->line, at->column, what);
}

int eql_no_memory(struct eql_binder *b)
{
	return err_set(b->err, -ENOMEM, "EQL: out of memory");
}

struct eql_bound *eql_own_bound(struct eql_binder *b, struct eql_node *node)
{
	/* Only this tree's nodes are given, whose bound this file has made. */
	union {
		const struct eql_bound *given;
		struct eql_bound *own;
	} same = {.given = node->bound};

	if (same.own == NULL)
		same.own = arena_zalloc(b->arena, sizeof(*same.own));
	node->bound = same.own;
	return same.own;
}

/* ---- copying ---- */

static int copy_node(struct eql_binder *b, const struct eql_node *node, struct eql_node **ret)
{
	struct eql_node *copy = arena_alloc(b->arena, sizeof(*copy));
	size_t index_bytes = node->index_count * sizeof(*node->indexes);

	if (copy == NULL)
		return eql_no_memory(b);
	*copy = *node;
	copy->bound = NULL;
	copy->kids = NULL;
	copy->text = arena_strn(b->arena, node->text.ptr, node->text.len);
	if (node->kid_count > 0)
		copy->kids = arena_zalloc(b->arena, node->kid_count * sizeof(struct eql_node *));
	if (index_bytes > 0) {
		struct eql_index *indexes = arena_alloc(b->arena, index_bytes);
		if (indexes != NULL)
			memcpy(indexes, node->indexes, index_bytes);
		copy->indexes = indexes;
	}
	if (copy->text.ptr == NULL || (node->kid_count > 0 && copy->kids == NULL) ||
		(index_bytes > 0 && copy->indexes == NULL))
		return eql_no_memory(b);
	*ret = copy;
	return 0;
}

/* ---- fields and variables ---- */

/* Names are written with `$` or without, in both places alike or not. */
static struct str variable_name(struct str name)
{
	return name.len > 1 && name.ptr[0] == '$' ? str_n(name.ptr + 1, name.len - 1) : name;
}

static int bind_variable(struct eql_binder *b, struct eql_node *node, bool *ret_is)
{
	struct str rest = node->text, first = str_cut(&rest, '.');

	for (unsigned i = b->variable_count; i > 0; i--) {
		if (!str_eq(variable_name(first), b->variables[i - 1]))
			continue;
		struct eql_bound *bound = eql_own_bound(b, node);
		if (bound == NULL)
			return eql_no_memory(b);
		bound->variable = (uint16_t)i;
		bound->path = first.len;
		if (rest.ptr != NULL || node->index_count > 0)
			b->members[i - 1] = true;
		*ret_is = true;
		return 0;
	}
	*ret_is = false;
	return 0;
}

static int bind_field(struct eql_binder *b, struct eql_node *node)
{
	bool is_variable = false;
	field_id id;
	int rc;

	if (node->type == EQL_FIELD) {
		rc = bind_variable(b, node, &is_variable);
		if (rc != 0 || is_variable)
			return rc;
	}
	rc = fields_intern(b->fields, node->text, &id, b->err);
	if (rc == 0)
		node->field = id;
	return rc;
}

/* ---- calls ---- */

static int find_function(
	struct eql_binder *b, const struct eql_node *node, const struct eql_function **ret)
{
	enum eql_dialect dialect = b->options->dialect;
	const struct eql_function *function = eql_function_find(
		node->text, eql_has(dialect, EQL_ANY_CASE_FUNCTIONS));

	if (function == NULL)
		return eql_refuse(b, node, "unknown function '%.*s'", STR_ARG(node->text));
	if (function->older && !eql_has(dialect, EQL_OLDER_FUNCTIONS))
		return eql_refuse(b, node, "the dialect %s has no function '%s'",
			eql_dialect_word(dialect), function->name);
	if (node->caseless && !function->may_caseless)
		return eql_refuse(b, node, "'%s' knows no case, and no '~'", function->name);
	if (node->kid_count < function->least || node->kid_count > function->most)
		return eql_refuse(b, node, "'%s' takes %s%u argument%s, not %u", function->name,
			function->least == function->most   ? ""
			: node->kid_count < function->least ? "at least "
							    : "at most ",
			node->kid_count < function->least ? function->least : function->most,
			(node->kid_count < function->least ? function->least : function->most) == 1
				? ""
				: "s",
			node->kid_count);
	*ret = function;
	return 0;
}

/* arraySearch(array, name, condition): the name is set for the condition only. */
static int bind_with_variable(
	struct eql_binder *b, const struct eql_node *node, struct eql_node *copy)
{
	const struct eql_node *name = node->kids[1];
	struct eql_bound *bound = eql_own_bound(b, copy);

	if (name->type != EQL_FIELD || name->index_count > 0 ||
		(name->text.len > 0 && memchr(name->text.ptr, '.', name->text.len) != NULL))
		return eql_refuse(
			b, name, "'%s' takes a variable's name here", bound->function->name);
	if (b->variable_count == EQL_VARIABLES_MAX)
		return eql_refuse(
			b, node, "more than %d variables in one another", EQL_VARIABLES_MAX);
	int rc = bind_node(b, node->kids[0], &copy->kids[0]);
	if (rc == 0)
		rc = copy_node(b, name, &copy->kids[1]);
	if (rc != 0)
		return rc;
	unsigned slot = b->variable_count++;
	b->variables[slot] = variable_name(copy->kids[1]->text);
	b->members[slot] = false;
	rc = bind_node(b, node->kids[2], &copy->kids[2]);
	b->variable_count--;
	bound->variable = (uint16_t)(slot + 1);
	bound->members = b->members[slot];
	return rc;
}

static int bind_kids(struct eql_binder *b, const struct eql_node *node, struct eql_node *copy)
{
	int rc = 0;

	for (uint32_t i = 0; i < node->kid_count && rc == 0; i++)
		rc = bind_node(b, node->kids[i], &copy->kids[i]);
	return rc;
}

static int bind_call(struct eql_binder *b, const struct eql_node *node, struct eql_node *copy)
{
	const struct eql_function *function = NULL;
	int rc = find_function(b, node, &function);

	if (rc != 0)
		return rc;
	struct eql_bound *bound = eql_own_bound(b, copy);
	if (bound == NULL)
		return eql_no_memory(b);
	bound->function = function;
	bound->cased = !node->caseless && !b->options->caseless;
	rc = function->binds ? bind_with_variable(b, node, copy) : bind_kids(b, node, copy);
	/* Older rules write match("pattern", field). */
	if (rc == 0 && function->kind == EQL_REGEXES && copy->kid_count == 2 &&
		copy->kids[0]->type == EQL_STRING && copy->kids[1]->type != EQL_STRING &&
		copy->kids[1]->type != EQL_NULL) {
		struct eql_node *pattern = copy->kids[0];
		copy->kids[0] = copy->kids[1];
		copy->kids[1] = pattern;
	}
	return rc == 0 ? eql_check_arguments(b, copy, function) : rc;
}

/* ---- the tree ---- */

/* The condition of `descendant of [ … ]` is about other events: the variables end there. */
static int bind_relation(struct eql_binder *b, const struct eql_node *node, struct eql_node *copy)
{
	struct eql_event *query = arena_alloc(b->arena, sizeof(*query));
	unsigned variables = b->variable_count;

	if (query == NULL)
		return eql_no_memory(b);
	*query = *node->query;
	query->category = arena_strn(
		b->arena, node->query->category.ptr, node->query->category.len);
	if (query->category.ptr == NULL)
		return eql_no_memory(b);
	b->variable_count = 0;
	int rc = bind_node(b, node->query->condition, &query->condition);
	b->variable_count = variables;
	copy->query = query;
	return rc;
}

static int bind_inside(struct eql_binder *b, const struct eql_node *node, struct eql_node *copy)
{
	switch (node->type) {
	case EQL_FIELD:
	case EQL_REFERENCE:
		return bind_field(b, copy);
	case EQL_CALL:
		return bind_call(b, node, copy);
	case EQL_RELATION:
		return bind_relation(b, node, copy);
	default:
		return bind_kids(b, node, copy);
	}
}

static int bind_node(struct eql_binder *b, const struct eql_node *node, struct eql_node **ret)
{
	struct eql_node *copy = NULL;

	if (b->depth == EQL_BIND_DEPTH)
		return eql_refuse(b, node, "nested more than %d deep", EQL_BIND_DEPTH);
	b->depth++;
	int rc = copy_node(b, node, &copy);
	if (rc == 0)
		rc = bind_inside(b, node, copy);
	if (rc == 0)
		rc = eql_check(b, copy);
	if (rc == 0)
		rc = eql_prepare(b, copy);
	if (rc == 0)
		rc = eql_simplify(b, &copy);
	b->depth--;
	if (rc == 0)
		*ret = copy;
	return rc;
}

static void *memory_alloc(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

static void memory_free(void *ptr, void *arena)
{
	(void)ptr, (void)arena; /* goes with the arena */
}

int eql_bind(struct arena *arena, const struct eql_node *node, const struct eql_options *options,
	struct fields *fields, struct eql_node **ret, struct err *err)
{
	struct eql_binder b = {.arena = arena, .options = options, .fields = fields, .err = err};
	struct eql_node *bound = NULL;

	b.memory = pcre2_general_context_create(memory_alloc, memory_free, arena);
	if (b.memory == NULL)
		return eql_no_memory(&b);
	int rc = bind_node(&b, node, &bound);
	if (rc == 0)
		*ret = bound;
	return rc;
}
