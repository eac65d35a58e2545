/* Endpoint Security: what processes do to themselves, to others and to the system. */
#include "sensor/replay/es_event.h"
#include "sensor/replay/es_tree.h"

#define PROT_EXEC_BIT 4

static void set_target(const struct es_message *m)
{
	struct es_process target;

	es_read_process(json_get(m->body, "target"), &target);
	es_set_target(m->batch, &target);
}

static void fill_exec(const struct es_message *m)
{
	uint32_t count;
	struct str *texts = es_texts(m->arena, json_get(m->body, "args"), &count);

	es_set_args(m->batch, texts, count);
	texts = es_texts(m->arena, json_get(m->body, "env"), &count);
	ev_list(m->batch, FIELD_process_env_vars, texts, count);
	ev_text(m->batch, FIELD_process_working_directory, es_path(m->body, "cwd"));
	ev_text(m->batch, FIELD_process_Ext_script, es_path(m->body, "script"));
	/* the parent's facts are those of the image before, but its pid is the parent's own */
	if (m->actor->has_ppid)
		ev_uint(m->batch, FIELD_process_parent_pid, m->actor->ppid);
}

static void fill_exit(const struct es_message *m)
{
	int64_t status;

	if (json_i64(json_get(m->body, "stat"), &status))
		es_set_exit(m->batch, status);
}

static void fill_signal(const struct es_message *m)
{
	uint64_t number;

	set_target(m);
	if (es_number(m->body, "sig", &number))
		ev_uint(m->batch, FIELD_process_Ext_signal, number);
}

static void set_call(const struct es_message *m, const char *name)
{
	ev_text_ref(m->batch, FIELD_process_Ext_api_name, str_of(name));
}

static void fill_get_task(const struct es_message *m)
{
	set_target(m);
	set_call(m, "task_for_pid");
}

static void fill_get_task_read(const struct es_message *m)
{
	set_target(m);
	set_call(m, "task_read_for_pid");
}

static void fill_get_task_inspect(const struct es_message *m)
{
	set_target(m);
	set_call(m, "task_inspect_for_pid");
}

static void fill_get_task_name(const struct es_message *m)
{
	set_target(m);
	set_call(m, "task_name_for_pid");
}

static void fill_trace(const struct es_message *m)
{
	set_target(m);
	set_call(m, "ptrace");
}

static void fill_remote_thread(const struct es_message *m)
{
	set_target(m);
	set_call(m, "thread_create");
}

static void fill_suspend_resume(const struct es_message *m)
{
	static const char *const calls[] = {
		"pid_suspend", "pid_resume", NULL, "pid_shutdown_sockets"};
	uint64_t type;

	set_target(m);
	if (es_number(m->body, "type", &type) && type < 4 && calls[type] != NULL)
		set_call(m, calls[type]);
}

static void set_user(const struct es_message *m, const char *key)
{
	uint64_t id;

	if (es_number(m->body, key, &id))
		ev_uint_text(m->batch, FIELD_user_changes_id, (uint32_t)id);
}

static void fill_setuid(const struct es_message *m)
{
	set_user(m, "ruid");
	set_user(m, "uid");
	set_user(m, "euid");
}

static void fill_setgid(const struct es_message *m)
{
	static const char *const keys[] = {"rgid", "gid", "egid"};
	uint64_t id;

	for (size_t i = 0; i < 3; i++)
		if (es_number(m->body, keys[i], &id))
			ev_uint_text(m->batch, FIELD_user_target_group_id, (uint32_t)id);
}

/* Pages that become executable; other protections only pass through. */
static void fill_mprotect(const struct es_message *m)
{
	uint64_t protection;

	if (es_number(m->body, "protection", &protection) && (protection & PROT_EXEC_BIT) == 0)
		event_set_kind(m->batch, KIND_es_other);
}

static void fill_mmap(const struct es_message *m)
{
	uint64_t protection;
	struct str path = es_path(m->body, "source");

	if (es_number(m->body, "protection", &protection) && (protection & PROT_EXEC_BIT) == 0) {
		event_set_kind(m->batch, KIND_file_access);
		es_set_path(m->batch, path);
		return;
	}
	ev_text(m->batch, FIELD_dll_path, path);
	ev_text(m->batch, FIELD_dll_name, str_basename(path));
}

static void fill_kext(const struct es_message *m)
{
	ev_text(m->batch, FIELD_driver_name, es_text(m->body, "identifier"));
}

static void fill_iokit_open(const struct es_message *m)
{
	ev_text(m->batch, FIELD_driver_name, es_text(m->body, "user_client_class"));
}

static void fill_xpc_connect(const struct es_message *m)
{
	ev_text(m->batch, FIELD_process_Ext_xpc_service, es_text(m->body, "service_name"));
}

static void fill_nothing(const struct es_message *m)
{
}

const struct es_kind es_process_kinds[] = {
	{"exec", KIND_process_exec, ES_ACTOR_TARGET, fill_exec},
	{"fork", KIND_process_fork, ES_ACTOR_CHILD, fill_nothing},
	{"exit", KIND_process_exit, ES_ACTOR_PROCESS, fill_exit},
	{"signal", KIND_process_signal, ES_ACTOR_PROCESS, fill_signal},
	{"get_task", KIND_process_get_task, ES_ACTOR_PROCESS, fill_get_task},
	{"get_task_read", KIND_process_get_task, ES_ACTOR_PROCESS, fill_get_task_read},
	{"get_task_inspect", KIND_process_get_task, ES_ACTOR_PROCESS, fill_get_task_inspect},
	{"get_task_name", KIND_process_get_task, ES_ACTOR_PROCESS, fill_get_task_name},
	{"trace", KIND_process_ptrace, ES_ACTOR_PROCESS, fill_trace},
	{"remote_thread_create", KIND_process_remote_thread, ES_ACTOR_PROCESS, fill_remote_thread},
	{"proc_suspend_resume", KIND_process_suspend_resume, ES_ACTOR_PROCESS, fill_suspend_resume},
	{"proc_check", KIND_es_other, ES_ACTOR_PROCESS, set_target},
	{"cs_invalidated", KIND_process_signature_invalidated, ES_ACTOR_PROCESS, fill_nothing},
	{"setuid", KIND_process_uid_change, ES_ACTOR_PROCESS, fill_setuid},
	{"seteuid", KIND_process_uid_change, ES_ACTOR_PROCESS, fill_setuid},
	{"setreuid", KIND_process_uid_change, ES_ACTOR_PROCESS, fill_setuid},
	{"setgid", KIND_process_gid_change, ES_ACTOR_PROCESS, fill_setgid},
	{"setegid", KIND_process_gid_change, ES_ACTOR_PROCESS, fill_setgid},
	{"setregid", KIND_process_gid_change, ES_ACTOR_PROCESS, fill_setgid},
	{"mmap", KIND_library_load, ES_ACTOR_PROCESS, fill_mmap},
	{"mprotect", KIND_memory_protect, ES_ACTOR_PROCESS, fill_mprotect},
	{"kextload", KIND_driver_load, ES_ACTOR_PROCESS, fill_kext},
	{"kextunload", KIND_driver_unload, ES_ACTOR_PROCESS, fill_kext},
	{"iokit_open", KIND_device_open, ES_ACTOR_PROCESS, fill_iokit_open},
	{"settime", KIND_system_change, ES_ACTOR_PROCESS, fill_nothing},
	{"xpc_connect", KIND_xpc_connect, ES_ACTOR_PROCESS, fill_xpc_connect},
	{"bootstrap_look_up", KIND_xpc_connect, ES_ACTOR_PROCESS, fill_xpc_connect},
	{0},
};
