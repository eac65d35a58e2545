/* Acts of processes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scene.h"

#define LINGER "MERLON_LINGER=1"

static int reap(pid_t pid)
{
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int spawn(const char *path, char *const argv[], char *const envp[])
{
	pid_t pid = fork();
	if (pid == 0) {
		execve(path, argv, envp);
		_exit(1);
	}
	return reap(pid);
}

static char odd[5001];
static int exec_odd_arguments(const char *dir)
{
	memset(odd, 'x', sizeof(odd) - 1);
	char *const argv[] = {"odd name", "", "a b", "tab\there\xff\xfe", odd, NULL};
	char *const envp[] = {
		LINGER, "HOME=/", "MERLON_ODD=v=1", "MERLON_ODDER=2", "PATH=/bin", NULL};
	return spawn(helper_path(), argv, envp);
}

static int exec_long_arguments(const char *dir)
{
	static char part[60001], last[] = "the end";
	memset(part, 'y', sizeof(part) - 1);
	char *const argv[] = {"true", part, part, last, NULL};
	char *const envp[] = {LINGER, NULL};
	return spawn(helper_path(), argv, envp);
}

static int copy_helper(const char *to)
{
	char buf[65536];
	ssize_t n;
	int in = open(helper_path(), O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (in < 0 || out < 0)
		return -1;
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			return -1;
	close(in);
	return close(out);
}

static int exec_relative(const char *dir)
{
	char *const argv[] = {"./mine", "1", NULL}, *const envp[] = {LINGER, NULL};
	if (copy_helper("mine") < 0 || mkdir("sub", 0755) < 0 || chdir("sub") < 0)
		return 1;
	return spawn("../mine", argv, envp);
}

static int exec_script(const char *dir)
{
	char *const argv[] = {"./script", "arg", NULL}, *const envp[] = {LINGER, NULL};
	int fd = open("script", O_WRONLY | O_CREAT, 0755);
	const char text[] = "#!/bin/sh -e\nsleep 0.1\n";
	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0 || close(fd) < 0)
		return 1;
	return spawn("./script", argv, envp);
}

static int exec_memfd(const char *dir)
{
	char *const argv[] = {"hidden", NULL}, *const envp[] = {LINGER, NULL};
	char buf[65536];
	ssize_t n;
	int fd = memfd_create("secret", MFD_CLOEXEC), in = open(helper_path(), O_RDONLY);
	if (fd < 0 || in < 0)
		return ACT_SKIP;
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return 1;
	pid_t pid = fork();
	if (pid == 0) {
		fexecve(fd, argv, envp);
		_exit(1);
	}
	return reap(pid);
}

static int exec_deleted(const char *dir)
{
	char *const argv[] = {"gone", NULL}, *const envp[] = {LINGER, NULL};
	if (copy_helper("gone") < 0)
		return 1;
	int fd = open("gone", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || unlink("gone") < 0)
		return 1;
	pid_t pid = fork();
	if (pid == 0) {
		fexecve(fd, argv, envp);
		_exit(1);
	}
	return reap(pid);
}

static int exec_twice(const char *dir)
{
	char *const argv[] = {"sh", "-c", "sleep 0.1; exec sleep 0.1", NULL}, *const envp[] = {
										      LINGER, NULL};
	return spawn("/bin/sh", argv, envp);
}

static int exit_codes(const char *dir)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(42);
	if (reap(pid) != 42)
		return 1;
	pid = fork();
	if (pid == 0) {
		raise(SIGKILL);
		_exit(1);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : 1;
}

static void *idle(void *context)
{
	return context;
}

static int threads(const char *dir)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, idle, NULL) != 0)
		return 1;
	return pthread_join(thread, NULL);
}

static void *exec_it(void *context)
{
	char *const argv[] = {"true", "by-thread", NULL}, *const envp[] = {LINGER, NULL};
	execve(helper_path(), argv, envp);
	return context;
}

static int exec_from_thread(const char *dir)
{
	pid_t pid = fork();
	if (pid == 0) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, exec_it, NULL) == 0)
			pthread_join(thread, NULL);
		_exit(1);
	}
	return reap(pid);
}

static int change_user(const char *dir)
{
	return setresgid(4242, 4243, 4244) < 0 || setresuid(4321, 4322, 4323) < 0;
}

/* Somebody else runs root's set-uid file. */
static int run_set_uid(const char *dir)
{
	int from = open("/bin/true", O_RDONLY | O_CLOEXEC),
	    to = open("set-uid", O_CREAT | O_RDWR, 0755);
	char buf[65536];
	ssize_t len;
	if (from < 0 || to < 0 || geteuid() != 0)
		return ACT_SKIP;
	while ((len = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)len) != len)
			return 1;
	if (fchmod(to, 04755) < 0)
		return 1;
	close(to);
	int file = open("set-uid", O_PATH);
	pid_t pid = fork();
	if (pid == 0) {
		char *args[] = {"set-uid", NULL}, *environment[] = {NULL};
		if (setresuid(4321, 4321, 4321) < 0)
			_exit(1);
		syscall(SYS_execveat, file, "", args, environment, AT_EMPTY_PATH);
		_exit(1);
	}
	return reap(pid);
}

static int same_user(const char *dir)
{
	return setuid(getuid()) < 0 || setgid(getgid()) < 0;
}

static int drop_capabilities(const char *dir)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) < 0)
		return 1;
	data[0].effective &= ~(1u << CAP_NET_RAW);
	data[0].permitted &= ~(1u << CAP_NET_RAW);
	return syscall(SYS_capset, &header, data) < 0;
}

static int new_session(const char *dir)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(setsid() < 0);
	return reap(pid);
}

static int trace(const char *dir)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	char there[8], here[8];
	struct iovec local = {here, sizeof(here)}, remote = {there, sizeof(there)};
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0 || waitpid(pid, NULL, 0) < 0)
		return 1;
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0)
		return 1;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0) == pid ? 0 : 1;
}

static int send_signal(const char *dir)
{
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	kill(pid, SIGUSR1);
	return waitpid(pid, NULL, 0) == pid ? 0 : 1;
}

static int signal_self(const char *dir)
{
	signal(SIGUSR2, SIG_IGN);
	return raise(SIGUSR2);
}

static int namespaces(const char *dir)
{
	return unshare(CLONE_NEWNS) < 0 ? ACT_SKIP : 0;
}

static int memory_file(const char *dir)
{
	int fd = memfd_create("odd memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? ACT_SKIP : close(fd);
}

static int make_code(const char *dir)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0;
}

static int make_data(const char *dir)
{
	char *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_WRITE) < 0;
}

static int map_library(const char *dir)
{
	if (copy_helper("lib.so") < 0)
		return 1;
	int fd = open("lib.so", O_RDONLY);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	return at == MAP_FAILED;
}

#define EXE  FIELD_process_executable
#define ARGS FIELD_process_args
#define LINE FIELD_process_command_line
#define API  FIELD_process_Ext_api_name
const struct act acts_process[] = {
	{"exec_odd_arguments", 0, exec_odd_arguments,
		{{KIND_process_exec, {{EXE, "~/live-test"}, {ARGS, "odd name"}, {ARGS, "a b"},
					     {ARGS, odd}, {FIELD_process_args_count, "5"},
					     {LINE, "~odd name  a b tab\there\xff\xfe xxx"}}},
			{KIND_process_exec, {{ARGS, ""}, {ARGS, "tab\there\xff\xfe"},
						    {FIELD_process_parent_pid, "%P"},
						    {FIELD_process_working_directory, "%D"},
						    {FIELD_process_name, "live-test"}}},
			{KIND_process_fork, {{FIELD_process_parent_pid, "%P"}}},
			{KIND_process_exit, {{FIELD_process_exit_code, "0"}}}},
		{{KIND_process_exec, {{FIELD_process_Ext_args_truncated, "true"}}}}},
	{"exec_environment", NEEDS_BPF, exec_odd_arguments,
		{{KIND_process_exec, {{FIELD_process_env_vars, "MERLON_ODD=v=1"}}}},
		{{KIND_process_exec, {{FIELD_process_env_vars, "~ODDER"}}},
			{KIND_process_exec, {{FIELD_process_env_vars, "~HOME"}}}}},
	{"exec_long_arguments", NEEDS_BPF, exec_long_arguments,
		{{KIND_process_exec, {{FIELD_process_Ext_args_truncated, "true"}, {ARGS, "true"},
					     {FIELD_process_args_count, "4"}}}},
		{{KIND_process_exec, {{ARGS, "the end"}}}}},
	{"exec_relative", 0, exec_relative,
		{{KIND_process_exec, {{EXE, "%D/mine"}, {FIELD_process_working_directory, "%D/sub"},
					     {ARGS, "./mine"}}}},
		{{0}}},
	{"exec_script", 0, exec_script,
		{{KIND_process_exec, {{EXE, "~/bin/"}, {LINE, "/bin/sh -e ./script arg"}}}}, {{0}}},
	{"exec_memfd", NEEDS_BPF, exec_memfd,
		{{KIND_process_memfd_create, {{FIELD_process_Ext_memfd_name, "secret"}}},
			{KIND_process_exec,
				{{EXE, "/memfd:secret"}, {FIELD_process_Ext_deleted, "true"},
					{FIELD_process_Ext_memfd_name, "secret"}}}},
		{{0}}},
	{"exec_deleted", NEEDS_BPF, exec_deleted,
		{{KIND_process_exec, {{FIELD_process_Ext_deleted, "true"}, {EXE, "%D/gone"}}}},
		{{0}}},
	{"exec_twice", 0, exec_twice,
		{{KIND_process_exec, {{EXE, "~/bin/"}, {ARGS, "sleep 0.1; exec sleep 0.1"}}},
			{KIND_process_exec, {{EXE, "~/bin/"}, {LINE, "sleep 0.1"}}}},
		{{0}}},
	{"exit_codes", 0, exit_codes,
		{{KIND_process_exit,
			 {{FIELD_process_exit_code, "42"}, {FIELD_process_parent_pid, "%P"}}},
			{KIND_process_exit, {{FIELD_process_exit_code, "137"}}}},
		{{0}}},
	{"threads", 0, threads, {{KIND_process_exit, {{FIELD_process_pid, "%P"}}}},
		{{KIND_process_fork, {{FIELD_process_parent_pid, "%P"}}}}},
	{"exec_from_thread", 0, exec_from_thread,
		{{KIND_process_exec, {{ARGS, "by-thread"}, {FIELD_process_parent_pid, "%P"}}}},
		{{0}}},
	{"change_user", 0, change_user,
		{{KIND_process_uid_change,
			 {{FIELD_user_changes_id, "4322"}, {FIELD_user_Ext_real_id, "4321"}}},
			{KIND_process_gid_change, {{FIELD_user_target_group_id, "4243"}}}},
		{{0}}},
	{"run_set_uid", NEEDS_BPF | NEEDS_ROOT, run_set_uid,
		{{KIND_process_uid_change,
			{{FIELD_user_changes_id, "0"}, {FIELD_user_Ext_real_id, "4321"},
				{API, "execve"}}}},
		{{0}}},
	{"same_user", NEEDS_BPF, same_user, {{KIND_process_exit, {{FIELD_process_pid, "%P"}}}},
		{{KIND_process_uid_change, {{0}}}, {KIND_process_gid_change, {{0}}}}},
	{"drop_capabilities", NEEDS_BPF, drop_capabilities,
		{{KIND_process_capability_change, {{FIELD_process_pid, "%P"}}}}, {{0}}},
	{"new_session", 0, new_session, {{KIND_process_session_change, {{0}}}}, {{0}}},
	{"trace", 0, trace, {{KIND_process_ptrace, {{API, "ptrace"}, {FIELD_process_pid, "%P"}}}},
		{{0}}},
	{"trace_whom", NEEDS_BPF, trace,
		{{KIND_process_ptrace, {{API, "ptrace"}, {FIELD_Target_process_start, "~T"}}},
			{KIND_process_signal, {{FIELD_process_Ext_signal, "9"},
						      {FIELD_Target_process_start, "~T"}}}},
		{{0}}},
	{"read_memory", NEEDS_BPF, trace, {{KIND_process_ptrace, {{API, "process_vm_readv"}}}},
		{{0}}},
	{"send_signal", NEEDS_BPF, send_signal,
		{{KIND_process_signal,
			{{FIELD_process_Ext_signal, "10"}, {FIELD_process_pid, "%P"}}}},
		{{0}}},
	{"signal_self", NEEDS_BPF, signal_self, {{KIND_process_exit, {{0}}}},
		{{KIND_process_signal, {{FIELD_process_Ext_signal, "12"}}}}},
	{"namespaces", NEEDS_BPF, namespaces, {{KIND_process_namespace, {{API, "unshare"}}}},
		{{0}}},
	{"memory_file", NEEDS_BPF, memory_file,
		{{KIND_process_memfd_create,
			{{FIELD_process_Ext_memfd_name, "odd memory"},
				{FIELD_process_Ext_memfd_flag_cloexec, "true"},
				{FIELD_process_Ext_memfd_flag_allow_seal, "true"}}}},
		{{0}}},
	{"make_code", NEEDS_BPF, make_code, {{KIND_memory_protect, {{API, "mprotect"}}}}, {{0}}},
	{"make_data", NEEDS_BPF, make_data, {{KIND_process_exit, {{0}}}},
		{{KIND_memory_protect, {{0}}}}},
	{"map_library", NEEDS_BPF, map_library,
		{{KIND_library_load, {{FIELD_dll_path, "%D/lib.so"}, {FIELD_dll_name, "lib.so"}}}},
		{{0}}},
	{0},
};
