#include "base/strmatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/json.h"

static struct str folded(char *out, struct str text)
{
	return str_n(out, fold_text(out, text));
}

static bool contains(const char *text, const char *pattern)
{
	char out[256];
	return match_contains(str_of(text), folded(out, str_of(pattern)), false);
}

static bool ends(const char *text, const char *pattern)
{
	char out[256];
	return match_ends(str_of(text), folded(out, str_of(pattern)), false);
}

static bool equals(const char *text, const char *pattern)
{
	char out[256];
	return match_equals(str_of(text), folded(out, str_of(pattern)), false);
}

static void test_fold(void **state)
{
	assert_true(equals("STRASSE", "strasse"));
	assert_true(equals("ПРИВЕТ", "привет"));
	assert_true(equals("ΣΊΣΥΦΟΣ", "σίσυφος")); /* final sigma folds to sigma */
	assert_true(equals("Ⱥx", "ⱥX"));	   /* two bytes fold to three */
	assert_true(equals("ẞ", "ß"));
	assert_true(equals("ԱԲ", "աբ"));
	assert_true(equals("ＡＢ", "ａｂ"));
	assert_true(equals("\xe2\x84\xaa", "k")); /* Kelvin sign */
	assert_false(equals("İ", "i"));
	assert_false(equals("ß", "ss")); /* simple, not full folding */
	assert_false(equals("a\xfe", "a\xff"));
	for (uint32_t c = 0; c < 0x110000; c++)
		assert_int_equal(fold_char(fold_char(c)), fold_char(c));
}

static void test_contains(void **state)
{
	char text[100];

	assert_true(contains("/usr/bin/CURL -o x", "curl"));
	assert_false(contains("/usr/bin/cur", "curl"));
	assert_true(contains("x", ""));
	assert_true(contains("наш МИР", "мир"));
	assert_true(contains("a \xe2\x84\xaa b", "K B"));
	assert_false(contains("abc", "é"));
	/* every place of a text longer than one vector */
	for (size_t at = 0; at + 3 <= sizeof(text); at++) {
		memset(text, 'z', sizeof(text));
		memcpy(text + at, "AbC", 3);
		for (size_t len = 3; len <= sizeof(text); len++)
			assert_int_equal(
				match_contains(str_n(text, len), STR("abc"), false), at + 3 <= len);
	}
}

static void test_ends(void **state)
{
	assert_true(ends("/bin/Bash", "/bash"));
	assert_false(ends("bash", "/bash"));
	assert_true(ends("naÏve", "ïVE"));
	assert_true(ends("x\xe2\x84\xaa", "k"));
	/* the second byte of a cut character is one of its own */
	assert_true(ends("a\xe2\x82", "\x82"));
	assert_false(ends("a\xc3\xa9", "\xa9"));
	assert_true(match_starts(STR("ÉTÉ"), STR("ét"), false));
	assert_false(match_starts(STR("E"), STR("et"), false));
}

static bool wild(const char *text, const char *pattern, bool cased)
{
	char raw[128], out[256];
	size_t len = strlen(pattern);

	for (size_t i = 0; i < len; i++)
		raw[i] = pattern[i] == '*' ? WILD_ANY : pattern[i] == '?' ? WILD_ONE : pattern[i];
	struct str p = str_n(raw, len);
	return match_wildcard(str_of(text), cased ? p : folded(out, p), cased);
}

static void test_wildcard(void **state)
{
	assert_true(wild("", "*", false));
	assert_true(wild("", "", false));
	assert_false(wild("", "?", false));
	assert_true(wild("abc", "A?C", false));
	assert_false(wild("abc", "A?C", true));
	assert_true(wild("aéc", "a?c", true));
	assert_false(wild("a\xc3\xa9zc", "a?c", true));
	assert_true(wild("a\xfe"
			 "c",
		"a?c", true));
	assert_true(wild("/tmp/x/run.sh", "/tmp/*.sh", true));
	assert_false(wild("/tmp/x/run.shx", "/tmp/*.sh", true));
	assert_true(wild("aXbXbc", "a*b?", true));
	assert_true(wild("mississippi", "m*iss*ip*", true));
	assert_false(wild("mississippi", "m*iss*ip?", true));
	assert_true(wild("abc", "***", true));
	/* a pattern that kills backtracking matchers */
	char text[4001];
	memset(text, 'a', 4000);
	text[4000] = '\0';
	assert_false(wild(text, "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_contains),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_wildcard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
