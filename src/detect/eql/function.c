/* The functions, as Elasticsearch's reference and the older engine's say: names, arguments,
 * results. */
#include "base/strmatch.h"
#include "detect/eql/bound.h"

#define T    (1 << EQL_TYPE_TEXT)
#define N    (1 << EQL_TYPE_NUMBER)
#define B    (1 << EQL_TYPE_BOOL)
#define ANY  (T | N | B)
#define LIST 0 /* no literal is one */

#define NUMERIC(word, run_name)                                                 \
	{                                                                       \
		.name = word, .least = 2, .most = 2, .result = EQL_TYPE_NUMBER, \
		.types = {N, N, N, N}, .run = eql_run_##run_name,               \
	}
#define TWO_TEXTS(word, run_name)                                                          \
	{                                                                                  \
		.name = word, .may_caseless = true, .least = 2, .most = 2,                 \
		.result = EQL_TYPE_BOOL, .types = {T, T, T, T}, .run = eql_run_##run_name, \
	}
#define PATTERNS(word, is_older, patterns, caseless, run_name)                         \
	{                                                                              \
		.name = word, .older = is_older, .may_caseless = caseless, .least = 2, \
		.most = EQL_ARGUMENTS_ANY, .kind = patterns, .result = EQL_TYPE_BOOL,  \
		.types = {T, T, T, T}, .run = eql_run_##run_name,                      \
	}
#define WITH_VARIABLE(word, result_type, run_name)                                      \
	{                                                                               \
		.name = word, .older = true, .least = 3, .most = 3, .takes_list = true, \
		.binds = true, .result = result_type, .types = {LIST, ANY, B, B},       \
		.run = eql_run_##run_name,                                              \
	}

static const struct eql_function functions[] = {
	NUMERIC("add", add),
	NUMERIC("divide", divide),
	NUMERIC("modulo", modulo),
	NUMERIC("multiply", multiply),
	NUMERIC("subtract", subtract),
	TWO_TEXTS("endsWith", ends_with),
	TWO_TEXTS("startsWith", starts_with),
	TWO_TEXTS("stringContains", string_contains),
	PATTERNS("cidrMatch", false, EQL_NETWORKS, false, cidr_match),
	PATTERNS("match", true, EQL_REGEXES, true, match),
	PATTERNS("matchLite", true, EQL_REGEXES, true, match),
	PATTERNS("wildcard", false, EQL_WILDCARDS, true, wildcard),
	WITH_VARIABLE("arrayCount", EQL_TYPE_NUMBER, array_count),
	WITH_VARIABLE("arraySearch", EQL_TYPE_BOOL, array_search),
	/* As rules for the endpoint call them. */
	WITH_VARIABLE("_arrayCount", EQL_TYPE_NUMBER, array_count),
	WITH_VARIABLE("_arraySearch", EQL_TYPE_BOOL, array_search),
	{
		.name = "arrayContains",
		.older = true,
		.may_caseless = true,
		.least = 2,
		.most = EQL_ARGUMENTS_ANY,
		.takes_list = true,
		.result = EQL_TYPE_BOOL,
		.types = {LIST, ANY, ANY, ANY},
		.run = eql_run_array_contains,
	},
	{
		.name = "between",
		.may_caseless = true,
		.least = 3,
		.most = 4,
		.result = EQL_TYPE_TEXT,
		.types = {T, T, T, B},
		.run = eql_run_between,
	},
	{
		.name = "concat",
		.least = 1,
		.most = EQL_ARGUMENTS_ANY,
		.result = EQL_TYPE_TEXT,
		.types = {ANY, ANY, ANY, ANY},
		.run = eql_run_concat,
	},
	{
		.name = "indexOf",
		.may_caseless = true,
		.least = 2,
		.most = 3,
		.result = EQL_TYPE_NUMBER,
		.types = {T, T, N, N},
		.run = eql_run_index_of,
	},
	{
		.name = "length",
		.least = 1,
		.most = 1,
		.takes_list = true,
		.result = EQL_TYPE_NUMBER,
		.types = {T, T, T, T},
		.run = eql_run_length,
	},
	{
		.name = "number",
		.least = 1,
		.most = 2,
		.result = EQL_TYPE_NUMBER,
		.types = {T, N, N, N},
		.run = eql_run_number,
	},
	{
		.name = "safe",
		.older = true,
		.least = 1,
		.most = 1,
		.takes_list = true,
		.result = EQL_TYPE_UNKNOWN,
		.types = {ANY, ANY, ANY, ANY},
		.run = eql_run_safe,
	},
	{
		.name = "string",
		.least = 1,
		.most = 1,
		.result = EQL_TYPE_TEXT,
		.types = {ANY, ANY, ANY, ANY},
		.run = eql_run_string,
	},
	{
		.name = "substring",
		.least = 2,
		.most = 3,
		.result = EQL_TYPE_TEXT,
		.types = {T, N, N, N},
		.run = eql_run_substring,
	},
};

const struct eql_function *eql_function_find(struct str name, bool any_case)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		struct str own = str_of(functions[i].name);
		char folded[32];
		if (str_eq(name, own))
			return &functions[i];
		if (any_case && own.len < sizeof(folded) / 2 &&
			match_equals(name, str_n(folded, fold_text(folded, own)), false))
			return &functions[i];
	}
	return NULL;
}

enum eql_type eql_type_of(const struct eql_node *node)
{
	switch (node->type) {
	case EQL_NULL:
		return EQL_TYPE_NULL;
	case EQL_INT:
	case EQL_FLOAT:
	case EQL_ARITHMETIC:
	case EQL_NEGATE:
		return EQL_TYPE_NUMBER;
	case EQL_STRING:
		return EQL_TYPE_TEXT;
	case EQL_FIELD:
	case EQL_REFERENCE:
		return EQL_TYPE_UNKNOWN;
	case EQL_CALL:
		return node->bound == NULL ? EQL_TYPE_UNKNOWN : node->bound->function->result;
	default:
		return EQL_TYPE_BOOL;
	}
}

/* ---- calling ---- */

static struct value run_each(struct eql_evaluation *e, const struct eql_node *node,
	struct value *args, uint32_t count, uint32_t from);

/* Questions: any element. Other results: a list of what each element gives. */
static struct value run_elements(struct eql_evaluation *e, const struct eql_node *node,
	struct value *args, uint32_t count, uint32_t at)
{
	const struct value list = args[at];
	bool asks = node->bound->function->result == EQL_TYPE_BOOL;
	struct value *results = NULL, last = value_null();
	uint32_t result_count = 0;

	if (!asks)
		results = arena_alloc(e->env->scratch, (list.len + 1) * sizeof(*results));
	if (!asks && results == NULL)
		return value_null();
	for (uint32_t i = 0; i < list.len && e->fuel > 0; i++) {
		if (list.items[i].type <= VALUE_NULL)
			continue;
		args[at] = list.items[i];
		struct value one = run_each(e, node, args, count, at + 1);
		if (one.type <= VALUE_NULL)
			continue;
		last = one;
		if (asks && one.boolean)
			break;
		/* A second list would make lists in a list: its first element speaks for it. */
		if (!asks)
			results[result_count++] = one.type == VALUE_LIST && one.len > 0
							  ? one.items[0]
							  : one;
	}
	args[at] = list;
	if (asks || result_count <= 1)
		return result_count == 1 ? results[0] : last;
	return (struct value){.type = VALUE_LIST, .len = result_count, .items = results};
}

static struct value run_each(struct eql_evaluation *e, const struct eql_node *node,
	struct value *args, uint32_t count, uint32_t from)
{
	const struct eql_function *function = node->bound->function;

	if (e->fuel == 0)
		return value_null();
	e->fuel--;
	for (uint32_t i = from; i < count && !function->takes_list; i++)
		if (args[i].type == VALUE_LIST)
			return e->any_element ? run_elements(e, node, args, count, i)
					      : value_null();
	return function->run(e, node, args);
}

struct value eql_call(struct eql_evaluation *e, const struct eql_node *node)
{
	const struct eql_function *function = node->bound->function;
	uint32_t count = function->kind != EQL_VALUES || function->binds ? 1 : node->kid_count;
	/* An optional argument left out is null. */
	uint32_t room = count < 4 ? 4 : count;
	struct value some[4], *args = some;

	if (room > 4)
		args = arena_alloc(e->env->scratch, room * sizeof(*args));
	if (args == NULL)
		return value_null();
	for (uint32_t i = 0; i < room; i++)
		args[i] = i < count && !function->binds ? eql_eval_node(e, node->kids[i])
							: value_null();
	return run_each(e, node, args, count, 0);
}
