#include "detect/eql/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool ends_line(char c)
{
	return c == '\n' || c == '\r';
}

static int found(struct str text, size_t start, size_t end, size_t close, struct eql_quoted *ret)
{
	ret->inside = str_n(text.ptr + start, end - start);
	ret->length = end + close;
	ret->quote = text.ptr[0];
	return 0;
}

int eql_text_scan(struct str text, struct eql_quoted *ret)
{
	*ret = (struct eql_quoted){0};
	for (size_t i = 1; i < text.len && !ends_line(text.ptr[i]); i++)
		if (text.ptr[i] == text.ptr[0])
			return found(text, 1, i, 1, ret);
		else if (text.ptr[i] == '\\' && i + 1 < text.len && !ends_line(text.ptr[i + 1]))
			i++;
	return -EINVAL;
}

int eql_text_scan_triple(struct str text, struct eql_quoted *ret)
{
	*ret = (struct eql_quoted){.raw = true, .triple = true};
	for (size_t i = 3; i + 2 < text.len && !ends_line(text.ptr[i]); i++)
		if (text.ptr[i] == '"' && text.ptr[i + 1] == '"' && text.ptr[i + 2] == '"') {
			unsigned more = 0;
			while (more < 2 && i + 3 < text.len && text.ptr[i + 3] == '"')
				i++, more++;
			return found(text, 3, i, 3, ret);
		}
	return -EINVAL;
}

int eql_text_scan_raw(struct str text, struct eql_quoted *ret)
{
	size_t escaped = 0;

	*ret = (struct eql_quoted){.raw = true};
	for (size_t i = 1; i < text.len && !ends_line(text.ptr[i]); i++)
		if (text.ptr[i] == text.ptr[0])
			return found(text, 1, i, 1, ret);
		else if (text.ptr[i] == '\\' && i + 1 < text.len && text.ptr[i + 1] == text.ptr[0])
			escaped = ++i;
	return escaped > 0 ? found(text, 1, escaped, 1, ret) : -EINVAL;
}

static bool bad_escape(struct eql_unescape_error *error, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static bool bad_escape(struct eql_unescape_error *error, size_t at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	error->at = at;
	return false;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static size_t put_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
	for (size_t i = more; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	out[0] = (char)(lead[more] | code);
	return more + 1;
}

/* u{…} behind the backslash at at. The text that it takes is at least as long as what it makes. */
static size_t unicode_escape(
	struct str in, size_t at, char *out, size_t *used, struct eql_unescape_error *error)
{
	uint32_t code = 0;
	size_t i = at + 3, digits = 0;

	for (; i < in.len && hex_digit(in.ptr[i]) >= 0; i++, digits++)
		code = code > 0xffffff ? code : code << 4 | (uint32_t)hex_digit(in.ptr[i]);
	if (in.len <= at + 2 || in.ptr[at + 2] != '{' || i >= in.len || in.ptr[i] != '}' ||
		digits < 2 || digits > 8) {
		(void)bad_escape(error, at, "expected 2 to 8 hexadecimal digits, as in \\u{200f}");
		return 0;
	}
	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
		(void)bad_escape(error, at, "\\u{%x} is no Unicode character", code);
		return 0;
	}
	*used += put_utf8(out + *used, code);
	return i + 1 - at;
}

/* Returns how many bytes the escape takes, 0 on error. */
static size_t escape(struct str in, size_t at, enum eql_dialect dialect, char *out, size_t *used,
	struct eql_unescape_error *error)
{
	static const char letters[] = "btnfr\"'\\", values[] = "\b\t\n\f\r\"'\\";
	char c = at + 1 < in.len ? in.ptr[at + 1] : '\0';
	const char *letter = c == '\0' ? NULL : strchr(letters, c);

	if (letter != NULL) {
		out[(*used)++] = values[letter - letters];
		return 2;
	}
	if (c == 'u' && eql_has(dialect, EQL_UNICODE_ESCAPES))
		return unicode_escape(in, at, out, used, error);
	if (c == 'x' && eql_has(dialect, EQL_HEX_ESCAPES) && at + 3 < in.len &&
		hex_digit(in.ptr[at + 2]) >= 0 && hex_digit(in.ptr[at + 3]) >= 0) {
		out[(*used)++] = (char)(hex_digit(in.ptr[at + 2]) << 4 | hex_digit(in.ptr[at + 3]));
		return 4;
	}
	if (c == 'u' || c == 'x') {
		enum eql_feature feature = c == 'u' ? EQL_UNICODE_ESCAPES : EQL_HEX_ESCAPES;
		if (eql_has(dialect, feature))
			(void)bad_escape(error, at, "expected two hexadecimal digits behind \\x");
		else
			(void)bad_escape(error, at, "%s is understood by %s, not by %s",
				eql_feature_name(feature), eql_feature_dialects(feature),
				eql_dialect_word(dialect));
		return 0;
	}
	(void)bad_escape(error, at,
		"'\\' begins an escape; to match a backslash write '\\\\', or write the text raw "
		"as %s",
		eql_has(dialect, EQL_TRIPLE_QUOTES) ? "\"\"\"…\"\"\"" : "?\"…\"");
	return 0;
}

bool eql_text_unescape(const struct eql_quoted *quoted, enum eql_dialect dialect, char *out,
	size_t *ret_len, struct eql_unescape_error *ret_error)
{
	struct str in = quoted->inside;
	size_t used = 0;

	for (size_t i = 0, taken = 1; i < in.len; i += taken) {
		taken = 1;
		if (in.ptr[i] != '\\' || quoted->triple) {
			out[used++] = in.ptr[i];
		} else if (!quoted->raw) {
			taken = escape(in, i, dialect, out, &used, ret_error);
			if (taken == 0)
				return false;
		} else if (i + 1 < in.len && in.ptr[i + 1] == quoted->quote) {
			out[used++] = quoted->quote;
			taken = 2;
		} else {
			out[used++] = '\\';
		}
	}
	*ret_len = used;
	return true;
}

static bool has_line_end(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (ends_line(text.ptr[i]))
			return true;
	return false;
}

static bool print_raw(struct buf *out, struct str text, enum eql_dialect dialect)
{
	if (has_line_end(text))
		return false;
	if (eql_has(dialect, EQL_TRIPLE_QUOTES)) {
		/* Three quotes inside would end it, unless they are its last. */
		if (str_find(text, STR("\"\"\"")) >= 0)
			return false;
		buf_printf(out, "\"\"\"");
		buf_str(out, text);
		buf_cstr(out, "\"\"\"");
		return true;
	}
	if (!eql_has(dialect, EQL_QUESTION_RAW) || str_ends(text, STR("\\")))
		return false;
	buf_cstr(out, "?\"");
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"')
			buf_char(out, '\\');
		buf_char(out, text.ptr[i]);
	}
	buf_char(out, '"');
	return true;
}

void eql_text_print(struct buf *out, struct str text, bool raw, enum eql_dialect dialect)
{
	static const char values[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";

	if (raw && print_raw(out, text, dialect))
		return;
	buf_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		const char *value = c == '\0' ? NULL : strchr(values, c);
		if (value != NULL)
			buf_printf(out, "\\%c", letters[value - values]);
		else if ((unsigned char)c < ' ' && eql_has(dialect, EQL_UNICODE_ESCAPES))
			buf_printf(out, "\\u{%02x}", (unsigned)c);
		else
			buf_char(out, c);
	}
	buf_char(out, '"');
}

bool eql_text_integer(struct str digits, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < digits.len; i++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (uint64_t)(digits.ptr[i] - '0'), &value))
			return false;
	*ret = value;
	return true;
}

bool eql_text_number(struct str text, double *ret)
{
	char copy[512];

	if (text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	*ret = strtod(copy, NULL);
	return true;
}

void eql_text_print_number(struct buf *out, double number)
{
	char text[40];
	int precision = 15;

	do {
		(void)snprintf(text, sizeof(text), "%.*g", precision, number);
	} while (strtod(text, NULL) != number && ++precision <= 17);
	buf_cstr(out, text);
	if (strpbrk(text, ".e") == NULL)
		buf_cstr(out, ".0");
}
