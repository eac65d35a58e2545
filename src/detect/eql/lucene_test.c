#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/err.h"
#include "detect/eql/pattern.h"

static bool matches(const char *lucene, const char *text)
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
		PCRE2_UTF | PCRE2_DOTALL, &code, &offset, NULL);
	if (regex == NULL)
		fail_msg("%s: '%.*s' has error %d at %zu", lucene, STR_ARG(pattern), code, offset);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int rc = pcre2_match(regex, (PCRE2_SPTR)text, strlen(text), 0, 0, data, NULL);
	assert_true(rc >= 0 || rc == PCRE2_ERROR_NOMATCH);
	pcre2_match_data_free(data);
	pcre2_code_free(regex);
	arena_destroy(&arena);
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
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
