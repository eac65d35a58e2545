/* Random rules and random events over a small alphabet, where every kind of comparison happens
 * often: the engine must say what the naive evaluator says. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "detect/sigma/test_engine.h"
#include "naive.h"

#define RULES  800
#define EVENTS 1200

static uint64_t seed;

static unsigned below(unsigned limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % limit;
}

static const char *const fields[] = {"f", "g", "h", "i.j"};
/* Alike enough that prefixes, cases and wildcards meet. */
static const char *const pieces[] = {"a", "b", "ab", "aB", "Bc", "abcdef", "cDEf", "-x", " -x",
	"/x", "é", "É", "ßa", "*", "?", "\\", ".", "17", "7", "0", "\xe2\x80\x93x", "kernel",
	"KERNEL", "ſ"};

static const char *piece(void)
{
	return pieces[below(sizeof(pieces) / sizeof(pieces[0]))];
}

/* ---- rules ---- */

static void put_quoted(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_char(out, '\'');
		buf_char(out, *text);
	}
}

static void put_text(struct buf *out)
{
	buf_char(out, '\'');
	for (unsigned n = below(8) == 0 ? 0 : 1 + below(3); n > 0; n--) {
		if (below(6) == 0)
			buf_char(out, '\\');
		put_quoted(out, piece());
	}
	buf_char(out, '\'');
}

static void put_value(struct buf *out, bool bare)
{
	switch (bare ? below(12) : 11) {
	case 0:
		buf_cstr(out, "null");
		break;
	case 1:
		buf_printf(out, "%u", below(20));
		break;
	case 2:
		buf_cstr(out, below(2) == 0 ? "true" : "false");
		break;
	default:
		put_text(out);
	}
}

static const char *const regexes[] = {"'a+b'", "'^a'", "'f$'", "'[bc]d'", "'(ab|cd)e'", "'\\d{2}'",
	"'^$'", "'a.c'", "'\\\\'", "'(?i)KERNEL'", "'^[^a]*$'", "'é'"};
static const char *const networks[] = {"10.0.0.0/8", "10.1.0.0/16", "::1/128", "fe80::/10"};

static void put_item(struct buf *out)
{
	static const char *const modifiers[] = {"", "|contains", "|startswith", "|endswith",
		"|contains|all", "|cased", "|contains|cased", "|startswith|cased", "|neq",
		"|endswith|neq", "|windash|contains", "|contains|all|cased"};
	const char *field = fields[below(4)];

	switch (below(12)) {
	case 0:
		buf_printf(out, "%s|exists: %s", field, below(2) == 0 ? "true" : "false");
		return;
	case 1:
		buf_printf(out, "%s|re%s: %s", field, below(3) == 0 ? "|i" : "",
			regexes[below(sizeof(regexes) / sizeof(regexes[0]))]);
		return;
	case 2:
		buf_printf(out, "%s|%s: %u", field,
			(const char *const[]){"lt", "lte", "gt", "gte"}[below(4)], below(20));
		return;
	case 3:
		buf_printf(out, "%s|cidr: '%s'", field, networks[below(4)]);
		return;
	case 4:
		buf_printf(out, "%s|fieldref: %s", field, fields[below(4)]);
		return;
	default:
		break;
	}
	unsigned m = below(sizeof(modifiers) / sizeof(modifiers[0]));
	unsigned count = 1 + below(4);
	buf_printf(out, "%s%s: [", field, modifiers[m]);
	for (unsigned i = 0; i < count; i++) {
		buf_cstr(out, i == 0 ? "" : ", ");
		put_value(out, m == 0 || m == 8);
	}
	buf_char(out, ']');
}

static void put_map(struct buf *out)
{
	/* one item, or two that cannot be the same key */
	buf_char(out, '{');
	put_item(out);
	if (below(2) == 0)
		buf_printf(out, ", k%s: '%s'", below(2) == 0 ? "|contains" : "", "q");
	buf_char(out, '}');
}

static void put_definition(struct buf *out)
{
	unsigned count = 1 + below(3);

	if (below(5) < 3) {
		put_map(out);
		return;
	}
	bool keywords = below(2) == 0;
	buf_char(out, '[');
	for (unsigned i = 0; i < count; i++) {
		buf_cstr(out, i == 0 ? "" : ", ");
		if (keywords)
			buf_printf(out, "'%s%s'", below(3) == 0 ? "*" : "",
				(const char *const[]){"cde", "KERN", "x*f", "é", "17"}[below(5)]);
		else
			put_map(out);
	}
	buf_char(out, ']');
}

static void put_condition(struct buf *out, unsigned depth)
{
	switch (below(depth == 0 ? 4 : 9)) {
	case 0:
		buf_cstr(out, below(2) == 0 ? "1 of s*" : "all of s*");
		return;
	case 1:
		buf_cstr(out, below(2) == 0 ? "1 of them" : "all of them");
		return;
	case 2:
	case 3:
		buf_printf(out, "s%u", below(3));
		return;
	case 4:
		buf_cstr(out, "not ");
		buf_char(out, '(');
		put_condition(out, depth - 1);
		buf_char(out, ')');
		return;
	case 5:
	case 6:
		put_condition(out, depth - 1);
		buf_cstr(out, " and ");
		put_condition(out, depth - 1);
		return;
	default:
		buf_char(out, '(');
		put_condition(out, depth - 1);
		buf_cstr(out, " or ");
		put_condition(out, depth - 1);
		buf_char(out, ')');
	}
}

static void put_rule(struct buf *out, unsigned number)
{
	buf_printf(out, "---\nid: r%u\ndetection:\n", number);
	for (unsigned i = 0; i < 3; i++) {
		buf_printf(out, "  s%u: ", i);
		put_definition(out);
		buf_char(out, '\n');
	}
	buf_cstr(out, "  condition: ");
	put_condition(out, 2);
	buf_char(out, '\n');
}

/* ---- events ---- */

static void put_event_text(struct json_writer *w)
{
	static const char *const addresses[] = {
		"10.1.2.3", "10.9.9.9", "11.0.0.1", "::1", "fe80::5"};
	char text[256] = "";
	size_t len = 0;

	if (below(10) == 0) {
		json_put_str(w, str_of(addresses[below(5)]));
		return;
	}
	for (unsigned n = below(6); n > 0; n--)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", piece());
	json_put_str(w, str_n(text, len));
}

static void put_event_value(struct json_writer *w)
{
	switch (below(10)) {
	case 0:
		json_put_null(w);
		break;
	case 1:
		json_put_u64(w, below(20));
		break;
	case 2:
		json_put_bool(w, below(2) == 0);
		break;
	case 3:
		json_array_begin(w);
		for (unsigned n = 1 + below(3); n > 0; n--)
			put_event_text(w);
		json_array_end(w);
		break;
	default:
		put_event_text(w);
	}
}

static void put_event(struct buf *out)
{
	struct json_writer w = {.buf = out};

	json_object_begin(&w);
	for (unsigned i = 0; i < 4; i++) {
		if (below(4) == 0)
			continue;
		json_key(&w, str_of(fields[i]));
		put_event_value(&w);
	}
	if (below(2) == 0)
		json_member_str(&w, "k", below(2) == 0 ? STR("q") : STR("xqx"));
	if (below(2) == 0) {
		json_key(&w, STR("nobody.asks"));
		put_event_value(&w);
	}
	json_object_end(&w);
}

/* ---- both ---- */

static const struct yaml_node *rules[RULES];

static void parse_rules(struct arena *arena, struct str text)
{
	struct yaml_reader reader;
	struct yaml_node *node;

	yaml_reader_init(&reader, text, NULL);
	for (unsigned i = 0; i < RULES; i++) {
		assert_int_equal(yaml_next(&reader, arena, &node, NULL), 1);
		rules[i] = node;
	}
}

static uint64_t compare(struct engine *engine, struct str json, struct str text)
{
	const struct rule *const *fired;
	struct arena arena;
	const char *error = "";
	size_t at;

	arena_init(&arena, 0);
	const struct json_node *event = json_parse(&arena, json, &error, &at);
	uint32_t count = engine_run(engine, json, &fired), next = 0;
	for (uint32_t i = 0; i < RULES; i++) {
		bool yes = next < count && fired[next]->number == i;
		next += yes;
		if (yes == naive_fires(rules[i], event))
			continue;
		char marker[32];
		snprintf(marker, sizeof(marker), "id: r%u\n", i);
		ptrdiff_t from = str_find(text, str_of(marker));
		fail_msg("the engine says %d on\n%.*s\nto %.*s", yes, STR_ARG(json), 900,
			text.ptr + from);
	}
	arena_destroy(&arena);
	return count;
}

static void engine_agrees(void **state)
{
	struct sigma_options options = {.taxonomy = SIGMA_TAXONOMY_RAW};
	struct buf text = {0}, json = {0};
	struct engine engine;
	struct arena arena;
	uint64_t matches = 0;

	arena_init(&arena, 0);
	for (unsigned i = 0; i < RULES; i++)
		put_rule(&text, i);
	engine_begin(&engine);
	engine.print = true;
	engine_text(&engine, &options, buf_view(&text));
	assert_int_equal(engine.ok, RULES);
	engine_compile(&engine);
	parse_rules(&arena, buf_view(&text));
	for (unsigned i = 0; i < EVENTS; i++) {
		buf_clear(&json);
		put_event(&json);
		matches += compare(&engine, buf_view(&json), buf_view(&text));
	}
	printf("%u rules, %u events, %llu matches\n", RULES, EVENTS, (unsigned long long)matches);
	assert_true(matches > EVENTS);
	engine_end(&engine);
	arena_destroy(&arena);
	buf_destroy(&text);
	buf_destroy(&json);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(engine_agrees)};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
