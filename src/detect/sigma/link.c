/* Correlations find the rules that they refer to, in whatever order and file those stand. */
#include <errno.h>
#include <stdlib.h>
#include "base/err.h"
#include "detect/sigma/loader.h"

#define CHAIN_DEPTH_MAX 32

/* What a rule may be called. */
struct entry {
	struct str text;
	struct pending *p;
	uint32_t order; /* of loading */
};

struct link {
	struct sigma_loader *loader;
	struct entry *entries; /* by text, then in the order of loading */
	uint32_t count;
	struct pending *active[CHAIN_DEPTH_MAX]; /* from a correlation to the one at hand */
	unsigned depth;
	bool too_deep;
};

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "Sigma rules: out of memory");
}

static int compare_texts(struct str a, struct str b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = compare_texts(x->text, y->text);

	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static bool has_id(const struct pending *p)
{
	return p->result.id.ptr != p->result.file.ptr;
}

static int build_index(struct link *link)
{
	uint32_t rules = 0;

	for (struct pending *p = link->loader->first; p != NULL; p = p->next)
		rules += p->is_rule;
	link->entries = malloc((rules * 2u + 1) * sizeof(*link->entries));
	if (link->entries == NULL)
		return -ENOMEM;
	for (struct pending *p = link->loader->first; p != NULL; p = p->next) {
		if (p->is_rule && has_id(p)) {
			link->entries[link->count] = (struct entry){p->result.id, p, link->count};
			link->count++;
		}
		if (p->is_rule && p->name.len > 0) {
			link->entries[link->count] = (struct entry){p->name, p, link->count};
			link->count++;
		}
	}
	qsort(link->entries, link->count, sizeof(*link->entries), compare_entries);
	return 0;
}

static uint32_t first_entry(const struct link *link, struct str text)
{
	uint32_t low = 0, high = link->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (compare_texts(link->entries[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The rule of that id or name: of those that can be used the one in the same file, else the one
 * loaded first. *ret_others: how many would have done as well. */
static struct pending *find(
	const struct link *link, struct str text, const struct pending *from, uint32_t *ret_others)
{
	struct pending *best = NULL;
	int best_score = -1;

	*ret_others = 0;
	for (uint32_t i = first_entry(link, text);
		i < link->count && str_eq(link->entries[i].text, text); i++) {
		struct pending *p = link->entries[i].p;
		int score = 2 * (p->rule != NULL) + str_eq(p->result.file, from->result.file);
		if (score == best_score && p != best)
			(*ret_others)++;
		if (score <= best_score)
			continue;
		best = p;
		best_score = score;
		*ret_others = 0;
	}
	return best;
}

__attribute__((format(printf, 3, 4))) static int refuse(
	struct link *link, struct pending *p, const char *fmt, ...)
{
	char text[sizeof(((struct err *)0)->text)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sigma_set_reason(link->loader, p, RULE_REFUSED, text);
	return 0;
}

/* Everything from p on down to the correlation at hand refers to itself. */
static void mark_cycle(struct link *link, const struct pending *p)
{
	unsigned i = link->depth;

	do
		link->active[--i]->in_cycle = true;
	while (i > 0 && link->active[i] != p);
}

static bool is_taken(const struct pending *p, uint32_t count, const struct pending *step)
{
	for (uint32_t i = 0; i < count; i++)
		if (p->steps[i] == step)
			return true;
	return false;
}

static int link_one(struct link *link, struct pending *p, struct err *err);

/* Returns 0 also when p was refused for it. */
static int link_step(struct link *link, struct pending *p, uint32_t number,
	struct sigma_context *ctx, struct err *err)
{
	const struct sigma_reference *ref = &p->correlation->rules[number];
	uint32_t others;
	struct pending *step = find(link, ref->text, p, &others);
	int rc = 0;

	if (step == NULL)
		return refuse(link, p, "line %u: no rule '%.*s' is loaded", ref->line,
			STR_ARG(ref->text));
	if (step->link_state == LINK_ACTIVE)
		mark_cycle(link, step);
	else if (step->correlation != NULL && step->rule != NULL)
		rc = link_one(link, step, err);
	if (rc != 0 || link->too_deep)
		return rc;
	if (p->in_cycle)
		return refuse(link, p, "line %u: it refers to itself through '%.*s'", ref->line,
			STR_ARG(ref->text));
	if (step->rule == NULL)
		return refuse(
			link, p, "line %u: rule '%.*s' was refused", ref->line, STR_ARG(ref->text));
	if (is_taken(p, number, step))
		return refuse(link, p, "line %u: rule '%.*s' is named twice", ref->line,
			STR_ARG(ref->text));
	if (others > 0)
		sigma_note(ctx, "several rules are called %.*s: the one in %.*s:%u is taken",
			STR_ARG(ref->text), STR_ARG(step->result.file), step->result.line);
	p->steps[number] = step;
	return 0;
}

static int check_aliases(struct link *link, struct pending *p)
{
	const struct sigma_correlation *c = p->correlation;
	uint32_t others;

	for (uint32_t i = 0; i < c->alias_count; i++) {
		for (uint32_t k = 0; k < c->aliases[i].field_count; k++) {
			const struct sigma_reference *ref = &c->aliases[i].fields[k].rule;
			if (find(link, ref->text, p, &others) == NULL)
				return refuse(link, p,
					"line %u: alias '%.*s': no rule '%.*s' is loaded",
					ref->line, STR_ARG(c->aliases[i].name), STR_ARG(ref->text));
		}
	}
	return 0;
}

static int make_plan(
	struct link *link, struct pending *p, struct sigma_context *ctx, struct err *err)
{
	struct err reason = {0};
	int rc = sigma_plan(ctx, p, &reason);

	if (rc == 0)
		rc = ruleset_add(link->loader->set, p->rule, &reason);
	if (rc == 0)
		rc = sigma_keep_notes(ctx, p, &reason);
	if (rc == 0)
		rc = sigma_note_filters(link->loader, p, &reason);
	if (rc == -ENOMEM)
		return no_memory(err);
	if (rc != 0)
		return refuse(link, p, "%s", reason.text);
	p->result.rule = p->rule;
	return 0;
}

/* Recursion ends at CHAIN_DEPTH_MAX: then all is left as it was, but for too_deep. */
static int link_one(struct link *link, struct pending *p, struct err *err)
{
	struct sigma_context ctx = sigma_resume(link->loader, p);
	int rc = 0;

	if (p->link_state == LINK_DONE)
		return 0;
	if (link->depth == CHAIN_DEPTH_MAX) {
		link->too_deep = true;
		return 0;
	}
	p->link_state = LINK_ACTIVE;
	link->active[link->depth++] = p;
	p->steps = arena_zalloc(ctx.arena, p->correlation->rule_count * sizeof(struct pending *));
	if (p->steps == NULL)
		rc = no_memory(err);
	for (uint32_t i = 0;
		rc == 0 && p->rule != NULL && !link->too_deep && i < p->correlation->rule_count;
		i++)
		rc = link_step(link, p, i, &ctx, err);
	if (rc == 0 && p->rule != NULL && !link->too_deep)
		rc = check_aliases(link, p);
	if (rc == 0 && p->rule != NULL && !link->too_deep)
		rc = make_plan(link, p, &ctx, err);
	link->depth--;
	p->link_state = link->too_deep ? LINK_NONE : LINK_DONE;
	return rc;
}

/* Rules that correlations refer to are parts of them, unless one lets them speak for themselves. */
static int set_roles(struct link *link, struct err *err)
{
	for (struct pending *p = link->loader->first; p != NULL; p = p->next) {
		for (uint32_t i = 0;
			p->correlation != NULL && p->rule != NULL && i < p->correlation->rule_count;
			i++) {
			p->steps[i]->referrer = p;
			p->steps[i]->generated |= p->correlation->generate;
		}
	}
	for (struct pending *p = link->loader->first; p != NULL; p = p->next) {
		if (p->rule == NULL || p->referrer == NULL || p->generated)
			continue;
		struct sigma_context ctx = sigma_resume(link->loader, p);
		const struct rule *by = p->referrer->rule;
		sigma_note(&ctx, "alerts only as part of correlation '%.*s'",
			STR_ARG(by->title.len > 0 ? by->title : by->id));
		p->rule->role = RULE_STEP;
		if (sigma_keep_notes(&ctx, p, err) != 0)
			return no_memory(err);
	}
	return 0;
}

int sigma_link(struct sigma_loader *loader, struct err *err)
{
	struct link link = {.loader = loader};
	bool any = false;

	for (struct pending *p = loader->first; p != NULL; p = p->next)
		any |= p->correlation != NULL;
	if (!any)
		return 0;
	int rc = build_index(&link) != 0 ? no_memory(err) : 0;
	for (struct pending *p = loader->first; rc == 0 && p != NULL; p = p->next) {
		if (p->correlation == NULL || p->rule == NULL)
			continue;
		rc = link_one(&link, p, err);
		if (link.too_deep)
			(void)refuse(&link, p,
				"correlations refer to one another more than %d deep",
				CHAIN_DEPTH_MAX);
		link.too_deep = false;
	}
	if (rc == 0)
		rc = set_roles(&link, err);
	free(link.entries);
	return rc;
}
