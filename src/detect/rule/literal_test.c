#include "detect/rule/literal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Literals of a pattern, sorted as found, joined by blanks. */
static void check(const char *pattern, const char *expected)
{
	struct arena arena;
	struct literals literals;
	char text[512] = "";
	size_t len = 0;

	arena_init(&arena, 0);
	assert_int_equal(regex_literals(str_of(pattern), &arena, &literals), 0);
	for (uint32_t i = 0; i < literals.count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s", i ? " " : "",
			STR_ARG(literals.items[i]));
	assert_string_equal(text, expected);
	arena_destroy(&arena);
}

static void test_found(void **state)
{
	check("curl", "curl");
	check("^/usr/(?:s?bin)/XCURL$", "/usr/sbin/xcurl /usr/bin/xcurl");
	check("wget|curl", "wget curl");
	check("x(wget|curl)y", "xwgety xcurly");
	check("-(W|R)\\s", "-w -r");
	check("cu[rR]l", "curl");
	check("cu[xy]l", "cuxl cuyl");
	check("cu[x-z]labc", "labc");
	check("cu[^x]labc", "labc");
	check("ab?cdef", "abcdef acdef");
	check("/(ba|da)?sh", "/bash /dash /sh");
	check("(ba|da)?sh", "sh");
	check("abc+def", "abc");
	check("ab{2,3}", "ab");
	check("(abc)*def", "def");
	check("(abc)+", "abc");
	check("(?i)Secret", "secret");
	check("(?=abc)x", "x");
	check("a\\.b\\x41\\x{42}\\t", "a.bab\t");
	check("\\bls\\b", "ls");
	check("[[:alpha:]]foo", "foo");
	check("[]]foo", "]foo");
	check("[\\]]foo", "]foo");
	check("(?<name>foo)bar", "foobar");
	check("É", "é");
	check("a{x", "a{x");
}

static void test_none(void **state)
{
	check("", "");
	check(".*", "");
	check("(abc)?", "");
	check("abc|", "");
	check("abc|.*", "");
	check("(?!abc)", "");
	check("(?x)a b c", "");
	check("\\Qabc\\E", "");
	check("(?(1)abc|def)", "");
	check("(*UTF)abc", "");
	check("\\1", "");
	check("\\d+", "");
	check("abc{0,3}|x*", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
