/* EQL in each dialect. Either the input is a query: what parses is printed, and the print must parse
 * to the same tree. Or the input steers a generator of trees, which must survive being printed and
 * read. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/eql/parse.h"

struct steer {
	const uint8_t *data;
	size_t size;
	struct arena *arena;
	const struct eql_options *options;
	unsigned nodes;
};

static void fail(const char *what, struct str first, struct str second)
{
	(void)fprintf(stderr, "%s\n%.*s\n%.*s\n", what, (int)first.len, first.ptr, (int)second.len,
		second.ptr);
	abort();
}

static bool same_event(const struct eql_event *a, const struct eql_event *b);

static bool same_value(const struct eql_node *a, const struct eql_node *b)
{
	if (a->type == EQL_FLOAT)
		return a->number == b->number && signbit(a->number) == signbit(b->number);
	if (a->type == EQL_INT)
		return a->integer == b->integer;
	if (a->index_count != b->index_count)
		return false;
	for (uint32_t i = 0; i < a->index_count; i++)
		if (a->indexes[i].position != b->indexes[i].position ||
			a->indexes[i].number != b->indexes[i].number)
			return false;
	return str_eq(a->text, b->text);
}

/* All but the positions, and whether text was written raw. */
static bool same(const struct eql_node *a, const struct eql_node *b)
{
	if (a->type != b->type || a->op != b->op || a->caseless != b->caseless ||
		a->optional != b->optional || a->boolean != b->boolean || a->step != b->step ||
		a->height != b->height || a->kid_count != b->kid_count || !same_value(a, b))
		return false;
	for (uint32_t i = 0; i < a->kid_count; i++)
		if (!same(a->kids[i], b->kids[i]))
			return false;
	return a->type != EQL_RELATION || same_event(a->query, b->query);
}

static bool same_event(const struct eql_event *a, const struct eql_event *b)
{
	return str_eq(a->category, b->category) && same(a->condition, b->condition);
}

static bool same_step(const struct eql_step *a, const struct eql_step *b)
{
	if (a->key_count != b->key_count || a->common_count != b->common_count ||
		a->runs != b->runs || a->missing != b->missing || a->fork != b->fork ||
		!str_eq(a->alias, b->alias) || !same_event(&a->event, &b->event))
		return false;
	for (uint32_t i = 0; i < a->key_count; i++)
		if (a->keys[i].optional != b->keys[i].optional ||
			!same(a->keys[i].value, b->keys[i].value))
			return false;
	return true;
}

static bool same_pipe(const struct eql_pipe *a, const struct eql_pipe *b)
{
	if (a->type != b->type || a->count != b->count || a->value_count != b->value_count)
		return false;
	for (uint32_t i = 0; i < a->value_count; i++)
		if (!same(a->values[i], b->values[i]))
			return false;
	return true;
}

static bool same_query(const struct eql_query *a, const struct eql_query *b)
{
	if (a->type != b->type || a->step_count != b->step_count ||
		a->maxspan_ns != b->maxspan_ns || a->pipe_count != b->pipe_count ||
		(a->until == NULL) != (b->until == NULL))
		return false;
	for (uint32_t i = 0; i < a->step_count; i++)
		if (!same_step(&a->steps[i], &b->steps[i]))
			return false;
	for (uint32_t i = 0; i < a->pipe_count; i++)
		if (!same_pipe(&a->pipes[i], &b->pipes[i]))
			return false;
	return a->until == NULL || same_step(a->until, b->until);
}

static void round_trip(struct arena *arena, struct str text, const struct eql_options *options)
{
	struct eql_query *first, *second;
	struct buf out = {0};
	struct err err;

	if (eql_parse(arena, text, options, &first, NULL) != 0)
		return;
	eql_print(&out, first, options);
	if (eql_parse(arena, buf_view(&out), options, &second, &err) != 0)
		fail("what was printed does not parse", buf_view(&out), str_of(err.text));
	else if (!same_query(first, second))
		fail("what was printed means something else", text, buf_view(&out));
	buf_destroy(&out);
}

static unsigned pick(struct steer *s, unsigned count)
{
	if (s->size == 0)
		return 0;
	s->size--;
	return *s->data++ % count;
}

static struct eql_node *node_of(struct steer *s, enum eql_node_type type, unsigned kids)
{
	struct eql_node *node = arena_zalloc(s->arena, sizeof(*node));

	node->type = (uint8_t)type;
	node->height = 1;
	node->kid_count = kids;
	if (kids > 0)
		node->kids = arena_zalloc(s->arena, kids * sizeof(*node->kids));
	s->nodes++;
	return node;
}

static struct str some_text(struct steer *s)
{
	size_t len = pick(s, 12);

	if (len > s->size)
		len = s->size;
	struct str text = arena_strn(s->arena, (const char *)s->data, len);
	s->data += len;
	s->size -= len;
	return text;
}

static struct eql_node *literal(struct steer *s)
{
	struct eql_node *node = node_of(s, (enum eql_node_type)pick(s, 5), 0);

	if (node->type == EQL_BOOL) {
		node->boolean = pick(s, 2) == 1;
	} else if (node->type == EQL_INT) {
		node->integer = (int64_t)((uint64_t)pick(s, 256) << pick(s, 64));
	} else if (node->type == EQL_FLOAT) {
		node->number = ldexp((double)pick(s, 256) - 128, (int)pick(s, 256) - 128);
	} else if (node->type == EQL_STRING) {
		node->raw = pick(s, 2) == 1;
		node->text = some_text(s);
		/* endgame has no way to write these within text. */
		for (size_t i = 0; i < node->text.len; i++)
			if (node->text.ptr[i] == '\0')
				((char *)node->text.ptr)[i] = 'n';
	}
	return node;
}

static struct eql_node *field(struct steer *s)
{
	static const struct str plain[] = {{"a", 1}, {"process.name", 12}, {"and", 3},
		{"x.in.y", 6}, {"true", 4}, {"events", 6}, {"descendant", 10}};
	struct eql_node *node = node_of(s, EQL_FIELD, 0);
	unsigned which = pick(s, 9);

	node->text = which < 7 ? plain[which] : some_text(s);
	for (size_t i = 0; i < node->text.len; i++)
		if (node->text.ptr[i] == '\n' || node->text.ptr[i] == '\r')
			((char *)node->text.ptr)[i] = ' ';
	if (node->text.len == 0)
		node->text = plain[0];
	if (eql_has(s->options->dialect, EQL_OPTIONAL_FIELDS))
		node->optional = pick(s, 2) == 1;
	node->index_count = pick(s, 3);
	struct eql_index *indexes = arena_zalloc(s->arena, 3 * sizeof(*indexes));
	for (uint32_t i = 0; i < node->index_count; i++)
		indexes[i] = (struct eql_index){(uint32_t)node->text.len, pick(s, 256)};
	node->indexes = indexes;
	return node;
}

static struct eql_node *tree(struct steer *s, unsigned depth);

static void grow(struct steer *s, struct eql_node *node, unsigned from, unsigned depth)
{
	for (uint32_t i = from; i < node->kid_count; i++)
		node->kids[i] = tree(s, depth + 1);
	for (uint32_t i = 0; i < node->kid_count; i++)
		if (node->kids[i]->height >= node->height)
			node->height = (uint16_t)(node->kids[i]->height + 1);
}

static struct eql_node *match(struct steer *s, unsigned depth)
{
	struct eql_node *node = node_of(s, EQL_MATCH, 2 + pick(s, 3));

	node->op = (uint8_t)pick(s, 3);
	node->caseless = node->op == EQL_COLON || pick(s, 2) == 1;
	for (uint32_t i = 1; i < node->kid_count; i++) {
		node->kids[i] = literal(s);
		if (node->op != EQL_COLON && node->kids[i]->type != EQL_STRING) {
			node->kids[i] = node_of(s, EQL_STRING, 0);
			node->kids[i]->text = STR("x*");
		}
	}
	node->kids[0] = tree(s, depth + 1);
	grow(s, node, node->kid_count, depth);
	return node;
}

static struct eql_node *call(struct steer *s, unsigned depth)
{
	struct eql_node *node = node_of(s, EQL_CALL, pick(s, 4));

	node->text = pick(s, 2) == 0 ? STR("length") : STR("cidrMatch");
	if (eql_has(s->options->dialect, EQL_TILDE))
		node->caseless = pick(s, 2) == 1;
	grow(s, node, 0, depth);
	return node;
}

static struct eql_node *relation(struct steer *s, unsigned depth)
{
	struct eql_node *node = node_of(s, EQL_RELATION, 0);

	node->op = (uint8_t)pick(s, 3);
	node->query = arena_zalloc(s->arena, sizeof(*node->query));
	node->query->category = pick(s, 2) == 0 ? STR("process") : str_n(NULL, 0);
	node->query->condition = tree(s, depth + 1);
	node->height = (uint16_t)(node->query->condition->height + 1);
	return node;
}

static struct eql_node *other(struct steer *s, unsigned which, unsigned depth)
{
	struct eql_node *node;

	switch (which) {
	case 0:
		node = node_of(s, EQL_NOT, 1);
		break;
	case 1:
		node = node_of(s, pick(s, 2) == 0 ? EQL_AND : EQL_OR, 2 + pick(s, 3));
		break;
	case 2:
		node = node_of(s, EQL_COMPARE, 2);
		node->op = (uint8_t)pick(s, 6);
		break;
	case 3:
		node = node_of(s, EQL_IN, 2 + pick(s, 3));
		node->caseless = eql_has(s->options->dialect, EQL_TILDE) && pick(s, 2) == 1;
		break;
	case 4:
		node = node_of(s, EQL_ARITHMETIC, 2);
		node->op = (uint8_t) "+-*/%"[pick(s, 5)];
		break;
	default:
		node = node_of(s, EQL_NEGATE, 1);
	}
	grow(s, node, 0, depth);
	/* The parser folds the sign into a number. */
	if (node->type == EQL_NEGATE &&
		(node->kids[0]->type == EQL_INT || node->kids[0]->type == EQL_FLOAT))
		return node->kids[0];
	return node;
}

static struct eql_node *tree(struct steer *s, unsigned depth)
{
	unsigned which = depth > 20 || s->size == 0 || s->nodes > 2000 ? 0 : pick(s, 11);

	if (which == 9 && eql_has(s->options->dialect, EQL_MATCH_OPERATORS))
		return match(s, depth);
	if (which == 10 && eql_has(s->options->dialect, EQL_RELATIONS))
		return relation(s, depth);
	if (which == 8)
		return call(s, depth);
	if (which >= 2 && which < 8)
		return other(s, which - 2, depth);
	return which == 1 ? literal(s) : field(s);
}

static void generated(struct arena *arena, struct str steering, const struct eql_options *options)
{
	struct steer s = {.data = (const uint8_t *)steering.ptr,
		.size = steering.len,
		.arena = arena,
		.options = options};
	struct eql_node *first = tree(&s, 0), *second;
	struct buf out = {0};
	struct err err;

	eql_print_node(&out, first, options);
	if (eql_parse_expression(arena, buf_view(&out), options, &second, &err) != 0)
		fail("a tree's print does not parse", buf_view(&out), str_of(err.text));
	else if (!same(first, second))
		fail("a tree's print means something else", buf_view(&out), str_of(""));
	buf_destroy(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;

	if (size == 0)
		return 0;
	/* '0' to '2' before a query, '3' to '5' before what steers the generator. */
	struct eql_options options = eql_options_of((enum eql_dialect)(data[0] % 3));
	struct str rest = str_n((const char *)data + 1, size - 1);
	arena_init(&arena, 0);
	if (data[0] % 6 < 3)
		round_trip(&arena, rest, &options);
	else
		generated(&arena, rest, &options);
	arena_destroy(&arena);
	return 0;
}
