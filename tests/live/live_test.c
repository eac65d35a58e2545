/* live-test SENSOR [ACT]: does every act, or one, and prints TAP. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "scene.h"

#define PATIENCE_NS (4 * NS_PER_S)   /* for what must come */
#define GRACE_NS    (60 * NS_PER_MS) /* for what must not */
#define PIDS_MAX    64

struct stage {
	const struct sensor_ops *ops;
	struct sensor *sensor;
	struct sensor_config config;
	struct fields *fields;
	struct batch *batch;
	char watched[256], dir[192];
	const char *watched_list[2];
	/* the act at hand */
	const struct act *act;
	uint32_t pids[PIDS_MAX];
	unsigned pid_count;
	unsigned met, broken; /* bits by expectation */
	char near[1024];      /* an event of the right kind that did not match */
};

static int number, failures;

const char *helper_path(void)
{
	static char path[4096];
	if (path[0] == 0 && readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		return "/bin/true";
	return path;
}

static void result(const char *name, bool ok, const char *skip)
{
	printf("%sok %d - %s%s%s\n", ok ? "" : "not ", ++number, name, skip ? " # SKIP " : "",
		skip ? skip : "");
	failures += !ok;
}

static bool is_ours(struct stage *s, const struct event *event)
{
	const struct value *pid = event_get(event, FIELD_process_pid);
	const struct value *parent = event_get(event, FIELD_process_parent_pid);
	bool ours = false, child = false;
	for (unsigned i = 0; pid != NULL && i < s->pid_count; i++) {
		ours |= pid->i64 == s->pids[i];
		child |= parent != NULL && parent->i64 == s->pids[i];
	}
	if (!ours && child && s->pid_count < PIDS_MAX)
		s->pids[s->pid_count++] = (uint32_t)pid->i64;
	return ours || child;
}

/* Puts directory and pid into a pattern. */
static void fill(const struct stage *s, const char *pattern, char *out, size_t size)
{
	size_t len = 0;
	for (const char *p = pattern; *p != 0 && len + 1 < size; p++) {
		if (p[0] == '%' && (p[1] == 'D' || p[1] == 'P')) {
			int n = p[1] == 'D' ? snprintf(out + len, size - len, "%s", s->dir)
					    : snprintf(out + len, size - len, "%u", s->pids[0]);
			len += n > 0 ? (size_t)n : 0;
			p++;
		} else {
			out[len++] = *p;
		}
	}
	out[len < size ? len : size - 1] = 0;
}

static bool value_is(const struct value *v, const char *text)
{
	char room[VALUE_TEXT_BYTES];
	if (v == NULL)
		return false;
	if (v->type == VALUE_LIST) {
		for (uint32_t i = 0; i < v->len; i++)
			if (value_is(&v->items[i], text))
				return true;
		return false;
	}
	struct str got = value_as_text(v, room);
	return text[0] == '~' ? str_find(got, str_of(text + 1)) >= 0 : str_is(got, text);
}

static bool matches(const struct stage *s, const struct event *event, const struct expect *expect)
{
	char text[8192];
	if (event->kind != expect->kind)
		return false;
	for (int i = 0; i < WHERE_MAX && expect->where[i].field != FIELD_none; i++) {
		const struct where *w = &expect->where[i];
		const struct value *v = event_get(event, w->field);
		if (w->text[0] == '!') {
			if (v != NULL)
				return false;
			continue;
		}
		fill(s, w->text, text, sizeof(text));
		if (!value_is(v, text))
			return false;
	}
	return true;
}

static void remember_near(struct stage *s, const struct event *event, const struct expect *expect)
{
	size_t len = 0;
	if (event->kind != expect->kind)
		return;
	for (int i = 0; i < WHERE_MAX && expect->where[i].field != FIELD_none; i++) {
		char room[VALUE_TEXT_BYTES];
		const struct value *v = event_get(event, expect->where[i].field);
		if (v != NULL && v->type == VALUE_LIST && v->len > 0)
			v = &v->items[0];
		struct str got = v == NULL ? STR("(none)") : value_as_text(v, room);
		if (len < sizeof(s->near) - 1)
			len += (size_t)snprintf(s->near + len, sizeof(s->near) - len, "%s=%.*s; ",
				schema_field(expect->where[i].field)->name,
				(int)(got.len > 120 ? 120 : got.len), got.ptr);
	}
}

static void look(struct stage *s, const struct event *event)
{
	if (!is_ours(s, event))
		return;
	for (unsigned i = 0; i < EXPECT_MAX && s->act->must[i].kind != 0; i++) {
		if (matches(s, event, &s->act->must[i]))
			s->met |= 1u << i;
		else if (!(s->met >> i & 1))
			remember_near(s, event, &s->act->must[i]);
	}
	for (unsigned i = 0; i < EXPECT_MAX && s->act->never[i].kind != 0; i++)
		if (matches(s, event, &s->act->never[i]))
			s->broken |= 1u << i;
}

static unsigned wanted_bits(const struct act *act)
{
	unsigned bits = 0;
	for (unsigned i = 0; i < EXPECT_MAX && act->must[i].kind != 0; i++)
		bits |= 1u << i;
	return bits;
}

static bool pump(struct stage *s, int timeout_ms)
{
	struct err err;
	if (s->ops->next(s->sensor, s->batch, timeout_ms, &err) < 0)
		return false;
	for (uint32_t i = 0; i < s->batch->count; i++)
		look(s, s->batch->events[i]);
	batch_clear(s->batch);
	return true;
}

static void watch(struct stage *s)
{
	uint64_t now = clock_monotonic_ns(), patience = now + PATIENCE_NS, grace = now + GRACE_NS;
	while (now < grace || (s->met != wanted_bits(s->act) && now < patience)) {
		if (!pump(s, 20))
			return;
		now = clock_monotonic_ns();
	}
}

/* The child waits until the sensor knows it, acts, and the grandchildren it left are reaped by
 * init. Returns its status, -1 when it died. */
static int do_act(struct stage *s)
{
	int gate[2], status = 0;
	char go = 1;
	struct err err;
	if (pipe2(gate, O_CLOEXEC) < 0)
		return -1;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (read(gate[0], &go, 1) != 1 || chdir(s->dir) < 0)
			_exit(1);
		_exit(s->act->run(s->dir));
	}
	s->pids[0] = (uint32_t)pid;
	s->pid_count = 1;
	struct sensor_want want = s->config.want;
	if (s->act->flags & AUDITED) {
		want.audit_pids = s->pids;
		want.audit_pid_count = 1;
		(void)s->ops->want(s->sensor, &want, &err);
	}
	bool gone = write(gate[1], &go, 1) != 1;
	while (!gone && pump(s, 5))
		gone = waitpid(pid, &status, WNOHANG) != 0;
	close(gate[0]);
	close(gate[1]);
	watch(s);
	if (s->act->flags & AUDITED)
		(void)s->ops->want(s->sensor, &s->config.want, &err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void complain(
	const struct stage *s, const struct expect *list, unsigned bits, const char *what)
{
	for (unsigned i = 0; i < EXPECT_MAX && list[i].kind != 0; i++) {
		if (!(bits >> i & 1))
			continue;
		printf("# %s: %s", what, schema_kind(list[i].kind)->ident);
		for (int k = 0; k < WHERE_MAX && list[i].where[k].field != FIELD_none; k++) {
			char text[8192];
			fill(s, list[i].where[k].text, text, sizeof(text));
			printf(", %s=%.200s", schema_field(list[i].where[k].field)->name, text);
		}
		printf("\n");
	}
}

static void perform(struct stage *s, const struct act *act)
{
	if (act->flags & NEEDS_BPF && strcmp(s->ops->name, "bpf") != 0)
		return;
	s->act = act;
	s->met = s->broken = 0;
	s->near[0] = 0;
	snprintf(s->dir, sizeof(s->dir), "%.100s/%.60s", s->watched, act->name);
	if (mkdir(s->dir, 0755) < 0 && errno != EEXIST) {
		result(act->name, false, NULL);
		return;
	}
	int status = do_act(s);
	if (status == ACT_SKIP) {
		result(act->name, true, "this machine cannot do it");
		return;
	}
	unsigned missing = wanted_bits(act) & ~s->met;
	result(act->name, status == 0 && missing == 0 && s->broken == 0, NULL);
	if (status != 0)
		printf("# the act itself ended with %d\n", status);
	complain(s, act->must, missing, "missing");
	complain(s, act->never, s->broken, "must not come");
	if (missing && s->near[0] != 0)
		printf("# came: %s\n", s->near);
}

static bool set_up(struct stage *s, const char *name, struct err *err)
{
	static const char *const names[] = {"MERLON_ODD"};
	struct sensor_want *want = &s->config.want;
	s->ops = sensor_live_by_name(str_of(name));
	if (s->ops == NULL || fields_create(&s->fields, err) < 0)
		return false;
	fields_want_all(s->fields);
	for (unsigned kind = 1; kind < KIND_MAX; kind++)
		sensor_want_kind(want, (enum event_kind)kind);
	snprintf(s->watched, sizeof(s->watched), "/tmp/merlon-live-XXXXXX");
	if (mkdtemp(s->watched) == NULL || fields_freeze(s->fields, err) < 0)
		return false;
	static char prefix[300];
	snprintf(prefix, sizeof(prefix), "%s/read", s->watched);
	s->watched_list[0] = prefix;
	want->fields = s->fields;
	want->read_paths = s->watched_list;
	want->read_path_count = 1;
	want->env_names = names;
	want->env_name_count = 1;
	return batch_create(s->fields, &s->batch) == 0;
}

static void tear_down(struct stage *s)
{
	char *const argv[] = {"rm", "-rf", s->watched, NULL};
	if (s->sensor != NULL)
		s->ops->close(s->sensor);
	batch_destroy(s->batch);
	fields_destroy(s->fields);
	fflush(stdout);
	if (s->watched[0] == '/' && failures == 0)
		execv("/bin/rm", argv);
}

int main(int argc, char **argv)
{
	static const struct act *const lists[] = {
		acts_process, acts_file, acts_network, acts_other};
	struct stage s = {0};
	struct err err = {0};
	const char *only = argc > 2 ? argv[2] : NULL;

	if (getenv("MERLON_LINGER") != NULL)
		return usleep(100000) != 0;
	if (argc < 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid() != 0) {
		result(argv[1], true, "needs root");
		return 0;
	}
	bool ready = set_up(&s, argv[1], &err);
	int r = ready ? s.ops->open(&s.config, &s.sensor, &err) : -EINVAL;
	if (r == 0)
		r = s.ops->start(s.sensor, &err);
	if (r == -EPERM) {
		result(argv[1], true, err.text);
	} else if (r < 0) {
		result(argv[1], false, NULL);
		printf("# %s\n", err.text);
	}
	for (size_t i = 0; r == 0 && i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct act *act = lists[i]; act->name != NULL; act++)
			if (only == NULL || strcmp(only, act->name) == 0)
				perform(&s, act);
	printf("1..%d\n", number);
	tear_down(&s);
	return failures > 0;
}
