#include "detect/eql/lex.h"

#include <errno.h>
#include <math.h>
#include "base/err.h"
#include "detect/eql/text.h"

void eql_lex_init(struct eql_lexer *lexer, struct arena *arena, struct str text,
	enum eql_dialect dialect, struct err *err)
{
	*lexer = (struct eql_lexer){.text = text,
		.line = 1,
		.column = 1,
		.dialect = dialect,
		.arena = arena,
		.err = err};
}

int eql_lex_fail(struct eql_lexer *lexer, uint32_t line, uint32_t column, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	if (lexer->code != 0)
		return lexer->code;
	lexer->code = -EINVAL;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(lexer->err, -EINVAL, "line %u, column %u: %s", line, column, text);
}

int eql_lex_no_memory(struct eql_lexer *lexer)
{
	if (lexer->code == 0)
		lexer->code = err_set(lexer->err, -ENOMEM, "out of memory");
	return lexer->code;
}

bool eql_lex_allow(struct eql_lexer *lexer, uint32_t line, uint32_t column,
	enum eql_feature feature, const char *hint)
{
	if (eql_has(lexer->dialect, feature))
		return true;
	(void)eql_lex_fail(lexer, line, column, "%s is understood by %s, not by %s%s%s",
		eql_feature_name(feature), eql_feature_dialects(feature),
		eql_dialect_word(lexer->dialect), hint == NULL ? "" : ": ",
		hint == NULL ? "" : hint);
	return false;
}

static int byte_at(const struct eql_lexer *lexer, size_t ahead)
{
	return ahead < lexer->text.len - lexer->at
		       ? (unsigned char)lexer->text.ptr[lexer->at + ahead]
		       : -1;
}

static void advance(struct eql_lexer *lexer, size_t count)
{
	for (; count > 0 && lexer->at < lexer->text.len; count--) {
		unsigned char c = (unsigned char)lexer->text.ptr[lexer->at++];
		if (c == '\n') {
			lexer->line++;
			lexer->column = 1;
		} else if ((c & 0xc0) != 0x80) { /* columns count characters */
			lexer->column++;
		}
	}
}

static bool is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void skip_space(struct eql_lexer *lexer)
{
	for (;;) {
		int c = byte_at(lexer, 0), next = byte_at(lexer, 1);
		if (is_space(c)) {
			advance(lexer, 1);
		} else if (c == '/' && next == '/') {
			while (byte_at(lexer, 0) != '\n' && byte_at(lexer, 0) >= 0)
				advance(lexer, 1);
		} else if (c == '/' && next == '*') {
			struct str rest = str_n(
				lexer->text.ptr + lexer->at + 2, lexer->text.len - lexer->at - 2);
			ptrdiff_t end = str_find(rest, STR("*/"));
			if (end < 0) {
				(void)eql_lex_fail(lexer, lexer->line, lexer->column,
					"this comment has no end; expected '*/'");
				lexer->at = lexer->text.len;
				return;
			}
			advance(lexer, (size_t)end + 4);
		} else {
			return;
		}
	}
}

static size_t name_length(const struct eql_lexer *lexer, size_t start)
{
	size_t len = start;

	while (is_name_start(byte_at(lexer, len)) || is_digit(byte_at(lexer, len)))
		len++;
	return len;
}

static void lex_name(struct eql_lexer *lexer, struct eql_token *token)
{
	size_t len = name_length(lexer, 1);

	if (byte_at(lexer, 0) == '@' &&
		!eql_lex_allow(lexer, token->line, token->column, EQL_AT_NAMES, NULL))
		return;
	if (byte_at(lexer, 0) == '$' &&
		!eql_lex_allow(lexer, token->line, token->column, EQL_DOLLAR_NAMES, NULL))
		return;
	token->type = EQL_T_NAME;
	token->text = str_n(lexer->text.ptr + lexer->at, len);
	if (byte_at(lexer, len) == '~') {
		if (!eql_lex_allow(lexer, token->line, token->column, EQL_TILDE, NULL))
			return;
		token->tilde = true;
		len++;
	}
	advance(lexer, len);
}

bool eql_name_is_plain(struct str name, enum eql_dialect dialect)
{
	if (name.len == 0)
		return false;
	char first = name.ptr[0];
	bool marked = (first == '@' && eql_has(dialect, EQL_AT_NAMES)) ||
		      (first == '$' && eql_has(dialect, EQL_DOLLAR_NAMES));
	if (!is_name_start(first) && !(marked && name.len > 1 && is_name_start(name.ptr[1])))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!is_name_start((unsigned char)name.ptr[i]) &&
			!is_digit((unsigned char)name.ptr[i]))
			return false;
	return true;
}

static void lex_quoted_name(struct eql_lexer *lexer, struct eql_token *token)
{
	size_t len = 1, used = 0;

	for (int c; (c = byte_at(lexer, len)) >= 0 && c != '\n' && c != '\r'; len++)
		if (c == '`' && byte_at(lexer, len + 1) == '`')
			len++;
		else if (c == '`')
			break;
	if (byte_at(lexer, len) != '`') {
		(void)eql_lex_fail(
			lexer, token->line, token->column, "this name has no end; expected '`'");
		return;
	}
	char *copy = arena_alloc(lexer->arena, len);
	if (copy == NULL) {
		(void)eql_lex_no_memory(lexer);
		return;
	}
	for (size_t i = 1; i < len; i++) {
		copy[used++] = lexer->text.ptr[lexer->at + i];
		if (copy[used - 1] == '`')
			i++;
	}
	token->type = EQL_T_QUOTED_NAME;
	token->text = str_n(copy, used);
	if (used == 0)
		(void)eql_lex_fail(lexer, token->line, token->column, "this name is empty");
	advance(lexer, len + 1);
}

/* 12  .5  1.  1e3  1.5e-3 */
static void lex_number(struct eql_lexer *lexer, struct eql_token *token)
{
	size_t len = 0;
	bool fraction = false;

	while (is_digit(byte_at(lexer, len)))
		len++;
	if (byte_at(lexer, len) == '.') {
		fraction = true;
		for (len++; is_digit(byte_at(lexer, len)); len++)
			;
	}
	int e = byte_at(lexer, len), sign = byte_at(lexer, len + 1);
	size_t digits = len + 1 + (sign == '+' || sign == '-');
	if ((e == 'e' || e == 'E') && is_digit(byte_at(lexer, digits))) {
		fraction = true;
		for (len = digits; is_digit(byte_at(lexer, len)); len++)
			;
	}
	struct str text = str_n(lexer->text.ptr + lexer->at, len);
	advance(lexer, len);
	token->type = EQL_T_INTEGER;
	if (!fraction && eql_text_integer(text, &token->integer))
		return;
	token->type = EQL_T_NUMBER;
	if (!eql_text_number(text, &token->number) || !isfinite(token->number))
		(void)eql_lex_fail(
			lexer, token->line, token->column, "this number is too large or too long");
}

static void lex_string(struct eql_lexer *lexer, struct eql_token *token, size_t prefix)
{
	struct eql_quoted quoted;
	struct str rest = str_n(
		lexer->text.ptr + lexer->at + prefix, lexer->text.len - lexer->at - prefix);
	int result;

	if (prefix > 0)
		result = eql_text_scan_raw(rest, &quoted);
	else if (str_starts(rest, STR("\"\"\"")))
		result = eql_text_scan_triple(rest, &quoted);
	else
		result = eql_text_scan(rest, &quoted);
	uint32_t line = token->line, column = token->column;
	if (result != 0) {
		(void)eql_lex_fail(lexer, line, column, "this text has no end in its line");
		return;
	}
	bool allowed = quoted.triple	     ? eql_lex_allow(lexer, line, column, EQL_TRIPLE_QUOTES,
						       "write it with '?' before a single quote")
		       : prefix > 0	     ? eql_lex_allow(lexer, line, column, EQL_QUESTION_RAW,
						       "write \"\"\"…\"\"\"")
		       : rest.ptr[0] == '\'' ? eql_lex_allow(lexer, line, column, EQL_SINGLE_QUOTES,
						       "write \"…\"")
					     : true;
	char *copy = allowed ? arena_alloc(lexer->arena, quoted.inside.len + 1) : NULL;
	if (!allowed || copy == NULL) {
		if (allowed)
			(void)eql_lex_no_memory(lexer);
		return;
	}
	struct eql_unescape_error problem;
	token->type = EQL_T_STRING;
	token->raw = quoted.triple || prefix > 0;
	token->text.ptr = copy;
	if (!eql_text_unescape(&quoted, lexer->dialect, copy, &token->text.len, &problem)) {
		advance(lexer, prefix + (size_t)(quoted.inside.ptr - rest.ptr) + problem.at);
		(void)eql_lex_fail(lexer, lexer->line, lexer->column, "%s", problem.text);
		return;
	}
	advance(lexer, prefix + quoted.length);
}

static void lex_symbol(struct eql_lexer *lexer, struct eql_token *token)
{
	static const struct {
		char text[3];
		uint16_t symbol;
	} pairs[] = {{"==", EQL_S_EQ}, {"!=", EQL_S_NE}, {"<=", EQL_S_LE}, {">=", EQL_S_GE},
		{"![", EQL_S_MISSING}, {"-[", EQL_S_MISSING}};
	int c = byte_at(lexer, 0), next = byte_at(lexer, 1);

	token->type = EQL_T_SYMBOL;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (c == pairs[i].text[0] && next == pairs[i].text[1]) {
			token->symbol = pairs[i].symbol;
			advance(lexer, 2);
			return;
		}
	if (c > 0 && c < 0x80 && strchr("=<>:+-*/%()[],.|?", c) != NULL) {
		token->symbol = (uint16_t)c;
		advance(lexer, 1);
	} else if (c == '!' && next == ':') {
		(void)eql_lex_fail(lexer, token->line, token->column,
			"'!:' is no operator; write 'not' before the field and ':'");
	} else if (c == '!') {
		(void)eql_lex_fail(lexer, token->line, token->column,
			"unexpected '!'; write 'not', '!=', or '![' for a missing event");
	} else if (c > ' ' && c < 0x7f) {
		(void)eql_lex_fail(
			lexer, token->line, token->column, "unexpected character '%c'", c);
	} else {
		(void)eql_lex_fail(lexer, token->line, token->column,
			"unexpected character (byte 0x%02x) outside of quotes", (unsigned)c & 0xff);
	}
}

static void lex_any(struct eql_lexer *lexer, struct eql_token *token)
{
	int c = byte_at(lexer, 0), next = byte_at(lexer, 1);

	if (c < 0)
		return;
	if (is_name_start(c) || ((c == '@' || c == '$') && is_name_start(next)))
		lex_name(lexer, token);
	else if (is_digit(c) || (c == '.' && is_digit(next)))
		lex_number(lexer, token);
	else if (c == '"' || c == '\'')
		lex_string(lexer, token, 0);
	else if (c == '?' && (next == '"' || next == '\''))
		lex_string(lexer, token, 1);
	else if (c == '`')
		lex_quoted_name(lexer, token);
	else
		lex_symbol(lexer, token);
}

struct eql_token eql_lex_next(struct eql_lexer *lexer)
{
	struct eql_token token = {.type = EQL_T_END};

	if (lexer->code == 0)
		skip_space(lexer);
	token.line = lexer->line;
	token.column = lexer->column;
	size_t start = lexer->at;
	if (lexer->code == 0)
		lex_any(lexer, &token);
	if (lexer->code != 0)
		return (struct eql_token){
			.type = EQL_T_END, .line = token.line, .column = token.column};
	token.source = str_n(lexer->text.ptr + start, lexer->at - start);
	return token;
}

bool eql_lex_call_follows(const struct eql_lexer *lexer)
{
	if (!is_name_start(byte_at(lexer, 0)))
		return false;
	size_t len = name_length(lexer, 1);
	if (byte_at(lexer, len) == '~')
		len++;
	return byte_at(lexer, len) == '(';
}

bool eql_lex_number_follows(const struct eql_lexer *lexer)
{
	size_t skip = 0;

	while (is_space(byte_at(lexer, skip)))
		skip++;
	return is_digit(byte_at(lexer, skip));
}
