#include "detect/rule/predicate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/json.h"

void predicates_init(struct predicates *table, struct arena *arena)
{
	*table = (struct predicates){.arena = arena};
}

void predicates_destroy(struct predicates *table)
{
	for (uint32_t i = 0; i < table->count; i++)
		pcre2_code_free(table->items[i].regex);
	free(table->items);
	free(table->slots);
	*table = (struct predicates){0};
}

/* ---- normal form ---- */

static size_t count_wild(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.ptr[i] == WILD_ANY || text.ptr[i] == WILD_ONE;
	return count;
}

/* "*x*", "x*", "*x" and "x" are simpler questions than a wildcard's. */
static void simplify_wildcard(struct predicate *p)
{
	struct str text = p->text;
	bool any_front = text.len > 0 && text.ptr[0] == WILD_ANY;
	bool any_back = text.len > 1 && text.ptr[text.len - 1] == WILD_ANY;

	while (text.len > 0 && text.ptr[0] == WILD_ANY)
		text = str_n(text.ptr + 1, text.len - 1);
	while (text.len > 0 && text.ptr[text.len - 1] == WILD_ANY)
		text.len--;
	if (count_wild(text) > 0)
		return;
	p->text = text;
	p->op = any_front && any_back ? ATOM_CONTAINS
		: any_front	      ? (text.len == 0 ? ATOM_CONTAINS : ATOM_ENDS)
		: any_back	      ? ATOM_STARTS
				      : ATOM_EQUALS;
}

static bool compares_text(uint8_t op)
{
	return op <= ATOM_WILDCARD;
}

/* A character of one byte may be what a longer one folds to (K, s), and one of three bytes what one
 * of two does; fewer bytes than counted here never fold to it. */
static uint32_t least_bytes(const struct predicate *p)
{
	uint32_t least = 0;

	if (!compares_text(p->op))
		return 0;
	for (size_t i = 0, len; i < p->text.len; i += len) {
		len = utf8_length(p->text.ptr + i, p->text.len - i);
		if (len == 0)
			len = 1;
		if (p->op == ATOM_WILDCARD && p->text.ptr[i] == WILD_ANY)
			continue;
		least += p->cased ? (uint32_t)len : len > 1 ? 2 : 1;
	}
	return least;
}

static int copy_text(struct predicates *table, struct predicate *p, struct err *err)
{
	if (!compares_text(p->op) || p->cased) {
		p->text = arena_strn(table->arena, p->text.ptr, p->text.len);
	} else {
		size_t room = FOLD_BYTES(p->text.len);
		char *out = arena_alloc(table->arena, room);
		if (out == NULL)
			return err_set(err, -ENOMEM, "rules: out of memory");
		size_t len = fold_text(out, p->text);
		arena_shrink(table->arena, out, room, len);
		p->text = str_n(out, len);
	}
	return p->text.ptr == NULL ? err_set(err, -ENOMEM, "rules: out of memory") : 0;
}

/* A keyword is a pattern that may stand anywhere in a value. */
static int keyword_pattern(struct predicates *table, struct predicate *p, struct err *err)
{
	char *out = arena_alloc(table->arena, p->text.len + 2);

	if (out == NULL)
		return err_set(err, -ENOMEM, "rules: out of memory");
	out[0] = WILD_ANY;
	if (p->text.len > 0)
		memcpy(out + 1, p->text.ptr, p->text.len);
	out[p->text.len + 1] = WILD_ANY;
	p->text = str_n(out, p->text.len + 2);
	p->op = ATOM_WILDCARD;
	p->field = FIELD_none;
	return 0;
}

static int normalise(
	struct predicates *table, const struct atom *atom, struct predicate *ret, struct err *err)
{
	struct predicate p = {
		.op = atom->op, .cased = atom->cased, .field = atom->field, .text = atom->text};

	if (p.op > ATOM_COMPUTED)
		return err_set(err, -EINVAL, "unknown comparison %u", p.op);
	if (p.op == ATOM_KEYWORD && keyword_pattern(table, &p, err) != 0)
		return -ENOMEM;
	if (p.op == ATOM_WILDCARD)
		simplify_wildcard(&p);
	if (p.op == ATOM_REGEX)
		p.regex_flags = atom->regex_flags;
	if (p.op == ATOM_FIELD) {
		if (atom->field_op > ATOM_CONTAINS)
			return err_set(err, -EINVAL, "fields cannot be compared like this");
		p.field_op = atom->field_op;
		p.other = atom->other;
	}
	if (p.op == ATOM_TIME && atom->time_part > TIME_YEAR)
		return err_set(err, -EINVAL, "unknown part of a time");
	if (p.op == ATOM_TIME)
		p.time_part = atom->time_part;
	if (p.op == ATOM_TIME || (p.op >= ATOM_LT && p.op <= ATOM_NUM_EQ))
		p.number = atom->number;
	if (!compares_text(p.op) && p.op != ATOM_FIELD)
		p.cased = true;
	if (p.op == ATOM_COMPUTED) {
		p.test = atom->test;
		p.program = atom->program;
	}
	if (p.op >= ATOM_LT && p.op != ATOM_COMPUTED)
		p.text = (struct str){0};
	if (p.field == FIELD_none && p.op > ATOM_CIDR && p.op != ATOM_COMPUTED)
		return err_set(err, -EINVAL, "'%s' needs a field", atom_word(atom));
	*ret = p;
	int rc = copy_text(table, ret, err);
	ret->least_bytes = least_bytes(ret);
	return rc;
}

/* ---- compiling operands ---- */

/* Compiled regular expressions read whole vectors, also past a text's end, within its page: that is
 * sound, but valgrind calls it an error in code that has no name to suppress. The same matching
 * interpreted is clean. valgrind(1) preloads libraries of this name. */
static bool under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "/vgpreload_") != NULL;
}

static int compile_regex(struct predicate *p, struct err *err)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
	int code;
	PCRE2_SIZE offset;

	if (p->text.len > REGEX_BYTES_MAX)
		return err_set(
			err, -EINVAL, "regular expression of %zu bytes is too long", p->text.len);
	if (p->regex_flags & REGEX_CASELESS)
		options |= PCRE2_CASELESS;
	if (p->regex_flags & REGEX_MULTILINE)
		options |= PCRE2_MULTILINE;
	if (p->regex_flags & REGEX_DOTALL)
		options |= PCRE2_DOTALL;
	p->regex = pcre2_compile(
		(PCRE2_SPTR)p->text.ptr, p->text.len, options, &code, &offset, NULL);
	if (p->regex == NULL) {
		PCRE2_UCHAR text[160] = "";
		(void)pcre2_get_error_message(code, text, sizeof(text));
		return err_set(err, -EINVAL, "regular expression '%.*s': %s at character %zu",
			STR_ARG(p->text), (const char *)text, (size_t)offset);
	}
	/* Without JIT (forbidden by the system's policy) matching is slower, not different. */
	if (!under_valgrind())
		(void)pcre2_jit_compile(p->regex, PCRE2_JIT_COMPLETE);
	return 0;
}

static int compile_operand(struct predicate *p, struct err *err)
{
	if (p->op == ATOM_REGEX)
		return compile_regex(p, err);
	if (p->op == ATOM_CIDR && !cidr_parse(p->text, &p->cidr))
		return err_set(err, -EINVAL, "'%.*s' is no network", STR_ARG(p->text));
	return 0;
}

/* ---- sharing ---- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct predicate *p)
{
	uint64_t number, hash = mix(p->op, p->cased);

	memcpy(&number, &p->number, sizeof(number));
	hash = mix(
		hash, (uint64_t)p->regex_flags << 16 | (uint64_t)p->time_part << 8 | p->field_op);
	hash = mix(hash, (uint64_t)p->field << 16 | p->other);
	hash = mix(hash, number);
	for (size_t i = 0; i < p->text.len; i++)
		hash = mix(hash, (unsigned char)p->text.ptr[i]);
	return hash;
}

static bool same(const struct predicate *a, const struct predicate *b)
{
	return a->op == b->op && a->cased == b->cased && a->regex_flags == b->regex_flags &&
	       a->time_part == b->time_part && a->field_op == b->field_op && a->field == b->field &&
	       a->other == b->other && memcmp(&a->number, &b->number, sizeof(a->number)) == 0 &&
	       a->test == b->test && str_eq(a->text, b->text);
}

static uint32_t *find_slot(const struct predicates *table, const struct predicate *p)
{
	uint32_t mask = table->slot_count - 1;
	uint32_t at = (uint32_t)hash_of(p) & mask;

	while (table->slots[at] != 0 && !same(&table->items[table->slots[at] - 1], p))
		at = (at + 1) & mask;
	return &table->slots[at];
}

static int grow(struct predicates *table)
{
	if (table->count < table->capacity)
		return 0;
	uint32_t capacity = table->capacity == 0 ? 256 : table->capacity * 2;
	if (capacity > PREDICATES_MAX)
		return -ENOMEM;
	struct predicate *items = realloc(table->items, capacity * sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	table->items = items;
	uint32_t *slots = calloc((size_t)capacity * 2, sizeof(*slots));
	if (slots == NULL)
		return -ENOMEM;
	table->capacity = capacity;
	free(table->slots);
	table->slots = slots;
	table->slot_count = capacity * 2;
	for (uint32_t i = 0; i < table->count; i++)
		*find_slot(table, &table->items[i]) = i + 1;
	return 0;
}

int predicates_intern(
	struct predicates *table, const struct atom *atom, uint32_t *ret, struct err *err)
{
	struct predicate p;

	if (grow(table) != 0)
		return err_set(err, -ENOMEM, "rules: out of memory for conditions");
	int rc = normalise(table, atom, &p, err);
	if (rc != 0)
		return rc;
	uint32_t *slot = find_slot(table, &p);
	if (*slot == 0) {
		rc = compile_operand(&p, err);
		if (rc != 0)
			return rc;
		table->items[table->count++] = p;
		*slot = table->count;
	}
	*ret = *slot - 1;
	return 0;
}
