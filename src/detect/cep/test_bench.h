/* For tests: plans and streams of events as short texts.
 *
 * A step is a letter: it matches events that carry this letter. "A B*2 !C D>" are the steps A, B
 * twice, no C, and D forking. An event is "key|AB7.x=5@host<1,2": letters, the second it happens
 * at, more of its name, its value, host, process and parent; all but letters and second may be left
 * out. It is named "AB7.x". A match prints as names in the order
 * of its events, "-" for a missing one, and ends with ';'. */
#ifndef MERLON_DETECT_CEP_TEST_BENCH_H
#define MERLON_DETECT_CEP_TEST_BENCH_H
#include "base/buf.h"
#include "base/err.h"
#include "detect/cep/cep.h"

struct bench_plan {
	enum cep_type type;
	const char *steps, *until;
	unsigned span_s;
	bool keyed;    /* by the event's key */
	bool optional; /* events without a key join, too */
	bool caseless;
	bool each; /* "x+y" joins by x and by y; else it is one list */
	bool until_first;
	bool compare;	     /* every step but the first tests that its key is the first event's */
	enum rule_role role; /* RULE_PLAN when 0 */
	const struct rule *const *rules; /* instead of letters, by step; NULL: by letter */
	enum cep_aggregate aggregate;
	const struct cep_bound *bounds;
	uint32_t bound_count;
	double percentile;
	const struct cep_term *terms;
	uint32_t term_count;
	const struct cep_relation *relations;
	uint32_t relation_count;
	const char *related; /* letters of steps that ask for relation 0 */
};

struct bench {
	struct fields *fields;
	struct ruleset *set;
	struct matcher *matcher;
	struct batch *batch;
	struct view *view;
	struct cep *cep;
	struct buf out;
	struct err err;
	field_id letters, key, host, name, value, process, parent;
	const struct rule *letter_rules[26];
	uint64_t index;
	struct cep_options options; /* before bench_ready() */
	bool restart;		    /* save and restore before each event */
};

void bench_start(struct bench *bench);
void bench_stop(struct bench *bench);
const struct rule *bench_letter(struct bench *bench, char letter);
const struct rule *bench_add(struct bench *bench, const struct bench_plan *plan);
void bench_ready(struct bench *bench);
/* Without state and output, as after bench_ready(). */
void bench_renew(struct bench *bench);
void bench_save(struct bench *bench, struct buf *saved);
uint64_t bench_restore(struct bench *bench, const struct buf *saved); /* dropped */
void bench_restart(struct bench *bench);
/* Feeds events; matches are appended to out, behind the rule's id and ':' when there are several. */
void bench_feed(struct bench *bench, const char *events);
void bench_advance(struct bench *bench, uint64_t second);
void bench_finish(struct bench *bench);
/* Starts anew with one plan, feeds, finishes, and compares what was printed; the same once more with a restart
 * before each event. */
void bench_expect(const struct bench_plan *plan, const char *events, const char *expected);
#endif
