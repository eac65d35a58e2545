#include "detect/rule_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/err.h"
#include "detect/sigma/sigma.h"

#define DEPTH_MAX      32
#define PATH_BYTES_MAX 4096

struct walk {
	struct ruleset *set;
	const struct rule_file_options *options;
	struct sigma_loader *sigma;
	struct rule_results results;
	struct err *err; /* of the first path that failed */
	int rc;
};

static void failed(struct walk *walk, int rc, const struct err *err)
{
	if (walk->rc != 0 || rc == 0)
		return;
	walk->rc = rc;
	if (walk->err != NULL)
		*walk->err = *err;
}

static bool has_suffix(const char *path, const char *suffix)
{
	return str_ends(str_of(path), str_of(suffix));
}

static void take_file(struct walk *walk, const char *path)
{
	struct err err = {0};
	int rc = has_suffix(path, ".toml")
			 ? eql_load_file(walk->set, &walk->options->eql, path, &walk->results, &err)
			 : sigma_load_file(walk->sigma, path, &err);

	failed(walk, rc, &err);
}

static void take_directory(struct walk *walk, const char *path, unsigned depth);

/* An entry of a directory. */
static void take_entry(struct walk *walk, const char *path, unsigned depth)
{
	struct stat own, target;

	if (lstat(path, &own) != 0 || stat(path, &target) != 0)
		return; /* gone meanwhile, or a link to nowhere */
	if (S_ISDIR(own.st_mode))
		take_directory(walk, path, depth + 1);
	else if (S_ISREG(target.st_mode) &&
		 (has_suffix(path, ".yml") || has_suffix(path, ".yaml") ||
			 has_suffix(path, ".toml")))
		take_file(walk, path);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* the same in every locale */
}

static void take_directory(struct walk *walk, const char *path, unsigned depth)
{
	struct dirent **entries = NULL;
	struct err err = {0};
	char full[PATH_BYTES_MAX];

	if (depth > DEPTH_MAX) {
		failed(walk, err_set(&err, -ELOOP, "%s: directories nested too deep", path), &err);
		return;
	}
	int count = scandir(path, &entries, is_visible, by_name);
	if (count < 0) {
		failed(walk, err_set(&err, -errno, "%s: %s", path, strerror(errno)), &err);
		return;
	}
	for (int i = 0; i < count; i++) {
		const char *slash = has_suffix(path, "/") ? "" : "/";
		int len = snprintf(full, sizeof(full), "%s%s%s", path, slash, entries[i]->d_name);
		if (len > 0 && (size_t)len < sizeof(full))
			take_entry(walk, full, depth);
		free(entries[i]);
	}
	free(entries);
}

int rule_files_load(struct ruleset *set, const struct rule_file_options *options,
	const char *const *paths, uint32_t path_count, rule_result_fn *report, void *context,
	struct err *err)
{
	struct walk walk = {.set = set, .options = options, .err = err};
	struct stat st;
	int rc = sigma_create(set, &options->sigma, &walk.results, &walk.sigma, err);

	if (rc != 0)
		return rc;
	for (uint32_t i = 0; i < path_count; i++) {
		if (stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			take_directory(&walk, paths[i], 0);
		else
			take_file(&walk, paths[i]);
	}
	rc = sigma_finish(walk.sigma, walk.rc == 0 ? err : NULL);
	sigma_destroy(walk.sigma);
	rule_results_report(&walk.results, report, context);
	return walk.rc != 0 ? walk.rc : rc;
}
