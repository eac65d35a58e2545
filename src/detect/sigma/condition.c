#include "detect/sigma/condition.h"

#include <errno.h>
#include <strings.h>
#include "base/err.h"

#define DEPTH_MAX	 64
#define COMBINATIONS_MAX 1024
#define SELECTED_MAX	 256

struct parser {
	struct sigma_context *ctx;
	const struct sigma_identifier *identifiers;
	uint32_t count;
	struct str rest;
	struct str token; /* the next one; empty at the end */
	unsigned depth;
	struct err *err;
};

static void advance(struct parser *p)
{
	p->rest = str_trim(p->rest);
	size_t len = 0;
	if (p->rest.len > 0 && strchr("()|", p->rest.ptr[0]) != NULL)
		len = 1;
	else
		while (len < p->rest.len && (unsigned char)p->rest.ptr[len] > ' ' &&
			strchr("()|", p->rest.ptr[len]) == NULL)
			len++;
	p->token = str_n(p->rest.ptr, len);
	p->rest = str_n(p->rest.ptr + len, p->rest.len - len);
}

static bool is_word(struct str token, const char *word)
{
	return token.len == strlen(word) && strncasecmp(token.ptr, word, token.len) == 0;
}

static bool next_is_of(const struct parser *p)
{
	struct str rest = str_trim(p->rest);

	return rest.len >= 2 && strncasecmp(rest.ptr, "of", 2) == 0 &&
	       (rest.len == 2 || (unsigned char)rest.ptr[2] <= ' ' || rest.ptr[2] == '(');
}

bool sigma_name_matches(struct str name, struct str pattern)
{
	size_t n = 0, p = 0, star = SIZE_MAX, retry = 0;

	while (n < name.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			retry = n;
		} else if (p < pattern.len && pattern.ptr[p] == name.ptr[n]) {
			p++, n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

/* Identifiers that begin with '_' take part only where the pattern asks for them. */
static bool is_selected(struct str name, struct str pattern)
{
	bool hidden = name.len > 0 && name.ptr[0] == '_';

	if (is_word(pattern, "them"))
		return !hidden;
	return sigma_name_matches(name, pattern) &&
	       (!hidden || (pattern.len > 0 && pattern.ptr[0] == '_'));
}

/* At least `need` of the kids: an OR over every choice of that many. */
static int at_least(struct parser *p, struct expr *const *kids, uint32_t count, uint32_t need,
	struct expr **ret)
{
	uint32_t pick[SELECTED_MAX];
	uint64_t combinations = 1;
	struct expr *any = expr_list(p->ctx->arena, EXPR_OR);

	for (uint32_t i = 0; i < need; i++) {
		combinations = combinations * (count - i) / (i + 1);
		pick[i] = i;
		if (combinations > COMBINATIONS_MAX)
			return err_set(p->err, -EINVAL, "condition: %u of %u is too many to choose",
				need, count);
	}
	for (;;) {
		struct expr *all = expr_list(p->ctx->arena, EXPR_AND);
		int rc = 0;
		for (uint32_t i = 0; rc == 0 && i < need; i++)
			rc = sigma_list_add(p->ctx, all, kids[pick[i]], p->err);
		if (rc == 0)
			rc = sigma_list_add(p->ctx, any, sigma_list_end(all), p->err);
		if (rc != 0)
			return rc;
		uint32_t i = need;
		while (i > 0 && pick[i - 1] == count - need + i - 1)
			i--;
		if (i == 0)
			break;
		pick[i - 1]++;
		for (; i < need; i++)
			pick[i] = pick[i - 1] + 1;
	}
	*ret = sigma_list_end(any);
	return 0;
}

static int quantified(struct parser *p, struct expr **ret)
{
	struct expr *kids[SELECTED_MAX];
	struct str amount = p->token;
	uint32_t count = 0;
	uint64_t need = 1;

	bool all = is_word(amount, "all");
	if (!all && !is_word(amount, "any"))
		(void)str_to_u64(amount, &need);
	advance(p);
	advance(p);
	struct str pattern = p->token;
	if (pattern.len == 0 || strchr("()|", pattern.ptr[0]) != NULL)
		return err_set(p->err, -EINVAL, "condition: nothing after 'of'");
	advance(p);
	for (uint32_t i = 0; i < p->count; i++) {
		if (!is_selected(p->identifiers[i].name, pattern))
			continue;
		if (count == SELECTED_MAX)
			return err_set(p->err, -EINVAL,
				"condition: more than %d identifiers selected", SELECTED_MAX);
		kids[count++] = p->identifiers[i].expr;
	}
	if (count == 0)
		return err_set(p->err, -EINVAL, "condition: no identifier matches '%.*s'",
			STR_ARG(pattern));
	if (all)
		need = count;
	if (need == 0 || need > count)
		return err_set(p->err, -EINVAL, "condition: %llu of %u identifiers",
			(unsigned long long)need, count);
	return at_least(p, kids, count, (uint32_t)need, ret);
}

static int disjunction(struct parser *p, struct expr **ret);

static int identifier(struct parser *p, struct expr **ret)
{
	for (uint32_t i = 0; i < p->count; i++) {
		if (!str_eq(p->identifiers[i].name, p->token))
			continue;
		*ret = p->identifiers[i].expr;
		advance(p);
		return 0;
	}
	return err_set(
		p->err, -EINVAL, "condition: no search identifier '%.*s'", STR_ARG(p->token));
}

static int primary(struct parser *p, struct expr **ret)
{
	uint64_t number;

	if (p->token.len == 0)
		return err_set(p->err, -EINVAL, "condition: ends too early");
	if (str_is(p->token, "|"))
		return err_set(p->err, -EINVAL,
			"condition: aggregations are deprecated; write a correlation rule");
	if (str_is(p->token, "(")) {
		if (++p->depth > DEPTH_MAX)
			return err_set(p->err, -EINVAL, "condition: nested too deep");
		advance(p);
		int rc = disjunction(p, ret);
		p->depth--;
		if (rc == 0 && !str_is(p->token, ")"))
			return err_set(p->err, -EINVAL, "condition: ')' is missing");
		advance(p);
		return rc;
	}
	if (str_is(p->token, ")"))
		return err_set(p->err, -EINVAL, "condition: ')' without '('");
	if (next_is_of(p) && (is_word(p->token, "all") || is_word(p->token, "any") ||
				     str_to_u64(p->token, &number)))
		return quantified(p, ret);
	return identifier(p, ret);
}

static int negation(struct parser *p, struct expr **ret)
{
	bool negated = false;

	while (is_word(p->token, "not")) {
		negated = !negated;
		advance(p);
	}
	int rc = primary(p, ret);
	if (rc != 0 || !negated)
		return rc;
	*ret = expr_not(p->ctx->arena, *ret);
	return *ret == NULL ? err_set(p->err, -ENOMEM, "out of memory") : 0;
}

static int chain(struct parser *p, enum expr_op op, struct expr **ret)
{
	struct expr *list = expr_list(p->ctx->arena, op);

	for (;;) {
		struct expr *kid = NULL;
		int rc = op == EXPR_OR ? chain(p, EXPR_AND, &kid) : negation(p, &kid);
		if (rc == 0)
			rc = sigma_list_add(p->ctx, list, kid, p->err);
		if (rc != 0)
			return rc;
		if (!is_word(p->token, op == EXPR_OR ? "or" : "and"))
			break;
		advance(p);
	}
	*ret = sigma_list_end(list);
	return 0;
}

static int disjunction(struct parser *p, struct expr **ret)
{
	return chain(p, EXPR_OR, ret);
}

int sigma_condition(struct sigma_context *ctx, struct str text,
	const struct sigma_identifier *identifiers, uint32_t count, struct expr **ret,
	struct err *err)
{
	struct parser p = {
		.ctx = ctx,
		.identifiers = identifiers,
		.count = count,
		.rest = text,
		.err = err,
	};

	advance(&p);
	int rc = disjunction(&p, ret);
	if (rc != 0)
		return rc;
	if (str_is(p.token, "|"))
		return err_set(err, -EINVAL,
			"condition: aggregations are deprecated; write a correlation rule");
	if (p.token.len > 0)
		return err_set(err, -EINVAL, "condition: '%.*s' where 'and' or 'or' should stand",
			STR_ARG(p.token));
	return 0;
}
