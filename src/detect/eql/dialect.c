#include "detect/eql/dialect.h"

#include <assert.h>

enum {
	P = 1 << EQL_DIALECT_ENDPOINT,
	S = 1 << EQL_DIALECT_ELASTICSEARCH,
	G = 1 << EQL_DIALECT_ENDGAME
};

static const char *const words[] = {
	[EQL_DIALECT_ENDPOINT] = "endpoint",
	[EQL_DIALECT_ELASTICSEARCH] = "elasticsearch",
	[EQL_DIALECT_ENDGAME] = "endgame",
};

static const struct feature {
	const char *name;
	unsigned dialects;
} features[EQL_FEATURE_COUNT] = {
	[EQL_EQUALS_SIGN] = {"'=' as comparison", G},
	[EQL_SINGLE_QUOTES] = {"single-quoted text", G},
	[EQL_QUESTION_RAW] = {"raw text behind '?'", G},
	[EQL_TRIPLE_QUOTES] = {"triple-quoted text", P | S},
	[EQL_UNICODE_ESCAPES] = {"the escape \\u{…}", P | S},
	[EQL_HEX_ESCAPES] = {"the escape \\x", P},
	[EQL_TILDE] = {"'~' behind a word", P | S},
	[EQL_MATCH_OPERATORS] = {"a match by ':', like or regex", P | S},
	[EQL_METHODS] = {"a function called as value:function()", P | G},
	[EQL_OPTIONAL_FIELDS] = {"an optional field", P | S},
	[EQL_AT_NAMES] = {"'@' in a name", P | S},
	[EQL_DOLLAR_NAMES] = {"'$' in a name", P},
	[EQL_QUOTED_CATEGORIES] = {"a quoted category", P | S},
	[EQL_TRAILING_COMMA] = {"a comma at the end of a list", P | G},
	[EQL_RELATIONS] = {"a relation such as 'descendant of'", P | G},
	[EQL_SAMPLES] = {"'sample'", P | S},
	[EQL_JOINS] = {"'join'", P | G},
	[EQL_WITH_BEFORE_BY] = {"'by' behind 'with maxspan'", P | G},
	[EQL_EXPRESSION_KEYS] = {"a key that is no field", P | G},
	[EQL_SINGLE_STEP] = {"a sequence of a single step", P},
	[EQL_RUNS] = {"'with runs'", P | S},
	[EQL_MISSING_EVENTS] = {"a missing event", P | S},
	[EQL_ALIASES] = {"a step's name", P},
	[EQL_FORK] = {"'fork'", G},
	[EQL_ALL_PIPES] = {"a pipe other than head and tail", P | G},
	[EQL_PIPE_DEFAULTS] = {"head or tail without a number", P | G},
	[EQL_LOOSE_PIPE_VALUES] = {"a list of values without commas", G},
	[EQL_WILDCARD_EQUALS] = {"wildcards in '=='", G},
	[EQL_QUESTION_WILDCARD] = {"'?' as a wildcard", P | S},
	[EQL_NULL_LOGIC] = {"comparisons that are null", G},
	[EQL_TIMES] = {"comparing times", P | S},
	[EQL_ANY_ELEMENT] = {"comparing any element of a list", P | S},
	[EQL_ANY_CASE_FUNCTIONS] = {"function names in any case", P | S},
	[EQL_OLDER_FUNCTIONS] = {"a function of the older engine", P | G},
	[EQL_FLOORS] = {"division that rounds down", G},
	[EQL_NEGATIVE_START] = {"a negative start of indexOf", G},
	[EQL_EMPTY_IS_PART] = {"an empty text as part of every text", G},
	[EQL_NULL_ANSWERS] = {"functions that answer false of null", G},
	[EQL_NULL_KEYS] = {"join keys that are null", G},
	[EQL_UNTIL_FIRST] = {"until before steps", G},
	[EQL_PROCESS_LIVES] = {"processes by unique_pid", G},
	[EQL_MILLISECONDS] = {"times in milliseconds", S},
	[EQL_INPUT_ORDER] = {"events in the order of input", G},
	[EQL_CASELESS] = {"comparing without case by default", G},
};

bool eql_dialect_parse(struct str word, enum eql_dialect *ret)
{
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_is(word, words[i])) {
			*ret = (enum eql_dialect)i;
			return true;
		}
	return false;
}

const char *eql_dialect_word(enum eql_dialect dialect)
{
	return words[dialect];
}

bool eql_has(enum eql_dialect dialect, enum eql_feature feature)
{
	assert(feature < EQL_FEATURE_COUNT);
	return (features[feature].dialects & 1u << dialect) != 0;
}

const char *eql_feature_name(enum eql_feature feature)
{
	return features[feature].name;
}

const char *eql_feature_dialects(enum eql_feature feature)
{
	static const char *const sets[] = {"no dialect", "endpoint", "elasticsearch",
		"endpoint and elasticsearch", "endgame", "endpoint and endgame",
		"elasticsearch and endgame", "every dialect"};

	return sets[features[feature].dialects];
}

struct eql_options eql_options_of(enum eql_dialect dialect)
{
	return (struct eql_options){.dialect = dialect, .caseless = eql_has(dialect, EQL_CASELESS)};
}
