#include "detect/rule/index.h"

#include <errno.h>
#include <stdlib.h>
#include "base/err.h"

struct builder {
	struct index *index;
	const struct predicates *predicates;
	struct rule *const *rules;
	uint32_t rule_count;
	struct rule_cache *cache;
	uint32_t *by_field; /* waking predicates, by field, then number */
	uint32_t by_field_count;
};

bool index_possible(void)
{
	return hs_valid_platform() == HS_SUCCESS;
}

void index_destroy(struct index *index)
{
	if (index == NULL)
		return;
	for (uint32_t i = 0; i < index->scan_count; i++)
		scan_destroy(index->scans[i]);
	free(index->scans);
	if (index->scratch != NULL)
		(void)hs_free_scratch(index->scratch);
	arena_destroy(&index->arena);
	free(index);
}

/* ---- which predicates wake which rules ---- */

static int choose_triggers(struct builder *b)
{
	struct index *index = b->index;
	uint32_t count = b->predicates->count;

	index->literals = arena_zalloc(&index->arena, (count + 1) * sizeof(*index->literals));
	index->triggers = arena_zalloc(
		&index->arena, (b->rule_count + 1) * sizeof(*index->triggers));
	if (index->literals == NULL || index->triggers == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		if (predicate_literals(
			    &b->predicates->items[i], &index->arena, &index->literals[i]) != 0)
			return -ENOMEM;
	for (uint32_t i = 0; i < b->rule_count; i++)
		if (trigger_choose(b->rules[i]->condition, index->literals, &index->arena,
			    &index->triggers[i]) != 0)
			return -ENOMEM;
	return 0;
}

/* Counting sort of (predicate, rule) pairs. */
static int link_rules(struct builder *b)
{
	struct index *index = b->index;
	uint32_t count = b->predicates->count, total = 0;

	index->rules_begin = arena_zalloc(&index->arena, (count + 2) * sizeof(uint32_t));
	index->kinds = arena_zalloc(&index->arena, (count + 1) * sizeof(*index->kinds));
	index->settled_by = arena_zalloc(&index->arena, count + 1);
	if (index->rules_begin == NULL || index->kinds == NULL || index->settled_by == NULL)
		return -ENOMEM;
	uint32_t *begin = index->rules_begin + 1;
	for (uint32_t i = 0; i < b->rule_count; i++) {
		const struct trigger *t = &index->triggers[i];
		for (uint32_t k = 0; k < t->count; k++) {
			begin[t->predicates[k]]++;
			for (unsigned w = 0; w < KIND_MAX / 64; w++)
				index->kinds[t->predicates[k]][w] |= b->rules[i]->kinds[w];
			/* of a category that no kind has: there must be a scan to be run all the same */
			if (b->rules[i]->categories != 0)
				index->kinds[t->predicates[k]][0] |= 1u << KIND_none;
		}
		total += t->count;
	}
	index->rules = arena_alloc(&index->arena, (total + 1) * sizeof(uint32_t));
	if (index->rules == NULL)
		return -ENOMEM;
	for (uint32_t i = 0, sum = 0; i <= count; i++) {
		uint32_t here = begin[i];
		begin[i] = sum;
		sum += here;
	}
	for (uint32_t i = 0; i < b->rule_count; i++) {
		const struct trigger *t = &index->triggers[i];
		for (uint32_t k = 0; k < t->count; k++)
			index->rules[begin[t->predicates[k]]++] = i;
	}
	return 0;
}

/* ---- scans ---- */

/* The different sets of predicates that kinds of event ask of one field. */
struct field_sets {
	uint32_t *sets[FIELD_SCANS_MAX];
	uint32_t counts[FIELD_SCANS_MAX];
	unsigned count;
	uint8_t of_kind[KIND_MAX]; /* 1 + number of the set; 0: asks nothing */
	bool overflow;
};

static uint32_t pick_kind(const struct builder *b, const uint32_t *from, uint32_t count,
	unsigned kind, uint32_t *ret_picked)
{
	uint32_t picked = 0;

	for (uint32_t i = 0; i < count; i++)
		if (b->index->kinds[from[i]][kind / 64] >> (kind % 64) & 1)
			ret_picked[picked++] = from[i];
	return picked;
}

static int find_set(struct field_sets *sets, const uint32_t *picked, uint32_t count,
	struct arena *arena, unsigned *ret)
{
	for (unsigned i = 0; i < sets->count; i++) {
		if (sets->counts[i] == count &&
			memcmp(sets->sets[i], picked, count * sizeof(*picked)) == 0) {
			*ret = i;
			return 0;
		}
	}
	if (sets->count == FIELD_SCANS_MAX) {
		sets->overflow = true;
		*ret = 0;
		return 0;
	}
	uint32_t *copy = arena_alloc(arena, count * sizeof(*copy));
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, picked, count * sizeof(*copy));
	sets->sets[sets->count] = copy;
	sets->counts[sets->count] = count;
	*ret = sets->count++;
	return 0;
}

static int split_by_kind(
	struct builder *b, const uint32_t *predicates, uint32_t count, struct field_sets *sets)
{
	uint32_t *picked = calloc(count, sizeof(*picked));
	int rc = picked == NULL ? -ENOMEM : 0;

	*sets = (struct field_sets){0};
	for (unsigned kind = 0; kind < KIND_MAX && rc == 0; kind++) {
		unsigned set;
		uint32_t picked_count = pick_kind(b, predicates, count, kind, picked);
		if (picked_count == 0)
			continue;
		rc = find_set(sets, picked, picked_count, &b->index->arena, &set);
		sets->of_kind[kind] = (uint8_t)(set + 1);
	}
	if (rc == 0 && sets->overflow) { /* one set for all: some predicates are asked in vain */
		sets->sets[0] = arena_alloc(&b->index->arena, count * sizeof(*picked));
		if (sets->sets[0] == NULL)
			rc = -ENOMEM;
		else
			memcpy(sets->sets[0], predicates, count * sizeof(*picked));
		sets->counts[0] = count;
		sets->count = 1;
		for (unsigned kind = 0; kind < KIND_MAX; kind++)
			sets->of_kind[kind] = sets->of_kind[kind] != 0;
	}
	free(picked);
	return rc;
}

static bool not_finding_settles(const struct predicate *p, const struct literals *literals)
{
	return literals->count > 0;
}

static int add_scan(struct builder *b, field_id field, unsigned ordinal, uint32_t *predicates,
	uint32_t count, struct err *err)
{
	struct index *index = b->index;
	struct scan *scan = arena_zalloc(&index->arena, sizeof(*scan));

	if (index->scan_count == index->scan_capacity) {
		uint32_t capacity = index->scan_capacity == 0 ? 64 : index->scan_capacity * 2;
		struct scan **scans = realloc(index->scans, capacity * sizeof(struct scan *));
		if (scans == NULL)
			return err_set(err, -ENOMEM, "literal index: out of memory");
		index->scans = scans;
		index->scan_capacity = capacity;
	}
	if (scan == NULL)
		return err_set(err, -ENOMEM, "literal index: out of memory");
	*scan = (struct scan){.field = field,
		.ordinal = (uint8_t)ordinal,
		.number = index->scan_count,
		.predicates = predicates,
		.predicate_count = count};
	index->scans[index->scan_count++] = scan;
	for (uint32_t i = 0; i < count; i++)
		if (not_finding_settles(
			    &b->predicates->items[predicates[i]], &index->literals[predicates[i]]))
			index->settled_by[predicates[i]] |= (uint8_t)(1u << ordinal);
	int rc = scan_build(scan, b->predicates, index->literals, &index->arena, b->cache, err);
	if (rc == 0 && scan->database != NULL &&
		hs_alloc_scratch(scan->database, &index->scratch) != HS_SUCCESS)
		rc = err_set(err, -ENOMEM, "literal index: out of memory");
	return rc;
}

static bool is_looked_up(const struct builder *b, uint32_t predicate, field_id field)
{
	const struct predicate *p = &b->predicates->items[predicate];

	return p->field == field && (p->op == ATOM_EQUALS || p->op == ATOM_NUM_EQ) &&
	       b->index->literals[predicate].count > 0;
}

/* A set with every other equality that any rule asks of the field, woken by it or not: one look-up in a
 * table answers them all. */
static int add_equalities(struct builder *b, field_id field, uint32_t **set, uint32_t *count)
{
	uint32_t total = 0, next = 0;
	uint32_t *all = NULL;

	if (field == FIELD_none)
		return 0;
	for (uint32_t i = 0; i < b->predicates->count; i++)
		total += is_looked_up(b, i, field);
	all = arena_alloc(&b->index->arena, (total + *count) * sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
	total = 0;
	for (uint32_t i = 0; i < b->predicates->count; i++) {
		bool waking = next < *count && (*set)[next] == i;
		next += waking;
		if (waking || is_looked_up(b, i, field))
			all[total++] = i;
	}
	*set = all;
	*count = total;
	return 0;
}

/* Room doubles whenever the count reaches a power of two. */
static int plan_add(struct index_plan *plan, const struct scan *scan, struct arena *arena)
{
	if ((plan->count & (plan->count - 1)) == 0) {
		uint32_t room = plan->count == 0 ? 1 : plan->count * 2;
		const struct scan **scans = arena_alloc(arena, room * sizeof(*scans));
		if (scans == NULL)
			return -ENOMEM;
		if (plan->count > 0)
			memcpy(scans, plan->scans, plan->count * sizeof(*scans));
		plan->scans = scans;
	}
	plan->scans[plan->count++] = scan;
	return 0;
}

static int build_field(struct builder *b, uint32_t *predicates, uint32_t count, struct err *err)
{
	struct index *index = b->index;
	struct field_sets sets;
	uint32_t first = index->scan_count;
	field_id field = b->predicates->items[predicates[0]].field;

	int rc = split_by_kind(b, predicates, count, &sets);
	for (unsigned i = 0; i < sets.count && rc == 0; i++)
		rc = add_equalities(b, field, &sets.sets[i], &sets.counts[i]);
	for (unsigned i = 0; i < sets.count && rc == 0; i++)
		rc = add_scan(b, field, i, sets.sets[i], sets.counts[i], err);
	for (unsigned kind = 0; kind < KIND_MAX && rc == 0; kind++)
		if (sets.of_kind[kind] != 0)
			rc = plan_add(&index->plans[kind],
				index->scans[first + sets.of_kind[kind] - 1u], &index->arena);
	return rc;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* The waking predicates ordered by field, then number. */
static int order_by_field(struct builder *b)
{
	uint32_t count = b->predicates->count;
	uint64_t *keys = calloc(count + 1u, sizeof(*keys));

	b->by_field = calloc(count + 1u, sizeof(*b->by_field));
	if (keys == NULL || b->by_field == NULL) {
		free(keys);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++)
		if (b->index->rules_begin[i + 1] > b->index->rules_begin[i])
			keys[b->by_field_count++] = (uint64_t)b->predicates->items[i].field << 32 |
						    i;
	qsort(keys, b->by_field_count, sizeof(*keys), by_number);
	for (uint32_t i = 0; i < b->by_field_count; i++)
		b->by_field[i] = (uint32_t)keys[i];
	free(keys);
	return 0;
}

static int build_scans(struct builder *b, struct err *err)
{
	int rc = order_by_field(b);

	for (uint32_t i = 0, next; i < b->by_field_count && rc == 0; i = next) {
		field_id field = b->predicates->items[b->by_field[i]].field;
		for (next = i + 1; next < b->by_field_count; next++)
			if (b->predicates->items[b->by_field[next]].field != field)
				break;
		rc = build_field(b, b->by_field + i, next - i, err);
	}
	free(b->by_field);
	return rc;
}

int index_build(struct rule *const *rules, uint32_t rule_count, const struct predicates *predicates,
	struct rule_cache *cache, struct index **ret, struct err *err)
{
	struct builder b = {
		.predicates = predicates, .rules = rules, .rule_count = rule_count, .cache = cache};

	b.index = calloc(1, sizeof(*b.index));
	if (b.index == NULL)
		return err_set(err, -ENOMEM, "literal index: out of memory");
	arena_init(&b.index->arena, 0);
	int rc = choose_triggers(&b);
	if (rc == 0)
		rc = link_rules(&b);
	if (rc != 0)
		(void)err_set(err, rc, "literal index: out of memory");
	else
		rc = build_scans(&b, err);
	if (rc != 0) {
		index_destroy(b.index);
		return rc;
	}
	*ret = b.index;
	return 0;
}
