#include "detect/sigma/item.h"

#include <errno.h>
#include <stdio.h>
#include "base/err.h"
#include "base/ip.h"

static int ask(struct sigma_context *ctx, const struct item_key *key, struct atom atom,
	const struct yaml_node *value, struct expr **ret, struct err *err)
{
	if (key->field.len > 0)
		return sigma_ask(ctx, key->field, atom, value->line, ret, err);
	*ret = expr_atom(ctx->arena, atom, value->line);
	return *ret == NULL ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int exists(struct sigma_context *ctx, const struct item_key *key,
	const struct yaml_node *value, struct expr **ret, struct err *err)
{
	struct str text = yaml_scalar(value);
	bool wanted = str_is(text, "true") || str_is(text, "True") || str_is(text, "TRUE");

	if (!wanted && !str_is(text, "false") && !str_is(text, "False") && !str_is(text, "FALSE"))
		return err_set(err, -EINVAL, "'exists' needs true or false");
	int rc = ask(ctx, key, (struct atom){.op = ATOM_PRESENT}, value, ret, err);
	if (rc == 0 && !wanted)
		*ret = expr_not(ctx->arena, *ret);
	return rc != 0 || *ret != NULL ? rc : err_set(err, -ENOMEM, "out of memory");
}

static int compare(struct sigma_context *ctx, const struct item_key *key,
	const struct yaml_node *value, struct expr **ret, struct err *err)
{
	struct atom atom = {.op = key->detail};

	if (value->type == YAML_TYPE_INT || value->type == YAML_TYPE_FLOAT)
		atom.number = value->f64;
	else if (value->type != YAML_TYPE_TEXT || !str_to_double(value->text, &atom.number))
		return err_set(err, -EINVAL, "a comparison with something that is no number");
	return ask(ctx, key, atom, value, ret, err);
}

static int time_part(struct sigma_context *ctx, const struct item_key *key,
	const struct yaml_node *value, struct expr **ret, struct err *err)
{
	static const struct {
		int64_t min, max;
	} ranges[] = {
		[TIME_MINUTE] = {0, 59},
		[TIME_HOUR] = {0, 23},
		[TIME_DAY] = {1, 31},
		[TIME_WEEK] = {1, 53},
		[TIME_MONTH] = {1, 12},
		[TIME_YEAR] = {0, 9999},
	};
	struct atom atom = {.op = ATOM_TIME, .time_part = key->detail};
	int64_t number = value->i64;

	if (value->type != YAML_TYPE_INT && !str_to_i64(value->text, &number))
		return err_set(err, -EINVAL, "a part of a time must be a whole number");
	if (number < ranges[key->detail].min || number > ranges[key->detail].max)
		return err_set(err, -EINVAL, "no time has that part");
	atom.number = (double)number;
	return ask(ctx, key, atom, value, ret, err);
}

/* A number without modifiers. One written as numbers are printed is compared as text, which the
 * literal index can look for. */
static int number(struct sigma_context *ctx, const struct item_key *key,
	const struct yaml_node *value, struct expr **ret, struct err *err)
{
	struct atom atom = {.op = ATOM_NUM_EQ, .number = value->f64};
	char printed[32];

	(void)snprintf(printed, sizeof(printed), "%lld", (long long)value->i64);
	if (value->type == YAML_TYPE_INT && str_is(value->text, printed)) {
		atom.op = ATOM_EQUALS;
		atom.text = arena_strn(ctx->arena, value->text.ptr, value->text.len);
		if (atom.text.ptr == NULL)
			return err_set(err, -ENOMEM, "out of memory");
	}
	return ask(ctx, key, atom, value, ret, err);
}

/* ---- texts ---- */

static int one_step(struct sigma_context *ctx, const struct item_key *key, enum step step,
	struct pattern pattern, struct pattern_list *out, struct err *err)
{
	struct arena *arena = ctx->scratch;
	int rc;

	switch (step) {
	case STEP_BASE64OFFSET:
		return pattern_base64_offsets(arena, &pattern, out, err);
	case STEP_WINDASH:
		return pattern_windash(arena, &pattern, out, err);
	case STEP_EXPAND:
		return pattern_expand(arena, &pattern, ctx->options->placeholders,
			ctx->options->placeholder_count, key->type == ITEM_REGEX, out, err);
	case STEP_BASE64:
		rc = pattern_encode_base64(arena, &pattern, err);
		break;
	case STEP_UTF16LE:
	case STEP_UTF16BE:
	case STEP_UTF16:
		rc = pattern_encode_wide(arena, &pattern,
			step == STEP_UTF16LE   ? PATTERN_UTF16LE
			: step == STEP_UTF16BE ? PATTERN_UTF16BE
					       : PATTERN_UTF16,
			err);
		break;
	default:
		rc = key->type == ITEM_TEXT
			     ? pattern_open(arena, &pattern, step != STEP_STARTSWITH,
				       step != STEP_ENDSWITH, err)
			     : 0; /* regular expressions and references look at the key */
		break;
	}
	return rc != 0 ? rc : pattern_list_add(arena, out, pattern, err);
}

static int transform(struct sigma_context *ctx, const struct item_key *key, struct pattern pattern,
	struct pattern_list *ret, struct err *err)
{
	struct pattern_list now = {0};
	int rc = pattern_list_add(ctx->scratch, &now, pattern, err);

	for (uint8_t s = 0; rc == 0 && s < key->step_count; s++) {
		struct pattern_list next = {0};
		for (uint32_t i = 0; rc == 0 && i < now.count; i++)
			rc = one_step(ctx, key, (enum step)key->steps[s], now.items[i], &next, err);
		now = next;
	}
	*ret = now;
	return rc;
}

static bool has_step(const struct item_key *key, enum step step)
{
	for (uint8_t i = 0; i < key->step_count; i++)
		if (key->steps[i] == step)
			return true;
	return false;
}

static int regex_atom(struct sigma_context *ctx, const struct item_key *key, struct str text,
	struct atom *atom, struct err *err)
{
	bool starts = has_step(key, STEP_STARTSWITH), ends = has_step(key, STEP_ENDSWITH);

	atom->op = ATOM_REGEX;
	atom->cased = true;
	atom->regex_flags = key->regex_flags;
	atom->text = text;
	if (!starts && !ends)
		return 0;
	atom->text = arena_printf(ctx->arena, "%s(?:%.*s)%s", starts ? "\\A" : "", (int)text.len,
		text.ptr, ends ? "\\z" : "");
	return atom->text.ptr == NULL ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int fieldref_atom(struct sigma_context *ctx, const struct item_key *key, struct str text,
	struct atom *atom, struct err *err)
{
	bool contains = has_step(key, STEP_CONTAINS);
	bool starts = has_step(key, STEP_STARTSWITH), ends = has_step(key, STEP_ENDSWITH);

	if (text.len == 0)
		return err_set(err, -EINVAL, "'fieldref' needs the name of a field");
	atom->op = ATOM_FIELD;
	atom->field_op = contains || (starts && ends) ? ATOM_CONTAINS
			 : starts		      ? ATOM_STARTS
			 : ends			      ? ATOM_ENDS
						      : ATOM_EQUALS;
	return sigma_field_id(ctx, text, &atom->other, err);
}

static int typed_atom(struct sigma_context *ctx, const struct item_key *key,
	const struct pattern *pattern, struct atom *atom, struct err *err)
{
	struct str text;
	struct cidr cidr;
	int rc = pattern_bytes(ctx->arena, pattern, &text, err);

	if (rc != 0)
		return rc;
	if (key->type == ITEM_REGEX)
		return regex_atom(ctx, key, text, atom, err);
	if (key->type == ITEM_FIELDREF)
		return fieldref_atom(ctx, key, text, atom, err);
	if (!cidr_parse(text, &cidr))
		return err_set(err, -EINVAL, "'%.*s' is no network", STR_ARG(text));
	atom->op = ATOM_CIDR;
	atom->text = text;
	return 0;
}

static int keyword_atom(struct sigma_context *ctx, const struct item_key *key,
	const struct pattern *pattern, struct atom *atom, struct err *err)
{
	if (has_step(key, STEP_STARTSWITH) || has_step(key, STEP_ENDSWITH))
		return err_set(err, -EINVAL, "a keyword has no beginning or end");
	if (pattern->len == 0)
		return err_set(err, -EINVAL, "an empty keyword");
	atom->op = ATOM_KEYWORD;
	return pattern_to_keyword(ctx->arena, pattern, &atom->text, err);
}

static int pattern_atom(struct sigma_context *ctx, const struct item_key *key,
	const struct pattern *pattern, struct atom *atom, struct err *err)
{
	*atom = (struct atom){.cased = key->cased};
	if (key->type != ITEM_TEXT)
		return typed_atom(ctx, key, pattern, atom, err);
	if (key->field.len == 0)
		return keyword_atom(ctx, key, pattern, atom, err);
	return pattern_to_atom(ctx->arena, pattern, atom, err);
}

static int text(struct sigma_context *ctx, const struct item_key *key,
	const struct yaml_node *value, struct expr **ret, struct err *err)
{
	bool escapes = key->type == ITEM_TEXT || key->type == ITEM_FIELDREF;
	struct pattern_list patterns = {0};
	struct pattern pattern;
	int rc = escapes ? pattern_parse(ctx->scratch, value->text, &pattern, err)
			 : pattern_literal(ctx->scratch, value->text, &pattern, err);

	if (rc == 0)
		rc = transform(ctx, key, pattern, &patterns, err);
	if (rc != 0)
		return rc;
	struct expr *any = expr_list(ctx->arena, EXPR_OR);
	for (uint32_t i = 0; rc == 0 && i < patterns.count; i++) {
		struct expr *kid = NULL;
		struct atom atom;
		rc = pattern_atom(ctx, key, &patterns.items[i], &atom, err);
		if (rc == 0)
			rc = ask(ctx, key, atom, value, &kid, err);
		if (rc == 0)
			rc = sigma_list_add(ctx, any, kid, err);
	}
	if (rc != 0)
		return rc;
	if (any->kid_count == 0)
		any->op = EXPR_FALSE; /* a placeholder without values */
	*ret = sigma_list_end(any);
	return 0;
}

int sigma_value(struct sigma_context *ctx, const struct item_key *key,
	const struct yaml_node *value, struct expr **ret, struct err *err)
{
	bool bare = key->type == ITEM_TEXT && key->step_count == 0 && key->field.len > 0;

	switch (key->type) {
	case ITEM_EXISTS:
		return exists(ctx, key, value, ret, err);
	case ITEM_COMPARE:
		return compare(ctx, key, value, ret, err);
	case ITEM_TIME:
		return time_part(ctx, key, value, ret, err);
	default:
		break;
	}
	if (value->type == YAML_TYPE_NULL) {
		if (bare)
			return ask(ctx, key, (struct atom){.op = ATOM_NULL}, value, ret, err);
		return err_set(err, -EINVAL, "null where a text should stand");
	}
	if (bare && (value->type == YAML_TYPE_INT || value->type == YAML_TYPE_FLOAT))
		return number(ctx, key, value, ret, err);
	return text(ctx, key, value, ret, err);
}
