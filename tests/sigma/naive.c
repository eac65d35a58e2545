#include "naive.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <wctype.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define TEXT_MAX    8192
#define PATTERN_MAX 4096

static void unknown(const char *what, struct str text)
{
	fprintf(stderr, "naive evaluator: %s '%.*s'\n", what, STR_ARG(text));
	abort();
}

/* ---- glob matching over code points ---- */

enum { GLOB_ANY = -1, GLOB_ONE = -2 };

struct glob {
	int units[PATTERN_MAX];
	size_t len;
	bool cased;
};

static size_t decode(struct str text, int *out, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len && count < room;) {
		size_t len = utf8_length(text.ptr + i, text.len - i);
		int code = (unsigned char)text.ptr[i];
		if (len > 1) {
			code &= 0x7f >> len;
			for (size_t k = 1; k < len; k++)
				code = code << 6 | ((unsigned char)text.ptr[i + k] & 0x3f);
		}
		out[count++] = code;
		i += len == 0 ? 1 : len;
	}
	return count;
}

static wint_t fold(int c)
{
	return towlower(towupper((wint_t)c)); /* some letters have two lower cases */
}

static bool same_unit(int pattern, int c, bool cased)
{
	if (pattern == GLOB_ONE || pattern == c)
		return true;
	return !cased && pattern >= 0 && fold(pattern) == fold(c);
}

static bool glob_match(const int *p, size_t plen, const int *t, size_t tlen, bool cased)
{
	size_t pi = 0, ti = 0, star = SIZE_MAX, mark = 0;

	while (ti < tlen) {
		if (pi < plen && p[pi] == GLOB_ANY) {
			star = pi++;
			mark = ti;
		} else if (pi < plen && same_unit(p[pi], t[ti], cased)) {
			pi++, ti++;
		} else if (star != SIZE_MAX) {
			pi = star + 1;
			ti = ++mark;
		} else {
			return false;
		}
	}
	while (pi < plen && p[pi] == GLOB_ANY)
		pi++;
	return pi == plen;
}

static void glob_parse(struct glob *glob, struct str text, bool open_begin, bool open_end)
{
	static int raw[PATTERN_MAX];
	size_t count = decode(text, raw, PATTERN_MAX - 4);

	glob->len = 0;
	if (open_begin)
		glob->units[glob->len++] = GLOB_ANY;
	for (size_t i = 0; i < count; i++) {
		int next = i + 1 < count ? raw[i + 1] : 0;
		if (raw[i] == '\\' && (next == '*' || next == '?' || next == '\\'))
			glob->units[glob->len++] = raw[++i];
		else
			glob->units[glob->len++] = raw[i] == '*'   ? GLOB_ANY
						   : raw[i] == '?' ? GLOB_ONE
								   : raw[i];
	}
	if (open_end)
		glob->units[glob->len++] = GLOB_ANY;
}

static bool glob_text(const struct glob *glob, struct str text)
{
	static int units[TEXT_MAX];
	size_t len = decode(text, units, TEXT_MAX);

	return glob_match(glob->units, glob->len, units, len, glob->cased);
}

/* ---- one item ---- */

struct item {
	char field[128];
	bool contains, starts, ends, all, cased, neq, regex, cidr, windash, exists, fieldref;
	uint32_t regex_options;
	int compare; /* -2 <, -1 <=, 1 >=, 2 > */
};

static struct item parse_key(struct str key)
{
	struct item item = {0};
	struct str field = str_cut(&key, '|');
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{"contains", &item.contains},
		{"startswith", &item.starts},
		{"endswith", &item.ends},
		{"all", &item.all},
		{"cased", &item.cased},
		{"neq", &item.neq},
		{"re", &item.regex},
		{"cidr", &item.cidr},
		{"windash", &item.windash},
		{"exists", &item.exists},
		{"fieldref", &item.fieldref},
	};

	snprintf(item.field, sizeof(item.field), "%.*s", STR_ARG(field));
	while (key.ptr != NULL) {
		struct str m = str_cut(&key, '|');
		bool known = false;
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			if (str_is(m, flags[i].name))
				*flags[i].flag = known = true;
		if (str_is(m, "i"))
			item.regex_options |= PCRE2_CASELESS;
		else if (str_is(m, "m"))
			item.regex_options |= PCRE2_MULTILINE;
		else if (str_is(m, "s"))
			item.regex_options |= PCRE2_DOTALL;
		else if (str_is(m, "lt") || str_is(m, "lte"))
			item.compare = str_is(m, "lt") ? -2 : -1;
		else if (str_is(m, "gt") || str_is(m, "gte"))
			item.compare = str_is(m, "gt") ? 2 : 1;
		else if (!known)
			unknown("modifier", m);
	}
	return item;
}

static bool regex_matches(struct str pattern, uint32_t options, struct str text)
{
	int code;
	PCRE2_SIZE at;
	pcre2_code *re = pcre2_compile(
		(PCRE2_SPTR)pattern.ptr, pattern.len, options | PCRE2_UTF, &code, &at, NULL);

	if (re == NULL)
		unknown("regular expression", pattern);
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(re, NULL);
	int rc = pcre2_match(
		re, (PCRE2_SPTR)(text.len == 0 ? "" : text.ptr), text.len, 0, 0, data, NULL);
	pcre2_match_data_free(data);
	pcre2_code_free(re);
	return rc >= 0;
}

static int parse_ip(const char *text, unsigned char bytes[16])
{
	if (inet_pton(AF_INET, text, bytes) == 1)
		return 4;
	return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
}

static bool in_network(struct str network, struct str address)
{
	char net[64], host[64];
	unsigned char a[16], b[16];

	snprintf(net, sizeof(net), "%.*s", STR_ARG(network));
	snprintf(host, sizeof(host), "%.*s", STR_ARG(address));
	char *slash = strchr(net, '/');
	long bits = slash == NULL ? 128 : strtol(slash + 1, NULL, 10);
	if (slash != NULL)
		*slash = '\0';
	int len = parse_ip(net, a);
	if (len == 0 || parse_ip(host, b) != len)
		return false;
	for (int i = 0; i < len * 8 && i < bits; i++)
		if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static bool is_word(int unit)
{
	return unit > 0 && (iswalnum((wint_t)unit) || unit == '_');
}

/* A dash that begins an option may be any of five: try them all. */
static bool windash_matches(struct glob *glob, size_t from, struct str text)
{
	static const int dashes[] = {'-', '/', 0x2013, 0x2014, 0x2015};

	for (size_t i = from; i < glob->len; i++) {
		int c = glob->units[i];
		if ((c != '-' && c != '/') || (i > 0 && is_word(glob->units[i - 1])) ||
			i + 1 == glob->len || !is_word(glob->units[i + 1]))
			continue;
		bool yes = false;
		for (size_t d = 0; d < 5 && !yes; d++) {
			glob->units[i] = dashes[d];
			yes = windash_matches(glob, i + 1, text);
		}
		glob->units[i] = c;
		return yes;
	}
	return glob_text(glob, text);
}

static struct str text_of(const struct json_node *value)
{
	if (value->token == JSON_TRUE)
		return STR("true");
	if (value->token == JSON_FALSE)
		return STR("false");
	return value->text;
}

static bool number_of(struct str text, double *ret)
{
	char copy[64], *end;

	if (text.len == 0 || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	*ret = strtod(copy, &end);
	return *end == '\0' && copy[0] > ' ';
}

/* One value of the rule against one value of the event, neither null. */
static bool value_matches(
	const struct item *item, const struct yaml_node *want, const struct json_node *value)
{
	static struct glob glob;
	struct str text = text_of(value);
	double a, b;

	if (item->regex)
		return regex_matches(want->text, item->regex_options, text);
	if (item->cidr)
		return in_network(want->text, text);
	if (item->compare != 0) {
		if (!number_of(want->text, &b) || !number_of(text, &a))
			return false;
		return item->compare == -2   ? a < b
		       : item->compare == -1 ? a <= b
		       : item->compare == 1  ? a >= b
					     : a > b;
	}
	glob.cased = item->cased;
	glob_parse(&glob, want->text, item->contains || item->ends, item->contains || item->starts);
	return item->windash ? windash_matches(&glob, 0, text) : glob_text(&glob, text);
}

/* ---- fields of the event ---- */

static bool same_name(struct str member, const char *name)
{
	for (size_t i = 0; i < member.len; i++) {
		if (member.ptr[i] == ' ')
			continue;
		if (*name++ != member.ptr[i])
			return false;
	}
	return *name == '\0';
}

static const struct json_node *find_field(const struct json_node *event, const char *name)
{
	for (const struct json_node *m = event->child; m != NULL; m = m->next)
		if (same_name(m->key, name))
			return m;
	return json_path(event, name);
}

static bool want_matches(
	const struct item *item, const struct yaml_node *want, const struct json_node *value)
{
	if (want->type == YAML_TYPE_NULL)
		return value == NULL || value->token == JSON_NULL;
	if (value == NULL || value->token == JSON_NULL || value->token == JSON_OBJECT)
		return false;
	if (value->token != JSON_ARRAY)
		return value_matches(item, want, value);
	for (const struct json_node *v = value->child; v != NULL; v = v->next)
		if (want_matches(item, want, v))
			return true;
	return false;
}

static bool keyword_in(const struct glob *glob, const struct json_node *node)
{
	if (node->token == JSON_OBJECT || node->token == JSON_ARRAY) {
		for (const struct json_node *v = node->child; v != NULL; v = v->next)
			if (keyword_in(glob, v))
				return true;
		return false;
	}
	return (node->token == JSON_STRING || node->token == JSON_NUMBER) &&
	       glob_text(glob, node->text);
}

static bool keyword_matches(
	const struct item *item, const struct yaml_node *want, const struct json_node *event)
{
	static struct glob glob;

	if (item->regex || item->windash)
		unknown("keyword", want->text);
	glob.cased = item->cased;
	glob_parse(&glob, want->text, true, true);
	return keyword_in(&glob, event);
}

static bool same_values(
	const struct item *item, const struct json_node *a, const struct json_node *b)
{
	static int x[TEXT_MAX], y[TEXT_MAX];

	if (a->token == JSON_NULL || b->token == JSON_NULL)
		return false;
	for (const struct json_node *v = a->token == JSON_ARRAY ? a->child : NULL; v != NULL;
		v = v->next)
		if (same_values(item, v, b))
			return true;
	for (const struct json_node *v = b->token == JSON_ARRAY ? b->child : NULL; v != NULL;
		v = v->next)
		if (same_values(item, a, v))
			return true;
	if (a->token == JSON_ARRAY || b->token == JSON_ARRAY)
		return false;
	size_t xlen = decode(text_of(a), x, TEXT_MAX), ylen = decode(text_of(b), y, TEXT_MAX);
	return glob_match(x, xlen, y, ylen, item->cased);
}

static bool fieldref_matches(
	const struct item *item, const struct yaml_node *want, const struct json_node *event)
{
	const struct json_node *a = find_field(event, item->field);
	const struct json_node *b = find_field(event, want->text.ptr);

	if (item->contains || item->starts || item->ends)
		unknown("fieldref", want->text);
	return a != NULL && b != NULL && same_values(item, a, b);
}

static bool one_value(
	const struct item *item, const struct yaml_node *want, const struct json_node *event)
{
	if (item->exists)
		return (find_field(event, item->field) != NULL) == want->boolean;
	if (item->fieldref)
		return fieldref_matches(item, want, event);
	if (item->field[0] == '\0')
		return keyword_matches(item, want, event);
	return want_matches(item, want, find_field(event, item->field));
}

static bool item_matches(const struct yaml_pair *pair, const struct json_node *event)
{
	struct item item = parse_key(pair->key->text);
	const struct yaml_node *value = pair->value;
	bool result = item.all;

	if (value->kind == YAML_KIND_SCALAR)
		return one_value(&item, value, event) != item.neq;
	for (uint32_t i = 0; i < value->count; i++) {
		bool one = one_value(&item, value->items[i], event);
		result = item.all ? result && one : result || one;
	}
	return result != item.neq;
}

static bool definition_matches(const struct yaml_node *node, const struct json_node *event)
{
	static const struct item keyword;

	if (node->kind == YAML_KIND_SCALAR)
		return one_value(&keyword, node, event);
	for (uint32_t i = 0; i < node->count; i++) {
		if (node->kind == YAML_KIND_MAP && !item_matches(&node->pairs[i], event))
			return false;
		if (node->kind == YAML_KIND_LIST && definition_matches(node->items[i], event))
			return true;
	}
	return node->kind == YAML_KIND_MAP;
}

/* ---- conditions: "or" splits first, then "and", outside parentheses ---- */

struct rule {
	const struct yaml_node *detection;
	const struct json_node *event;
};

static bool evaluate(const struct rule *rule, struct str text);

/* Cuts the text at the first such word outside parentheses; false: there is none. */
static bool split(struct str text, const char *word, struct str *ret_head, struct str *ret_tail)
{
	size_t len = strlen(word);
	int depth = 0;

	for (size_t i = 0; i + len < text.len; i++) {
		depth += text.ptr[i] == '(' ? 1 : text.ptr[i] == ')' ? -1 : 0;
		bool begins = i > 0 && (text.ptr[i - 1] == ' ' || text.ptr[i - 1] == ')');
		bool ends = text.ptr[i + len] == ' ' || text.ptr[i + len] == '(';
		if (depth != 0 || !begins || !ends || memcmp(text.ptr + i, word, len) != 0)
			continue;
		*ret_head = str_n(text.ptr, i);
		*ret_tail = str_n(text.ptr + i + len, text.len - i - len);
		return true;
	}
	return false;
}

static bool of(const struct rule *rule, bool all, struct str pattern)
{
	static struct glob glob;
	bool result = all, any = false;

	glob.cased = true;
	glob_parse(&glob, str_is(pattern, "them") ? STR("*") : pattern, false, false);
	for (uint32_t i = 0; i < rule->detection->count; i++) {
		const struct yaml_pair *pair = &rule->detection->pairs[i];
		if (str_is(pair->key->text, "condition") || pair->key->text.ptr[0] == '_' ||
			!glob_text(&glob, pair->key->text))
			continue;
		any = true;
		bool one = definition_matches(pair->value, rule->event);
		result = all ? result && one : result || one;
	}
	if (!any)
		unknown("pattern", pattern);
	return result;
}

static bool term(const struct rule *rule, struct str text)
{
	char name[128];

	text = str_trim(text);
	if (str_starts(text, STR("not ")) || str_starts(text, STR("not(")))
		return !term(rule, str_n(text.ptr + 3, text.len - 3));
	if (text.len >= 2 && text.ptr[0] == '(' && text.ptr[text.len - 1] == ')')
		return evaluate(rule, str_n(text.ptr + 1, text.len - 2));
	if (str_starts(text, STR("1 of ")))
		return of(rule, false, str_trim(str_n(text.ptr + 5, text.len - 5)));
	if (str_starts(text, STR("all of ")))
		return of(rule, true, str_trim(str_n(text.ptr + 7, text.len - 7)));
	snprintf(name, sizeof(name), "%.*s", STR_ARG(text));
	const struct yaml_node *definition = yaml_get(rule->detection, name);
	if (definition == NULL)
		unknown("identifier", text);
	return definition_matches(definition, rule->event);
}

static bool evaluate(const struct rule *rule, struct str text)
{
	struct str head, tail;

	text = str_trim(text);
	if (split(text, "or", &head, &tail))
		return evaluate(rule, head) || evaluate(rule, tail);
	if (split(text, "and", &head, &tail))
		return evaluate(rule, head) && evaluate(rule, tail);
	return term(rule, text);
}

bool naive_fires(const struct yaml_node *document, const struct json_node *event)
{
	struct rule rule = {.detection = yaml_get(document, "detection"), .event = event};
	const struct yaml_node *condition = yaml_get(rule.detection, "condition");

	if (condition->kind == YAML_KIND_SCALAR)
		return evaluate(&rule, condition->text);
	for (uint32_t i = 0; i < condition->count; i++)
		if (evaluate(&rule, condition->items[i]->text))
			return true;
	return false;
}
