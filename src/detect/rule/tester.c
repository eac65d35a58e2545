#include <errno.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "detect/rule/predicate.h"

#define REGEX_MATCH_LIMIT 200000
#define REGEX_DEPTH_LIMIT 20000
#define REGEX_HEAP_KIB	  8192
#define JIT_STACK_BYTES	  ((size_t)512 * 1024)
#define TEXTS_MAX	  65536
#define TEXTS_BYTES_MAX	  ((size_t)64 << 20)

int tester_init(struct tester *tester, struct err *err)
{
	*tester = (struct tester){0};
	arena_init(&tester->texts_arena, TEXTS_BYTES_MAX);
	arena_init(&tester->scratch, TEXTS_BYTES_MAX);
	tester->match_data = pcre2_match_data_create(1, NULL);
	tester->match_context = pcre2_match_context_create(NULL);
	/* NULL where JIT is not to be had; then nothing uses it. */
	tester->jit_stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_BYTES, NULL);
	if (tester->match_data == NULL || tester->match_context == NULL) {
		tester_destroy(tester);
		return err_set(err, -ENOMEM, "matcher: out of memory");
	}
	(void)pcre2_set_match_limit(tester->match_context, REGEX_MATCH_LIMIT);
	(void)pcre2_set_depth_limit(tester->match_context, REGEX_DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(tester->match_context, REGEX_HEAP_KIB);
	if (tester->jit_stack != NULL)
		pcre2_jit_stack_assign(tester->match_context, NULL, tester->jit_stack);
	return 0;
}

void tester_destroy(struct tester *tester)
{
	pcre2_match_data_free(tester->match_data);
	pcre2_match_context_free(tester->match_context);
	pcre2_jit_stack_free(tester->jit_stack);
	arena_destroy(&tester->texts_arena);
	arena_destroy(&tester->scratch);
	free(tester->fold);
	free(tester->texts);
	*tester = (struct tester){0};
}

struct str tester_fold(struct tester *tester, struct str text)
{
	size_t need = FOLD_BYTES(text.len);

	if (need > tester->fold_bytes) {
		char *fold = realloc(tester->fold, need * 2);
		if (fold == NULL)
			return (struct str){0};
		tester->fold = fold;
		tester->fold_bytes = need * 2;
	}
	return str_n(tester->fold, fold_text(tester->fold, text));
}

/* ---- the texts of an event ---- */

static void add_text(struct tester *tester, struct value value)
{
	if (tester->text_count == tester->text_capacity) {
		uint32_t capacity = tester->text_capacity == 0 ? 64 : tester->text_capacity * 2;
		struct value *texts = capacity > TEXTS_MAX
					      ? NULL
					      : realloc(tester->texts, capacity * sizeof(*texts));
		if (texts == NULL) {
			tester->texts_complete = false;
			return;
		}
		tester->texts = texts;
		tester->text_capacity = capacity;
	}
	tester->texts[tester->text_count++] = value;
}

/* The raw document has the same texts and whole numbers, but may write a fraction in another way. */
static bool has_text(const struct value *value, bool in_raw)
{
	if (in_raw)
		return value->type == VALUE_DOUBLE;
	return value->type >= VALUE_INT && value->type <= VALUE_TEXT;
}

static void add_raw(struct tester *tester, struct str raw)
{
	struct json json;
	enum json_token token;

	json_init(&json, raw.ptr, raw.len);
	while ((token = json_next(&json)) != JSON_END && token != JSON_ERROR) {
		if (token != JSON_STRING && token != JSON_NUMBER)
			continue;
		struct str text = json.text;
		if (token == JSON_STRING && json.escaped)
			text = json_unescape(&tester->texts_arena, text);
		if (text.ptr != NULL)
			add_text(tester, value_text(text));
		else
			tester->texts_complete = false;
	}
}

void tester_load_texts(struct tester *tester, const struct view *view)
{
	if (tester->texts_ready)
		return;
	tester->texts_ready = true;
	tester->texts_complete = true;
	tester->text_count = 0;
	arena_reset(&tester->texts_arena);
	for (uint32_t i = 0; i < view->present_count; i++) {
		const struct value *value = view_get(view, view->present[i]);
		bool in_raw = view_is_raw(view, i);
		if (value == NULL)
			continue;
		if (has_text(value, in_raw))
			add_text(tester, *value);
		for (uint32_t k = 0; value->type == VALUE_LIST && k < value->len; k++)
			if (has_text(&value->items[k], in_raw))
				add_text(tester, value->items[k]);
	}
	if (view->event != NULL && view->event->raw.len > 0)
		add_raw(tester, view->event->raw);
}

/* ---- one value ---- */

static bool test_regex(struct tester *tester, const struct predicate *p, struct str text)
{
	int rc = pcre2_match(p->regex, (PCRE2_SPTR)(text.ptr == NULL ? "" : text.ptr), text.len, 0,
		0, tester->match_data, tester->match_context);

	if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ||
		rc == PCRE2_ERROR_HEAPLIMIT || rc == PCRE2_ERROR_JIT_STACKLIMIT)
		tester->regex_limit_count++;
	return rc >= 0;
}

static bool test_text(struct tester *tester, const struct predicate *p, uint8_t op, struct str text,
	struct str with)
{
	struct ip ip;

	switch (op) {
	case ATOM_EQUALS:
		return match_equals(text, with, p->cased);
	case ATOM_STARTS:
		return match_starts(text, with, p->cased);
	case ATOM_ENDS:
		return match_ends(text, with, p->cased);
	case ATOM_CONTAINS:
		return match_contains(text, with, p->cased);
	case ATOM_WILDCARD:
		return match_wildcard(text, with, p->cased);
	case ATOM_REGEX:
		return test_regex(tester, p, text);
	case ATOM_CIDR:
		return ip_parse(text, &ip) && cidr_match(&p->cidr, &ip);
	default:
		return false;
	}
}

static bool test_number(const struct predicate *p, const struct value *value)
{
	double number;

	if (!value_as_double(value, &number))
		return false;
	switch (p->op) {
	case ATOM_LT:
		return number < p->number;
	case ATOM_LTE:
		return number <= p->number;
	case ATOM_GT:
		return number > p->number;
	case ATOM_GTE:
		return number >= p->number;
	default:
		return number == p->number;
	}
}

/* Numbers say by their size what they count: seconds up to the year 5138, then milli-, micro- and
 * nanoseconds. */
static bool time_of(const struct value *value, uint64_t *ret_ns)
{
	double number;

	if (value->type == VALUE_TEXT && clock_parse_rfc3339(value_str(value), ret_ns))
		return true;
	if (!value_as_double(value, &number) || number < 0 || number > 1.8e19)
		return false;
	double unit_ns = number < 1e11 ? 1e9 : number < 1e14 ? 1e6 : number < 1e17 ? 1e3 : 1;
	double ns = number * unit_ns;
	if (ns > 1.8e19)
		return false;
	*ret_ns = (uint64_t)ns;
	return true;
}

static bool test_time(const struct predicate *p, const struct value *value)
{
	uint64_t time_ns;

	if (!time_of(value, &time_ns))
		return false;
	struct clock_parts parts = clock_split(time_ns);
	double is = (double[]){
		[TIME_MINUTE] = parts.minute,
		[TIME_HOUR] = parts.hour,
		[TIME_DAY] = parts.day,
		[TIME_WEEK] = parts.week,
		[TIME_MONTH] = parts.month,
		[TIME_YEAR] = parts.year,
	}[p->time_part];
	return is == p->number;
}

static bool test_other_value(struct tester *tester, const struct predicate *p,
	const struct value *value, const struct value *other)
{
	char out[VALUE_TEXT_BYTES], other_out[VALUE_TEXT_BYTES];

	if (other->type <= VALUE_NULL || other->type == VALUE_LIST)
		return false;
	struct str with = value_as_text(other, other_out);
	if (!p->cased) {
		with = tester_fold(tester, with);
		if (with.ptr == NULL)
			return false;
	}
	return test_text(tester, p, p->field_op, value_as_text(value, out), with);
}

static bool test_other(struct tester *tester, const struct predicate *p, const struct view *view,
	const struct value *value)
{
	const struct value *other = view_get(view, p->other);

	if (other == NULL)
		return false;
	if (other->type != VALUE_LIST)
		return test_other_value(tester, p, value, other);
	for (uint32_t i = 0; i < other->len; i++)
		if (test_other_value(tester, p, value, &other->items[i]))
			return true;
	return false;
}

static bool test_value(struct tester *tester, const struct predicate *p, const struct view *view,
	const struct value *value)
{
	char out[VALUE_TEXT_BYTES];

	if (value->type <= VALUE_NULL || value->type == VALUE_LIST)
		return false;
	switch (p->op) {
	case ATOM_LT:
	case ATOM_LTE:
	case ATOM_GT:
	case ATOM_GTE:
	case ATOM_NUM_EQ:
		return test_number(p, value);
	case ATOM_EXISTS:
		return true;
	case ATOM_EMPTY:
		return value->type == VALUE_TEXT && value->len == 0;
	case ATOM_TIME:
		return test_time(p, value);
	case ATOM_FIELD:
		return test_other(tester, p, view, value);
	default:
		return test_text(tester, p, p->op, value_as_text(value, out), p->text);
	}
}

/* ---- one event ---- */

static const struct value *find_value(struct tester *tester, const struct predicate *p,
	const struct view *view, const struct value *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (test_value(tester, p, view, &values[i]))
			return &values[i];
	return NULL;
}

static bool is_missing(const struct value *value)
{
	if (value == NULL || value->type <= VALUE_NULL)
		return true;
	if (value->type != VALUE_LIST)
		return false;
	for (uint32_t i = 0; i < value->len; i++)
		if (value->items[i].type > VALUE_NULL)
			return false;
	return true;
}

bool predicate_test(struct tester *tester, const struct predicate *predicate,
	const struct view *view, struct value *ret_value)
{
	const struct value *value, *found;

	if (predicate->op == ATOM_COMPUTED) {
		if (ret_value != NULL)
			*ret_value = (struct value){0};
		arena_reset(&tester->scratch);
		return predicate->test(predicate->program, view, &tester->scratch);
	}
	if (predicate->field == FIELD_none) {
		tester_load_texts(tester, view);
		found = find_value(tester, predicate, view, tester->texts, tester->text_count);
	} else {
		value = view_get(view, predicate->field);
		if (predicate->op == ATOM_NULL) {
			if (ret_value != NULL)
				*ret_value = (struct value){0};
			return is_missing(value);
		}
		if (value == NULL)
			return false;
		if (predicate->op == ATOM_PRESENT) {
			if (ret_value != NULL)
				*ret_value = value->type == VALUE_LIST ? (struct value){0} : *value;
			return true;
		}
		found = value->type == VALUE_LIST
				? find_value(tester, predicate, view, value->items, value->len)
				: find_value(tester, predicate, view, value, 1);
	}
	if (found != NULL && ret_value != NULL)
		*ret_value = *found;
	return found != NULL;
}
