#include "detect/sigma/explain.h"

#include "detect/cep/words.h"

static const char *const aggregates[] = {
	[CEP_EVENT_COUNT] = "the number of events",
	[CEP_VALUE_COUNT] = "the number of different values",
	[CEP_VALUE_SUM] = "the sum",
	[CEP_VALUE_AVG] = "the mean",
	[CEP_VALUE_PERCENTILE] = "percentile",
	[CEP_VALUE_MEDIAN] = "the median",
	[CEP_VALUE_RANK] = "how common the event's own value is, in percent,",
	[CEP_TEMPORAL] = "the number of steps that have matched",
	[CEP_TEMPORAL_ORDERED] = "the number of steps that have matched in their order",
};
static const char *const bound_signs[] = {
	[CEP_LT] = "<",
	[CEP_LTE] = "<=",
	[CEP_GT] = ">",
	[CEP_GTE] = ">=",
	[CEP_EQ] = "=",
	[CEP_NEQ] = "is not",
};

static bool same_everywhere(const struct cep_plan *plan, uint32_t key)
{
	for (uint32_t i = 1; i < plan->step_count; i++)
		if (plan->steps[i].keys[key].field != plan->steps[0].keys[key].field)
			return false;
	return true;
}

/* A field's name, or the names that it has in the steps: "a in 1, b in 2". */
static void print_key(
	const struct cep_plan *plan, uint32_t key, const struct fields *fields, struct buf *out)
{
	uint32_t shown = same_everywhere(plan, key) ? 1 : plan->step_count;

	for (uint32_t i = 0; i < shown; i++) {
		struct str name = fields_name(fields, plan->steps[i].keys[key].field);
		buf_printf(out, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(name));
		if (shown > 1)
			buf_printf(out, " in %u", i + 1);
	}
}

static void print_group(const struct cep_plan *plan, const struct fields *fields, struct buf *out)
{
	buf_cstr(out, "group: ");
	if (plan->key_count == 0)
		buf_cstr(out, "all events of a host");
	for (uint32_t i = 0; i < plan->key_count; i++) {
		buf_cstr(out, i == 0 ? "" : " and ");
		print_key(plan, i, fields, out);
	}
	buf_char(out, '\n');
}

static void print_steps(const struct cep_plan *plan, const struct fields *fields, struct buf *out)
{
	buf_cstr(out, "steps:\n");
	for (uint32_t i = 0; i < plan->step_count; i++) {
		const struct cep_step *step = &plan->steps[i];
		struct str title = step->rule->title;
		buf_printf(out, "%4u  %s%.*s%s%.*s%s", i + 1,
			step->rule->plan != NULL ? "correlation " : "", STR_ARG(title),
			title.len > 0 ? " (" : "", STR_ARG(step->rule->id),
			title.len > 0 ? ")" : "");
		for (uint32_t k = 0; k < plan->value_count; k++) {
			struct str name = fields_name(fields, step->values[k]);
			buf_printf(out, "%s%.*s", k == 0 ? "; field " : ", ", STR_ARG(name));
		}
		buf_char(out, '\n');
	}
}

static void print_bounds(const struct cep_plan *plan, struct buf *out)
{
	buf_cstr(out, aggregates[plan->aggregate]);
	if (plan->aggregate == CEP_VALUE_PERCENTILE)
		buf_printf(out, " %g", plan->percentile);
	for (uint32_t i = 0; i < plan->bound_count; i++)
		buf_printf(out, "%s %s %.15g", i == 0 ? "" : " and",
			bound_signs[plan->bounds[i].op], plan->bounds[i].number);
}

/* Postfix, as the engine runs it, read with a stack of texts that begin at `begins`. */
static void print_terms(const struct cep_plan *plan, struct buf *out)
{
	size_t begins[CEP_TERMS_MAX];
	unsigned depth = 0;
	struct buf text = {0}, joined = {0};

	for (uint32_t i = 0; i < plan->term_count; i++) {
		uint8_t type = plan->terms[i].type;
		if (type == CEP_TERM_STEP) {
			begins[depth++] = text.len;
			buf_printf(&text, "%u", plan->terms[i].step + 1u);
			continue;
		}
		if (type != CEP_TERM_NOT)
			depth--;
		size_t left = begins[depth - 1];
		size_t right = type == CEP_TERM_NOT ? text.len : begins[depth];
		buf_clear(&joined);
		if (type == CEP_TERM_NOT)
			buf_printf(
				&joined, "not %.*s", STR_ARG(str_n(text.ptr + left, right - left)));
		else
			buf_printf(&joined, "(%.*s %s %.*s)",
				STR_ARG(str_n(text.ptr + left, right - left)),
				type == CEP_TERM_AND ? "and" : "or",
				STR_ARG(str_n(text.ptr + right, text.len - right)));
		text.len = left;
		buf_str(&text, buf_view(&joined));
	}
	buf_str(out, buf_view(&text));
	buf_destroy(&text);
	buf_destroy(&joined);
}

static bool waits(const struct cep_plan *plan)
{
	for (uint32_t i = 0; i < plan->term_count; i++)
		if (plan->terms[i].type == CEP_TERM_NOT)
			return true;
	return false;
}

void sigma_explain_correlation(
	const struct rule *rule, const struct fields *fields, struct buf *out)
{
	const struct cep_plan *plan = rule->plan;

	buf_printf(out, "rule: %.*s\n", STR_ARG(rule->id));
	print_steps(plan, fields, out);
	print_group(plan, fields, out);
	buf_cstr(out, waits(plan) ? "window: of " : "window: the last ");
	cep_print_time(out, plan->maxspan_ns);
	buf_cstr(out,
		waits(plan) ? ", from an event of a step on\n" : ", up to each event of a step\n");
	buf_cstr(out, "matches: when ");
	if (plan->term_count > 0)
		print_terms(plan, out);
	else
		print_bounds(plan, out);
	buf_cstr(out, waits(plan)			  ? ", judged at the end of the window\n"
		      : plan->aggregate == CEP_VALUE_RANK ? "\n"
							  : ", which was not so before\n");
}
