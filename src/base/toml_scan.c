#include "base/toml_scan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "base/err.h"
#include "base/json.h"

int toml_fail(struct toml_scan *s, int code, const char *reason)
{
	return err_set(s->err, code, "line %u: %s", s->line, reason);
}

bool toml_take(struct toml_scan *s, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0)
		return false;
	s->at += len;
	return true;
}

void toml_blanks(struct toml_scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
		s->at++;
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

static bool take_newline(struct toml_scan *s)
{
	if (!toml_take(s, "\n") && !toml_take(s, "\r\n"))
		return false;
	s->line++;
	return true;
}

bool toml_line_end(struct toml_scan *s)
{
	toml_blanks(s);
	if (s->at < s->end && *s->at == '#')
		while (s->at < s->end && !is_control(*s->at))
			s->at++;
	return s->at == s->end || take_newline(s);
}

/* ---- strings ---- */

static int hex_char(struct toml_scan *s, unsigned digits, char out[4], size_t *ret_len)
{
	char text[11] = "0x";
	uint64_t c;

	if ((size_t)(s->end - s->at) < digits)
		return toml_fail(s, -EBADMSG, "an escape that ends too early");
	memcpy(text + 2, s->at, digits);
	if (!str_to_u64(str_n(text, digits + 2), &c) || c > 0x10ffff ||
		(c >= 0xd800 && c <= 0xdfff))
		return toml_fail(s, -EBADMSG, "an escape that is no Unicode character");
	s->at += digits;
	*ret_len = utf8_put(out, (uint32_t)c);
	return 0;
}

/* Behind the backslash. */
static int escape(struct toml_scan *s, char out[4], size_t *ret_len)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	char c = s->at < s->end ? *s->at : '\0';
	const char *at = c == '\0' ? NULL : strchr(from, c);

	if (at != NULL) {
		s->at++;
		out[0] = to[at - from];
		*ret_len = 1;
		return 0;
	}
	if (toml_take(s, "u"))
		return hex_char(s, 4, out, ret_len);
	if (toml_take(s, "U"))
		return hex_char(s, 8, out, ret_len);
	return toml_fail(s, -EBADMSG, "an unknown escape in a string");
}

/* A backslash at the end of a line: the line end and all blanks and lines after it go. */
static bool skip_folded(struct toml_scan *s)
{
	const char *back = s->at;

	toml_blanks(s);
	if (!take_newline(s)) {
		s->at = back;
		return false;
	}
	do
		toml_blanks(s);
	while (take_newline(s));
	return true;
}

/* Where a string ends: at its quotes; a multi-line one may have two more of them inside. */
static bool string_ends(struct toml_scan *s, char quote, bool multi, char *out, size_t *len)
{
	const char triple[4] = {quote, quote, quote, '\0'}, single[2] = {quote, '\0'};

	if (!toml_take(s, multi ? triple : single))
		return false;
	for (unsigned i = 0; multi && i < 2 && toml_take(s, single); i++)
		out[(*len)++] = quote;
	return true;
}

/* One character or escape of a string. */
static int string_part(struct toml_scan *s, char quote, bool multi, char *out, size_t *len)
{
	size_t more = 1;
	int rc = 0;

	if (multi && take_newline(s)) {
		out[(*len)++] = '\n';
		return 0;
	}
	if (is_control(*s->at))
		return toml_fail(s, -EBADMSG,
			*s->at == '\n' || *s->at == '\r' ? "a string that its line does not close"
							 : "a control character in a string");
	if (quote == '"' && *s->at == '\\') {
		s->at++;
		if (multi && skip_folded(s))
			return 0;
		rc = escape(s, out + *len, &more);
	} else {
		out[*len] = *s->at++;
	}
	if (rc == 0)
		*len += more;
	return rc;
}

/* Copies what stands for itself. */
static void string_run(struct toml_scan *s, char quote, char *out, size_t *len)
{
	const char *at = s->at;

	while (at < s->end && *at != quote && *at != '\\' && !is_control(*at))
		at++;
	memcpy(out + *len, s->at, (size_t)(at - s->at));
	*len += (size_t)(at - s->at);
	s->at = at;
}

/* Bytes up to the closing quotes, which no value is longer than. */
static size_t string_room(const struct toml_scan *s, char quote, bool multi)
{
	const char *at = s->at;

	for (; at < s->end; at++) {
		if (quote == '"' && *at == '\\')
			at++;
		else if (*at == quote &&
			 (!multi || (s->end - at >= 3 && at[1] == quote && at[2] == quote)))
			break;
	}
	return (size_t)((at < s->end ? at : s->end) - s->at) + 8;
}

static int string(struct toml_scan *s, bool may_span, struct str *ret, uint32_t *ret_line)
{
	char quote = *s->at;
	size_t len = 0;
	bool multi = may_span && toml_take(s, quote == '"' ? "\"\"\"" : "'''");
	uint32_t begin = s->line;

	if (!multi)
		s->at++;
	else
		(void)take_newline(s);
	*ret_line = s->line;
	size_t room = string_room(s, quote, multi);
	char *out = arena_alloc(s->arena, room);
	if (out == NULL)
		return toml_fail(s, -ENOMEM, "out of memory");
	for (;;) {
		string_run(s, quote, out, &len);
		if (s->at == s->end)
			break;
		if (string_ends(s, quote, multi, out, &len)) {
			out[len] = '\0';
			arena_shrink(s->arena, out, room, len + 1);
			*ret = str_n(out, len);
			return 0;
		}
		int rc = string_part(s, quote, multi, out, &len);
		if (rc != 0)
			return rc;
	}
	s->line = begin;
	return toml_fail(s, -EBADMSG, "a string that is not closed");
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

int toml_key(struct toml_scan *s, struct str *ret)
{
	const char *begin = s->at;
	uint32_t line;

	if (s->at < s->end && (*s->at == '"' || *s->at == '\''))
		return string(s, false, ret, &line);
	while (s->at < s->end && is_bare(*s->at))
		s->at++;
	if (s->at == begin)
		return toml_fail(s, -EBADMSG, "a key is expected");
	*ret = arena_strn(s->arena, begin, (size_t)(s->at - begin));
	return ret->ptr == NULL ? toml_fail(s, -ENOMEM, "out of memory") : 0;
}

/* ---- dates and times ---- */

static bool is_date(struct str *s)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year, month, day;

	if (!str_take_digits(s, 4, &year) || !str_take_one_of(s, "-") ||
		!str_take_digits(s, 2, &month) || !str_take_one_of(s, "-") ||
		!str_take_digits(s, 2, &day) || year == 0 || month < 1 || month > 12)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day >= 1 && day <= days[month - 1] + (unsigned)(leap && month == 2);
}

static bool is_clock(struct str *s)
{
	unsigned hour, minute, second;

	if (!str_take_digits(s, 2, &hour) || !str_take_one_of(s, ":") ||
		!str_take_digits(s, 2, &minute) || !str_take_one_of(s, ":") ||
		!str_take_digits(s, 2, &second) || hour > 23 || minute > 59 || second > 59)
		return false;
	if (!str_take_one_of(s, "."))
		return true;
	if (!str_take_one_of(s, "0123456789"))
		return false;
	while (str_take_one_of(s, "0123456789"))
		;
	return true;
}

static bool is_offset(struct str *s)
{
	unsigned hour, minute;

	return str_take_one_of(s, "Zz") ||
	       (str_take_one_of(s, "+-") && str_take_digits(s, 2, &hour) &&
		       str_take_one_of(s, ":") && str_take_digits(s, 2, &minute) && hour <= 23 &&
		       minute <= 59);
}

/* The length of a date, a time or both at the front; 0 when there is none. */
static size_t time_length(struct str text)
{
	struct str rest = text, try;

	if (is_clock(&rest))
		return text.len - rest.len;
	rest = text;
	if (!is_date(&rest))
		return 0;
	try = rest;
	if (str_take_one_of(&try, "Tt ") && is_clock(&try)) {
		rest = try;
		if (is_offset(&try))
			rest = try;
	}
	return text.len - rest.len;
}

/* ---- numbers ---- */

/* Digits of a base with single underscores between them; appended to out without these. */
static bool digit_run(struct str *s, const char *set, char *out, size_t *len, size_t room)
{
	size_t begin = *len;

	for (bool first = true;; first = false) {
		if (!first && s->len > 0 && s->ptr[0] == '_')
			*s = str_n(s->ptr + 1, s->len - 1);
		else if (!first &&
			 (s->len == 0 || s->ptr[0] == '\0' || strchr(set, s->ptr[0]) == NULL))
			break;
		char c = s->len > 0 ? s->ptr[0] : '\0';
		if (*len + 1 >= room || !str_take_one_of(s, set))
			return false;
		out[(*len)++] = c;
	}
	return *len > begin;
}

static bool radix_number(struct toml_node *node, struct str s)
{
	static const struct {
		char letter;
		unsigned bits;
		const char *digits;
	} bases[] = {{'x', 4, "0123456789abcdefABCDEF"}, {'o', 3, "01234567"}, {'b', 1, "01"}};
	char out[128];
	size_t len = 0;
	uint64_t value = 0;

	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		if (s.len < 3 || s.ptr[0] != '0' || s.ptr[1] != bases[i].letter)
			continue;
		s = str_n(s.ptr + 2, s.len - 2);
		if (!digit_run(&s, bases[i].digits, out, &len, sizeof(out)) || s.len > 0)
			return false;
		for (size_t k = 0; k < len; k++) {
			unsigned digit = (unsigned)(strchr(bases[i].digits, out[k]) -
						    bases[i].digits);
			if (value >> (63 - bases[i].bits) != 0)
				return false;
			value = value << bases[i].bits | (digit > 15 ? digit - 6 : digit);
		}
		node->type = TOML_INT;
		node->i64 = (int64_t)value;
		node->f64 = (double)value;
		return true;
	}
	return false;
}

static bool decimal_number(struct toml_node *node, struct str s)
{
	static const char ten[] = "0123456789";
	char out[256];
	size_t len = 0;

	if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+')) {
		out[len++] = s.ptr[0];
		s = str_n(s.ptr + 1, s.len - 1);
	}
	if (str_is(s, "inf") || str_is(s, "nan")) {
		double value = s.ptr[0] == 'i' ? (double)INFINITY : (double)NAN;
		node->type = TOML_FLOAT;
		node->f64 = len > 0 && out[0] == '-' ? -value : value;
		return true;
	}
	size_t begin = len;
	if (!digit_run(&s, ten, out, &len, sizeof(out)) || (out[begin] == '0' && len > begin + 1))
		return false;
	if (s.len == 0) {
		node->type = TOML_INT;
		node->f64 = 0;
		if (!str_to_i64(str_n(out, len), &node->i64))
			return false;
		node->f64 = (double)node->i64;
		return true;
	}
	if (str_take_one_of(&s, ".")) {
		out[len++] = '.';
		if (!digit_run(&s, ten, out, &len, sizeof(out) - 3))
			return false;
	}
	if (str_take_one_of(&s, "eE")) {
		out[len++] = 'e';
		if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+')) {
			out[len++] = s.ptr[0];
			s = str_n(s.ptr + 1, s.len - 1);
		}
		if (!digit_run(&s, ten, out, &len, sizeof(out)))
			return false;
	}
	out[len] = '\0';
	node->type = TOML_FLOAT;
	node->f64 = strtod(out, NULL);
	return s.len == 0;
}

static bool in_number(char c)
{
	return is_bare(c) || c == '+' || c == '.';
}

int toml_scalar(struct toml_scan *s, struct toml_node *node)
{
	struct str word = {.ptr = s->at};
	size_t time = time_length(str_n(s->at, (size_t)(s->end - s->at)));

	if (s->at < s->end && (*s->at == '"' || *s->at == '\'')) {
		node->type = TOML_TEXT;
		return string(s, true, &node->text, &node->text_line);
	}
	while (s->at + word.len < s->end && in_number(s->at[word.len]))
		word.len++;
	if (time > 0) {
		node->type = TOML_TIME;
		word.len = time;
		node->text = arena_strn(s->arena, word.ptr, word.len);
		if (node->text.ptr == NULL)
			return toml_fail(s, -ENOMEM, "out of memory");
	} else if (str_is(word, "true") || str_is(word, "false")) {
		node->type = TOML_BOOL;
		node->boolean = word.ptr[0] == 't';
	} else if (!radix_number(node, word) && !decimal_number(node, word)) {
		return toml_fail(s, -EBADMSG,
			word.len == 0 ? "a value is expected"
				      : "a value that means nothing, or too large");
	}
	s->at += word.len;
	return 0;
}
