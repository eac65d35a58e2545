#include <math.h>
#include "detect/eql/lex.h"
#include "detect/eql/parse.h"
#include "detect/eql/parser.h"
#include "detect/eql/text.h"

/* How tightly an expression holds together; a looser one inside needs parentheses. */
enum level { L_OR, L_AND, L_NOT, L_PREDICATE, L_SUM, L_PRODUCT, L_UNARY, L_PRIMARY };

struct printer {
	struct buf *out;
	enum eql_dialect dialect;
	const struct eql_query *query; /* may be NULL */
	uint32_t event_count;	       /* in pipes: what events[N] may stand for */
	bool in_pipes;
};

static void print(const struct printer *pr, const struct eql_node *node, enum level level);
static void print_event(const struct printer *pr, const struct eql_event *event);

static enum level level_of(const struct eql_node *node)
{
	switch (node->type) {
	case EQL_OR:
		return L_OR;
	case EQL_AND:
		return L_AND;
	case EQL_NOT:
		return L_NOT;
	case EQL_COMPARE:
	case EQL_MATCH:
	case EQL_IN:
		return L_PREDICATE;
	case EQL_ARITHMETIC:
		return node->op == '+' || node->op == '-' ? L_SUM : L_PRODUCT;
	case EQL_NEGATE:
		return L_UNARY;
	default:
		return L_PRIMARY;
	}
}

static void print_list(const struct printer *pr, const struct eql_node *node, uint32_t from)
{
	for (uint32_t i = from; i < node->kid_count; i++) {
		if (i > from)
			buf_cstr(pr->out, ", ");
		print(pr, node->kids[i], L_OR);
	}
}

static void print_quoted(const struct printer *pr, struct str name)
{
	buf_char(pr->out, '`');
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] == '`')
			buf_char(pr->out, '`');
		buf_char(pr->out, name.ptr[i]);
	}
	buf_char(pr->out, '`');
}

/* Would the name, read at the start of a field, mean a step? */
static bool means_a_step(const struct printer *pr, struct str part, bool indexed)
{
	struct str rest = part, first = str_cut(&rest, '.');

	if (pr->query == NULL)
		return false;
	if (pr->in_pipes)
		return pr->event_count > 1 && indexed && str_is(part, "events");
	if (first.len == part.len)
		return false;
	if (first.len > 0 && first.ptr[0] == '$')
		first = str_n(first.ptr + 1, first.len - 1);
	for (uint32_t i = 0; i < pr->query->step_count; i++)
		if (pr->query->steps[i].alias.len > 0 && str_eq(pr->query->steps[i].alias, first))
			return true;
	return false;
}

/* Names and dots up to an index or the end. */
static void print_parts(const struct printer *pr, struct str text, bool first, bool indexed)
{
	struct str rest = text;
	bool plain = text.len > 0 && !(first && means_a_step(pr, text, indexed));

	if (!first)
		buf_char(pr->out, '.');
	for (bool begin = first; plain && rest.ptr != NULL; begin = false) {
		struct str part = str_cut(&rest, '.');
		plain = eql_name_is_plain(part, pr->dialect) && !(begin && eql_is_reserved(part));
		/* A dot at the end leaves an empty part behind. */
		if (rest.ptr != NULL && rest.len == 0)
			plain = false;
	}
	if (plain)
		buf_str(pr->out, text);
	else
		print_quoted(pr, text);
}

static void print_field(const struct printer *pr, const struct eql_node *node, bool first)
{
	size_t at = 0;

	if (node->optional)
		buf_char(pr->out, '?');
	for (uint32_t i = 0; i <= node->index_count; i++) {
		bool last = i == node->index_count;
		size_t end = last ? node->text.len : node->indexes[i].position;
		if (end > at) {
			/* Behind an index stands the dot, which print_parts() writes. */
			size_t skip = at > 0;
			print_parts(pr, str_n(node->text.ptr + at + skip, end - at - skip),
				first && at == 0, !last);
			at = end;
		}
		if (!last)
			buf_printf(pr->out, "[%u]", node->indexes[i].number);
	}
}

static void print_reference(const struct printer *pr, const struct eql_node *node)
{
	bool named = !pr->in_pipes && pr->query != NULL && node->step < pr->query->step_count;

	if (named)
		buf_str(pr->out, pr->query->steps[node->step].alias);
	else
		buf_printf(pr->out, "events[%u]", node->step);
	print_field(pr, node, false);
}

static void print_relation(const struct printer *pr, const struct eql_node *node)
{
	static const char *const words[] = {[EQL_DESCENDANT_OF] = "descendant of [",
		[EQL_CHILD_OF] = "child of [",
		[EQL_EVENT_OF] = "event of ["};

	buf_cstr(pr->out, words[node->op]);
	print_event(pr, node->query);
	buf_char(pr->out, ']');
}

static void print_match(const struct printer *pr, const struct eql_node *node)
{
	static const char *const words[] = {
		[EQL_COLON] = ":", [EQL_LIKE] = "like", [EQL_REGEX] = "regex"};

	print(pr, node->kids[0], L_SUM);
	buf_printf(pr->out, " %s%s ", words[node->op],
		node->caseless && node->op != EQL_COLON ? "~" : "");
	if (node->kid_count == 2) {
		print(pr, node->kids[1], L_OR);
		return;
	}
	buf_char(pr->out, '(');
	print_list(pr, node, 1);
	buf_char(pr->out, ')');
}

static void print_operands(
	const struct printer *pr, const struct eql_node *node, const char *word, enum level level)
{
	for (uint32_t i = 0; i < node->kid_count; i++) {
		if (i > 0)
			buf_printf(pr->out, " %s ", word);
		print(pr, node->kids[i], (enum level)(level + 1));
	}
}

static void print_binary(const struct printer *pr, const struct eql_node *node)
{
	static const char *const words[] = {[EQL_EQ] = "==",
		[EQL_NE] = "!=",
		[EQL_LT] = "<",
		[EQL_LE] = "<=",
		[EQL_GT] = ">",
		[EQL_GE] = ">="};
	bool compare = node->type == EQL_COMPARE;
	enum level level = level_of(node);

	/* a - b - c is (a - b) - c; comparisons do not chain. */
	print(pr, node->kids[0], compare ? L_SUM : level);
	if (compare)
		buf_printf(pr->out, " %s ", words[node->op]);
	else
		buf_printf(pr->out, " %c ", node->op);
	print(pr, node->kids[1], (enum level)(level + 1));
}

static void print_value(const struct printer *pr, const struct eql_node *node)
{
	switch (node->type) {
	case EQL_NULL:
		buf_cstr(pr->out, "null");
		break;
	case EQL_BOOL:
		buf_cstr(pr->out, node->boolean ? "true" : "false");
		break;
	case EQL_INT:
		buf_i64(pr->out, node->integer);
		break;
	case EQL_FLOAT:
		eql_text_print_number(pr->out, node->number);
		break;
	case EQL_STRING:
		eql_text_print(pr->out, node->text, node->raw, pr->dialect);
		break;
	case EQL_FIELD:
		print_field(pr, node, true);
		break;
	case EQL_REFERENCE:
		print_reference(pr, node);
		break;
	default:
		break;
	}
}

static void print_bare(const struct printer *pr, const struct eql_node *node)
{
	switch (node->type) {
	case EQL_OR:
		print_operands(pr, node, "or", L_OR);
		break;
	case EQL_AND:
		print_operands(pr, node, "and", L_AND);
		break;
	case EQL_NOT:
		buf_cstr(pr->out, "not ");
		print(pr, node->kids[0], L_NOT);
		break;
	case EQL_COMPARE:
	case EQL_ARITHMETIC:
		print_binary(pr, node);
		break;
	case EQL_MATCH:
		print_match(pr, node);
		break;
	case EQL_IN:
		print(pr, node->kids[0], L_SUM);
		buf_cstr(pr->out, node->caseless ? " in~ (" : " in (");
		print_list(pr, node, 1);
		buf_char(pr->out, ')');
		break;
	case EQL_NEGATE:
		buf_char(pr->out, '-');
		print(pr, node->kids[0], L_UNARY);
		break;
	case EQL_CALL:
		buf_str(pr->out, node->text);
		buf_cstr(pr->out, node->caseless ? "~(" : "(");
		print_list(pr, node, 0);
		buf_char(pr->out, ')');
		break;
	case EQL_RELATION:
		print_relation(pr, node);
		break;
	default:
		print_value(pr, node);
	}
}

static void print(const struct printer *pr, const struct eql_node *node, enum level level)
{
	bool parentheses = level_of(node) < level;

	if (parentheses)
		buf_char(pr->out, '(');
	print_bare(pr, node);
	if (parentheses)
		buf_char(pr->out, ')');
}

static void print_event(const struct printer *pr, const struct eql_event *event)
{
	struct str name = event->category;

	if (name.len == 0)
		buf_cstr(pr->out, "any");
	else if (eql_name_is_plain(name, pr->dialect) && !str_is(name, "any") &&
		 !eql_is_reserved(name))
		buf_str(pr->out, name);
	else
		eql_text_print(pr->out, name, false, pr->dialect);
	buf_cstr(pr->out, " where ");
	print(pr, event->condition, L_OR);
}

static void print_keys(const struct printer *pr, const struct eql_key *keys, uint32_t count)
{
	if (count == 0)
		return;
	buf_cstr(pr->out, " by ");
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			buf_cstr(pr->out, ", ");
		print(pr, keys[i].value, L_OR);
	}
}

static void print_span(const struct printer *pr, uint64_t ns)
{
	static const struct {
		const char *word;
		uint64_t ns;
	} units[] = {{"d", 86400000000000}, {"h", 3600000000000}, {"m", 60000000000},
		{"s", 1000000000}, {"ms", 1000000}};
	size_t i = 0;

	while (i < 4 && ns % units[i].ns != 0)
		i++;
	buf_cstr(pr->out, " with maxspan=");
	buf_u64(pr->out, ns / units[i].ns);
	buf_cstr(pr->out, units[i].word);
}

static void print_step(const struct printer *pr, const struct eql_step *step)
{
	buf_cstr(pr->out, step->missing ? "![" : "[");
	print_event(pr, &step->event);
	buf_char(pr->out, ']');
	if (step->fork)
		buf_cstr(pr->out, " fork=true");
	print_keys(pr, step->keys + step->common_count, step->key_count - step->common_count);
	if (step->runs != 1)
		buf_printf(pr->out, " with runs=%u", step->runs);
	if (step->alias.len > 0) {
		buf_cstr(pr->out, " as ");
		buf_str(pr->out, step->alias);
	}
}

static void print_steps(const struct printer *pr, const struct eql_query *query)
{
	static const char *const words[] = {
		[EQL_SEQUENCE] = "sequence", [EQL_SAMPLE] = "sample", [EQL_JOIN] = "join"};

	buf_cstr(pr->out, words[query->type]);
	print_keys(pr, query->steps[0].keys, query->steps[0].common_count);
	if (query->maxspan_ns != 0)
		print_span(pr, query->maxspan_ns);
	for (uint32_t i = 0; i < query->step_count; i++) {
		buf_cstr(pr->out, "\n  ");
		print_step(pr, &query->steps[i]);
	}
	if (query->until != NULL) {
		buf_cstr(pr->out, "\nuntil ");
		print_step(pr, query->until);
	}
}

static void print_pipe(const struct printer *pr, const struct eql_pipe *pipe)
{
	static const char *const words[] = {[EQL_PIPE_HEAD] = "head",
		[EQL_PIPE_TAIL] = "tail",
		[EQL_PIPE_UNIQUE] = "unique",
		[EQL_PIPE_UNIQUE_COUNT] = "unique_count",
		[EQL_PIPE_COUNT] = "count",
		[EQL_PIPE_FILTER] = "filter",
		[EQL_PIPE_SORT] = "sort"};

	buf_printf(pr->out, "\n| %s", words[pipe->type]);
	if (pipe->type == EQL_PIPE_HEAD || pipe->type == EQL_PIPE_TAIL) {
		buf_char(pr->out, ' ');
		buf_u64(pr->out, pipe->count);
	}
	for (uint32_t i = 0; i < pipe->value_count; i++) {
		buf_cstr(pr->out, i > 0 ? ", " : " ");
		print(pr, pipe->values[i], L_OR);
	}
}

void eql_print(struct buf *out, const struct eql_query *query, const struct eql_options *options)
{
	struct printer pr = {.out = out, .dialect = options->dialect, .query = query};

	if (query->type == EQL_SINGLE)
		print_event(&pr, &query->steps[0].event);
	else
		print_steps(&pr, query);
	pr.in_pipes = true;
	pr.event_count = query->step_count;
	for (uint32_t i = 0; i < query->pipe_count; i++) {
		print_pipe(&pr, &query->pipes[i]);
		if (query->pipes[i].type == EQL_PIPE_COUNT)
			pr.event_count = 1;
	}
}

void eql_print_node(struct buf *out, const struct eql_node *node, const struct eql_options *options)
{
	struct printer pr = {.out = out, .dialect = options->dialect};

	print(&pr, node, L_OR);
}
