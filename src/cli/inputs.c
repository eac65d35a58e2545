#include "cli/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "cli/read_ahead.h"
#include "cli/terminal.h"

#define DIRECTORY_DEPTH_MAX 32
#define PROGRESS_NS	    (NS_PER_S / 2)
#define REPORTS_MAX	    100 /* told one by one for each run; the summary counts all */

const char *const inputs_formats[] = {
	"auto", "ecs", "eslogger", "es-json", "jamf", "bsm", "audit", "syslog", "merlon", NULL};

/* ---- names ---- */

static int add_name(struct inputs *inputs, size_t *capacity, const char *name)
{
	if (inputs->count == *capacity) {
		size_t more = *capacity == 0 ? 16 : *capacity * 2;
		const char **grown = realloc(inputs->names, more * sizeof(char *));
		if (grown == NULL)
			return -ENOMEM;
		inputs->names = grown;
		*capacity = more;
	}
	inputs->names[inputs->count++] = name;
	return 0;
}

static int add_path(
	struct inputs *inputs, size_t *capacity, const char *path, unsigned depth, struct err *err);

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Recursion is bounded by DIRECTORY_DEPTH_MAX. */
static int add_directory(
	struct inputs *inputs, size_t *capacity, const char *path, unsigned depth, struct err *err)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, not_hidden, by_name);
	int rc = 0;

	if (count < 0)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		struct str child = {0};
		if (rc == 0) {
			child = arena_printf(&inputs->arena, "%s/%s", path, entries[i]->d_name);
			rc = child.ptr == NULL
				     ? err_set(err, -ENOMEM, "%s: out of memory", path)
				     : add_path(inputs, capacity, child.ptr, depth + 1, err);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

/* Below a directory only files count, and links to files: other links may lead in a circle, and a
 * pipe would be waited for. */
static bool is_passed_over(const char *path, const struct stat *st)
{
	struct stat link;

	if (S_ISDIR(st->st_mode))
		return lstat(path, &link) == 0 && S_ISLNK(link.st_mode);
	return !S_ISREG(st->st_mode);
}

static int add_path(
	struct inputs *inputs, size_t *capacity, const char *path, unsigned depth, struct err *err)
{
	struct stat st;
	bool known = (depth > 0 || strcmp(path, "-") != 0) && stat(path, &st) == 0;

	if (known && depth > 0 && is_passed_over(path, &st))
		return 0;
	if (known && S_ISDIR(st.st_mode)) {
		if (depth >= DIRECTORY_DEPTH_MAX)
			return err_set(err, -ELOOP, "%s: directories nested too deeply", path);
		return add_directory(inputs, capacity, path, depth, err);
	}
	int rc = add_name(inputs, capacity, path);
	return rc == 0 ? 0 : err_set(err, rc, "%s: out of memory", path);
}

int inputs_collect(const struct args *args, unsigned first, struct inputs *ret, struct err *err)
{
	struct inputs inputs = {0};
	size_t capacity = 0;
	unsigned count;
	const char *const *operands = args_operands(args, &count);
	int rc = 0;

	arena_init(&inputs.arena, 0);
	for (unsigned i = first; i < count && rc == 0; i++)
		rc = add_path(&inputs, &capacity, operands[i], 0, err);
	if (rc != 0) {
		inputs_destroy(&inputs);
		return rc;
	}
	*ret = inputs;
	return 0;
}

void inputs_destroy(struct inputs *inputs)
{
	free(inputs->names);
	arena_destroy(&inputs->arena);
}

bool inputs_have(const struct inputs *inputs, const char *path)
{
	struct stat wanted, st;

	if (strcmp(path, "-") == 0 || stat(path, &wanted) != 0 || !S_ISREG(wanted.st_mode))
		return false;
	for (size_t i = 0; i < inputs->count; i++) {
		bool there = strcmp(inputs->names[i], "-") == 0 ? fstat(STDIN_FILENO, &st) == 0
								: stat(inputs->names[i], &st) == 0;
		if (there && st.st_dev == wanted.st_dev && st.st_ino == wanted.st_ino)
			return true;
	}
	return false;
}

/* ---- reading ---- */

struct run {
	bool quiet, progress;
	uint64_t reports, told_before;
	uint64_t next_progress_ns;
};

static void report(void *context, const struct sensor_report *r)
{
	struct run *run = context;

	run->reports++;
	if (run->quiet || run->reports > REPORTS_MAX || run->reports <= run->told_before)
		return;
	if (run->progress)
		(void)fputs("\r\033[K", stderr);
	terminal_text(stderr, str_of(r->input));
	if (r->line != 0)
		(void)fprintf(stderr, ":%llu:%llu", (unsigned long long)r->line,
			(unsigned long long)r->column);
	else
		(void)fprintf(stderr, ": byte %llu", (unsigned long long)r->offset);
	(void)fputs(": ", stderr);
	terminal_text(stderr, str_of(r->reason));
	(void)fputc('\n', stderr);
	if (run->reports == REPORTS_MAX)
		(void)fputs("further broken records are only counted\n", stderr);
}

static void show_progress(void *context, const struct sensor *sensor)
{
	struct run *run = context;
	struct sensor_stats stats;
	uint64_t now = clock_monotonic_ns();

	if (!run->progress || now < run->next_progress_ns)
		return;
	run->next_progress_ns = now + PROGRESS_NS;
	sensor->ops->stats(sensor, &stats);
	(void)fprintf(stderr, "\r\033[K%llu records, %llu MiB read",
		(unsigned long long)stats.records, (unsigned long long)(stats.bytes >> 20));
}

static int read_all(
	struct sensor *sensor, struct run *run, struct pipeline *pipeline, struct err *err)
{
	for (;;) {
		struct batch *batch = pipeline_take(pipeline);
		if (batch == NULL)
			return err_set(err, -ENOMEM, "out of memory");
		int taken = sensor->ops->next(sensor, batch, 1000, err);
		int rc = pipeline_give(pipeline, batch, err);
		if (taken < 0 || rc != 0)
			return taken < 0 && rc == 0 ? taken : rc;
		show_progress(run, sensor);
	}
}

int inputs_run(const struct inputs *inputs, const struct inputs_options *options,
	struct pipeline *pipeline, struct sensor_stats *ret_stats, struct err *err)
{
	const char *format = options->format == NULL ? "auto" : options->format;
	struct run run = {.quiet = options->quiet,
		.told_before = options->told == NULL ? 0 : *options->told,
		.progress = !options->quiet && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)};
	struct sensor_config config = {
		.inputs = inputs->names,
		.input_count = inputs->count,
		.report = report,
		.report_context = &run,
		.documents = options->documents,
		.batch_events = options->batch_events,
	};
	const struct sensor_ops *ops = sensor_by_name(str_of(format));
	struct sensor *sensor = NULL;

	config.want.fields = pipeline_engine(pipeline)->fields;
	memset(config.want.kinds, 0xff, sizeof(config.want.kinds));
	if (ops == NULL)
		return err_set(err, -EINVAL, "this build cannot read the format '%s'", format);
	int rc = ops->open(&config, &sensor, err);
	if (rc == 0)
		rc = ops->start(sensor, err);
	if (rc == 0 && options->threads == 2)
		rc = read_ahead(sensor, pipeline, show_progress, &run, err);
	else if (rc == 0)
		rc = read_all(sensor, &run, pipeline, err);
	if (rc == -ENODATA)
		rc = pipeline_finish(pipeline, err);
	if (run.progress)
		(void)fputs("\r\033[K", stderr);
	if (options->told != NULL && run.reports > *options->told)
		*options->told = run.reports;
	if (sensor != NULL) {
		ops->stats(sensor, ret_stats);
		ops->close(sensor);
	}
	return rc;
}

/* ---- rules ---- */

int inputs_rules(const struct args *args, bool shipped, struct arena *arena,
	const char *const **ret_paths, size_t *ret_count, struct err *err)
{
	unsigned count = args_value_count(args, "rules");
	const char **paths = arena_alloc(arena, (count + 1) * sizeof(char *));

	if (paths == NULL)
		return err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < count; i++)
		paths[i] = args_value_at(args, "rules", i);
	if (count == 0 && shipped) {
		char path[4096];
		int rc = engine_shipped_rules(path, sizeof(path), err);
		if (rc != 0)
			return rc;
		paths[count] = arena_cstr(arena, str_of(path));
		if (paths[count++] == NULL)
			return err_set(err, -ENOMEM, "out of memory");
	}
	*ret_paths = paths;
	*ret_count = count;
	return 0;
}

void inputs_report_rule(void *context, const struct rule_result *result)
{
	const bool *quiet = context;

	if (*quiet || result->status != RULE_REFUSED)
		return;
	terminal_text(stderr, result->file);
	(void)fprintf(stderr, ":%u: rule refused: ", result->line);
	terminal_text(stderr, result->reason);
	(void)fputc('\n', stderr);
}
