#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "detect/cep/words.h"

static void expect(const struct cep_plan *plan, double number, const char *text)
{
	struct buf out = {0};

	cep_print_window(&out, plan, number, NULL);
	buf_char(&out, '\0');
	assert_string_equal(out.ptr, text);
	buf_destroy(&out);
}

static void windows(void **state)
{
	static const field_id values[] = {FIELD_user_name, FIELD_destination_port};
	const struct cep_step step = {.values = values};
	struct cep_plan plan = {
		.steps = &step, .step_count = 3, .maxspan_ns = UINT64_C(600000000000)};

	expect(&plan, 8, "8 events within 10 minutes");
	plan.aggregate = CEP_TEMPORAL_ORDERED;
	expect(&plan, 2, "2 of 3 rules in their order within 10 minutes");
	plan.value_count = 2;
	plan.aggregate = CEP_VALUE_COUNT;
	expect(&plan, 1, "1 different value of user.name and destination.port within 10 minutes");
	plan.value_count = 1;
	plan.aggregate = CEP_VALUE_PERCENTILE;
	plan.percentile = 99.5;
	expect(&plan, 1.25, "percentile 99.5 of user.name is 1.25 within 10 minutes");
}

static void keys(void **state)
{
	static const struct cep_value of[] = {{.field = FIELD_user_name}, {.field = FIELD_none}};
	const struct cep_step step = {.keys = of};
	const struct cep_plan plan = {.steps = &step, .step_count = 1, .key_count = 2};
	const struct value values[] = {value_text(STR("ann")), value_text(STR("7"))};
	struct buf out = {0};

	cep_print_keys(&out, &plan, values, 2, NULL);
	buf_char(&out, '\0');
	assert_string_equal(out.ptr, "user.name \"ann\", \"7\"");
	buf_destroy(&out);
}

static void times(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {
		{UINT64_C(1000000000), "1 second"},
		{UINT64_C(90000000000), "90 seconds"},
		{UINT64_C(120000000000), "2 minutes"},
		{UINT64_C(86400000000000), "1 day"},
		{UINT64_C(604800000000000), "7 days"},
		{UINT64_C(2629746000000000), "1 month"},
		{UINT64_C(63113904000000000), "2 years"},
		{UINT64_C(1500000000), "1.5 seconds"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = {0};
		cep_print_time(&out, rows[i].ns);
		buf_char(&out, '\0');
		assert_string_equal(out.ptr, rows[i].text);
		buf_destroy(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows), cmocka_unit_test(keys), cmocka_unit_test(times)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
