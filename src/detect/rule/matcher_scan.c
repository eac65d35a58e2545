#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/rule/matcher.h"

/* Longer texts are not scanned: every rule that asks about them is looked at. */
#define SCAN_BYTES_MAX ((size_t)1 << 24)

struct hit_context {
	struct matcher *matcher;
	const struct scan *scan;
	size_t len;    /* of the text */
	bool one_text; /* not several joined: places and hits mean what they say */
};

int matcher_scan_init(struct matcher *m, struct err *err)
{
	const struct index *index = m->set->index;

	m->marked = calloc(m->set->predicates.count + 1u, sizeof(*m->marked));
	m->woken = calloc(m->set->count + 1u, sizeof(*m->woken));
	m->wake_list = calloc(m->set->count + 1u, sizeof(*m->wake_list));
	m->scan_done = calloc(index->scan_count + 1u, sizeof(*m->scan_done));
	m->scanned = calloc(fields_count(m->set->fields) + 1u, sizeof(*m->scanned));
	m->found = calloc(fields_count(m->set->fields) + 1u, sizeof(*m->found));
	m->joined.limit_bytes = SCAN_BYTES_MAX;
	if (m->marked == NULL || m->woken == NULL || m->wake_list == NULL || m->scan_done == NULL ||
		m->scanned == NULL || m->found == NULL ||
		(index->scratch != NULL &&
			hs_clone_scratch(index->scratch, &m->scratch) != HS_SUCCESS))
		return err_set(err, -ENOMEM, "matcher: out of memory");
	return 0;
}

void matcher_scan_destroy(struct matcher *m)
{
	free(m->marked);
	free(m->woken);
	free(m->wake_list);
	free(m->scan_done);
	free(m->scanned);
	free(m->found);
	buf_destroy(&m->joined);
	if (m->scratch != NULL)
		(void)hs_free_scratch(m->scratch);
}

void matcher_scan_forget(struct matcher *m)
{
	memset(m->marked, 0, m->set->predicates.count * sizeof(*m->marked));
	memset(m->woken, 0, m->set->count * sizeof(*m->woken));
	memset(m->scan_done, 0, m->set->index->scan_count * sizeof(*m->scan_done));
	memset(m->scanned, 0, fields_count(m->set->fields) * sizeof(*m->scanned));
	memset(m->found, 0, fields_count(m->set->fields) * sizeof(*m->found));
}

/* ---- hits ---- */

static void hit(struct matcher *m, const struct scan *scan, uint32_t predicate, bool holds)
{
	const struct index *index = m->set->index;

	m->found[scan->field] = m->now;
	if (holds)
		m->answers[predicate] = m->now << 1 | 1;
	if (m->marked[predicate] == m->now)
		return;
	m->marked[predicate] = m->now;
	uint32_t end = index->rules_begin[predicate + 1];
	for (uint32_t i = index->rules_begin[predicate]; i < end; i++) {
		uint32_t rule = index->rules[i];
		if (m->woken[rule] != m->now) {
			m->woken[rule] = m->now;
			m->wake_list[m->wake_count++] = rule;
		}
	}
}

static void hit_all(struct matcher *m, const struct scan *scan)
{
	for (uint32_t i = 0; i < scan->predicate_count; i++)
		hit(m, scan, scan->predicates[i], false);
}

static int on_literal(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	struct hit_context *c = context;
	const struct scan *scan = c->scan;

	for (uint32_t i = scan->first_entry[id]; i < scan->first_entry[id + 1]; i++) {
		const struct scan_entry *entry = &scan->entries[i];
		if (c->one_text &&
			((entry->at_start && to != entry->len) || (entry->at_end && to != c->len)))
			continue;
		hit(c->matcher, scan, entry->predicate, c->one_text && entry->settles);
	}
	return 0;
}

/* False when it could not be scanned. */
static bool scan_literals(struct hit_context *c, struct str text)
{
	struct matcher *m = c->matcher;

	if (c->scan->database == NULL || text.len == 0)
		return true;
	c->len = text.len;
	m->stats.scans++;
	m->stats.scanned_bytes += text.len;
	return hs_scan(c->scan->database, text.ptr, (unsigned)text.len, 0, m->scratch, on_literal,
		       c) == HS_SUCCESS;
}

static void look_up_exact(struct matcher *m, const struct scan *scan, struct str text)
{
	if (scan->exact_count == 0)
		return;
	uint32_t hash = scan_hash(text), at = hash & scan->exact_mask;
	for (; scan->exact[at].predicate != UINT32_MAX; at = (at + 1) & scan->exact_mask) {
		const struct scan_exact *exact = &scan->exact[at];
		if (exact->hash == hash && match_equals(text, exact->text, false))
			hit(m, scan, exact->predicate, exact->settles);
	}
}

static void look_up_number(struct matcher *m, const struct scan *scan, const struct value *value)
{
	double number;

	if (scan->number_count == 0 || !value_as_double(value, &number))
		return;
	uint32_t at = scan_hash_number(number) & scan->number_mask;
	for (; scan->numbers[at].predicate != UINT32_MAX; at = (at + 1) & scan->number_mask)
		if (scan->numbers[at].number == number)
			hit(m, scan, scan->numbers[at].predicate, true);
}

/* ---- values ---- */

/* The form in which literals are looked for: as it is when ASCII, else folded. */
static struct str scannable(struct matcher *m, struct str text)
{
	if (text.len > SCAN_BYTES_MAX)
		return (struct str){0};
	if (text.len == 0 || text_is_ascii(text))
		return text.ptr == NULL ? STR("") : text;
	return tester_fold(&m->tester, text);
}

static bool scan_single(struct matcher *m, const struct scan *scan, const struct value *value)
{
	struct hit_context c = {.matcher = m, .scan = scan, .one_text = true};
	char out[VALUE_TEXT_BYTES];

	look_up_number(m, scan, value);
	struct str text = scannable(m, value_as_text(value, out));
	if (text.ptr == NULL)
		return false;
	look_up_exact(m, scan, text);
	return scan_literals(&c, text);
}

static void join_value(struct buf *joined, const struct value *value)
{
	char out[VALUE_TEXT_BYTES];

	if (value->type <= VALUE_NULL || value->type == VALUE_LIST)
		return;
	buf_str(joined, value_as_text(value, out));
	buf_char(joined, '\0');
}

static bool scan_list(struct matcher *m, const struct scan *scan, const struct value *list)
{
	struct hit_context c = {.matcher = m, .scan = scan};
	char out[VALUE_TEXT_BYTES];

	buf_clear(&m->joined);
	for (uint32_t i = 0; i < list->len; i++) {
		const struct value *item = &list->items[i];
		if (item->type <= VALUE_NULL || item->type == VALUE_LIST)
			continue;
		look_up_number(m, scan, item);
		if (scan->exact_count > 0) {
			struct str text = scannable(m, value_as_text(item, out));
			if (text.ptr == NULL)
				return false;
			look_up_exact(m, scan, text);
		}
		if (scan->database != NULL)
			join_value(&m->joined, item);
	}
	struct str text = scannable(m, buf_view(&m->joined));
	return !m->joined.failed && text.ptr != NULL && scan_literals(&c, text);
}

/* Only a scan that saw everything may rule predicates out. */
static void finish(struct matcher *m, const struct scan *scan, bool complete)
{
	uint64_t old = m->scanned[scan->field];

	if (!complete) {
		hit_all(m, scan);
		return;
	}
	old = old >> 8 == m->now ? old : (uint64_t)m->now << 8;
	m->scanned[scan->field] = old | UINT64_C(1) << scan->ordinal;
}

static void scan_field(struct matcher *m, const struct scan *scan)
{
	const struct value *value = view_get(m->view, scan->field);
	bool complete = true;

	if (value == NULL || value->type <= VALUE_NULL)
		return;
	if (value->type == VALUE_LIST)
		complete = scan_list(m, scan, value);
	else
		complete = scan_single(m, scan, value);
	finish(m, scan, complete);
}

/* ---- questions to all values ---- */

static bool scan_joined(struct hit_context *c)
{
	struct matcher *m = c->matcher;
	struct str text = scannable(m, buf_view(&m->joined));

	return !m->joined.failed && text.ptr != NULL && scan_literals(c, text);
}

/* May the document spell a literal in another way? Literals have no quotes, backslashes and control
 * characters, so only two escapes can: \\u and \\/. */
static bool hides_text(struct str raw)
{
	const char *at = raw.ptr, *end = raw.ptr + raw.len;

	while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL && end - at >= 2) {
		if (at[1] == 'u' || at[1] == '/')
			return true;
		at += 2;
	}
	return false;
}

static bool scan_raw(struct hit_context *c)
{
	struct matcher *m = c->matcher;
	struct str raw = m->view->event->raw;

	if (raw.len == 0)
		return true;
	struct str text = scannable(m, raw);
	if (text.ptr == NULL || !scan_literals(c, text))
		return false;
	if (!hides_text(raw))
		return true;
	tester_load_texts(&m->tester, m->view);
	if (!m->tester.texts_complete)
		return false;
	buf_clear(&m->joined);
	for (uint32_t i = 0; i < m->tester.text_count; i++)
		join_value(&m->joined, &m->tester.texts[i]);
	return scan_joined(c);
}

/* The raw document may write a fraction in another way. */
static void join_unless_raw(struct buf *joined, const struct value *value, bool in_raw)
{
	if (!in_raw || value->type == VALUE_DOUBLE)
		join_value(joined, value);
}

static void scan_everything(struct matcher *m, const struct scan *scan)
{
	struct hit_context c = {.matcher = m, .scan = scan};
	const struct view *view = m->view;

	buf_clear(&m->joined);
	for (uint32_t i = 0; i < view->present_count; i++) {
		const struct value *value = &view->values[view->present[i]];
		bool in_raw = view_is_raw(view, i);
		if (value->type != VALUE_LIST)
			join_unless_raw(&m->joined, value, in_raw);
		for (uint32_t k = 0; value->type == VALUE_LIST && k < value->len; k++)
			join_unless_raw(&m->joined, &value->items[k], in_raw);
	}
	finish(m, scan, scan_joined(&c) && scan_raw(&c));
}

static void run_scan(struct matcher *m, const struct scan *scan)
{
	if (m->scan_done[scan->number] == m->now)
		return;
	m->scan_done[scan->number] = m->now;
	if (scan->field == FIELD_none)
		scan_everything(m, scan);
	else
		scan_field(m, scan);
}

void matcher_scan(struct matcher *m, unsigned kind)
{
	const struct index_plan *plan = &m->set->index->plans[kind];

	for (uint32_t i = 0; i < plan->count; i++)
		run_scan(m, plan->scans[i]);
}

void matcher_scan_all(struct matcher *m)
{
	for (uint32_t i = 0; i < m->set->index->scan_count; i++)
		run_scan(m, m->set->index->scans[i]);
}
