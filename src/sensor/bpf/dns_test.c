#include "sensor/bpf/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool parse(struct str bytes, struct dns_message *m)
{
	return dns_parse(bytes.ptr, bytes.len, m);
}

#define QUESTION                                                      \
	"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07" \
	"example\x00\x00\x1c\x00\x01"

static void reads_questions(void **state)
{
	struct dns_message m;
	(void)state;
	assert_true(parse(STR(QUESTION), &m));
	assert_int_equal(m.id, 7);
	assert_false(m.response);
	assert_true(str_is(m.question, "www.example"));
	assert_true(str_is(dns_type_name(m.question_type), "AAAA"));
}

static void reads_answers(void **state)
{
	struct dns_message m;
	(void)state;
	assert_true(parse(STR("\x00\x07\x81\x83\x00\x01\x00\x02\x00\x00\x00\x00\x01"
			      "a\x00\x00\x01\x00\x01"
			      "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x01\x00\x04\x01"
			      "b\xc0\x0c"
			      "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x01\x02\x03\x04"),
		&m));
	assert_true(m.response);
	assert_true(str_is(dns_code_name(m.code), "NXDOMAIN"));
	assert_int_equal(m.answer_count, 2);
	assert_true(str_is(m.answers[0].name, "b.a"));
	assert_int_equal(m.answers[1].ttl_s, 1);
	assert_int_equal(m.answers[1].address_len, 4);
	assert_int_equal(m.answers[1].address[3], 4);
}

static void keeps_what_came_before_a_cut(void **state)
{
	struct dns_message m;
	(void)state;
	assert_true(
		parse(STR("\x00\x07\x81\x80\x00\x01\x00\x09\x00\x00\x00\x00\x01"
			  "a\x00\x00\x01\x00\x01"
			  "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x01\x02\x03\x04\xc0"),
			&m));
	assert_int_equal(m.answer_count, 1);
}

static void refuses_what_is_none(void **state)
{
	struct dns_message m;
	struct str whole = STR(QUESTION);
	(void)state;
	for (size_t len = 0; len < whole.len; len++)
		assert_false(dns_parse(whole.ptr, len, &m));
	/* a name that points at itself, and one that points ahead */
	assert_false(parse(STR("\0\7\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"), &m));
	assert_false(parse(STR("\0\7\1\0\0\1\0\0\0\0\0\0\xc0\x10\0\1\0\1\0\0"), &m));
	/* two questions */
	assert_false(parse(STR("\0\7\1\0\0\2\0\0\0\0\0\0\1x\0\0\1\0\1"), &m));
}

static void escapes_odd_bytes(void **state)
{
	struct dns_message m;
	(void)state;
	assert_true(parse(STR("\0\7\1\0\0\1\0\0\0\0\0\0\4a.\xff\n\0\0\1\0\1"), &m));
	assert_true(str_is(m.question, "a\\046\\255\\010"));
}

static void bounds_names(void **state)
{
	char bytes[600] = "\0\7\1\0\0\1";
	struct dns_message m;
	size_t at = 12;
	(void)state;
	for (int label = 0; label < 4; label++) {
		bytes[at++] = 63;
		memset(bytes + at, 0x01, 63); /* four bytes of text each */
		at += 63;
	}
	assert_false(dns_parse(bytes, at + 5, &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_questions),
		cmocka_unit_test(reads_answers),
		cmocka_unit_test(keeps_what_came_before_a_cut),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(escapes_odd_bytes),
		cmocka_unit_test(bounds_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
