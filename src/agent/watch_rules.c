#include "agent/watch_rules.h"

#include <string.h>

#define ENVIRONMENT_NAME_MAX 64

struct walk {
	const struct watch_needs *needs;
	bool opens; /* the rule is about opening, not any change of a file */
};

static bool has_kind(const struct rule *rule, enum event_kind kind)
{
	return rule->kinds[kind / 64] >> (kind % 64) & 1;
}

/* The text up to the first wildcard. */
static struct str literal_head(const struct atom *atom)
{
	size_t len = 0;

	if (atom->op != ATOM_WILDCARD)
		return atom->text;
	while (len < atom->text.len && atom->text.ptr[len] != WILD_ANY &&
		atom->text.ptr[len] != WILD_ONE)
		len++;
	return str_n(atom->text.ptr, len);
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

/* "LD_PRELOAD=/tmp/x" → LD_PRELOAD */
static void need_environment(const struct walk *w, const struct atom *atom)
{
	struct str rest = atom->text;

	while (rest.len > 0 && rest.ptr[0] == WILD_ANY)
		rest = str_n(rest.ptr + 1, rest.len - 1);
	struct str name = str_cut(&rest, '=');
	if (rest.ptr == NULL || name.len == 0 || name.len > ENVIRONMENT_NAME_MAX)
		return;
	char upper[ENVIRONMENT_NAME_MAX];
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		if (!is_name_char(c, i == 0))
			return;
		upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	w->needs->environment(w->needs->context, name);
	/* a text that is compared without case may have lost it, and most names are in capitals */
	if (!atom->cased && memcmp(upper, name.ptr, name.len) != 0)
		w->needs->environment(w->needs->context, str_n(upper, name.len));
}

/* Below "/home/ANY/"; empty otherwise. */
static struct str below_homes(const struct atom *atom)
{
	static const struct str roots[] = {
		{"/home/", 6},
		{"/Users/", 7},
	};
	struct atom rest = *atom;

	for (size_t i = 0; i < 2 && atom->op == ATOM_WILDCARD; i++) {
		size_t len = roots[i].len;
		if (!str_starts(atom->text, roots[i]) || atom->text.len < len + 3 ||
			atom->text.ptr[len] != WILD_ANY || atom->text.ptr[len + 1] != '/')
			continue;
		rest.text = str_n(atom->text.ptr + len + 2, atom->text.len - len - 2);
		return literal_head(&rest);
	}
	return (struct str){0};
}

/* What lies in one of these is read all the time, by everybody. */
static bool is_busy(struct str path)
{
	static const char *const tops[] = {"/proc/", "/sys/", "/dev/", "/usr/", "/lib/", "/lib64/",
		"/bin/", "/sbin/", "/System/", "/home/", "/Users/"};

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		if (str_starts(path, str_of(tops[i])))
			return true;
	return false;
}

static void need_path(const struct walk *w, const struct atom *atom)
{
	struct str head = literal_head(atom), home = below_homes(atom);

	if (home.len > 0) {
		w->needs->home_path(w->needs->context, home);
		return;
	}
	if (head.len < 3 || head.ptr[0] != '/' || is_busy(head))
		return;
	/* a whole top directory would be too much */
	const char *second = memchr(head.ptr + 1, '/', head.len - 1);
	if (second != NULL && second + 1 < head.ptr + head.len)
		w->needs->path(w->needs->context, head);
}

/* Recursion follows the rule's nesting, which ruleset_add() bounds. */
static void walk(const struct walk *w, const struct expr *expr)
{
	if (expr->op == EXPR_AND || expr->op == EXPR_OR)
		for (uint32_t i = 0; i < expr->kid_count; i++)
			walk(w, expr->kids[i]);
	if (expr->op != EXPR_ATOM || expr->atom.op > ATOM_WILDCARD)
		return;
	if (expr->atom.field == FIELD_process_env_vars)
		need_environment(w, &expr->atom);
	else if (w->opens && expr->atom.field == FIELD_file_path &&
		 expr->atom.op != ATOM_CONTAINS && expr->atom.op != ATOM_ENDS)
		need_path(w, &expr->atom);
}

/* Whether event.action "open" is asked for. */
static bool asks_for_open(const struct expr *expr)
{
	if (expr->op == EXPR_AND || expr->op == EXPR_OR)
		for (uint32_t i = 0; i < expr->kid_count; i++)
			if (asks_for_open(expr->kids[i]))
				return true;
	return expr->op == EXPR_ATOM && expr->atom.op == ATOM_EQUALS &&
	       expr->atom.field == FIELD_event_action && str_is(expr->atom.text, "open");
}

static bool is_of_opening(const struct rule *rule)
{
	if (!has_kind(rule, KIND_file_open))
		return false;
	return asks_for_open(rule->condition) ||
	       (!has_kind(rule, KIND_file_modify) && !has_kind(rule, KIND_file_create));
}

void watch_rules(const struct ruleset *rules, const struct watch_needs *needs)
{
	for (uint32_t i = 0; i < ruleset_count(rules); i++) {
		const struct rule *rule = ruleset_rule(rules, i);
		if (rule->condition == NULL)
			continue;
		struct walk w = {.needs = needs, .opens = is_of_opening(rule)};
		walk(&w, rule->condition);
	}
}
