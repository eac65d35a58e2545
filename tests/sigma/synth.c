#include "synth.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/buf.h"

/* What a chosen value of the rule demands of a field. */
enum place { PLACE_WHOLE, PLACE_BEGIN, PLACE_INSIDE, PLACE_END };
struct demand {
	struct str field, text;
	enum place place;
	bool null;
};

#define DEMANDS_MAX 256

struct synth {
	struct arena *arena;
	const struct yaml_node *detection;
	uint32_t random; /* 0: always the first alternative */
	struct demand demands[DEMANDS_MAX];
	uint32_t count;
};

static uint32_t choose(uint32_t *random, uint32_t alternatives)
{
	if (*random == 0 || alternatives == 0)
		return 0;
	*random = *random * 1664525u + 1013904223u;
	if (*random == 0)
		*random = 1;
	return (*random >> 16) % alternatives;
}

/* ---- regular expressions ---- */

struct regex {
	struct str text;
	size_t at;
	uint32_t *random;
	struct buf *out;
};

static char class_member(struct regex *r)
{
	bool inside[128] = {false}, negated = false;
	size_t begin = ++r->at;

	if (r->text.ptr[r->at] == '^') {
		negated = true;
		begin = ++r->at;
	}
	while (r->at < r->text.len && (r->text.ptr[r->at] != ']' || r->at == begin)) {
		unsigned char c = (unsigned char)r->text.ptr[r->at++];
		if (c == '\\') {
			c = (unsigned char)r->text.ptr[r->at++];
			if (c == 's')
				c = ' ';
		}
		unsigned char last = c;
		if (r->at + 1 < r->text.len && r->text.ptr[r->at] == '-' &&
			r->text.ptr[r->at + 1] != ']') {
			last = (unsigned char)r->text.ptr[r->at + 1];
			r->at += 2;
		}
		for (unsigned i = c; i <= last && i < 128; i++)
			inside[i] = true;
	}
	r->at++;
	for (int i = 'x'; i > 32; i--) /* a letter where one fits */
		if (inside[i] != negated)
			return (char)i;
	return ' ';
}

static void alternatives(struct regex *r);

/* One atom, appended to out; false at the end of an alternative. */
static bool one_atom(struct regex *r)
{
	char c = r->text.ptr[r->at];

	switch (c) {
	case '|':
	case ')':
		return false;
	case '[':
		buf_char(r->out, class_member(r));
		return true;
	case '(':
		r->at++;
		if (r->text.ptr[r->at] == '?') {
			while (r->text.ptr[r->at] != ':' && r->text.ptr[r->at] != ')')
				r->at++;
			if (r->text.ptr[r->at++] == ')')
				return true;
		}
		alternatives(r);
		r->at++;
		return true;
	case '\\':
		c = r->text.ptr[r->at + 1];
		r->at += 2;
		buf_char(r->out, c == 's' ? ' ' : c == 'd' ? '7' : c == 'w' || c == 'S' ? 'x' : c);
		return true;
	case '^':
	case '$':
		r->at++;
		return true;
	default:
		r->at++;
		buf_char(r->out, c == '.' ? 'x' : c);
		return true;
	}
}

/* How often the atom before is to stand; moves behind the quantifier. */
static unsigned long repeats(struct regex *r)
{
	char c = r->at < r->text.len ? r->text.ptr[r->at] : '\0';
	unsigned long least = 1;

	if (c == '*' || c == '+' || c == '?') {
		r->at++;
	} else if (c == '{') {
		char *end;
		least = strtoul(r->text.ptr + r->at + 1, &end, 10);
		while (*end != '}')
			end++;
		r->at = (size_t)(end + 1 - r->text.ptr);
	}
	return least;
}

static void sequence(struct regex *r)
{
	while (r->at < r->text.len) {
		size_t begin = r->out->len;
		if (!one_atom(r))
			return;
		struct buf copy = {0};
		buf_append(&copy, r->out->ptr + begin, r->out->len - begin);
		for (unsigned long n = repeats(r); n > 1; n--)
			buf_append(r->out, copy.ptr, copy.len);
		buf_destroy(&copy);
	}
}

static void alternatives(struct regex *r)
{
	size_t begin = r->out->len;

	sequence(r);
	while (r->at < r->text.len && r->text.ptr[r->at] == '|') {
		r->at++;
		if (choose(r->random, 2) == 1) {
			r->out->len = begin;
			sequence(r);
		} else {
			size_t keep = r->out->len;
			sequence(r);
			r->out->len = keep;
		}
	}
}

struct str synth_regex(struct arena *arena, struct str text, uint32_t *random)
{
	struct buf out = {0};
	struct regex r = {.text = text, .random = random, .out = &out};

	buf_reserve(&out, 1);
	alternatives(&r);
	struct str ret = arena_strn(arena, out.ptr, out.len);
	buf_destroy(&out);
	return ret;
}

/* ---- values ---- */

/* An instance of a pattern: wildcards filled in, escapes resolved. */
static struct str instance(struct synth *s, struct str pattern)
{
	struct buf out = {0};

	buf_reserve(&out, 1);
	for (size_t i = 0; i < pattern.len; i++) {
		char c = pattern.ptr[i], next = i + 1 < pattern.len ? pattern.ptr[i + 1] : '\0';
		if (c == '\\' && (next == '*' || next == '?' || next == '\\'))
			buf_char(&out, pattern.ptr[++i]);
		else if (c == '*')
			buf_cstr(&out, choose(&s->random, 2) == 0 ? "q7" : "");
		else
			buf_char(&out, c == '?' ? 'q' : c);
	}
	struct str ret = arena_strn(s->arena, out.ptr, out.len);
	buf_destroy(&out);
	return ret;
}

static bool has_modifier(struct str key, const char *name)
{
	(void)str_cut(&key, '|');
	while (key.ptr != NULL)
		if (str_is(str_cut(&key, '|'), name))
			return true;
	return false;
}

static void demand_value(struct synth *s, struct str key, const struct yaml_node *value)
{
	struct str rest = key;
	struct demand demand = {.field = str_cut(&rest, '|'), .text = value->text};

	if (s->count == DEMANDS_MAX)
		return;
	demand.null = value->type == YAML_TYPE_NULL;
	if (demand.field.len == 0) {
		demand.field = STR("message");
		demand.place = PLACE_INSIDE;
	}
	if (has_modifier(key, "contains"))
		demand.place = PLACE_INSIDE;
	else if (has_modifier(key, "startswith"))
		demand.place = PLACE_BEGIN;
	else if (has_modifier(key, "endswith"))
		demand.place = PLACE_END;
	if (has_modifier(key, "re")) {
		bool begin = value->text.len > 0 && value->text.ptr[0] == '^';
		demand.place = begin ? PLACE_BEGIN : PLACE_INSIDE;
		demand.text = synth_regex(s->arena, value->text, &s->random);
	} else if (has_modifier(key, "cidr")) {
		demand.text = str_cut(&demand.text, '/');
	} else {
		demand.text = instance(s, value->text);
	}
	s->demands[s->count++] = demand;
}

static void demand_item(struct synth *s, struct str key, const struct yaml_node *value)
{
	if (has_modifier(key, "neq") || has_modifier(key, "exists") ||
		has_modifier(key, "fieldref"))
		return; /* a missing field will do, or does not */
	if (value->kind == YAML_KIND_SCALAR) {
		demand_value(s, key, value);
	} else if (has_modifier(key, "all")) {
		for (uint32_t i = 0; i < value->count; i++)
			demand_value(s, key, value->items[i]);
	} else if (value->count > 0) {
		demand_value(s, key, value->items[choose(&s->random, value->count)]);
	}
}

static void demand_definition(struct synth *s, const struct yaml_node *node)
{
	if (node->kind == YAML_KIND_SCALAR)
		demand_value(s, (struct str){0}, node);
	else if (node->kind == YAML_KIND_LIST && node->count > 0)
		demand_definition(s, node->items[choose(&s->random, node->count)]);
	else if (node->kind == YAML_KIND_MAP)
		for (uint32_t i = 0; i < node->count; i++)
			demand_item(s, node->pairs[i].key->text, node->pairs[i].value);
}

/* ---- conditions: every identifier that is asked for positively, or one of alternatives ---- */

static bool selected(struct str name, struct str pattern)
{
	size_t len = pattern.len;

	if (str_is(name, "condition"))
		return false;
	if (str_is(pattern, "them"))
		return name.ptr[0] != '_';
	if (len > 0 && pattern.ptr[len - 1] == '*')
		return str_starts(name, str_n(pattern.ptr, len - 1));
	return str_eq(name, pattern);
}

static void demand_of(struct synth *s, bool all, struct str pattern)
{
	const struct yaml_node *matching[64];
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->detection->count && count < 64; i++)
		if (selected(s->detection->pairs[i].key->text, pattern))
			matching[count++] = s->detection->pairs[i].value;
	if (all)
		for (uint32_t i = 0; i < count; i++)
			demand_definition(s, matching[i]);
	else if (count > 0)
		demand_definition(s, matching[choose(&s->random, count)]);
}

/* Length of the condition's term at its beginning: up to `or` or `and` outside parentheses. */
static size_t term_length(struct str text, bool stop_at_and)
{
	int depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		depth += text.ptr[i] == '(' ? 1 : text.ptr[i] == ')' ? -1 : 0;
		struct str rest = str_n(text.ptr + i, text.len - i);
		if (depth == 0 && (str_starts(rest, STR(" or ")) ||
					  (stop_at_and && str_starts(rest, STR(" and ")))))
			return i;
	}
	return text.len;
}

static void demand_condition(struct synth *s, struct str text)
{
	struct str parts[32];
	uint32_t count = 0;
	char name[128];

	text = str_trim(text);
	for (struct str rest = text; rest.len > 0 && count < 32; count++) {
		size_t len = term_length(rest, false);
		parts[count] = str_n(rest.ptr, len);
		size_t skip = len == rest.len ? len : len + 4;
		rest = str_n(rest.ptr + skip, rest.len - skip);
	}
	text = str_trim(parts[choose(&s->random, count)]);
	size_t len = term_length(text, true);
	if (len < text.len) {
		demand_condition(s, str_n(text.ptr, len));
		demand_condition(s, str_n(text.ptr + len + 5, text.len - len - 5));
		return;
	}
	if (str_starts(text, STR("not ")))
		return;
	if (text.len > 1 && text.ptr[0] == '(') {
		demand_condition(s, str_n(text.ptr + 1, text.len - 2));
		return;
	}
	if (str_starts(text, STR("1 of ")) || str_starts(text, STR("all of "))) {
		bool all = text.ptr[0] == 'a';
		size_t skip = all ? 7 : 5;
		demand_of(s, all, str_n(text.ptr + skip, text.len - skip));
		return;
	}
	snprintf(name, sizeof(name), "%.*s", STR_ARG(text));
	const struct yaml_node *definition = yaml_get(s->detection, name);
	if (definition != NULL)
		demand_definition(s, definition);
}

/* ---- the event ---- */

static struct synth_field *field_of(struct synth_event *event, struct str name)
{
	for (uint32_t i = 0; i < event->count; i++)
		if (str_eq(event->fields[i].name, name))
			return &event->fields[i];
	if (event->count == SYNTH_FIELDS_MAX)
		abort();
	event->fields[event->count] = (struct synth_field){.name = name};
	return &event->fields[event->count++];
}

/* One text that meets all demands on the field, beginnings first, ends last. */
static void join(struct synth *s, struct synth_field *field)
{
	static const enum place order[] = {PLACE_WHOLE, PLACE_BEGIN, PLACE_INSIDE, PLACE_END};
	struct buf out = {0};

	buf_reserve(&out, 1);
	for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++) {
		for (uint32_t i = 0; i < s->count; i++) {
			const struct demand *d = &s->demands[i];
			if (d->place != order[o] || !str_eq(d->field, field->name))
				continue;
			field->null |= d->null;
			if (o == 2 && out.len > 0)
				buf_char(&out, ' ');
			buf_str(&out, d->text);
		}
	}
	field->values[0] = arena_strn(s->arena, out.ptr, out.len);
	field->count = 1;
	buf_destroy(&out);
}

/* A filter on null lets pass only what has the field, with anything in it. */
static void fill_nulls(struct synth *s, struct synth_event *event, const struct yaml_node *node)
{
	for (uint32_t i = 0; node->kind != YAML_KIND_SCALAR && i < node->count; i++) {
		if (node->kind == YAML_KIND_LIST) {
			fill_nulls(s, event, node->items[i]);
			continue;
		}
		const struct yaml_pair *pair = &node->pairs[i];
		struct str key = pair->key->text;
		if (pair->value->kind != YAML_KIND_SCALAR) {
			fill_nulls(s, event, pair->value);
		} else if (pair->value->type == YAML_TYPE_NULL) {
			struct synth_field *field = field_of(event, str_cut(&key, '|'));
			if (field->count == 0)
				field->values[field->count++] = STR("anything");
		}
	}
}

void synth_event(struct arena *arena, const struct yaml_node *rule, uint32_t attempt,
	struct synth_event *ret)
{
	struct synth s = {
		.arena = arena,
		.detection = yaml_get(rule, "detection"),
		.random = attempt / 4,
	};
	const struct yaml_node *condition = yaml_get(s.detection, "condition");

	ret->count = 0;
	if (condition->kind == YAML_KIND_LIST)
		condition = condition->items[choose(&s.random, condition->count)];
	demand_condition(&s, condition->text);
	for (uint32_t i = 0; i < s.count; i++) {
		struct synth_field *field = field_of(ret, s.demands[i].field);
		if (attempt % 2 == 0) {
			if (field->count == 0)
				join(&s, field);
		} else if (field->count < SYNTH_VALUES_MAX) { /* a list, an element each */
			field->values[field->count++] = s.demands[i].text;
			field->null |= s.demands[i].null;
		}
	}
	if (attempt % 4 >= 2)
		fill_nulls(&s, ret, s.detection);
}
