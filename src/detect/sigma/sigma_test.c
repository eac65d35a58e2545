/* What Sigma's words mean, one example and one counter-example at a time, through the engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>
#include "detect/sigma/test_engine.h"

static const struct str admins[] = {{"root", 4}, {"adm_*", 5}};
static const struct sigma_placeholder placeholders[] = {
	{{"admins", 6}, admins, 2},
	{{"none", 4}, NULL, 0},
};

static struct sigma_options options(enum sigma_taxonomy taxonomy)
{
	return (struct sigma_options){taxonomy, placeholders, 2};
}

/* One rule whose detection is `detection`, indented by the test. */
static struct str rule_text(char *out, size_t size, const char *logsource, const char *detection)
{
	int len = snprintf(
		out, size, "title: t\nid: x\nlogsource: %s\ndetection:\n%s", logsource, detection);

	return str_n(out, (size_t)len);
}

static void check(enum sigma_taxonomy taxonomy, const char *logsource, const char *detection,
	const char *yes, const char *no)
{
	struct sigma_options o = options(taxonomy);
	struct engine engine;
	char text[4096];

	engine_begin(&engine);
	engine_text(&engine, &o, rule_text(text, sizeof(text), logsource, detection));
	if (engine.ok != 1)
		fail_msg("%s\nis not taken: %.*s", detection, STR_ARG(engine.reason));
	engine_compile(&engine);
	if (yes != NULL && !engine_fires(&engine, str_of(yes), 0))
		fail_msg("%s\ndoes not fire on %s", detection, yes);
	if (no != NULL && engine_fires(&engine, str_of(no), 0))
		fail_msg("%s\nfires on %s", detection, no);
	engine_end(&engine);
}

struct example {
	const char *item, *yes, *no; /* one item; "condition: s" follows */
};

static void check_items(const struct example *examples, size_t count)
{
	char detection[2048];

	for (size_t i = 0; i < count; i++) {
		snprintf(detection, sizeof(detection), "  s:\n    %s\n  condition: s\n",
			examples[i].item);
		check(SIGMA_TAXONOMY_RAW, "{product: x}", detection, examples[i].yes,
			examples[i].no);
	}
}
#define CHECK_ITEMS(examples) check_items(examples, sizeof(examples) / sizeof((examples)[0]))

static void values(void **state)
{
	static const struct example examples[] = {
		{"f: Abc", "{\"f\":\"aBC\"}", "{\"f\":\"abcd\"}"},
		{"f: straße", "{\"f\":\"STRAßE\"}", "{\"f\":\"strasse\"}"},
		{"f: a*c", "{\"f\":\"aXXc\"}", "{\"f\":\"aXXcd\"}"},
		{"f: a?c", "{\"f\":\"axc\"}", "{\"f\":\"ac\"}"},
		{"f: a?c", "{\"f\":\"aéc\"}", "{\"f\":\"aééc\"}"},
		{"f: 'a\\*c'", "{\"f\":\"a*c\"}", "{\"f\":\"axc\"}"},
		{"f: 'a\\?c'", "{\"f\":\"a?c\"}", "{\"f\":\"axc\"}"},
		{"f: 'C:\\Win'", "{\"f\":\"c:\\\\win\"}", "{\"f\":\"c:win\"}"},
		{"f: 'C:\\\\Win'", "{\"f\":\"c:\\\\win\"}", "{\"f\":\"c:\\\\\\\\win\"}"},
		{"f: 'a\\\\*'", "{\"f\":\"a\\\\bc\"}", "{\"f\":\"a*\"}"},
		{"f: 'a\\\\\\*'", "{\"f\":\"a\\\\*\"}", "{\"f\":\"a\\\\b\"}"},
		{"f: 'a\\\\\\\\b'", "{\"f\":\"a\\\\\\\\b\"}", "{\"f\":\"a\\\\b\"}"},
		{"f: 'a\\'", "{\"f\":\"a\\\\\"}", "{\"f\":\"a\"}"},
		{"f: '*'", "{\"f\":\"x\"}", "{\"g\":\"x\"}"},
		{"f: 17", "{\"f\":17}", "{\"f\":170}"},
		{"f: 17", "{\"f\":\"17\"}", "{\"f\":\"017x\"}"},
		{"f: 0x11", "{\"f\":17}", "{\"f\":11}"},
		{"f: 1.5", "{\"f\":\"1.50\"}", "{\"f\":1}"},
		{"f: true", "{\"f\":true}", "{\"f\":false}"},
		{"f: 'true'", "{\"f\":true}", "{\"f\":1}"},
		{"f: ''", "{\"f\":\"\"}", "{\"f\":\" \"}"},
		{"f: ''", NULL, "{\"f\":null}"},
		{"f: ''", NULL, "{\"g\":1}"},
		{"f: null", "{\"f\":null}", "{\"f\":\"\"}"},
		{"f: null", "{\"g\":1}", "{\"f\":0}"},
		{"f: [a, b]", "{\"f\":\"b\"}", "{\"f\":\"c\"}"},
		{"f: [null, '']", "{}", "{\"f\":\"x\"}"},
		{"f: x", "{\"f\":[\"y\",\"x\"]}", "{\"f\":[\"xy\"]}"},
		{"a.b: x", "{\"a\":{\"b\":\"x\"}}", "{\"a\":{\"c\":\"x\"}}"},
		{"SAMUserName: x", "{\"SAM User Name\":\"x\"}", "{\"SAMUser Name\":\"x\"}"},
	};

	CHECK_ITEMS(examples);
}

static void modifiers(void **state)
{
	static const struct example examples[] = {
		{"f|contains: b", "{\"f\":\"aBc\"}", "{\"f\":\"ac\"}"},
		{"f|contains: 'a*b'", "{\"f\":\"xaxbx\"}", "{\"f\":\"xbxa\"}"},
		{"f|contains: 4444", "{\"f\":\"-p 4444\"}", "{\"f\":\"-p 444\"}"},
		{"f|startswith: ab", "{\"f\":\"ABc\"}", "{\"f\":\"xab\"}"},
		{"f|endswith: bc", "{\"f\":\"aBC\"}", "{\"f\":\"bcx\"}"},
		{"f|endswith: '\\cmd.exe'", "{\"f\":\"C:\\\\CMD.exe\"}", "{\"f\":\"cmd.exe\"}"},
		{"f|contains|all: [a, b]", "{\"f\":\"xbxa\"}", "{\"f\":\"xa\"}"},
		{"f|cased: Abc", "{\"f\":\"Abc\"}", "{\"f\":\"abc\"}"},
		{"f|contains|cased: B", "{\"f\":\"aBc\"}", "{\"f\":\"abc\"}"},
		{"f|neq: a", "{\"f\":\"b\"}", "{\"f\":\"A\"}"},
		{"f|neq: [1, 2]", "{\"f\":3}", "{\"f\":2}"},
		{"f|neq: a", "{}", NULL},
		{"f|re: 'a+b$'", "{\"f\":\"xaab\"}", "{\"f\":\"xAAB\"}"},
		{"f|re|i: 'a+b$'", "{\"f\":\"xAAB\"}", "{\"f\":\"xaabc\"}"},
		{"f|re|m: '^b'", "{\"f\":\"a\\nb\"}", "{\"f\":\"a b\"}"},
		{"f|re|s: 'a.b'", "{\"f\":\"a\\nb\"}", NULL},
		{"f|re: 'a.b'", "{\"f\":\"a b\"}", "{\"f\":\"a\\nb\"}"},
		{"f|re|i|s: 'A.b'", "{\"f\":\"a\\nB\"}", "{\"f\":\"ab\"}"},
		{"f|re: '\\\\\\*'", "{\"f\":\"\\\\*\"}", "{\"f\":\"*\"}"},
		{"f|re|startswith: 'a|b'", "{\"f\":\"bx\"}", "{\"f\":\"xb\"}"},
		{"f|re|endswith: 'a|b'", "{\"f\":\"xa\"}", "{\"f\":\"ax\"}"},
		{"f|cidr: 10.0.0.0/8", "{\"f\":\"10.9.8.7\"}", "{\"f\":\"11.0.0.1\"}"},
		{"f|cidr: ['fe80::/10', '::1']", "{\"f\":\"fe80::1\"}", "{\"f\":\"::2\"}"},
		{"f|exists: true", "{\"f\":0}", "{\"g\":0}"},
		{"f|exists: true", "{\"f\":null}", NULL},
		{"f|exists: false", "{\"g\":0}", "{\"f\":\"\"}"},
		{"f|fieldref: g", "{\"f\":\"Ab\",\"g\":\"aB\"}", "{\"f\":\"a\",\"g\":\"b\"}"},
		{"f|fieldref: g", NULL, "{\"f\":\"a\"}"},
		{"f|fieldref|startswith: g", "{\"f\":\"abc\",\"g\":\"ab\"}",
			"{\"f\":\"ab\",\"g\":\"abc\"}"},
		{"f|fieldref|endswith: g", "{\"f\":\"abc\",\"g\":\"bc\"}",
			"{\"f\":\"abc\",\"g\":\"ab\"}"},
		{"f|fieldref|contains: g", "{\"f\":\"abc\",\"g\":\"b\"}",
			"{\"f\":\"abc\",\"g\":\"x\"}"},
		{"f|fieldref|neq: g", "{\"f\":\"a\",\"g\":\"b\"}", "{\"f\":\"a\",\"g\":\"a\"}"},
		{"f|lt: 5", "{\"f\":4}", "{\"f\":5}"},
		{"f|lte: 5", "{\"f\":\"5\"}", "{\"f\":5.5}"},
		{"f|gt: 5", "{\"f\":5.5}", "{\"f\":5}"},
		{"f|gte: 5", "{\"f\":5}", "{\"f\":\"x\"}"},
		{"f|gte: -1", "{\"f\":-1}", "{}"},
	};

	CHECK_ITEMS(examples);
}

static void encodings(void **state)
{
	static const struct example examples[] = {
		{"f|base64: 'ab c'", "{\"f\":\"YWIgYw==\"}", "{\"f\":\"ab c\"}"},
		{"f|base64|contains: abc", "{\"f\":\"xYWJjx\"}", "{\"f\":\"YWJk\"}"},
		{"f|base64: 'a\\*'", "{\"f\":\"YSo=\"}", "{\"f\":\"YQ==\"}"},
		{"f|wide: ab", "{\"f\":\"a\\u0000b\\u0000\"}", "{\"f\":\"ab\"}"},
		{"f|utf16be: ab", "{\"f\":\"\\u0000a\\u0000b\"}", "{\"f\":\"a\\u0000b\\u0000\"}"},
		{"f|wide|base64: ab", "{\"f\":\"YQBiAA==\"}", "{\"f\":\"YWI=\"}"},
		{"f|utf16le|base64: ab", "{\"f\":\"YQBiAA==\"}", NULL},
		{"f|utf16|base64: ab", "{\"f\":\"//5hAGIA\"}", "{\"f\":\"YQBiAA==\"}"},
		{"f|utf16be|base64: é", "{\"f\":\"AOk=\"}", "{\"f\":\"6QA=\"}"},
		/* "GET http://" as it stands at each of three positions, encoded by hand */
		{"f|base64offset|contains: 'http://'", "{\"f\":\"R0VUIGh0dHA6Ly9h\"}",
			"{\"f\":\"R0VUIGh0dHBzOi8v\"}"},
		{"f|base64offset|contains: 'http://'", "{\"f\":\"aHR0cDovL2E=\"}", NULL},
		{"f|base64offset|contains: 'http://'", "{\"f\":\"IGh0dHA6Ly9h\"}", NULL},
		{"f|base64offset|contains: 'http://'", "{\"f\":\"ICBodHRwOi8vYQ==\"}", NULL},
		{"f|wide|base64offset|contains: ab", "{\"f\":\"IGEAYgA=\"}", "{\"f\":\"IGFi\"}"},
		{"f|windash|contains: ' -a'", "{\"f\":\"x /A y\"}", "{\"f\":\"x +a\"}"},
		{"f|contains|windash: ' -a'", "{\"f\":\"x –a y\"}", "{\"f\":\"x-a\"}"},
		{"f|windash|contains: ' -a -b'", "{\"f\":\"x ―a /b\"}", "{\"f\":\"x /a +b\"}"},
		{"f|windash|contains: 'a-b'", "{\"f\":\"xa-b\"}", "{\"f\":\"a/b\"}"},
		{"f|windash|contains: ' --ab'", "{\"f\":\"x -/ab\"}", "{\"f\":\"x /-ab\"}"},
		{"f|expand: '%admins%'", "{\"f\":\"ROOT\"}", "{\"f\":\"%admins%\"}"},
		{"f|expand: '%admins%'", "{\"f\":\"adm_x\"}", "{\"f\":\"adm\"}"},
		{"f|expand: 'a%admins%b'", "{\"f\":\"arootb\"}", "{\"f\":\"root\"}"},
		{"f|expand: '%admins%:%admins%'", "{\"f\":\"root:adm_1\"}", "{\"f\":\"root:\"}"},
		{"f|expand: '\\%plain%admins%'", "{\"f\":\"%plainroot\"}", "{\"f\":\"plainroot\"}"},
		{"f|expand|contains: '%admins%'", "{\"f\":\"a root b\"}", "{\"f\":\"a rot b\"}"},
		{"f|expand: '%none%'", NULL, "{\"f\":\"\"}"},
		{"f|re|expand: '^%admins%$'", "{\"f\":\"adm_zz\"}", "{\"f\":\"adm.\"}"},
		{"f: '%admins%'", "{\"f\":\"%admins%\"}", "{\"f\":\"root\"}"},
	};

	CHECK_ITEMS(examples);
}

static void times(void **state)
{
	static const struct example examples[] = {
		{"f|minute: 5", "{\"f\":\"2024-01-02T03:05:00Z\"}",
			"{\"f\":\"2024-01-02T05:06:00Z\"}"},
		{"f|hour: [3, 4]", "{\"f\":\"2024-01-02T03:05:00Z\"}",
			"{\"f\":\"2024-01-02T05:05:00Z\"}"},
		{"f|day: 2", "{\"f\":\"2024-01-02T03:05:00Z\"}",
			"{\"f\":\"2024-01-03T03:05:00Z\"}"},
		{"f|week: 1", "{\"f\":\"2024-01-02T03:05:00Z\"}",
			"{\"f\":\"2024-01-09T03:05:00Z\"}"},
		{"f|month: 1", "{\"f\":\"2024-01-02T03:05:00Z\"}",
			"{\"f\":\"2024-02-02T03:05:00Z\"}"},
		{"f|year: 2024", "{\"f\":\"2024-01-02T03:05:00Z\"}",
			"{\"f\":\"2023-01-02T03:05:00Z\"}"},
	};

	CHECK_ITEMS(examples);
}

struct detection_example {
	const char *detection, *yes, *no;
};

static void check_detections(const struct detection_example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(SIGMA_TAXONOMY_RAW, "{product: x}", examples[i].detection, examples[i].yes,
			examples[i].no);
}
#define CHECK_DETECTIONS(examples) \
	check_detections(examples, sizeof(examples) / sizeof((examples)[0]))

static void keywords(void **state)
{
	static const struct detection_example examples[] = {
		{"  k: [aBc, 'x*y']\n  condition: k\n", "{\"m\":\"1 abC 2\"}", "{\"m\":\"ab c\"}"},
		{"  k: [aBc, 'x*y']\n  condition: k\n", "{\"m\":{\"n\":[\"1x2y3\"]}}",
			"{\"abc\":1}"},
		{"  k: abc\n  condition: k\n", "{\"m\":\"abc\"}", "{\"m\":\"ab\"}"},
		{"  k: {'|all': [a, b]}\n  condition: k\n", "{\"m\":\"a\",\"n\":\"b\"}",
			"{\"m\":\"a\"}"},
		{"  k: {'|cased': aB}\n  condition: k\n", "{\"m\":\"xaBx\"}", "{\"m\":\"ab\"}"},
		{"  k: {'|re': '^a.c$'}\n  condition: k\n", "{\"m\":\"abc\"}", "{\"m\":\"abcd\"}"},
		{"  k: {'|base64offset|contains': 'http://'}\n  condition: k\n",
			"{\"m\":\"IGh0dHA6Ly9h\"}", "{\"m\":\"http://\"}"},
		{"  k: [6, x]\n  condition: k\n", "{\"m\":\"init 6\"}", "{\"m\":\"init\"}"},
		{"  k: ['a\\*b']\n  condition: k\n", "{\"m\":\"xa*bx\"}", "{\"m\":\"acb\"}"},
		{"  k: [{f: a}, b]\n  condition: k\n", "{\"g\":\"b\"}", "{\"g\":\"a\"}"},
	};

	CHECK_DETECTIONS(examples);
}

static void structures(void **state)
{
	static const struct detection_example examples[] = {
		{"  s: {a: 1, b: 2}\n  condition: s\n", "{\"a\":1,\"b\":2}", "{\"a\":1}"},
		{"  s: [{a: 1}, {b: 2, c: 3}]\n  condition: s\n", "{\"b\":2,\"c\":3}", "{\"b\":2}"},
		{"  s: {f|contains: a, f|endswith: b}\n  condition: s\n", "{\"f\":\"ab\"}",
			"{\"f\":\"ba\"}"},
		{"  s: {a: 1}\n  t: {b: 1}\n  condition: [s, t]\n", "{\"b\":1}", "{\"c\":1}"},
		{"  s: [[{a: 1}], [{b: 1}]]\n  condition: s\n", "{\"b\":1}", "{\"a\":2}"},
	};

	CHECK_DETECTIONS(examples);
}

static void conditions(void **state)
{
#define SELECTIONS "  a1: {a: 1}\n  a2: {b: 1}\n  a3: {c: 1}\n  _x: {d: 1}\n  condition: "
	static const struct detection_example examples[] = {
		{SELECTIONS "a1 or a2 and a3\n", "{\"a\":1}", "{\"b\":1}"},
		{SELECTIONS "(a1 or a2) and a3\n", "{\"b\":1,\"c\":1}", "{\"a\":1}"},
		{SELECTIONS "not a1 and a2\n", "{\"b\":1}", "{\"a\":1,\"b\":1}"},
		{SELECTIONS "not (a1 and a2)\n", "{\"b\":1}", "{\"a\":1,\"b\":1}"},
		{SELECTIONS "not not a1\n", "{\"a\":1}", "{}"},
		{SELECTIONS "1 of a*\n", "{\"c\":1}", "{\"d\":1}"},
		{SELECTIONS "all of a*\n", "{\"a\":1,\"b\":1,\"c\":1}", "{\"a\":1,\"b\":1}"},
		{SELECTIONS "2 of a*\n", "{\"a\":1,\"c\":1}", "{\"c\":1,\"d\":1}"},
		{SELECTIONS "any of a*\n", "{\"c\":1}", "{}"},
		{SELECTIONS "1 of them\n", "{\"a\":1}", "{\"d\":1}"},
		{SELECTIONS "all of them\n", "{\"a\":1,\"b\":1,\"c\":1}",
			"{\"a\":1,\"b\":1,\"d\":1}"},
		{SELECTIONS "1 of _*\n", "{\"d\":1}", "{\"a\":1}"},
		{SELECTIONS "1 of *2 or a3\n", "{\"b\":1}", "{\"a\":1}"},
		{SELECTIONS "a1 and not 1 of a2*\n", "{\"a\":1}", "{\"a\":1,\"b\":1}"},
		{SELECTIONS "(((a1)))\n", "{\"a\":1}", "{}"},
	};

	CHECK_DETECTIONS(examples);
}

static void refusals(void **state)
{
	static const struct {
		const char *detection, *reason;
	} cases[] = {
		{"  s: {f: 1}\n", "line 5: condition is missing"},
		{"  s: {f: 1}\n  condition: t\n", "line 6: condition: no search identifier 't'"},
		{"  s: {f: 1}\n  condition: s and\n", "line 6: condition: ends too early"},
		{"  s: {f: 1}\n  condition: (s\n", "line 6: condition: ')' is missing"},
		{"  s: {f: 1}\n  condition: s)\n",
			"line 6: condition: ')' where 'and' or 'or' should stand"},
		{"  s: {f: 1}\n  condition: 2 of s*\n", "line 6: condition: 2 of 1 identifiers"},
		{"  s: {f: 1}\n  condition: 1 of t*\n",
			"line 6: condition: no identifier matches 't*'"},
		{"  s: {f: 1}\n  condition: s | count() > 5\n",
			"line 6: condition: aggregations are deprecated; write a correlation rule"},
		{"  s: {f: 1}\n  timeframe: 5m\n  condition: s\n",
			"line 6: timeframe is deprecated; write a correlation rule"},
		{"  s: {f|like: 1}\n  condition: s\n", "line 5: unknown modifier 'like'"},
		{"  s: {f|contains|re: 1}\n  condition: s\n",
			"line 5: modifier 're' must stand first"},
		{"  s: {f|re|wide: x}\n  condition: s\n",
			"line 5: modifiers that do not go together: 'f|re|wide'"},
		{"  s: {f|i: x}\n  condition: s\n", "line 5: modifier 'i' without 're'"},
		{"  s: {f|re: '('}\n  condition: s\n", NULL},
		{"  s: {f|cidr: 10.0.0.0/33}\n  condition: s\n",
			"line 5: f|cidr: '10.0.0.0/33' is no network"},
		{"  s: {f|lt: x}\n  condition: s\n",
			"line 5: f|lt: a comparison with something that is no number"},
		{"  s: {f|hour: 24}\n  condition: s\n", "line 5: f|hour: no time has that part"},
		{"  s: {f|exists: 1}\n  condition: s\n",
			"line 5: f|exists: 'exists' needs true or false"},
		{"  s: {f|base64: 'a*'}\n  condition: s\n",
			"line 5: f|base64: base64 of a value with wildcards"},
		{"  s: {f|expand: '%unknown%'}\n  condition: s\n",
			"line 5: f|expand: no values for placeholder %unknown%"},
		{"  s: {f: {g: 1}}\n  condition: s\n",
			"line 5: f: a list or map where a value should stand"},
		{"  s: {}\n  condition: s\n", "line 5: an empty list or map"},
		{"  s: {f: []}\n  condition: s\n", "line 5: f: an empty list of values"},
		{"  s: ['']\n  condition: s\n", "line 5: an empty keyword"},
		{"  s: {f|fieldref: 'a*'}\n  condition: s\n",
			"line 5: f|fieldref: wildcards are not possible here"},
	};
	struct sigma_options o = options(SIGMA_TAXONOMY_ECS);
	char text[1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct engine engine;
		engine_begin(&engine);
		engine_text(&engine, &o,
			rule_text(text, sizeof(text), "{category: process_creation}",
				cases[i].detection));
		if (engine.refused != 1)
			fail_msg("%s\nis taken", cases[i].detection);
		if (cases[i].reason != NULL && !str_is(engine.reason, cases[i].reason))
			fail_msg("%s\n%.*s\n%s", cases[i].detection, STR_ARG(engine.reason),
				cases[i].reason);
		engine_end(&engine);
	}
}

static void logsources(void **state)
{
#define EXEC   "\"event\":{\"category\":\"process\",\"type\":\"start\",\"action\":\"exec\"}"
#define DELETE "\"event\":{\"category\":\"file\",\"type\":\"deletion\",\"action\":\"deletion\"}"
#define CONNECT                                                                           \
	"\"event\":{\"category\":\"network\",\"type\":\"start\",\"action\":\"connection_" \
	"attempted\"}"
#define LINUX "\"host\":{\"os\":{\"type\":\"linux\"}}"
#define MACOS "\"host\":{\"os\":{\"type\":\"macos\"}}"
	static const struct {
		enum sigma_taxonomy taxonomy;
		const char *logsource, *item, *yes, *no;
	} cases[] = {
		{SIGMA_TAXONOMY_ECS, "{category: process_creation, product: linux}", "Image: /x",
			"{" EXEC "," LINUX ",\"process\":{\"executable\":\"/x\"}}",
			"{" EXEC "," MACOS ",\"process\":{\"executable\":\"/x\"}}"},
		{SIGMA_TAXONOMY_ECS, "{category: process_creation}", "Image: /x",
			"{" EXEC ",\"process\":{\"executable\":\"/x\"}}",
			"{" DELETE ",\"process\":{\"executable\":\"/x\"}}"},
		{SIGMA_TAXONOMY_ECS, "{category: process_creation}", "Image: /x", NULL,
			"{" EXEC ",\"Image\":\"/x\"}"},
		{SIGMA_TAXONOMY_ECS, "{category: file_delete}", "TargetFilename: /x",
			"{" DELETE ",\"file\":{\"path\":\"/x\"}}", "{\"file\":{\"path\":\"/x\"}}"},
		{SIGMA_TAXONOMY_ECS, "{category: network_connection}", "Initiated: 'true'",
			"{" CONNECT ",\"network\":{\"direction\":\"egress\"}}",
			"{" CONNECT ",\"network\":{\"direction\":\"ingress\"}}"},
		{SIGMA_TAXONOMY_ECS, "{category: process_creation}",
			"Hashes|contains: 'MD5=00112233445566778899aabbccddeeff'",
			"{" EXEC
			",\"process\":{\"hash\":{\"md5\":\"00112233445566778899AABBCCDDEEFF\"}}}",
			"{" EXEC
			",\"process\":{\"hash\":{\"sha1\":\"00112233445566778899aabbccddeeff\"}}}"},
		{SIGMA_TAXONOMY_ECS, "{product: linux, service: sshd}", "message|contains: x",
			"{\"event\":{\"action\":\"log\",\"category\":\"host\"},\"log\":{"
			"\"service\":\"sshd\"},"
			"\"message\":\"x\"}",
			"{\"event\":{\"action\":\"log\",\"category\":\"host\"},\"log\":{"
			"\"service\":\"cron\"},"
			"\"message\":\"x\"}"},
		{SIGMA_TAXONOMY_ECS, "{product: linux, service: mysqld}", "message|contains: x",
			"{\"event\":{\"action\":\"log\",\"category\":\"host\"},\"log\":{"
			"\"service\":\"mysqld\"},\"message\":\"x\"}",
			"{\"event\":{\"action\":\"log\",\"category\":\"host\"},\"log\":{"
			"\"service\":\"x\"},\"message\":\"x\"}"},
		{SIGMA_TAXONOMY_ECS, "{product: linux, service: auditd}", "type: EXECVE\n    a0: x",
			"{\"event\":{\"action\":\"audit\",\"category\":\"host\"},\"auditd\":{"
			"\"message_type\":"
			"\"execve\",\"data\":{\"a0\":\"x\"}}}",
			"{\"event\":{\"action\":\"audit\",\"category\":\"host\"},\"type\":"
			"\"execve\",\"a0\":\"x\"}"},
		{SIGMA_TAXONOMY_SIGMA, "{category: process_creation, product: linux}", "Image: /x",
			"{\"Image\":\"/X\"}", "{\"Image\":\"/X\",\"product\":\"macos\"}"},
		{SIGMA_TAXONOMY_SIGMA, "{category: process_creation, product: linux}", "Image: /x",
			"{\"Image\":\"/X\",\"category\":\"process_creation\"}",
			"{\"Image\":\"/X\",\"category\":\"file_event\"}"},
		{SIGMA_TAXONOMY_SIGMA, "{category: process_creation}", "Image: /x",
			"{" EXEC ",\"process\":{\"executable\":\"/x\"}}",
			"{" DELETE ",\"process\":{\"executable\":\"/x\"}}"},
		{SIGMA_TAXONOMY_SIGMA, "{category: network_connection}", "Initiated: 'true'",
			"{\"Initiated\":\"true\"}", "{\"Initiated\":\"false\"}"},
		{SIGMA_TAXONOMY_SIGMA, "{category: process_creation}", "Hashes|contains: 'MD5=00'",
			"{\"Hashes\":\"SHA1=11,MD5=00\"}", "{\"Hashes\":\"SHA1=00\"}"},
		{SIGMA_TAXONOMY_SIGMA, "{product: linux, service: auditd}", "type: EXECVE",
			"{\"type\":\"EXECVE\"}", "{\"type\":\"EXECVE\",\"service\":\"sshd\"}"},
		{SIGMA_TAXONOMY_RAW, "{category: process_creation, product: linux}", "Image: /x",
			"{" DELETE "," MACOS ",\"Image\":\"/x\"}",
			"{" EXEC "," LINUX ",\"process\":{\"executable\":\"/x\"}}"},
	};
	char detection[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(detection, sizeof(detection), "  s:\n    %s\n  condition: s\n",
			cases[i].item);
		check(cases[i].taxonomy, cases[i].logsource, detection, cases[i].yes, cases[i].no);
	}
}

#define RULE(id, more)                                                                \
	"title: t\nid: " id "\nlogsource: {category: process_creation}\ndetection:\n" \
	"  s: {Image: /" id "}\n  condition: s\n" more

static void documents(void **state)
{
	struct sigma_options o = options(SIGMA_TAXONOMY_RAW);
	struct engine engine;

	engine_begin(&engine);
	static const char text[] = RULE("a",
		"level: high\ntags: [attack.t1059.004, attack.defense_evasion, "
		"attack.t1059, attack.execution, attack.t1059.004, attack.s0001, "
		"car.1]\n") "---\ntitle: c\ncorrelation: {type: event_count}\n"
			    "---\njust: yaml\n---\n[ broken\n---\n" RULE("b", "level: awful\n");
	engine_text(&engine, &o, str_of(text));
	assert_int_equal(engine.ok, 2);
	assert_int_equal(engine.skipped, 1);
	assert_int_equal(engine.refused, 2);
	const struct rule *rule = ruleset_rule(engine.set, 0);
	assert_int_equal(rule->severity, SEVERITY_HIGH);
	assert_int_equal(rule->technique_count, 2);
	assert_true(str_is(rule->techniques[1], "T1059.004"));
	assert_int_equal(rule->tactic_count, 2);
	assert_true(str_is(rule->tactics[0], "defense-evasion"));
	assert_int_equal(rule->tag_count, 7);
	rule = ruleset_rule(engine.set, 1);
	assert_int_equal(rule->document, 4);
	assert_int_equal(rule->line, 16);
	assert_int_equal(rule->severity, SEVERITY_MEDIUM);
	assert_int_equal(rule->note_count, 1);
	engine_end(&engine);
}

static void rule_without_id_is_called_by_its_file(void **state)
{
	struct sigma_options o = options(SIGMA_TAXONOMY_RAW);
	struct engine engine;

	engine_begin(&engine);
	engine_text(&engine, &o, STR("detection: {s: {f: 1}, condition: s}\n"));
	assert_int_equal(engine.ok, 1);
	assert_true(str_is(engine.id, "test.yml"));
	engine_end(&engine);
}

static void filters(void **state)
{
	static const char text[] =
		"title: f\nid: f1\nlogsource: {category: process_creation}\nfilter:\n"
		"  rules: [a]\n  x: {User: adm}\n  condition: not x\n---\n"
		"title: g\nid: f2\nlogsource: {category: file_event}\nfilter:\n"
		"  rules: any\n  x: {User: adm}\n  condition: not x\n---\n" RULE("a", "---\n")
			RULE("b", "");
	struct sigma_options o = options(SIGMA_TAXONOMY_RAW);
	struct engine engine;

	engine_begin(&engine);
	engine_text(&engine, &o, str_of(text));
	assert_int_equal(engine.ok, 4);
	assert_int_equal(ruleset_count(engine.set), 2);
	engine_compile(&engine);
	assert_true(engine_fires(&engine, STR("{\"Image\":\"/a\",\"User\":\"x\"}"), 0));
	assert_false(engine_fires(&engine, STR("{\"Image\":\"/a\",\"User\":\"adm\"}"), 0));
	assert_true(engine_fires(&engine, STR("{\"Image\":\"/b\",\"User\":\"adm\"}"), 1));
	engine_end(&engine);
}

static void collections(void **state)
{
	static const char text[] =
		"action: global\nlogsource: {category: process_creation}\n"
		"detection: {s: {f: 1}, condition: s and t}\n---\n"
		"id: a\ndetection: {t: {g: 1}}\n---\n"
		"action: repeat\nid: b\ndetection: {t: {g: 2}}\n---\n"
		"action: reset\n---\n"
		"id: c\ndetection: {t: {g: 3}, condition: t}\nlogsource: {product: linux}\n";
	struct sigma_options o = options(SIGMA_TAXONOMY_RAW);
	struct engine engine;

	engine_begin(&engine);
	engine_text(&engine, &o, str_of(text));
	assert_int_equal(engine.ok, 3);
	assert_int_equal(engine.skipped, 2);
	engine_compile(&engine);
	assert_true(engine_fires(&engine, STR("{\"f\":1,\"g\":1}"), 0));
	assert_false(engine_fires(&engine, STR("{\"g\":1}"), 0));
	assert_true(engine_fires(&engine, STR("{\"f\":1,\"g\":2}"), 1));
	assert_true(engine_fires(&engine, STR("{\"g\":3}"), 2));
	engine_end(&engine);
}

static void notes_say_what_no_sensor_supplies(void **state)
{
	struct sigma_options o = options(SIGMA_TAXONOMY_ECS);
	struct engine engine;

	engine_begin(&engine);
	engine_text(&engine, &o,
		STR("logsource: {category: process_creation}\ndetection: {s: {Imphash: 1, "
		    "QueryName: x, "
		    "Image: y}, condition: s}\n"));
	assert_int_equal(engine.note_count, 2);
	assert_true(str_is(engine.notes[0], "no sensor supplies field Imphash"));
	assert_true(str_is(engine.notes[1],
		"events of this logsource do not have field QueryName (dns.question.name)"));
	engine_text(&engine, &o,
		STR("logsource: {category: registry_set, product: windows}\n"
		    "detection: {s: {Image: y}, condition: s}\n"));
	assert_int_equal(engine.note_count, 1);
	assert_true(str_is(engine.notes[0], "no sensor supplies logsource windows/registry_set/"));
	engine_end(&engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(modifiers),
		cmocka_unit_test(encodings),
		cmocka_unit_test(times),
		cmocka_unit_test(keywords),
		cmocka_unit_test(structures),
		cmocka_unit_test(conditions),
		cmocka_unit_test(refusals),
		cmocka_unit_test(logsources),
		cmocka_unit_test(documents),
		cmocka_unit_test(rule_without_id_is_called_by_its_file),
		cmocka_unit_test(filters),
		cmocka_unit_test(collections),
		cmocka_unit_test(notes_say_what_no_sensor_supplies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
