/* Functions that ask a text about patterns, which eql_bind() has prepared. */
#include "detect/eql/bound.h"

struct value eql_run_wildcard(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	enum eql_truth truth = EQL_FALSE;

	for (uint32_t i = 1; i < call->kid_count && truth != EQL_TRUE; i++) {
		enum eql_truth here = eql_match_pattern_node(e, &args[0], call->kids[i]);
		if (here != EQL_FALSE)
			truth = here;
	}
	return value_of_truth(truth);
}

/* All patterns are one. */
struct value eql_run_match(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	char out[VALUE_TEXT_BYTES];

	if (args[0].type <= VALUE_NULL || call->bound->regex == NULL)
		return value_null();
	return value_bool(eql_run_regex(e, call->bound->regex, value_as_text(&args[0], out)));
}

struct value eql_run_cidr_match(
	struct eql_evaluation *e, const struct eql_node *call, const struct value *args)
{
	struct ip ip;
	bool null = args[0].type <= VALUE_NULL;

	for (uint32_t i = 1; i < call->kid_count; i++)
		null = null || call->kids[i]->type == EQL_NULL;
	if (null)
		return eql_may(e, EQL_NULL_ANSWERS) ? value_bool(false) : value_null();
	if (args[0].type != VALUE_TEXT || !ip_parse(value_str(&args[0]), &ip))
		return value_bool(false);
	for (uint32_t i = 1; i < call->kid_count; i++)
		if (cidr_match(&call->kids[i]->bound->cidr, &ip))
			return value_bool(true);
	return value_bool(false);
}
