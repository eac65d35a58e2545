/* The condition of a correlation: bounds of a number, or rules joined by and, or, not. */
#include <errno.h>
#include <math.h>
#include "base/err.h"
#include "base/strmatch.h"
#include "detect/sigma/correlation.h"
#include "detect/sigma/document.h"

#define BOUNDS_MAX  8
#define WAITING_MAX 64 /* operators, and operands, that wait */

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

/* ---- bounds ---- */

static const struct bound_word {
	const char *word;
	uint8_t op;
} bound_words[] = {
	{"lt", CEP_LT},
	{"lte", CEP_LTE},
	{"gt", CEP_GT},
	{"gte", CEP_GTE},
	{"eq", CEP_EQ},
	{"neq", CEP_NEQ},
};

static const struct bound_word *bound_of(struct str word)
{
	for (size_t i = 0; i < sizeof(bound_words) / sizeof(bound_words[0]); i++)
		if (str_is(word, bound_words[i].word))
			return &bound_words[i];
	return NULL;
}

static bool number_of(const struct yaml_node *node, double *ret)
{
	if (node->kind != YAML_KIND_SCALAR)
		return false;
	if (node->type == YAML_TYPE_INT || node->type == YAML_TYPE_FLOAT)
		*ret = node->f64;
	else if (node->type != YAML_TYPE_TEXT || !str_to_double(node->text, ret))
		return false;
	return isfinite(*ret);
}

static bool meets(const struct sigma_correlation *correlation, double value)
{
	for (uint32_t i = 0; i < correlation->bound_count; i++) {
		double number = correlation->bounds[i].number;
		bool ok = false;
		switch (correlation->bounds[i].op) {
		case CEP_LT:
			ok = value < number;
			break;
		case CEP_LTE:
			ok = value <= number;
			break;
		case CEP_GT:
			ok = value > number;
			break;
		case CEP_GTE:
			ok = value >= number;
			break;
		case CEP_EQ:
			ok = value == number;
			break;
		default:
			ok = value != number;
			break;
		}
		if (!ok)
			return false;
	}
	return true;
}

static bool counts(uint8_t aggregate)
{
	return aggregate == CEP_EVENT_COUNT || aggregate == CEP_VALUE_COUNT ||
	       sigma_is_temporal(aggregate);
}

/* Is there a value that meets all bounds? If so, one lies at, beside or between them. */
static bool can_be_met(const struct sigma_correlation *correlation)
{
	bool whole = counts(correlation->aggregate);
	double most = INFINITY;

	if (sigma_is_temporal(correlation->aggregate))
		most = correlation->rule_count;
	for (uint32_t i = 0; i < correlation->bound_count; i++) {
		double a = correlation->bounds[i].number;
		for (uint32_t k = 0; k < correlation->bound_count; k++) {
			double between = (a + correlation->bounds[k].number) / 2;
			const double tries[] = {1, floor(a) - 1, floor(a), floor(a) + 1,
				floor(a) + 2, a, a - 1, a + 1, between};
			for (size_t t = 0; t < sizeof(tries) / sizeof(tries[0]); t++) {
				double value = tries[t];
				if (whole && (value < 1 || value > most || value != floor(value)))
					continue;
				if (meets(correlation, value))
					return true;
			}
		}
	}
	return correlation->bound_count == 0;
}

static int add_bound(struct sigma_correlation *correlation, uint8_t op,
	const struct yaml_pair *pair, struct err *err)
{
	double number;

	if (!number_of(pair->value, &number))
		return err_set(err, -EINVAL, "line %u: %.*s is no number", pair->value->line,
			STR_ARG(pair->key->text));
	correlation->bounds[correlation->bound_count++] = (struct cep_bound){
		.op = op, .number = number};
	return 0;
}

static int read_percentile(
	const struct yaml_node *node, struct sigma_correlation *correlation, struct err *err)
{
	if (correlation->aggregate != CEP_VALUE_PERCENTILE)
		return err_set(err, -EINVAL, "line %u: only value_percentile has a percentile",
			node->line);
	if (!number_of(node, &correlation->percentile) || correlation->percentile < 0 ||
		correlation->percentile > 100)
		return err_set(
			err, -EINVAL, "line %u: percentile is no number from 0 to 100", node->line);
	return 0;
}

static int read_field(struct sigma_context *ctx, const struct yaml_node *condition,
	struct sigma_correlation *correlation, struct err *err)
{
	const struct yaml_node *node = sigma_get(condition, "field");
	const char *word = sigma_correlation_word(correlation->aggregate);
	bool wanted = correlation->aggregate != CEP_EVENT_COUNT &&
		      !sigma_is_temporal(correlation->aggregate);

	if (!wanted) {
		if (node != NULL)
			sigma_note(ctx, "%s looks at no field: field is ignored", word);
		return 0;
	}
	if (node == NULL)
		return err_set(err, -EINVAL, "line %u: %s needs a field in its condition",
			condition->line, word);
	int rc = sigma_texts(ctx, node, "field", CEP_KEYS_MAX, &correlation->fields,
		&correlation->field_count, err);
	if (rc != 0)
		return rc;
	if (correlation->field_count == 0)
		return err_set(err, -EINVAL, "line %u: field is empty", node->line);
	if (correlation->field_count > 1 && correlation->aggregate != CEP_VALUE_COUNT)
		return err_set(err, -EINVAL, "line %u: %s takes one field", node->line, word);
	return 0;
}

static int read_bounds(struct sigma_context *ctx, const struct yaml_node *condition,
	struct sigma_correlation *correlation, struct err *err)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < condition->count; i++) {
		const struct yaml_pair *pair = &condition->pairs[i];
		const struct bound_word *bound = bound_of(pair->key->text);
		if (bound != NULL && correlation->bound_count == BOUNDS_MAX)
			rc = err_set(err, -EINVAL, "line %u: more than %d bounds", pair->key->line,
				BOUNDS_MAX);
		else if (bound != NULL)
			rc = add_bound(correlation, bound->op, pair, err);
		else if (str_is(pair->key->text, "percentile"))
			rc = read_percentile(pair->value, correlation, err);
		else if (!str_is(pair->key->text, "field"))
			rc = err_set(err, -EINVAL, "line %u: '%.*s' is unknown in a condition",
				pair->key->line, STR_ARG(pair->key->text));
	}
	if (rc == 0)
		rc = read_field(ctx, condition, correlation, err);
	if (rc != 0)
		return rc;
	if (correlation->bound_count == 0)
		return err_set(err, -EINVAL,
			"line %u: the condition has none of gt, gte, lt, lte, eq, neq",
			condition->line);
	if (!can_be_met(correlation))
		return err_set(err, -EINVAL,
			"line %u: the condition can never hold: no %s meets it%s", condition->line,
			counts(correlation->aggregate) ? "count" : "value",
			counts(correlation->aggregate)
				? " (nothing is judged where nothing happens)"
				: "");
	if (correlation->aggregate == CEP_VALUE_PERCENTILE &&
		yaml_get(condition, "percentile") == NULL)
		correlation->aggregate = CEP_VALUE_RANK;
	return 0;
}

/* ---- rules joined by and, or, not ---- */

struct terms {
	struct sigma_context *ctx;
	struct sigma_correlation *correlation;
	struct str rest; /* of the text */
	uint32_t line;
	bool listed;		      /* the correlation says under `rules` which there are */
	uint8_t waiting[WAITING_MAX]; /* operators; PAREN */
	unsigned waiting_count, depth, not_count, or_count;
	uint64_t used; /* steps that the condition names */
};
enum { PAREN = 255 };

static int broken(const struct terms *t, const char *reason, struct err *err)
{
	return err_set(err, -EINVAL, "line %u: condition: %s", t->line, reason);
}

static struct str next_token(struct terms *t)
{
	size_t len = 0;

	t->rest = str_trim(t->rest);
	while (len < t->rest.len && (unsigned char)t->rest.ptr[len] > ' ' &&
		t->rest.ptr[len] != '(' && t->rest.ptr[len] != ')')
		len++;
	if (len == 0 && t->rest.len > 0)
		len = 1; /* a parenthesis */
	struct str token = str_n(t->rest.ptr, len);
	t->rest = str_n(t->rest.ptr + len, t->rest.len - len);
	return token;
}

static int emit(struct terms *t, uint8_t type, uint16_t step, struct err *err)
{
	struct sigma_correlation *correlation = t->correlation;

	if (correlation->term_count == CEP_TERMS_MAX)
		return broken(t, "it is too long", err);
	correlation->terms[correlation->term_count++] = (struct cep_term){
		.type = type, .step = step};
	t->depth += type == CEP_TERM_STEP;
	t->depth -= type == CEP_TERM_AND || type == CEP_TERM_OR;
	t->not_count += type == CEP_TERM_NOT;
	t->or_count += type == CEP_TERM_OR;
	return t->depth > WAITING_MAX ? broken(t, "it is nested too deep", err) : 0;
}

/* Operators that bind at least as tightly come first; those in front of an operand do not wait for
 * one another. */
static int push(struct terms *t, uint8_t op, struct err *err)
{
	static const uint8_t strength[] = {
		[CEP_TERM_NOT] = 3, [CEP_TERM_AND] = 2, [CEP_TERM_OR] = 1};
	int rc = 0;

	while (rc == 0 && op != CEP_TERM_NOT && op != PAREN && t->waiting_count > 0 &&
		t->waiting[t->waiting_count - 1] != PAREN &&
		strength[t->waiting[t->waiting_count - 1]] >= strength[op])
		rc = emit(t, t->waiting[--t->waiting_count], 0, err);
	if (rc != 0)
		return rc;
	if (t->waiting_count == WAITING_MAX)
		return broken(t, "it is nested too deep", err);
	t->waiting[t->waiting_count++] = op;
	return 0;
}

static int close_paren(struct terms *t, struct err *err)
{
	while (t->waiting_count > 0) {
		uint8_t op = t->waiting[--t->waiting_count];
		if (op == PAREN)
			return 0;
		int rc = emit(t, op, 0, err);
		if (rc != 0)
			return rc;
	}
	return broken(t, "a parenthesis that nothing opened", err);
}

static int name_step(struct terms *t, struct str name, struct err *err)
{
	struct sigma_correlation *correlation = t->correlation;
	uint32_t step = 0;

	while (step < correlation->rule_count && !str_eq(correlation->rules[step].text, name))
		step++;
	if (step == correlation->rule_count) {
		if (t->listed)
			return err_set(err, -EINVAL,
				"line %u: condition: '%.*s' is not among the rules", t->line,
				STR_ARG(name));
		if (step == CEP_STEPS_MAX)
			return broken(t, "it names too many rules", err);
		struct str kept = sigma_keep(t->ctx, name);
		if (kept.ptr == NULL)
			return out_of_memory(err);
		correlation->rules[correlation->rule_count++] = (struct sigma_reference){
			kept, t->line};
	}
	t->used |= UINT64_C(1) << step;
	return emit(t, CEP_TERM_STEP, (uint16_t)step, err);
}

static bool is_word(struct str token, const char *word)
{
	return match_equals(token, str_of(word), false);
}

static int read_terms(struct terms *t, struct err *err)
{
	bool want_operand = true;
	int rc = 0;

	for (struct str token; rc == 0 && (token = next_token(t)).len > 0;) {
		bool opens = str_is(token, "("), negates = is_word(token, "not");
		bool joins = is_word(token, "and") || is_word(token, "or");
		if (want_operand != !(joins || str_is(token, ")")))
			return broken(t,
				want_operand ? "a rule's name is missing" : "and or or is missing",
				err);
		if (opens || negates)
			rc = push(t, opens ? PAREN : CEP_TERM_NOT, err);
		else if (joins)
			rc = push(t, is_word(token, "and") ? CEP_TERM_AND : CEP_TERM_OR, err);
		else if (str_is(token, ")"))
			rc = close_paren(t, err);
		else
			rc = name_step(t, token, err);
		want_operand = opens || negates || joins;
	}
	if (rc == 0 && want_operand)
		return broken(t, "a rule's name is missing", err);
	while (rc == 0 && t->waiting_count > 0) {
		uint8_t op = t->waiting[--t->waiting_count];
		rc = op == PAREN ? broken(t, "a parenthesis is not closed", err)
				 : emit(t, op, 0, err);
	}
	return rc;
}

static int all_rules(
	struct sigma_context *ctx, struct sigma_correlation *correlation, struct err *err)
{
	correlation->bounds = arena_alloc(ctx->arena, sizeof(*correlation->bounds));
	if (correlation->bounds == NULL)
		return out_of_memory(err);
	correlation->bounds[0] = (struct cep_bound){CEP_GTE, correlation->rule_count};
	correlation->bound_count = 1;
	correlation->terms = NULL;
	correlation->term_count = 0;
	return 0;
}

static int read_boolean(struct sigma_context *ctx, const struct yaml_node *condition,
	struct sigma_correlation *correlation, struct err *err)
{
	struct terms t = {.ctx = ctx,
		.correlation = correlation,
		.rest = yaml_scalar(condition),
		.line = condition->line,
		.listed = correlation->rule_count > 0};

	if (!sigma_is_temporal(correlation->aggregate))
		return err_set(err, -EINVAL, "line %u: the condition of %s is no map",
			condition->line, sigma_correlation_word(correlation->aggregate));
	correlation->terms = arena_alloc(ctx->arena, CEP_TERMS_MAX * sizeof(*correlation->terms));
	if (!t.listed)
		correlation->rules = arena_alloc(
			ctx->arena, CEP_STEPS_MAX * sizeof(*correlation->rules));
	if (correlation->terms == NULL || correlation->rules == NULL)
		return out_of_memory(err);
	int rc = read_terms(&t, err);
	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < correlation->rule_count; i++)
		if ((t.used >> i & 1) == 0)
			return err_set(err, -EINVAL,
				"line %u: rule '%.*s' does not occur in the condition",
				correlation->rules[i].line, STR_ARG(correlation->rules[i].text));
	if (t.not_count + t.or_count == 0)
		return all_rules(ctx, correlation, err);
	if (correlation->aggregate == CEP_TEMPORAL_ORDERED)
		return broken(&t, "temporal_ordered takes rules joined by and only", err);
	return 0;
}

int sigma_correlation_condition(struct sigma_context *ctx, const struct yaml_node *section,
	struct sigma_correlation *correlation, struct err *err)
{
	const struct yaml_node *condition = sigma_get(section, "condition");
	bool is_text = yaml_scalar(condition).len > 0;

	if (correlation->rule_count == 0 && !is_text)
		return err_set(err, -EINVAL, "line %u: rules is missing", section->line);
	if (is_text)
		return read_boolean(ctx, condition, correlation, err);
	if (condition == NULL && sigma_is_temporal(correlation->aggregate))
		return all_rules(ctx, correlation, err);
	if (condition == NULL || condition->kind != YAML_KIND_MAP)
		return err_set(err, -EINVAL, "line %u: the condition of %s is %s",
			condition == NULL ? section->line : condition->line,
			sigma_correlation_word(correlation->aggregate),
			condition == NULL ? "missing" : "no map");
	correlation->bounds = arena_alloc(ctx->arena, BOUNDS_MAX * sizeof(*correlation->bounds));
	if (correlation->bounds == NULL)
		return out_of_memory(err);
	return read_bounds(ctx, condition, correlation, err);
}
