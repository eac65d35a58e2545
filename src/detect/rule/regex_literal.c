/* Reads just enough of PCRE2's syntax to find text that every match must contain. Whatever is not
 * understood makes the whole pattern have none: a missed literal costs time, a wrong one alerts. */
#include <errno.h>
#include "base/json.h"
#include "detect/rule/literal.h"

#define GROUP_DEPTH_MAX 32
#define RUN_BYTES	96

struct reader {
	const char *at, *end;
	struct arena *arena;
	unsigned depth;
	bool lost; /* something not understood */
	bool no_memory;
};

struct run {
	char bytes[RUN_BYTES];
	size_t len;
};

enum item_kind { ITEM_CHAR, ITEM_GROUP, ITEM_OTHER };

struct item {
	enum item_kind kind;
	char bytes[4];
	size_t len;
	struct literals group;
};

static struct literals read_alternatives(struct reader *r);

static bool take(struct reader *r, char c)
{
	if (r->at >= r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static struct item lost(struct reader *r)
{
	r->lost = true;
	return (struct item){.kind = ITEM_OTHER};
}

static struct item code_point(uint32_t c)
{
	struct item item = {.kind = ITEM_CHAR};

	item.len = utf8_put(item.bytes, c);
	return item;
}

static struct item plain_char(struct reader *r)
{
	struct item item = {.kind = ITEM_CHAR};
	size_t len = utf8_length(r->at, (size_t)(r->end - r->at));

	if (len == 0)
		return lost(r);
	memcpy(item.bytes, r->at, len);
	item.len = len;
	r->at += len;
	return item;
}

/* ---- escapes ---- */

static struct item hex_escape(struct reader *r)
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
		return lost(r);
	return code_point(value);
}

static struct item property_escape(struct reader *r)
{
	if (take(r, '{')) {
		while (r->at < r->end && *r->at != '}')
			r->at++;
		if (!take(r, '}'))
			return lost(r);
	} else if (r->at < r->end) {
		r->at++;
	}
	return (struct item){.kind = ITEM_OTHER};
}

static struct item read_escape(struct reader *r)
{
	static const char controls[] = "tnrfea", control_values[] = "\t\n\r\f\x1b\a";

	if (r->at >= r->end)
		return lost(r);
	char c = *r->at;
	bool letter = (unsigned)(c | 32) - 'a' < 26, digit = (unsigned)c - '0' < 10;
	if (!letter && !digit)
		return plain_char(r);
	r->at++;
	if (digit) { /* a reference, or an octal number */
		while (r->at < r->end && (unsigned)*r->at - '0' < 10)
			r->at++;
		return (struct item){.kind = ITEM_OTHER};
	}
	const char *control = strchr(controls, c);
	if (control != NULL)
		return code_point((uint32_t)control_values[control - controls]);
	if (c == 'x')
		return hex_escape(r);
	if (c == 'p' || c == 'P')
		return property_escape(r);
	if (strchr("dDwWsShHvVRXbBAzZG", c) != NULL)
		return (struct item){.kind = ITEM_OTHER};
	return lost(r);
}

static struct item read_class(struct reader *r)
{
	(void)take(r, '^');
	(void)take(r, ']');
	while (r->at < r->end && *r->at != ']') {
		if (*r->at == '\\') {
			if (r->end - r->at < 2 || r->at[1] == 'Q')
				return lost(r);
			r->at += 2;
		} else if (*r->at == '[' && r->end - r->at > 1 && r->at[1] == ':') {
			r->at += 2;
			while (r->end - r->at > 1 && (r->at[0] != ':' || r->at[1] != ']'))
				r->at++;
			if (r->end - r->at < 2)
				return lost(r);
			r->at += 2;
		} else {
			r->at++;
		}
	}
	return take(r, ']') ? (struct item){.kind = ITEM_OTHER} : lost(r);
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

static struct item read_group(struct reader *r)
{
	struct item item = {.kind = ITEM_OTHER};
	bool counts = true;

	if (r->at < r->end && *r->at == '*')
		return lost(r);
	if (take(r, '?') && !read_group_head(r, &counts))
		return item;
	if (r->lost || r->depth == GROUP_DEPTH_MAX)
		return lost(r);
	r->depth++;
	struct literals inside = read_alternatives(r);
	r->depth--;
	if (!take(r, ')'))
		return lost(r);
	if (counts) {
		item.kind = ITEM_GROUP;
		item.group = inside;
	}
	return item;
}

static struct item read_item(struct reader *r)
{
	switch (*r->at) {
	case '\\':
		r->at++;
		return read_escape(r);
	case '[':
		r->at++;
		return read_class(r);
	case '(':
		r->at++;
		return read_group(r);
	case '.':
	case '^':
	case '$':
		r->at++;
		return (struct item){.kind = ITEM_OTHER};
	case '*':
	case '+':
	case '?':
		return lost(r);
	default:
		return plain_char(r);
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

static void end_run(struct reader *r, struct run *run, struct literals *best)
{
	char folded[FOLD_BYTES(RUN_BYTES)];

	if (run->len == 0)
		return;
	size_t len = fold_text(folded, str_n(run->bytes, run->len));
	struct literals one = {.count = 1, .chance = literal_chance(str_n(folded, len))};
	run->len = 0;
	if (best->count > 0 && best->chance <= one.chance)
		return;
	one.items = arena_alloc(r->arena, sizeof(*one.items));
	if (one.items != NULL)
		one.items[0] = arena_strn(r->arena, folded, len);
	if (one.items == NULL || one.items[0].ptr == NULL)
		r->no_memory = true;
	else
		*best = one;
}

static struct literals read_sequence(struct reader *r)
{
	struct literals best = {0};
	struct run run = {.len = 0};

	while (!r->lost && !r->no_memory && r->at < r->end && *r->at != '|' && *r->at != ')') {
		unsigned least;
		struct item item = read_item(r);
		bool repeated = read_quantifier(r, &least);
		if (item.kind == ITEM_CHAR && least > 0) {
			if (run.len + item.len > sizeof(run.bytes))
				end_run(r, &run, &best);
			memcpy(run.bytes + run.len, item.bytes, item.len);
			run.len += item.len;
		}
		if (item.kind != ITEM_CHAR || repeated)
			end_run(r, &run, &best);
		if (item.kind == ITEM_GROUP && least > 0)
			better(&best, &item.group);
	}
	end_run(r, &run, &best);
	return best;
}

static struct literals join(struct reader *r, struct literals a, const struct literals *b)
{
	struct literals both = {.count = a.count + b->count, .chance = a.chance + b->chance};

	if (a.count == 0 || b->count == 0 || both.count > LITERALS_MAX)
		return (struct literals){0};
	both.items = arena_alloc(r->arena, both.count * sizeof(*both.items));
	if (both.items == NULL) {
		r->no_memory = true;
		return (struct literals){0};
	}
	memcpy(both.items, a.items, a.count * sizeof(*both.items));
	memcpy(both.items + a.count, b->items, b->count * sizeof(*both.items));
	return both;
}

/* Recursion through groups is bounded by GROUP_DEPTH_MAX. */
static struct literals read_alternatives(struct reader *r)
{
	struct literals all = read_sequence(r);

	while (!r->lost && !r->no_memory && take(r, '|')) {
		struct literals next = read_sequence(r);
		all = join(r, all, &next);
	}
	return all;
}

int regex_literals(struct str pattern, struct arena *arena, struct literals *ret)
{
	struct reader r = {.at = pattern.ptr, .end = pattern.ptr + pattern.len, .arena = arena};
	struct literals found = read_alternatives(&r);

	if (r.no_memory)
		return -ENOMEM;
	if (r.lost || r.at != r.end)
		found = (struct literals){0};
	*ret = found;
	return 0;
}
