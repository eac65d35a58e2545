/* Makes the literal operands of a node ready, so that events cost nothing but the comparison. */
#include <errno.h>
#include "base/err.h"
#include "detect/eql/bind.h"
#include "detect/eql/pattern.h"

static int compile(struct eql_binder *b, const struct eql_node *at, struct str pattern, bool cased,
	uint32_t options, const pcre2_code **ret)
{
	pcre2_compile_context *context = pcre2_compile_context_create(b->memory);
	PCRE2_UCHAR text[160] = "";
	PCRE2_SIZE offset;
	int code;

	if (context == NULL)
		return eql_no_memory(b);
	options |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL;
	if (!cased)
		options |= PCRE2_CASELESS;
	const pcre2_code *regex = pcre2_compile(
		(PCRE2_SPTR)(pattern.ptr == NULL ? "" : pattern.ptr), pattern.len, options, &code,
		&offset, context);
	if (regex == NULL) {
		(void)pcre2_get_error_message(code, text, sizeof(text));
		return eql_refuse(b, at, "regular expression: %s", (const char *)text);
	}
	*ret = regex;
	return 0;
}

static int prepare_lucene(struct eql_binder *b, struct eql_node *literal, bool cased)
{
	struct eql_bound *bound = eql_own_bound(b, literal);
	struct err why = {0};
	struct str pattern;

	if (bound == NULL)
		return eql_no_memory(b);
	int rc = eql_lucene(b->arena, literal->text, &pattern, &why);
	if (rc == -ENOMEM)
		return eql_no_memory(b);
	if (rc != 0)
		return eql_refuse(b, literal, "%s", why.text);
	bound->cased = cased;
	return compile(b, literal, pattern, cased, 0, &bound->regex);
}

/* A text to be compared with, which holds wildcards where wild says so. */
static int prepare_text(struct eql_binder *b, struct eql_node *literal, bool cased, bool wild)
{
	struct eql_bound *bound = eql_own_bound(b, literal);
	bool question = eql_has(b->options->dialect, EQL_QUESTION_WILDCARD);

	if (bound == NULL)
		return eql_no_memory(b);
	bound->cased = cased;
	bound->wild = false;
	bound->pattern = literal->text;
	bound->is_time = eql_has(b->options->dialect, EQL_TIMES) &&
			 eql_time_of(literal->text, &bound->time_ns);
	if (wild)
		bound->pattern = eql_wildcard(b->arena, literal->text, question, &bound->wild);
	if (bound->pattern.ptr != NULL && !cased)
		bound->pattern = eql_fold(b->arena, bound->pattern);
	return bound->pattern.ptr == NULL ? eql_no_memory(b) : 0;
}

static int prepare_kids(
	struct eql_binder *b, struct eql_node *node, uint32_t from, bool cased, bool wild)
{
	int rc = 0;

	for (uint32_t i = from; i < node->kid_count && rc == 0; i++)
		if (node->kids[i]->type == EQL_STRING)
			rc = prepare_text(b, node->kids[i], cased, wild);
	return rc;
}

/* "*" in the text makes == a wildcard comparison in some dialects; "?" alone does not. */
static int prepare_compare(struct eql_binder *b, struct eql_node *node, bool cased)
{
	bool equal = node->op == EQL_EQ || node->op == EQL_NE;
	bool wild = equal && eql_has(b->options->dialect, EQL_WILDCARD_EQUALS);

	return prepare_kids(b, node, 0, cased, wild);
}

static int prepare_match(struct eql_binder *b, struct eql_node *node, bool cased)
{
	int rc = 0;

	if (node->op != EQL_REGEX)
		return prepare_kids(b, node, 1, cased, true);
	for (uint32_t i = 1; i < node->kid_count && rc == 0; i++)
		if (node->kids[i]->type == EQL_STRING)
			rc = prepare_lucene(b, node->kids[i], cased);
	return rc;
}

/* ---- functions ---- */

/* A null among the patterns leaves the call without one: its result is null. */
static int prepare_regexes(struct eql_binder *b, struct eql_node *node)
{
	struct eql_bound *bound = eql_own_bound(b, node);
	uint32_t count = node->kid_count - 1;
	struct str *texts = arena_alloc(b->arena, (count + 1) * sizeof(*texts));

	if (texts == NULL)
		return eql_no_memory(b);
	for (uint32_t i = 0; i < count; i++) {
		if (node->kids[i + 1]->type == EQL_NULL)
			return 0;
		texts[i] = node->kids[i + 1]->text;
	}
	struct str pattern = eql_match_pattern(b->arena, texts, count);
	if (pattern.ptr == NULL)
		return eql_no_memory(b);
	return compile(b, node->kids[1], pattern, bound->cased, PCRE2_UCP, &bound->regex);
}

static int prepare_networks(struct eql_binder *b, struct eql_node *node)
{
	for (uint32_t i = 1; i < node->kid_count; i++) {
		struct eql_node *kid = node->kids[i];
		if (kid->type == EQL_NULL)
			continue;
		struct eql_bound *bound = eql_own_bound(b, kid);
		if (bound == NULL)
			return eql_no_memory(b);
		if (!cidr_parse(str_trim(kid->text), &bound->cidr))
			return eql_refuse(b, kid, "'%.*s' is no network", STR_ARG(kid->text));
	}
	return 0;
}

static int prepare_call(struct eql_binder *b, struct eql_node *node)
{
	const struct eql_function *function = node->bound->function;

	switch (function->kind) {
	case EQL_REGEXES:
		return prepare_regexes(b, node);
	case EQL_NETWORKS:
		return prepare_networks(b, node);
	case EQL_WILDCARDS:
		return prepare_kids(b, node, 1, node->bound->cased, true);
	default:
		if (!function->may_caseless)
			return 0;
		return prepare_kids(b, node, 1, node->bound->cased, false);
	}
}

int eql_prepare(struct eql_binder *b, struct eql_node *node)
{
	bool cased = !node->caseless && !b->options->caseless;

	switch (node->type) {
	case EQL_COMPARE:
		return prepare_compare(b, node, cased);
	case EQL_MATCH:
		return prepare_match(b, node, cased);
	case EQL_IN:
		return prepare_kids(b, node, 1, cased, false);
	case EQL_CALL:
		return prepare_call(b, node);
	default:
		return 0;
	}
}
