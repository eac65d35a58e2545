/* What compiling one Sigma document needs, and the places where Sigma's names become fields. */
#ifndef MERLON_DETECT_SIGMA_CONTEXT_H
#define MERLON_DETECT_SIGMA_CONTEXT_H
#include "base/arena.h"
#include "detect/rule/expr.h"
#include "detect/sigma/sigma.h"
#include "detect/sigma/taxonomy.h"
struct err;

#define SIGMA_NOTES_MAX 32

struct sigma_context {
	struct arena *arena;   /* what the rule keeps */
	struct arena *scratch; /* dies with the file */
	struct fields *fields;
	const struct sigma_options *options;
	struct sigma_logsource source;
	struct str notes[SIGMA_NOTES_MAX];
	uint32_t note_count;
};

/* Adds a note once; what does not fit is left out. */
__attribute__((format(printf, 2, 3))) void sigma_note(
	struct sigma_context *ctx, const char *fmt, ...);

/* Fills the kinds, and asks in *ret (NULL: nothing) what the logsource demands beyond them. */
int sigma_logsource_expr(struct sigma_context *ctx, uint64_t kinds[KIND_MAX / 64],
	struct expr **ret, struct err *err);

/* The id of a field of the rule in the chosen taxonomy. */
int sigma_field_id(struct sigma_context *ctx, struct str name, field_id *ret, struct err *err);

/* The question `atom` put to the field of that name; rewritten where the taxonomy says so. */
int sigma_ask(struct sigma_context *ctx, struct str name, struct atom atom, uint32_t line,
	struct expr **ret, struct err *err);

/* A list of one kid is the kid itself. NULL kid or full arena: -ENOMEM. */
int sigma_list_add(struct sigma_context *ctx, struct expr *list, struct expr *kid, struct err *err);
struct expr *sigma_list_end(struct expr *list);
#endif
