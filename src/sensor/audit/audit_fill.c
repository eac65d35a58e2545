#include "sensor/audit/audit_fill.h"

#include <stdlib.h>
#include "base/buf.h"
#include "base/json.h"
#include "sensor/audit/syscalls.h"

struct key_row {
	struct str key;
	field_id id;
};

#define K(name)                                                      \
	{                                                            \
		{#name, sizeof(#name) - 1}, FIELD_auditd_data_##name \
	}
/* Sorted by length, then name. */
static const struct key_row keys[] = {K(a0), K(a1), K(a2), K(a3), K(a4), K(a5), K(a6), K(a7), K(a8),
	K(a9), K(id), K(op), K(cmd), K(cwd), K(dev), K(exe), K(gid), K(key), K(msg), K(new), K(old),
	K(pid), K(res), K(ses), K(sig), K(tty), K(uid), K(acct), K(addr), K(arch), K(argc), K(auid),
	K(comm), K(data), K(egid), K(euid), K(exit), K(item), K(mode), K(name), K(path), K(ppid),
	K(sgid), K(subj), K(suid), K(unit), K(fsgid), K(fsuid), K(inode), K(items), K(saddr),
	K(family), K(profile), K(success), K(syscall), K(apparmor), K(grantors), K(hostname),
	K(nametype), K(terminal), K(operation), K(proctitle), K(denied_mask), K(requested_mask)};
#undef K

static int compare(const void *wanted, const void *row)
{
	const struct str *key = wanted, *own = &((const struct key_row *)row)->key;
	if (key->len != own->len)
		return key->len < own->len ? -1 : 1;
	return memcmp(key->ptr, own->ptr, key->len);
}

static field_id field_of(const struct batch *batch, struct str key)
{
	char name[96] = "auditd.data.";
	const struct key_row *row = key.len == 0
					    ? NULL
					    : bsearch(&key, keys, sizeof(keys) / sizeof(keys[0]),
						      sizeof(keys[0]), compare);

	if (row != NULL)
		return row->id;
	/* A key that only a rule knows has a dynamic field. */
	if (key.len == 0 || key.len > sizeof(name) - 13)
		return FIELD_none;
	memcpy(name + 12, key.ptr, key.len);
	return fields_find(batch->fields, str_n(name, 12 + key.len));
}

uint32_t audit_fill_arch(const struct audit_line *line)
{
	struct str text = audit_line_get(line, "arch");
	uint64_t arch;

	if (audit_number(text, 16, &arch) && arch <= UINT32_MAX)
		return (uint32_t)arch;
	/* ausearch --interpret writes names */
	if (str_is(text, "x86_64"))
		return SYSCALL_ARCH_X86_64;
	if (str_is(text, "i386"))
		return SYSCALL_ARCH_I386;
	return str_is(text, "aarch64") ? SYSCALL_ARCH_AARCH64 : 0;
}

struct str audit_fill_syscall(const struct audit_line *line)
{
	struct str name = audit_line_enriched(line, "SYSCALL");
	struct str text = audit_line_get(line, "syscall");
	uint64_t number;

	if (name.len > 0 && !str_starts(name, STR("unknown")))
		return name;
	if (!audit_number(text, 10, &number))
		return text;
	return str_of(syscall_name(audit_fill_arch(line), number));
}

static void put_syscall(struct batch *batch, const struct audit_line *line)
{
	struct str text = audit_line_get(line, "syscall");
	struct str name = audit_fill_syscall(line);
	uint64_t number;

	if (text.len == 0 && name.len == 0)
		return;
	ev_text(batch, FIELD_syscall_name, name);
	if (audit_number(text, 10, &number))
		ev_uint(batch, FIELD_syscall_number, number);
	/* Rules ask for the name, some for the number: both are values of the field. */
	if (name.len > 0 && !str_eq(name, text)) {
		struct str both[] = {name, text};
		ev_list(batch, FIELD_auditd_data_syscall, both, text.len > 0 ? 2 : 1);
	}
}

/* 4294967295 and -1 stand for "not set". */
static void put_id(struct batch *batch, field_id id, const struct audit_line *line, const char *key)
{
	struct str text = audit_line_get(line, key);

	if (!str_is(text, "4294967295") && !str_is(text, "-1") && !str_is(text, "unset"))
		ev_text(batch, id, text);
}

void audit_fill_process(struct batch *batch, const struct audit_line *line)
{
	struct str exe = audit_line_get(line, "exe");
	uint64_t number;
	/* records of programs (USER_*) know uid only */
	const char *effective = audit_line_get(line, "euid").len > 0 ? "euid" : "uid";
	const char *effective_group = audit_line_get(line, "egid").len > 0 ? "egid" : "gid";

	if (audit_line_u64(line, "pid", 10, &number))
		ev_uint(batch, FIELD_process_pid, number);
	if (audit_line_u64(line, "ppid", 10, &number))
		ev_uint(batch, FIELD_process_parent_pid, number);
	if (exe.len > 0 && exe.ptr[0] == '/') {
		ev_text(batch, FIELD_process_executable, exe);
		ev_text(batch, FIELD_process_name, str_basename(exe));
	}
	ev_text(batch, FIELD_process_title, audit_line_get(line, "comm"));
	put_id(batch, FIELD_process_user_id, line, effective);
	put_id(batch, FIELD_user_id, line, effective);
	put_id(batch, FIELD_process_group_id, line, effective_group);
	put_id(batch, FIELD_group_id, line, effective_group);
	put_id(batch, FIELD_process_real_user_id, line, "uid");
	put_id(batch, FIELD_process_real_group_id, line, "gid");
	put_id(batch, FIELD_process_saved_user_id, line, "suid");
	put_id(batch, FIELD_process_saved_group_id, line, "sgid");
	put_id(batch, FIELD_process_Ext_audit_user_id, line, "auid");
	put_id(batch, FIELD_auditd_session, line, "ses");
	struct str name = audit_line_enriched(line, effective[0] == 'e' ? "EUID" : "UID");
	ev_text(batch, FIELD_user_name, name);
	ev_text(batch, FIELD_process_user_name, name);
	if (audit_line_u64(line, "ses", 10, &number) && number != UINT32_MAX)
		ev_uint(batch, FIELD_process_Ext_session, number);
	struct str tty = audit_line_get(line, "tty");
	if (!str_is(tty, "?"))
		ev_text(batch, FIELD_process_tty_name, tty);
}

/* Rules separate their keys by 0x01 when a call met several. */
static void put_key(struct batch *batch, struct str value)
{
	struct str parts[16];
	uint32_t count = 0;

	while (value.len > 0 && count < 16)
		parts[count++] = str_cut(&value, '\1');
	if (count == 1)
		ev_text(batch, FIELD_auditd_data_key, parts[0]);
	else
		ev_list(batch, FIELD_auditd_data_key, parts, count);
}

static void put_fields(struct batch *batch, const struct audit_line *line)
{
	for (uint32_t i = 0; i < line->count; i++) {
		const struct audit_field *field = &line->fields[i];
		if (field->enriched)
			continue;
		field_id id = field_of(batch, field->key);
		if (id == FIELD_auditd_data_key)
			put_key(batch, field->value);
		else if (id != FIELD_none)
			ev_text(batch, id, field->value);
	}
}

/* Arguments of EXECVE, those in pieces (a1[0]=… a1[1]=…) joined. */
static void put_args(struct batch *batch, const struct audit_line *line)
{
	struct buf joined = {.limit_bytes = 4 * 1024 * 1024};
	unsigned number, last = UINT32_MAX;
	int piece;

	for (uint32_t i = 0; i <= line->count; i++) {
		const struct audit_field *field = i < line->count ? &line->fields[i] : NULL;
		if (field != NULL &&
			(field->enriched || !audit_arg_key(field->key, &number, &piece)))
			continue;
		bool next = field == NULL || piece < 0 || number != last;
		if (next && last != UINT32_MAX) {
			struct str copy = arena_strn(&batch->arena, joined.ptr, joined.len);
			if (copy.ptr != NULL)
				ev_add(batch, FIELD_auditd_args, value_text(copy));
			if (last <= 9 && copy.ptr != NULL)
				ev_text_ref(batch, (field_id)(FIELD_auditd_data_a0 + last), copy);
		}
		if (field == NULL)
			break;
		if (next)
			buf_clear(&joined);
		buf_str(&joined, field->value);
		last = number;
	}
	buf_destroy(&joined);
}

static void put_outcome(struct batch *batch, const struct audit_line *line)
{
	struct str result = audit_line_get(line, "success");

	if (result.len == 0)
		result = audit_line_get(line, "res");
	if (result.len == 0)
		return;
	bool good = str_is(result, "yes") || str_is(result, "success") || str_is(result, "1");
	ev_text_ref(batch, FIELD_event_outcome, good ? STR("success") : STR("failure"));
	ev_text_ref(batch, FIELD_auditd_result, good ? STR("success") : STR("fail"));
}

static void keep_raw(struct batch *batch, const struct audit_line *line)
{
	struct buf buf = {0};
	struct json_writer w = {.buf = &buf};

	json_object_begin(&w);
	json_member_str(&w, "type", line->type);
	for (uint32_t i = 0; i < line->count; i++) {
		json_key(&w, line->fields[i].key);
		json_put_str(&w, line->fields[i].value);
	}
	json_object_end(&w);
	struct str copy = buf.failed ? (struct str){0}
				     : arena_strn(&batch->arena, buf.ptr, buf.len);
	if (copy.ptr != NULL) {
		batch->building.raw = copy;
		batch->building.raw_key = "auditd.record";
	} else {
		batch->truncated_count++;
	}
	buf_destroy(&buf);
}

struct event *audit_fill_record(struct batch *batch, const struct audit_line *line, struct str text)
{
	event_begin(batch, KIND_audit_record, line->time_ns);
	batch->building.os = OS_LINUX;
	ev_text_ref(batch, FIELD_host_os_type, STR("linux"));
	ev_text_ref(batch, FIELD_event_module, STR("auditd"));
	ev_text(batch, FIELD_host_name, line->node);
	ev_text(batch, FIELD_auditd_message_type, line->type);
	ev_uint(batch, FIELD_auditd_sequence, line->serial);
	ev_text(batch, FIELD_event_original, text);
	put_fields(batch, line);
	put_outcome(batch, line);
	put_syscall(batch, line);
	if (audit_line_get(line, "pid").len > 0)
		audit_fill_process(batch, line);
	if (str_is(line->type, "EXECVE"))
		put_args(batch, line);
	if (batch->want_all)
		keep_raw(batch, line);
	return event_commit(batch);
}
