/* Hostile documents against a fixed set of rules: the literal index must never change an answer. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "detect/rule/rule.h"
#include "event/ecs.h"

struct machine {
	struct fields *fields;
	struct ruleset *set;
	struct matcher *matcher;
	struct view *view;
	struct batch *batch;
};

static const struct atom atoms[] = {
	{.op = ATOM_CONTAINS, .field = FIELD_process_command_line, .text = {"/dev/tcp", 8}},
	{.op = ATOM_STARTS, .field = FIELD_process_command_line, .text = {"bash", 4}},
	{.op = ATOM_ENDS, .field = FIELD_process_command_line, .text = {"\xc3\xa9t\xc3\xa9", 5}},
	{.op = ATOM_CONTAINS,
		.field = FIELD_process_command_line,
		.text = {"Mask", 4},
		.cased = true},
	{.op = ATOM_EQUALS, .field = FIELD_process_command_line, .text = {"id", 2}},
	{.op = ATOM_EQUALS, .field = FIELD_process_args, .text = {"-kS", 3}},
	{.op = ATOM_EQUALS, .field = FIELD_process_args, .text = {"-kS", 3}, .cased = true},
	{.op = ATOM_ENDS, .field = FIELD_process_args, .text = {"/sh", 3}},
	{.op = ATOM_WILDCARD,
		.field = FIELD_process_args,
		.text = {"a\xfe"
			 "b\xff"
			 "c",
			5}},
	{.op = ATOM_REGEX, .field = FIELD_process_args, .text = {"^(cu|wg)[er]t?l?\\s", 18}},
	{.op = ATOM_REGEX,
		.field = FIELD_process_command_line,
		.text = {"k\\.s+", 5},
		.regex_flags = REGEX_CASELESS},
	{.op = ATOM_NUM_EQ, .field = FIELD_process_pid, .number = 42},
	{.op = ATOM_EQUALS, .field = FIELD_process_pid, .text = {"42", 2}},
	{.op = ATOM_GT, .field = FIELD_process_pid, .number = 1000},
	{.op = ATOM_CIDR, .field = FIELD_source_ip, .text = {"10.0.0.0/8", 10}},
	{.op = ATOM_KEYWORD, .text = {"secret", 6}},
	{.op = ATOM_KEYWORD, .text = {"say \"hi\" to", 11}},
	{.op = ATOM_KEYWORD, .text = {"a/b\\c", 5}},
	{.op = ATOM_KEYWORD, .text = {"m\xc3\xbc", 3}},
	{.op = ATOM_KEYWORD,
		.text = {"rm \xfe"
			 "hist",
			8}},
	{.op = ATOM_REGEX, .text = {"^7[0-9]$", 8}},
	{.op = ATOM_EQUALS, .text = {"17", 2}},
};

#define ATOM_COUNT (sizeof(atoms) / sizeof(atoms[0]))

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void add_rule(struct ruleset *set, struct expr *condition)
{
	struct rule *rule = arena_zalloc(ruleset_arena(set), sizeof(*rule));

	check(rule != NULL && condition != NULL);
	rule->condition = condition;
	memset(rule->kinds, 0xff, sizeof(rule->kinds));
	check(ruleset_add(set, rule, NULL) == 0);
}

/* Every atom alone, and with its neighbour in the ways that make different triggers. */
static void add_rules(struct ruleset *set)
{
	struct arena *arena = ruleset_arena(set);

	for (size_t i = 0; i < ATOM_COUNT; i++) {
		const struct atom *next = &atoms[(i + 1) % ATOM_COUNT];
		add_rule(set, expr_atom(arena, atoms[i], 0));
		for (unsigned way = 0; way < 3; way++) {
			struct expr *list = expr_list(arena, way == 0 ? EXPR_OR : EXPR_AND);
			struct expr *other = expr_atom(arena, *next, 0);
			check(list != NULL && other != NULL);
			if (way == 2)
				other = expr_not(arena, other);
			check(expr_add(arena, list, expr_atom(arena, atoms[i], 0)) == 0);
			check(expr_add(arena, list, other) == 0);
			add_rule(set, list);
		}
	}
}

static void create(struct machine *m, bool with_index)
{
	check(fields_create(&m->fields, NULL) == 0);
	check(ruleset_create(m->fields, &m->set, NULL) == 0);
	add_rules(m->set);
	if (!with_index)
		ruleset_without_index(m->set);
	check(fields_freeze(m->fields, NULL) == 0 && ruleset_compile(m->set, NULL) == 0);
	check(matcher_create(m->set, &m->matcher, NULL) == 0);
	check(view_create(m->fields, &m->view) == 0 && batch_create(m->fields, &m->batch) == 0);
}

static bool run(struct machine *m, struct str json, const struct rule *const **ret, uint32_t *count)
{
	struct event *event;
	size_t offset;

	batch_clear(m->batch);
	if (ecs_decode(m->batch, json, NULL, &event, &offset, NULL) != 0)
		return false;
	view_load(m->view, event);
	*count = matcher_run(m->matcher, m->view, KIND_none, ret);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine with, without;
	const struct rule *const *a, *const *b;
	struct str json = str_n((const char *)data, size);
	uint32_t count, other_count;

	if (with.set == NULL) {
		create(&with, true);
		create(&without, false);
	}
	if (!run(&with, json, &a, &count))
		return 0;
	check(run(&without, json, &b, &other_count) && count == other_count);
	for (uint32_t i = 0; i < count; i++)
		check(a[i]->number == b[i]->number);
	return 0;
}
