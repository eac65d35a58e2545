/* Random rules over random events: the machine, with and without the literal index, against an
 * evaluator that knows nothing of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/err.h"
#include "base/json.h"
#include "detect/rule/rule.h"

#define ROUNDS	     400 /* unless PROPERTY_ROUNDS in the environment says more */
#define RULES	     24
#define EVENTS	     24
#define FIELDS	     6
#define TEXT_MAX     64
#define ELEMENTS_MAX 4

static uint64_t seed;

static unsigned dice(unsigned sides)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % sides;
}

/* ---- random text ---- */

static const char *const tokens[] = {"a", "A", "b", "K", "k", "\xe2\x84\xaa", "s", "\xc5\xbf", "é",
	"É", "/", ".", "-", " ", "sh", "bash", "curl", "CURL", "http://", "\xfe", "\xc3", "\"",
	"\\", "7", "42", "Ⱥ", "ⱥ", "\t"};

static const char *const patterns[] = {"a+b", "cu[r]l", "(?i)BASH$", "^/", "sh|curl", "http://.*k",
	"(ab)?s", "[^a]k", "a{2,}", "\\.sh", "(?:cu|ba)(?:rl|sh)", "\\x41", "É", "k",
	"[[:digit:]]+a", "(?=a)a", "(?!a)k", "a?k*", "\"", "\\\\", "^$", "(?<n>bash|s)h?", "b\\ash",
	"s\\b", "[aK](sh|b)", "(a|k|s)(a|É|/)", "[kK]", "(b(a|\\.)|-[sh/])[^b]", "(a|b|)k", "[-a]k",
	"[a-k]s"};

static size_t random_text(char *out, unsigned most)
{
	size_t len = 0;

	for (unsigned i = dice(most + 1); i > 0; i--) {
		const char *token = tokens[dice(sizeof(tokens) / sizeof(tokens[0]))];
		if (len + strlen(token) > TEXT_MAX)
			break;
		memcpy(out + len, token, strlen(token));
		len += strlen(token);
	}
	return len;
}

/* ---- events ---- */

struct text {
	char bytes[TEXT_MAX];
	size_t len;
};

struct element {
	enum { IS_TEXT, IS_NUMBER, IS_NULL } type;
	struct text text;
	int number;
};

struct slot {
	int count; /* -1: not there; 1: single; else a list */
	bool list;
	struct element elements[ELEMENTS_MAX];
};

struct sample {
	unsigned kind;
	bool raw;
	struct slot slots[FIELDS];
	struct element hidden; /* only in the raw document */
};

static field_id field_ids[FIELDS];
static const unsigned kinds[] = {KIND_process_exec, KIND_file_create, KIND_log_line};

static struct element random_element(void)
{
	struct element e = {.type = IS_TEXT};
	unsigned d = dice(10);

	if (d == 0) {
		e.type = IS_NUMBER;
		e.number = (int)dice(100);
	} else if (d == 1) {
		e.type = IS_NULL;
	} else {
		e.text.len = random_text(e.text.bytes, 7);
	}
	return e;
}

static struct sample random_sample(void)
{
	struct sample s = {.kind = kinds[dice(3)], .raw = dice(2) == 0};

	for (int i = 0; i < FIELDS; i++) {
		s.slots[i].list = dice(4) == 0;
		s.slots[i].count = dice(4) == 0	     ? -1
				   : s.slots[i].list ? (int)dice(ELEMENTS_MAX + 1)
						     : 1;
		for (int k = 0; k < s.slots[i].count; k++)
			s.slots[i].elements[k] = random_element();
	}
	s.hidden = random_element();
	return s;
}

static struct value value_of(const struct element *e)
{
	if (e->type == IS_NULL)
		return (struct value){.type = VALUE_NULL};
	if (e->type == IS_NUMBER)
		return value_int(e->number);
	return value_text(str_n(e->text.bytes, e->text.len));
}

/* As a JSON writer might that likes escapes. */
static void put_json(struct buf *out, const struct element *e)
{
	if (e->type == IS_NULL) {
		buf_cstr(out, "null");
		return;
	}
	if (e->type == IS_NUMBER) {
		buf_i64(out, e->number);
		return;
	}
	buf_char(out, '"');
	for (size_t i = 0; i < e->text.len; i++) {
		unsigned char c = (unsigned char)e->text.bytes[i];
		if (c == '/' && dice(4) == 0)
			buf_cstr(out, "\\/");
		else if (c < 0x80 && dice(12) == 0)
			buf_printf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\t')
			buf_cstr(out, "\\t");
		else
			buf_char(out, (char)c);
	}
	buf_char(out, '"');
}

static struct event *make_event(struct batch *batch, const struct sample *s)
{
	struct value items[ELEMENTS_MAX];
	struct buf raw = {0};

	(void)event_begin(batch, (enum event_kind)s->kind, 1);
	for (int i = 0; i < FIELDS; i++) {
		const struct slot *slot = &s->slots[i];
		if (slot->count < 0)
			continue;
		struct value value = value_of(&slot->elements[0]);
		if (slot->list) {
			for (int k = 0; k < slot->count; k++)
				items[k] = value_of(&slot->elements[k]);
			struct value *copy = arena_alloc(&batch->arena, sizeof(items));
			memcpy(copy, items, sizeof(items));
			value = (struct value){
				.type = VALUE_LIST, .len = (uint32_t)slot->count, .items = copy};
		}
		ev_set(batch, field_ids[i], value);
	}
	if (s->raw) {
		buf_cstr(&raw, "{\"bash\":[");
		for (int i = 0; i < FIELDS; i++)
			for (int k = 0; k < s->slots[i].count; k++) {
				put_json(&raw, &s->slots[i].elements[k]);
				buf_char(&raw, ',');
			}
		put_json(&raw, &s->hidden);
		buf_cstr(&raw, "]}");
		batch->building.raw = arena_strn(&batch->arena, raw.ptr, raw.len);
		buf_destroy(&raw);
	}
	return event_commit(batch);
}

/* ---- the other evaluator ---- */

struct points {
	uint32_t c[TEXT_MAX + 8];
	int count;
};

static uint32_t naive_fold(uint32_t c)
{
	switch (c) {
	case 0x212a:
		return 'k';
	case 0x17f:
		return 's';
	case 0xc9:
		return 0xe9;
	case 0x23a:
		return 0x2c65;
	default:
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	}
}

/* The only characters here beyond ASCII have two or three bytes. */
static struct points points_of(struct str text, bool cased)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	struct points out = {.count = 0};

	for (size_t i = 0; i < text.len;) {
		uint32_t c = p[i];
		size_t left = text.len - i, used = 1;
		if ((p[i] & 0xe0) == 0xc0 && left > 1 && (p[i + 1] & 0xc0) == 0x80) {
			c = (p[i] & 0x1fu) << 6 | (p[i + 1] & 0x3fu);
			used = 2;
		} else if ((p[i] & 0xf0) == 0xe0 && left > 2 && (p[i + 1] & 0xc0) == 0x80 &&
			   (p[i + 2] & 0xc0) == 0x80) {
			c = (p[i] & 0xfu) << 12 | (p[i + 1] & 0x3fu) << 6 | (p[i + 2] & 0x3fu);
			used = 3;
		} else if (c >= 0x80) {
			c |= 0x1000000;
		}
		out.c[out.count++] = cased ? c : naive_fold(c);
		i += used;
	}
	return out;
}

static struct points bytes_of(struct str text)
{
	struct points out = {.count = (int)text.len};

	for (size_t i = 0; i < text.len; i++)
		out.c[i] = (unsigned char)text.ptr[i];
	return out;
}

#define ANY (0x1000000u | 0xfe)
#define ONE (0x1000000u | 0xff)

static bool same_at(const struct points *t, int at, const struct points *p)
{
	if (at < 0 || at + p->count > t->count)
		return false;
	for (int i = 0; i < p->count; i++)
		if (t->c[at + i] != p->c[i])
			return false;
	return true;
}

static bool naive_wild(const struct points *t, int ti, const struct points *p, int pi)
{
	if (pi == p->count)
		return ti == t->count;
	if (p->c[pi] == ANY) {
		for (int i = ti; i <= t->count; i++)
			if (naive_wild(t, i, p, pi + 1))
				return true;
		return false;
	}
	return ti < t->count && (p->c[pi] == ONE || p->c[pi] == t->c[ti]) &&
	       naive_wild(t, ti + 1, p, pi + 1);
}

static bool naive_regex(struct str text, struct str pattern, unsigned flags)
{
	int code;
	PCRE2_SIZE offset;
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len,
		PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | (flags & REGEX_CASELESS ? PCRE2_CASELESS : 0),
		&code, &offset, NULL);
	assert_non_null(re);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int rc = pcre2_match(re, (PCRE2_SPTR)text.ptr, text.len, 0, 0, data, NULL);
	pcre2_match_data_free(data);
	pcre2_code_free(re);
	return rc >= 0;
}

static bool naive_text(const struct atom *a, struct str text)
{
	if (a->op == ATOM_REGEX)
		return naive_regex(text, a->text, a->regex_flags);
	bool bytes = a->cased && a->op <= ATOM_CONTAINS;
	struct points t = bytes ? bytes_of(text) : points_of(text, a->cased);
	struct points p = bytes ? bytes_of(a->text) : points_of(a->text, a->cased);
	switch (a->op) {
	case ATOM_EQUALS:
		return t.count == p.count && same_at(&t, 0, &p);
	case ATOM_STARTS:
		return same_at(&t, 0, &p);
	case ATOM_ENDS:
		return same_at(&t, t.count - p.count, &p);
	case ATOM_CONTAINS:
		for (int i = 0; i <= t.count; i++)
			if (same_at(&t, i, &p))
				return true;
		return false;
	case ATOM_WILDCARD:
		return naive_wild(&t, 0, &p, 0);
	case ATOM_KEYWORD:
		memmove(p.c + 1, p.c, sizeof(p.c[0]) * (size_t)p.count);
		p.c[0] = p.c[p.count + 1] = ANY;
		p.count += 2;
		return naive_wild(&t, 0, &p, 0);
	default:
		return false;
	}
}

static bool naive_element(const struct atom *a, const struct element *e)
{
	char digits[16];

	if (e->type == IS_NULL)
		return false;
	struct str text = str_n(e->text.bytes, e->text.len);
	if (e->type == IS_NUMBER) {
		(void)snprintf(digits, sizeof(digits), "%d", e->number);
		text = str_of(digits);
	}
	switch (a->op) {
	case ATOM_EXISTS:
		return true;
	case ATOM_EMPTY:
		return text.len == 0;
	case ATOM_GT:
	case ATOM_NUM_EQ: {
		double number = e->number;
		if (e->type == IS_TEXT && !str_to_double(text, &number))
			return false;
		return a->op == ATOM_GT ? number > a->number : number == a->number;
	}
	default:
		return naive_text(a, text);
	}
}

static bool naive_atom(const struct atom *a, const struct sample *s)
{
	if (a->field == FIELD_none) {
		for (int i = 0; i < FIELDS; i++)
			for (int k = 0; k < s->slots[i].count; k++)
				if (naive_element(a, &s->slots[i].elements[k]))
					return true;
		return s->raw && naive_element(a, &s->hidden);
	}
	const struct slot *slot = NULL;
	for (int i = 0; i < FIELDS; i++)
		if (field_ids[i] == a->field)
			slot = &s->slots[i];
	bool exists = false, any = false;
	for (int k = 0; k < slot->count; k++) {
		exists = exists || slot->elements[k].type != IS_NULL;
		any = any || naive_element(a, &slot->elements[k]);
	}
	if (a->op == ATOM_NULL)
		return !exists;
	if (a->op == ATOM_PRESENT)
		return slot->count >= 0;
	return any;
}

static bool naive(const struct expr *e, const struct sample *s)
{
	switch (e->op) {
	case EXPR_ATOM:
		return naive_atom(&e->atom, s);
	case EXPR_NOT:
		return !naive(e->kids[0], s);
	case EXPR_TRUE:
		return true;
	case EXPR_FALSE:
		return false;
	default:
		for (uint32_t i = 0; i < e->kid_count; i++)
			if (naive(e->kids[i], s) != (e->op == EXPR_AND))
				return e->op != EXPR_AND;
		return e->op == EXPR_AND;
	}
}

/* ---- rules ---- */

static struct str random_pattern(struct arena *arena, unsigned op)
{
	char bytes[TEXT_MAX + 8];
	size_t len = random_text(bytes, 3);

	if (op == ATOM_REGEX)
		return str_of(patterns[dice(sizeof(patterns) / sizeof(patterns[0]))]);
	for (size_t i = 0; (op == ATOM_WILDCARD || op == ATOM_KEYWORD) && i < len; i++)
		if ((unsigned char)bytes[i] == 0xfe ||
			((unsigned char)bytes[i] == 0xc3 &&
				(i + 1 == len || (bytes[i + 1] & 0xc0) != 0x80)))
			bytes[i] = 'x'; /* a wild byte, or half a character */
	for (int i = 0; (op == ATOM_WILDCARD || op == ATOM_KEYWORD) && i < 2; i++) {
		/* only between whole tokens: at the ends */
		size_t at = dice(2) ? 0 : len;
		memmove(bytes + at + 1, bytes + at, len - at);
		bytes[at] = dice(3) ? WILD_ANY : WILD_ONE;
		len++;
	}
	return arena_strn(arena, bytes, len);
}

static struct expr *random_atom(struct arena *arena)
{
	static const uint8_t ops[] = {ATOM_EQUALS, ATOM_EQUALS, ATOM_STARTS, ATOM_ENDS,
		ATOM_CONTAINS, ATOM_CONTAINS, ATOM_WILDCARD, ATOM_REGEX, ATOM_REGEX, ATOM_GT,
		ATOM_NUM_EQ, ATOM_EXISTS, ATOM_NULL, ATOM_EMPTY, ATOM_PRESENT, ATOM_KEYWORD};
	struct atom a = {.op = ops[dice(sizeof(ops))], .cased = dice(4) == 0};

	a.field = field_ids[dice(FIELDS)];
	a.regex_flags = dice(2) ? REGEX_CASELESS : 0;
	a.number = dice(50);
	a.text = random_pattern(arena, a.op);
	if (a.op == ATOM_KEYWORD || (a.op <= ATOM_REGEX && dice(12) == 0))
		a.field = FIELD_none;
	return expr_atom(arena, a, 0);
}

static struct expr *random_expr(struct arena *arena, unsigned depth)
{
	unsigned d = dice(10);

	if (depth == 0 || d < 3)
		return dice(30) == 0 ? expr_list(arena, dice(2) ? EXPR_TRUE : EXPR_FALSE)
				     : random_atom(arena);
	if (d == 3)
		return expr_not(arena, random_expr(arena, depth - 1));
	struct expr *list = expr_list(arena, d < 7 ? EXPR_AND : EXPR_OR);
	for (unsigned i = dice(4); i > 0; i--)
		assert_int_equal(expr_add(arena, list, random_expr(arena, depth - 1)), 0);
	return list;
}

static void random_rule(struct ruleset *set, struct err *err)
{
	struct arena *arena = ruleset_arena(set);
	struct rule *rule = arena_zalloc(arena, sizeof(*rule));

	rule->id = STR("r");
	rule->condition = random_expr(arena, 3);
	for (unsigned i = 0; i < 3; i++)
		if (dice(2))
			rule->kinds[kinds[i] / 64] |= UINT64_C(1) << (kinds[i] % 64);
	if (dice(3) == 0)
		memset(rule->kinds, 0xff, sizeof(rule->kinds));
	assert_int_equal(ruleset_add(set, rule, err), 0);
}

static void show_sample(struct buf *out, const struct sample *s)
{
	for (int i = 0; i < FIELDS; i++) {
		buf_printf(out, "\n  field %u:", field_ids[i]);
		for (int k = 0; k < s->slots[i].count; k++) {
			buf_char(out, ' ');
			put_json(out, &s->slots[i].elements[k]);
		}
	}
}

static bool kind_fits(const struct rule *rule, unsigned kind)
{
	return rule->kinds[kind / 64] >> (kind % 64) & 1;
}

static void check(const struct ruleset *set, struct matcher *matcher, const struct view *view,
	const struct sample *s, unsigned also, uint64_t *ret_matches)
{
	const struct rule *const *matched;
	uint32_t count = matcher_run(matcher, view, (enum event_kind)also, &matched), at = 0;

	for (uint32_t i = 0; i < RULES; i++) {
		const struct rule *rule = ruleset_rule(set, i);
		bool yes = (kind_fits(rule, s->kind) || (also && kind_fits(rule, also))) &&
			   naive(rule->condition, s);
		bool is = at < count && matched[at]->number == i;
		if (yes != is) {
			struct buf text = {0};
			expr_print(&text, rule->condition, ruleset_fields((struct ruleset *)set));
			ruleset_explain(set, rule, &text);
			show_sample(&text, s);
			buf_char(&text, '\0');
			fail_msg("rule %s: %s", text.ptr, is ? "matched" : "did not match");
		}
		at += is;
		*ret_matches += is;
	}
	assert_int_equal(at, count);
}

static uint64_t one_round(bool with_index)
{
	static const field_id ids[FIELDS] = {FIELD_process_name, FIELD_process_command_line,
		FIELD_process_args, FIELD_process_pid, FIELD_message};
	struct fields *fields;
	struct ruleset *set;
	struct matcher *matcher;
	struct batch *batch;
	struct view *view;
	struct err err;
	uint64_t matches = 0;

	assert_int_equal(fields_create(&fields, &err), 0);
	memcpy(field_ids, ids, sizeof(ids));
	assert_int_equal(fields_intern(fields, STR("custom.field"), &field_ids[5], &err), 0);
	assert_int_equal(ruleset_create(fields, &set, &err), 0);
	fields_want_all(fields);
	if (!with_index)
		ruleset_without_index(set);
	for (int i = 0; i < RULES; i++)
		random_rule(set, &err);
	assert_int_equal(fields_freeze(fields, &err), 0);
	assert_int_equal(ruleset_compile(set, &err), 0);
	assert_int_equal(matcher_create(set, &matcher, &err), 0);
	assert_int_equal(view_create(fields, &view), 0);
	assert_int_equal(batch_create(fields, &batch), 0);
	for (int i = 0; i < EVENTS; i++) {
		struct sample s = random_sample();
		struct event *event = make_event(batch, &s);
		assert_non_null(event);
		view_load(view, event);
		check(set, matcher, view, &s, dice(4) ? KIND_none : kinds[dice(3)], &matches);
	}
	matcher_destroy(matcher);
	ruleset_destroy(set);
	view_destroy(view);
	batch_destroy(batch);
	fields_destroy(fields);
	return matches;
}

static void run_rounds(bool with_index)
{
	const char *more = getenv("PROPERTY_ROUNDS");
	uint64_t matches = 0, rounds = ROUNDS;

	if (more != NULL)
		assert_true(str_to_u64(str_of(more), &rounds));
	for (uint64_t i = 0; i < rounds; i++) {
		seed = i * 7919 + 1;
		matches += one_round(with_index);
	}
	/* neither everything nor nothing: the events must tell rules apart */
	assert_true(matches > rounds * EVENTS * RULES / 20);
	assert_true(matches < rounds * EVENTS * RULES / 2);
}

static void test_without_index(void **state)
{
	run_rounds(false);
}

static void test_with_index(void **state)
{
	run_rounds(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_index),
		cmocka_unit_test(test_with_index),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
