#include "detect/rule/scan.h"

#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "base/json.h"

/* Differs at most in ASCII case from what is equal after folding: good enough for a hash. */
#define CASE_BITS UINT64_C(0x2020202020202020)

uint32_t scan_hash(struct str text)
{
	uint64_t hash = text.len * UINT64_C(0x9e3779b97f4a7c15), word;
	const char *at = text.ptr;
	size_t left = text.len;

	for (; left >= 8; at += 8, left -= 8) {
		memcpy(&word, at, 8);
		hash = (hash ^ (word | CASE_BITS)) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
	}
	word = 0;
	if (left > 0)
		memcpy(&word, at, left);
	hash = (hash ^ (word | CASE_BITS)) * UINT64_C(0xff51afd7ed558ccd);
	return (uint32_t)(hash >> 32);
}

uint32_t scan_hash_number(double number)
{
	double positive_zero = number + 0.0; /* -0.0 equals 0.0 */
	uint64_t bits;

	memcpy(&bits, &positive_zero, sizeof(bits));
	return (uint32_t)((bits * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static uint32_t count_op(
	const struct scan *scan, const struct predicates *predicates, enum atom_op op)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < scan->predicate_count; i++)
		count += predicates->items[scan->predicates[i]].op == op;
	return count;
}

static uint32_t table_room(uint32_t count)
{
	uint32_t room = 4;

	while (room < count * 2)
		room *= 2;
	return room;
}

/* ---- numbers ---- */

static int build_numbers(
	struct scan *scan, const struct predicates *predicates, struct arena *arena)
{
	scan->number_count = count_op(scan, predicates, ATOM_NUM_EQ);
	if (scan->number_count == 0)
		return 0;
	uint32_t room = table_room(scan->number_count);
	scan->numbers = arena_alloc(arena, room * sizeof(*scan->numbers));
	if (scan->numbers == NULL)
		return -ENOMEM;
	scan->number_mask = room - 1;
	for (uint32_t i = 0; i < room; i++)
		scan->numbers[i] = (struct scan_number){.predicate = UINT32_MAX};
	for (uint32_t i = 0; i < scan->predicate_count; i++) {
		uint32_t number = scan->predicates[i];
		const struct predicate *p = &predicates->items[number];
		if (p->op != ATOM_NUM_EQ)
			continue;
		uint32_t at = scan_hash_number(p->number) & scan->number_mask;
		while (scan->numbers[at].predicate != UINT32_MAX)
			at = (at + 1) & scan->number_mask;
		scan->numbers[at] = (struct scan_number){p->number, number};
	}
	return 0;
}

/* ---- exact texts ---- */

static int build_exact(struct scan *scan, const struct predicates *predicates,
	const struct literals *literals, struct arena *arena)
{
	if (scan->field != FIELD_none)
		scan->exact_count = count_op(scan, predicates, ATOM_EQUALS);
	if (scan->exact_count == 0)
		return 0;
	uint32_t room = table_room(scan->exact_count);
	scan->exact = arena_alloc(arena, room * sizeof(*scan->exact));
	if (scan->exact == NULL)
		return -ENOMEM;
	scan->exact_mask = room - 1;
	for (uint32_t i = 0; i < room; i++)
		scan->exact[i] = (struct scan_exact){.predicate = UINT32_MAX};
	for (uint32_t i = 0; i < scan->predicate_count; i++) {
		uint32_t number = scan->predicates[i];
		const struct predicate *p = &predicates->items[number];
		if (p->op != ATOM_EQUALS)
			continue;
		struct str text = literals[number].items[0];
		uint32_t hash = scan_hash(text), at = hash & scan->exact_mask;
		while (scan->exact[at].predicate != UINT32_MAX)
			at = (at + 1) & scan->exact_mask;
		scan->exact[at] = (struct scan_exact){hash, number, text, !p->cased};
	}
	return 0;
}

/* ---- literals ---- */

struct pattern {
	struct str text;
	struct scan_entry entry;
};

static int by_text(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;
	size_t len = x->text.len < y->text.len ? x->text.len : y->text.len;
	int order = len == 0 ? 0 : memcmp(x->text.ptr, y->text.ptr, len);

	if (order != 0)
		return order;
	if (x->text.len != y->text.len)
		return x->text.len < y->text.len ? -1 : 1;
	return x->entry.predicate < y->entry.predicate	 ? -1
	       : x->entry.predicate > y->entry.predicate ? 1
							 : 0;
}

static bool is_utf8(struct str text)
{
	for (size_t at = 0, len; at < text.len; at += len) {
		len = utf8_length(text.ptr + at, text.len - at);
		if (len == 0)
			return false;
	}
	return true;
}

/* Half a character would be found inside whole ones, where it does not count. */
static struct pattern pattern_of(
	const struct scan *scan, const struct predicate *p, uint32_t number, struct str text)
{
	struct pattern pattern = {.text = text, .entry = {.predicate = number}};

	if (scan->field != FIELD_none) {
		pattern.entry.at_start = p->op == ATOM_STARTS;
		pattern.entry.at_end = p->op == ATOM_ENDS;
		pattern.entry.settles = !p->cased && p->op >= ATOM_STARTS &&
					p->op <= ATOM_CONTAINS && is_utf8(text);
	}
	pattern.entry.len = (uint32_t)pattern.text.len;
	return pattern;
}

static uint32_t gather(const struct scan *scan, const struct predicates *predicates,
	const struct literals *literals, struct pattern *patterns)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < scan->predicate_count; i++) {
		uint32_t number = scan->predicates[i];
		const struct predicate *p = &predicates->items[number];
		if (p->op == ATOM_NUM_EQ || (p->op == ATOM_EQUALS && scan->field != FIELD_none))
			continue;
		for (uint32_t k = 0; k < literals[number].count; k++) {
			if (patterns != NULL)
				patterns[count] = pattern_of(
					scan, p, number, literals[number].items[k]);
			count++;
		}
	}
	return count;
}

static int compile_literals(struct scan *scan, const char *const *pointers, const size_t *lengths,
	const unsigned *flags, const unsigned *ids, uint32_t count, struct err *err)
{
	hs_compile_error_t *problem = NULL;
	int rc = 0;

	if (hs_compile_lit_multi(pointers, flags, ids, lengths, count, HS_MODE_BLOCK, NULL,
		    &scan->database, &problem) != HS_SUCCESS) {
		rc = err_set(err, -EINVAL, "literal index: %s",
			problem != NULL ? problem->message : "unknown error");
		(void)hs_free_compile_error(problem);
	}
	return rc;
}

static int compile_database(struct scan *scan, const struct str *texts, uint32_t count,
	struct rule_cache *cache, struct err *err)
{
	const char **pointers = calloc(count, sizeof(*pointers));
	size_t *lengths = calloc(count, sizeof(*lengths));
	unsigned *flags = calloc(count, sizeof(*flags)), *ids = calloc(count, sizeof(*ids));
	int rc = -ENOMEM;

	if (pointers != NULL && lengths != NULL && flags != NULL && ids != NULL) {
		for (uint32_t i = 0; i < count; i++) {
			pointers[i] = texts[i].ptr;
			lengths[i] = texts[i].len;
			flags[i] = HS_FLAG_CASELESS;
			ids[i] = i;
		}
		const struct rule_cache_input input = {pointers, lengths, count};
		scan->database = cache == NULL ? NULL : rule_cache_get(cache, &input);
		rc = 0;
		if (scan->database == NULL) {
			rc = compile_literals(scan, pointers, lengths, flags, ids, count, err);
			if (rc == 0 && cache != NULL)
				rule_cache_put(cache, &input, scan->database);
		}
	}
	free(pointers);
	free(lengths);
	free(flags);
	free(ids);
	return rc;
}

/* Equal literals get one number; entries of one number lie together. */
static int number_literals(struct scan *scan, const struct pattern *patterns, uint32_t count,
	struct arena *arena, struct rule_cache *cache, struct err *err)
{
	struct str *texts = calloc(count, sizeof(*texts));
	uint32_t number = 0;

	scan->entries = arena_alloc(arena, count * sizeof(*scan->entries));
	scan->first_entry = arena_zalloc(arena, (count + 1) * sizeof(*scan->first_entry));
	if (texts == NULL || scan->entries == NULL || scan->first_entry == NULL) {
		free(texts);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		scan->entries[i] = patterns[i].entry;
		if (i > 0 && str_eq(patterns[i].text, patterns[i - 1].text))
			continue;
		texts[number] = patterns[i].text;
		scan->first_entry[number++] = i;
	}
	scan->first_entry[number] = count;
	scan->literal_count = number;
	int rc = compile_database(scan, texts, number, cache, err);
	free(texts);
	return rc;
}

int scan_build(struct scan *scan, const struct predicates *predicates,
	const struct literals *literals, struct arena *arena, struct rule_cache *cache,
	struct err *err)
{
	int rc = build_exact(scan, predicates, literals, arena);
	if (rc == 0)
		rc = build_numbers(scan, predicates, arena);
	if (rc != 0)
		return err_set(err, rc, "literal index: out of memory");
	uint32_t count = gather(scan, predicates, literals, NULL);
	if (count == 0)
		return 0;
	struct pattern *patterns = calloc(count, sizeof(*patterns));
	if (patterns == NULL)
		return err_set(err, -ENOMEM, "literal index: out of memory");
	(void)gather(scan, predicates, literals, patterns);
	qsort(patterns, count, sizeof(*patterns), by_text);
	rc = number_literals(scan, patterns, count, arena, cache, err);
	free(patterns);
	return rc == -ENOMEM ? err_set(err, rc, "literal index: out of memory") : rc;
}

void scan_destroy(struct scan *scan)
{
	if (scan->database != NULL)
		(void)hs_free_database(scan->database);
	scan->database = NULL;
}
