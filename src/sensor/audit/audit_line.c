#include "sensor/audit/audit_line.h"

#include <errno.h>
#include <stdlib.h>
#include "sensor/audit/audit_types.h"

#define ENRICHED_MARK	  0x1d
#define ARENA_LIMIT_BYTES ((size_t)8 * 1024 * 1024)

/* What programs chose and the kernel therefore writes in hexadecimal when it holds blanks, quotes
 * or bytes beyond ASCII. Other values that look like hexadecimal are numbers. */
#define T(text)                        \
	{                              \
		text, sizeof(text) - 1 \
	}
static const struct str untrusted[] = {T("acct"), T("cmd"), T("comm"), T("cwd"), T("data"),
	T("device"), T("dir"), T("exe"), T("file"), T("grp"), T("key"), T("name"), T("new_group"),
	T("ocomm"), T("path"), T("proctitle"), T("root_dir"), T("vm"), T("watch"), T("profile"),
	T("new-disk"), T("old-disk")};
#undef T

void audit_line_init(struct audit_line *line)
{
	*line = (struct audit_line){0};
	arena_init(&line->arena, ARENA_LIMIT_BYTES);
}

void audit_line_destroy(struct audit_line *line)
{
	free(line->fields);
	arena_destroy(&line->arena);
	*line = (struct audit_line){0};
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

struct str audit_unhex(struct arena *arena, struct str text)
{
	if (text.len == 0 || text.len % 2 != 0)
		return (struct str){0};
	for (size_t i = 0; i < text.len; i++)
		if (hex_digit(text.ptr[i]) < 0)
			return (struct str){0};
	char *out = arena_alloc(arena, text.len / 2);
	if (out == NULL)
		return (struct str){0};
	for (size_t i = 0; i < text.len / 2; i++)
		out[i] = (char)(hex_digit(text.ptr[2 * i]) * 16 + hex_digit(text.ptr[2 * i + 1]));
	return str_n(out, text.len / 2);
}

bool audit_number(struct str text, unsigned base, uint64_t *ret)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 20)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.ptr[i]);
		if (digit < 0 || (unsigned)digit >= base ||
			__builtin_mul_overflow(value, base, &value) ||
			__builtin_add_overflow(value, (unsigned)digit, &value))
			return false;
	}
	*ret = value;
	return true;
}

bool audit_arg_key(struct str key, unsigned *ret_number, int *ret_piece)
{
	uint64_t number, piece;
	struct str rest = key;

	if (key.len < 2 || key.ptr[0] != 'a' || key.ptr[1] < '0' || key.ptr[1] > '9')
		return false;
	rest.ptr++, rest.len--;
	struct str digits = str_cut(&rest, '[');
	if (!audit_number(digits, 10, &number) || number > AUDIT_FIELDS_MAX)
		return false;
	*ret_piece = -1;
	if (rest.len > 0) {
		rest.len--; /* ']' */
		if (!audit_number(rest, 10, &piece) || piece > AUDIT_FIELDS_MAX)
			return false;
		*ret_piece = (int)piece;
	}
	*ret_number = (unsigned)number;
	return true;
}

static bool may_be_hex(const struct audit_line *line, struct str key)
{
	unsigned number;
	int piece;

	if (audit_arg_key(key, &number, &piece))
		return str_is(line->type, "EXECVE");
	for (size_t i = 0; i < sizeof(untrusted) / sizeof(untrusted[0]); i++)
		if (str_eq(key, untrusted[i]))
			return true;
	return false;
}

/* What the kernel encodes comes in pairs of capital digits. */
static bool is_encoded(struct str value)
{
	if (value.len < 2 || value.len % 2 != 0)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (hex_digit(value.ptr[i]) < 0 || (value.ptr[i] >= 'a' && value.ptr[i] <= 'f'))
			return false;
	return true;
}

/* NUL between the words of a command line becomes a blank. */
static void soften(struct str key, struct str value)
{
	char *text = (char *)(uintptr_t)value.ptr;

	if (!str_is(key, "proctitle") && !str_is(key, "cmd"))
		return;
	for (size_t i = 0; i < value.len; i++)
		if (text[i] == '\0')
			text[i] = ' ';
}

static int add_field(struct audit_line *line, struct str key, struct str value, bool enriched)
{
	if (line->count == AUDIT_FIELDS_MAX) {
		line->dropped++;
		return 0;
	}
	if (line->count == line->capacity) {
		uint32_t capacity = line->capacity == 0 ? 64 : line->capacity * 2;
		struct audit_field *fields = realloc(
			line->fields, capacity * sizeof(*line->fields));
		if (fields == NULL)
			return -ENOMEM;
		line->fields = fields;
		line->capacity = capacity;
	}
	line->fields[line->count++] = (struct audit_field){
		.key = key, .value = value, .enriched = enriched};
	return 0;
}

static int add_bare(struct audit_line *line, struct str key, struct str value, bool enriched)
{
	if (!enriched && is_encoded(value) && may_be_hex(line, key)) {
		struct str decoded = audit_unhex(&line->arena, value);
		if (decoded.ptr != NULL) {
			soften(key, decoded);
			value = decoded;
		}
	}
	if (str_is(value, "(null)") || str_is(value, "(none)"))
		return 0;
	return add_field(line, key, value, enriched);
}

static struct str take_until(struct str *rest, char quote)
{
	rest->ptr++, rest->len--;
	return str_cut(rest, quote);
}

static bool ends_word(char c)
{
	return c == ' ' || c == '\t' || c == ENRICHED_MARK || c == '\n' || c == '\r';
}

/* A word up to a blank, or to stop. */
static size_t word_length(struct str text, char stop)
{
	size_t i = 0;

	while (i < text.len && !ends_word(text.ptr[i]) && (stop == '\0' || text.ptr[i] != stop))
		i++;
	return i;
}

/* Pairs of one level; those inside msg='…' follow with depth 1. */
static int parse_pairs(struct audit_line *line, struct str rest, unsigned depth)
{
	bool enriched = false;
	int code = 0;

	while (rest.len > 0 && code == 0) {
		if (ends_word(rest.ptr[0]) || rest.ptr[0] == ',') {
			enriched |= rest.ptr[0] == ENRICHED_MARK;
			rest.ptr++, rest.len--;
			continue;
		}
		size_t len = word_length(rest, '=');
		struct str key = str_n(rest.ptr, len);
		rest.ptr += len, rest.len -= len;
		if (rest.len == 0 || rest.ptr[0] != '=')
			continue; /* a word, as in "avc:  denied  { read } for" */
		rest.ptr++, rest.len--;
		char first = rest.len > 0 ? rest.ptr[0] : ' ';
		if (first == '"') {
			code = add_field(line, key, take_until(&rest, '"'), enriched);
		} else if (first == '\'') {
			struct str inside = take_until(&rest, '\'');
			code = depth == 0 && str_is(key, "msg")
				       ? parse_pairs(line, inside, 1)
				       : add_field(line, key, inside, enriched);
		} else {
			len = word_length(rest, '\0');
			code = add_bare(line, key, str_n(rest.ptr, len), enriched);
			rest.ptr += len, rest.len -= len;
		}
	}
	return code;
}

/* "audit(1700000000.123:456):" at the begin of *rest. */
static bool parse_stamp(struct audit_line *line, struct str *rest)
{
	uint64_t seconds, ms;
	struct str stamp = *rest;

	if (!str_starts(stamp, STR("audit(")))
		return false;
	stamp.ptr += 6, stamp.len -= 6;
	struct str head = str_cut(&stamp, ')');
	if (stamp.ptr == NULL)
		return false;
	struct str whole = str_cut(&head, '.');
	struct str part = str_cut(&head, ':');
	if (!audit_number(whole, 10, &seconds) || !audit_number(part, 10, &ms) ||
		!audit_number(head, 10, &line->serial) || seconds > UINT32_MAX || ms > 999)
		return false;
	line->time_ns = seconds * 1000000000 + ms * 1000000;
	if (stamp.len > 0 && stamp.ptr[0] == ':')
		stamp.ptr++, stamp.len--;
	*rest = stamp;
	return true;
}

static void reset(struct audit_line *line)
{
	arena_reset(&line->arena);
	line->node = line->type = (struct str){0};
	line->count = line->dropped = 0;
}

int audit_line_parse_message(
	struct audit_line *line, struct str type, struct str text, const char **ret_reason)
{
	reset(line);
	line->type = type;
	if (!parse_stamp(line, &text)) {
		*ret_reason = "no audit(SECONDS.MS:SERIAL)";
		return -EBADMSG;
	}
	return parse_pairs(line, text, 0);
}

int audit_line_parse(struct audit_line *line, struct str text, const char **ret_reason)
{
	reset(line);
	if (str_starts(text, STR("node="))) {
		text.ptr += 5, text.len -= 5;
		line->node = str_cut(&text, ' ');
	}
	if (!str_starts(text, STR("type="))) {
		*ret_reason = "no type=";
		return -EBADMSG;
	}
	text.ptr += 5, text.len -= 5;
	line->type = str_cut(&text, ' ');
	uint64_t number;
	if (audit_number(line->type, 10, &number) && number < 10000) { /* as the kernel logs it */
		const char *name = audit_type_name((unsigned)number);
		line->type = name == NULL ? line->type : str_of(name);
	}
	if (str_starts(text, STR("msg=")))
		text.ptr += 4, text.len -= 4;
	if (line->type.len == 0 || !parse_stamp(line, &text)) {
		*ret_reason = "no msg=audit(SECONDS.MS:SERIAL)";
		return -EBADMSG;
	}
	return parse_pairs(line, text, 0);
}

static struct str find(const struct audit_line *line, const char *key, bool enriched)
{
	struct str wanted = str_of(key);

	for (uint32_t i = 0; i < line->count; i++) {
		const struct audit_field *field = &line->fields[i];
		if (field->key.len == wanted.len && field->enriched == enriched &&
			memcmp(field->key.ptr, wanted.ptr, wanted.len) == 0)
			return field->value;
	}
	return (struct str){0};
}

struct str audit_line_get(const struct audit_line *line, const char *key)
{
	return find(line, key, false);
}

struct str audit_line_enriched(const struct audit_line *line, const char *key)
{
	return find(line, key, true);
}

bool audit_line_u64(const struct audit_line *line, const char *key, unsigned base, uint64_t *ret)
{
	return audit_number(audit_line_get(line, key), base, ret);
}

bool audit_line_i64(const struct audit_line *line, const char *key, int64_t *ret)
{
	struct str text = audit_line_get(line, key);
	bool negative = text.len > 0 && text.ptr[0] == '-';
	uint64_t value;

	if (negative)
		text.ptr++, text.len--;
	if (!audit_number(text, 10, &value) || value > INT64_MAX)
		return false;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return true;
}
