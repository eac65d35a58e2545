#include "enrich/seed.h"

#include <errno.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/err.h"
#include "os/host.h"
#include "os/process.h"

#define SEED_LIMIT_BYTES ((size_t)256 * 1024 * 1024)
#define ARGS_MAX	 4096u

struct seed {
	struct arena arena;
	struct os_host host;
	struct os_process *all; /* by start */
	uint32_t count, next;
	uint64_t time_ns;
};

static int compare_starts(const void *a, const void *b)
{
	const struct os_process *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

int seed_create(struct seed **ret, struct err *err)
{
	struct seed *seed = calloc(1, sizeof(*seed));
	uint32_t *pids, pid_count;
	int r;

	if (seed == NULL)
		return err_set(err, -ENOMEM, "no memory for the list of processes");
	arena_init(&seed->arena, SEED_LIMIT_BYTES);
	os_host_read(&seed->host);
	seed->time_ns = clock_now_ns();
	r = os_process_pids(&seed->arena, &pids, &pid_count, err);
	if (r == 0) {
		seed->all = arena_alloc(&seed->arena, (pid_count + 1) * sizeof(*seed->all));
		if (seed->all == NULL)
			r = err_set(err, -ENOMEM, "no memory for %u processes", pid_count);
	}
	if (r < 0) {
		seed_destroy(seed);
		return r;
	}
	for (uint32_t i = 0; i < pid_count; i++)
		if (os_process_read(&seed->arena, pids[i], &seed->all[seed->count]) == 0)
			seed->count++;
	qsort(seed->all, seed->count, sizeof(*seed->all), compare_starts);
	*ret = seed;
	return 0;
}

void seed_destroy(struct seed *seed)
{
	if (seed == NULL)
		return;
	arena_destroy(&seed->arena);
	free(seed);
}

uint32_t seed_count(const struct seed *seed)
{
	return seed->count;
}

static void put_id(struct batch *batch, field_id id, uint32_t value)
{
	if (value != OS_ID_UNKNOWN)
		ev_uint_text(batch, id, value);
}

static void put_args(struct batch *batch, struct str arguments)
{
	struct str args[ARGS_MAX];
	uint32_t count = 0;

	if (arguments.len > 0 && arguments.ptr[arguments.len - 1] == '\0')
		arguments.len--;
	while (arguments.len > 0 && count < ARGS_MAX)
		args[count++] = str_cut(&arguments, '\0');
	if (count == 0)
		return;
	ev_list(batch, FIELD_process_args, args, count);
	ev_uint(batch, FIELD_process_args_count, count);
}

static void put_process(struct batch *batch, const struct seed *seed, const struct os_process *p)
{
	const struct os_host *host = &seed->host;

	ev_cstr(batch, FIELD_host_id, host->id);
	ev_cstr(batch, FIELD_host_name, host->name);
	ev_cstr(batch, FIELD_host_os_type, host->type);
	ev_cstr(batch, FIELD_host_os_name, host->os_name);
	ev_cstr(batch, FIELD_host_os_version, host->os_version);
	ev_cstr(batch, FIELD_host_os_kernel, host->kernel);
	ev_cstr(batch, FIELD_host_architecture, host->architecture);
	ev_uint(batch, FIELD_process_pid, p->pid);
	if (p->ppid != 0)
		ev_uint(batch, FIELD_process_parent_pid, p->ppid);
	ev_time(batch, FIELD_process_start, p->start_ns);
	if (p->executable.len > 0)
		ev_text(batch, FIELD_process_executable, p->executable);
	else /* kernel threads run no file */
		ev_text(batch, FIELD_process_name, p->name);
	put_args(batch, p->arguments);
	ev_text(batch, FIELD_process_working_directory, p->working_directory);
	if (p->inode != 0)
		ev_uint(batch, FIELD_process_inode, p->inode);
	if (p->executable_deleted)
		ev_bool(batch, FIELD_process_Ext_deleted, true);
	if (!p->kernel_thread)
		ev_bool(batch, FIELD_process_interactive, p->interactive);
	put_id(batch, FIELD_user_id, p->euid);
	put_id(batch, FIELD_process_user_id, p->euid);
	put_id(batch, FIELD_process_real_user_id, p->uid);
	put_id(batch, FIELD_process_saved_user_id, p->suid);
	put_id(batch, FIELD_process_group_id, p->egid);
	put_id(batch, FIELD_process_real_group_id, p->gid);
	put_id(batch, FIELD_process_saved_group_id, p->sgid);
	put_id(batch, FIELD_process_Ext_audit_user_id, p->login_uid);
	if (p->audit_session != OS_ID_UNKNOWN)
		ev_uint(batch, FIELD_process_Ext_session, p->audit_session);
	if (p->sid != 0)
		ev_uint(batch, FIELD_process_session_leader_pid, p->sid);
	if (p->pgid != 0)
		ev_uint(batch, FIELD_process_group_leader_pid, p->pgid);
	if (p->tty_major != 0) {
		ev_uint(batch, FIELD_process_tty_char_device_major, p->tty_major);
		ev_uint(batch, FIELD_process_tty_char_device_minor, p->tty_minor);
	}
	ev_text(batch, FIELD_process_Ext_cgroup, p->cgroup);
}

uint32_t seed_next(struct seed *seed, struct batch *batch, uint32_t max)
{
	uint32_t made = 0;

	for (; made < max && seed->next < seed->count; made++, seed->next++) {
		struct event *event = event_begin(batch, KIND_process_snapshot, seed->time_ns);

		event->os = strcmp(seed->host.type, "macos") == 0 ? OS_MACOS : OS_LINUX;
		put_process(batch, seed, &seed->all[seed->next]);
		(void)event_commit(batch);
	}
	return made;
}
