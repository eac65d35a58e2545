/* Hostile text against every way of comparing it: folding, wildcards, addresses, regular
 * expressions' required literals. What must agree with itself is checked. */
#include <stdlib.h>
#include <string.h>
#include "base/ip.h"
#include "base/strmatch.h"
#include "detect/rule/literal.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(struct str text, struct str operand, bool cased)
{
	char folded[FOLD_BYTES(4096)], pattern[FOLD_BYTES(4096) + 2];
	struct str p = cased ? operand : str_n(folded, fold_text(folded, operand));

	bool equals = match_equals(text, p, cased), contains = match_contains(text, p, cased);
	bool starts = match_starts(text, p, cased), ends = match_ends(text, p, cased);
	check(!equals || (starts && ends && text.len * 2 >= p.len));
	check(!(starts || ends) || contains);
	check(match_contains(text, p, cased) == contains);
	(void)match_wildcard(text, p, cased);
	if (memchr(p.ptr, WILD_ANY, p.len) != NULL || memchr(p.ptr, WILD_ONE, p.len) != NULL)
		return;
	check(match_wildcard(text, p, cased) == equals);
	pattern[0] = pattern[p.len + 1] = WILD_ANY;
	memcpy(pattern + 1, p.ptr, p.len);
	check(match_wildcard(text, str_n(pattern, p.len + 2), cased) == contains);
	check(match_wildcard(text, str_n(pattern, p.len + 1), cased) == ends);
	check(match_wildcard(text, str_n(pattern + 1, p.len + 1), cased) == starts);
}

static void check_address(struct str text)
{
	char out[IP_TEXT_BYTES];
	struct cidr cidr;
	struct ip ip, again;

	if (ip_parse(text, &ip)) {
		check(ip_parse(str_n(out, ip_format(&ip, out)), &again));
		check(again.len == ip.len && memcmp(again.bytes, ip.bytes, ip.len) == 0);
	}
	if (cidr_parse(text, &cidr))
		check(cidr_match(&cidr, &cidr.ip));
}

static void check_regex(struct str pattern)
{
	struct arena arena;
	struct literals literals;

	arena_init(&arena, 1 << 20);
	if (regex_literals(pattern, &arena, &literals) == 0)
		for (uint32_t i = 0; i < literals.count; i++)
			check(literals.items[i].len > 0);
	arena_destroy(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 4096)
		return 0;
	/* The first zero byte parts the text from the operand. */
	struct str all = str_n((const char *)data + 1, size - 1);
	struct str text = str_cut(&all, '\0');
	if (text.ptr == NULL || all.ptr == NULL)
		return 0;
	check_text(text, all, data[0] & 1);
	check_address(text);
	check_regex(all);
	return 0;
}
