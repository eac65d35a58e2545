#include "correlation_naive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 3 /* none, 'a', 'b' */

/* What became of one correlation at one event: as a step of others. */
struct outcome {
	bool holds, matches;
};

struct naive {
	const struct naive_correlation *all;
	const struct naive_event *events;
	struct outcome outcomes[NAIVE_CORRELATIONS][NAIVE_EVENTS];
	struct buf *out;
	/* Of the correlation at hand: the steps of each event in each group, 0: not in the window. */
	unsigned steps[KEYS][NAIVE_EVENTS];
};

static bool step_matches(
	const struct naive *n, const struct naive_correlation *c, unsigned step, unsigned event)
{
	unsigned rule = c->steps[step];

	if (rule < NAIVE_RULES)
		return (n->events[event].rules >> rule & 1) != 0;
	const struct outcome *o = &n->outcomes[rule - NAIVE_RULES][event];
	return c->type == NAIVE_TEMPORAL || c->type == NAIVE_ORDERED ? o->holds : o->matches;
}

static int group_of(
	const struct naive_correlation *c, unsigned step, const struct naive_event *event)
{
	char name = c->by_other[step] ? event->other : event->user;

	if (!c->grouped)
		return 0;
	return name == 0 ? -1 : name - 'a' + 1;
}

/* The values of an event as numbers that are equal where the values are. */
static unsigned values_of(
	const struct naive_correlation *c, const struct naive_event *event, double *values)
{
	unsigned count = 0;

	switch (c->field) {
	case 'n':
		values[0] = event->number;
		return event->number >= 0;
	case 'w':
		values[0] = event->word;
		return event->word != 0;
	case 'b':
		values[0] = event->word * 1000 + event->number;
		return event->word != 0 && event->number >= 0;
	case 'l':
		for (unsigned i = 0; i < NAIVE_LIST; i++)
			if (event->list[i] != 0)
				values[count++] = event->list[i];
		return count;
	default:
		return 1;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(double *values, unsigned count, unsigned percent)
{
	double rank = (count - 1) * (percent / 100.);
	unsigned low = (unsigned)floor(rank);

	qsort(values, count, sizeof(*values), compare);
	if (low + 1 == count)
		return values[low];
	return values[low] * (1 - (rank - low)) + values[low + 1] * (rank - low);
}

/* How many steps can be taken in order, one event each: tries from every place on. */
static unsigned longest(const struct naive *n, unsigned group, unsigned from, unsigned to,
	unsigned step, unsigned step_count)
{
	unsigned best = 0;

	for (unsigned e = from; e <= to && best < step_count - step; e++) {
		for (unsigned s = step; s < step_count; s++) {
			if ((n->steps[group][e] >> s & 1) == 0)
				continue;
			unsigned rest = 1 + longest(n, group, e + 1, to, s + 1, step_count);
			best = rest > best ? rest : best;
		}
	}
	return best;
}

static bool meets(const char *op, double bound, double value)
{
	if (op == NULL)
		return true;
	return strcmp(op, "lt") == 0	? value < bound
	       : strcmp(op, "lte") == 0 ? value <= bound
	       : strcmp(op, "gt") == 0	? value > bound
	       : strcmp(op, "gte") == 0 ? value >= bound
	       : strcmp(op, "eq") == 0	? value == bound
					: value != bound;
}

static bool terms_hold(const char *terms, unsigned seen)
{
	bool stack[32];
	unsigned depth = 0;

	for (; *terms != '\0'; terms++) {
		if (*terms >= '0' && *terms <= '9') {
			stack[depth++] = seen >> (*terms - '0') & 1;
		} else if (*terms == '!') {
			stack[depth - 1] = !stack[depth - 1];
		} else {
			depth--;
			stack[depth - 1] = *terms == '&' ? stack[depth - 1] && stack[depth]
							 : stack[depth - 1] || stack[depth];
		}
	}
	return stack[0];
}

/* The events of a group among from…to that are no older than the span before `second`. */
static unsigned first_within(
	const struct naive *n, const struct naive_correlation *c, unsigned second)
{
	unsigned e = 0;

	while (n->events[e].second + c->span < second)
		e++;
	return e;
}

/* Do events from…to hold? own: the event that is judged, for ranks. */
static bool judge(const struct naive *n, const struct naive_correlation *c, unsigned group,
	unsigned from, int to, unsigned own, double *ret)
{
	double values[NAIVE_EVENTS * NAIVE_LIST], mine[NAIVE_LIST], sum = 0, distinct = 0,
								    alike = 0;
	unsigned count = 0, seen = 0, events = 0;

	for (int e = (int)from; e <= to; e++) {
		if (n->steps[group][e] == 0)
			continue;
		events++;
		seen |= n->steps[group][e];
		unsigned more = values_of(c, &n->events[e], mine);
		for (unsigned i = 0; i < more; i++) {
			bool is_new = true;
			for (unsigned k = 0; k < count; k++)
				is_new &= values[k] != mine[i];
			distinct += is_new;
			sum += mine[i];
			values[count++] = mine[i];
		}
	}
	if (events == 0)
		return false;
	(void)values_of(c, &n->events[own], mine);
	for (unsigned i = 0; i < count; i++)
		alike += c->field == 'n' ? values[i] <= mine[0] : values[i] == mine[0];
	switch (c->type) {
	case NAIVE_EVENT_COUNT:
		*ret = events;
		break;
	case NAIVE_VALUE_COUNT:
		*ret = distinct;
		break;
	case NAIVE_SUM:
		*ret = sum;
		break;
	case NAIVE_AVG:
		*ret = sum / count;
		break;
	case NAIVE_PERCENTILE:
	case NAIVE_MEDIAN:
		*ret = percentile(values, count, c->type == NAIVE_MEDIAN ? 50 : c->percentile);
		break;
	case NAIVE_RANK:
		*ret = 100. * alike / count;
		break;
	case NAIVE_TEMPORAL:
		*ret = __builtin_popcount(seen);
		break;
	default:
		*ret = longest(n, group, from, (unsigned)to, 0, c->step_count);
	}
	if (c->terms[0] != '\0')
		return terms_hold(c->terms, seen);
	return meets(c->op[0], c->bound[0], *ret) && meets(c->op[1], c->bound[1], *ret);
}

static void tell(const struct naive *n, const struct naive_correlation *c, unsigned group,
	unsigned from, unsigned to, double value)
{
	if (c->silent)
		return;
	buf_printf(n->out, "%u:", (unsigned)(c - n->all));
	for (unsigned e = from; e <= to; e++)
		if (n->steps[group][e] != 0)
			buf_printf(n->out, " %u", e);
	if (c->grouped)
		buf_printf(n->out, " [%c]", 'a' + group - 1);
	buf_printf(n->out, " = %.12g\n", value);
}

/* Which events are in which group, by which steps. */
static void find_groups(struct naive *n, const struct naive_correlation *c, unsigned event_count)
{
	double values[NAIVE_LIST];

	memset(n->steps, 0, sizeof(n->steps));
	for (unsigned e = 0; e < event_count; e++) {
		for (unsigned s = 0; s < c->step_count; s++) {
			int group = group_of(c, s, &n->events[e]);
			if (group >= 0 && step_matches(n, c, s, e) &&
				values_of(c, &n->events[e], values) > 0)
				n->steps[group][e] |= 1u << s;
		}
	}
}

static void slide(struct naive *n, const struct naive_correlation *c, unsigned event_count,
	struct outcome *outcomes)
{
	for (unsigned group = 0; group < KEYS; group++) {
		bool held = false; /* at the event before */
		unsigned before = 0;
		for (unsigned e = 0; e < event_count; e++) {
			double value = 0;
			if (n->steps[group][e] == 0)
				continue;
			unsigned from = first_within(n, c, n->events[e].second);
			bool now = judge(n, c, group, from, (int)e, e, &value);
			bool begins = now && (!held || before < from || c->type == NAIVE_RANK);
			held = now;
			before = e;
			outcomes[e].holds |= now;
			outcomes[e].matches |= begins;
			if (begins)
				tell(n, c, group, from, e, value);
		}
	}
}

/* With "not": each window begins with the first event that is in none, and is judged when it ends. */
static void wait(struct naive *n, const struct naive_correlation *c, unsigned event_count)
{
	for (unsigned group = 0; group < KEYS; group++) {
		for (unsigned e = 0; e < event_count; e++) {
			double value = 0;
			unsigned end = e, last = e;
			if (n->steps[group][e] == 0)
				continue;
			while (end < event_count &&
				n->events[end].second <= n->events[e].second + c->span) {
				if (n->steps[group][end] != 0)
					last = end;
				end++;
			}
			if (judge(n, c, group, e, (int)end - 1, e, &value))
				tell(n, c, group, e, last, value);
			e = end - 1;
		}
	}
}

void naive_correlate(const struct naive_correlation *correlations, unsigned count,
	const struct naive_event *events, unsigned event_count, struct buf *out)
{
	struct naive n = {.all = correlations, .events = events, .out = out};

	for (unsigned i = 0; i < count; i++) {
		find_groups(&n, &correlations[i], event_count);
		if (strchr(correlations[i].terms, '!') != NULL)
			wait(&n, &correlations[i], event_count);
		else
			slide(&n, &correlations[i], event_count, n.outcomes[i]);
	}
}
