#include "sensor/bpf/config.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "sensor/bpf/calls.h"
#include "sensor/bpf/skeleton.h"

static bool row_wanted(const struct sensor_want *want, const struct call_row *row)
{
	switch (row->shape.handler) {
	case CALL_open:
		return sensor_wants_kind(want, KIND_file_open) ||
		       sensor_wants_kind(want, KIND_file_create) ||
		       sensor_wants_kind(want, KIND_file_modify);
	case CALL_mapped:
		return sensor_wants_kind(want, KIND_memory_protect) ||
		       (row->shape.kind == KIND_library_load &&
			       sensor_wants_kind(want, KIND_library_load));
	case CALL_socket:
		return sensor_wants_kind(want, row->shape.kind) ||
		       (row->shape.kind == KIND_network_connect &&
			       sensor_wants_kind(want, KIND_unix_connect));
	default:
		return sensor_wants_kind(want, row->shape.kind) ||
		       (row->shape.kind == KIND_file_rename &&
			       sensor_wants_kind(want, KIND_file_exchange));
	}
}

static bool put_calls(
	struct call_shape *shapes, const struct call_row *rows, const struct sensor_want *want)
{
	bool any = false;
	for (const struct call_row *row = rows; row->name != NULL; row++) {
		struct call_shape shape = row->shape;
		if (row->number >= CONTROL_CALLS)
			continue;
		if (!row_wanted(want, row))
			shape.handler = CALL_none;
		any |= shape.handler != CALL_none;
		memcpy(&shapes[row->number], &shape, sizeof(shape));
	}
	return any;
}

static bool put_enters(
	uint8_t *enter, const struct call_enter_row *rows, const struct sensor_want *want)
{
	bool any = false;
	for (const struct call_enter_row *row = rows; row->name != NULL; row++) {
		if (row->number >= CONTROL_CALLS)
			continue;
		enter[row->number] = sensor_wants_kind(want, row->kind) ? row->handler : ENTER_none;
		any |= enter[row->number] != ENTER_none;
	}
	return any;
}

/* Numbers that mean another call to 32-bit callers are looked at for both. */
static void put_watched(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CALLS; i++) {
		const struct call_shape *native = &control->calls[i];
		const struct call_shape *compat = &control->calls[i + CONTROL_CALLS];
		uint8_t watched = 0;
		if (native->handler != CALL_none || compat->handler != CALL_none ||
			control->flags & CONTROL_AUDIT)
			watched |= WATCHED_RETURN;
		if (control->enter[i] != ENTER_none || control->enter[i + CONTROL_CALLS])
			watched |= WATCHED_ENTER;
		control->watched[i] = watched;
	}
}

uint64_t config_env_hash(struct str name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)name.ptr[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Takes every key out of a map; key_size at most 512. */
static void clear_map(int map, size_t key_size)
{
	uint8_t key[512];
	if (key_size > sizeof(key))
		return;
	while (bpf_map_get_next_key(map, NULL, key) == 0)
		if (bpf_map_delete_elem(map, key) < 0)
			return;
}

struct prefix_key {
	uint32_t bits;
	char text[CONTROL_READ_MAX];
};

struct watched {
	struct str path;
	uint32_t what; /* WATCH_… */
};

static size_t watched_count(const struct sensor_want *want)
{
	return want->read_path_count + want->write_path_count;
}

static struct watched watched_at(const struct sensor_want *want, size_t i)
{
	if (i < want->read_path_count)
		return (struct watched){str_of(want->read_paths[i]), WATCH_READ | WATCH_WRITE};
	return (struct watched){str_of(want->write_paths[i - want->read_path_count]), WATCH_WRITE};
}

/* The trie answers with the longest prefix only, which therefore stands for the shorter ones, too. */
static uint32_t watch_of(const struct sensor_want *want, struct str path)
{
	uint32_t what = 0;
	for (size_t i = 0; i < watched_count(want); i++) {
		struct watched other = watched_at(want, i);
		if (str_starts(path, other.path))
			what |= other.what;
	}
	return what;
}

static int put_prefixes(struct merlon_bpf *skeleton, const struct sensor_want *want,
	struct str root, struct err *err)
{
	int map = bpf_map__fd(skeleton->maps.read_prefixes);
	clear_map(map, sizeof(struct prefix_key));
	for (size_t i = 0; i < watched_count(want); i++) {
		struct prefix_key key = {0};
		struct str path = watched_at(want, i).path;
		uint32_t what = watch_of(want, path);
		if (path.len == 0 || root.len + path.len > CONTROL_READ_MAX)
			return err_set(err, -EINVAL,
				"watched path is empty or over %d bytes: %.80s…", CONTROL_READ_MAX,
				path.ptr);
		if (root.len > 0)
			memcpy(key.text, root.ptr, root.len);
		memcpy(key.text + root.len, path.ptr, path.len);
		key.bits = (uint32_t)(root.len + path.len) * 8;
		int r = bpf_map_update_elem(map, &key, &what, BPF_ANY);
		if (r < 0)
			return err_set(err, r, "watching %s: %s", path.ptr, strerror(-r));
	}
	return 0;
}

/* On little-endian machines the first bytes of a name are the low ones, as the probe reads them. */
static void put_tops(struct control *control, const struct sensor_want *want, struct str root)
{
	uint64_t tops[CONTROL_TOPS] = {0};
	uint8_t what[CONTROL_TOPS] = {0};
	uint32_t count = 0;
	for (size_t i = 0; i < watched_count(want); i++) {
		struct watched watched = watched_at(want, i);
		struct str rest = root.len > 0 ? root : watched.path;
		uint64_t top = 0;
		uint32_t k = 0;
		(void)str_cut(&rest, '/'); /* what stands before the first one: nothing */
		struct str first = str_cut(&rest, '/');
		bool whole = rest.ptr != NULL || root.len > 0; /* "/et" would also mean "/etc" */
		memcpy(&top, first.ptr, first.len < sizeof(top) ? first.len : sizeof(top));
		while (k < count && tops[k] != top)
			k++;
		if (!whole || first.len == 0 || k == CONTROL_TOPS) {
			control->top_count = 0;
			return;
		}
		tops[k] = top;
		what[k] |= (uint8_t)watched.what;
		count = k == count ? count + 1 : count;
	}
	memcpy(control->tops, tops, sizeof(tops));
	memcpy(control->top_watch, what, sizeof(what));
	control->top_count = count;
}

static void put_names(struct merlon_bpf *skeleton, const struct sensor_want *want)
{
	int map = bpf_map__fd(skeleton->maps.env_names);
	uint32_t one = 1;
	clear_map(map, sizeof(uint64_t));
	for (size_t i = 0; i < want->env_name_count; i++) {
		uint64_t hash = config_env_hash(str_of(want->env_names[i]));
		(void)bpf_map_update_elem(map, &hash, &one, BPF_ANY);
	}
}

static void put_audited(struct merlon_bpf *skeleton, const struct sensor_want *want)
{
	int map = bpf_map__fd(skeleton->maps.audited);
	uint32_t one = 1;
	clear_map(map, sizeof(uint32_t));
	for (size_t i = 0; i < want->audit_pid_count; i++)
		(void)bpf_map_update_elem(map, &want->audit_pids[i], &one, BPF_ANY);
}

static uint32_t flags_of(const struct sensor_want *want)
{
	uint32_t flags = 0;
	if (watched_count(want) > 0 && sensor_wants_kind(want, KIND_file_open))
		flags |= CONTROL_READ;
	if (!want->writes_listed && sensor_wants_kind(want, KIND_file_open))
		flags |= CONTROL_OPENS;
	if (want->env_name_count > 0)
		flags |= CONTROL_ENV;
	if (want->audit_pid_count > 0)
		flags |= CONTROL_AUDIT;
	if (sensor_wants_kind(want, KIND_file_modify))
		flags |= CONTROL_WRITES;
	return flags;
}

static bool wants_uring(const struct sensor_want *want)
{
	static const uint16_t kinds[] = {KIND_file_open, KIND_file_create, KIND_file_rename,
		KIND_file_delete, KIND_file_link, KIND_network_connect, KIND_unix_connect,
		KIND_process_uring};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (sensor_wants_kind(want, kinds[i]))
			return true;
	return false;
}

/* Required probes only fail when something is wrong; the others may. */
static int attach(struct loaded *loaded, const char *name, bool on, int cgroup_fd, struct err *err)
{
	size_t index = load_program_index(name);
	int r = load_attach(loaded, index, on, cgroup_fd, err);
	return programs[index].required ? r : 0;
}

int config_apply(struct loaded *loaded, const struct sensor_want *want, struct str root,
	int cgroup_fd, struct err *err)
{
	struct merlon_bpf *skeleton = loaded->skeleton;
	struct control *control = &skeleton->bss->control;
	bool exits, calls, enters;
	int r = put_prefixes(skeleton, want, root, err);
	if (r < 0)
		return r;
	put_tops(control, want, root);
	put_names(skeleton, want);
	put_audited(skeleton, want);
	control->self_pid = (uint32_t)getpid();
	memcpy(control->kinds, want->kinds, sizeof(control->kinds));
	control->flags = flags_of(want) | (loaded->old_cgroups ? CONTROL_CGROUP : 0);
	calls = put_calls(control->calls, calls_native, want);
	calls |= put_calls(control->calls + CONTROL_CALLS, calls_compat, want);
	calls |= want->audit_pid_count > 0;
	enters = put_enters(control->enter, calls_enter_native, want);
	enters |= put_enters(control->enter + CONTROL_CALLS, calls_enter_compat, want);
	put_watched(control);
	exits = sensor_wants_kind(want, KIND_process_exit) ||
		sensor_wants_kind(want, KIND_file_modify);

	const struct {
		const char *name;
		bool on;
	} wanted[] = {
		{"on_fork", sensor_wants_kind(want, KIND_process_fork)},
		{"on_exec", sensor_wants_kind(want, KIND_process_exec)},
		{"on_exit", exits},
		{"on_call", enters},
		{"on_return", calls},
		{"on_signal", sensor_wants_kind(want, KIND_process_signal)},
		{"on_uring", wants_uring(want)},
		{"on_uring_older", wants_uring(want)},
		{"on_state", sensor_wants_kind(want, KIND_network_disconnect)},
		{"on_egress", sensor_wants_kind(want, KIND_dns_query) ||
				      sensor_wants_kind(want, KIND_dns_answer)},
		{"on_ingress", sensor_wants_kind(want, KIND_dns_answer)},
	};
	for (size_t i = 0; r >= 0 && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		r = attach(loaded, wanted[i].name, wanted[i].on, cgroup_fd, err);
	return r;
}
