#include "detect/sigma/context.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include "base/err.h"

void sigma_note(struct sigma_context *ctx, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (uint32_t i = 0; i < ctx->note_count; i++)
		if (str_is(ctx->notes[i], text))
			return;
	if (ctx->note_count == SIGMA_NOTES_MAX)
		return;
	struct str note = arena_strn(ctx->arena, text, strlen(text));
	if (note.ptr != NULL)
		ctx->notes[ctx->note_count++] = note;
}

int sigma_list_add(struct sigma_context *ctx, struct expr *list, struct expr *kid, struct err *err)
{
	if (list == NULL || kid == NULL || expr_add(ctx->arena, list, kid) != 0)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

struct expr *sigma_list_end(struct expr *list)
{
	return list->kid_count == 1 ? list->kids[0] : list;
}

/* ---- logsources ---- */

static int add_equals(struct sigma_context *ctx, struct expr *any, field_id field, struct str word,
	struct err *err)
{
	struct atom atom = {.op = ATOM_EQUALS, .field = field, .text = word};

	return sigma_list_add(ctx, any, expr_atom(ctx->arena, atom, 0), err);
}

static int add_null(struct sigma_context *ctx, struct expr *any, field_id field, struct err *err)
{
	struct atom atom = {.op = ATOM_NULL, .field = field};

	return sigma_list_add(ctx, any, expr_atom(ctx->arena, atom, 0), err);
}

/* Documents of an unknown kind say themselves where they come from, or are taken as they are. */
static int ask_document(struct sigma_context *ctx, struct expr *all, const char *member,
	struct str word, struct err *err)
{
	struct expr *any = expr_list(ctx->arena, EXPR_OR);
	field_id field;

	if (word.len == 0)
		return 0;
	int rc = fields_intern(ctx->fields, str_of(member), &field, err);
	if (rc == 0)
		rc = add_null(ctx, any, field, err);
	if (rc == 0)
		rc = add_equals(ctx, any, field, word, err);
	return rc != 0 ? rc : sigma_list_add(ctx, all, any, err);
}

static int ask_log_service(
	struct sigma_context *ctx, struct expr *all, bool or_none, struct err *err)
{
	struct expr *any = expr_list(ctx->arena, EXPR_OR);
	const char *const *word = ctx->source.log_services;
	int rc = 0;

	if (word == NULL && !ctx->source.own_service)
		return 0;
	if (or_none)
		rc = add_null(ctx, any, FIELD_log_service, err);
	if (rc == 0 && ctx->source.own_service)
		rc = add_equals(ctx, any, FIELD_log_service, ctx->source.service, err);
	for (; rc == 0 && word != NULL && *word != NULL; word++)
		rc = add_equals(ctx, any, FIELD_log_service, str_of(*word), err);
	return rc != 0 ? rc : sigma_list_add(ctx, all, sigma_list_end(any), err);
}

int sigma_logsource_expr(struct sigma_context *ctx, uint64_t kinds[KIND_MAX / 64],
	struct expr **ret, struct err *err)
{
	enum sigma_taxonomy taxonomy = ctx->options->taxonomy;
	struct expr *all = expr_list(ctx->arena, EXPR_AND);
	int rc = 0;

	*ret = NULL;
	if (taxonomy == SIGMA_TAXONOMY_RAW) {
		memset(kinds, 0xff, sizeof(ctx->source.kinds));
		return 0;
	}
	memcpy(kinds, ctx->source.kinds, sizeof(ctx->source.kinds));
	if (!ctx->source.supplied)
		sigma_note(ctx, "no sensor supplies logsource %.*s/%.*s/%.*s",
			STR_ARG(ctx->source.product), STR_ARG(ctx->source.category),
			STR_ARG(ctx->source.service));
	if (taxonomy == SIGMA_TAXONOMY_SIGMA) {
		kinds[KIND_document / 64] |= UINT64_C(1) << (KIND_document % 64);
		rc = ask_document(ctx, all, "product", ctx->source.product, err);
		if (rc == 0)
			rc = ask_document(ctx, all, "category", ctx->source.category, err);
		if (rc == 0)
			rc = ask_document(ctx, all, "service", ctx->source.service, err);
	}
	if (rc == 0)
		rc = ask_log_service(ctx, all, taxonomy == SIGMA_TAXONOMY_SIGMA, err);
	if (rc == 0 && all->kid_count > 0)
		*ret = sigma_list_end(all);
	return rc;
}

/* ---- fields ---- */

/* Sources write "Threat Name" where rules, by the specification, write ThreatName. */
static int alias_with_blanks(
	struct sigma_context *ctx, struct str name, field_id id, struct err *err)
{
	char spaced[256];
	size_t len = 0;

	if (name.len > sizeof(spaced) / 2)
		return 0;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		unsigned char before = i == 0 ? ' ' : (unsigned char)name.ptr[i - 1];
		unsigned char after = i + 1 == name.len ? ' ' : (unsigned char)name.ptr[i + 1];
		if (isupper(c) && (islower(before) || (isupper(before) && islower(after))))
			spaced[len++] = ' ';
		spaced[len++] = (char)c;
	}
	return len == name.len ? 0 : fields_alias(ctx->fields, str_n(spaced, len), id, err);
}

static int intern_raw(struct sigma_context *ctx, struct str name, field_id *ret, struct err *err)
{
	int rc = fields_intern(ctx->fields, name, ret, err);

	return rc != 0 ? rc : alias_with_blanks(ctx, name, *ret, err);
}

static int intern_unknown(
	struct sigma_context *ctx, struct str name, field_id *ret, struct err *err)
{
	sigma_note(ctx, "no sensor supplies field %.*s", STR_ARG(name));
	if (ctx->options->taxonomy == SIGMA_TAXONOMY_SIGMA)
		return intern_raw(ctx, name, ret, err);
	return fields_intern(ctx->fields, name, ret, err);
}

/* The logsource's events carry the field's group. */
static void note_foreign(struct sigma_context *ctx, struct str name, field_id id)
{
	const struct schema_field *field = schema_field(id);

	if (field->group != 0 && ctx->source.groups != 0 &&
		(ctx->source.groups >> field->group & 1) == 0)
		sigma_note(ctx, "events of this logsource do not have field %.*s (%s)",
			STR_ARG(name), field->name);
}

int sigma_field_id(struct sigma_context *ctx, struct str name, field_id *ret, struct err *err)
{
	if (ctx->options->taxonomy == SIGMA_TAXONOMY_RAW)
		return intern_raw(ctx, name, ret, err);
	field_id id = sigma_field((enum sigma_scope)ctx->source.scope, name);
	if (id == FIELD_none)
		return intern_unknown(ctx, name, ret, err);
	note_foreign(ctx, name, id);
	*ret = id;
	if (ctx->options->taxonomy != SIGMA_TAXONOMY_SIGMA || str_is(name, schema_field(id)->name))
		return 0;
	return fields_alias(ctx->fields, name, id, err);
}

static int ask_field(struct sigma_context *ctx, field_id id, struct atom atom, uint32_t line,
	struct expr **ret, struct err *err)
{
	atom.field = id;
	*ret = expr_atom(ctx->arena, atom, line);
	return *ret == NULL ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static bool is_about_presence(const struct atom *atom)
{
	return atom->op == ATOM_EXISTS || atom->op == ATOM_NULL || atom->op == ATOM_PRESENT;
}

/* "Initiated: true" is network.direction egress on native events. */
static int ask_rewritten(struct sigma_context *ctx, struct expr *any, struct str name,
	const struct atom *atom, uint32_t line, struct err *err)
{
	const char *word;
	int rc = 0;

	if (is_about_presence(atom)) {
		struct atom presence = *atom;
		presence.field = sigma_field((enum sigma_scope)ctx->source.scope, name);
		return sigma_list_add(ctx, any, expr_atom(ctx->arena, presence, line), err);
	}
	if (atom->op != ATOM_EQUALS) {
		sigma_note(ctx, "field %.*s is only compared with true and false", STR_ARG(name));
		return 0;
	}
	for (unsigned n = 0; rc == 0; n++) {
		struct atom other = {.op = ATOM_EQUALS};
		other.field = sigma_rewrite(name, atom->text, n, &word);
		if (other.field == FIELD_none)
			return 0;
		other.text = str_of(word);
		rc = sigma_list_add(ctx, any, expr_atom(ctx->arena, other, line), err);
	}
	return rc;
}

static const struct hash {
	const char *name;
	field_id process, file, dll;
} hashes[] = {
	{"md5", FIELD_process_hash_md5, FIELD_file_hash_md5, FIELD_none},
	{"sha1", FIELD_process_hash_sha1, FIELD_file_hash_sha1, FIELD_none},
	{"sha256", FIELD_process_hash_sha256, FIELD_file_hash_sha256, FIELD_dll_hash_sha256},
};

static field_id hash_field(const struct hash *hash, enum sigma_scope scope)
{
	return scope == SIGMA_SCOPE_FILE    ? hash->file
	       : scope == SIGMA_SCOPE_IMAGE ? hash->dll
					    : hash->process;
}

static bool is_caseless(struct str a, const char *b)
{
	size_t i = 0;

	while (i < a.len && b[i] != '\0' && tolower((unsigned char)a.ptr[i]) == b[i])
		i++;
	return i == a.len && b[i] == '\0';
}

/* Sysmon's Hashes is one text, "MD5=…,SHA256=…"; ECS has a field for each. A whole hash is asked
 * as such, a part of one as contained. */
static int ask_hashes(struct sigma_context *ctx, struct expr *any, const struct atom *atom,
	uint32_t line, struct err *err)
{
	struct str value = atom->text, algorithm = {0};
	int rc = 0;

	if (atom->op > ATOM_CONTAINS && !is_about_presence(atom)) {
		sigma_note(ctx, "field Hashes is only compared with hashes and parts of them");
		return 0;
	}
	if (value.len > 0 && memchr(value.ptr, '=', value.len) != NULL)
		algorithm = str_cut(&value, '=');
	for (size_t i = 0; rc == 0 && i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		struct atom other = *atom;
		other.field = hash_field(&hashes[i], (enum sigma_scope)ctx->source.scope);
		if (other.field == FIELD_none ||
			(algorithm.len > 0 && !is_caseless(algorithm, hashes[i].name)))
			continue;
		other.text = value;
		if (!is_about_presence(atom))
			other.op = value.len >= 32 ? ATOM_EQUALS : ATOM_CONTAINS;
		rc = sigma_list_add(ctx, any, expr_atom(ctx->arena, other, line), err);
	}
	return rc;
}

int sigma_ask(struct sigma_context *ctx, struct str name, struct atom atom, uint32_t line,
	struct expr **ret, struct err *err)
{
	enum sigma_taxonomy taxonomy = ctx->options->taxonomy;
	bool as_hashes = str_is(name, "Hashes") || str_is(name, "Hash");
	field_id id;
	int rc;

	if (taxonomy == SIGMA_TAXONOMY_RAW || (!as_hashes && !sigma_is_rewritten(name))) {
		rc = sigma_field_id(ctx, name, &id, err);
		return rc != 0 ? rc : ask_field(ctx, id, atom, line, ret, err);
	}
	/* Missing in one form must not be missing in the other: presence counts in any, absence
	 * in all. */
	struct expr *list = expr_list(ctx->arena, atom.op == ATOM_NULL ? EXPR_AND : EXPR_OR);
	if (list == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	rc = as_hashes ? ask_hashes(ctx, list, &atom, line, err)
		       : ask_rewritten(ctx, list, name, &atom, line, err);
	if (rc == 0 && taxonomy == SIGMA_TAXONOMY_SIGMA) {
		struct expr *own;
		rc = fields_intern(ctx->fields, name, &id, err);
		if (rc == 0)
			rc = ask_field(ctx, id, atom, line, &own, err);
		if (rc == 0)
			rc = sigma_list_add(ctx, list, own, err);
	}
	if (rc != 0)
		return rc;
	if (list->kid_count == 0)
		list->op = EXPR_FALSE;
	*ret = sigma_list_end(list);
	return 0;
}
