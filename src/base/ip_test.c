#include "base/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_round_trip(void **state)
{
	static const char *const pairs[][2] = {
		{"0.0.0.0", "0.0.0.0"},
		{"255.1.20.3", "255.1.20.3"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
		{"fe80::1%eth0", "fe80::1"},
		{"::ffff:10.1.2.3", "::ffff:10.1.2.3"},
		{"0:0:0:0:0:ffff:a01:203", "::ffff:10.1.2.3"},
		{"1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"},
	};
	char out[IP_TEXT_BYTES];
	struct ip ip;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_true(ip_parse(str_of(pairs[i][0]), &ip));
		size_t len = ip_format(&ip, out);
		assert_int_equal(len, strlen(pairs[i][1]));
		assert_memory_equal(out, pairs[i][1], len);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4",
		"1.2.3.4 ", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9",
		"::1::", "12345::", "g::", "1:2:3:4:5:6:7:1.2.3.4", "1:", ":1"};
	struct ip ip;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ip_parse(str_of(bad[i]), &ip));
}

static bool in(const char *network, const char *address)
{
	struct cidr cidr;
	struct ip ip;

	assert_true(cidr_parse(str_of(network), &cidr));
	assert_true(ip_parse(str_of(address), &ip));
	return cidr_match(&cidr, &ip);
}

static void test_cidr(void **state)
{
	struct cidr cidr;

	assert_true(in("10.0.0.0/8", "10.255.1.1"));
	assert_false(in("10.0.0.0/8", "11.0.0.0"));
	assert_true(in("172.16.99.1/12", "172.31.0.1"));
	assert_false(in("172.16.0.0/12", "172.32.0.1"));
	assert_true(in("0.0.0.0/0", "1.2.3.4"));
	assert_false(in("0.0.0.0/0", "::1"));
	assert_true(in("fe80::/10", "febf::1"));
	assert_false(in("fe80::/10", "fec0::1"));
	assert_true(in("192.168.0.0/16", "::ffff:192.168.3.4"));
	assert_true(in("1.2.3.4", "1.2.3.4"));
	assert_false(in("1.2.3.4", "1.2.3.5"));
	assert_true(in("::1/128", "::1"));
	assert_false(cidr_parse(STR("10.0.0.0/33"), &cidr));
	assert_false(cidr_parse(STR("10.0.0.0/"), &cidr));
	assert_false(cidr_parse(STR("10.0.0.0/8x"), &cidr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cidr),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
