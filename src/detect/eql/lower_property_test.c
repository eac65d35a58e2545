/* Random conditions over random documents: the predicate machine, with its index and without, says
 * what eql_holds() says, in every dialect and mode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/err.h"
#include "detect/eql/eval.h"
#include "detect/eql/lower.h"
#include "detect/eql/parse.h"
#include "detect/sigma/test_engine.h"

#define QUERIES	  60
#define DOCUMENTS 60
#define ROUNDS	  24

static uint64_t state;

static unsigned pick(unsigned count)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % count;
}

#define ONE_OF(list) (list)[pick(sizeof(list) / sizeof((list)[0]))]

static const char *const names[] = {"process.name", "process.args", "process.pid",
	"process.interactive", "a", "b", "c.d", "event.type", "host.os.type"};
static const char *const texts[] = {"", "a", "A", "ab", "aB", "abc", "a*", "*b*", "a?c", "true",
	"1", "12", "1.5", "\xc3\xa4", "10.1.2.3", "x\\\\y", "2024-05-01", "start", "linux",
	"2024-05-01T00:00:00.0Z"};

static void put_literal(struct buf *out)
{
	static const char *const numbers[] = {
		"0", "1", "12", "-3", "1.5", "9007199254740993", "1714521600000"};

	switch (pick(8)) {
	case 0:
		buf_cstr(out, pick(2) ? "true" : "false");
		break;
	case 1:
	case 2:
		buf_cstr(out, ONE_OF(numbers));
		break;
	case 3:
		buf_cstr(out, "null");
		break;
	default:
		buf_printf(out, "\"%s\"", ONE_OF(texts));
	}
}

static void put_list(struct buf *out, bool only_texts)
{
	unsigned count = 1 + pick(3);

	buf_char(out, '(');
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			buf_cstr(out, ", ");
		if (only_texts)
			buf_printf(out, "\"%s\"", ONE_OF(texts));
		else
			put_literal(out);
	}
	buf_char(out, ')');
}

static void put_question(struct buf *out)
{
	static const char *const comparisons[] = {"==", "!=", "==", "!=", "<", "<=", ">", ">="};
	static const char *const matches[] = {":", "like", "like~", "regex", "regex~"};
	static const char *const functions[] = {"startsWith", "endsWith", "stringContains",
		"wildcard", "startsWith~", "endsWith~", "stringContains~", "wildcard~"};
	const char *name = ONE_OF(names);

	switch (pick(9)) {
	case 0:
		buf_printf(out, "%s %s ", name, pick(3) ? "in" : pick(2) ? "in~" : "not in");
		put_list(out, false);
		break;
	case 1:
		buf_printf(out, "%s %s ", name, ONE_OF(matches));
		put_list(out, true);
		break;
	case 2:
		buf_printf(out, "%s(%s, \"%s\")", ONE_OF(functions), name, ONE_OF(texts));
		break;
	case 3:
		buf_printf(out, "cidrMatch(%s, \"10.0.0.0/8\", \"192.168.0.0/16\")", name);
		break;
	case 4:
		buf_printf(out, "%s %s %s", name, ONE_OF(comparisons), ONE_OF(names));
		break;
	case 5:
		buf_printf(out, "length(%s) %s %u", name, ONE_OF(comparisons), pick(4));
		break;
	case 6:
		buf_cstr(out, name);
		break;
	default:
		if (pick(5) == 0) {
			put_literal(out);
			buf_printf(out, " %s %s", ONE_OF(comparisons), name);
		} else {
			buf_printf(out, "%s %s ", name, ONE_OF(comparisons));
			put_literal(out);
		}
	}
}

static void put_condition(struct buf *out, unsigned depth)
{
	unsigned kind = depth == 0 ? 9 : pick(6);

	if (kind > 3) {
		put_question(out);
		return;
	}
	buf_cstr(out, kind == 0 ? "not (" : "(");
	put_condition(out, depth - 1);
	if (kind > 0) {
		buf_cstr(out, kind == 1 ? " or " : " and ");
		put_condition(out, depth - 1);
	}
	buf_char(out, ')');
}

/* ---- documents ---- */

static void put_value(struct buf *out)
{
	static const char *const plain[] = {"null", "true", "false", "0", "1", "12", "-3", "1.5",
		"9007199254740993", "9007199254740992", "1714521600000", "1.0", "1e20"};

	if (pick(3) == 0)
		buf_cstr(out, ONE_OF(plain));
	else
		buf_printf(out, "\"%s\"", ONE_OF(texts));
}

static void put_document(struct buf *out)
{
	static const char *const members[] = {"process.name", "process.args", "process.pid",
		"process.interactive", "a", "b", "c.d", "event.type", "host.os.type"};

	buf_cstr(out, "{\"event.category\":\"process\"");
	for (unsigned i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (pick(3) == 0)
			continue;
		buf_printf(out, ",\"%s\":", members[i]);
		if (pick(3) > 0) {
			put_value(out);
			continue;
		}
		unsigned count = pick(4);
		buf_char(out, '[');
		for (unsigned k = 0; k < count; k++) {
			if (k > 0)
				buf_char(out, ',');
			put_value(out);
		}
		buf_char(out, ']');
	}
	buf_char(out, '}');
}

/* ---- both ---- */

struct query {
	struct buf text;
	uint32_t rule;
	struct eql_node *bound;
};

static struct arena arena, scratch;

static bool add_query(struct engine *engine, const struct eql_options *options, struct query *query)
{
	struct rule meta = {.id = STR("q")};
	struct eql_query *parsed;
	struct err err = {0};

	buf_clear(&query->text);
	buf_cstr(&query->text, "any where ");
	put_condition(&query->text, 1 + pick(3));
	struct str text = buf_view(&query->text);
	if (eql_add_query(engine->set, text, options, NULL, &meta, &err) != 0)
		return false; /* types that do not fit, words of another dialect */
	query->rule = meta.number;
	assert_int_equal(eql_parse(&arena, text, options, &parsed, &err), 0);
	assert_int_equal(eql_bind(&arena, parsed->steps[0].event.condition, options, engine->fields,
				 &query->bound, &err),
		0);
	return true;
}

static void compare(struct engine *engine, const struct eql_options *options,
	const struct query *queries, unsigned count, struct str json)
{
	const struct rule *const *rules;
	uint32_t matched = engine_run(engine, json, &rules), at = 0;

	for (unsigned i = 0; i < count; i++) {
		struct eql_env env = {.options = options, .scratch = &scratch};
		arena_reset(&scratch);
		eql_env_of_view(&env, engine->view);
		bool holds = eql_holds(&env, queries[i].bound);
		bool fires = at < matched && rules[at]->number == queries[i].rule;
		at += fires;
		if (holds != fires)
			fail_msg("%s%s: %.*s\nholds: %d, fires: %d\n%.*s",
				eql_dialect_word(options->dialect),
				options->caseless ? ", caseless" : "",
				STR_ARG(buf_view(&queries[i].text)), holds, fires, STR_ARG(json));
	}
}

static void one_round(bool without_index, unsigned *ret_accepted)
{
	static struct query queries[QUERIES];
	struct eql_options options = {
		.dialect = (enum eql_dialect)pick(3), .caseless = pick(2) == 0};
	struct engine engine;
	struct buf json = {0};
	unsigned count = 0;

	engine_begin(&engine);
	if (without_index)
		ruleset_without_index(engine.set);
	for (unsigned i = 0; i < QUERIES; i++)
		count += add_query(&engine, &options, &queries[count]);
	engine_compile(&engine);
	for (unsigned i = 0; i < DOCUMENTS; i++) {
		buf_clear(&json);
		put_document(&json);
		compare(&engine, &options, queries, count, buf_view(&json));
	}
	*ret_accepted += count;
	engine_end(&engine);
	arena_reset(&arena);
	buf_destroy(&json);
	for (unsigned i = 0; i < QUERIES; i++)
		buf_destroy(&queries[i].text);
	memset(queries, 0, sizeof(queries));
}

static void machine_and_evaluator_agree(void **unused)
{
	const char *seed = getenv("MERLON_SEED");
	unsigned accepted = 0;

	state = seed == NULL ? 20261122 : strtoull(seed, NULL, 10);
	for (unsigned i = 0; i < ROUNDS; i++)
		one_round(i % 4 == 0, &accepted);
	assert_true(accepted > ROUNDS * QUERIES / 4);
	arena_destroy(&arena);
	arena_destroy(&scratch);
	(void)unused;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machine_and_evaluator_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
