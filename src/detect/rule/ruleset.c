#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/rule/set.h"

#define RULES_BYTES_MAX ((size_t)1 << 30)

static const char *const severity_words[] = {
	[SEVERITY_INFORMATIONAL] = "informational",
	[SEVERITY_LOW] = "low",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_CRITICAL] = "critical",
};

const char *severity_word(enum severity severity)
{
	return severity <= SEVERITY_CRITICAL ? severity_words[severity] : "";
}

bool severity_parse(struct str word, enum severity *ret)
{
	for (unsigned i = SEVERITY_INFORMATIONAL; i <= SEVERITY_CRITICAL; i++) {
		if (match_equals(word, str_of(severity_words[i]), false)) {
			*ret = (enum severity)i;
			return true;
		}
	}
	return false;
}

int ruleset_create(struct fields *fields, struct ruleset **ret, struct err *err)
{
	struct ruleset *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return err_set(err, -ENOMEM, "rules: out of memory");
	set->fields = fields;
	arena_init(&set->arena, RULES_BYTES_MAX);
	predicates_init(&set->predicates, &set->arena);
	*ret = set;
	return 0;
}

void ruleset_destroy(struct ruleset *set)
{
	if (set == NULL)
		return;
	predicates_destroy(&set->predicates);
	program_destroy(&set->program);
	index_destroy(set->index);
	arena_destroy(&set->arena);
	free(set->rules);
	free(set->gates);
	free(set->entries);
	free(set->lowest);
	free(set);
}

struct arena *ruleset_arena(struct ruleset *set)
{
	return &set->arena;
}

struct fields *ruleset_fields(const struct ruleset *set)
{
	return set->fields;
}

void ruleset_use_cache(struct ruleset *set, struct rule_cache *cache)
{
	set->cache = cache;
}

void ruleset_without_index(struct ruleset *set)
{
	set->without_index = true;
}

uint32_t ruleset_count(const struct ruleset *set)
{
	return set->count;
}

const struct rule *ruleset_rule(const struct ruleset *set, uint32_t number)
{
	return number < set->count ? set->rules[number] : NULL;
}

bool ruleset_has_plans(const struct ruleset *set)
{
	return set->has_plans;
}

void ruleset_kinds(const struct ruleset *set, uint64_t kinds[KIND_MAX / 64])
{
	memset(kinds, 0, KIND_MAX / 8);
	for (uint32_t i = 0; i < set->count; i++)
		for (unsigned word = 0; word < KIND_MAX / 64; word++)
			kinds[word] |= set->rules[i]->kinds[word];
}

/* ---- adding ---- */

/* A keyword may stand in any field that the rule's kinds of event have. */
static void want_every_field(struct fields *fields, const struct rule *rule)
{
	uint32_t groups = 0;

	for (unsigned kind = 1; kind < KIND_MAX; kind++) {
		const struct schema_kind *facts = schema_kind(kind);
		if (rule_has_kind(rule, kind) && facts != NULL)
			groups |= facts->groups | 1; /* 1: every event */
	}
	for (unsigned i = 0; i < schema_field_count; i++)
		if (groups >> schema_fields[i].group & 1)
			fields_want_native(fields, schema_fields[i].number);
}

static int add_expr(struct ruleset *set, const struct rule *rule, struct expr *expr, unsigned depth,
	struct err *err)
{
	if (expr == NULL || expr->op > EXPR_FALSE)
		return err_set(err, -EINVAL, "the condition is not complete");
	if (depth > EXPR_DEPTH_MAX)
		return err_set(err, -EINVAL, "the condition is nested deeper than %d levels",
			EXPR_DEPTH_MAX);
	if (expr->op == EXPR_NOT && expr->kid_count != 1)
		return err_set(err, -EINVAL, "the condition is not complete");
	if (expr->op == EXPR_ATOM) {
		int rc = predicates_intern(
			&set->predicates, &expr->atom, &expr->atom.predicate, err);
		if (rc != 0)
			return rc;
		const struct predicate *p = &set->predicates.items[expr->atom.predicate];
		for (uint32_t i = 0; i < expr->atom.read_count; i++)
			fields_want(set->fields, expr->atom.reads[i]);
		if (p->field == FIELD_none && p->op != ATOM_COMPUTED)
			want_every_field(set->fields, rule);
		fields_want(set->fields, p->field);
		fields_want(set->fields, p->other);
		return 0;
	}
	for (uint32_t i = 0; i < expr->kid_count; i++) {
		int rc = add_expr(set, rule, expr->kids[i], depth + 1, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* The condition of a rule that the matcher never finds. Read only, like every condition. */
static const struct expr never = {.op = EXPR_FALSE};

int ruleset_add(struct ruleset *set, struct rule *rule, struct err *err)
{
	if (set->count == set->capacity) {
		uint32_t capacity = set->capacity == 0 ? 256 : set->capacity * 2;
		struct rule **rules = realloc(set->rules, capacity * sizeof(struct rule *));
		if (rules == NULL)
			return err_set(err, -ENOMEM, "rules: out of memory");
		set->rules = rules;
		set->capacity = capacity;
	}
	if (rule->role == RULE_PLAN || rule->plan != NULL)
		rule->condition = (struct expr *)&never;
	int rc = add_expr(set, rule, rule->condition, 0, err);
	if (rc != 0)
		return rc;
	set->categories |= rule->categories;
	set->has_plans |= rule->role == RULE_PLAN;
	rule->number = set->count;
	set->rules[set->count++] = rule;
	return 0;
}

/* ---- compiling ---- */

static struct estimate *estimate_predicates(const struct ruleset *set, struct arena *scratch)
{
	const struct index *index = set->index;
	struct estimate *estimates = arena_alloc(
		scratch, (set->predicates.count + 1u) * sizeof(*estimates));

	for (uint32_t i = 0; i < set->predicates.count && estimates != NULL; i++)
		estimates[i] = predicate_estimate(&set->predicates.items[i],
			index == NULL ? NULL : &index->literals[i],
			index != NULL && index->settled_by[i] != 0);
	return estimates;
}

static int compile_programs(struct ruleset *set)
{
	struct arena scratch, guesses;
	int rc = 0;

	set->entries = calloc(set->count + 1u, sizeof(*set->entries));
	set->lowest = calloc(set->count + 1u, sizeof(*set->lowest));
	if (set->entries == NULL || set->lowest == NULL)
		return -ENOMEM;
	arena_init(&scratch, 0);
	arena_init(&guesses, 0);
	struct estimate *estimates = estimate_predicates(set, &guesses);
	if (estimates == NULL)
		rc = -ENOMEM;
	for (uint32_t i = 0; i < set->count && rc == 0; i++) {
		arena_reset(&scratch);
		set->lowest[i] = set->program.count;
		rc = program_compile(&set->program, estimates, &scratch, set->rules[i]->condition,
			&set->entries[i]);
	}
	arena_destroy(&scratch);
	arena_destroy(&guesses);
	return rc;
}

static int make_gates(struct ruleset *set)
{
	set->gates = calloc(set->count + 1u, sizeof(*set->gates));
	if (set->gates == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->count; i++) {
		const struct rule *rule = set->rules[i];
		struct rule_gate *gate = &set->gates[i];
		memcpy(gate->kinds, rule->kinds, sizeof(gate->kinds));
		gate->categories = rule->categories;
		gate->types = rule->types;
		gate->os_mask = rule->os_mask;
	}
	return 0;
}

/* An instruction goes on at ones before it in memory, so their ends are known. */
static void finish_program(struct ruleset *set)
{
	struct instruction *items = set->program.items;

	for (uint32_t i = PROGRAM_FIRST; i < set->program.count; i++) {
		struct instruction *in = &items[i], *next = &items[in->on_false];
		in->field = set->predicates.items[in->predicate].field;
		in->settled_by = set->index == NULL ? 0 : set->index->settled_by[in->predicate];
		bool same = in->on_false >= PROGRAM_FIRST && next->field == in->field &&
			    next->settled_by == in->settled_by;
		in->on_untouched = same ? next->on_untouched : in->on_false;
	}
}

static bool is_always(const struct ruleset *set, uint32_t number, unsigned kind)
{
	return rule_has_kind(set->rules[number], kind) &&
	       (set->index == NULL || !set->index->triggers[number].found);
}

static int list_kind(struct ruleset *set, unsigned kind)
{
	struct rule_list *list = &set->always[kind];
	uint32_t count = 0;

	for (uint32_t i = 0; i < set->count; i++)
		count += is_always(set, i, kind);
	list->numbers = arena_alloc(&set->arena, count * sizeof(*list->numbers));
	if (list->numbers == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->count; i++)
		if (is_always(set, i, kind))
			list->numbers[list->count++] = i;
	return 0;
}

/* Rules that want every event of a category: for events of a category that is not their kind's. */
static int list_categories(struct ruleset *set)
{
	struct rule_list *list = &set->always_by_category;

	list->numbers = arena_alloc(&set->arena, (set->count + 1) * sizeof(*list->numbers));
	if (list->numbers == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->count; i++)
		if (set->rules[i]->categories != 0 &&
			(set->index == NULL || !set->index->triggers[i].found))
			list->numbers[list->count++] = i;
	return 0;
}

int ruleset_compile(struct ruleset *set, struct err *err)
{
	if (set->compiled)
		return err_set(err, -EALREADY, "rules: compiled already");
	if (!set->without_index && index_possible()) {
		int rc = index_build(
			set->rules, set->count, &set->predicates, set->cache, &set->index, err);
		if (rc != 0)
			return rc;
	}
	int rc = compile_programs(set);
	if (rc == 0)
		finish_program(set);
	if (rc == 0)
		rc = make_gates(set);
	for (unsigned kind = 0; kind < KIND_MAX && rc == 0; kind++)
		rc = list_kind(set, kind);
	if (rc == 0)
		rc = list_categories(set);
	if (rc != 0)
		return err_set(err, rc, "rules: out of memory");
	set->compiled = true;
	return 0;
}
