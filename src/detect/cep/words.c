#include "detect/cep/words.h"

void cep_print_time(struct buf *out, uint64_t ns)
{
	static const struct {
		uint64_t seconds;
		const char *word;
	} units[] = {{31556952, "year"}, {2629746, "month"}, {86400, "day"}, {3600, "hour"},
		{60, "minute"}, {1, "second"}};
	uint64_t seconds = ns / UINT64_C(1000000000);
	size_t i = 0;

	if (ns % UINT64_C(1000000000) != 0) {
		buf_printf(out, "%.15g seconds", (double)ns / 1e9);
		return;
	}
	while (seconds % units[i].seconds != 0)
		i++;
	uint64_t count = seconds / units[i].seconds;
	buf_printf(
		out, "%llu %s%s", (unsigned long long)count, units[i].word, count == 1 ? "" : "s");
}

/* Without fields only names of the schema are known. */
static struct str name_of(const struct fields *fields, field_id id)
{
	if (fields != NULL)
		return fields_name(fields, id);
	const struct schema_field *field = schema_field(id);
	return field == NULL ? STR("a field") : str_of(field->name);
}

static void print_values(struct buf *out, const struct cep_plan *plan, const struct fields *fields)
{
	for (uint32_t i = 0; i < plan->value_count; i++) {
		struct str name = name_of(fields, plan->steps[0].values[i]);
		buf_printf(out, "%s%.*s", i == 0 ? "" : " and ", STR_ARG(name));
	}
}

static void print_number(struct buf *out, const struct cep_plan *plan, double number,
	const char *what, const struct fields *fields)
{
	buf_cstr(out, what);
	print_values(out, plan, fields);
	buf_printf(out, " is %.15g", number);
}

static void print_aggregate(
	struct buf *out, const struct cep_plan *plan, double number, const struct fields *fields)
{
	switch (plan->aggregate) {
	case CEP_EVENT_COUNT:
		buf_printf(out, "%.15g event%s", number, number == 1 ? "" : "s");
		break;
	case CEP_VALUE_COUNT:
		buf_printf(out, "%.15g different value%s of ", number, number == 1 ? "" : "s");
		print_values(out, plan, fields);
		break;
	case CEP_VALUE_SUM:
		print_number(out, plan, number, "the sum of ", fields);
		break;
	case CEP_VALUE_AVG:
		print_number(out, plan, number, "the mean of ", fields);
		break;
	case CEP_VALUE_MEDIAN:
		print_number(out, plan, number, "the median of ", fields);
		break;
	case CEP_VALUE_PERCENTILE:
		buf_printf(out, "percentile %.15g of ", plan->percentile);
		print_number(out, plan, number, "", fields);
		break;
	case CEP_VALUE_RANK:
		buf_printf(out, "%.3g percent of the values of ", number);
		print_values(out, plan, fields);
		buf_cstr(out, " are like this one");
		break;
	default:
		buf_printf(out, "%.15g of %u rules%s", number, plan->step_count,
			plan->aggregate == CEP_TEMPORAL_ORDERED ? " in their order" : "");
	}
}

void cep_print_window(
	struct buf *out, const struct cep_plan *plan, double aggregate, const struct fields *fields)
{
	print_aggregate(out, plan, aggregate, fields);
	buf_cstr(out, " within ");
	cep_print_time(out, plan->maxspan_ns);
}

void cep_print_keys(struct buf *out, const struct cep_plan *plan, const struct value *keys,
	uint32_t count, const struct fields *fields)
{
	const struct cep_step *last = &plan->steps[plan->step_count - 1];
	char number[VALUE_TEXT_BYTES];

	for (uint32_t i = 0; i < count; i++) {
		buf_cstr(out, i > 0 ? ", " : "");
		if (i < plan->key_count && last->keys[i].field != FIELD_none) {
			buf_str(out, name_of(fields, last->keys[i].field));
			buf_char(out, ' ');
		}
		buf_char(out, '"');
		buf_str(out, value_as_text(&keys[i], number));
		buf_char(out, '"');
	}
}
