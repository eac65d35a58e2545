/* Files: open ones, and names that a call gave. */
#include <fcntl.h>

#include "sensor/bpf/decode.h"

void decode_file(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_file *f = (const struct wire_file *)(const void *)r->head;
	unsigned kind = r->head->kind;
	struct str path = r->text[TEXT_path];

	decode_begin(d, batch, r->head, kind);
	if (kind == KIND_library_load) {
		ev_text_ref(batch, FIELD_dll_path, path);
		ev_text_ref(batch, FIELD_dll_name, str_basename(path));
	}
	decode_file_path(batch, path);
	decode_file_facts(batch, &f->file);
	if (kind == KIND_file_flags_change)
		ev_uint(batch, FIELD_file_Ext_flags, f->flags);
	else if (kind == KIND_file_open || kind == KIND_file_create)
		ev_uint(batch, FIELD_file_Ext_open_flags, f->flags);
	if (kind == KIND_file_create)
		ev_text_ref(batch, FIELD_file_type, STR("file"));
	if (r->flags[TEXT_path] & TEXT_INCOMPLETE)
		ev_bool(batch, FIELD_file_Ext_path_incomplete, true);
	ev_text_ref(batch, FIELD_event_outcome, STR("success"));
	event_commit(batch);
}

void decode_uring(struct decoder *d, struct batch *batch, const struct record *r)
{
	const struct wire_uring *w = (const struct wire_uring *)(const void *)r->head;
	unsigned kind = r->head->kind;

	decode_begin(d, batch, r->head, kind);
	ev_text_ref(batch, FIELD_event_outcome, STR("unknown"));
	if (kind == KIND_file_rename || kind == KIND_file_link) {
		struct str old = decode_path(batch, r, TEXT_path);
		decode_file_path(batch, decode_path(batch, r, TEXT_path2));
		if (kind == KIND_file_rename)
			decode_original_path(batch, old);
		else
			ev_text_ref(batch, FIELD_file_target_path, old);
	} else if (kind == KIND_process_uring) {
		ev_uint(batch, FIELD_syscall_number, w->opcode);
	} else {
		decode_file_path(batch, decode_path(batch, r, TEXT_path));
		if (kind == KIND_file_open) {
			ev_uint(batch, FIELD_file_Ext_open_flags, w->args[0]);
			if (w->args[0] & O_CREAT)
				event_set_kind(batch, KIND_file_create);
		}
	}
	event_commit(batch);
}
