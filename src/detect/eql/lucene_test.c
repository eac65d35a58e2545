#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/buf.h"
#include "base/err.h"
#include "detect/eql/pattern.h"

static int run(pcre2_code *regex, const char *text)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int rc = pcre2_match(regex, (PCRE2_SPTR)text, strlen(text), 0, 0, data, NULL);

	pcre2_match_data_free(data);
	return rc;
}

static pcre2_code *translate(const char *lucene)
{
	struct arena arena;
	struct err err = {0};
	struct str pattern;
	PCRE2_SIZE offset;
	int code;

	arena_init(&arena, 0);
	if (eql_lucene(&arena, str_of(lucene), &pattern, &err) != 0)
		fail_msg("%s: %s", lucene, err.text);
	pcre2_code *regex = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len,
		PCRE2_UTF | PCRE2_DOTALL | PCRE2_MATCH_INVALID_UTF, &code, &offset, NULL);
	if (regex == NULL)
		fail_msg("%s: '%.*s' has error %d at %zu", lucene, STR_ARG(pattern), code, offset);
	arena_destroy(&arena);
	return regex;
}

/* Interpreted, and compiled as the predicate machine has it: the same. */
static bool matches(const char *lucene, const char *text)
{
	pcre2_code *regex = translate(lucene);
	int rc = run(regex, text);

	assert_true(rc >= 0 || rc == PCRE2_ERROR_NOMATCH);
	if (pcre2_jit_compile(regex, PCRE2_JIT_COMPLETE) == 0)
		assert_int_equal(run(regex, text) >= 0, rc >= 0);
	pcre2_code_free(regex);
	return rc >= 0;
}

static void test_matches(void **state)
{
	/* pattern, texts that match, NULL, texts that do not */
	static const struct {
		const char *pattern;
		const char *yes[6], *no[6];
	} cases[] = {
		{"abc", {"abc"}, {"abcd", "xabc", "ABC"}},
		{"", {""}, {"a"}},
		{"ab.", {"abc", "ab\n", "ab\xc3\xa4"}, {"ab", "abcd"}},
		{"abc?", {"ab", "abc"}, {"abcc"}},
		{"a.*?b", {"ab", "axxb", "abab"}, {"a"}},
		{"a{2,3}", {"aa", "aaa"}, {"a", "aaaa"}},
		{"a{2}{2}", {"aaaa"}, {"aa", "aaa"}},
		{"a{2,}", {"aa", "aaaaa"}, {"a"}},
		{"a{3,2}", {NULL}, {"aa", "aaa", ""}},
		{"abc|xyz", {"abc", "xyz"}, {"abcxyz", "abxyz"}},
		{"ab(cd|ef)?", {"ab", "abcd", "abef"}, {"abcdef"}},
		{"()", {""}, {"x"}},
		{"^a$", {"^a$"}, {"a"}},
		{"(?:a)", {"?:a"}, {"a"}},
		{"*a", {"*a"}, {"a"}},
		{"[a-c-]", {"a", "c", "-"}, {"d", "ab"}},
		{"[^a-c]", {"d", "\n"}, {"a", ""}},
		{"[-a]", {"-", "a"}, {"b"}},
		{"[\\]\\-]", {"]", "-"}, {"\\"}},
		{"[]a]", {"]", "a"}, {"b"}},
		{"[\\d.]+", {"1.2"}, {"1a"}},
		{"[\\s\\S]*", {"", "a b\xc3\xa4\v"}, {NULL}},
		{"\\w+\\.\\d", {"a_9.1"}, {"\xc3\xa4.1", "a.x"}},
		{"\\s", {" ", "\t", "\n"}, {"\v", "a"}},
		{"[\\\\/]", {"\\", "/"}, {"a"}},
		{"\\.\\*\\\"", {".*\""}, {"x*\""}},
		{"a\"b.c\"d", {"ab.cd"}, {"abxcd"}},
		{"@", {"", "anything\n"}, {NULL}},
		{"a@b", {"ab", "axb"}, {"a"}},
		{"#|abc", {"abc"}, {"", "#"}},
		{"\\#\\@\\&\\~\\<", {"#@&~<"}, {"#"}},
		{"foo<1-100>", {"foo1", "foo100", "foo42", "foo007"}, {"foo0", "foo101", "foo"}},
		{"<01-10>", {"01", "09", "10"}, {"1", "11", "010", "00"}},
		{"<7-7>", {"7"}, {"07", "8"}},
		{"<95-1203>", {"95", "99", "100", "999", "1203", "01000"},
			{"94", "1204", "9", "2000", "995000"}},
		{"<1203-1199>", {"1199", "1200", "1203"}, {"1198", "1204"}},
		{"aaa.+&.+bbb", {"aaabbb", "aaaxbbb"}, {"aaab", "aabbb", "aaa"}},
		{"x(a+&..)y", {"xaay"}, {"xay", "xaaay", "xaby"}},
		{"[a-z]+&[^x]+&...", {"abc"}, {"axc", "ab", "ABC"}},
		{"a~bc", {"adc", "aec", "ac", "abbc"}, {"abc"}},
		{"~(ab)", {"", "a", "abc", "xab"}, {"ab"}},
		{"~~(ab)", {"ab"}, {"", "a"}},
		{"@&~(abc.+)", {"abc", "x", ""}, {"abcd", "abcde"}},
		{"(~a)*", {"b", "aa", ""}, {"a"}},
		{"~(.*evil.*)", {"good", ""}, {"evil", "an evil one"}},
		{"x~(b*)y", {"xay", "xbay"}, {"xy", "xby", "xbby"}},
		{"\xc3\xa4+", {"\xc3\xa4\xc3\xa4"}, {"a"}},
		{".*/tmp/[^/]*\\.(sh|py)", {"/tmp/a.sh", "/x/tmp/.py"}, {"/tmp/a/b.sh"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t k = 0; k < 6 && cases[i].yes[k] != NULL; k++)
			if (!matches(cases[i].pattern, cases[i].yes[k]))
				fail_msg("%s misses '%s'", cases[i].pattern, cases[i].yes[k]);
		for (size_t k = 0; k < 6 && cases[i].no[k] != NULL; k++)
			if (matches(cases[i].pattern, cases[i].no[k]))
				fail_msg("%s matches '%s'", cases[i].pattern, cases[i].no[k]);
	}
}

/* Every number against every interval of up to three digits. */
static void test_intervals(void **state)
{
	static const int bounds[] = {0, 1, 7, 9, 10, 19, 20, 87, 99, 100, 109, 200, 999};
	size_t count = sizeof(bounds) / sizeof(bounds[0]);
	char pattern[64], text[16];

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t k = i; k < count; k++) {
			(void)snprintf(pattern, sizeof(pattern), "<%d-%d>", bounds[i], bounds[k]);
			for (int number = 0; number < 1100; number += number < 120 ? 1 : 37) {
				(void)snprintf(text, sizeof(text), "%d", number);
				bool inside = number >= bounds[i] && number <= bounds[k];
				if (matches(pattern, text) != inside)
					fail_msg("%s and %s", pattern, text);
			}
		}
}

/* ---- random patterns, against their definition ---- */

enum kind { CHAR, ANY, ANYSTRING, NOTHING, CONCAT, UNION, INTERSECTION, COMPLEMENT, REPEAT };

struct pattern {
	enum kind kind;
	char c;
	int least, most;
	struct pattern *a, *b;
};

static uint32_t seed = 1;

static unsigned next(unsigned limit)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % limit;
}

static struct pattern *grow(struct pattern *pool, unsigned *used, unsigned depth)
{
	struct pattern *p = &pool[(*used)++];

	*p = (struct pattern){
		.kind = (enum kind)next(depth == 0 ? 2 : 9), .c = (char)('a' + next(2))};
	if (p->kind >= CONCAT)
		p->a = grow(pool, used, depth - 1);
	if (p->kind >= CONCAT && p->kind <= INTERSECTION)
		p->b = grow(pool, used, depth - 1);
	p->least = (int)next(3);
	p->most = p->least + (int)next(3);
	return p;
}

static void print(struct buf *out, const struct pattern *p)
{
	static const char *const between[] = {[CONCAT] = "", [UNION] = "|", [INTERSECTION] = "&"};

	switch (p->kind) {
	case CHAR:
		buf_char(out, p->c);
		return;
	case ANY:
		buf_char(out, '.');
		return;
	case ANYSTRING:
		buf_char(out, '@');
		return;
	case NOTHING:
		buf_char(out, '#');
		return;
	case COMPLEMENT:
		buf_cstr(out, "~(");
		print(out, p->a);
		buf_char(out, ')');
		return;
	case REPEAT:
		buf_char(out, '(');
		print(out, p->a);
		buf_printf(out, "){%d,%d}", p->least, p->most);
		return;
	default:
		buf_char(out, '(');
		print(out, p->a);
		buf_cstr(out, between[p->kind]);
		print(out, p->b);
		buf_char(out, ')');
	}
}

static bool spans(const struct pattern *p, const char *text, size_t from, size_t to);

static bool repeats(const struct pattern *p, const char *text, size_t from, size_t to, int count)
{
	if (count >= p->least && from == to)
		return true;
	if (count == p->most)
		return false;
	for (size_t cut = from; cut <= to; cut++)
		if (spans(p->a, text, from, cut) && repeats(p, text, cut, to, count + 1))
			return true;
	return false;
}

/* Is this piece of the text in the pattern's language? */
static bool spans(const struct pattern *p, const char *text, size_t from, size_t to)
{
	switch (p->kind) {
	case CHAR:
		return to == from + 1 && text[from] == p->c;
	case ANY:
		return to == from + 1;
	case ANYSTRING:
		return true;
	case NOTHING:
		return false;
	case UNION:
		return spans(p->a, text, from, to) || spans(p->b, text, from, to);
	case INTERSECTION:
		return spans(p->a, text, from, to) && spans(p->b, text, from, to);
	case COMPLEMENT:
		return !spans(p->a, text, from, to);
	case REPEAT:
		return repeats(p, text, from, to, 0);
	default:
		break;
	}
	for (size_t cut = from; cut <= to; cut++)
		if (spans(p->a, text, from, cut) && spans(p->b, text, cut, to))
			return true;
	return false;
}

static void test_random(void **state)
{
	static const char *const texts[] = {
		"", "a", "b", "aa", "ab", "ba", "bb", "aab", "aba", "bab", "abba", "baab"};
	struct pattern pool[64];
	struct buf out = {0};

	(void)state;
	for (int round = 0; round < 1500; round++) {
		unsigned used = 0;
		struct pattern *p = grow(pool, &used, 3);
		buf_clear(&out);
		print(&out, p);
		buf_char(&out, '\0');
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			if (matches(out.ptr, texts[i]) != spans(p, texts[i], 0, strlen(texts[i])))
				fail_msg("%s and '%s'", out.ptr, texts[i]);
	}
	buf_destroy(&out);
}

static void test_refused(void **state)
{
	static const char *const wrong[] = {"(a", "a)", "[a", "[b-a]", "[]", "a{", "a{x}", "a{1",
		"a|", "a&", "~", "\"a", "<1", "<a-b>", "<1-2-3>", "<name>", "a\\", "\\b", "\\n",
		"[\\q]", "a{1001}", "\xff", "<1-99999999999>", "()|"};
	struct arena arena;
	struct str pattern;

	(void)state;
	arena_init(&arena, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = {0};
		if (eql_lucene(&arena, str_of(wrong[i]), &pattern, &err) != -EINVAL ||
			!str_starts(str_of(err.text), STR("regular expression '")))
			fail_msg("%s was taken: %s", wrong[i], err.text);
	}
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_intervals),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
