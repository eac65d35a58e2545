/* Names of fields: parts, indexes, and what of an earlier step they mean. */
#include "detect/eql/parse.h"
#include "detect/eql/parser.h"

static bool add_part(struct eql_parser *p, struct str part)
{
	if (p->name.len > 0)
		buf_char(&p->name, '.');
	buf_str(&p->name, part);
	if (p->name.failed)
		(void)eql_lex_fail(&p->lexer, p->token.line, p->token.column,
			"this field's name is longer than %u bytes", EQL_NAME_BYTES_MAX);
	return !p->name.failed;
}

/* Parts and indexes behind the first name. */
static bool field_rest(struct eql_parser *p, struct eql_index *indexes, uint32_t *count)
{
	for (;;) {
		if (eql_take_symbol(p, '.')) {
			if ((p->token.type != EQL_T_NAME || p->token.tilde) &&
				p->token.type != EQL_T_QUOTED_NAME)
				return eql_expected(p, "a name behind '.' (in backticks when it is "
						       "no plain word)");
			if (!add_part(p, p->token.text))
				return false;
			eql_next(p);
		} else if (eql_is_symbol(p, '[') && eql_lex_number_follows(&p->lexer)) {
			eql_next(p);
			if (p->token.type != EQL_T_INTEGER || p->token.integer > UINT32_MAX)
				return eql_expected(p, "an index such as [0]");
			if (*count == EQL_INDEXES_MAX)
				return eql_expected(p, "fewer indexes");
			indexes[(*count)++] = (struct eql_index){
				(uint32_t)p->name.len, (uint32_t)p->token.integer};
			eql_next(p);
			if (!eql_expect_symbol(p, ']', "']'"))
				return false;
		} else {
			return true;
		}
	}
}

/* events[N].field in the pipes of a sequence; alias.field in a later step. Takes the first part
 * away and returns true. */
static bool as_reference(
	struct eql_parser *p, struct eql_node *node, struct eql_index *indexes, uint32_t *count)
{
	struct str text = buf_view(&p->name), rest = text;
	struct str first = str_cut(&rest, '.');
	size_t cut = first.len + 1;
	bool found = false;

	if (text.len <= cut)
		return false;
	if (p->in_pipes && p->step_count > 1) {
		found = str_is(first, "events") && *count > 0 && indexes[0].position == first.len &&
			(*count == 1 || indexes[1].position > first.len);
		if (found && indexes[0].number >= p->step_count) {
			(void)eql_lex_fail(&p->lexer, node->line, node->column,
				"there are only events[0] to events[%u]", p->step_count - 1);
			return false;
		}
		if (found) {
			node->step = (uint16_t)indexes[0].number;
			memmove(indexes, indexes + 1, --*count * sizeof(*indexes));
		}
	} else if (!p->in_pipes && (*count == 0 || indexes[0].position > first.len)) {
		if (first.len > 0 && first.ptr[0] == '$')
			first = str_n(first.ptr + 1, first.len - 1);
		for (uint32_t i = 0; i < p->step_count && !found; i++)
			if (p->steps[i].alias.len > 0 && str_eq(p->steps[i].alias, first)) {
				found = true;
				node->step = (uint16_t)i;
			}
	}
	for (uint32_t i = 0; found && i < *count; i++)
		indexes[i].position -= (uint32_t)cut;
	if (found) {
		memmove(p->name.ptr, p->name.ptr + cut, text.len - cut);
		p->name.len -= cut;
	}
	return found;
}

struct eql_node *eql_field(struct eql_parser *p, const struct eql_token *first, bool optional)
{
	struct eql_index indexes[EQL_INDEXES_MAX];
	uint32_t count = 0;
	struct eql_node *node = eql_node_new(p, EQL_FIELD, first);

	buf_clear(&p->name);
	if (node == NULL || !add_part(p, first->text) || !field_rest(p, indexes, &count))
		return NULL;
	if (first->type == EQL_T_NAME && as_reference(p, node, indexes, &count))
		node->type = EQL_REFERENCE;
	node->optional = optional;
	node->text = arena_strn(p->lexer.arena, p->name.ptr, p->name.len);
	node->index_count = count;
	struct eql_index *copy = count == 0 ? NULL
					    : arena_alloc(p->lexer.arena, count * sizeof(*copy));
	if (node->text.ptr == NULL || (count > 0 && copy == NULL)) {
		(void)eql_lex_no_memory(&p->lexer);
		return NULL;
	}
	if (count > 0)
		memcpy(copy, indexes, count * sizeof(*copy));
	node->indexes = copy;
	return p->lexer.code == 0 ? node : NULL;
}
