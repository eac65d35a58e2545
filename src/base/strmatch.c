#include "base/strmatch.h"

#include "base/json.h"

/* ---- folding ---- */

struct fold_range {
	uint32_t first, last;
	uint8_t step;
	int32_t add;
};

static const struct fold_range fold_ranges[] = {
#include "base/casefold.inc"
};

#define FOLD_RANGE_COUNT (sizeof(fold_ranges) / sizeof(fold_ranges[0]))

uint32_t fold_char(uint32_t c)
{
	size_t low = 0, high = FOLD_RANGE_COUNT;

	if (c < 0x80)
		return c - 'A' < 26 ? c + 32 : c;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct fold_range *range = &fold_ranges[middle];
		if (c < range->first)
			high = middle;
		else if (c > range->last)
			low = middle + 1;
		else
			return (c - range->first) % range->step == 0
				       ? (uint32_t)((int32_t)c + range->add)
				       : c;
	}
	return c;
}

/* Malformed bytes get numbers behind the last code point, so that they equal only themselves. */
#define NOT_UTF8 0x110000u

static inline uint32_t take_char(const char **at, const char *end)
{
	const unsigned char *p = (const unsigned char *)*at;
	size_t len = utf8_length(*at, (size_t)(end - *at));

	*at += len == 0 ? 1 : len;
	switch (len) {
	case 1:
		return p[0];
	case 2:
		return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
	case 3:
		return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	case 4:
		return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 |
		       (p[3] & 0x3fu);
	default:
		return NOT_UTF8 | p[0];
	}
}

static inline unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;
	return (unsigned char)(u - 'A') < 26 ? u | 32 : u;
}

size_t fold_text(char *out, struct str text)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	size_t len = 0;

	while (at < end) {
		if ((unsigned char)*at < 0x80) {
			out[len++] = (char)lower(*at++);
			continue;
		}
		const char *from = at;
		uint32_t c = take_char(&at, end);
		if (c >= NOT_UTF8)
			out[len++] = *from;
		else
			len += utf8_put(out + len, fold_char(c));
	}
	return len;
}

/* ---- many bytes at once ---- */

typedef unsigned char v16 __attribute__((vector_size(16)));
typedef uint64_t v2x64 __attribute__((vector_size(16)));

static inline v16 load16(const char *at)
{
	v16 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline v16 lower16(v16 v)
{
	return v | ((v16)((v16)(v - 'A') < 26) & 32);
}

static inline v16 splat(unsigned char c)
{
	return (v16){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c};
}

bool text_is_ascii(struct str text)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	v16 seen = {0};
	uint64_t rest = 0;

	for (; end - at >= 64; at += 64)
		seen |= load16(at) | load16(at + 16) | load16(at + 32) | load16(at + 48);
	for (; end - at >= 16; at += 16)
		seen |= load16(at);
	if (end - at >= 8) {
		memcpy(&rest, at, 8);
		at += 8;
	}
	v2x64 halves = (v2x64)seen;
	rest |= halves[0] | halves[1];
	for (; at < end; at++)
		rest |= (unsigned char)*at;
	return (rest & UINT64_C(0x8080808080808080)) == 0;
}

/* ASCII text, folded ASCII pattern. */
static inline bool ascii_same(const char *text, const char *pattern, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(text[i]) != (unsigned char)pattern[i])
			return false;
	return true;
}

/* The first lane where the pattern stands, or -1. */
static ptrdiff_t check_lanes(uint64_t lanes, const char *text, struct str pattern)
{
	for (; lanes != 0; lanes &= lanes - 1) {
		/* One bit per lane is left by the caller, in the lane's lowest bit. */
		size_t lane = (size_t)__builtin_ctzll(lanes) / 8;
		if (ascii_same(text + lane, pattern.ptr, pattern.len))
			return (ptrdiff_t)lane;
	}
	return -1;
}

/* Looks for the pattern's first and last byte at sixteen places at once, then compares. The
 * leftmost place, or -1. The pattern is not empty. */
static ptrdiff_t ascii_find(struct str text, struct str pattern)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	v16 a = splat((unsigned char)pattern.ptr[0]);
	v16 b = splat((unsigned char)pattern.ptr[pattern.len - 1]);
	size_t i = 0;

	if (text.len < pattern.len)
		return -1;
	size_t places = text.len - pattern.len + 1;
	const char *last = text.ptr + pattern.len - 1;
	while (places >= 16 && i < places) {
		if (places - i < 16)
			i = places - 16;
		v16 hit = (v16)(lower16(load16(text.ptr + i)) == a) &
			  (v16)(lower16(load16(last + i)) == b);
		v2x64 halves = (v2x64)hit;
		if ((halves[0] | halves[1]) != 0) {
			ptrdiff_t at = check_lanes(halves[0] & ones, text.ptr + i, pattern);
			if (at >= 0)
				return (ptrdiff_t)i + at;
			at = check_lanes(halves[1] & ones, text.ptr + i + 8, pattern);
			if (at >= 0)
				return (ptrdiff_t)i + 8 + at;
		}
		i += 16;
	}
	for (; i < places; i++)
		if (lower(text.ptr[i]) == (unsigned char)pattern.ptr[0] &&
			ascii_same(text.ptr + i, pattern.ptr, pattern.len))
			return (ptrdiff_t)i;
	return -1;
}

/* ---- comparing ---- */

/* Bytes of text that the folded pattern covers from the text's beginning, or -1. */
static ptrdiff_t prefix_folded(struct str text, struct str pattern)
{
	const char *t = text.ptr, *t_end = text.ptr + text.len;
	const char *p = pattern.ptr, *p_end = pattern.ptr + pattern.len;

	while (p < p_end) {
		if (t >= t_end)
			return -1;
		if ((unsigned char)*t < 0x80) {
			if (lower(*t++) != (unsigned char)*p++)
				return -1;
			continue;
		}
		uint32_t c = take_char(&t, t_end);
		if (fold_char(c) != take_char(&p, p_end))
			return -1;
	}
	return t - text.ptr;
}

bool match_equals(struct str text, struct str pattern, bool cased)
{
	if (cased)
		return str_eq(text, pattern);
	ptrdiff_t used = prefix_folded(text, pattern);
	return used >= 0 && (size_t)used == text.len;
}

bool match_starts(struct str text, struct str pattern, bool cased)
{
	return cased ? str_starts(text, pattern) : prefix_folded(text, pattern) >= 0;
}

/* Start of the character that ends at `end`. Well-formed characters never overlap, so walking
 * backward cuts the text at the same places as walking forward. */
static const char *char_before(const char *begin, const char *end)
{
	for (ptrdiff_t len = 2; len <= 4 && end - begin >= len; len++)
		if (utf8_length(end - len, (size_t)len) == (size_t)len)
			return end - len;
	return end - 1;
}

bool match_ends(struct str text, struct str pattern, bool cased)
{
	if (cased)
		return str_ends(text, pattern);
	const char *t = text.ptr + text.len, *p = pattern.ptr + pattern.len;
	while (p > pattern.ptr) {
		if (t == text.ptr)
			return false;
		if ((unsigned char)t[-1] < 0x80) {
			if (lower(*--t) != (unsigned char)*--p)
				return false;
			continue;
		}
		const char *t_char = char_before(text.ptr, t);
		const char *p_char = char_before(pattern.ptr, p);
		const char *t_at = t_char, *p_at = p_char;
		if (fold_char(take_char(&t_at, t)) != take_char(&p_at, p))
			return false;
		t = t_char;
		p = p_char;
	}
	return true;
}

/* The leftmost place of a pattern that is not empty: *ret_end is the text behind it. */
static bool find_folded(struct str text, bool ascii, struct str pattern, size_t *ret_end)
{
	const char *at = text.ptr, *end = text.ptr + text.len;

	if (ascii) {
		ptrdiff_t place = text_is_ascii(pattern) ? ascii_find(text, pattern) : -1;
		*ret_end = (size_t)place + pattern.len;
		return place >= 0;
	}
	while (at < end) {
		ptrdiff_t used = prefix_folded(str_n(at, (size_t)(end - at)), pattern);
		if (used >= 0) {
			*ret_end = (size_t)(at - text.ptr + used);
			return true;
		}
		(void)take_char(&at, end);
	}
	return false;
}

bool match_contains(struct str text, struct str pattern, bool cased)
{
	size_t end;

	if (pattern.len == 0)
		return true;
	if (cased)
		return str_find(text, pattern) >= 0;
	return find_folded(text, text_is_ascii(text), pattern, &end);
}

static inline uint32_t take_text_char(const char **at, const char *end, bool cased)
{
	if ((unsigned char)**at < 0x80) {
		char c = *(*at)++;
		return cased ? (unsigned char)c : lower(c);
	}
	uint32_t c = take_char(at, end);
	return cased ? c : fold_char(c);
}

/* The general form: character by character. */
static bool wildcard_by_char(struct str text, struct str pattern, bool cased)
{
	const char *t = text.ptr, *t_end = text.ptr + text.len;
	const char *p = pattern.ptr, *p_end = pattern.ptr + pattern.len;
	const char *resume_p = NULL, *resume_t = NULL;

	/* On a mismatch only the latest WILD_ANY needs to take more: whatever an earlier one could
	 * reach, the latest reaches too. */
	while (t < t_end) {
		if (p < p_end && *p == WILD_ANY) {
			resume_p = ++p;
			resume_t = t;
			if (p == p_end)
				return true;
			continue;
		}
		if (p < p_end) {
			uint32_t c = take_text_char(&t, t_end, cased);
			if (*p == WILD_ONE) {
				p++;
				continue;
			}
			if (c == take_char(&p, p_end))
				continue;
		}
		if (resume_p == NULL)
			return false;
		(void)take_char(&resume_t, t_end);
		t = resume_t;
		p = resume_p;
	}
	while (p < p_end && *p == WILD_ANY)
		p++;
	return p == p_end;
}

static bool find_segment(struct str *text, bool ascii, struct str segment, bool cased)
{
	size_t end;

	if (segment.len == 0)
		return true;
	if (cased) {
		ptrdiff_t at = str_find(*text, segment);
		if (at < 0)
			return false;
		end = (size_t)at + segment.len;
	} else if (!find_folded(*text, ascii, segment, &end)) {
		return false;
	}
	*text = str_n(text->ptr + end, text->len - end);
	return true;
}

/* Without WILD_ONE: the first segment begins the text, the last ends it, and every other is taken
 * at its leftmost place, which leaves most room for those behind it. */
static bool wildcard_by_segment(struct str text, struct str pattern, bool cased)
{
	struct str rest = pattern;
	struct str segment = str_cut(&rest, WILD_ANY);
	bool ascii = !cased && text_is_ascii(text);

	if (rest.ptr == NULL)
		return match_equals(text, segment, cased);
	ptrdiff_t used = cased ? (str_starts(text, segment) ? (ptrdiff_t)segment.len : -1)
			       : prefix_folded(text, segment);
	if (used < 0)
		return false;
	text = str_n(text.ptr + used, text.len - (size_t)used);
	for (;;) {
		segment = str_cut(&rest, WILD_ANY);
		if (rest.ptr == NULL)
			return match_ends(text, segment, cased);
		if (!find_segment(&text, ascii, segment, cased))
			return false;
	}
}

bool match_wildcard(struct str text, struct str pattern, bool cased)
{
	if (pattern.len > 0 && memchr(pattern.ptr, WILD_ONE, pattern.len) != NULL)
		return wildcard_by_char(text, pattern, cased);
	return wildcard_by_segment(text, pattern, cased);
}
