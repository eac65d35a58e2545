#include "cli/matches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "cli/terminal.h"
#include "detect/eql/lower.h"
#include "detect/eql/pipe.h"
#include "event/ecs.h"

struct found {
	const struct rule *rule;
	uint64_t first, last; /* numbers of its events */
	uint64_t last_ns;     /* the time of its last event */
	uint32_t rank;	      /* of the rule, in the order of ids */
	uint32_t place;	      /* in which it was found */
	struct eql_row row;
};

struct matches {
	struct matches_options options;
	struct arena arena; /* of rows */
	struct found *items;
	size_t count, capacity;
	const struct rule **by_rank; /* all rules in the order of ids */
	uint32_t *ranks;	     /* by rule number: its place there */
	bool failed;		     /* out of memory */
};

static int by_id(const void *a, const void *b)
{
	const struct rule *x = *(const struct rule *const *)a, *y = *(const struct rule *const *)b;
	int order = str_order(x->id, y->id);

	return order != 0 ? order : x->number < y->number ? -1 : 1;
}

static int rank_rules(struct matches *m, struct err *err)
{
	const struct ruleset *rules = m->options.engine->rules;
	uint32_t count = ruleset_count(rules);

	m->by_rank = malloc((count + 1u) * sizeof(struct rule *));
	m->ranks = malloc((count + 1u) * sizeof(*m->ranks));
	if (m->by_rank == NULL || m->ranks == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < count; i++)
		m->by_rank[i] = ruleset_rule(rules, i);
	qsort(m->by_rank, count, sizeof(struct rule *), by_id);
	for (uint32_t i = 0; i < count; i++)
		m->ranks[m->by_rank[i]->number] = i;
	return 0;
}

int matches_create(const struct matches_options *options, struct matches **ret, struct err *err)
{
	struct matches *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	m->options = *options;
	arena_init(&m->arena, 0);
	int rc = rank_rules(m, err);
	if (rc != 0) {
		matches_destroy(m);
		return rc;
	}
	*ret = m;
	return 0;
}

void matches_destroy(struct matches *m)
{
	if (m == NULL)
		return;
	arena_destroy(&m->arena);
	free(m->items);
	free(m->by_rank);
	free(m->ranks);
	free(m);
}

void matches_clear(struct matches *m)
{
	arena_reset(&m->arena);
	m->count = 0;
	m->failed = false;
}

/* ---- keeping ---- */

static struct value copy_single(struct matches *m, const struct value *from)
{
	if (from->type != VALUE_TEXT)
		return *from;
	struct str text = arena_strn(&m->arena, from->text, from->len);
	m->failed |= text.ptr == NULL;
	return value_text(text);
}

static struct value copy_value(struct matches *m, const struct value *from)
{
	if (from->type != VALUE_LIST)
		return copy_single(m, from);
	struct value *items = arena_alloc(&m->arena, (from->len + 1u) * sizeof(*items));
	if (items == NULL) {
		m->failed = true;
		return (struct value){0};
	}
	for (uint32_t i = 0; i < from->len; i++)
		items[i] = copy_single(m, &from->items[i]);
	return (struct value){.type = VALUE_LIST, .len = from->len, .items = items};
}

/* Takes the memory: a new one is filled and kept. NULL without memory. */
static struct found *new_found(struct matches *m, const struct rule *rule, uint32_t event_count)
{
	if (m->count == m->capacity) {
		size_t more = m->capacity == 0 ? 1024 : m->capacity * 2;
		struct found *grown = realloc(m->items, more * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		m->items = grown;
		m->capacity = more;
	}
	const struct cep_event **events = arena_zalloc(
		&m->arena, (event_count + 1u) * sizeof(struct cep_event *));
	if (events == NULL)
		return NULL;
	m->items[m->count] = (struct found){.rule = rule,
		.first = UINT64_MAX,
		.rank = m->ranks[rule->number],
		.place = (uint32_t)m->count,
		.row = {.events = events, .event_count = event_count}};
	return &m->items[m->count++];
}

static void put_event(struct found *found, uint32_t number, const struct cep_event *event)
{
	((const struct cep_event **)found->row.events)[number] = event;
	if (event->index < found->first)
		found->first = event->index;
	if (event->index > found->last)
		found->last = event->index;
	if (event->time_ns > found->last_ns)
		found->last_ns = event->time_ns;
}

/* The event at hand with the fields that will be read of it. */
static const struct cep_event *keep_view(
	struct matches *m, const struct view *view, const struct eql_rule *eql)
{
	uint32_t wanted = eql == NULL ? 0 : eql->pipe_field_count;
	struct cep_event *event = arena_zalloc(&m->arena, sizeof(*event));
	struct event_field *fields = arena_alloc(&m->arena, (wanted + 1u) * sizeof(*fields));
	uint16_t count = 0;

	if (event == NULL || fields == NULL)
		return NULL;
	for (uint32_t i = 0; i <= wanted; i++) {
		field_id id = i < wanted ? eql->pipe_fields[i] : m->options.id_field;
		const struct value *value = id == FIELD_none ? NULL : view_get(view, id);
		if (value != NULL)
			fields[count++] = (struct event_field){id, copy_value(m, value)};
	}
	*event = (struct cep_event){.time_ns = view->event->time_ns,
		.index = view->event->index,
		.file_index = view->event->file_index,
		.source = view->event->source,
		.kind = view->event->kind,
		.field_count = count,
		.fields = fields};
	return event;
}

void matches_add_rules(
	struct matches *m, const struct view *view, const struct rule *const *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count && !m->failed; i++) {
		const struct cep_event *event = keep_view(m, view, rules[i]->eql);
		struct found *found = event == NULL ? NULL : new_found(m, rules[i], 1);
		if (found == NULL)
			m->failed = true;
		else
			put_event(found, 0, event);
	}
}

static const struct cep_event *copy_event(struct matches *m, const struct cep_event *from)
{
	struct cep_event *event = arena_alloc(&m->arena, sizeof(*event));
	struct event_field *fields = arena_alloc(
		&m->arena, (from->field_count + 1u) * sizeof(*fields));

	if (event == NULL || fields == NULL)
		return NULL;
	for (uint32_t i = 0; i < from->field_count; i++)
		fields[i] = (struct event_field){
			from->fields[i].id, copy_value(m, &from->fields[i].value)};
	*event = *from;
	event->fields = fields;
	return event;
}

static bool add_plan(struct matches *m, const struct cep_match *match)
{
	struct found *found = new_found(m, match->rule, match->event_count);
	struct value *keys = arena_alloc(&m->arena, (match->key_count + 1u) * sizeof(*keys));

	if (found == NULL || keys == NULL)
		return false;
	for (uint32_t i = 0; i < match->key_count; i++)
		keys[i] = copy_value(m, &match->keys[i]);
	found->row.keys = keys;
	found->row.key_count = match->key_count;
	for (uint32_t i = 0; i < match->event_count; i++) {
		if (match->events[i] == NULL)
			continue;
		const struct cep_event *event = copy_event(m, match->events[i]);
		if (event == NULL)
			return false;
		put_event(found, i, event);
	}
	return !m->failed;
}

void matches_add_plans(struct matches *m, const struct cep_match *plans, uint32_t count)
{
	for (uint32_t i = 0; i < count && !m->failed; i++)
		m->failed |= !add_plan(m, &plans[i]);
}

/* ---- order ---- */

/* Does a match have one event whatever it is? */
static bool is_single(const struct rule *rule)
{
	return rule->role != RULE_PLAN || rule->plan == NULL || rule->plan->type == CEP_SINGLE;
}

static bool is_piped(const struct found *found)
{
	return found->rule->eql != NULL && found->rule->eql->pipe_count > 0;
}

static int by_event(const struct found *x, const struct found *y)
{
	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return 0;
}

/* By the time of the last event, also where a match was known only later because something had to
 * stay away. */
static int by_time(const struct found *x, const struct found *y)
{
	bool as_they_came = is_single(x->rule) &&
			    eql_has(x->rule->eql->options.dialect, EQL_INPUT_ORDER);

	if (!as_they_came && x->last_ns != y->last_ns)
		return x->last_ns < y->last_ns ? -1 : 1;
	return by_event(x, y);
}

static int by_rule(const struct found *x, const struct found *y)
{
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Piped ones behind all others, by rule. */
static int compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	bool piped = is_piped(x);

	if (piped != is_piped(y))
		return piped ? 1 : -1;
	int order = piped ? by_rule(x, y) : by_event(x, y);
	if (order == 0)
		order = piped ? by_time(x, y) : by_rule(x, y);
	if (order != 0)
		return order;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* ---- printing ---- */

static void put_id(const struct matches *m, struct json_writer *w, const struct cep_event *event)
{
	static const struct value nothing = {.type = VALUE_NULL};

	if (event == NULL || (m->options.id_field != FIELD_none &&
				     cep_event_get(event, m->options.id_field) == NULL))
		value_write_json(w, &nothing);
	else if (m->options.id_field != FIELD_none)
		value_write_json(w, cep_event_get(event, m->options.id_field));
	else
		json_put_u64(w, event->index);
}

static void put_json(const struct matches *m, const struct rule *rule, const struct eql_row *row,
	struct buf *line)
{
	struct json_writer w = {.buf = line};

	json_object_begin(&w);
	json_member_str(&w, "rule", rule->id);
	json_member_str(&w, "file", rule->file);
	if (row->event_count == 1 && is_single(rule)) {
		json_key(&w, STR("index"));
		put_id(m, &w, row->events[0]);
	} else {
		json_key(&w, STR("indexes"));
		json_array_begin(&w);
		for (uint32_t i = 0; i < row->event_count; i++)
			put_id(m, &w, row->events[i]);
		json_array_end(&w);
		json_key(&w, STR("keys"));
		json_array_begin(&w);
		for (uint32_t i = 0; i < row->key_count; i++)
			value_write_json(&w, &row->keys[i]);
		json_array_end(&w);
	}
	if (row->counted) {
		json_member_u64(&w, "count", row->count);
		json_key(&w, STR("percent"));
		json_put_double(&w, row->percent);
	}
	json_object_end(&w);
	buf_char(line, '\n');
	(void)fwrite(line->ptr, 1, line->len, stdout);
}

static void put_place(const struct matches *m, const struct cep_event *event)
{
	terminal_text(stdout, str_of(m->options.inputs->names[event->source]));
	(void)printf(":%llu", (unsigned long long)event->file_index);
}

static void put_text(const struct matches *m, const struct rule *rule, const struct eql_row *row,
	struct buf *line)
{
	bool first = true;

	for (uint32_t i = 0; i < row->event_count; i++) {
		if (row->events[i] == NULL)
			continue;
		if (!first)
			(void)fputs(", ", stdout);
		put_place(m, row->events[i]);
		first = false;
	}
	(void)fputs(first ? "" : ": ", stdout);
	terminal_text(stdout, rule->title.len > 0 ? rule->title : rule->id);
	(void)printf(" [%s]", severity_word(rule->severity));
	struct json_writer w = {.buf = line};
	json_array_begin(&w);
	for (uint32_t i = 0; i < row->key_count; i++)
		value_write_json(&w, &row->keys[i]);
	json_array_end(&w);
	if (row->key_count > 0) {
		(void)fputc(' ', stdout);
		terminal_text(stdout, buf_view(line));
	}
	if (row->counted)
		(void)printf(" %llu (%.1f %%)", (unsigned long long)row->count, row->percent * 100);
	(void)fputc('\n', stdout);
}

static void print_row(const struct matches *m, const struct rule *rule, const struct eql_row *row,
	struct buf *line)
{
	buf_clear(line);
	if (m->options.json)
		put_json(m, rule, row, line);
	else
		put_text(m, rule, row, line);
}

/* All that a rule with pipes found, in order: items[0] up to items[count]. */
static int print_piped(struct matches *m, const struct found *items, uint32_t count,
	const struct rule *rule, struct buf *line, struct err *err)
{
	const struct eql_rule *eql = rule->eql;
	const struct eql_pipes pipes = {.items = eql->pipes,
		.count = eql->pipe_count,
		.options = &eql->options,
		.count_field = m->options.count_field,
		.percent_field = m->options.percent_field};
	struct eql_row *rows = arena_alloc(&m->arena, (count + 1u) * sizeof(*rows));

	if (rows == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < count; i++)
		rows[i] = items[i].row;
	int rc = eql_pipes_run(&pipes, &m->arena, rows, &count, err);
	for (uint32_t i = 0; i < count && rc == 0; i++)
		print_row(m, rule, &rows[i], line);
	return rc;
}

/* Also rules that found nothing: a count of nothing is a result. */
static int print_all_piped(struct matches *m, size_t at, struct buf *line, struct err *err)
{
	const struct ruleset *rules = m->options.engine->rules;
	int rc = 0;

	for (uint32_t rank = 0; rank < ruleset_count(rules) && rc == 0; rank++) {
		const struct rule *rule = m->by_rank[rank];
		if (rule->eql == NULL || rule->eql->pipe_count == 0)
			continue;
		size_t begin = at;
		while (at < m->count && m->items[at].rule == rule)
			at++;
		rc = print_piped(m, m->items + begin, (uint32_t)(at - begin), rule, line, err);
	}
	return rc;
}

int matches_print(struct matches *m, struct err *err)
{
	struct buf line = {0};
	size_t at = 0;

	if (m->failed)
		return err_set(err, -ENOMEM, "out of memory after %zu matches", m->count);
	if (m->count > 0)
		qsort(m->items, m->count, sizeof(*m->items), compare);
	for (; at < m->count && !is_piped(&m->items[at]); at++)
		print_row(m, m->items[at].rule, &m->items[at].row, &line);
	int rc = print_all_piped(m, at, &line, err);
	buf_destroy(&line);
	if (rc == 0 && fflush(stdout) != 0)
		return err_set(err, -errno, "cannot write the matches: %s", strerror(errno));
	return rc;
}
