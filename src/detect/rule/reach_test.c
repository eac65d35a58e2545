#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "detect/rule/reach.h"

static struct arena arena;
static uint64_t kinds[KIND_MAX / 64], fields[FIELD_ID_MAX / 64];
static const struct reach reach = {kinds, fields};

static int setup(void **state)
{
	arena_init(&arena, 0);
	kinds[KIND_process_exec / 64] |= UINT64_C(1) << (KIND_process_exec % 64);
	fields[FIELD_process_name / 64] |= UINT64_C(1) << (FIELD_process_name % 64);
	return 0;
}

static int teardown(void **state)
{
	arena_destroy(&arena);
	return 0;
}

static struct expr *asks(enum atom_op op, field_id id)
{
	return expr_atom(&arena, (struct atom){.op = (uint8_t)op, .field = id}, 0);
}

static struct expr *both(enum expr_op op, struct expr *a, struct expr *b)
{
	struct expr *list = expr_list(&arena, op);

	assert_int_equal(expr_add(&arena, list, a), 0);
	assert_int_equal(expr_add(&arena, list, b), 0);
	return list;
}

static bool reachable(
	struct expr *condition, enum event_kind kind, field_id *ret_missing, unsigned *ret_count)
{
	struct rule rule = {.condition = condition};
	field_id missing[REACH_MISSING_MAX];

	rule.kinds[kind / 64] |= UINT64_C(1) << (kind % 64);
	bool ret = reach_rule(&rule, &reach, missing, ret_count);
	*ret_missing = *ret_count > 0 ? missing[0] : FIELD_none;
	return ret;
}

static void fields__that_are_needed_decide(void **state)
{
	struct expr *have = asks(ATOM_EQUALS, FIELD_process_name);
	struct expr *lack = asks(ATOM_EQUALS, FIELD_process_code_signature_team_id);
	field_id missing;
	unsigned count;

	assert_true(reachable(have, KIND_process_exec, &missing, &count));
	assert_false(reachable(both(EXPR_AND, have, lack), KIND_process_exec, &missing, &count));
	assert_int_equal(count, 1);
	assert_int_equal(missing, FIELD_process_code_signature_team_id);
	assert_true(reachable(both(EXPR_OR, lack, have), KIND_process_exec, &missing, &count));
	assert_int_equal(count, 0);
	assert_true(reachable(
		both(EXPR_AND, have, expr_not(&arena, lack)), KIND_process_exec, &missing, &count));
	assert_true(reachable(asks(ATOM_NULL, FIELD_process_code_signature_team_id),
		KIND_process_exec, &missing, &count));
}

static void kinds__that_nobody_sees_cannot_fire(void **state)
{
	field_id missing;
	unsigned count;

	assert_false(
		reachable(asks(ATOM_EQUALS, FIELD_process_name), KIND_dns_query, &missing, &count));
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fields__that_are_needed_decide, setup, teardown),
		cmocka_unit_test_setup_teardown(
			kinds__that_nobody_sees_cannot_fire, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
