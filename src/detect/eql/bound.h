/* What eql_bind() leaves at nodes for eql_eval(), and what the parts of the evaluator share.
 * Internal to detect/eql. */
#ifndef MERLON_DETECT_EQL_BOUND_H
#define MERLON_DETECT_EQL_BOUND_H
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/ip.h"
#include "base/json.h"
#include "detect/eql/eval.h"

#define EQL_VARIABLES_MAX 8   /* of arraySearch() in arraySearch() … */
#define EQL_BIND_DEPTH	  500 /* of the tree; a long chain of operators nests too */
/* A result longer than this is null. */
#define EQL_RESULT_BYTES_MAX (256u * 1024)
/* Nodes that one eql_eval() may visit; arrays in arrays would multiply. */
#define EQL_FUEL 2000000

struct eql_bound {
	bool cased;		 /* text compares byte by byte */
	bool wild;		 /* pattern has WILD_ANY or WILD_ONE */
	struct str pattern;	 /* EQL_STRING: as an operand, folded unless cased */
	const pcre2_code *regex; /* EQL_STRING as a regular expression; EQL_CALL of match(): all */
	struct cidr cidr;
	bool is_time; /* EQL_STRING: time_ns is what it says, where times compare as such */
	uint64_t time_ns;
	const struct eql_function *function; /* EQL_CALL */
	/* EQL_FIELD: 1 + number of the array function's variable that it begins with. EQL_CALL:
	 * of the variable that it sets. 0: none. */
	uint16_t variable;
	size_t path;  /* EQL_FIELD: where in text the path behind the variable's name begins */
	bool members; /* EQL_CALL of an array function: asks for members of the elements */
};

/* 1 + number of the variable that a field is or begins with; 0: it is the event's. */
static inline uint16_t eql_variable_of(const struct eql_node *node)
{
	return node->type == EQL_FIELD && node->bound != NULL ? node->bound->variable : 0;
}

/* What stands for a variable: a member of the document, or a value. */
struct eql_item {
	const struct json_node *json;
	struct value value;
};

struct eql_evaluation {
	const struct eql_env *env;
	uint32_t fuel;
	bool null_logic, any_element, times; /* the dialect's */
	bool keep_null; /* null is asked for: what is not known must not become false */
	bool document_read;
	const struct json_node *document;
	pcre2_match_data *match_data; /* both in scratch, made when first wanted */
	pcre2_match_context *match_limits;
	struct eql_item items[EQL_VARIABLES_MAX];
};

enum eql_truth { EQL_FALSE, EQL_TRUE, EQL_UNKNOWN };

static inline struct value value_null(void)
{
	return (struct value){.type = VALUE_NULL};
}
static inline struct value value_of_truth(enum eql_truth truth)
{
	return truth == EQL_UNKNOWN ? value_null() : value_bool(truth == EQL_TRUE);
}

static inline bool eql_may(const struct eql_evaluation *e, enum eql_feature feature)
{
	return eql_has(e->env->options->dialect, feature);
}

/* ---- eval.c ---- */
struct value eql_eval_node(struct eql_evaluation *e, const struct eql_node *node);
enum eql_truth eql_truth_of(struct eql_evaluation *e, const struct eql_node *node);
/* The value of a node that reads no event; null stays null. Allocates from scratch. */
struct value eql_constant(
	struct arena *scratch, const struct eql_options *options, const struct eql_node *node);

/* ---- compare.c ---- */
/* Does a comparison (any but EQL_NE) hold? Nodes tell literals and patterns; NULL: a value without
 * one. Lists: for any element, where the dialect has that. */
struct eql_operand {
	struct value value;
	const struct eql_node *node;
};
enum eql_truth eql_compare_operands(struct eql_evaluation *e, enum eql_compare op,
	const struct eql_operand *a, const struct eql_operand *b, bool cased);
bool eql_is_null(const struct value *value); /* null, missing, or only such elements */
struct str eql_folded(struct eql_evaluation *e, struct str text); /* in scratch */
/* A value against a pattern that eql_bind() prepared; value is no list. */
enum eql_truth eql_match_pattern_node(
	struct eql_evaluation *e, const struct value *value, const struct eql_node *pattern);
bool eql_run_regex(struct eql_evaluation *e, const pcre2_code *regex, struct str text);

/* ---- number.c ---- */
enum { EQL_LESS = -1, EQL_SAME, EQL_MORE, EQL_NO_ORDER };
bool eql_is_number(const struct value *value);
int eql_order_numbers(const struct value *a, const struct value *b);
/* From this on a number may be a time since 1970: in milliseconds, or as its size tells finer. */
#define EQL_TIME_LEAST 1e11
/* A text that is a time. */
bool eql_time_of(struct str text, uint64_t *ret_ns);
/* A decimal number, the whole text. */
bool eql_number_of(struct str text, struct value *ret);
struct value eql_arithmetic(char op, const struct value *a, const struct value *b, bool floors);
/* As string() and concat() print it; scalars. ptr is NULL when scratch is full. */
struct str eql_text_of(struct eql_evaluation *e, const struct value *value);
/* A whole number, also one written as 2.0. */
bool eql_whole(const struct value *value, int64_t *ret);

/* ---- document.c ---- */
/* The value at a node's place in the document, or below a variable's item; NULL: none. */
const struct json_node *eql_document_node(
	struct eql_evaluation *e, const struct eql_node *node, unsigned step);
const struct json_node *eql_document_walk(const struct json_node *at, struct str path,
	size_t position, const struct eql_index *indexes, uint32_t count);
struct value eql_json_value(struct eql_evaluation *e, const struct json_node *node);

/* ---- function.c ---- */
enum eql_operand_kind { EQL_VALUES, EQL_WILDCARDS, EQL_REGEXES, EQL_NETWORKS };
struct eql_function {
	const char *name;
	bool older;	   /* of the older engine only: needs EQL_OLDER_FUNCTIONS */
	bool may_caseless; /* may be written with ~ */
	uint8_t least, most;
	uint8_t kind;	  /* enum eql_operand_kind: of the arguments behind the first */
	bool takes_list;  /* a list is the argument, instead of standing for its elements */
	bool binds;	  /* the second argument names a variable of the third */
	uint8_t result;	  /* enum eql_type */
	uint8_t types[4]; /* of the arguments: bits 1 << EQL_TYPE_…; the last for all further */
	struct value (*run)(
		struct eql_evaluation *e, const struct eql_node *call, const struct value *args);
};
#define EQL_ARGUMENTS_ANY 255
const struct eql_function *eql_function_find(struct str name, bool any_case);
struct value eql_call(struct eql_evaluation *e, const struct eql_node *node);

#define EQL_RUN(name)                \
	struct value eql_run_##name( \
		struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
/* function_text.c */
EQL_RUN(between);
EQL_RUN(concat);
EQL_RUN(ends_with);
EQL_RUN(index_of);
EQL_RUN(starts_with);
EQL_RUN(string);
EQL_RUN(string_contains);
EQL_RUN(substring);
/* function_match.c */
EQL_RUN(cidr_match);
EQL_RUN(match);
EQL_RUN(wildcard);
/* function_number.c */
EQL_RUN(add);
EQL_RUN(divide);
EQL_RUN(length);
EQL_RUN(modulo);
EQL_RUN(multiply);
EQL_RUN(number);
EQL_RUN(subtract);
/* function_array.c */
EQL_RUN(array_contains);
EQL_RUN(array_count);
EQL_RUN(array_search);
EQL_RUN(safe);
#endif
