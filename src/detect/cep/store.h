/* The store behind cep.h: plans made ready, partial matches by key, and what expires when. Internal
 * to detect/cep. */
#ifndef MERLON_DETECT_CEP_STORE_H
#define MERLON_DETECT_CEP_STORE_H
#include <stddef.h>
#include "detect/cep/capture.h"
#include "detect/cep/table.h"

#define CACHE_LINE	 64
#define NO_LIMIT	 UINT64_MAX
#define KEY_BYTES_MAX	 ((size_t)20 << 10)
#define KEY_TEXT_MAX	 1024 /* a longer text of a key is known by its 128-bit hash */
#define ALTERNATIVES_MAX 128  /* partial matches of one key at one step, where tests choose */

/* Whatever can expire or be given up begins so. */
struct item {
	uint64_t since_ns;
	uint32_t group;
	uint32_t block; /* of its timed list; 0: it is in none */
	uint8_t slot;	/* in the block */
	/* of partial matches */
	uint8_t flags;
	uint16_t position; /* which it waits for; 0: not begun, tells of leading missing events */
	uint32_t next;	   /* in the group: of the same or an earlier position; newest first */
};

struct plan_state;
struct relation_state;
/* Items in the order of since_ns; each is due at since_ns + span_ns. */
struct timed_list {
	uint32_t head, tail; /* blocks of items */
	uint32_t first;	     /* item */
	uint32_t place;	     /* in the timer, from 1; 0: it is empty */
	uint64_t span_ns;
	uint64_t since_ns, due_ns; /* of the first item */
	uint64_t newest_ns;	   /* no item is since later */
	uint32_t rank;		   /* which list is first of those due at the same time */
	bool waiting;		   /* complete when due; else it has expired */
	struct plan_state *plan;   /* or NULL, and then: */
	struct relation_state *relation;
};

/* Partial matches of one plan with one key. Behind it: the key. */
struct group {
	uint32_t hash;
	uint32_t plan;
	uint32_t first; /* partial matches, later ones first, or whatever the type of plan keeps */
	uint16_t key_len;
	uint8_t flags;
	uint8_t inner; /* units of SLAB_UNIT bytes before the key: a first thing lies there */
	uint8_t bytes[];
};
#define GROUP_INNER_TAKEN 0x80 /* in flags */
#define GROUP_INNER	  ((uint32_t)(offsetof(struct group, bytes) / SLAB_UNIT))

/* A sequence that has begun. */
struct partial {
	struct item item; /* since its first event */
	uint32_t last;	  /* captured: the newest event */
	uint32_t chain;	  /* struct link: those before it */
};
enum {
	PARTIAL_SPOILED = 1, /* a missing event came: goes on, but will not complete */
	PARTIAL_WAITING = 2, /* for missing events behind it to stay away */
};
/* What plans with missing events need besides. */
struct partial_missing {
	struct partial partial;
	uint64_t spoil_ns; /* first missing event after the newest event; 0: none */
	/* Last leading missing event before it began, 0: none; at position 0, where since_ns is the
	 * newest such event: the one of an earlier time before it. */
	uint64_t lead_ns;
};

/* Events of a partial match, newest first; shared after a fork. */
struct link {
	uint32_t event, chain, refs;
};

struct step_state {
	const struct cep_step *step;
	struct capture_set captures;
	uint32_t first; /* position of its first run; missing steps: that of what follows */
};

/* A plan made ready. */
struct plan_state {
	const struct rule *rule;
	const struct cep_plan *plan;
	uint32_t number;	  /* in cep->plans */
	uint32_t depth;		  /* above those of all steps that are plans */
	struct step_state *steps; /* and until behind them */
	uint32_t position_count;
	uint32_t *place_of;   /* by position: where its event stands in the match */
	uint32_t event_count; /* of a match */
	uint32_t last_step;   /* that is not missing */
	size_t partial_bytes;
	bool missing, leading, trailing;
	bool anchored;	   /* a window that is judged when it ends */
	bool alternatives; /* tests read earlier events: several may wait at one position */
	struct timed_list live, waiting;
	/* the event at hand */
	uint64_t steps_matched;
	bool until_matched, touched;
	uint32_t *relations; /* numbers in cep->relations */
};

enum { RELATION_MARK = 1, RELATION_START = 2, RELATION_END = 4 };
struct relation_state {
	const struct cep_relation *relation;
	struct plan_state *owner; /* the first plan that has it: of its test */
	uint32_t number;	  /* in cep->relations */
	uint32_t count;		  /* processes */
	struct timed_list list;
	/* the event at hand */
	uint8_t matched; /* RELATION_MARK… */
	bool related;	 /* its process */
};

enum use_type { USE_STEP, USE_UNTIL, USE_RELATION };
/* Where a rule is used. */
struct use {
	uint8_t type;	 /* enum use_type */
	uint16_t step;	 /* USE_RELATION: RELATION_MARK… */
	uint32_t number; /* of the plan or relation */
};

struct key {
	uint8_t bytes[KEY_BYTES_MAX];
	uint32_t len, hash;
};

/* Why something leaves its timed list. */
enum due_reason { DUE_EXPIRED, DUE_EVICTED, DUE_FINISHED };

struct handles {
	uint32_t *items;
	uint32_t count, capacity;
};

/* Results, and what must live as long as they do. */
struct output {
	struct arena arena;
	struct cep_match *matches;
	uint32_t count, capacity;
	struct handles held; /* captured events */
};

struct cep {
	const struct ruleset *set;
	struct cep_options options;
	struct arena arena; /* plans made ready */
	struct plan_state *plans;
	uint32_t plan_count;
	struct relation_state *relations;
	uint32_t relation_count;
	/* uses of rule N: uses[use_first[N]] up to uses[use_first[N + 1]] */
	uint32_t *use_first;
	struct use *uses;

	struct slab slab;
	struct table table;
	struct timed_list **timer; /* heap: what is due first on top */
	uint32_t timer_count;
	uint64_t seed;
	uint64_t now_ns;

	struct arena scratch; /* reset before each event */
	struct output output;
	struct key key;
	struct handles walk;	     /* partial matches that the event at hand may take on */
	struct plan_state **touched; /* by depth, then in the order of the set */
	uint32_t touched_count, touched_done;
	struct source completed; /* the event of plans that were completed just now */
	/* the newest captures of the event at hand, so that plans share them */
	struct {
		const field_id *fields;
		uint32_t event;
	} recent[8];
	uint32_t recent_count;
	struct cep_stats stats;
};

/* The event that is asked, and the partial match that asks. */
/* Which values of lists the keys of the event at hand are. */
struct key_choice {
	struct value values[CEP_KEYS_MAX];
	uint16_t at[CEP_KEYS_MAX];
	uint32_t left;
};

struct cep_context {
	struct cep *cep;
	struct plan_state *plan;
	struct source source;
	uint32_t last, chain; /* of the partial match; 0: none */
	uint16_t position;
	const struct key_choice *choice; /* NULL: keys are as they are */
};

/* timer.c. When memory runs out an item is in no list and stays until something else frees it. */
void cep_list_add(struct cep *cep, struct timed_list *list, uint32_t handle);
void cep_list_remove(struct cep *cep, struct timed_list *list, uint32_t handle);
/* Right behind another of the same since_ns; 0: in front of all. */
void cep_list_add_after(struct cep *cep, struct timed_list *list, uint32_t before, uint32_t handle);
/* The item before and behind another; of 0: the last and the first. 0: none. */
uint32_t cep_list_before(const struct cep *cep, const struct timed_list *list, uint32_t handle);
uint32_t cep_list_after(const struct cep *cep, const struct timed_list *list, uint32_t handle);
/* What is due first, or NULL. */
struct timed_list *cep_timer_top(const struct cep *cep);
size_t cep_bytes(const struct cep *cep);

/* key.c. Fills cep->key; false when a key that must not be is null. */
bool cep_key_make(struct cep *cep, const struct cep_context *context, const struct cep_value *keys);
/* The same for each choice of values of keys that are lists: call next until it returns false. */
bool cep_keys_first(struct cep *cep, const struct cep_context *context,
	const struct cep_value *keys, struct key_choice *choice);
bool cep_keys_next(struct cep *cep, const struct cep_context *context, const struct cep_value *keys,
	struct key_choice *choice);
/* The same by hand: begin (with the host), add what there is, end. add: false for null. */
void cep_key_begin(struct cep *cep, const struct cep_context *context, uint8_t **at);
bool cep_key_add(struct cep *cep, uint8_t **at, const struct value *value, bool caseless);
void cep_key_end(struct cep *cep, uint32_t plan, const uint8_t *at);
/* The plan's group with cep->key, or 0. */
uint32_t cep_group_find(const struct cep *cep, uint32_t plan);
uint32_t cep_group_make(struct cep *cep, uint32_t plan); /* 0 when memory ran out */
void cep_group_free(struct cep *cep, uint32_t handle);
/* The keys of the event at hand. */
void cep_match_keys(struct cep *cep, struct cep_match *match, const struct cep_context *context,
	const struct cep_value *keys);
/* The keys that the group was found by, as text. */
void cep_match_keys_of_group(struct cep *cep, struct cep_match *match, struct group *group);
/* What lies within the group, if it is free; else, or when it has no such room, a block of its own. 0:
 * out of memory. Not cleared. */
uint32_t cep_inner_take(struct cep *cep, uint32_t group, size_t size);
void cep_inner_free(struct cep *cep, uint32_t group, uint32_t handle, size_t size);
static inline uint8_t *group_key(struct group *group)
{
	return group->bytes + (size_t)group->inner * SLAB_UNIT;
}
static inline struct group *group_at(const struct cep *cep, uint32_t handle)
{
	return slab_at(&cep->slab, handle);
}
static inline struct item *item_at(const struct cep *cep, uint32_t handle)
{
	return slab_at(&cep->slab, handle);
}

/* output.c */
/* A reference to what is kept of the event at hand for a step, 0 when memory ran out. */
uint32_t cep_capture(struct cep *cep, const struct source *source, const struct capture_set *set);
/* The same as cep_event, for a match that the event completes: nothing is stored. */
const struct cep_event *cep_event_now(
	struct cep *cep, const struct source *source, const struct capture_set *set);
/* Adds a match with room for events, which the caller fills; NULL: out of memory, or a RULE_STEP,
 * which is not told. */
struct cep_match *cep_match_add(struct cep *cep, const struct plan_state *plan, uint32_t count,
	const struct cep_event ***ret_events);
/* The captured event stays until the next call of cep_run(). */
void cep_hold_output(struct cep *cep, uint32_t captured);
/* Decodes what a match names, and holds it. */
const struct cep_event *cep_match_event(struct cep *cep, uint32_t captured);
/* The event at hand changes. */
void cep_recent_clear(struct cep *cep);
bool cep_handles_add(struct handles *handles, uint32_t handle); /* false: out of memory */
/* Matches of the current call from number first on, in the order of the set. */
void cep_output_sort(struct cep *cep, uint32_t first);
void cep_output_clear(struct cep *cep);
void cep_output_destroy(struct cep *cep);

/* cep.c. The head of the list leaves it. */
void cep_list_drop(struct cep *cep, struct timed_list *list, enum due_reason reason);
/* The plan has matched: plans that have it as a step see source as their event. */
void cep_completed(struct cep *cep, const struct plan_state *plan, const struct source *source);
/* Its bounds hold as they did before: TEMPORAL windows want to know. */
void cep_still_holds(struct cep *cep, const struct plan_state *plan, const struct source *source);
static inline bool cep_step_holds(struct cep_context *context, const struct cep_step *step)
{
	return step->test == NULL || step->test(step->program, context);
}

/* sequence.c */
void cep_sequence_run(struct cep_context *context);
void cep_sequence_due(struct cep *cep, struct timed_list *list, enum due_reason reason);

/* gather.c */
void cep_join_run(struct cep_context *context);
void cep_sample_run(struct cep_context *context);
void cep_gather_due(struct cep *cep, struct timed_list *list, enum due_reason reason);

/* correlation.c */
void cep_correlation_run(struct cep_context *context);
void cep_correlation_due(struct cep *cep, struct timed_list *list, enum due_reason reason);

/* relation.c. Before the plans see the event, and after. */
void cep_relations_run(struct cep *cep, const struct source *source);
void cep_relations_end(struct cep *cep, const struct source *source);
/* The process of cep->key, that is not known yet. */
void cep_relation_restore(
	struct cep *cep, struct relation_state *state, uint64_t since_ns, uint8_t flags);
void cep_relation_due(struct cep *cep, struct timed_list *list, enum due_reason reason);

/* compile.c */
int cep_compile(struct cep *cep, struct err *err);
#endif
