#include "detect/sigma/taxonomy.h"

#include <strings.h>

struct source_row {
	const char *name;
	uint8_t scope;
	const uint8_t *kinds;		 /* 0-ended */
	const char *const *log_services; /* NULL-ended */
};
struct field_row {
	uint8_t scope;
	const char *name;
	field_id field;
};
struct rewrite_row {
	const char *name, *value;
	field_id field;
	const char *word;
};

#define KINDS(...) __VA_ARGS__

static const struct source_row categories[] = {
#define SIGMA_CATEGORY(category, scope, ...) \
	{category, SIGMA_SCOPE_##scope, (const uint8_t[]){__VA_ARGS__ __VA_OPT__(, ) 0}, NULL},
#include "detect/sigma/taxonomy.def"
};
static const struct source_row services[] = {
#define SIGMA_SERVICE(service, scope, kinds, ...)                   \
	{service, SIGMA_SCOPE_##scope, (const uint8_t[]){kinds, 0}, \
		(const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL}},
#include "detect/sigma/taxonomy.def"
};
static const struct field_row field_rows[] = {
#define SIGMA_FIELD(scope, name, field) {SIGMA_SCOPE_##scope, name, FIELD_##field},
#include "detect/sigma/taxonomy.def"
};
static const struct rewrite_row rewrites[] = {
#define SIGMA_REWRITE(name, value, field, word) {name, value, FIELD_##field, word},
#include "detect/sigma/taxonomy.def"
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool same(struct str a, const char *b)
{
	return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

static const struct source_row *find(const struct source_row *rows, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (same(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static void add_kinds(struct sigma_logsource *source, const struct source_row *row)
{
	for (const uint8_t *kind = row->kinds; *kind != 0; kind++) {
		source->kinds[*kind / 64] |= UINT64_C(1) << (*kind % 64);
		source->groups |= schema_kind(*kind)->groups;
		source->supplied = true;
	}
}

/* Everything that happens on the host, but not Merlon's own messages. */
static void add_all_kinds(struct sigma_logsource *source)
{
	for (unsigned i = 0; i < schema_kind_count; i++) {
		unsigned number = schema_kinds[i].number;
		if (number == KIND_document || number == KIND_sensor_gap ||
			number == KIND_heartbeat || number == KIND_attempt_on_agent)
			continue;
		source->kinds[number / 64] |= UINT64_C(1) << (number % 64);
		source->groups |= schema_kinds[i].groups;
	}
	source->supplied = true;
}

static uint32_t os_of(struct str product, bool *ret_known)
{
	*ret_known = true;
	if (same(product, "linux"))
		return 1u << OS_LINUX;
	if (same(product, "macos"))
		return 1u << OS_MACOS;
	*ret_known = product.len == 0;
	return same(product, "windows") ? 1u << OS_WINDOWS : 0;
}

void sigma_logsource_resolve(struct sigma_logsource *source)
{
	const struct source_row *category = find(categories, COUNT(categories), source->category);
	const struct source_row *service = find(services, COUNT(services), source->service);
	bool os_known;

	memset(source->kinds, 0, sizeof(source->kinds));
	source->groups = 0;
	source->scope = SIGMA_SCOPE_ANY;
	source->supplied = false;
	source->log_services = NULL;
	source->own_service = false;
	source->os_mask = os_of(source->product, &os_known);
	os_known &= (source->os_mask & 1u << OS_WINDOWS) == 0; /* no sensor there */
	if (category != NULL) {
		source->scope = category->scope;
		add_kinds(source, category);
	} else if (service != NULL) {
		source->scope = service->scope;
		add_kinds(source, service);
		if (service->log_services[0] != NULL)
			source->log_services = service->log_services;
	} else if (source->service.len > 0 && source->category.len == 0 && os_known) {
		static const uint8_t lines[] = {KIND_log_line, 0};
		static const struct source_row any_service = {"", SIGMA_SCOPE_LOG, lines, NULL};
		source->scope = SIGMA_SCOPE_LOG;
		source->own_service = true;
		add_kinds(source, &any_service);
	}
	bool generic = source->category.len == 0 &&
		       (source->service.len == 0 || (service != NULL && service->kinds[0] == 0));
	if (generic && os_known)
		add_all_kinds(source);
	source->supplied &= os_known;
}

static field_id audit_field(struct str name)
{
	char full[80] = "auditd.data.";
	size_t len = strlen(full);

	if (name.len >= sizeof(full) - len)
		return FIELD_none;
	memcpy(full + len, name.ptr, name.len);
	return schema_field_by_name(str_n(full, len + name.len));
}

field_id sigma_field(enum sigma_scope scope, struct str name)
{
	field_id found = FIELD_none;

	for (size_t i = 0; i < COUNT(field_rows); i++) {
		if (!str_is(name, field_rows[i].name))
			continue;
		if (field_rows[i].scope == scope)
			return field_rows[i].field;
		if (field_rows[i].scope == SIGMA_SCOPE_ANY)
			found = field_rows[i].field;
	}
	if (scope == SIGMA_SCOPE_AUDIT) {
		field_id audit = audit_field(name);
		if (audit != FIELD_none)
			return audit;
	}
	return found != FIELD_none ? found : schema_field_by_name(name);
}

field_id sigma_rewrite(struct str name, struct str value, unsigned n, const char **ret_word)
{
	for (size_t i = 0; i < COUNT(rewrites); i++) {
		if (!str_is(name, rewrites[i].name) || !same(value, rewrites[i].value))
			continue;
		if (n-- == 0) {
			*ret_word = rewrites[i].word;
			return rewrites[i].field;
		}
	}
	return FIELD_none;
}

bool sigma_is_rewritten(struct str name)
{
	for (size_t i = 0; i < COUNT(rewrites); i++)
		if (str_is(name, rewrites[i].name))
			return true;
	return false;
}
