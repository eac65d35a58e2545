#include "detect/eql/parse.h"
#include "detect/eql/parser.h"

static const struct pipe_kind {
	const char *word;
	uint32_t least, most;
} pipe_kinds[] = {
	[EQL_PIPE_HEAD] = {"head", 0, 1},
	[EQL_PIPE_TAIL] = {"tail", 0, 1},
	[EQL_PIPE_UNIQUE] = {"unique", 1, UINT32_MAX},
	[EQL_PIPE_UNIQUE_COUNT] = {"unique_count", 1, UINT32_MAX},
	[EQL_PIPE_COUNT] = {"count", 0, UINT32_MAX},
	[EQL_PIPE_FILTER] = {"filter", 1, 1},
	[EQL_PIPE_SORT] = {"sort", 1, UINT32_MAX},
};

static bool begins_value(const struct eql_parser *p)
{
	return p->token.type != EQL_T_END && p->token.type != EQL_T_SYMBOL;
}

static bool pipe_values(struct eql_parser *p)
{
	bool comma = false, loose = false;

	if (p->token.type == EQL_T_END || eql_is_symbol(p, '|'))
		return true;
	if (!eql_push(p, eql_expression(p)))
		return false;
	for (;;) {
		struct eql_token at = p->token;
		if (!loose && eql_take_symbol(p, ',')) {
			comma = true;
			if (!eql_push(p, eql_expression(p)))
				return false;
		} else if (!comma && begins_value(p)) {
			loose = true;
			if (!eql_lex_allow(&p->lexer, at.line, at.column, EQL_LOOSE_PIPE_VALUES,
				    "write ','") ||
				!eql_push(p, eql_primary(p)))
				return false;
		} else {
			return true;
		}
	}
}

static bool pipe_count(struct eql_parser *p, const struct eql_token *at, struct eql_pipe *pipe)
{
	pipe->count = 50;
	if (pipe->value_count == 0)
		return eql_lex_allow(&p->lexer, at->line, at->column, EQL_PIPE_DEFAULTS,
			"write the number, as in 'head 50'");
	const struct eql_node *value = pipe->values[0];
	if (value->type != EQL_INT || value->integer <= 0) {
		(void)eql_lex_fail(&p->lexer, value->line, value->column,
			"expected a whole number above zero");
		return false;
	}
	pipe->count = (uint64_t)value->integer;
	pipe->values = NULL;
	pipe->value_count = 0;
	return true;
}

/* `|` is taken. */
static bool one_pipe(struct eql_parser *p, struct eql_pipe *pipe)
{
	const size_t count = sizeof(pipe_kinds) / sizeof(pipe_kinds[0]);
	struct eql_token at = p->token;
	size_t type = 0, mark = p->kid_count;

	while (type < count && !eql_is_word(p, pipe_kinds[type].word))
		type++;
	if (type == count)
		return eql_expected(
			p, "a pipe: head, tail, unique, unique_count, count, filter or sort");
	*pipe = (struct eql_pipe){.type = (uint8_t)type, .line = at.line, .column = at.column};
	bool number = type == EQL_PIPE_HEAD || type == EQL_PIPE_TAIL;
	if (!number && !eql_lex_allow(&p->lexer, at.line, at.column, EQL_ALL_PIPES, NULL))
		return false;
	eql_next(p);
	if (!pipe_values(p) || !eql_kids_copy(p, mark, &pipe->values, &pipe->value_count))
		return false;
	if (pipe->value_count < pipe_kinds[type].least ||
		pipe->value_count > pipe_kinds[type].most) {
		(void)eql_lex_fail(&p->lexer, at.line, at.column, "'%s' needs %s",
			pipe_kinds[type].word,
			pipe_kinds[type].most == 1 ? number ? "one number" : "one condition"
						   : "at least one value");
		return false;
	}
	return !number || pipe_count(p, &at, pipe);
}

bool eql_pipes(struct eql_parser *p, struct eql_query *query)
{
	struct eql_pipe read[EQL_PIPES_MAX];
	uint32_t count = 0;

	p->in_pipes = true;
	while (eql_take_symbol(p, '|')) {
		if (count == EQL_PIPES_MAX)
			return eql_expected(p, "fewer pipes");
		if (!one_pipe(p, &read[count]))
			return false;
		/* What comes behind is one line of numbers, not the events. */
		if (read[count++].type == EQL_PIPE_COUNT)
			p->step_count = 1;
	}
	query->pipes = eql_copied(p, read, count * sizeof(read[0]));
	query->pipe_count = count;
	return p->lexer.code == 0;
}
