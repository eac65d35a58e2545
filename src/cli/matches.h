/* What a hunt found: kept until all of it is there, then piped, put in order and printed. */
#ifndef MERLON_CLI_MATCHES_H
#define MERLON_CLI_MATCHES_H
#include "agent/pipeline.h"
#include "cli/inputs.h"
struct err;

struct matches_options {
	const struct engine *engine; /* borrowed */
	const struct inputs *inputs; /* borrowed: names of the inputs */
	field_id id_field; /* printed in place of an event's number; FIELD_none: the number */
	field_id count_field, percent_field; /* see pipe.h */
	bool json;
};

struct matches;
/* 0 or -ENOMEM. */
int matches_create(const struct matches_options *options, struct matches **ret, struct err *err);
void matches_destroy(struct matches *matches);
/* For the pipeline's callbacks: copies what it needs. Lack of memory is told by matches_print(). */
void matches_add_rules(struct matches *matches, const struct view *view,
	const struct rule *const *rules, uint32_t count);
void matches_add_plans(struct matches *matches, const struct cep_match *plans, uint32_t count);
/* Forgets all. */
void matches_clear(struct matches *matches);
/* By last event, then first, then rule; then what comes out of pipes, by rule. */
int matches_print(struct matches *matches, struct err *err);
#endif
