#include "detect/eql/pattern.h"

#include <string.h>
#include "base/json.h"
#include "base/strmatch.h"

struct str eql_wildcard(struct arena *arena, struct str text, bool question, bool *ret_wild)
{
	char *out = arena_alloc(arena, text.len + 1);
	bool wild = false;

	if (out == NULL)
		return (struct str){0};
	for (size_t i = 0; i < text.len; i++) {
		out[i] = text.ptr[i];
		if (out[i] == '*')
			out[i] = WILD_ANY;
		else if (out[i] == '?' && question)
			out[i] = WILD_ONE;
		else
			continue;
		wild = true;
	}
	*ret_wild = wild;
	return str_n(out, text.len);
}

struct str eql_fold(struct arena *arena, struct str text)
{
	size_t room = FOLD_BYTES(text.len);
	char *out = arena_alloc(arena, room);

	if (out == NULL)
		return (struct str){0};
	size_t len = text.len == 0 ? 0 : fold_text(out, text);
	arena_shrink(arena, out, room, len);
	return str_n(out, len);
}

static size_t char_bytes(struct str text, size_t at)
{
	size_t len = utf8_length(text.ptr + at, text.len - at);

	return len == 0 ? 1 : len;
}

size_t eql_skip(struct str text, size_t count)
{
	size_t at = 0;

	while (at < text.len && count-- > 0)
		at += char_bytes(text, at);
	return at;
}

size_t eql_length(struct str text)
{
	size_t count = 0;

	for (size_t at = 0; at < text.len; at += char_bytes(text, at))
		count++;
	return count;
}

ptrdiff_t eql_find(
	struct str text, size_t from, struct str pattern, bool cased, bool last, size_t *ret_end)
{
	size_t pattern_chars = eql_length(pattern);
	ptrdiff_t found = -1;

	if (!match_contains(str_n(text.ptr + from, text.len - from), pattern, cased))
		return -1;
	for (size_t at = from; at <= text.len; at += char_bytes(text, at)) {
		struct str rest = str_n(text.ptr + at, text.len - at);
		if (match_starts(rest, pattern, cased)) {
			/* Folding keeps the number of characters, not that of bytes. */
			*ret_end = at + (cased ? pattern.len : eql_skip(rest, pattern_chars));
			found = (ptrdiff_t)at;
			if (!last)
				break;
		}
		if (at == text.len)
			break;
	}
	return found;
}

struct str eql_match_pattern(struct arena *arena, const struct str *texts, uint32_t count)
{
	size_t room = 8, len = 0;

	for (uint32_t i = 0; i < count; i++)
		room += texts[i].len + 5;
	char *out = arena_alloc(arena, room);
	if (out == NULL)
		return (struct str){0};
	memcpy(out, "\\A(?:", 5);
	len = 5;
	for (uint32_t i = 0; i < count; i++) {
		memcpy(out + len, i == 0 ? "(?:" : "|(?:", i == 0 ? 3 : 4);
		len += i == 0 ? 3 : 4;
		if (texts[i].len > 0)
			memcpy(out + len, texts[i].ptr, texts[i].len);
		len += texts[i].len;
		out[len++] = ')';
	}
	out[len++] = ')';
	return str_n(out, len);
}
