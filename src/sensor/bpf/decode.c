#include "sensor/bpf/decode.h"

#include <stddef.h>
#include "sensor/bpf/calls.h"
#include "sensor/bpf/path.h"
#include "os/boot.h"
#include "os/process.h"

struct record_kind {
	uint32_t fixed;
	void (*decode)(struct decoder *d, struct batch *batch, const struct record *r);
};

static const struct record_kind record_kinds[WIRE_TYPES] = {
	[WIRE_fork] = {sizeof(struct wire_process), decode_fork},
	[WIRE_exec] = {sizeof(struct wire_process), decode_exec},
	[WIRE_exit] = {sizeof(struct wire_exit), decode_exit},
	[WIRE_call] = {sizeof(struct wire_call), decode_call},
	[WIRE_file] = {sizeof(struct wire_file), decode_file},
	[WIRE_socket] = {sizeof(struct wire_socket), decode_socket},
	[WIRE_signal] = {sizeof(struct wire_signal), decode_signal},
	[WIRE_dns] = {sizeof(struct wire_dns), decode_dns},
	[WIRE_uring] = {sizeof(struct wire_uring), decode_uring},
	[WIRE_audit] = {sizeof(struct wire_call), decode_audit},
	[WIRE_bpf] = {sizeof(struct wire_bpf), decode_bpf},
};

static void index_calls(const struct call_row **by_number, const struct call_row *rows)
{
	for (const struct call_row *row = rows; row->name != NULL; row++)
		if (row->number < CONTROL_CALLS)
			by_number[row->number] = row;
}

void decoder_init(struct decoder *decoder, struct cgroups *cgroups, struct str root)
{
	*decoder = (struct decoder){.boot_offset_ns = os_boot_offset_ns(),
		.start_grain_ns = os_process_start_grain_ns(),
		.cgroups = cgroups,
		.root = root};
	index_calls(decoder->calls, calls_native);
	index_calls(decoder->calls + CONTROL_CALLS, calls_compat);
}

static bool parse_texts(
	struct record *r, struct arena *arena, const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		struct wire_text text;
		if ((size_t)(end - at) < sizeof(text))
			return false;
		memcpy(&text, at, sizeof(text));
		at += sizeof(text);
		size_t padded = ((size_t)text.len + 3) & ~(size_t)3;
		if (text.len > (size_t)(end - at) || text.tag >= DECODE_TEXTS)
			return false;
		struct str value = str_n((const char *)at, text.len);
		if (text.flags & TEXT_LEAF_FIRST) {
			char *out = arena_alloc(arena, value.len + 1);
			if (out == NULL)
				return false;
			value = path_turn_around(value, out);
		}
		if (text.tag == TEXT_env && r->env_count < DECODE_ENVS)
			r->env[r->env_count++] = value;
		r->text[text.tag] = value;
		r->flags[text.tag] = text.flags;
		at += padded < (size_t)(end - at) ? padded : (size_t)(end - at);
	}
	return true;
}

static void take_root_off(struct str root, struct str *path)
{
	if (!str_starts(*path, root) || (path->len > root.len && path->ptr[root.len] != '/'))
		return;
	path->ptr += root.len;
	path->len -= root.len;
	if (path->len == 0)
		*path = STR("/");
}

/* Of a path that the caller wrote only what it is relative to comes from the kernel. */
static void name_from_own_root(const struct decoder *d, struct record *r)
{
	static const uint8_t tags[] = {TEXT_path, TEXT_path2};

	for (size_t i = 0; i < sizeof(tags); i++) {
		uint8_t tag = r->text[tags[i] + 1].ptr == NULL ? tags[i] : tags[i] + 1;
		if ((r->flags[tag] & TEXT_DETACHED) == 0)
			take_root_off(d->root, &r->text[tag]);
	}
	take_root_off(d->root, &r->text[TEXT_cwd]);
}

bool decode_record(struct decoder *decoder, struct batch *batch, const void *ptr, size_t len)
{
	struct wire_head head;
	if (len < sizeof(head))
		goto broken;
	memcpy(&head, ptr, sizeof(head));
	if (head.len > len || head.type >= WIRE_TYPES || record_kinds[head.type].decode == NULL ||
		head.fixed < record_kinds[head.type].fixed || head.fixed > head.len)
		goto broken;
	uint8_t *copy = arena_alloc(&batch->arena, head.len);
	if (copy == NULL) {
		batch->truncated_count++;
		return true;
	}
	memcpy(copy, ptr, head.len);
	struct record r = {.head = (const struct wire_head *)(const void *)copy};
	if (!parse_texts(&r, &batch->arena, copy + head.fixed, copy + head.len))
		goto broken;
	if (decoder->root.len > 0)
		name_from_own_root(decoder, &r);
	record_kinds[head.type].decode(decoder, batch, &r);
	return true;
broken:
	decoder->broken++;
	return false;
}

/* The same few hundred processes act all the time, and formatting a time costs more than the rest
 * of their fields. */
void decode_start(struct decoder *d, struct batch *batch, field_id id, uint64_t start_ns)
{
	if (start_ns == 0 || !ev_wants(batch, id))
		return;
	struct start_text *entry = &d->starts[(start_ns >> 12 ^ start_ns >> 24) % START_CACHE];
	if (entry->start_ns != start_ns) {
		entry->len = (uint8_t)clock_format_rfc3339(
			d->boot_offset_ns + start_ns - start_ns % d->start_grain_ns, entry->text);
		entry->start_ns = start_ns;
	}
	ev_text(batch, id, str_n(entry->text, entry->len));
}

void decode_actor(struct decoder *d, struct batch *batch, const struct wire_head *head)
{
	ev_uint(batch, FIELD_process_pid, head->pid);
	decode_start(d, batch, FIELD_process_start, head->start_ns);
	ev_uint(batch, FIELD_process_Ext_generation, head->generation);
	ev_uint(batch, FIELD_process_thread_id, head->tid);
	ev_uint_text(batch, FIELD_user_id, head->uid);
	ev_uint_text(batch, FIELD_group_id, head->gid);
	if (head->flags & WIRE_URING)
		ev_bool(batch, FIELD_merlon_uring, true);
}

struct event *decode_begin(
	struct decoder *d, struct batch *batch, const struct wire_head *head, unsigned kind)
{
	struct event *event = event_begin(
		batch, (enum event_kind)kind, d->boot_offset_ns + head->time_ns);
	event->os = OS_LINUX;
	decode_actor(d, batch, head);
	return event;
}

struct str decode_path(struct batch *batch, const struct record *record, unsigned tag)
{
	struct str path = record->text[tag], base = record->text[tag + 1];
	if (base.ptr == NULL && path.len > 0 && path_is_clean(path))
		return path;
	char *out = arena_alloc(&batch->arena, base.len + path.len + 2);
	if (out == NULL)
		return (struct str){0};
	return path_join(base, path, out);
}

void decode_file_path(struct batch *batch, struct str path)
{
	struct str name = str_basename(path);
	ev_text_ref(batch, FIELD_file_path, path);
	ev_text_ref(batch, FIELD_file_name, name);
	if (name.len < path.len) {
		size_t directory = path.len - name.len - 1;
		ev_text_ref(batch, FIELD_file_directory,
			str_n(path.ptr, directory == 0 ? 1 : directory));
	}
	if (ev_wants(batch, FIELD_file_extension))
		ev_text_ref(batch, FIELD_file_extension, path_extension(name));
}

void decode_original_path(struct batch *batch, struct str path)
{
	struct str name = str_basename(path);
	ev_text_ref(batch, FIELD_file_Ext_original_path, path);
	ev_text_ref(batch, FIELD_file_Ext_original_name, name);
	ev_text_ref(batch, FIELD_file_Ext_original_extension, path_extension(name));
}

/* At every event of a file, so without printf. */
static size_t put_number(char *end, unsigned value, unsigned base)
{
	size_t len = 0;
	do {
		*--end = (char)('0' + value % base);
		value /= base;
		len++;
	} while (value != 0);
	return len;
}

void decode_mode(struct batch *batch, unsigned mode)
{
	char text[8];
	size_t len = put_number(text + sizeof(text), mode & 07777u, 8);
	text[sizeof(text) - ++len] = '0';
	ev_text(batch, FIELD_file_mode, str_n(text + sizeof(text) - len, len));
}

static void put_device(struct batch *batch, unsigned device)
{
	char text[24];
	size_t len = put_number(text + sizeof(text), device & 0xfffff, 10);
	text[sizeof(text) - ++len] = ':';
	len += put_number(text + sizeof(text) - len, device >> 20, 10);
	ev_text(batch, FIELD_file_device, str_n(text + sizeof(text) - len, len));
}

void decode_file_facts(struct batch *batch, const struct wire_file_facts *facts)
{
	if (facts->inode == 0)
		return;
	ev_uint_text(batch, FIELD_file_inode, facts->inode);
	put_device(batch, facts->device);
	ev_uint(batch, FIELD_file_size, facts->size);
	ev_uint_text(batch, FIELD_file_uid, facts->uid);
	ev_uint_text(batch, FIELD_file_gid, facts->gid);
	decode_mode(batch, facts->mode);
}
