/* Random correlations over random events, where every condition is met now and then: text to matches
 * must be what the naive evaluator says. Arguments: the seed, and how many sets of rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/err.h"
#include "correlation_naive.h"
#include "detect/cep/cep.h"
#include "detect/sigma/test_engine.h"

static uint64_t seed = 1;
static unsigned sets = 1500;

static unsigned below(unsigned limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % limit;
}

/* ---- making correlations ---- */

static void make_steps(struct naive_correlation *c, unsigned number, const bool *may_refer)
{
	unsigned wanted = 1 + below(NAIVE_STEPS);

	for (unsigned tries = 0; tries < 20 && c->step_count < wanted; tries++) {
		unsigned step = below(NAIVE_RULES + number);
		bool taken = step >= NAIVE_RULES && !may_refer[step - NAIVE_RULES];
		for (unsigned i = 0; i < c->step_count; i++)
			taken |= c->steps[i] == step;
		if (taken)
			continue;
		c->by_other[c->step_count] = below(3) == 0;
		c->steps[c->step_count++] = step;
	}
}

/* A condition that names every step, as postfix. */
static void make_terms(struct naive_correlation *c)
{
	unsigned len = 0;

	for (unsigned i = 0; i < c->step_count; i++) {
		c->terms[len++] = (char)('0' + i);
		if (below(4) == 0)
			c->terms[len++] = '!';
		if (i > 0)
			c->terms[len++] = below(2) == 0 ? '&' : '|';
		if (below(8) == 0)
			c->terms[len++] = '!';
	}
	if (strpbrk(c->terms, "|!") == NULL)
		c->terms[0] = '\0'; /* that is all of them, which bounds say */
}

static double make_bound(const struct naive_correlation *c)
{
	switch (c->type) {
	case NAIVE_EVENT_COUNT:
		return 1 + below(5);
	case NAIVE_VALUE_COUNT:
		return 1 + below(4);
	case NAIVE_SUM:
		return below(25);
	case NAIVE_RANK:
		return below(5) * 20 + 5;
	case NAIVE_TEMPORAL:
	case NAIVE_ORDERED:
		return 1 + below(c->step_count);
	default:
		return below(12) / 2.;
	}
}

static void make_bounds(struct naive_correlation *c)
{
	static const char *const below_words[] = {"lt", "lte"}, *const above_words[] = {
									"gt", "gte"};
	static const char *const words[] = {"gte", "gt", "gte", "lte", "eq", "neq"};
	bool range = below(4) == 0;

	c->bound[0] = make_bound(c);
	c->op[0] = range ? above_words[below(2)] : words[below(6)];
	if (!range)
		return;
	c->bound[1] = c->bound[0] + 1 + below(3);
	c->op[1] = below_words[below(2)];
}

static void make_correlation(struct naive_correlation *c, unsigned number, const bool *may_refer)
{
	static const char fields[] = {[NAIVE_SUM] = 'n',
		[NAIVE_AVG] = 'n',
		[NAIVE_PERCENTILE] = 'n',
		[NAIVE_MEDIAN] = 'n'};
	static const char counted[] = "nwlb";

	*c = (struct naive_correlation){.type = (enum naive_type)below(NAIVE_TYPES),
		.span = 1 + below(12),
		.percentile = below(5) * 25,
		.grouped = below(4) != 0};
	make_steps(c, number, may_refer);
	if (c->type < sizeof(fields))
		c->field = fields[c->type];
	if (c->type == NAIVE_VALUE_COUNT)
		c->field = counted[below(4)];
	if (c->type == NAIVE_RANK)
		c->field = counted[below(2)];
	if (c->type == NAIVE_TEMPORAL && below(2) == 0)
		make_terms(c);
	if (c->terms[0] == '\0')
		make_bounds(c);
}

/* ---- as text ---- */

static void put_name(struct buf *out, unsigned step)
{
	buf_printf(out, "%c%u", step < NAIVE_RULES ? 'r' : 'c',
		step < NAIVE_RULES ? step : step - NAIVE_RULES);
}

/* Postfix becomes infix, with more parentheses than need be. */
static void put_terms(struct buf *out, const struct naive_correlation *c)
{
	char stack[16][256];
	unsigned depth = 0;

	for (const char *t = c->terms; *t != '\0'; t++) {
		char *top = stack[depth > 0 ? depth - 1 : 0], both[256];
		if (*t >= '0' && *t <= '9') {
			unsigned step = c->steps[*t - '0'];
			snprintf(stack[depth++], sizeof(stack[0]), "%c%u",
				step < NAIVE_RULES ? 'r' : 'c', step % NAIVE_RULES);
			continue;
		}
		if (*t == '!') {
			snprintf(both, sizeof(both), "not %.200s", top);
		} else {
			depth--;
			snprintf(both, sizeof(both), "(%.100s %s %.100s)", stack[depth - 1],
				*t == '&' ? "and" : "OR", stack[depth]);
		}
		snprintf(stack[depth - 1], sizeof(stack[0]), "%s", both);
	}
	buf_cstr(out, stack[0]);
}

static void put_condition(struct buf *out, const struct naive_correlation *c)
{
	static const char *const fields[] = {
		['n'] = "number", ['w'] = "word", ['l'] = "list", ['b'] = "[word, number]"};

	buf_cstr(out, "    condition: ");
	if (c->terms[0] != '\0') {
		put_terms(out, c);
		buf_char(out, '\n');
		return;
	}
	buf_printf(out, "{%s: %g", c->op[0], c->bound[0]);
	if (c->op[1] != NULL)
		buf_printf(out, ", %s: %g", c->op[1], c->bound[1]);
	if (c->field != '\0')
		buf_printf(out, ", field: %s", fields[(unsigned char)c->field]);
	if (c->type == NAIVE_PERCENTILE)
		buf_printf(out, ", percentile: %u", c->percentile);
	buf_cstr(out, "}\n");
}

static void put_correlation(
	struct buf *out, const struct naive_correlation *c, unsigned number, bool generate)
{
	static const char *const types[] = {"event_count", "value_count", "value_sum", "value_avg",
		"value_percentile", "value_median", "value_percentile", "temporal",
		"temporal_ordered"};

	buf_printf(out, "title: t\nid: %u\nname: c%u\ngenerate: %s\ncorrelation:\n    type: %s\n",
		number, number, generate ? "true" : "false", types[c->type]);
	buf_cstr(out, "    rules:");
	for (unsigned i = 0; i < c->step_count; i++) {
		buf_cstr(out, i == 0 ? " [" : ", ");
		put_name(out, c->steps[i]);
	}
	buf_printf(out, "]\n    timespan: %us\n", c->span);
	if (c->grouped)
		buf_cstr(out, "    group-by: [who]\n    aliases:\n        who:\n");
	for (unsigned i = 0; c->grouped && i < c->step_count; i++) {
		buf_cstr(out, "            ");
		put_name(out, c->steps[i]);
		buf_printf(out, ": %s\n", c->by_other[i] ? "other" : "user");
	}
	put_condition(out, c);
	buf_cstr(out, "---\n");
}

/* ---- events ---- */

static char letter(unsigned none, unsigned letters)
{
	return below(none) == 0 ? '\0' : (char)('a' + below(letters));
}

static void make_events(struct naive_event *events, unsigned count)
{
	unsigned second = 100;

	for (unsigned i = 0; i < count; i++) {
		struct naive_event *e = &events[i];
		second += below(3) == 0 ? below(6) : below(2);
		*e = (struct naive_event){.second = second,
			.rules = below(1u << NAIVE_RULES) & below(1u << NAIVE_RULES),
			.user = letter(8, 2),
			.other = letter(8, 2),
			.number = (int)below(8) - 1,
			.number_is_text = below(4) == 0,
			.word = letter(6, 3)};
		if (below(2) == 0)
			e->rules = 1u << below(NAIVE_RULES);
		for (unsigned k = 0; k < NAIVE_LIST; k++)
			e->list[k] = letter(2, 4);
	}
}

static struct str event_text(struct buf *out, const struct naive_event *e)
{
	buf_clear(out);
	buf_printf(out, "{\"@timestamp\":\"2026-01-01T00:%02u:%02uZ\"", e->second / 60,
		e->second % 60);
	for (unsigned i = 0; i < NAIVE_RULES; i++)
		if (e->rules >> i & 1)
			buf_printf(out, ",\"r%u\":1", i);
	if (e->user != 0)
		buf_printf(out, ",\"user\":\"%c\"", e->user);
	if (e->other != 0)
		buf_printf(out, ",\"other\":\"%c\"", e->other);
	if (e->number >= 0)
		buf_printf(out, e->number_is_text ? ",\"number\":\"%d\"" : ",\"number\":%d",
			e->number);
	if (e->word != 0)
		buf_printf(out, ",\"word\":\"%c\"", e->word);
	buf_cstr(out, ",\"list\":[null");
	for (unsigned i = 0; i < NAIVE_LIST; i++)
		if (e->list[i] != 0)
			buf_printf(out, ",\"%c\"", e->list[i]);
	buf_cstr(out, "]}");
	return buf_view(out);
}

/* ---- the engine ---- */

static void put_matches(struct buf *out, const struct cep_match *matches, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		buf_printf(out, "%.*s:", STR_ARG(matches[i].rule->id));
		for (uint32_t k = 0; k < matches[i].event_count; k++)
			buf_printf(out, " %u", (unsigned)matches[i].events[k]->index);
		for (uint32_t k = 0; k < matches[i].key_count; k++)
			buf_printf(out, " [%.*s]", STR_ARG(value_str(&matches[i].keys[k])));
		buf_printf(out, " = %.12g\n", matches[i].aggregate);
	}
}

static void run_engine(
	struct engine *engine, const struct naive_event *events, unsigned count, struct buf *out)
{
	const struct rule *const *rules;
	const struct cep_match *matches;
	struct cep_options options = {.host = FIELD_none};
	struct cep *cep;
	struct err err = {0};
	struct buf text = {0};

	if (cep_create(engine->set, &options, &cep, &err) != 0)
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < count; i++) {
		uint32_t matched = engine_run(engine, event_text(&text, &events[i]), &rules);
		((struct event *)engine->view->event)->index = i;
		put_matches(out, matches, cep_run(cep, engine->view, rules, matched, &matches));
	}
	put_matches(out, matches, cep_finish(cep, &matches));
	cep_destroy(cep);
	buf_destroy(&text);
}

static int compare_lines(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->ptr, y->ptr, len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* In the order of the alphabet: when a match is told is not compared. */
static void sort_lines(const struct buf *text, struct buf *out)
{
	struct str lines[4096], rest = buf_view(text);
	size_t count = 0;

	while (rest.len > 0 && count < 4096)
		lines[count++] = str_cut(&rest, '\n');
	qsort(lines, count, sizeof(lines[0]), compare_lines);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%.*s\n", STR_ARG(lines[i]));
	buf_char(out, '\0');
}

static void compare(const struct naive_correlation *c, const struct buf *rules,
	const struct naive_event *events, unsigned event_count, unsigned *matches)
{
	static const struct sigma_options raw = {.taxonomy = SIGMA_TAXONOMY_RAW};
	struct buf got = {0}, wanted = {0}, got_sorted = {0}, wanted_sorted = {0};
	struct engine engine;

	engine_begin(&engine);
	engine_text(&engine, &raw, buf_view(rules));
	/* a condition that nothing meets is refused: then there is nothing to compare */
	if (engine.refused == 0) {
		engine_compile(&engine);
		run_engine(&engine, events, event_count, &got);
		naive_correlate(c, NAIVE_CORRELATIONS, events, event_count, &wanted);
		*matches += wanted.len > 0;
		sort_lines(&got, &got_sorted);
		sort_lines(&wanted, &wanted_sorted);
		if (strcmp(got_sorted.ptr, wanted_sorted.ptr) != 0) {
			struct buf text = {0};
			for (unsigned i = 0; i < event_count; i++)
				fprintf(stderr, "%3u %.*s\n", i,
					STR_ARG(event_text(&text, &events[i])));
			fail_msg("%.*s\ngot\n%s\nwanted\n%s", STR_ARG(buf_view(rules)),
				got_sorted.ptr, wanted_sorted.ptr);
		}
		engine_end(&engine);
	} else {
		ruleset_destroy(engine.set);
		fields_destroy(engine.fields);
	}
	buf_destroy(&got);
	buf_destroy(&wanted);
	buf_destroy(&got_sorted);
	buf_destroy(&wanted_sorted);
}

static void random_correlations(void **state)
{
	struct naive_correlation c[NAIVE_CORRELATIONS];
	struct naive_event events[NAIVE_EVENTS];
	bool may_refer[NAIVE_CORRELATIONS], generate[NAIVE_CORRELATIONS];
	unsigned matches = 0;

	for (unsigned set = 0; set < sets; set++) {
		struct buf text = {0};
		unsigned event_count = 1 + below(NAIVE_EVENTS);
		for (unsigned i = 0; i < NAIVE_CORRELATIONS; i++) {
			make_correlation(&c[i], i, may_refer);
			/* whose matches come later than their events cannot be told by event */
			may_refer[i] = strchr(c[i].terms, '!') == NULL;
			generate[i] = below(2) == 0;
		}
		for (unsigned i = 0; i < NAIVE_CORRELATIONS; i++) {
			bool referred = false, generated = false;
			for (unsigned k = i + 1; k < NAIVE_CORRELATIONS; k++) {
				for (unsigned s = 0; s < c[k].step_count; s++) {
					bool this = c[k].steps[s] == NAIVE_RULES + i;
					referred |= this;
					generated |= this && generate[k];
				}
			}
			c[i].silent = referred && !generated;
			put_correlation(&text, &c[i], i, generate[i]);
		}
		for (unsigned i = 0; i < NAIVE_RULES; i++)
			buf_printf(&text,
				"title: r\nid: r%u\nlogsource: {product: x}\n"
				"detection: {s: {r%u: 1}, condition: s}\n---\n",
				i, i);
		make_events(events, event_count);
		compare(c, &text, events, event_count, &matches);
		buf_destroy(&text);
	}
	assert_true(matches > sets / 3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_correlations)};

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		sets = (unsigned)strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
