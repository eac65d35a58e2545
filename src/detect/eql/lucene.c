/* Lucene's regular expressions, with every optional operator on as Elasticsearch has it: RegExp of
 * org.apache.lucene.util.automaton and Elasticsearch's page on regular expression syntax say what
 * they mean. They match whole texts, so that greed does not matter, and know neither anchors nor
 * options: ^ and $ are characters, and so is a quantifier where nothing stands to be repeated.
 *
 * What is regular but foreign to PCRE2 is said with lookarounds: A&B and ~A choose a piece of the
 * text by remembering what remains behind it, which is the same text only at the same place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "detect/eql/pattern.h"

#define DEPTH_MAX   50
#define REPEAT_MAX  1000
#define OUTPUT_MAX  (256u * 1024)
#define INPUT_MAX   (64u * 1024)
#define SPECIAL_MAX 200 /* & and ~, each of which remembers a piece */

struct lucene {
	struct str text;
	size_t at;
	struct buf out;
	unsigned depth, specials;
	struct err *err;
};

static int parse_union(struct lucene *l);

static int fail(struct lucene *l, const char *what)
{
	return err_set(l->err, -EINVAL, "regular expression '%.*s': %s at character %zu",
		STR_ARG(l->text), what, l->at);
}

static bool more(const struct lucene *l)
{
	return l->at < l->text.len;
}

static bool peek(const struct lucene *l, char c)
{
	return more(l) && l->text.ptr[l->at] == c;
}

static bool take(struct lucene *l, char c)
{
	if (!peek(l, c))
		return false;
	l->at++;
	return true;
}

/* Puts text before what stands in out from byte place on. */
static void insert(struct lucene *l, size_t place, const char *text)
{
	size_t len = strlen(text), moved = l->out.len - place;

	buf_append(&l->out, text, len); /* makes the room */
	if (l->out.failed)
		return;
	memmove(l->out.ptr + place + len, l->out.ptr + place, moved);
	memcpy(l->out.ptr + place, text, len);
}

/* ---- characters ---- */

/* One character of the text, so that it stands for itself in and outside of classes. */
static void put_char(struct lucene *l, struct str character)
{
	char c = character.ptr[0];
	bool plain = (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') ||
		     ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == ' ' || c == '/';

	if (c == '\0') {
		buf_cstr(&l->out, "\\x00");
		return;
	}
	if (!plain)
		buf_char(&l->out, '\\');
	buf_str(&l->out, character);
}

static int take_char(struct lucene *l, struct str *ret)
{
	if (!more(l))
		return fail(l, "it ends too early");
	size_t len = utf8_length(l->text.ptr + l->at, l->text.len - l->at);
	if (len == 0)
		return fail(l, "bytes that are no UTF-8");
	*ret = str_n(l->text.ptr + l->at, len);
	l->at += len;
	return 0;
}

/* Behind a backslash: a class of characters, or one character. *ret is empty for a class. */
static int take_escaped(struct lucene *l, bool in_class, struct str *ret)
{
	static const struct {
		char name;
		const char *alone, *in_class;
	} classes[] = {
		{'d', "[0-9]", "0-9"},
		{'D', "[^0-9]", "\\D"},
		{'w', "[a-zA-Z_0-9]", "a-zA-Z_0-9"},
		{'W', "[^a-zA-Z_0-9]", "\\W"},
		{'s', "[ \\t\\n\\r]", " \\t\\n\\r"},
		{'S', "[^ \\t\\n\\r]", "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f!-\\x{10ffff}"},
	};

	for (size_t i = 0; more(l) && i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (!peek(l, classes[i].name))
			continue;
		l->at++;
		buf_cstr(&l->out, in_class ? classes[i].in_class : classes[i].alone);
		*ret = (struct str){0};
		return 0;
	}
	if (more(l) && (unsigned)(l->text.ptr[l->at] | 32) - 'a' < 26)
		return fail(l, "unknown escape");
	return take_char(l, ret);
}

static int take_class_char(struct lucene *l, struct str *ret)
{
	return take(l, '\\') ? take_escaped(l, true, ret) : take_char(l, ret);
}

static uint32_t code_of(struct str c)
{
	const unsigned char *p = (const unsigned char *)c.ptr;

	switch (c.len) {
	case 1:
		return p[0];
	case 2:
		return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	case 3:
		return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	default:
		return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 |
		       (p[3] & 0x3fu);
	}
}

static int parse_class(struct lucene *l)
{
	bool first = true;

	buf_char(&l->out, '[');
	if (take(l, '^'))
		buf_char(&l->out, '^');
	while (first || (more(l) && !peek(l, ']'))) {
		struct str from, to;
		int rc = take_class_char(l, &from);
		if (rc != 0)
			return rc;
		first = false;
		if (from.len == 0)
			continue;
		put_char(l, from);
		/* A dash before the end is one, though Lucene would take it for a range. */
		if (!peek(l, '-') || l->at + 1 >= l->text.len || l->text.ptr[l->at + 1] == ']')
			continue;
		l->at++;
		rc = take_class_char(l, &to);
		if (rc != 0)
			return rc;
		if (to.len == 0 || code_of(to) < code_of(from))
			return fail(l, "a range that ends before it begins");
		buf_char(&l->out, '-');
		put_char(l, to);
	}
	if (!take(l, ']'))
		return fail(l, "']' is missing");
	buf_char(&l->out, ']');
	return 0;
}

/* ---- <n-m>: decimal numbers of an interval ---- */

static void put_digits(struct lucene *l, char from, char to)
{
	if (from == to)
		buf_char(&l->out, from);
	else
		buf_printf(&l->out, "[%c-%c]", from, to);
}

static void put_any_digits(struct lucene *l, size_t count)
{
	if (count > 0)
		buf_printf(&l->out, "[0-9]{%zu}", count);
}

/* Numbers of exactly len digits from low on (up to high when both are bounds), as alternatives. A
 * digit at a time: the same digit and what is bounded behind it, or one between and anything. */
static void put_interval(struct lucene *l, const char *low, const char *high, size_t len)
{
	size_t same = 0;

	while (same < len && low[same] == high[same])
		buf_char(&l->out, low[same++]);
	if (same == len)
		return;
	buf_cstr(&l->out, "(?:");
	for (size_t i = len - 1; i > same; i--) { /* above low */
		if (low[i] == '9' && i != len - 1)
			continue;
		buf_append(&l->out, low + same, i - same);
		put_digits(l, i == len - 1 ? low[i] : (char)(low[i] + 1), '9');
		put_any_digits(l, len - 1 - i);
		buf_char(&l->out, '|');
	}
	for (size_t i = len - 1; i > same; i--) { /* below high */
		if (high[i] == '0' && i != len - 1)
			continue;
		buf_append(&l->out, high + same, i - same);
		put_digits(l, '0', i == len - 1 ? high[i] : (char)(high[i] - 1));
		put_any_digits(l, len - 1 - i);
		buf_char(&l->out, '|');
	}
	bool last = same == len - 1;
	char from = last ? low[same] : (char)(low[same] + 1);
	char to = last ? high[same] : (char)(high[same] - 1);
	if (from <= to) {
		put_digits(l, from, to);
		put_any_digits(l, len - 1 - same);
	} else {
		buf_cstr(&l->out, "(?!)");
	}
	buf_char(&l->out, ')');
}

/* Any number of zeros may stand before a number when the bounds differ in length. */
static void put_free_interval(struct lucene *l, unsigned long low, unsigned long high)
{
	char from[24], to[24];
	bool first = true;

	buf_cstr(&l->out, "0*(?:");
	for (int digits = 1; digits <= 10; digits++) {
		unsigned long least = 1, most = 9;
		for (int i = 1; i < digits; i++) {
			least *= 10;
			most = most * 10 + 9;
		}
		least = digits == 1 ? 0 : least;
		if (high < least || low > most)
			continue;
		(void)snprintf(from, sizeof(from), "%0*lu", digits, low > least ? low : least);
		(void)snprintf(to, sizeof(to), "%0*lu", digits, high < most ? high : most);
		if (!first)
			buf_char(&l->out, '|');
		first = false;
		put_interval(l, from, to, (size_t)digits);
	}
	buf_char(&l->out, ')');
}

static bool interval_bound(struct str text, unsigned long *ret)
{
	uint64_t value;

	for (size_t i = 0; i < text.len; i++)
		if ((unsigned)text.ptr[i] - '0' > 9)
			return false;
	if (!str_to_u64(text, &value) || value > INT32_MAX)
		return false;
	*ret = (unsigned long)value;
	return true;
}

static int parse_interval(struct lucene *l)
{
	struct str rest = str_n(l->text.ptr + l->at, l->text.len - l->at);
	const char *close = rest.len == 0 ? NULL : memchr(rest.ptr, '>', rest.len);
	unsigned long low, high;

	if (close == NULL)
		return fail(l, "'>' is missing");
	rest.len = (size_t)(close - rest.ptr);
	struct str to = rest, from = str_cut(&to, '-');
	if (to.ptr == NULL || !interval_bound(from, &low) || !interval_bound(to, &high))
		return fail(l, "<…> takes two numbers, as in <1-100>,");
	l->at += rest.len + 1;
	bool swapped = low > high;
	if (from.len == to.len) {
		put_interval(l, swapped ? to.ptr : from.ptr, swapped ? from.ptr : to.ptr, from.len);
		return 0;
	}
	put_free_interval(l, swapped ? high : low, swapped ? low : high);
	return 0;
}

/* ---- the grammar, from the inside out ---- */

static int parse_quoted(struct lucene *l)
{
	buf_cstr(&l->out, "(?:");
	while (!take(l, '"')) {
		struct str c;
		int rc = take_char(l, &c);
		if (rc != 0)
			return more(l) ? rc : fail(l, "the closing '\"' is missing");
		put_char(l, c);
	}
	buf_char(&l->out, ')');
	return 0;
}

static int parse_group(struct lucene *l)
{
	int rc = 0;

	buf_cstr(&l->out, "(?:");
	if (!peek(l, ')')) {
		if (++l->depth > DEPTH_MAX)
			return fail(l, "too many nested groups");
		rc = parse_union(l);
		l->depth--;
	}
	if (rc == 0 && !take(l, ')'))
		rc = fail(l, "')' is missing");
	buf_char(&l->out, ')');
	return rc;
}

static int parse_simple(struct lucene *l)
{
	struct str c = {0};
	int rc;

	if (take(l, '.'))
		buf_char(&l->out, '.');
	else if (take(l, '#'))
		buf_cstr(&l->out, "(?!)");
	else if (take(l, '@'))
		buf_cstr(&l->out, "(?:.*)");
	else if (take(l, '"'))
		return parse_quoted(l);
	else if (take(l, '('))
		return parse_group(l);
	else if (take(l, '<'))
		return parse_interval(l);
	else if (take(l, '['))
		return parse_class(l);
	else {
		rc = take(l, '\\') ? take_escaped(l, false, &c) : take_char(l, &c);
		if (rc != 0)
			return rc;
		if (c.len > 0)
			put_char(l, c);
	}
	return 0;
}

static int count_special(struct lucene *l, char name[16])
{
	if (++l->specials > SPECIAL_MAX)
		return fail(l, "too many of & and ~");
	(void)snprintf(name, 16, "r%u", l->specials);
	return 0;
}

/* ~X: a piece, chosen by what remains behind it, that X does not match. */
static int wrap_complement(struct lucene *l, size_t place)
{
	char name[16], head[64];

	int rc = count_special(l, name);
	if (rc != 0)
		return rc;
	(void)snprintf(head, sizeof(head), "(?:(*napla:.*(?<%s>.*)\\z)(?!(?:", name);
	insert(l, place, head);
	buf_printf(&l->out, ")\\k<%s>\\z).*(?=\\k<%s>\\z))", name, name);
	return 0;
}

static int parse_complement(struct lucene *l)
{
	size_t place = l->out.len;
	unsigned count = 0;
	int rc;

	while (take(l, '~'))
		count++;
	rc = parse_simple(l);
	/* Twice is not at all. */
	if (rc == 0 && count % 2 == 1)
		rc = wrap_complement(l, place);
	return rc;
}

static bool take_number(struct lucene *l, unsigned *ret)
{
	size_t begin = l->at;
	unsigned value = 0;

	while (more(l) && (unsigned)l->text.ptr[l->at] - '0' < 10) {
		if (value <= REPEAT_MAX)
			value = value * 10 + (unsigned)(l->text.ptr[l->at] - '0');
		l->at++;
	}
	*ret = value;
	return l->at > begin;
}

/* Behind "{". */
static int parse_braces(struct lucene *l)
{
	unsigned least, most;

	if (!take_number(l, &least))
		return fail(l, "a number must follow '{'");
	most = least;
	bool open = take(l, ',') && !take_number(l, &most);
	if (!take(l, '}'))
		return fail(l, "'}' is missing");
	if (least > REPEAT_MAX || most > REPEAT_MAX)
		return fail(l, "more than 1000 repetitions");
	if (open)
		buf_printf(&l->out, "{%u,}", least);
	else if (most < least)
		buf_cstr(&l->out, "{0}(?!)");
	else
		buf_printf(&l->out, "{%u,%u}", least, most);
	return 0;
}

static int parse_repeat(struct lucene *l)
{
	size_t place = l->out.len;
	bool repeated = false;
	int rc = parse_complement(l);

	while (rc == 0 && (peek(l, '?') || peek(l, '*') || peek(l, '+') || peek(l, '{'))) {
		/* Each quantifier applies to all before it; PCRE2 would read .*? as one. */
		if (repeated) {
			insert(l, place, "(?:");
			buf_char(&l->out, ')');
		}
		repeated = true;
		if (take(l, '{'))
			rc = parse_braces(l);
		else
			buf_char(&l->out, l->text.ptr[l->at++]);
	}
	return rc;
}

static int parse_concat(struct lucene *l)
{
	int rc = parse_repeat(l);

	while (rc == 0 && more(l) && !peek(l, ')') && !peek(l, '|') && !peek(l, '&') &&
		!l->out.failed)
		rc = parse_repeat(l);
	return rc;
}

/* A&B: where A can end and something remains, B must end and the same remain. */
static int parse_intersection(struct lucene *l)
{
	size_t place = l->out.len;
	char name[16];
	int rc = parse_concat(l);

	while (rc == 0 && take(l, '&')) {
		rc = count_special(l, name);
		if (rc != 0)
			return rc;
		insert(l, place, "(?:(*napla:(?:");
		buf_printf(&l->out, ")(?<%s>.*)\\z)(?:", name);
		rc = parse_concat(l);
		buf_printf(&l->out, ")(?=\\k<%s>\\z))", name);
	}
	return rc;
}

static int parse_union(struct lucene *l)
{
	int rc = parse_intersection(l);

	while (rc == 0 && take(l, '|')) {
		buf_char(&l->out, '|');
		rc = parse_intersection(l);
	}
	return rc;
}

int eql_lucene(struct arena *arena, struct str text, struct str *ret, struct err *err)
{
	struct lucene l = {.text = text, .out = {.limit_bytes = OUTPUT_MAX}, .err = err};
	int rc = 0;

	if (text.len > INPUT_MAX)
		return err_set(
			err, -EINVAL, "regular expression of %zu bytes is too long", text.len);
	buf_cstr(&l.out, "\\A(?:");
	if (text.len > 0)
		rc = parse_union(&l);
	if (rc == 0 && more(&l))
		rc = fail(&l, "')' without '('");
	buf_cstr(&l.out, ")\\z");
	if (rc == 0 && l.out.failed)
		rc = err_set(
			err, -EINVAL, "regular expression '%.*s' becomes too large", STR_ARG(text));
	if (rc == 0) {
		struct str copy = arena_strn(arena, l.out.ptr, l.out.len);
		if (copy.ptr == NULL)
			rc = err_set(err, -ENOMEM, "out of memory");
		else
			*ret = copy;
	}
	buf_destroy(&l.out);
	return rc;
}
