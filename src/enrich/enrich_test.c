#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/err.h"
#include "enrich/container.h"
#include "enrich/enrich.h"
#include "enrich/hash.h"
#include "enrich/seed.h"
#include "event/ecs.h"
#include "os/users.h"

struct fixture {
	struct fields *fields;
	struct batch *batch;
	struct view *view;
	struct enrich *enrich;
};

static void set_up(struct fixture *f, uint32_t node_limit)
{
	struct enrich_options options = {.graph.node_limit = node_limit};

	assert_int_equal(fields_create(&f->fields, NULL), 0);
	for (unsigned i = 0; i < schema_field_count; i++)
		fields_want(f->fields, schema_fields[i].number);
	enrich_want(f->fields, &options);
	assert_int_equal(fields_freeze(f->fields, NULL), 0);
	assert_int_equal(batch_create(f->fields, &f->batch), 0);
	assert_int_equal(view_create(f->fields, &f->view), 0);
	assert_int_equal(enrich_create(f->fields, &options, &f->enrich, NULL), 0);
}

static void tear_down(struct fixture *f)
{
	enrich_destroy(f->enrich);
	view_destroy(f->view);
	batch_destroy(f->batch);
	fields_destroy(f->fields);
}

/* Runs the event being built. */
static const struct process *run(struct fixture *f)
{
	struct event *event = event_commit(f->batch);

	assert_non_null(event);
	view_load(f->view, event);
	enrich_event(f->enrich, f->view);
	return enrich_actor(f->enrich);
}

static const struct process *fork_of(struct fixture *f, uint64_t s, unsigned pid, unsigned parent)
{
	event_begin(f->batch, KIND_process_fork, s * NS_PER_S);
	ev_uint(f->batch, FIELD_process_pid, pid);
	ev_uint(f->batch, FIELD_process_parent_pid, parent);
	ev_uint(f->batch, FIELD_process_start, s * NS_PER_S);
	return run(f);
}

static const struct process *exec_of(
	struct fixture *f, uint64_t s, unsigned pid, const char *path, const char *argument)
{
	struct str args[2] = {str_basename(str_of(path)), str_of(argument)};

	event_begin(f->batch, KIND_process_exec, s * NS_PER_S);
	ev_uint(f->batch, FIELD_process_pid, pid);
	ev_cstr(f->batch, FIELD_process_executable, path);
	ev_list(f->batch, FIELD_process_args, args, argument == NULL ? 1 : 2);
	return run(f);
}

static const struct process *act_of(struct fixture *f, uint64_t s, unsigned pid)
{
	event_begin(f->batch, KIND_file_open, s * NS_PER_S);
	ev_uint(f->batch, FIELD_process_pid, pid);
	ev_cstr(f->batch, FIELD_file_path, "/etc/hosts.allow");
	return run(f);
}

static const struct process *exit_of(struct fixture *f, uint64_t s, unsigned pid)
{
	event_begin(f->batch, KIND_process_exit, s * NS_PER_S);
	ev_uint(f->batch, FIELD_process_pid, pid);
	return run(f);
}

static void accept_of(struct fixture *f, uint64_t s, unsigned pid, const char *ip)
{
	event_begin(f->batch, KIND_network_accept, s * NS_PER_S);
	ev_uint(f->batch, FIELD_process_pid, pid);
	ev_cstr(f->batch, FIELD_source_ip, ip);
	run(f);
}

static void document(struct fixture *f, const char *json)
{
	struct event *event;
	size_t offset;
	struct err err = {0};

	assert_int_equal(ecs_decode(f->batch, str_of(json), NULL, &event, &offset, &err), 0);
	view_load(f->view, event);
	enrich_event(f->enrich, f->view);
}

static const char *shown(struct fixture *f, field_id id)
{
	static char text[4][512];
	static unsigned turn;
	char number[VALUE_TEXT_BYTES];
	const struct value *value = view_get(f->view, id);
	char *out = text[turn++ % 4];

	if (value == NULL)
		return "(none)";
	if (value->type == VALUE_LIST)
		value = &value->items[0];
	struct str s = value_as_text(value, number);
	(void)snprintf(out, sizeof(text[0]), "%.*s", STR_ARG(s));
	return out;
}
#define SHOWN(name) shown(&f, FIELD_##name)

static void enrich__facts_of_a_process_reach_its_later_acts(void **state)
{
	struct fixture f;

	set_up(&f, 0);
	exec_of(&f, 10, 100, "/bin/bash", "-i");
	fork_of(&f, 11, 101, 100);
	assert_string_equal(SHOWN(process_executable), "/bin/bash");
	assert_int_equal(f.view->also_kind, KIND_none);
	exec_of(&f, 12, 101, "/usr/bin/curl", "http://a/");
	assert_string_equal(SHOWN(process_parent_command_line), "bash -i");
	act_of(&f, 13, 101);
	assert_string_equal(SHOWN(process_name), "curl");
	assert_string_equal(SHOWN(process_command_line), "curl http://a/");
	assert_string_equal(SHOWN(process_args_count), "2");
	assert_string_equal(SHOWN(process_parent_executable), "/bin/bash");
	assert_string_equal(SHOWN(process_parent_pid), "100");
	assert_string_equal(SHOWN(file_name), "hosts.allow");
	assert_string_equal(SHOWN(file_extension), "allow");
	assert_string_equal(SHOWN(file_directory), "/etc");
	assert_string_equal(SHOWN(event_action), "open");
	assert_string_equal(SHOWN(event_category), "file");
	assert_string_equal(SHOWN(process_Ext_ancestry), SHOWN(process_parent_entity_id));
	tear_down(&f);
}

static void enrich__a_reused_pid_is_another_process(void **state)
{
	struct fixture f;
	char first[64];

	set_up(&f, 0);
	exec_of(&f, 10, 1, "/sbin/init", NULL);
	fork_of(&f, 11, 50, 1);
	exec_of(&f, 11, 50, "/bin/first", NULL);
	(void)snprintf(first, sizeof(first), "%s", SHOWN(process_entity_id));
	/* its end was lost */
	fork_of(&f, 400, 50, 1);
	assert_string_equal(SHOWN(process_executable), "/sbin/init");
	exec_of(&f, 400, 50, "/bin/second", NULL);
	assert_string_not_equal(SHOWN(process_entity_id), first);
	assert_int_equal(enrich_stats(f.enrich).reused_pids, 1);
	/* a late event of the first is told by its start */
	event_begin(f.batch, KIND_file_open, 401 * NS_PER_S);
	ev_uint(f.batch, FIELD_process_pid, 50);
	ev_uint(f.batch, FIELD_process_start, 11 * NS_PER_S);
	run(&f);
	assert_string_equal(SHOWN(process_executable), "/bin/first");
	/* with a new start, unknown */
	event_begin(f.batch, KIND_file_open, 900 * NS_PER_S);
	ev_uint(f.batch, FIELD_process_pid, 50);
	ev_uint(f.batch, FIELD_process_start, 899 * NS_PER_S);
	run(&f);
	assert_string_equal(SHOWN(process_executable), "(none)");
	tear_down(&f);
}

static void enrich__exec_without_fork_makes_a_generation(void **state)
{
	struct fixture f;
	char id[64];

	set_up(&f, 0);
	exec_of(&f, 9, 7, "/usr/sbin/cron", NULL);
	fork_of(&f, 10, 70, 7);
	event_begin(f.batch, KIND_process_exec, 10 * NS_PER_S);
	ev_uint(f.batch, FIELD_process_pid, 70);
	ev_cstr(f.batch, FIELD_process_executable, "/bin/sh");
	ev_cstr(f.batch, FIELD_process_working_directory, "/root");
	ev_cstr(f.batch, FIELD_process_user_id, "0");
	ev_cstr(f.batch, FIELD_process_hash_sha256, "aa");
	run(&f);
	(void)snprintf(id, sizeof(id), "%s", SHOWN(process_entity_id));
	const struct process *p = exec_of(&f, 11, 70, "/usr/bin/python3", NULL);
	assert_int_equal(p->generation, 2);
	assert_string_not_equal(SHOWN(process_entity_id), id);
	assert_string_equal(SHOWN(process_parent_executable), "/usr/sbin/cron");
	assert_string_equal(SHOWN(process_working_directory), "/root");
	assert_string_equal(SHOWN(user_id), "0");
	assert_string_equal(SHOWN(process_hash_sha256), "(none)");
	assert_string_equal(SHOWN(process_start), "1970-01-01T00:00:10.000Z");
	tear_down(&f);
}

static void enrich__lost_fork_and_lost_exec(void **state)
{
	struct fixture f;

	set_up(&f, 0);
	exec_of(&f, 10, 5, "/bin/zsh", NULL);
	event_begin(f.batch, KIND_process_exec, 11 * NS_PER_S);
	ev_uint(f.batch, FIELD_process_pid, 6);
	ev_uint(f.batch, FIELD_process_parent_pid, 5);
	ev_cstr(f.batch, FIELD_process_executable, "/bin/ls");
	run(&f);
	assert_string_equal(SHOWN(process_parent_name), "zsh");
	event_begin(f.batch, KIND_file_open, 12 * NS_PER_S);
	ev_uint(f.batch, FIELD_process_pid, 6);
	ev_cstr(f.batch, FIELD_process_executable, "/bin/cat");
	const struct process *p = run(&f);
	assert_int_equal(p->generation, 1);
	assert_string_equal(SHOWN(process_parent_name), "zsh");
	assert_int_equal(enrich_stats(f.enrich).lost_execs, 1);
	tear_down(&f);
}

static void enrich__two_sensors_may_tell_of_one_act(void **state)
{
	struct fixture f;
	char id[64];

	set_up(&f, 0);
	exec_of(&f, 9, 5, "/bin/zsh", NULL);
	fork_of(&f, 10, 6, 5);
	const struct process *p = fork_of(&f, 10, 6, 5);
	assert_int_equal(enrich_stats(f.enrich).graph.created, 2);
	exec_of(&f, 10, 6, "/bin/ls", "-l");
	(void)snprintf(id, sizeof(id), "%s", SHOWN(process_entity_id));
	exec_of(&f, 11, 6, "/bin/ls", "-l");
	assert_string_equal(SHOWN(process_entity_id), id);
	p = fork_of(&f, 10, 6, 5);
	assert_string_equal(SHOWN(process_entity_id), id);
	assert_int_equal(enrich_stats(f.enrich).graph.created, 3);
	/* later it is another run */
	p = exec_of(&f, 20, 6, "/bin/ls", "-l");
	assert_int_equal(p->generation, 2);
	assert_string_not_equal(SHOWN(process_entity_id), id);
	tear_down(&f);
}

static void enrich__documents_link_by_parent_id_alone(void **state)
{
	struct fixture f;

	set_up(&f, 0);
	document(&f, "{\"event\":{\"category\":\"process\",\"type\":\"start\",\"action\":\"exec\"},"
		     "\"host\":{\"id\":\"h\"},\"process\":{\"entity_id\":\"B\",\"pid\":9,"
		     "\"executable\":\"/bin/b\",\"parent\":{\"entity_id\":\"A\",\"pid\":8,"
		     "\"executable\":\"/bin/a\"},\"Ext\":{\"ancestry\":[\"A\",\"Z\"]}}}");
	assert_string_equal(SHOWN(process_parent_name), "a");
	document(&f,
		"{\"event\":{\"category\":\"file\",\"type\":\"change\"},\"host\":{\"id\":\"h\"},"
		"\"file\":{\"path\":\"/tmp/x.sh\"},\"process\":{\"entity_id\":\"C\","
		"\"parent\":{\"entity_id\":\"B\"}}}");
	assert_string_equal(SHOWN(process_parent_executable), "/bin/b");
	const struct graph *graph = enrich_graph(f.enrich);
	const struct process *p = enrich_actor(f.enrich);
	const char *ids[] = {"C", "B", "A", "Z"};
	for (unsigned i = 0; i < 4; i++) {
		assert_non_null(p);
		assert_true(str_is(process_text(graph, p, ATTR_entity_id, NULL), ids[i]));
		p = graph_get(graph, p->parent);
	}
	assert_null(p);
	/* the same ids on another host are others */
	document(&f,
		"{\"event\":{\"category\":\"file\",\"type\":\"change\"},\"host\":{\"id\":\"i\"},"
		"\"process\":{\"entity_id\":\"B\"}}");
	assert_string_equal(SHOWN(process_executable), "(none)");
	tear_down(&f);
}

static void enrich__circles_are_refused(void **state)
{
	struct fixture f;

	set_up(&f, 0);
	document(&f, "{\"event\":{\"category\":\"process\",\"type\":\"start\",\"action\":\"exec\"},"
		     "\"process\":{\"entity_id\":\"A\",\"parent\":{\"entity_id\":\"B\"}}}");
	document(&f, "{\"event\":{\"category\":\"process\",\"type\":\"start\",\"action\":\"exec\"},"
		     "\"process\":{\"entity_id\":\"B\",\"parent\":{\"entity_id\":\"A\"},"
		     "\"Ext\":{\"ancestry\":[\"A\",\"B\",\"A\"]}}}");
	const struct process *p = enrich_actor(f.enrich);
	assert_null(graph_get(enrich_graph(f.enrich), p->parent));
	tear_down(&f);
}

static void enrich__an_unseen_exec_is_judged_once(void **state)
{
	struct fixture f;
	static const char fork_text[] =
		"{\"event\":{\"category\":\"process\",\"type\":\"start\",\"action\":\"fork\"},"
		"\"process\":{\"entity_id\":\"C\",\"pid\":3,\"executable\":\"/bin/x\","
		"\"command_line\":\"x -y\",\"parent\":{\"entity_id\":\"P\","
		"\"executable\":\"/bin/x\"}}}";
	static const char end_text[] =
		"{\"event\":{\"category\":\"process\",\"type\":\"end\",\"action\":\"end\"},"
		"\"process\":{\"entity_id\":\"C\",\"pid\":3,\"executable\":\"/bin/x\","
		"\"command_line\":\"x -y\"}}";

	set_up(&f, 0);
	document(&f, fork_text);
	assert_int_equal(f.view->also_kind, KIND_process_exec);
	document(&f, end_text);
	assert_int_equal(f.view->also_kind, KIND_none);
	document(&f, "{\"event\":{\"category\":\"process\",\"type\":\"end\",\"action\":\"end\"},"
		     "\"process\":{\"entity_id\":\"D\",\"pid\":4,\"executable\":\"/bin/x\","
		     "\"command_line\":\"x -z\"}}");
	assert_int_equal(f.view->also_kind, KIND_process_exec);
	tear_down(&f);
}

static void enrich__the_table_stays_bounded(void **state)
{
	struct fixture f;

	set_up(&f, 64);
	exec_of(&f, 1, 1, "/sbin/init", NULL);
	for (unsigned i = 0; i < 5000; i++) {
		char path[64];
		(void)snprintf(path, sizeof(path), "/bin/program-%u", i);
		fork_of(&f, 10 + i, 100 + i, 1);
		exec_of(&f, 10 + i, 100 + i, path, "argument");
		assert_string_equal(SHOWN(process_parent_executable), "/sbin/init");
		if (i % 7 != 0) /* some never end */
			exit_of(&f, 10 + i, 100 + i);
		batch_clear(f.batch);
	}
	struct enrich_stats stats = enrich_stats(f.enrich);
	assert_true(stats.graph.nodes <= 64);
	assert_true(stats.graph.evicted_dead > 0 && stats.graph.evicted_live > 0);
	assert_int_equal(stats.graph.created, 10001);
	assert_true(stats.graph.text.count < 64 * 8);
	tear_down(&f);
}

static void enrich__text_memory_stays_bounded(void **state)
{
	struct text_pool *pool;
	uint32_t ids[64] = {0};
	char text[3000];

	assert_int_equal(text_pool_create(1 << 18, &pool), 0);
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = 1 + (i * 7919u) % 2900;
		memset(text, 'a' + (int)(i % 26), sizeof(text));
		(void)snprintf(text, sizeof(text), "%u", i);
		text_unref(pool, ids[i % 64]);
		ids[i % 64] = text_intern(pool, str_n(text, len));
		assert_int_not_equal(ids[i % 64], 0);
		uint32_t again = text_intern(pool, str_n(text, len));
		assert_int_equal(again, ids[i % 64]);
		text_unref(pool, again);
		if (i >= 64) {
			struct str old = text_get(pool, ids[(i + 1) % 64]);
			assert_int_equal(old.len, 1 + ((i - 63) * 7919u) % 2900);
			assert_int_equal(old.ptr[old.len - 1] & 0xff,
				old.len > 6 ? 'a' + (int)((i - 63) % 26)
					    : old.ptr[old.len - 1] & 0xff);
		}
	}
	struct text_stats stats = text_pool_stats(pool);
	assert_true(stats.compactions > 0);
	assert_int_equal(stats.refused_count, 0);
	for (unsigned i = 0; i < 64; i++)
		text_unref(pool, ids[i]);
	assert_int_equal(text_pool_stats(pool).count, 0);
	assert_int_equal(text_pool_stats(pool).live_bytes, 0);
	text_pool_destroy(pool);
}

static void enrich__ids_are_the_same_on_every_run(void **state)
{
	char ids[2][64];

	for (unsigned i = 0; i < 2; i++) {
		struct fixture f;
		set_up(&f, 0);
		event_begin(f.batch, KIND_process_exec, 5 * NS_PER_S);
		ev_cstr(f.batch, FIELD_host_id, "one");
		ev_uint(f.batch, FIELD_process_pid, 77);
		ev_uint(f.batch, FIELD_process_start, 4 * NS_PER_S);
		run(&f);
		(void)snprintf(ids[i], sizeof(ids[i]), "%s", SHOWN(process_entity_id));
		tear_down(&f);
	}
	assert_string_equal(ids[0], ids[1]);
	assert_true(strlen(ids[0]) > 16);
}

static void enrich__entry_leaders(void **state)
{
	struct fixture f;

	set_up(&f, 0);
	exec_of(&f, 1, 1, "/usr/lib/systemd/systemd", NULL);
	fork_of(&f, 2, 10, 1);
	exec_of(&f, 2, 10, "/usr/sbin/sshd", "-D");
	assert_string_equal(SHOWN(process_entry_leader_entry_meta_type), "init");
	accept_of(&f, 3, 10, "192.0.2.7");
	assert_string_equal(SHOWN(process_entry_leader_entry_meta_source_ip), "(none)");
	fork_of(&f, 3, 11, 10);
	exec_of(&f, 3, 11, "/usr/sbin/sshd", "-R");
	assert_string_equal(SHOWN(process_entry_leader_pid), "10");
	accept_of(&f, 3, 10, "192.0.2.8"); /* the next one's */
	fork_of(&f, 4, 12, 11);
	exec_of(&f, 4, 12, "/bin/bash", NULL);
	assert_string_equal(SHOWN(process_entry_leader_entry_meta_type), "sshd");
	fork_of(&f, 5, 13, 12);
	exec_of(&f, 5, 13, "/usr/bin/id", NULL);
	assert_string_equal(SHOWN(process_entry_leader_executable), "/bin/bash");
	assert_string_equal(SHOWN(process_entry_leader_entry_meta_source_ip), "192.0.2.7");
	assert_string_equal(SHOWN(process_entry_leader_pid), "12");
	event_begin(f.batch, KIND_process_exec, 6 * NS_PER_S);
	ev_uint(f.batch, FIELD_process_pid, 14);
	ev_uint(f.batch, FIELD_process_parent_pid, 10);
	ev_cstr(f.batch, FIELD_process_executable, "/app");
	ev_cstr(f.batch, FIELD_process_Ext_cgroup,
		"/system.slice/docker-0123456789abcdef0123456789abcdef.scope");
	run(&f);
	assert_string_equal(SHOWN(process_entry_leader_entry_meta_type), "container");
	assert_string_equal(SHOWN(container_id), "0123456789abcdef0123456789abcdef");
	assert_string_equal(SHOWN(container_runtime), "docker");
	tear_down(&f);
}

static void check_cgroup(const char *path, const char *id, const char *runtime, const char *unit)
{
	struct cgroup_facts facts = cgroup_facts(str_of(path));

	assert_true(str_is(facts.container_id, id));
	assert_true(str_is(facts.runtime, runtime));
	assert_true(str_is(facts.unit, unit));
}

static void enrich__control_groups(void **state)
{
#define ID "4f1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e"
	check_cgroup("/docker/" ID, ID, "docker", "");
	check_cgroup("/system.slice/docker-" ID ".scope", ID, "docker", "docker-" ID ".scope");
	check_cgroup("/machine.slice/libpod-" ID ".scope/container", ID, "podman",
		"libpod-" ID ".scope");
	check_cgroup("/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", ID,
		"containerd", "cri-containerd-" ID ".scope");
	check_cgroup("/kubepods/besteffort/pod11-22/" ID, ID, "kubernetes", "");
	check_cgroup("/kubepods/burstable/pod1/crio-" ID, ID, "cri-o", "");
	check_cgroup("/lxc.payload.web/init.scope", "web", "lxc", "init.scope");
	check_cgroup("/system.slice/cron.service", "", "", "cron.service");
	check_cgroup("/user.slice/user-1000.slice/session-3.scope", "", "", "session-3.scope");
	check_cgroup("/", "", "", "");
#undef ID
}

static void enrich__running_processes_are_seeded(void **state)
{
	struct fixture f;
	struct seed *seed;
	bool found = false;

	set_up(&f, 0);
	assert_int_equal(seed_create(&seed, NULL), 0);
	assert_true(seed_count(seed) > 0);
	while (seed_next(seed, f.batch, 7) > 0)
		continue;
	for (uint32_t i = 0; i < f.batch->count; i++) {
		view_load(f.view, f.batch->events[i]);
		enrich_event(f.enrich, f.view);
		if (enrich_actor(f.enrich)->pid != (uint32_t)getpid())
			continue;
		found = true;
		assert_non_null(strstr(SHOWN(process_executable), "unit-enrich"));
		assert_string_not_equal(SHOWN(process_parent_executable), "(none)");
		assert_string_not_equal(SHOWN(process_working_directory), "(none)");
		assert_int_equal(f.view->also_kind, KIND_none);
	}
	assert_true(found);
	/* an event that names no host is of the host that its input named */
	act_of(&f, clock_now_ns() / NS_PER_S, (unsigned)getpid());
	assert_non_null(strstr(SHOWN(process_executable), "unit-enrich"));
	assert_int_equal(enrich_stats(f.enrich).graph.nodes, seed_count(seed));
	seed_destroy(seed);
	tear_down(&f);
}

static void enrich__hashes_come_as_events(void **state)
{
	struct fixture f;
	struct hasher *hasher;
	char path[] = "/tmp/merlon-hash-XXXXXX";
	int fd = mkstemp(path);
	uint32_t count = 0;

	set_up(&f, 0);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(
		hasher_create(&(struct hasher_options){.file_limit_bytes = 3}, &hasher, NULL), 0);
	event_begin(f.batch, KIND_process_exec, 10 * NS_PER_S);
	ev_uint(f.batch, FIELD_process_pid, 4000000);
	ev_cstr(f.batch, FIELD_process_executable, path);
	run(&f);
	struct hash_request request = {.path = str_of(path), .pid = 4000000};
	request.entity_id = view_text(f.view, FIELD_process_entity_id);
	char id[64];
	(void)snprintf(id, sizeof(id), "%.*s", STR_ARG(request.entity_id));
	hasher_ask(hasher, &request);
	hasher_ask(hasher, &request);
	request.path = STR("/nonexistent");
	hasher_ask(hasher, &request);
	batch_clear(f.batch);
	struct pollfd poll_fd = {.fd = hasher_poll_fd(hasher), .events = POLLIN};
	for (unsigned i = 0; i < 200 && count < 2; i++) {
		(void)poll(&poll_fd, 1, 50);
		count += hasher_next(hasher, f.batch, 16);
	}
	assert_int_equal(count, 2);
	view_load(f.view, f.batch->events[0]);
	enrich_event(f.enrich, f.view);
	assert_string_equal(SHOWN(process_entity_id), id);
	act_of(&f, 11, 4000000);
	assert_string_equal(SHOWN(process_hash_sha256),
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	/* grown over the limit */
	assert_int_equal(write(fd, "d", 1), 1);
	request.path = str_of(path);
	hasher_ask(hasher, &request);
	for (unsigned i = 0; i < 200 && count < 3; i++) {
		(void)poll(&poll_fd, 1, 50);
		count += hasher_next(hasher, f.batch, 16);
	}
	view_load(f.view, f.batch->events[f.batch->count - 1]);
	assert_string_equal(SHOWN(event_reason), "larger than 3 bytes: not hashed");
	struct hasher_stats stats = hasher_stats(hasher);
	assert_int_equal(stats.cached, 1);
	assert_int_equal(stats.failed, 1);
	assert_int_equal(stats.too_large, 1);
	hasher_destroy(hasher);
	(void)unlink(path);
	(void)close(fd);
	tear_down(&f);
}

static void users__come_from_files(void **state)
{
	char path[] = "/tmp/merlon-users-XXXXXX";
	int fd = mkstemp(path);
	struct os_users *users;

	assert_true(fd >= 0);
	assert_true(
		dprintf(fd, "# x\nroot:x:0:0::/root:/bin/sh\nbad\nann:x:1000:5:::\ntwo:x:0:") > 0);
	assert_int_equal(os_users_create(path, "/nonexistent", &users), 0);
	assert_true(str_is(os_user_name(users, 0), "root"));
	assert_true(str_is(os_user_name(users, 1000), "ann"));
	assert_int_equal(os_user_name(users, 7).len, 0);
	assert_int_equal(os_group_name(users, 0).len, 0);
	assert_true(dprintf(fd, "\nbob:x:7:") > 0);
	assert_true(os_users_refresh(users, 6 * OS_USERS_LOOK_NS));
	assert_true(str_is(os_user_name(users, 7), "bob"));
	assert_false(os_users_refresh(users, 6 * OS_USERS_LOOK_NS + 1));
	os_users_destroy(users);
	(void)unlink(path);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enrich__facts_of_a_process_reach_its_later_acts),
		cmocka_unit_test(enrich__a_reused_pid_is_another_process),
		cmocka_unit_test(enrich__exec_without_fork_makes_a_generation),
		cmocka_unit_test(enrich__lost_fork_and_lost_exec),
		cmocka_unit_test(enrich__two_sensors_may_tell_of_one_act),
		cmocka_unit_test(enrich__documents_link_by_parent_id_alone),
		cmocka_unit_test(enrich__circles_are_refused),
		cmocka_unit_test(enrich__an_unseen_exec_is_judged_once),
		cmocka_unit_test(enrich__the_table_stays_bounded),
		cmocka_unit_test(enrich__text_memory_stays_bounded),
		cmocka_unit_test(enrich__ids_are_the_same_on_every_run),
		cmocka_unit_test(enrich__entry_leaders),
		cmocka_unit_test(enrich__control_groups),
		cmocka_unit_test(enrich__running_processes_are_seeded),
		cmocka_unit_test(enrich__hashes_come_as_events),
		cmocka_unit_test(users__come_from_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
