/* Attributes of a node: how each kind of value is kept in 32 bits. */
#include "base/clock.h"
#include "enrich/graph.h"
#include "enrich/graph_internal.h"

enum form {
	FORM_TEXT,    /* text id */
	FORM_BOOL,    /* 1 false, 2 true */
	FORM_UINT,    /* value + 1 */
	FORM_U64,     /* text id of 8 bytes */
	FORM_ID,      /* process.id_text or id_hash */
	FORM_PID,     /* process.pid */
	FORM_NAME,    /* text id, when it is not the executable's last component */
	FORM_COMMAND, /* text id, when it is not the arguments joined */
	FORM_ARGS,    /* text id of: u32 count, u32 lengths, arguments joined by blanks */
	FORM_COUNT,   /* value + 1, when it is not the arguments' count */
	FORM_START,   /* process.start_ns */
};
enum scope { SCOPE_IMAGE, SCOPE_PROCESS, SCOPE_SINGLE };

static const struct {
	uint8_t form, scope;
} attrs[ATTR_MAX] = {
#define ATTR(ident, form_, scope_) [ATTR_##ident] = {FORM_##form_, SCOPE_##scope_},
#include "enrich/process.def"
};

struct str entry_type_word(enum entry_type type)
{
	static const struct str words[] = {
		[ENTRY_UNKNOWN] = {0},
		[ENTRY_INIT] = {"init", 4},
		[ENTRY_SSHD] = {"sshd", 4},
		[ENTRY_TERMINAL] = {"terminal", 8},
		[ENTRY_CONSOLE] = {"console", 7},
		[ENTRY_CONTAINER] = {"container", 9},
		[ENTRY_CRON] = {"cron", 4},
	};
	return words[type];
}

static bool holds_text(enum form form)
{
	return form == FORM_TEXT || form == FORM_U64 || form == FORM_NAME || form == FORM_COMMAND ||
	       form == FORM_ARGS;
}

static size_t put_hex(char *out, uint64_t value, unsigned digits)
{
	if (digits == 0)
		for (digits = 1; digits < 16 && value >> (4 * digits) != 0;)
			digits++;
	for (unsigned i = 0; i < digits; i++)
		out[i] = "0123456789abcdef"[value >> (4 * (digits - 1 - i)) & 15];
	return digits;
}

size_t process_format_id(const struct process *p, char out[PROCESS_ID_BYTES])
{
	size_t n = put_hex(out, p->id_hash, 16);

	out[n++] = '-';
	n += put_hex(out + n, p->pid, 0);
	out[n++] = '-';
	return n + put_hex(out + n, p->generation, 0);
}

/* ---- arguments ---- */

struct args {
	uint32_t count;
	const char *lengths; /* count u32, unaligned */
	struct str joined;
};

static uint32_t load_u32(const char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static struct args args_of(const struct graph *graph, const struct process *p)
{
	struct str blob = text_get(graph_texts(graph), p->attr[ATTR_args]);
	struct args args = {0};

	if (blob.len < 4)
		return args;
	args.count = load_u32(blob.ptr);
	args.lengths = blob.ptr + 4;
	size_t head = 4 + 4 * (size_t)args.count;
	args.joined = str_n(blob.ptr + head, blob.len - head);
	return args;
}

static bool set_id(struct graph *graph, uint32_t *at, struct str text)
{
	struct text_pool *texts = graph_texts(graph);

	if (*at != 0 && str_eq(text_get(texts, *at), text))
		return false;
	uint32_t before = *at;
	*at = text_intern(texts, text);
	text_unref(texts, before);
	return *at != before;
}

static bool set_args(struct graph *graph, struct process *p, const struct value *list)
{
	char scratch[VALUE_TEXT_BYTES];
	char *blob = graph_joined(graph);
	uint32_t count = list->len < PROCESS_ARGS_MAX ? list->len : PROCESS_ARGS_MAX;
	char *head = blob + 4;
	char *text = blob + 4 + 4 * (size_t)count;
	size_t used = 0;
	uint32_t kept = 0;

	for (; kept < count; kept++) {
		struct str item = value_as_text(&list->items[kept], scratch);
		size_t gap = kept > 0;
		if (item.len + gap > PROCESS_TEXT_MAX - used)
			break;
		if (gap)
			text[used++] = ' ';
		if (item.len > 0)
			memcpy(text + used, item.ptr, item.len);
		used += item.len;
		uint32_t len = (uint32_t)item.len;
		memcpy(head + 4 * (size_t)kept, &len, sizeof(len));
	}
	if (kept == 0)
		return false;
	if (kept < count)
		memmove(head + 4 * (size_t)kept, text, used);
	memcpy(blob, &kept, sizeof(kept));
	bool changed = set_id(graph, &p->attr[ATTR_args], str_n(blob, 4 + 4 * (size_t)kept + used));
	struct args args = args_of(graph, p);
	if (p->attr[ATTR_command_line] != 0 &&
		str_eq(text_get(graph_texts(graph), p->attr[ATTR_command_line]), args.joined))
		process_clear(graph, p, ATTR_command_line);
	return changed;
}

static struct value get_args(
	const struct graph *graph, const struct process *p, struct arena *scratch)
{
	struct args args = args_of(graph, p);
	struct value *items;
	const char *at = args.joined.ptr;

	if (args.count == 0)
		return (struct value){0};
	items = arena_alloc(scratch, args.count * sizeof(*items));
	if (items == NULL)
		return (struct value){0};
	for (uint32_t i = 0; i < args.count; i++) {
		uint32_t len = load_u32(args.lengths + 4 * (size_t)i);
		items[i] = value_text(str_n(at, len));
		at += len + 1;
	}
	return (struct value){.type = VALUE_LIST, .len = args.count, .items = items};
}

/* ---- set ---- */

static bool set_start(struct process *p, const struct value *value)
{
	uint64_t ns = 0;

	if (p->start_ns != 0)
		return false;
	if (value->type == VALUE_TEXT)
		(void)clock_parse_rfc3339(value_str(value), &ns);
	else if (value->type == VALUE_INT && value->i64 > 0)
		ns = (uint64_t)value->i64;
	p->start_ns = ns;
	return ns != 0;
}

static bool set_number(struct process *p, enum process_attr attr, const struct value *value)
{
	int64_t number;
	uint32_t kept;

	if (!value_as_i64(value, &number) || number < 0 || number >= UINT32_MAX)
		return false;
	kept = (uint32_t)number + 1;
	if (p->attr[attr] == kept)
		return false;
	p->attr[attr] = kept;
	return true;
}

static bool set_u64(
	struct graph *graph, struct process *p, enum process_attr attr, const struct value *value)
{
	uint64_t number;
	int64_t i64;

	if (value->type == VALUE_UINT)
		number = value->u64;
	else if (value_as_i64(value, &i64) && i64 >= 0)
		number = (uint64_t)i64;
	else
		return false;
	return set_id(graph, &p->attr[attr], str_n((const char *)&number, sizeof(number)));
}

bool process_set_text(
	struct graph *graph, struct process *p, enum process_attr attr, struct str text)
{
	if (text.len == 0 || !holds_text(attrs[attr].form))
		return false;
	if (text.len > PROCESS_TEXT_MAX)
		text.len = PROCESS_TEXT_MAX;
	if (attrs[attr].form == FORM_NAME &&
		str_eq(str_basename(text_get(graph_texts(graph), p->attr[ATTR_executable])), text))
		return false;
	if (attrs[attr].form == FORM_COMMAND && str_eq(args_of(graph, p).joined, text))
		return false;
	return set_id(graph, &p->attr[attr], text);
}

bool process_set(
	struct graph *graph, struct process *p, enum process_attr attr, const struct value *value)
{
	char scratch[VALUE_TEXT_BYTES];
	enum form form = attrs[attr].form;

	if (form == FORM_ARGS)
		return value->type == VALUE_LIST && set_args(graph, p, value);
	if (value->type == VALUE_LIST) {
		if (value->len == 0)
			return false;
		value = &value->items[0];
	}
	if (value->type == VALUE_NONE || value->type == VALUE_NULL)
		return false;
	switch (form) {
	case FORM_BOOL: {
		uint32_t kept = value->type == VALUE_BOOL ? 1u + value->boolean : 0;
		bool changed = kept != 0 && kept != p->attr[attr];
		if (changed)
			p->attr[attr] = kept;
		return changed;
	}
	case FORM_UINT:
		return set_number(p, attr, value);
	case FORM_COUNT:
		/* endpoints of old print 0 beside arguments that are there */
		return !(value->type == VALUE_INT && value->i64 == 0) && set_number(p, attr, value);
	case FORM_U64:
		return set_u64(graph, p, attr, value);
	case FORM_START:
		return set_start(p, value);
	default:
		return process_set_text(graph, p, attr, value_as_text(value, scratch));
	}
}

void process_clear(struct graph *graph, struct process *p, enum process_attr attr)
{
	if (holds_text(attrs[attr].form))
		text_unref(graph_texts(graph), p->attr[attr]);
	p->attr[attr] = 0;
}

/* ---- get ---- */

bool process_attr_is_image(enum process_attr attr)
{
	return attrs[attr].scope == SCOPE_IMAGE;
}

bool process_has(const struct process *p, enum process_attr attr)
{
	switch (attrs[attr].form) {
	case FORM_ID:
		return true;
	case FORM_PID:
		return p->pid != 0;
	case FORM_START:
		return p->start_ns != 0;
	case FORM_NAME:
		return p->attr[ATTR_name] != 0 || p->attr[ATTR_executable] != 0;
	case FORM_COMMAND:
		return p->attr[ATTR_command_line] != 0 || p->attr[ATTR_args] != 0;
	case FORM_COUNT:
		return p->attr[ATTR_args_count] != 0 || p->attr[ATTR_args] != 0;
	default:
		return p->attr[attr] != 0;
	}
}

struct str process_text(const struct graph *graph, const struct process *p, enum process_attr attr,
	struct arena *scratch)
{
	struct text_pool *texts = graph_texts(graph);
	char made[PROCESS_ID_BYTES];

	switch (attrs[attr].form) {
	case FORM_TEXT:
		return text_get(texts, p->attr[attr]);
	case FORM_ID:
		if (p->id_text != 0)
			return text_get(texts, p->id_text);
		return arena_strn(scratch, made, process_format_id(p, made));
	case FORM_NAME:
		return p->attr[attr] != 0 ? text_get(texts, p->attr[attr])
					  : str_basename(text_get(texts, p->attr[ATTR_executable]));
	case FORM_COMMAND:
		return p->attr[attr] != 0 ? text_get(texts, p->attr[attr])
					  : args_of(graph, p).joined;
	default:
		return (struct str){0};
	}
}

static struct value text_or_none(struct str text)
{
	return text.len == 0 ? (struct value){0} : value_text(text);
}

struct value process_value(const struct graph *graph, const struct process *p,
	enum process_attr attr, struct arena *scratch)
{
	uint32_t kept = p->attr[attr];
	uint64_t number;
	char time[CLOCK_TEXT_BYTES];

	switch (attrs[attr].form) {
	case FORM_BOOL:
		return kept == 0 ? (struct value){0} : value_bool(kept == 2);
	case FORM_UINT:
		return kept == 0 ? (struct value){0} : value_int((int64_t)kept - 1);
	case FORM_U64:
		if (kept == 0)
			return (struct value){0};
		memcpy(&number, text_get(graph_texts(graph), kept).ptr, sizeof(number));
		return value_uint(number);
	case FORM_PID:
		return p->pid == 0 ? (struct value){0} : value_int(p->pid);
	case FORM_START:
		if (p->start_ns == 0)
			return (struct value){0};
		return text_or_none(
			arena_strn(scratch, time, clock_format_rfc3339(p->start_ns, time)));
	case FORM_ARGS:
		return get_args(graph, p, scratch);
	case FORM_COUNT:
		if (kept == 0)
			kept = args_of(graph, p).count == 0 ? 0 : args_of(graph, p).count + 1;
		return kept == 0 ? (struct value){0} : value_int((int64_t)kept - 1);
	default:
		return text_or_none(process_text(graph, p, attr, scratch));
	}
}

/* ---- inheritance ---- */

static void copy_attr(
	struct graph *graph, struct process *p, const struct process *from, enum process_attr attr)
{
	if (from->attr[attr] == 0 || p->attr[attr] != 0)
		return;
	if (holds_text(attrs[attr].form))
		text_ref(graph_texts(graph), from->attr[attr]);
	p->attr[attr] = from->attr[attr];
}

static void copy_relatives(struct process *p, const struct process *from)
{
	p->sid = from->sid;
	p->pgid = from->pgid;
	p->session_leader = from->session_leader;
	p->group_leader = from->group_leader;
	p->entry_leader = from->entry_leader;
	p->entry_type = from->entry_type;
	p->effective = from->effective;
	p->responsible = from->responsible;
}

void process_inherit_fork(struct graph *graph, struct process *p, const struct process *parent)
{
	for (unsigned i = 0; i < ATTR_MAX; i++)
		if (attrs[i].scope != SCOPE_SINGLE)
			copy_attr(graph, p, parent, (enum process_attr)i);
	copy_relatives(p, parent);
}

void process_inherit_exec(struct graph *graph, struct process *p, const struct process *before)
{
	for (unsigned i = 0; i < ATTR_MAX; i++)
		if (attrs[i].scope != SCOPE_IMAGE)
			copy_attr(graph, p, before, (enum process_attr)i);
	copy_relatives(p, before);
	p->ppid = before->ppid;
	p->previous = process_ref(before);
}

void process_inherit_context(struct graph *graph, struct process *p, const struct process *parent)
{
	static const enum process_attr context[] = {ATTR_cgroup, ATTR_unit, ATTR_container_id,
		ATTR_container_name, ATTR_container_image_name, ATTR_container_runtime,
		ATTR_audit_user_id, ATTR_session};

	for (size_t i = 0; i < sizeof(context) / sizeof(context[0]); i++)
		copy_attr(graph, p, parent, context[i]);
	copy_relatives(p, parent);
}
