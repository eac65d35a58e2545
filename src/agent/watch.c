#include "agent/watch.h"
#include "agent/watch_rules.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "base/file.h"
#include "base/yaml.h"

#define PATHS_MAX	 1024
#define NAMES_MAX	 192 /* the probe looks at no more than 256 */
#define HOMES_MAX	 256
#define FILE_LIMIT_BYTES ((size_t)256 * 1024)

struct collecting {
	struct arena *arena;
	struct err *err;
	const char **paths, **writes, **names;
	size_t path_count, write_count, name_count;
	bool writes_listed; /* in the file at hand */
	const char *homes[HOMES_MAX];
	size_t home_count;
};

static int add(
	const struct collecting *c, const char **list, size_t *count, size_t max, struct str text)
{
	for (size_t i = 0; i < *count; i++)
		if (str_is(text, list[i]))
			return 0;
	if (*count == max)
		return err_set(c->err, -ENOSPC, "more than %zu watched paths or names", max);
	list[*count] = arena_cstr(c->arena, text);
	return list[(*count)++] == NULL ? err_set(c->err, -ENOMEM, "out of memory") : 0;
}

/* Home directories of people and of root, not of daemons. */
static void find_homes(struct collecting *c)
{
	const struct passwd *entry;

	setpwent();
	while ((entry = getpwent()) != NULL && c->home_count < HOMES_MAX) {
		bool person = entry->pw_uid == 0 || entry->pw_uid >= 500;
		if (person && entry->pw_dir != NULL && entry->pw_dir[0] == '/' &&
			entry->pw_dir[1] != '\0' && strcmp(entry->pw_dir, "/nonexistent") != 0)
			c->homes[c->home_count++] = arena_cstr(c->arena, str_of(entry->pw_dir));
	}
	endpwent();
}

static int add_home_path(struct collecting *c, bool writes, struct str path)
{
	const char **list = writes ? c->writes : c->paths;
	size_t *list_count = writes ? &c->write_count : &c->path_count;
	int rc = 0;

	if (c->home_count == 0)
		find_homes(c);
	for (size_t i = 0; i < c->home_count && rc == 0; i++) {
		if (c->homes[i] == NULL)
			continue;
		struct str whole = arena_printf(c->arena, "%s/%.*s", c->homes[i], STR_ARG(path));
		rc = add(c, list, list_count, PATHS_MAX, whole);
	}
	return rc;
}

static int read_pair(struct collecting *c, const char *file, const struct yaml_pair *pair)
{
	struct str key = pair->key->text;
	const struct yaml_node *list = pair->value;
	int rc = 0;

	if (list->kind != YAML_KIND_LIST)
		return err_set(c->err, -EINVAL, "%s:%u: expected a list", file, list->line);
	bool writes = str_is(key, "write_paths"), home_writes = str_is(key, "home_write_paths");
	c->writes_listed |= writes || home_writes;
	for (uint32_t i = 0; i < list->count && rc == 0; i++) {
		struct str text = yaml_scalar(list->items[i]);
		if (str_is(key, "read_paths"))
			rc = add(c, c->paths, &c->path_count, PATHS_MAX, text);
		else if (str_is(key, "home_paths"))
			rc = add_home_path(c, false, text);
		else if (writes)
			rc = add(c, c->writes, &c->write_count, PATHS_MAX, text);
		else if (home_writes)
			rc = add_home_path(c, true, text);
		else if (str_is(key, "environment"))
			rc = add(c, c->names, &c->name_count, NAMES_MAX, text);
		else
			rc = err_set(c->err, -EINVAL,
				"%s:%u: unknown key '%.*s'; known are read_paths, home_paths, "
				"write_paths, home_write_paths, environment",
				file, pair->key->line, STR_ARG(key));
	}
	return rc;
}

static int read_file(struct collecting *c, const char *file)
{
	struct yaml_reader reader;
	struct yaml_node *root = NULL;
	struct str text;
	int rc = file_read(file, FILE_LIMIT_BYTES, c->arena, &text, c->err);

	if (rc != 0)
		return rc;
	yaml_reader_init(&reader, text, file);
	rc = yaml_next(&reader, c->arena, &root, c->err);
	if (rc <= 0)
		return rc;
	if (root->kind != YAML_KIND_MAP)
		return err_set(c->err, -EINVAL, "%s:%u: expected keys and lists", file, root->line);
	rc = 0;
	for (uint32_t i = 0; i < root->count && rc == 0; i++)
		rc = read_pair(c, file, &root->pairs[i]);
	return rc;
}

static void need_environment(void *context, struct str name)
{
	struct collecting *c = context;

	if (c->name_count < NAMES_MAX)
		(void)add(c, c->names, &c->name_count, NAMES_MAX, name);
}

static void need_path(void *context, struct str path)
{
	struct collecting *c = context;

	if (c->path_count < PATHS_MAX)
		(void)add(c, c->paths, &c->path_count, PATHS_MAX, path);
}

static void need_home_path(void *context, struct str path)
{
	struct collecting *c = context;

	if (c->path_count + HOMES_MAX <= PATHS_MAX)
		(void)add_home_path(c, false, path);
}

static int read_rule_path(struct collecting *c, const char *path, bool *ret_writes_listed)
{
	struct str file = arena_printf(c->arena, "%s/watch.yml", path);
	int rc = 0;

	c->writes_listed = false;
	if (file.ptr != NULL && access(file.ptr, R_OK) == 0)
		rc = read_file(c, file.ptr);
	*ret_writes_listed = c->writes_listed;
	return rc;
}

int watch_read(const struct ruleset *rules, const char *const *rule_paths, size_t count,
	const struct config *config, struct arena *arena, struct watch *ret, struct err *err)
{
	struct collecting c = {.arena = arena, .err = err};
	bool all_listed = count > 0, listed = false;
	int rc = 0;

	c.paths = arena_alloc(arena, PATHS_MAX * sizeof(char *));
	c.writes = arena_alloc(arena, PATHS_MAX * sizeof(char *));
	c.names = arena_alloc(arena, NAMES_MAX * sizeof(char *));
	if (c.paths == NULL || c.writes == NULL || c.names == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = read_rule_path(&c, rule_paths[i], &listed);
		all_listed &= listed;
	}
	for (size_t i = 0; i < config->read_paths.count && rc == 0; i++)
		rc = add(
			&c, c.paths, &c.path_count, PATHS_MAX, str_of(config->read_paths.items[i]));
	for (size_t i = 0; i < config->environment.count && rc == 0; i++)
		rc = add(&c, c.names, &c.name_count, NAMES_MAX,
			str_of(config->environment.items[i]));
	if (rc != 0)
		return rc;
	const struct watch_needs needs = {&c, need_environment, need_path, need_home_path};
	watch_rules(rules, &needs);
	*ret = (struct watch){
		.read_paths = {c.paths, c.path_count},
		.write_paths = {c.writes, c.write_count},
		.environment = {c.names, c.name_count},
		.writes_listed = all_listed,
	};
	return 0;
}
