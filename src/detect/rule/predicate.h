/* Atoms made ready to run: operands folded and parsed, regular expressions compiled, equal atoms
 * of all rules shared. Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_PREDICATE_H
#define MERLON_DETECT_RULE_PREDICATE_H
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/arena.h"
#include "base/ip.h"
#include "detect/rule/expr.h"
#include "event/view.h"
struct err;

struct predicate {
	uint8_t op; /* enum atom_op; never ATOM_KEYWORD */
	bool cased; /* when false, text is folded */
	uint8_t regex_flags, time_part, field_op;
	field_id field; /* FIELD_none: every value of the event */
	field_id other;
	struct str text;
	uint32_t least_bytes; /* no shorter text can satisfy it */
	double number;
	struct cidr cidr;
	pcre2_code *regex;
	atom_test_fn *test; /* ATOM_COMPUTED */
	const void *program;
};

struct predicates {
	struct predicate *items;
	uint32_t count, capacity;
	uint32_t *slots; /* hash table of 1 + index; slot_count is a power of two */
	uint32_t slot_count;
	struct arena *arena;
};

#define PREDICATES_MAX	(1u << 24)
#define REGEX_BYTES_MAX (64u * 1024)

void predicates_init(struct predicates *table, struct arena *arena);
void predicates_destroy(struct predicates *table);
/* Finds or makes the predicate of an atom. -EINVAL with a reason when its operand is wrong. */
int predicates_intern(
	struct predicates *table, const struct atom *atom, uint32_t *ret, struct err *err);

/* What testing needs, one per thread: memory for regular expressions, folding and the list of an
 * event's texts. */
struct tester {
	pcre2_match_data *match_data;
	pcre2_match_context *match_context;
	pcre2_jit_stack *jit_stack;
	char *fold;
	size_t fold_bytes;
	struct arena texts_arena; /* reset per event that needs it */
	struct arena scratch;	  /* of ATOM_COMPUTED, reset per test */
	struct value *texts;
	uint32_t text_count, text_capacity;
	bool texts_ready;    /* texts belong to the current event */
	bool texts_complete; /* and none was dropped for want of memory */
	uint64_t regex_limit_count;
};
int tester_init(struct tester *tester, struct err *err);
void tester_destroy(struct tester *tester);
/* Before each event. */
static inline void tester_next(struct tester *tester)
{
	tester->texts_ready = false;
}
/* Does the event satisfy the predicate? The value that does goes to *ret_value unless NULL; it is
 * VALUE_NONE for a missing field and valid until the next event. */
bool predicate_test(struct tester *tester, const struct predicate *predicate,
	const struct view *view, struct value *ret_value);

/* Is the value at this place of view->present still what the raw document says? */
static inline bool view_is_raw(const struct view *view, uint32_t place)
{
	const struct event *event = view->event;

	if (event->raw.len == 0 || event->raw_key != NULL || place >= event->field_count ||
		event->fields[place].id != view->present[place])
		return false;
	const struct value *own = &event->fields[place].value;
	const struct value *now = &view->values[view->present[place]];
	return own->type == now->type && own->len == now->len && own->u64 == now->u64;
}

/* Every text and number of the event: of the view and, when there, of the raw document. */
void tester_load_texts(struct tester *tester, const struct view *view);
/* The text folded, in memory that lives until the next call; ptr is NULL without memory. */
struct str tester_fold(struct tester *tester, struct str text);
#endif
