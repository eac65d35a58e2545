#include "detect/eql/parse.h"

#include <errno.h>
#include <math.h>
#include "base/err.h"
#include "detect/eql/parser.h"

struct keys {
	struct eql_key items[EQL_KEYS_MAX];
	uint32_t count;
};

static struct str copied(struct eql_parser *p, struct str text)
{
	struct str copy = arena_strn(p->lexer.arena, text.ptr, text.len);

	if (copy.ptr == NULL)
		(void)eql_lex_no_memory(&p->lexer);
	return copy;
}

static bool category(struct eql_parser *p, struct eql_event *ret)
{
	struct eql_token at = p->token;
	bool quoted = at.type == EQL_T_STRING;

	if (quoted && !eql_lex_allow(&p->lexer, at.line, at.column, EQL_QUOTED_CATEGORIES, NULL))
		return false;
	if (!quoted && (at.type != EQL_T_NAME || at.tilde || eql_is_reserved(at.text)))
		return eql_expected(
			p, "a category (in double quotes when it is no plain word) and 'where'");
	if (at.text.len == 0)
		return eql_expected(p, "a category that is not empty");
	if (quoted || !str_is(at.text, "any")) {
		ret->category = copied(p, at.text);
		if (ret->category.ptr == NULL)
			return false;
	}
	ret->line = at.line;
	ret->column = at.column;
	eql_next(p);
	return true;
}

static bool event_condition(struct eql_parser *p, struct eql_event *ret)
{
	if (!eql_take_word(p, "where"))
		return eql_expected(p, "'where' behind the category");
	ret->condition = eql_expression(p);
	return ret->condition != NULL;
}

bool eql_event(struct eql_parser *p, struct eql_event *ret)
{
	*ret = (struct eql_event){0};
	return category(p, ret) && event_condition(p, ret);
}

static bool key_is_good(struct eql_parser *p, const struct eql_node *value)
{
	if (value->type == EQL_FIELD)
		return true;
	if (value->type <= EQL_STRING)
		(void)eql_lex_fail(&p->lexer, value->line, value->column,
			"a key is a field of the event, not a fixed value");
	else if (value->type == EQL_REFERENCE)
		(void)eql_lex_fail(&p->lexer, value->line, value->column,
			"a key is a field of the step's own event");
	else
		(void)eql_lex_allow(
			&p->lexer, value->line, value->column, EQL_EXPRESSION_KEYS, NULL);
	return p->lexer.code == 0;
}

/* `by` is taken. */
static bool keys(struct eql_parser *p, struct keys *ret)
{
	do {
		if (ret->count == EQL_KEYS_MAX)
			return eql_expected(p, "fewer keys");
		struct eql_node *value = eql_expression(p);
		if (value == NULL || !key_is_good(p, value))
			return false;
		ret->items[ret->count++] = (struct eql_key){value, value->optional};
	} while (eql_take_symbol(p, ','));
	return true;
}

/* 30s: the number and its unit, `=` is taken. */
static bool time_span(struct eql_parser *p, uint64_t *ret_ns)
{
	static const struct {
		const char *word;
		uint64_t ns;
	} units[] = {{"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
		{"d", 86400000000000}};
	struct eql_token number = p->token;

	if (number.type != EQL_T_INTEGER)
		return eql_expected(p, "a whole number and a unit, as in 30s or 500ms");
	if (number.integer == 0)
		return eql_expected(p, "a time span above zero");
	eql_next(p);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (eql_take_word(p, units[i].word)) {
			if (number.integer > INT64_MAX / units[i].ns) {
				(void)eql_lex_fail(&p->lexer, number.line, number.column,
					"this time span is too long");
				return false;
			}
			*ret_ns = number.integer * units[i].ns;
			return true;
		}
	return eql_expected(p, "a unit of time: ms, s, m, h or d");
}

static bool maxspan(struct eql_parser *p, struct eql_query *query)
{
	if (!eql_take_word(p, "maxspan"))
		return eql_expected(p, "'maxspan'");
	return eql_expect_symbol(p, '=', "'=' and a time span, as in maxspan=30s") &&
	       time_span(p, &query->maxspan_ns);
}

/* by … and with maxspan=…, once each. */
static bool sequence_head(struct eql_parser *p, struct eql_query *query, struct keys *common)
{
	bool by = false;

	for (;;) {
		struct eql_token at = p->token;
		if (!by && eql_take_word(p, "by")) {
			if (query->maxspan_ns != 0 &&
				!eql_lex_allow(&p->lexer, at.line, at.column, EQL_WITH_BEFORE_BY,
					"write 'by' before 'with'"))
				return false;
			by = true;
			if (!keys(p, common))
				return false;
		} else if (query->type == EQL_SEQUENCE && query->maxspan_ns == 0 &&
			   eql_take_word(p, "with")) {
			if (!maxspan(p, query))
				return false;
		} else {
			return true;
		}
	}
}

/* with runs=3; `with` is taken. */
static bool runs(struct eql_parser *p, const struct eql_token *at, struct eql_step *step)
{
	if (!eql_take_word(p, "runs"))
		return eql_expected(p, "'runs'");
	if (!eql_lex_allow(&p->lexer, at->line, at->column, EQL_RUNS, NULL) ||
		!eql_expect_symbol(p, '=', "'=' and a number, as in runs=3"))
		return false;
	if (p->token.type != EQL_T_INTEGER || p->token.integer < 1 ||
		p->token.integer > EQL_RUNS_MAX)
		return eql_expected(p, "a number of runs from 1 to 1000");
	step->runs = (uint32_t)p->token.integer;
	eql_next(p);
	return true;
}

/* fork, fork=true; `fork` is taken. */
static bool fork_value(struct eql_parser *p, struct eql_step *step)
{
	step->fork = true;
	if (!eql_take_symbol(p, '=') && !eql_take_symbol(p, EQL_S_EQ))
		return true;
	bool number = p->token.type == EQL_T_INTEGER && p->token.integer <= 1;
	if (!number && !eql_is_word(p, "true") && !eql_is_word(p, "false"))
		return eql_expected(p, "true or false");
	step->fork = number ? p->token.integer == 1 : str_is(p->token.text, "true");
	eql_next(p);
	return true;
}

/* as name; `as` is taken. */
static bool alias(struct eql_parser *p, const struct eql_token *at, struct eql_step *step)
{
	if (!eql_lex_allow(&p->lexer, at->line, at->column, EQL_ALIASES, NULL))
		return false;
	if (p->token.type != EQL_T_NAME || p->token.tilde || eql_is_reserved(p->token.text))
		return eql_expected(p, "a name for the step");
	for (uint32_t i = 0; i < p->step_count; i++)
		if (str_eq(p->steps[i].alias, p->token.text))
			return eql_expected(p, "a name that no other step has");
	if (step->missing) {
		(void)eql_lex_fail(&p->lexer, at->line, at->column,
			"a missing event has no fields that a name could stand for");
		return false;
	}
	step->alias = copied(p, p->token.text);
	eql_next(p);
	return step->alias.ptr != NULL;
}

/* What may stand behind a step, each once, in any order. */
static bool step_tail(struct eql_parser *p, const struct eql_query *query, bool last,
	struct eql_step *step, struct keys *own)
{
	bool sequence = query->type == EQL_SEQUENCE;

	step->runs = 1;
	for (bool by = false, with = false, forked = false;;) {
		struct eql_token at = p->token;
		if (!by && eql_take_word(p, "by")) {
			by = true;
			if (!keys(p, own))
				return false;
		} else if (sequence && !last && !with && eql_take_word(p, "with")) {
			with = true;
			if (!runs(p, &at, step))
				return false;
		} else if (sequence && !last && step->alias.len == 0 && eql_take_word(p, "as")) {
			if (!alias(p, &at, step))
				return false;
		} else if (sequence && !forked && eql_is_word(p, "fork")) {
			if (!eql_lex_allow(&p->lexer, at.line, at.column, EQL_FORK, NULL))
				return false;
			if (last || p->step_count == 0)
				return eql_expected(p, "no 'fork' at the first step or 'until'");
			eql_next(p);
			forked = true;
			if (!fork_value(p, step))
				return false;
		} else {
			return true;
		}
	}
}

static bool key_counts_agree(struct eql_parser *p, const struct eql_step *step, uint32_t own,
	const struct eql_step *first)
{
	uint32_t expected = first->key_count - first->common_count;

	if (own == expected)
		return true;
	(void)eql_lex_fail(&p->lexer, step->event.line, step->event.column,
		"this step has %u of its own keys where the first has %u", own, expected);
	return false;
}

/* [ … ] and what belongs to it. first: the query's first step, NULL for that itself. */
static bool step(struct eql_parser *p, const struct eql_query *query, const struct keys *common,
	const struct eql_step *first, bool last, struct eql_step *ret)
{
	struct keys own = {.count = 0};
	struct eql_token at = p->token;

	*ret = (struct eql_step){0};
	if (eql_is_symbol(p, EQL_S_MISSING)) {
		if (!eql_lex_allow(&p->lexer, at.line, at.column, EQL_MISSING_EVENTS, NULL))
			return false;
		if (query->type != EQL_SEQUENCE || last)
			return eql_expected(p, "'[': only a step of a sequence may be missing");
		ret->missing = true;
		eql_next(p);
	} else if (!eql_expect_symbol(p, '[', "'['")) {
		return false;
	}
	if (!eql_event(p, &ret->event) || !eql_expect_symbol(p, ']', "'and', 'or' or ']'") ||
		!step_tail(p, query, last, ret, &own))
		return false;
	if (first != NULL && !key_counts_agree(p, ret, own.count, first))
		return false;
	ret->common_count = common->count;
	ret->key_count = common->count + own.count;
	if (ret->key_count > EQL_KEYS_MAX)
		return eql_expected(p, "fewer keys");
	struct eql_key all[EQL_KEYS_MAX];
	memcpy(all, common->items, common->count * sizeof(all[0]));
	memcpy(all + common->count, own.items, own.count * sizeof(all[0]));
	ret->keys = eql_copied(p, all, ret->key_count * sizeof(all[0]));
	return p->lexer.code == 0;
}

static bool refused(struct eql_parser *p, const struct eql_token *at, const char *why)
{
	(void)eql_lex_fail(&p->lexer, at->line, at->column, "%s", why);
	return false;
}

static bool steps_make_sense(
	struct eql_parser *p, const struct eql_token *at, const struct eql_query *query)
{
	uint32_t events = 0, missing = 0;

	for (uint32_t i = 0; i < query->step_count; i++) {
		events += query->steps[i].runs;
		missing += query->steps[i].missing;
	}
	if (missing == query->step_count)
		return refused(p, at, "a sequence needs a step that is not missing");
	if (missing > 0 && query->maxspan_ns == 0)
		return refused(p, at, "a sequence with a missing event needs 'with maxspan=…'");
	if (query->type == EQL_SAMPLE && query->steps[0].key_count == 0)
		return refused(p, at, "a sample needs a key: 'sample by …'");
	if (query->type == EQL_JOIN && events < 2)
		return refused(p, at, "a join needs two steps");
	if (query->type == EQL_SEQUENCE && events < 2 &&
		!eql_has(p->lexer.dialect, EQL_SINGLE_STEP))
		return refused(p, at, "a sequence needs two steps");
	return true;
}

/* `sequence`, `sample` or `join` is taken; at is that word. */
static bool steps(struct eql_parser *p, const struct eql_token *at, struct eql_query *query)
{
	struct eql_step read[EQL_STEPS_MAX];
	struct keys common = {.count = 0};

	if (!sequence_head(p, query, &common))
		return false;
	p->steps = read;
	do {
		if (p->step_count == EQL_STEPS_MAX)
			return eql_expected(p, "fewer steps");
		if (!step(p, query, &common, p->step_count == 0 ? NULL : read, false,
			    &read[p->step_count]))
			return false;
		p->step_count++;
	} while (eql_is_symbol(p, '[') || eql_is_symbol(p, EQL_S_MISSING));
	query->steps = eql_copied(p, read, p->step_count * sizeof(read[0]));
	query->step_count = p->step_count;
	p->steps = query->steps;
	if (query->steps == NULL || !steps_make_sense(p, at, query))
		return false;
	if (query->type != EQL_SAMPLE && eql_take_word(p, "until")) {
		struct eql_step until;
		if (!step(p, query, &common, query->steps, true, &until))
			return false;
		query->until = eql_copied(p, &until, sizeof(until));
	}
	return p->lexer.code == 0;
}

static bool single(struct eql_parser *p, const struct eql_event *event, struct eql_query *query)
{
	struct eql_step step_of = {.event = *event, .runs = 1};

	query->steps = eql_copied(p, &step_of, sizeof(step_of));
	query->step_count = p->step_count = 1;
	p->steps = query->steps;
	return query->steps != NULL;
}

/* A category may be called sample, so that the word alone does not say. */
static bool base_query(struct eql_parser *p, struct eql_query *query)
{
	static const struct {
		const char *word;
		enum eql_query_type type;
		int feature; /* -1: every dialect has it */
	} kinds[] = {{"sequence", EQL_SEQUENCE, -1}, {"sample", EQL_SAMPLE, EQL_SAMPLES},
		{"join", EQL_JOIN, EQL_JOINS}};
	struct eql_token at = p->token;
	struct eql_event event = {0};

	if (!category(p, &event))
		return false;
	if (at.type != EQL_T_NAME || eql_is_word(p, "where"))
		return event_condition(p, &event) && single(p, &event, query);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_is(at.text, kinds[i].word)) {
			query->type = (uint8_t)kinds[i].type;
			if (kinds[i].feature >= 0 &&
				!eql_lex_allow(&p->lexer, at.line, at.column,
					(enum eql_feature)kinds[i].feature, NULL))
				return false;
			return steps(p, &at, query);
		}
	return eql_expected(p, "'where' behind the category");
}

int eql_parse(struct arena *arena, struct str text, const struct eql_options *options,
	struct eql_query **ret, struct err *err)
{
	struct eql_parser p;
	struct eql_query *query = arena_zalloc(arena, sizeof(*query));

	(void)eql_parser_init(&p, arena, text, options, err);
	if (query == NULL)
		(void)eql_lex_no_memory(&p.lexer);
	if (p.lexer.code == 0 && base_query(&p, query) && eql_pipes(&p, query) &&
		p.token.type != EQL_T_END)
		(void)eql_expected(&p, query->type == EQL_SINGLE || query->pipe_count > 0
					       ? "'and', 'or', '|' or the end"
					       : "'[', 'until', '|' or the end");
	int code = p.lexer.code;
	eql_parser_destroy(&p);
	if (code == 0)
		*ret = query;
	return code;
}

int eql_parse_expression(struct arena *arena, struct str text, const struct eql_options *options,
	struct eql_node **ret, struct err *err)
{
	struct eql_parser p;
	struct eql_node *node = NULL;

	if (eql_parser_init(&p, arena, text, options, err) == 0)
		node = eql_expression(&p);
	if (p.lexer.code == 0 && p.token.type != EQL_T_END)
		(void)eql_expected(&p, "an operator or the end");
	int code = p.lexer.code;
	eql_parser_destroy(&p);
	if (code == 0)
		*ret = node;
	return code;
}
