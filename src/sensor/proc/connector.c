/* Processes, by the process connector (Documentation/driver-api/connector.rst, linux/cn_proc.h). */
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/err.h"
#include "sensor/proc/internal.h"

#define RECEIVE_BYTES (4 << 20)
#define MESSAGES_MAX  4096

static int listen_on(int fd)
{
	struct {
		struct nlmsghdr netlink;
		struct cn_msg connector;
		enum proc_cn_mcast_op op;
	} __attribute__((packed)) request = {
		.netlink = {.nlmsg_len = sizeof(request), .nlmsg_type = NLMSG_DONE},
		.connector = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(request.op)},
		.op = PROC_CN_MCAST_LISTEN,
	};
	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

int connector_open(struct proc_sensor *s, struct err *err)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	int bytes = RECEIVE_BYTES;
	int fd = socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
	if (fd < 0)
		return err_set(err, -ENOSYS, "the process connector: %s (CONFIG_PROC_EVENTS)",
			strerror(errno));
	s->connector_fd = fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_set(err, -errno == -EACCES ? -EPERM : -errno,
			"the process connector: %s; it needs root (CAP_NET_ADMIN)",
			strerror(errno));
	int r = listen_on(fd);
	return r < 0 ? err_set(err, r, "the process connector: %s", strerror(-r)) : 0;
}

static uint64_t start_of(struct proc_sensor *s, uint32_t pid)
{
	struct os_process p;
	struct pid_entry *entry = pids_find(s->pids, pid);
	if (entry != NULL)
		return entry->start_ns;
	arena_reset(&s->scratch);
	if (os_process_read(&s->scratch, pid, &p) < 0)
		return 0;
	return pids_put(s->pids, pid, p.start_ns)->start_ns;
}

struct event *proc_begin(
	struct proc_sensor *s, struct batch *batch, unsigned kind, uint32_t pid, uint64_t time_ns)
{
	if (!sensor_wants_kind(&s->want, kind) || pid == s->self || pid == 0)
		return NULL;
	uint64_t start_ns = start_of(s, pid);
	struct pid_entry *entry = pids_find(s->pids, pid);
	struct event *event = event_begin(batch, (enum event_kind)kind, time_ns);
	event->os = OS_LINUX;
	ev_uint(batch, FIELD_process_pid, pid);
	ev_time(batch, FIELD_process_start, start_ns);
	if (entry != NULL)
		ev_uint(batch, FIELD_process_Ext_generation, entry->generation);
	return event;
}

static void put_user(struct batch *batch, const struct os_process *p)
{
	if (p->euid == OS_ID_UNKNOWN)
		return;
	ev_uint_text(batch, FIELD_user_id, p->euid);
	ev_uint_text(batch, FIELD_group_id, p->egid);
	ev_uint_text(batch, FIELD_user_Ext_real_id, p->uid);
	ev_uint_text(batch, FIELD_group_Ext_real_id, p->gid);
	ev_uint_text(batch, FIELD_process_user_id, p->euid);
	ev_uint_text(batch, FIELD_process_group_id, p->egid);
	ev_uint_text(batch, FIELD_process_real_user_id, p->uid);
	ev_uint_text(batch, FIELD_process_real_group_id, p->gid);
	ev_uint_text(batch, FIELD_process_saved_user_id, p->suid);
	ev_uint_text(batch, FIELD_process_saved_group_id, p->sgid);
	if (p->login_uid != OS_ID_UNKNOWN)
		ev_uint_text(batch, FIELD_process_Ext_audit_user_id, p->login_uid);
	if (p->audit_session != OS_ID_UNKNOWN)
		ev_uint(batch, FIELD_process_Ext_session, p->audit_session);
}

static void put_arguments(struct batch *batch, struct str all)
{
	if (all.len > 0 && all.ptr[all.len - 1] == 0)
		all.len--;
	if (all.len == 0)
		return;
	char *line = arena_alloc(&batch->arena, all.len);
	if (line == NULL)
		return;
	memcpy(line, all.ptr, all.len);
	struct str rest = arena_strn(&batch->arena, all.ptr, all.len);
	uint64_t count = 1;
	for (size_t i = 0; i < all.len; i++)
		if (line[i] == 0)
			line[i] = ' ', count++;
	ev_text_ref(batch, FIELD_process_command_line, str_n(line, all.len));
	ev_uint(batch, FIELD_process_args_count, count);
	for (uint64_t i = 0; i < count && rest.ptr != NULL; i++)
		ev_add(batch, FIELD_process_args, value_text(str_cut(&rest, 0)));
}

static void put_image(struct batch *batch, const struct os_process *p)
{
	ev_text(batch, FIELD_process_executable, p->executable);
	ev_text(batch, FIELD_process_name,
		p->executable.len > 0 ? str_basename(p->executable) : p->name);
	ev_text(batch, FIELD_process_working_directory, p->working_directory);
	ev_uint(batch, FIELD_process_parent_pid, p->ppid);
	ev_uint(batch, FIELD_process_session_leader_pid, p->sid);
	ev_uint(batch, FIELD_process_group_leader_pid, p->pgid);
	ev_bool(batch, FIELD_process_interactive, p->interactive);
	if (p->inode != 0)
		ev_uint(batch, FIELD_process_inode, p->inode);
	if (p->executable_deleted)
		ev_bool(batch, FIELD_process_Ext_deleted, true);
	if (p->tty_major != 0) {
		ev_uint(batch, FIELD_process_tty_char_device_major, p->tty_major);
		ev_uint(batch, FIELD_process_tty_char_device_minor, p->tty_minor);
	}
	ev_text(batch, FIELD_process_Ext_cgroup, p->cgroup);
	put_user(batch, p);
	put_arguments(batch, p->arguments);
}

static void on_fork(struct proc_sensor *s, struct batch *batch, const struct proc_event *event,
	uint64_t time_ns)
{
	uint32_t child = (uint32_t)event->event_data.fork.child_tgid;
	uint32_t parent = (uint32_t)event->event_data.fork.parent_tgid;
	if (event->event_data.fork.child_pid != event->event_data.fork.child_tgid)
		return; /* a thread */
	pids_drop(s->pids, child);
	if (start_of(s, child) == 0) /* gone already: the fork is its start, but for the grain */
		pids_put(s->pids, child, time_ns);
	if (parent == s->self || proc_begin(s, batch, KIND_process_fork, child, time_ns) == NULL)
		return;
	ev_uint(batch, FIELD_process_parent_pid, parent);
	ev_time(batch, FIELD_process_parent_start, start_of(s, parent));
	event_commit(batch);
}

static void on_exec(struct proc_sensor *s, struct batch *batch, const struct proc_event *event,
	uint64_t time_ns)
{
	struct os_process p;
	uint32_t pid = (uint32_t)event->event_data.exec.process_tgid;
	(void)start_of(s, pid);
	struct pid_entry *entry = pids_find(s->pids, pid);
	if (entry != NULL)
		entry->generation++;
	if (proc_begin(s, batch, KIND_process_exec, pid, time_ns) == NULL)
		return;
	arena_reset(&s->scratch);
	if (os_process_read(&s->scratch, pid, &p) == 0) {
		put_image(batch, &p);
		ev_time(batch, FIELD_process_parent_start, start_of(s, p.ppid));
	}
	event_commit(batch);
}

static void on_exit(struct proc_sensor *s, struct batch *batch, const struct proc_event *event,
	uint64_t time_ns)
{
	uint32_t pid = (uint32_t)event->event_data.exit.process_tgid;
	unsigned code = event->event_data.exit.exit_code, by_signal = code & 0x7f;
	if (event->event_data.exit.process_pid != event->event_data.exit.process_tgid)
		return;
	if (proc_begin(s, batch, KIND_process_exit, pid, time_ns) != NULL) {
		ev_int(batch, FIELD_process_exit_code,
			by_signal ? 128 + (int)by_signal : (int)(code >> 8 & 0xff));
		if (event->event_data.exit.parent_tgid > 0)
			ev_int(batch, FIELD_process_parent_pid, event->event_data.exit.parent_tgid);
		event_commit(batch);
	}
	pids_drop(s->pids, pid);
}

static void on_identity(struct proc_sensor *s, struct batch *batch, const struct proc_event *event,
	uint64_t time_ns, bool user)
{
	unsigned kind = user ? KIND_process_uid_change : KIND_process_gid_change;
	uint32_t real = event->event_data.id.r.ruid, effective = event->event_data.id.e.euid;
	uint32_t pid = (uint32_t)event->event_data.id.process_tgid;
	if (proc_begin(s, batch, kind, pid, time_ns) == NULL)
		return;
	ev_uint_text(batch, user ? FIELD_user_id : FIELD_group_id, effective);
	ev_uint_text(batch, user ? FIELD_user_Ext_real_id : FIELD_group_Ext_real_id, real);
	ev_uint_text(batch, user ? FIELD_process_user_id : FIELD_process_group_id, effective);
	ev_uint_text(batch, user ? FIELD_process_real_user_id : FIELD_process_real_group_id, real);
	ev_uint_text(batch, user ? FIELD_user_changes_id : FIELD_user_target_group_id, effective);
	event_commit(batch);
}

static void on_trace(struct proc_sensor *s, struct batch *batch, const struct proc_event *event,
	uint64_t time_ns)
{
	uint32_t tracer = (uint32_t)event->event_data.ptrace.tracer_tgid;
	if (tracer == 0 || proc_begin(s, batch, KIND_process_ptrace, tracer, time_ns) == NULL)
		return; /* 0: it let go */
	ev_int(batch, FIELD_Target_process_pid, event->event_data.ptrace.process_tgid);
	ev_text_ref(batch, FIELD_process_Ext_api_name, STR("ptrace"));
	event_commit(batch);
}

static void on_event(struct proc_sensor *s, struct batch *batch, const struct proc_event *event)
{
	uint64_t time_ns = s->monotonic_offset_ns + event->timestamp_ns;
	switch ((unsigned)event->what) {
	case PROC_EVENT_FORK:
		on_fork(s, batch, event, time_ns);
		break;
	case PROC_EVENT_EXEC:
		on_exec(s, batch, event, time_ns);
		break;
	case PROC_EVENT_EXIT:
		on_exit(s, batch, event, time_ns);
		break;
	case PROC_EVENT_UID:
	case PROC_EVENT_GID:
		on_identity(s, batch, event, time_ns, event->what == PROC_EVENT_UID);
		break;
	case PROC_EVENT_PTRACE:
		on_trace(s, batch, event, time_ns);
		break;
	case PROC_EVENT_SID:
		if (proc_begin(s, batch, KIND_process_session_change,
			    (uint32_t)event->event_data.sid.process_tgid, time_ns) != NULL)
			event_commit(batch);
		break;
	default:
		break;
	}
}

int connector_read(struct proc_sensor *s, struct batch *batch)
{
	_Alignas(8) char buf[8192];
	int count = 0;
	while (count < MESSAGES_MAX) {
		ssize_t len = recv(s->connector_fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (len < 0 && errno == ENOBUFS) {
			proc_gap(s, batch, "process connector");
			continue;
		}
		if (len <= 0)
			break;
		struct nlmsghdr *header = (struct nlmsghdr *)(void *)buf;
		for (unsigned left = (unsigned)len; NLMSG_OK(header, left);
			header = NLMSG_NEXT(header, left)) {
			struct cn_msg message;
			struct proc_event event = {0};
			const char *body = NLMSG_DATA(header);
			if (header->nlmsg_len < NLMSG_LENGTH(sizeof(message)))
				continue;
			memcpy(&message, body, sizeof(message));
			size_t room = header->nlmsg_len - NLMSG_LENGTH(sizeof(message));
			size_t size = message.len < room ? message.len : room;
			if (size < offsetof(struct proc_event, event_data))
				continue;
			memcpy(&event, body + sizeof(message),
				size < sizeof(event) ? size : sizeof(event));
			on_event(s, batch, &event);
			count++;
		}
	}
	return count;
}
