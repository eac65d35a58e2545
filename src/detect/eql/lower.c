#include "detect/eql/lower.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/eql/eval.h"
#include "detect/eql/lowering.h"
#include "detect/eql/parse.h"

int eql_lower_no_memory(struct eql_lowering *l)
{
	return err_set(l->err, -ENOMEM, "EQL: out of memory");
}

int eql_lower_wrong(struct eql_lowering *l, const struct eql_node *node, const char *fmt, ...)
{
	char reason[256];
	va_list ap;
	uint32_t first = l->meta->line == 0 ? 1 : l->meta->line;

	va_start(ap, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return err_set(l->err, -EINVAL, "line %u, column %u: %s", first + node->line - 1,
		node->column, reason);
}

/* "line 3, …" of the query becomes the line of the file. */
static int shift_line(struct eql_lowering *l, int rc)
{
	struct err *err = l->err;
	char *end;

	if (rc == 0 || err == NULL || l->meta->line <= 1 || strncmp(err->text, "line ", 5) != 0)
		return rc;
	unsigned long line = strtoul(err->text + 5, &end, 10);
	struct err own = *err;
	return err_set(
		err, rc, "line %lu%.480s", line + l->meta->line - 1, own.text + (end - err->text));
}

/* ---- notes ---- */

static int note(struct eql_lowering *l, struct str text)
{
	if (text.ptr == NULL)
		return eql_lower_no_memory(l);
	for (uint32_t i = 0; i < l->note_count; i++)
		if (str_eq(l->notes[i], text))
			return 0;
	if (l->note_count < EQL_NOTES_MAX)
		l->notes[l->note_count++] = text;
	return 0;
}

static int note_field(void *context, struct eql_node *node)
{
	struct eql_lowering *l = context;

	if ((node->type != EQL_FIELD && node->type != EQL_REFERENCE) || node->field == FIELD_none ||
		node->field < FIELD_STATIC_MAX)
		return 0;
	return note(
		l, arena_printf(l->arena, "no sensor supplies field %.*s", STR_ARG(node->text)));
}

int eql_lower_bind(struct eql_lowering *l, const struct eql_node *node, struct eql_node **ret)
{
	struct eql_node *bound;
	int rc = eql_bind(l->arena, node, l->options, l->fields, &bound, l->err);

	if (rc != 0)
		return shift_line(l, rc);
	rc = eql_walk(bound, note_field, l);
	if (rc == 0)
		*ret = bound;
	return rc;
}

/* ---- categories ---- */

static void every_kind(struct rule *rule)
{
	memset(rule->kinds, 0xff, sizeof(rule->kinds));
}

/* False when no kind of event has them: only documents can. */
static bool kinds_of(struct rule *rule, uint32_t categories)
{
	bool any = false;

	for (unsigned i = 0; i < schema_kind_count; i++) {
		unsigned kind = schema_kinds[i].number;
		if ((schema_kinds[i].categories & categories) == 0)
			continue;
		rule->kinds[kind / 64] |= UINT64_C(1) << (kind % 64);
		any = true;
	}
	rule->categories = categories;
	return any;
}

static int note_category(struct eql_lowering *l, struct str word)
{
	return note(l, arena_printf(l->arena, "no sensor supplies category %.*s", STR_ARG(word)));
}

static int intern(struct eql_lowering *l, struct str name, field_id *ret)
{
	return fields_intern(l->fields, name, ret, l->err);
}

/* Documents that say it in a field of their own, of any kind. */
static int field_says(struct eql_lowering *l, struct str field, struct str word, struct expr **ret)
{
	struct atom atom = {.op = ATOM_EQUALS, .cased = true, .text = word};
	int rc = intern(l, field, &atom.field);

	if (rc != 0)
		return rc;
	*ret = expr_atom(l->arena, atom, 0);
	return *ret == NULL ? eql_lower_no_memory(l) : 0;
}

/* A word that the schema does not know: only documents can say it. */
static int document_says(struct eql_lowering *l, struct str word, struct expr **ret)
{
	struct str other = l->document.other_category_field;
	field_id field;

	if (other.len > 0) {
		int rc = intern(l, other, &field);
		return rc == 0 ? eql_category_atom(l, field, word, ret) : rc;
	}
	int rc = note_category(l, word);
	return rc == 0 ? field_says(l, STR("event.category"), word, ret) : rc;
}

/* Kinds and categories of the rule; *ret is what the condition must ask beside, or NULL. */
static int lower_category(
	struct eql_lowering *l, const struct eql_event *event, struct rule *rule, struct expr **ret)
{
	struct str word = event->category;
	uint32_t bit = schema_category_bit(word);

	*ret = NULL;
	if (word.len == 0) {
		every_kind(rule);
		return 0;
	}
	if (l->document.category_field.len > 0) {
		every_kind(rule);
		return field_says(l, l->document.category_field, word, ret);
	}
	if (bit != 0)
		return kinds_of(rule, bit) ? 0 : note_category(l, word);
	every_kind(rule);
	return document_says(l, word, ret);
}

/* ---- one event ---- */

static struct rule *new_rule(struct eql_lowering *l, enum rule_role role)
{
	struct rule *rule = arena_alloc(l->arena, sizeof(*rule));

	if (rule == NULL)
		return NULL;
	*rule = *l->meta;
	memset(rule->kinds, 0, sizeof(rule->kinds));
	rule->categories = 0;
	rule->condition = NULL;
	rule->plan = NULL;
	rule->eql = NULL;
	rule->notes = NULL;
	rule->note_count = 0;
	rule->role = (uint8_t)role;
	if (role == RULE_STEP)
		rule->action_count = 0;
	return rule;
}

static int join_conditions(
	struct eql_lowering *l, struct expr *category, struct expr *condition, struct expr **ret)
{
	struct expr *all = expr_list(l->arena, EXPR_AND);

	if (category == NULL || condition->op == EXPR_FALSE) {
		*ret = condition;
		return 0;
	}
	if (all == NULL || expr_add(l->arena, all, category) != 0 ||
		expr_add(l->arena, all, condition) != 0)
		return eql_lower_no_memory(l);
	*ret = condition->op == EXPR_TRUE ? category : all;
	return 0;
}

int eql_lower_event(struct eql_lowering *l, const struct eql_event *event, enum rule_role role,
	struct rule **ret, const struct eql_node **ret_test)
{
	struct rule *rule = new_rule(l, role);
	struct eql_node *bound = NULL;
	struct eql_split split;
	struct expr *category;
	int rc = rule == NULL ? eql_lower_no_memory(l)
			      : eql_lower_bind(l, event->condition, &bound);

	if (rc == 0)
		rc = eql_lower_condition(l, bound, &split);
	if (rc == 0)
		rc = lower_category(l, event, rule, &category);
	if (rc == 0)
		rc = join_conditions(l, category, split.condition, &rule->condition);
	if (rc != 0)
		return rc;
	eql_lower_narrow(rule);
	*ret = rule;
	*ret_test = split.test;
	return 0;
}

int eql_lower_add(struct eql_lowering *l, struct rule *rule)
{
	if (l->added_count == l->added_room) {
		uint32_t room = l->added_room == 0 ? 8 : l->added_room * 2;
		struct rule **added = arena_alloc(l->arena, room * sizeof(struct rule *));
		if (added == NULL)
			return eql_lower_no_memory(l);
		if (l->added_count > 0)
			memcpy(added, l->added, l->added_count * sizeof(struct rule *));
		l->added = added;
		l->added_room = room;
	}
	int rc = ruleset_add(l->set, rule, l->err);
	if (rc == 0)
		l->added[l->added_count++] = rule;
	return rc;
}

int eql_lower_step(struct eql_lowering *l, const struct eql_event *event, const struct rule **ret,
	const struct eql_node **ret_test)
{
	struct rule *rule;
	int rc = eql_lower_event(l, event, RULE_STEP, &rule, ret_test);

	if (rc == 0)
		rc = eql_lower_add(l, rule);
	if (rc == 0)
		*ret = rule;
	return rc;
}

/* ---- a query ---- */

struct pipe_reading {
	struct eql_lowering *l;
	struct eql_field_list list;
};

static int take_pipe_field(void *context, struct eql_node *node)
{
	struct pipe_reading *r = context;

	if ((node->type != EQL_FIELD && node->type != EQL_REFERENCE) || node->field == FIELD_none)
		return 0;
	fields_want(r->l->fields, (field_id)node->field);
	return eql_field_add(r->l, &r->list, (field_id)node->field);
}

static int bind_pipe(struct eql_lowering *l, struct eql_pipe *pipe, struct pipe_reading *reading)
{
	struct eql_node **values = arena_alloc(
		l->arena, (pipe->value_count + 1) * sizeof(struct eql_node *));
	int rc = values == NULL ? eql_lower_no_memory(l) : 0;

	for (uint32_t i = 0; rc == 0 && i < pipe->value_count; i++) {
		rc = eql_lower_bind(l, pipe->values[i], &values[i]);
		if (rc == 0)
			rc = eql_walk(values[i], take_pipe_field, reading);
	}
	pipe->values = values;
	return rc;
}

static int bind_pipes(struct eql_lowering *l, const struct eql_query *query, struct eql_rule *own)
{
	struct pipe_reading reading = {.l = l};
	struct eql_pipe *pipes = arena_alloc(l->arena, (query->pipe_count + 1) * sizeof(*pipes));
	int rc = pipes == NULL ? eql_lower_no_memory(l) : 0;

	for (uint32_t i = 0; rc == 0 && i < query->pipe_count; i++) {
		pipes[i] = query->pipes[i];
		rc = bind_pipe(l, &pipes[i], &reading);
	}
	own->query = query;
	own->pipes = pipes;
	own->pipe_count = query->pipe_count;
	own->pipe_fields = reading.list.items;
	own->pipe_field_count = reading.list.count;
	return rc;
}

static int lower_query(struct eql_lowering *l, const struct eql_query *query, struct eql_rule *own,
	struct rule **ret)
{
	const struct eql_node *test;
	struct rule *rule;
	int rc = bind_pipes(l, query, own);

	if (rc != 0)
		return rc;
	if (query->type != EQL_SINGLE)
		return eql_lower_plan(l, query, own, ret);
	rc = eql_lower_event(l, &query->steps[0].event, RULE_FINDING, &rule, &test);
	if (rc == 0 && test != NULL)
		return eql_lower_single(l, query, rule, test, own, ret);
	if (rc == 0)
		*ret = rule;
	return rc;
}

static int finish_rule(struct eql_lowering *l, struct rule *rule, const struct eql_rule *own)
{
	uint32_t count = l->meta->note_count;
	struct str *notes = arena_alloc(l->arena, (count + l->note_count + 1) * sizeof(*notes));

	if (notes == NULL)
		return eql_lower_no_memory(l);
	if (count > 0)
		memcpy(notes, l->meta->notes, count * sizeof(*notes));
	memcpy(notes + count, l->notes, l->note_count * sizeof(*notes));
	rule->notes = notes;
	rule->note_count = count + l->note_count;
	rule->eql = own;
	return eql_lower_add(l, rule);
}

/* What was added before an error shall match nothing. */
static void undo(struct eql_lowering *l)
{
	for (uint32_t i = 0; i < l->added_count; i++) {
		static struct expr never = {.op = EXPR_FALSE};
		l->added[i]->condition = &never;
		l->added[i]->categories = 0;
		memset(l->added[i]->kinds, 0, sizeof(l->added[i]->kinds));
	}
}

int eql_add_query(struct ruleset *set, struct str text, const struct eql_options *options,
	const struct eql_document_options *document, struct rule *meta, struct err *err)
{
	struct arena *arena = ruleset_arena(set);
	struct eql_rule *own = arena_zalloc(arena, sizeof(*own));
	struct eql_lowering l = {.set = set,
		.arena = arena,
		.fields = ruleset_fields(set),
		.meta = meta,
		.err = err};
	struct eql_query *query = NULL;
	struct rule *rule = NULL;

	if (own == NULL)
		return eql_lower_no_memory(&l);
	if (meta->eql != NULL)
		*own = *meta->eql;
	own->options = *options;
	l.options = &own->options;
	if (document != NULL)
		l.document = *document;
	int rc = shift_line(&l, eql_parse(arena, text, &own->options, &query, err));
	if (rc == 0)
		rc = lower_query(&l, query, own, &rule);
	if (rc == 0)
		rc = finish_rule(&l, rule, own);
	if (rc != 0) {
		undo(&l);
		return rc;
	}
	*meta = *rule;
	return 0;
}
