/* Functions of text. Null or of a wrong type in, null out, unless said otherwise. */
#include <string.h>
#include "base/strmatch.h"
#include "detect/eql/bound.h"
#include "detect/eql/pattern.h"

/* Numbers and truth values are taken as comparisons take them. */
static bool take_text(struct eql_evaluation *e, const struct value *value, struct str *ret)
{
	char out[VALUE_TEXT_BYTES];

	if (value->type <= VALUE_NULL || value->type == VALUE_LIST)
		return false;
	*ret = value_as_text(value, out);
	if (value->type == VALUE_TEXT)
		return true;
	*ret = arena_strn(e->env->scratch, ret->ptr, ret->len);
	return ret->ptr != NULL;
}

/* As string() prints them. */
static bool print_text(struct eql_evaluation *e, const struct value *value, struct str *ret)
{
	if (value->type <= VALUE_NULL || value->type == VALUE_LIST)
		return false;
	*ret = eql_text_of(e, value);
	return ret->ptr != NULL || ret->len == 0;
}

/* What is looked for: a literal was folded when the rule was loaded. */
static bool take_needle(struct eql_evaluation *e, const struct eql_node *call, uint32_t argument,
	const struct value *value, struct str *ret)
{
	const struct eql_node *node = call->kids[argument];

	if (node->type == EQL_STRING && node->bound != NULL && !node->bound->wild &&
		node->bound->cased == call->bound->cased) {
		*ret = node->bound->pattern;
		return true;
	}
	if (!take_text(e, value, ret))
		return false;
	if (!call->bound->cased)
		*ret = eql_folded(e, *ret);
	return ret->ptr != NULL || ret->len == 0;
}

/* Looking for one text in another costs up to the product of their lengths, and an event may choose
 * both. */
#define SEARCH_COST_MAX ((size_t)1 << 27)

static bool costs_too_much(struct str text, struct str part)
{
	return part.len > 0 && text.len > SEARCH_COST_MAX / part.len;
}

struct value eql_run_starts_with(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	struct str text, start;

	if (!take_text(e, &args[0], &text) || !take_needle(e, call, 1, &args[1], &start))
		return value_null();
	return value_bool(match_starts(text, start, call->bound->cased));
}

struct value eql_run_ends_with(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	struct str text, end;

	if (!take_text(e, &args[0], &text) || !take_needle(e, call, 1, &args[1], &end))
		return value_null();
	return value_bool(match_ends(text, end, call->bound->cased));
}

struct value eql_run_string_contains(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	struct str text, part;

	if (!take_text(e, &args[0], &text) || !take_needle(e, call, 1, &args[1], &part))
		return eql_may(e, EQL_NULL_ANSWERS) ? value_bool(false) : value_null();
	if (costs_too_much(text, part))
		return value_null();
	if (part.len == 0 || text.len == 0)
		return value_bool(eql_may(e, EQL_EMPTY_IS_PART) && part.len == 0);
	return value_bool(match_contains(text, part, call->bound->cased));
}

struct value eql_run_between(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	bool cased = call->bound->cased, greedy = args[3].type == VALUE_BOOL && args[3].boolean;
	struct str text, left, right;
	size_t begin, end;

	if (!take_text(e, &args[0], &text) || !take_needle(e, call, 1, &args[1], &left) ||
		!take_needle(e, call, 2, &args[2], &right) || costs_too_much(text, left) ||
		costs_too_much(text, right))
		return value_null();
	if (eql_find(text, 0, left, cased, false, &begin) < 0)
		return value_null();
	ptrdiff_t at = eql_find(text, begin, right, cased, greedy, &end);
	if (at < 0)
		return value_null();
	return value_text(str_n(text.ptr + begin, (size_t)at - begin));
}

struct value eql_run_index_of(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	struct str text, part;
	int64_t start = 0;
	size_t end;

	if (!take_text(e, &args[0], &text) || !take_needle(e, call, 1, &args[1], &part) ||
		(args[2].type > VALUE_NULL && !eql_whole(&args[2], &start)) ||
		costs_too_much(text, part))
		return value_null();
	int64_t length = (int64_t)eql_length(text);
	if (start < 0 && eql_may(e, EQL_NEGATIVE_START))
		start += length;
	if (start < 0)
		start = 0;
	if (start > length)
		return value_null();
	ptrdiff_t at = eql_find(
		text, eql_skip(text, (size_t)start), part, call->bound->cased, false, &end);
	return at < 0 ? value_null() : value_int((int64_t)eql_length(str_n(text.ptr, (size_t)at)));
}

/* A position as slices have it: negative from the end, null not given; false when it is no whole
 * number. */
static bool take_position(
	const struct value *value, int64_t length, int64_t otherwise, int64_t *ret)
{
	int64_t position = otherwise;

	if (value->type > VALUE_NULL && !eql_whole(value, &position))
		return false;
	if (position < 0)
		position = position < -length ? 0 : position + length;
	*ret = position > length ? length : position;
	return true;
}

struct value eql_run_substring(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	struct str text;
	int64_t from, to;

	(void)call;
	if (!take_text(e, &args[0], &text))
		return value_null();
	int64_t length = (int64_t)eql_length(text);
	if (!take_position(&args[1], length, 0, &from) ||
		!take_position(&args[2], length, length, &to))
		return value_null();
	if (from >= to)
		return value_text(STR(""));
	size_t begin = eql_skip(text, (size_t)from);
	text = str_n(text.ptr + begin, text.len - begin);
	return value_text(str_n(text.ptr, eql_skip(text, (size_t)(to - from))));
}

struct value eql_run_string(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	struct str text;

	(void)call;
	return print_text(e, &args[0], &text) ? value_text(text) : value_null();
}

struct value eql_run_concat(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	struct str *texts = arena_alloc(e->env->scratch, call->kid_count * sizeof(*texts));
	size_t len = 0;

	if (texts == NULL)
		return value_null();
	for (uint32_t i = 0; i < call->kid_count; i++) {
		if (!print_text(e, &args[i], &texts[i]))
			return value_null();
		len += texts[i].len;
		if (len > EQL_RESULT_BYTES_MAX)
			return value_null();
	}
	char *out = arena_alloc(e->env->scratch, len);
	if (out == NULL)
		return value_null();
	len = 0;
	for (uint32_t i = 0; i < call->kid_count; i++) {
		if (texts[i].len > 0)
			memcpy(out + len, texts[i].ptr, texts[i].len);
		len += texts[i].len;
	}
	return value_text(str_n(out, len));
}
