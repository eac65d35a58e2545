#include "detect/sigma/pattern.h"

#include <errno.h>
#include "base/err.h"

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

static int make(struct arena *arena, size_t units, struct pattern *ret, struct err *err)
{
	if (units > PATTERN_UNITS_MAX)
		return err_set(err, -E2BIG, "value too long");
	uint16_t *room = arena_alloc(arena, units * sizeof(*room));
	if (room == NULL)
		return no_memory(err);
	*ret = (struct pattern){.units = room};
	return 0;
}

int pattern_parse(struct arena *arena, struct str text, struct pattern *ret, struct err *err)
{
	struct pattern p;
	int rc = make(arena, text.len, &p, err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		char next = i + 1 < text.len ? text.ptr[i + 1] : '\0';
		if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
			p.units[p.len++] = (unsigned char)next;
			i++;
		} else if (c == '*') {
			p.units[p.len++] = PATTERN_ANY;
		} else if (c == '?') {
			p.units[p.len++] = PATTERN_ONE;
		} else {
			p.units[p.len++] = c;
		}
	}
	*ret = p;
	return 0;
}

int pattern_literal(struct arena *arena, struct str text, struct pattern *ret, struct err *err)
{
	struct pattern p;
	int rc = make(arena, text.len, &p, err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < text.len; i++)
		p.units[p.len++] = (unsigned char)text.ptr[i];
	*ret = p;
	return 0;
}

static bool is_wildcard(uint16_t unit)
{
	return unit == PATTERN_ANY || unit == PATTERN_ONE;
}

bool pattern_has_wildcard(const struct pattern *pattern)
{
	for (uint32_t i = 0; i < pattern->len; i++)
		if (is_wildcard(pattern->units[i]))
			return true;
	return false;
}

int pattern_list_add(
	struct arena *arena, struct pattern_list *list, struct pattern pattern, struct err *err)
{
	if (list->count == PATTERN_LIST_MAX)
		return err_set(err, -E2BIG, "one value expands to more than %d", PATTERN_LIST_MAX);
	if (list->count == list->capacity) {
		uint32_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
		struct pattern *items = arena_alloc(arena, capacity * sizeof(*items));
		if (items == NULL)
			return no_memory(err);
		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = pattern;
	return 0;
}

int pattern_open(
	struct arena *arena, struct pattern *pattern, bool begin, bool end, struct err *err)
{
	struct pattern p;
	int rc = make(arena, (size_t)pattern->len + 2, &p, err);

	if (rc != 0)
		return rc;
	if (begin && (pattern->len == 0 || pattern->units[0] != PATTERN_ANY))
		p.units[p.len++] = PATTERN_ANY;
	for (uint32_t i = 0; i < pattern->len; i++)
		p.units[p.len++] = pattern->units[i];
	if (end && (p.len == 0 || p.units[p.len - 1] != PATTERN_ANY))
		p.units[p.len++] = PATTERN_ANY;
	*pattern = p;
	return 0;
}

/* The code point at units[*at], which moves behind it; 0xFFFD for what is no UTF-8. */
static uint32_t take_code_point(const struct pattern *p, uint32_t *at)
{
	uint16_t first = p->units[(*at)++];
	unsigned more = first < 0xc2   ? 0
			: first < 0xe0 ? 1
			: first < 0xf0 ? 2
			: first < 0xf5 ? 3
				       : 0;
	uint32_t code = more == 0 ? first : first & (0x3fu >> more);

	if (first < 0x80)
		return first;
	if (more == 0)
		return 0xfffd;
	for (; more > 0; more--) {
		if (*at >= p->len || p->units[*at] < 0x80 || p->units[*at] > 0xbf)
			return 0xfffd;
		code = code << 6 | (p->units[(*at)++] & 0x3fu);
	}
	return code;
}

static void put_unit16(struct pattern *p, uint32_t unit, bool big_endian)
{
	p->units[p->len++] = (uint16_t)(big_endian ? unit >> 8 & 0xff : unit & 0xff);
	p->units[p->len++] = (uint16_t)(big_endian ? unit & 0xff : unit >> 8 & 0xff);
}

int pattern_encode_wide(
	struct arena *arena, struct pattern *pattern, enum pattern_wide form, struct err *err)
{
	struct pattern p;
	bool big = form == PATTERN_UTF16BE;
	int rc = make(arena, (size_t)pattern->len * 2 + 1, &p, err);

	if (rc != 0)
		return rc;
	if (form == PATTERN_UTF16)
		p.units[p.len++] = PATTERN_BOM;
	for (uint32_t i = 0; i < pattern->len;) {
		if (pattern->units[i] > 255) {
			p.units[p.len++] = pattern->units[i++];
			continue;
		}
		uint32_t code = take_code_point(pattern, &i);
		if (code > 0xffff) {
			put_unit16(&p, 0xd800 + ((code - 0x10000) >> 10), big);
			put_unit16(&p, 0xdc00 + ((code - 0x10000) & 0x3ff), big);
		} else {
			put_unit16(&p, code, big);
		}
	}
	*pattern = p;
	return 0;
}

/* The bytes as encoders see them, behind `shift` blanks. */
static int encoder_input(struct arena *arena, const struct pattern *pattern, uint32_t shift,
	struct pattern *ret, struct err *err)
{
	struct pattern p;

	if (pattern_has_wildcard(pattern))
		return err_set(err, -EINVAL, "base64 of a value with wildcards");
	int rc = make(arena, (size_t)pattern->len + shift + 1, &p, err);
	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < shift; i++)
		p.units[p.len++] = ' ';
	for (uint32_t i = 0; i < pattern->len; i++) {
		if (pattern->units[i] == PATTERN_BOM) {
			p.units[p.len++] = 0xff;
			p.units[p.len++] = 0xfe;
		} else {
			p.units[p.len++] = pattern->units[i];
		}
	}
	*ret = p;
	return 0;
}

static int base64(
	struct arena *arena, const struct pattern *in, struct pattern *ret, struct err *err)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct pattern p;
	int rc = make(arena, ((size_t)in->len + 2) / 3 * 4, &p, err);

	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < in->len; i += 3) {
		uint32_t left = in->len - i;
		uint32_t bits = (uint32_t)in->units[i] << 16;
		if (left > 1)
			bits |= (uint32_t)in->units[i + 1] << 8;
		if (left > 2)
			bits |= in->units[i + 2];
		p.units[p.len++] = (unsigned char)alphabet[bits >> 18];
		p.units[p.len++] = (unsigned char)alphabet[bits >> 12 & 63];
		p.units[p.len++] = left > 1 ? (unsigned char)alphabet[bits >> 6 & 63] : '=';
		p.units[p.len++] = left > 2 ? (unsigned char)alphabet[bits & 63] : '=';
	}
	*ret = p;
	return 0;
}

int pattern_encode_base64(struct arena *arena, struct pattern *pattern, struct err *err)
{
	struct pattern in;
	int rc = encoder_input(arena, pattern, 0, &in, err);

	return rc != 0 ? rc : base64(arena, &in, pattern, err);
}

int pattern_base64_offsets(struct arena *arena, const struct pattern *pattern,
	struct pattern_list *ret, struct err *err)
{
	/* Characters that also depend on the bytes before and behind. */
	static const uint32_t cut_begin[3] = {0, 2, 3}, cut_end[3] = {0, 3, 2};

	for (uint32_t shift = 0; shift < 3; shift++) {
		struct pattern in, out;
		int rc = encoder_input(arena, pattern, shift, &in, err);
		if (rc == 0)
			rc = base64(arena, &in, &out, err);
		if (rc != 0)
			return rc;
		uint32_t cut = cut_begin[shift] + cut_end[in.len % 3];
		if (out.len <= cut)
			return err_set(err, -EINVAL, "base64offset of a value too short");
		out.units += cut_begin[shift];
		out.len -= cut;
		rc = pattern_list_add(arena, ret, out, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static bool is_word(uint16_t unit)
{
	return (unit >= '0' && unit <= '9') || (unit >= 'A' && unit <= 'Z') ||
	       (unit >= 'a' && unit <= 'z') || unit == '_' || (unit >= 0x80 && unit <= 0xff);
}

static bool is_option_dash(const struct pattern *p, uint32_t i)
{
	return (p->units[i] == '-' || p->units[i] == '/') &&
	       (i == 0 || !is_word(p->units[i - 1])) && i + 1 < p->len && is_word(p->units[i + 1]);
}

int pattern_windash(struct arena *arena, const struct pattern *pattern, struct pattern_list *ret,
	struct err *err)
{
	static const char *const dashes[] = {"-", "/", "\u2013", "\u2014", "\u2015"};
	enum { DASHES = sizeof(dashes) / sizeof(dashes[0]) };
	uint32_t combinations = 1;

	for (uint32_t i = 0; i < pattern->len; i++)
		if (is_option_dash(pattern, i) && (combinations *= DASHES) > PATTERN_LIST_MAX)
			return err_set(err, -E2BIG, "windash over more than five options");
	for (uint32_t choice = 0; choice < combinations; choice++) {
		struct pattern p;
		uint32_t digits = choice;
		int rc = make(arena, (size_t)pattern->len + 16, &p, err);
		if (rc != 0)
			return rc;
		for (uint32_t i = 0; i < pattern->len; i++) {
			if (!is_option_dash(pattern, i)) {
				p.units[p.len++] = pattern->units[i];
				continue;
			}
			for (const char *c = dashes[digits % DASHES]; *c != '\0'; c++)
				p.units[p.len++] = (unsigned char)*c;
			digits /= DASHES;
		}
		rc = pattern_list_add(arena, ret, p, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* ---- placeholders ---- */

static bool is_name(uint16_t unit)
{
	return is_word(unit) && unit < 0x80;
}

/* The placeholder that begins at units[i]: its length with both percent signs, or 0. */
static uint32_t placeholder_length(const struct pattern *p, uint32_t i)
{
	uint32_t end = i + 1;

	if (p->units[i] != '%')
		return 0;
	while (end < p->len && is_name(p->units[end]))
		end++;
	return end > i + 1 && end < p->len && p->units[end] == '%' ? end + 1 - i : 0;
}

static const struct sigma_placeholder *find(const struct pattern *p, uint32_t at, uint32_t length,
	const struct sigma_placeholder *placeholders, uint32_t count)
{
	for (uint32_t k = 0; k < count; k++) {
		struct str name = placeholders[k].name;
		uint32_t i = 0;
		while (i < name.len && i < length && p->units[at + i] == (unsigned char)name.ptr[i])
			i++;
		if (i == name.len && i == length)
			return &placeholders[k];
	}
	return NULL;
}

static int unknown(const struct pattern *p, uint32_t at, uint32_t length, struct err *err)
{
	char name[64];
	uint32_t len = length < sizeof(name) - 1 ? length : (uint32_t)sizeof(name) - 1;

	for (uint32_t i = 0; i < len; i++)
		name[i] = (char)p->units[at + i];
	name[len] = '\0';
	return err_set(err, -EINVAL, "no values for placeholder %%%s%%", name);
}

static int as_regex(struct arena *arena, struct pattern *p, struct err *err)
{
	struct pattern out;
	int rc = make(arena, (size_t)p->len * 2, &out, err);

	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < p->len; i++) {
		if (is_wildcard(p->units[i])) {
			out.units[out.len++] = '.';
			if (p->units[i] == PATTERN_ANY)
				out.units[out.len++] = '*';
			continue;
		}
		if (p->units[i] < 0x80 && !is_word(p->units[i]))
			out.units[out.len++] = '\\';
		out.units[out.len++] = p->units[i];
	}
	*p = out;
	return 0;
}

/* head, one value, and the units from tail on. */
static int splice(struct arena *arena, const struct pattern *p, uint32_t head, uint32_t tail,
	struct str value, bool in_regex, struct pattern *ret, struct err *err)
{
	struct pattern middle, out;
	int rc = pattern_parse(arena, value, &middle, err);

	if (rc == 0 && in_regex)
		rc = as_regex(arena, &middle, err);
	if (rc == 0)
		rc = make(arena, (size_t)p->len + middle.len, &out, err);
	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < head; i++)
		out.units[out.len++] = p->units[i];
	for (uint32_t i = 0; i < middle.len; i++)
		out.units[out.len++] = middle.units[i];
	for (uint32_t i = tail; i < p->len; i++)
		out.units[out.len++] = p->units[i];
	*ret = out;
	return 0;
}

/* The first placeholder from *at on; drops the backslash of "\%" on the way. */
static uint32_t next_placeholder(struct pattern *p, uint32_t *at)
{
	for (uint32_t i = *at; i < p->len; i++) {
		if (p->units[i] == '\\' && i + 1 < p->len && p->units[i + 1] == '%') {
			memmove(&p->units[i], &p->units[i + 1],
				(p->len - i - 1) * sizeof(*p->units));
			p->len--;
			continue;
		}
		uint32_t length = placeholder_length(p, i);
		if (length > 0) {
			*at = i;
			return length;
		}
	}
	*at = p->len;
	return 0;
}

int pattern_expand(struct arena *arena, const struct pattern *pattern,
	const struct sigma_placeholder *placeholders, uint32_t placeholder_count, bool in_regex,
	struct pattern_list *ret, struct err *err)
{
	/* Work list of patterns that are done up to `from`; values are not expanded again. */
	struct pattern_list open = {0};
	uint32_t *from = arena_alloc(arena, PATTERN_LIST_MAX * sizeof(*from));
	struct pattern copy;
	int rc = from == NULL ? no_memory(err) : make(arena, pattern->len, &copy, err);

	if (rc != 0)
		return rc;
	memcpy(copy.units, pattern->units, pattern->len * sizeof(*copy.units));
	copy.len = pattern->len;
	from[0] = 0;
	rc = pattern_list_add(arena, &open, copy, err);
	for (uint32_t k = 0; rc == 0 && k < open.count; k++) {
		struct pattern p = open.items[k];
		uint32_t at = from[k], length = next_placeholder(&p, &at);
		if (length == 0) {
			rc = pattern_list_add(arena, ret, p, err);
			continue;
		}
		const struct sigma_placeholder *values = find(
			&p, at + 1, length - 2, placeholders, placeholder_count);
		if (values == NULL)
			return unknown(&p, at + 1, length - 2, err);
		for (uint32_t v = 0; rc == 0 && v < values->value_count; v++) {
			struct pattern spliced;
			rc = splice(arena, &p, at, at + length, values->values[v], in_regex,
				&spliced, err);
			if (rc == 0)
				rc = pattern_list_add(arena, &open, spliced, err);
			if (rc == 0)
				from[open.count - 1] = at + spliced.len - (p.len - length);
		}
	}
	return rc;
}

/* ---- results ---- */

/* Bytes of units [begin, end) with wildcards as WILD_ANY and WILD_ONE. */
static int to_text(struct arena *arena, const struct pattern *p, uint32_t begin, uint32_t end,
	bool wild, struct str *ret, struct err *err)
{
	char *text = arena_alloc(arena, (size_t)(end - begin) * 3 + 1);
	size_t len = 0;

	if (text == NULL)
		return no_memory(err);
	for (uint32_t i = begin; i < end; i++) {
		uint16_t unit = p->units[i];
		if (unit == PATTERN_ANY || unit == PATTERN_ONE) {
			text[len++] = unit == PATTERN_ANY ? WILD_ANY : WILD_ONE;
		} else if (unit == PATTERN_BOM) {
			memcpy(text + len, "\xef\xbb\xbf", 3); /* as text carries the mark */
			len += 3;
		} else if (wild && unit >= 0xfe) {
			return err_set(err, -EINVAL, "wildcards beside bytes that are no text");
		} else {
			text[len++] = (char)unit;
		}
	}
	text[len] = '\0';
	*ret = str_n(text, len);
	return 0;
}

int pattern_bytes(
	struct arena *arena, const struct pattern *pattern, struct str *ret, struct err *err)
{
	if (pattern_has_wildcard(pattern))
		return err_set(err, -EINVAL, "wildcards are not possible here");
	return to_text(arena, pattern, 0, pattern->len, false, ret, err);
}

int pattern_to_atom(
	struct arena *arena, const struct pattern *pattern, struct atom *atom, struct err *err)
{
	uint32_t begin = 0, end = pattern->len;
	bool inner = false;

	if (end == 0) {
		atom->op = ATOM_EMPTY;
		return 0;
	}
	while (begin < end && pattern->units[begin] == PATTERN_ANY)
		begin++;
	while (end > begin && pattern->units[end - 1] == PATTERN_ANY)
		end--;
	if (begin == end) {
		atom->op = ATOM_EXISTS;
		return 0;
	}
	for (uint32_t i = begin; i < end; i++)
		inner |= is_wildcard(pattern->units[i]);
	bool open_begin = begin > 0, open_end = end < pattern->len;
	if (inner) {
		atom->op = ATOM_WILDCARD;
		begin -= open_begin; /* a run of stars is one star */
		end += open_end;
	} else if (open_begin) {
		atom->op = open_end ? ATOM_CONTAINS : ATOM_ENDS;
	} else {
		atom->op = open_end ? ATOM_STARTS : ATOM_EQUALS;
	}
	return to_text(arena, pattern, begin, end, inner, &atom->text, err);
}

int pattern_to_keyword(
	struct arena *arena, const struct pattern *pattern, struct str *ret, struct err *err)
{
	uint32_t begin = 0, end = pattern->len;

	while (begin < end && pattern->units[begin] == PATTERN_ANY)
		begin++;
	while (end > begin && pattern->units[end - 1] == PATTERN_ANY)
		end--;
	return to_text(arena, pattern, begin, end, true, ret, err);
}
