#include "detect/rule/matcher.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include "base/err.h"

static size_t words_of(uint32_t count)
{
	return ((size_t)count + 63) / 64;
}

int matcher_create(const struct ruleset *set, struct matcher **ret, struct err *err)
{
	struct matcher *m = calloc(1, sizeof(*m));

	assert(set->compiled);
	if (m == NULL)
		return err_set(err, -ENOMEM, "matcher: out of memory");
	m->set = set;
	m->answers = calloc(set->predicates.count + 1u, sizeof(*m->answers));
	m->matched = calloc(words_of(set->count) + 1, sizeof(*m->matched));
	m->result = calloc(set->count + 1u, sizeof(*m->result));
	int rc = tester_init(&m->tester, err);
	if (rc == 0 && set->index != NULL)
		rc = matcher_scan_init(m, err);
	if (rc == 0 && (m->answers == NULL || m->matched == NULL || m->result == NULL))
		rc = err_set(err, -ENOMEM, "matcher: out of memory");
	if (rc != 0) {
		matcher_destroy(m);
		return rc;
	}
	*ret = m;
	return 0;
}

void matcher_destroy(struct matcher *matcher)
{
	if (matcher == NULL)
		return;
	tester_destroy(&matcher->tester);
	matcher_scan_destroy(matcher);
	free(matcher->answers);
	free(matcher->matched);
	free(matcher->result);
	free(matcher);
}

void matcher_stats(const struct matcher *matcher, struct matcher_stats *ret)
{
	*ret = matcher->stats;
	ret->regex_limit = matcher->tester.regex_limit_count;
}

static void next_event(struct matcher *m)
{
	m->stats.events++;
	tester_next(&m->tester);
	if (++m->now >= UINT32_MAX / 2) {
		memset(m->answers, 0, (m->set->predicates.count + 1u) * sizeof(*m->answers));
		if (m->set->index != NULL)
			matcher_scan_forget(m);
		m->now = 1;
	}
}

static bool ask(struct matcher *m, uint32_t predicate)
{
	uint32_t answer = m->answers[predicate];

	if (answer >> 1 == m->now)
		return answer & 1;
	m->stats.atoms++;
	bool yes = predicate_test(&m->tester, &m->set->predicates.items[predicate], m->view, NULL);
	m->answers[predicate] = m->now << 1 | (yes ? 1 : 0);
	return yes;
}

/* Where to go on. A predicate is not asked when a scan of its field showed that it does not hold. */
static inline uint32_t step(struct matcher *m, const struct instruction *in)
{
	if (in->settled_by != 0) {
		uint64_t scanned = m->scanned[in->field];
		if (scanned >> 8 == m->now && (scanned & in->settled_by) != 0) {
			if (m->found[in->field] != m->now)
				return in->on_untouched;
			if (m->marked[in->predicate] != m->now)
				return in->on_false;
		}
	}
	return ask(m, in->predicate) ? in->on_true : in->on_false;
}

static void judge(struct matcher *m, uint32_t number)
{
	const struct rule_gate *gate = &m->set->gates[number];
	const struct instruction *items = m->set->program.items;
	uint8_t os = m->view->event->os;

	if (gate->os_mask != 0 && os != OS_UNKNOWN && (gate->os_mask >> os & 1) == 0)
		return;
	if (gate->types != 0 && (m->view->event->types & gate->types) == 0)
		return;
	m->stats.candidates++;
	uint32_t at = m->set->entries[number];
	while (at >= PROGRAM_FIRST)
		at = step(m, &items[at]);
	if (at == PROGRAM_TRUE)
		m->matched[number / 64] |= UINT64_C(1) << (number % 64);
}

/* The matched rules in the order of the set; clears the bits. */
static uint32_t collect(struct matcher *m)
{
	uint32_t count = 0;

	for (size_t word = 0; word < words_of(m->set->count); word++) {
		for (uint64_t bits = m->matched[word]; bits != 0; bits &= bits - 1)
			m->result[count++] =
				m->set->rules[word * 64 + (size_t)__builtin_ctzll(bits)];
		m->matched[word] = 0;
	}
	return count;
}

static inline bool gate_has_kind(const struct rule_gate *gate, unsigned kind)
{
	return gate->kinds[kind / 64] >> (kind % 64) & 1;
}

static void judge_woken(struct matcher *m, unsigned kind, unsigned also, uint32_t categories)
{
	for (uint32_t i = 0; i < m->wake_count; i++) {
		const struct rule_gate *gate = &m->set->gates[m->wake_list[i]];
		if (gate_has_kind(gate, kind) || (also != KIND_none && gate_has_kind(gate, also)) ||
			(gate->categories & categories) != 0)
			judge(m, m->wake_list[i]);
	}
}

static void judge_always(struct matcher *m, unsigned kind, unsigned also, uint32_t categories)
{
	const struct ruleset *set = m->set;

	for (uint32_t i = 0; i < set->always[kind].count; i++)
		judge(m, set->always[kind].numbers[i]);
	for (uint32_t i = 0; also != KIND_none && i < set->always[also].count; i++)
		if (!rule_has_kind(set->rules[set->always[also].numbers[i]], kind))
			judge(m, set->always[also].numbers[i]);
	for (uint32_t i = 0; categories != 0 && i < set->always_by_category.count; i++) {
		const struct rule *rule = set->rules[set->always_by_category.numbers[i]];
		if ((rule->categories & categories) != 0 && !rule_has_kind(rule, kind) &&
			(also == KIND_none || !rule_has_kind(rule, also)))
			judge(m, rule->number);
	}
}

/* The categories that some rule asks for and that the event has beyond those of its kind. */
static uint32_t odd_categories(const struct matcher *m, const struct event *event)
{
	const struct schema_kind *facts = schema_kind(event->kind);
	uint32_t usual = facts == NULL ? 0 : facts->categories;

	return event->categories & ~usual & m->set->categories;
}

uint32_t matcher_run(struct matcher *matcher, const struct view *view, enum event_kind also_kind,
	const struct rule *const **ret)
{
	const struct ruleset *set = matcher->set;
	unsigned kind = view->event->kind;
	unsigned also = also_kind == kind ? KIND_none : also_kind;
	uint32_t odd = odd_categories(matcher, view->event);

	next_event(matcher);
	matcher->view = view;
	*ret = matcher->result;
	if (set->index != NULL) {
		matcher->wake_count = 0;
		if (odd != 0)
			matcher_scan_all(matcher);
		else
			matcher_scan(matcher, kind);
		if (also != KIND_none)
			matcher_scan(matcher, also);
		judge_woken(matcher, kind, also, odd);
	}
	judge_always(matcher, kind, also, odd);
	uint32_t count = collect(matcher);
	matcher->stats.matches += count;
	return count;
}
