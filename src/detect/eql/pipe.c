#include "detect/eql/pipe.h"

#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "base/strmatch.h"
#include "detect/eql/eval.h"

struct run {
	const struct eql_pipes *pipes;
	struct arena *arena;
	const struct eql_row *row; /* whose fields are read */
	struct value made;	   /* a value that no event holds */
	bool no_memory;
};

/* A row with what a pipe compares, to be sorted. */
struct keyed {
	struct eql_row row;
	const struct value *values; /* behind them as many as they were before folding */
	uint32_t value_count, place;
};

static const struct value *get(void *context, unsigned step, field_id field)
{
	struct run *run = context;
	const struct eql_row *row = run->row;
	uint32_t number = step == 0 ? 0 : step - 1;

	if (step == 0 && row->counted && field == run->pipes->count_field) {
		run->made = value_uint(row->count);
		return &run->made;
	}
	if (step == 0 && row->counted && field == run->pipes->percent_field) {
		run->made = (struct value){.type = VALUE_DOUBLE, .f64 = row->percent};
		return &run->made;
	}
	if (number >= row->event_count || row->events[number] == NULL)
		return NULL;
	return cep_event_get(row->events[number], field);
}

static struct eql_env env_of(struct run *run, const struct eql_row *row)
{
	run->row = row;
	return (struct eql_env){
		.options = run->pipes->options, .scratch = run->arena, .context = run, .get = get};
}

/* ---- comparing ---- */

static unsigned rank_of(const struct value *value)
{
	switch (value->type) {
	case VALUE_NONE:
	case VALUE_NULL:
		return 0;
	case VALUE_BOOL:
		return 1;
	case VALUE_TEXT:
		return 3;
	case VALUE_LIST:
		return 4;
	default:
		return 2;
	}
}

static int order_numbers(const struct value *a, const struct value *b)
{
	double x = 0, y = 0;

	if (a->type == VALUE_INT && b->type == VALUE_INT)
		return a->i64 < b->i64 ? -1 : a->i64 > b->i64;
	(void)value_as_double(a, &x);
	(void)value_as_double(b, &y);
	return x < y ? -1 : x > y;
}

static int order_single(const struct value *a, const struct value *b)
{
	unsigned rank = rank_of(a);

	if (rank != rank_of(b))
		return rank < rank_of(b) ? -1 : 1;
	if (rank == 1)
		return (int)a->boolean - (int)b->boolean;
	if (rank == 2)
		return order_numbers(a, b);
	return rank == 3 ? str_order(value_str(a), value_str(b)) : 0;
}

/* Null, booleans, numbers, texts, lists. */
static int order_values(const struct value *a, const struct value *b)
{
	if (a->type != VALUE_LIST || b->type != VALUE_LIST)
		return order_single(a, b);
	for (uint32_t i = 0; i < a->len && i < b->len; i++) {
		int order = order_single(&a->items[i], &b->items[i]);
		if (order != 0)
			return order;
	}
	return a->len < b->len ? -1 : a->len > b->len;
}

static int order_keyed(const struct keyed *a, const struct keyed *b)
{
	for (uint32_t i = 0; i < a->value_count; i++) {
		int order = order_values(&a->values[i], &b->values[i]);
		if (order != 0)
			return order;
	}
	return 0;
}

static int by_values(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int order = order_keyed(x, y);

	return order != 0 ? order : x->place < y->place ? -1 : x->place > y->place;
}

static int by_place(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	return x->place < y->place ? -1 : x->place > y->place;
}

static int by_count(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->row.count != y->row.count)
		return x->row.count < y->row.count ? -1 : 1;
	return by_values(a, b);
}

/* In the form in which it is compared. */
static struct value folded(struct run *run, struct value value)
{
	if (value.type != VALUE_TEXT || !run->pipes->options->caseless)
		return value;
	char *out = arena_alloc(run->arena, FOLD_BYTES(value.len));
	if (out == NULL) {
		run->no_memory = true;
		return value;
	}
	return value_text(str_n(out, fold_text(out, value_str(&value))));
}

static struct keyed *make_keyed(
	struct run *run, const struct eql_pipe *pipe, const struct eql_row *rows, uint32_t count)
{
	struct keyed *all = arena_alloc(run->arena, ((size_t)count + 1) * sizeof(*all));

	for (uint32_t i = 0; i < count && all != NULL; i++) {
		struct eql_env env = env_of(run, &rows[i]);
		struct value *values = arena_alloc(
			run->arena, ((size_t)pipe->value_count * 2 + 1) * sizeof(*values));
		if (values == NULL)
			return NULL;
		for (uint32_t k = 0; k < pipe->value_count; k++) {
			struct value value = eql_eval(&env, pipe->values[k]);
			values[k] = folded(run, value);
			values[pipe->value_count + k] = value;
		}
		all[i] = (struct keyed){rows[i], values, pipe->value_count, i};
	}
	return run->no_memory ? NULL : all;
}

/* ---- pipes ---- */

static void head(const struct eql_pipe *pipe, uint32_t *count)
{
	if (*count > pipe->count)
		*count = (uint32_t)pipe->count;
}

static void tail(const struct eql_pipe *pipe, struct eql_row *rows, uint32_t *count)
{
	if (*count <= pipe->count)
		return;
	memmove(rows, rows + (*count - pipe->count), (size_t)pipe->count * sizeof(*rows));
	*count = (uint32_t)pipe->count;
}

static void filter(
	struct run *run, const struct eql_pipe *pipe, struct eql_row *rows, uint32_t *count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < *count; i++) {
		struct eql_env env = env_of(run, &rows[i]);
		if (pipe->value_count > 0 && eql_holds(&env, pipe->values[0]))
			rows[kept++] = rows[i];
	}
	*count = kept;
}

/* Of the rows with equal values the first is left; it counts them. Returns how many are left. */
static uint32_t merge_equal(struct keyed *all, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t here = all[i].row.counted ? all[i].row.count : 1;
		if (kept > 0 && order_keyed(&all[kept - 1], &all[i]) == 0) {
			all[kept - 1].row.count += here;
			continue;
		}
		all[kept] = all[i];
		all[kept++].row.count = here;
	}
	return kept;
}

static void put_percent(struct keyed *all, uint32_t count)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < count; i++)
		total += all[i].row.count;
	for (uint32_t i = 0; i < count; i++) {
		all[i].row.counted = true;
		all[i].row.percent = total == 0 ? 0 : (double)all[i].row.count / (double)total;
	}
}

static void put_rows(const struct keyed *all, uint32_t kept, struct eql_row *rows, uint32_t *count)
{
	for (uint32_t i = 0; i < kept; i++)
		rows[i] = all[i].row;
	*count = kept;
}

static int sort(struct run *run, const struct eql_pipe *pipe, struct eql_row *rows, uint32_t *count)
{
	struct keyed *all = make_keyed(run, pipe, rows, *count);

	if (all == NULL)
		return -ENOMEM;
	qsort(all, *count, sizeof(*all), by_values);
	put_rows(all, *count, rows, count);
	return 0;
}

static int unique(struct run *run, const struct eql_pipe *pipe, struct eql_row *rows,
	uint32_t *count, bool counting)
{
	struct keyed *all = make_keyed(run, pipe, rows, *count);

	if (all == NULL)
		return -ENOMEM;
	qsort(all, *count, sizeof(*all), by_values);
	uint32_t kept = merge_equal(all, *count);
	if (counting)
		put_percent(all, kept);
	qsort(all, kept, sizeof(*all), by_place);
	put_rows(all, kept, rows, count);
	return 0;
}

/* One row for each value, or for all. */
static int count_rows(
	struct run *run, const struct eql_pipe *pipe, struct eql_row *rows, uint32_t *count)
{
	struct keyed *all = make_keyed(run, pipe, rows, *count);
	static const struct value totals = {.type = VALUE_TEXT, .len = 6, .text = "totals"};

	if (all == NULL)
		return -ENOMEM;
	qsort(all, *count, sizeof(*all), by_values);
	uint32_t kept = merge_equal(all, *count);
	put_percent(all, kept);
	if (pipe->value_count == 0) {
		if (kept == 0)
			all[kept++] = (struct keyed){.row = {.counted = true}};
		all[0].row.keys = &totals;
		all[0].row.key_count = 1;
	}
	qsort(all, kept, sizeof(*all), by_count);
	for (uint32_t i = 0; i < kept; i++) {
		all[i].row.events = NULL;
		all[i].row.event_count = 0;
		if (pipe->value_count == 0)
			continue;
		all[i].row.keys = all[i].values + pipe->value_count;
		all[i].row.key_count = pipe->value_count;
	}
	put_rows(all, kept, rows, count);
	return 0;
}

int eql_pipes_run(const struct eql_pipes *pipes, struct arena *arena, struct eql_row *rows,
	uint32_t *row_count, struct err *err)
{
	struct run run = {.pipes = pipes, .arena = arena};
	uint32_t count = *row_count;
	int rc = 0;

	for (uint32_t i = 0; i < pipes->count && rc == 0; i++) {
		const struct eql_pipe *pipe = &pipes->items[i];
		switch (pipe->type) {
		case EQL_PIPE_HEAD:
			head(pipe, &count);
			break;
		case EQL_PIPE_TAIL:
			tail(pipe, rows, &count);
			break;
		case EQL_PIPE_FILTER:
			filter(&run, pipe, rows, &count);
			break;
		case EQL_PIPE_SORT:
			rc = sort(&run, pipe, rows, &count);
			break;
		case EQL_PIPE_COUNT:
			rc = count_rows(&run, pipe, rows, &count);
			break;
		default:
			rc = unique(&run, pipe, rows, &count, pipe->type == EQL_PIPE_UNIQUE_COUNT);
		}
	}
	if (rc != 0)
		return err_set(err, rc, "pipes: out of memory");
	*row_count = count;
	return 0;
}
