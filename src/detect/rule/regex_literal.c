/* Reads just enough of PCRE2's syntax to find text that every match must contain. Whatever is not
 * understood makes the whole pattern have none: a missed literal costs time, a wrong one alerts. */
#include <errno.h>
#include "base/json.h"
#include "detect/rule/literal.h"

#define GROUP_DEPTH_MAX 32
#define RUN_BYTES	64
#define RUNS_MAX	16

/* Texts, folded, one of which stands at a place of every match. */
struct runs {
	unsigned count; /* 0: not known */
	struct {
		char bytes[RUN_BYTES];
		size_t len;
	} items[RUNS_MAX];
};

struct reader {
	const char *at, *end;
	struct arena *arena;
	unsigned depth;
	bool lost; /* something not understood */
	bool no_memory;
};

/* What a piece of the pattern must match: exactly one of runs, or something that contains one of
 * inside. */
struct piece {
	struct runs runs;
	struct literals inside;
};

static void read_alternatives(struct reader *r, struct piece *ret);

static bool take(struct reader *r, char c)
{
	if (r->at >= r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static void lose(struct reader *r)
{
	r->lost = true;
}

/* False when it does not fit. */
static bool runs_add(struct runs *runs, const char *a, size_t a_len, const char *b, size_t b_len)
{
	char bytes[RUN_BYTES];
	size_t len = a_len + b_len;

	if (len > RUN_BYTES)
		return false;
	memcpy(bytes, a, a_len);
	memcpy(bytes + a_len, b, b_len);
	for (unsigned i = 0; i < runs->count; i++)
		if (str_eq(str_n(runs->items[i].bytes, runs->items[i].len), str_n(bytes, len)))
			return true;
	if (runs->count == RUNS_MAX)
		return false;
	memcpy(runs->items[runs->count].bytes, bytes, len);
	runs->items[runs->count++].len = len;
	return true;
}

static bool add_char(struct runs *runs, struct str character)
{
	char folded[FOLD_BYTES(4)];

	return runs_add(runs, folded, fold_text(folded, character), "", 0);
}

static void code_point(uint32_t c, struct piece *ret)
{
	char bytes[4];

	(void)add_char(&ret->runs, str_n(bytes, utf8_put(bytes, c)));
}

static void plain_char(struct reader *r, struct piece *ret)
{
	size_t len = utf8_length(r->at, (size_t)(r->end - r->at));

	if (len == 0) {
		lose(r);
		return;
	}
	(void)add_char(&ret->runs, str_n(r->at, len));
	r->at += len;
}

/* ---- escapes ---- */

static void hex_escape(struct reader *r, struct piece *ret)
{
	bool braced = take(r, '{');
	uint32_t value = 0;
	unsigned count = 0;

	while (r->at < r->end && count < (braced ? 6 : 2)) {
		unsigned c = (unsigned char)*r->at;
		unsigned digit = c - '0' < 10	      ? c - '0'
				 : (c | 32) - 'a' < 6 ? (c | 32) - 'a' + 10
						      : 99;
		if (digit > 15)
			break;
		value = value << 4 | digit;
		r->at++;
		count++;
	}
	if ((braced && !take(r, '}')) || count == 0 || value > 0x10ffff)
		lose(r);
	else
		code_point(value, ret);
}

static void property_escape(struct reader *r)
{
	if (take(r, '{')) {
		while (r->at < r->end && *r->at != '}')
			r->at++;
		if (!take(r, '}'))
			lose(r);
	} else if (r->at < r->end) {
		r->at++;
	}
}

/* Behind the backslash. Leaves *ret without runs when it is no character. */
static void read_escape(struct reader *r, struct piece *ret)
{
	static const char controls[] = "tnrfea", control_values[] = "\t\n\r\f\x1b\a";

	if (r->at >= r->end) {
		lose(r);
		return;
	}
	char c = *r->at;
	bool letter = (unsigned)(c | 32) - 'a' < 26, digit = (unsigned)c - '0' < 10;
	const char *control = c == '\0' ? NULL : strchr(controls, c);
	if (!letter && !digit) {
		plain_char(r, ret);
		return;
	}
	r->at++;
	if (digit) { /* a reference, or an octal number */
		while (r->at < r->end && (unsigned)*r->at - '0' < 10)
			r->at++;
	} else if (control != NULL) {
		code_point((uint32_t)control_values[control - controls], ret);
	} else if (c == 'x') {
		hex_escape(r, ret);
	} else if (c == 'p' || c == 'P') {
		property_escape(r);
	} else if (strchr("dDwWsShHvVRXbBAzZG", c) == NULL) {
		lose(r);
	}
}

static void skip_class_name(struct reader *r)
{
	r->at += 2;
	while (r->end - r->at > 1 && (r->at[0] != ':' || r->at[1] != ']'))
		r->at++;
	if (r->end - r->at < 2)
		lose(r);
	else
		r->at += 2;
}

/* Behind "[". A few single characters are runs; ranges, classes and the like are not. */
static void read_class(struct reader *r, struct piece *ret)
{
	bool exact = !take(r, '^');
	const char *begin = r->at;

	while (!r->lost && r->at < r->end && (*r->at != ']' || r->at == begin)) {
		struct piece one = {.runs = {.count = 0}};
		bool dash = *r->at == '-' && r->at != begin && r->end - r->at > 1 &&
			    r->at[1] != ']';
		if (*r->at == '[' && r->end - r->at > 1 && r->at[1] == ':') {
			skip_class_name(r);
		} else if (*r->at == '\\') {
			r->at++;
			if (r->at < r->end && *r->at == 'b') /* in a class the backspace */
				exact = false;
			read_escape(r, &one);
		} else {
			plain_char(r, &one);
		}
		exact = exact && !dash && one.runs.count == 1 &&
			runs_add(&ret->runs, one.runs.items[0].bytes, one.runs.items[0].len, "", 0);
	}
	if (!take(r, ']'))
		lose(r);
	if (!exact)
		ret->runs.count = 0;
}

/* ---- groups ---- */

/* Behind "(?": decides what the group is. Returns false when it is none with contents. */
static bool read_group_head(struct reader *r, bool *ret_counts)
{
	const char *at = r->at;

	*ret_counts = true;
	if (r->end - at >= 1 && (*at == ':' || *at == '>')) {
		r->at++;
		return true;
	}
	if (r->end - at >= 1 && (*at == '=' || *at == '!')) {
		*ret_counts = false;
		r->at++;
		return true;
	}
	if (r->end - at >= 2 && *at == '<' && (at[1] == '=' || at[1] == '!')) {
		*ret_counts = false;
		r->at += 2;
		return true;
	}
	if (r->end - at >= 2 && at[0] == 'P' && at[1] == '<')
		r->at = ++at;
	if (r->end - at >= 1 && (*at == '<' || *at == '\'')) {
		char close = *at == '<' ? '>' : '\'';
		r->at++;
		while (r->at < r->end && *r->at != close)
			r->at++;
		if (!take(r, close))
			r->lost = true;
		return true;
	}
	/* Options: i, m, s and the like do not matter here, x would. */
	while (r->at < r->end && strchr("imsnUJ^-", *r->at) != NULL)
		r->at++;
	if (take(r, ':'))
		return true;
	if (!take(r, ')'))
		r->lost = true;
	return false;
}

static void read_group(struct reader *r, struct piece *ret)
{
	bool counts = true;

	if (r->at < r->end && *r->at == '*') {
		lose(r);
		return;
	}
	if (take(r, '?') && !read_group_head(r, &counts))
		return;
	if (r->lost || r->depth == GROUP_DEPTH_MAX) {
		lose(r);
		return;
	}
	r->depth++;
	read_alternatives(r, ret);
	r->depth--;
	if (!take(r, ')'))
		lose(r);
	if (!counts)
		*ret = (struct piece){.runs = {.count = 0}};
}

static void read_piece(struct reader *r, struct piece *ret)
{
	char c = *r->at;

	*ret = (struct piece){.runs = {.count = 0}};
	if (c == '*' || c == '+' || c == '?') {
		lose(r);
	} else if (c == '\\' || c == '[' || c == '(' || c == '.' || c == '^' || c == '$') {
		r->at++;
		if (c == '\\')
			read_escape(r, ret);
		else if (c == '[')
			read_class(r, ret);
		else if (c == '(')
			read_group(r, ret);
	} else {
		plain_char(r, ret);
	}
}

/* "{3}", "{3,}", "{3,5}", "{,5}"; anything else in braces is text, but then nothing is lost by
 * taking it for a repetition of unknown count. */
static bool braces_repeat(struct reader *r, unsigned *ret_least)
{
	const char *at = r->at + 1;
	unsigned least = 0;

	while (at < r->end && (unsigned)*at - '0' < 10 && least < 100000)
		least = least * 10 + (unsigned)(*at++ - '0');
	while (at < r->end && *at != '}' && ((unsigned)*at - '0' < 10 || *at == ',' || *at == ' '))
		at++;
	if (at >= r->end || *at != '}')
		return false;
	r->at = at + 1;
	*ret_least = least;
	return true;
}

/* Reads a quantifier; *ret_least is 1 without one. */
static bool read_quantifier(struct reader *r, unsigned *ret_least)
{
	*ret_least = 1;
	if (r->at >= r->end)
		return false;
	switch (*r->at) {
	case '*':
	case '?':
		*ret_least = 0;
		r->at++;
		break;
	case '+':
		r->at++;
		break;
	case '{':
		if (!braces_repeat(r, ret_least))
			return false;
		break;
	default:
		return false;
	}
	if (!take(r, '?'))
		(void)take(r, '+');
	return true;
}

/* ---- sequences ---- */

static void better(struct literals *best, const struct literals *other)
{
	if (other->count > 0 && (best->count == 0 || other->chance < best->chance))
		*best = *other;
}

static void runs_begin(struct runs *runs)
{
	runs->count = 1;
	runs->items[0].len = 0;
}

/* A run that holds another need not be looked for. */
static bool is_covered(const struct runs *runs, unsigned which)
{
	struct str text = str_n(runs->items[which].bytes, runs->items[which].len);

	for (unsigned i = 0; i < runs->count; i++)
		if (i != which &&
			str_find(text, str_n(runs->items[i].bytes, runs->items[i].len)) >= 0)
			return true;
	return false;
}

/* What was collected so far becomes literals if it is better than the best. */
static void end_run(struct reader *r, struct runs *runs, struct literals *best)
{
	struct str texts[RUNS_MAX];
	struct literals found = {.count = 0};

	for (unsigned i = 0; i < runs->count; i++) {
		if (runs->items[i].len == 0) {
			runs_begin(runs);
			return;
		}
		if (is_covered(runs, i))
			continue;
		texts[found.count] = str_n(runs->items[i].bytes, runs->items[i].len);
		found.chance += literal_chance(texts[found.count++]);
	}
	if (found.count > 0 && (best->count == 0 || found.chance < best->chance)) {
		found.items = arena_alloc(r->arena, found.count * sizeof(*found.items));
		for (unsigned i = 0; i < found.count && found.items != NULL; i++) {
			found.items[i] = arena_strn(r->arena, texts[i].ptr, texts[i].len);
			if (found.items[i].ptr == NULL)
				found.items = NULL;
		}
		if (found.items == NULL)
			r->no_memory = true;
		else
			*best = found;
	}
	runs_begin(runs);
}

/* Every run so far, followed by every run of the piece. False when they are too many. */
static bool multiply(struct runs *runs, const struct runs *next)
{
	struct runs product = {.count = 0};

	for (unsigned i = 0; i < runs->count; i++)
		for (unsigned k = 0; k < next->count; k++)
			if (!runs_add(&product, runs->items[i].bytes, runs->items[i].len,
				    next->items[k].bytes, next->items[k].len))
				return false;
	*runs = product;
	return true;
}

static void read_sequence(struct reader *r, struct piece *ret)
{
	struct literals best = {.count = 0};
	struct runs runs;
	struct piece piece;
	bool exact = true;

	runs_begin(&runs);
	while (!r->lost && !r->no_memory && r->at < r->end && *r->at != '|' && *r->at != ')') {
		unsigned least;
		read_piece(r, &piece);
		bool optional = r->at < r->end && *r->at == '?';
		bool repeated = read_quantifier(r, &least);
		if (optional && piece.runs.count > 0 && runs_add(&piece.runs, "", 0, "", 0)) {
			piece.inside.count = 0; /* there or not: still known exactly */
			repeated = false;
			least = 1;
		}
		bool known = piece.runs.count > 0 && least > 0;
		if (known && !multiply(&runs, &piece.runs)) {
			exact = false;
			end_run(r, &runs, &best);
			runs = piece.runs;
		}
		if (!known || repeated) {
			exact = false;
			end_run(r, &runs, &best);
		}
		if (least > 0)
			better(&best, &piece.inside);
	}
	if (exact)
		ret->runs = runs;
	else
		ret->runs.count = 0;
	end_run(r, &runs, &best);
	ret->inside = best;
}

static struct literals join(struct reader *r, const struct literals *a, const struct literals *b)
{
	struct literals both = {.count = a->count + b->count, .chance = a->chance + b->chance};

	if (a->count == 0 || b->count == 0 || both.count > LITERALS_MAX)
		return (struct literals){0};
	both.items = arena_alloc(r->arena, both.count * sizeof(*both.items));
	if (both.items == NULL) {
		r->no_memory = true;
		return (struct literals){0};
	}
	memcpy(both.items, a->items, a->count * sizeof(*both.items));
	memcpy(both.items + a->count, b->items, b->count * sizeof(*both.items));
	return both;
}

/* Recursion through groups is bounded by GROUP_DEPTH_MAX. */
static void read_alternatives(struct reader *r, struct piece *ret)
{
	struct piece next;

	read_sequence(r, ret);
	while (!r->lost && !r->no_memory && take(r, '|')) {
		read_sequence(r, &next);
		ret->inside = join(r, &ret->inside, &next.inside);
		bool known = ret->runs.count > 0 && next.runs.count > 0;
		for (unsigned i = 0; known && i < next.runs.count; i++)
			known = runs_add(&ret->runs, next.runs.items[i].bytes,
				next.runs.items[i].len, "", 0);
		if (!known)
			ret->runs.count = 0;
	}
}

int regex_literals(struct str pattern, struct arena *arena, struct literals *ret)
{
	struct reader r = {.at = pattern.ptr, .end = pattern.ptr + pattern.len, .arena = arena};
	struct piece found;

	read_alternatives(&r, &found);
	if (r.no_memory)
		return -ENOMEM;
	if (r.lost || r.at != r.end)
		found.inside = (struct literals){0};
	*ret = found.inside;
	return 0;
}
