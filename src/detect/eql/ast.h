/* An EQL query as written: what the parser makes and every later step reads. Nodes live in the
 * arena given to eql_parse() and do not change afterwards; folding makes new ones. */
#ifndef MERLON_DETECT_EQL_AST_H
#define MERLON_DETECT_EQL_AST_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

enum eql_node_type {
	EQL_NULL,
	EQL_BOOL,      /* boolean */
	EQL_INT,       /* integer */
	EQL_FLOAT,     /* number */
	EQL_STRING,    /* text: unescaped bytes, may hold NUL */
	EQL_FIELD,     /* text, optional, indexes; a variable of the endpoint is "$name" */
	EQL_REFERENCE, /* alias.field in a later step of a sequence, events[N].field in a pipe */
	EQL_NOT,       /* one kid */
	EQL_AND,
	EQL_OR,	     /* two or more kids */
	EQL_COMPARE, /* op: enum eql_compare; two kids */
	EQL_MATCH,   /* op: enum eql_match; first kid is the value, the others are patterns */
	EQL_IN,	     /* first kid is the value, the others are what it may be; caseless for in~ */
	EQL_ARITHMETIC, /* op: '+', '-', '*', '/', '%'; two kids */
	EQL_NEGATE,	/* one kid */
	EQL_CALL, /* text: the function's name as written, without ~; caseless; kids: arguments */
	EQL_RELATION, /* op: enum eql_relation; query */
};

enum eql_compare { EQL_EQ, EQL_NE, EQL_LT, EQL_LE, EQL_GT, EQL_GE };
/* `:` is EQL_COLON whether it has one pattern or a list of them. */
enum eql_match { EQL_COLON, EQL_LIKE, EQL_REGEX };
enum eql_relation { EQL_DESCENDANT_OF, EQL_CHILD_OF, EQL_EVENT_OF };

struct eql_bound;

/* What follows a field's name: list[2].name */
struct eql_index {
	uint32_t position; /* byte in text at which the index stood */
	uint32_t number;
};

struct eql_node {
	uint8_t type; /* enum eql_node_type */
	uint8_t op;
	bool caseless; /* written with ~, or `:` */
	bool optional; /* EQL_FIELD written as ?name */
	bool boolean;
	bool raw;	       /* EQL_STRING written raw ("""…""", ?"…"): for printing */
	uint16_t height;       /* levels from here down, 1 without kids: at most EQL_DEPTH_MAX */
	uint16_t step;	       /* EQL_REFERENCE: which event of the sequence, from 0 */
	uint32_t line, column; /* from 1 */
	union {
		int64_t integer;
		double number;
	};
	struct str text;
	/* EQL_FIELD, EQL_REFERENCE: array indexes within text, in order. text itself is the dotted
	 * name without them: "list.name" for list[2].name. */
	const struct eql_index *indexes;
	uint32_t index_count;
	uint32_t field; /* room for a later step's number of the field (field_id); 0 until then */
	struct eql_node **kids;
	uint32_t kid_count;
	struct eql_event *query;       /* EQL_RELATION */
	const struct eql_bound *bound; /* what eql_bind() made of it; NULL until then */
};

/* category where condition */
struct eql_event {
	struct str category; /* empty: any; "any": the category of that name, written quoted */
	struct eql_node *condition;
	uint32_t line, column;
};

struct eql_key {
	struct eql_node *value;
	bool optional; /* ?field: null joins too */
};

struct eql_step {
	struct eql_event event;
	struct eql_key *keys; /* the query's common keys first, then the step's own */
	uint32_t key_count;
	uint32_t common_count; /* how many of them are the query's */
	uint32_t runs;	       /* 1 when not given */
	bool missing;	       /* ![ … ] */
	bool fork;	       /* endgame: fork=true */
	struct str alias;      /* as name; may be empty */
};

enum eql_pipe_type {
	EQL_PIPE_HEAD,
	EQL_PIPE_TAIL,
	EQL_PIPE_UNIQUE,
	EQL_PIPE_UNIQUE_COUNT,
	EQL_PIPE_COUNT,
	EQL_PIPE_FILTER,
	EQL_PIPE_SORT,
};

struct eql_pipe {
	uint8_t type;
	uint64_t count;		  /* head, tail */
	struct eql_node **values; /* the others' arguments */
	uint32_t value_count;
	uint32_t line, column;
};

enum eql_query_type { EQL_SINGLE, EQL_SEQUENCE, EQL_SAMPLE, EQL_JOIN };

struct eql_query {
	uint8_t type;		/* enum eql_query_type */
	struct eql_step *steps; /* EQL_SINGLE: one, without keys */
	uint32_t step_count;
	struct eql_step *until; /* NULL: none */
	uint64_t maxspan_ns;	/* 0: none given */
	struct eql_pipe *pipes;
	uint32_t pipe_count;
};
#endif
