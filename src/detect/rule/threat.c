#include "detect/rule/threat.h"

#include <ctype.h>
#include <stdlib.h>

bool threat_is_technique(struct str s)
{
	if (s.len < 5 || (s.ptr[0] != 't' && s.ptr[0] != 'T'))
		return false;
	for (size_t i = 1; i < s.len; i++)
		if (!isdigit((unsigned char)s.ptr[i]) && !(s.ptr[i] == '.' && i == 5))
			return false;
	return s.len == 5 || s.len == 9;
}

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == ' ';
}

bool threat_is_tactic(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isalpha((unsigned char)s.ptr[i]) && !is_separator(s.ptr[i]))
			return false;
	return s.len > 0;
}

struct str threat_technique(struct arena *arena, struct str text)
{
	char *copy = arena_cstr(arena, text);

	if (copy == NULL)
		return (struct str){0};
	for (size_t i = 0; i < text.len; i++)
		copy[i] = (char)toupper((unsigned char)copy[i]);
	return str_n(copy, text.len);
}

struct str threat_tactic(struct arena *arena, struct str text)
{
	char *copy = arena_cstr(arena, text);

	if (copy == NULL)
		return (struct str){0};
	for (size_t i = 0; i < text.len; i++)
		copy[i] = is_separator(copy[i]) ? '-' : (char)tolower((unsigned char)copy[i]);
	return str_n(copy, text.len);
}

static int compare_texts(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->ptr, y->ptr, len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

uint32_t threat_sort_unique(struct str *texts, uint32_t count)
{
	uint32_t kept = 0;

	qsort(texts, count, sizeof(*texts), compare_texts);
	for (uint32_t i = 0; i < count; i++)
		if (kept == 0 || !str_eq(texts[kept - 1], texts[i]))
			texts[kept++] = texts[i];
	return kept;
}
