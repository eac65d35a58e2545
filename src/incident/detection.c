#include "incident/detection.h"

#include <errno.h>
#include "base/clock.h"
#include "detect/cep/words.h"
#include "incident/attack.h"
#include "incident/boundary.h"
#include "incident/facts.h"

#define WHY_VALUE_BYTES	  160u
#define WHY_OPERAND_BYTES 120u
#define WHY_MAX		  32u
#define TECHNIQUES_NAMED  3u

static bool copy(struct arena *arena, struct str from, struct str *to)
{
	if (from.len == 0)
		return true;
	*to = arena_strn(arena, from.ptr, from.len);
	return to->ptr != NULL;
}

static bool take_process(struct arena *arena, const struct graph *graph, const struct process *p,
	struct detection_process *ret)
{
	struct str user = process_text(graph, p, ATTR_user_name, arena);

	if (user.len == 0)
		user = process_text(graph, p, ATTR_user_id, arena);
	ret->pid = p->pid;
	return copy(arena, process_text(graph, p, ATTR_entity_id, arena), &ret->entity_id) &&
	       copy(arena, process_text(graph, p, ATTR_executable, arena), &ret->executable) &&
	       copy(arena, process_text(graph, p, ATTR_command_line, arena), &ret->command_line) &&
	       copy(arena, user, &ret->user);
}

static uint32_t pid_of(const struct facts *facts)
{
	const struct value *value = fact_get(facts, FIELD_process_pid);
	int64_t pid;

	return value != NULL && value_as_i64(value, &pid) && pid > 0 && pid < UINT32_MAX
		       ? (uint32_t)pid
		       : 0;
}

/* A process that the graph does not know, as the event tells of it. */
static bool take_from_event(
	struct arena *arena, const struct facts *facts, struct detection_process *ret)
{
	ret->pid = pid_of(facts);
	return copy(arena, fact_text(facts, FIELD_process_entity_id), &ret->entity_id) &&
	       copy(arena, fact_text(facts, FIELD_process_executable), &ret->executable) &&
	       copy(arena, fact_text(facts, FIELD_process_command_line), &ret->command_line) &&
	       copy(arena, fact_text(facts, FIELD_user_name), &ret->user);
}

static int take_ancestors(
	struct arena *arena, const struct detection_source *source, struct detection *ret)
{
	struct detection_process *all = arena_zalloc(arena, DETECTION_ANCESTORS_MAX * sizeof(*all));
	const struct process *p = source->actor;
	struct boundary boundary = boundary_begin(source->graph, p);

	if (all == NULL)
		return -ENOMEM;
	while (p != NULL && ret->ancestor_count < DETECTION_ANCESTORS_MAX) {
		const struct process *previous = graph_get(source->graph, p->previous);
		const struct process *parent = graph_get(source->graph, p->parent);

		/* an image that became this one by exec alone belongs to the story as well; after
		 * a fork the image before is only the parent's copy */
		if (previous != NULL && !previous->copied && previous != parent)
			p = previous;
		else
			p = parent;
		if (p == NULL)
			break;
		if (!take_process(arena, source->graph, p, &all[ret->ancestor_count]))
			return -ENOMEM;
		all[ret->ancestor_count++].boundary = boundary_at(&boundary, p);
	}
	ret->ancestors = all;
	return 0;
}

static struct str object_of(const struct facts *facts, struct arena *arena)
{
	static const field_id texts[] = {
		FIELD_file_path,
		FIELD_dns_question_name,
		FIELD_dll_path,
		FIELD_driver_name,
		FIELD_Persistence_path,
		FIELD_Target_process_executable,
		FIELD_user_target_name,
		FIELD_syscall_name,
	};
	struct str ip = fact_text(facts, FIELD_destination_ip);
	const struct value *port = fact_get(facts, FIELD_destination_port);
	int64_t number;

	if (ip.len > 0 && port != NULL && value_as_i64(port, &number))
		return arena_printf(arena,
			memchr(ip.ptr, ':', ip.len) != NULL ? "[%.*s]:%lld" : "%.*s:%lld",
			STR_ARG(ip), (long long)number);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (fact_text(facts, texts[i]).len > 0)
			return fact_text(facts, texts[i]);
	return ip.len > 0 || fact_kind(facts) != KIND_log_line ? ip
							       : fact_text(facts, FIELD_message);
}

static int take_event(struct arena *arena, const struct facts *facts, struct str file,
	struct detection_event *event)
{
	unsigned number = fact_kind(facts);
	const struct schema_kind *kind = schema_kind(number);
	struct str action = fact_text(facts, FIELD_event_action);
	struct str host = fact_text(facts, FIELD_host_name);

	if (action.len == 0 && kind != NULL)
		action = str_of(kind->action);
	if (host.len == 0)
		host = fact_text(facts, FIELD_host_id);
	event->writes = number == KIND_file_create || number == KIND_file_modify ||
			number == KIND_file_rename || number == KIND_file_mode_change;
	return copy(arena, file, &event->file) && copy(arena, action, &event->action) &&
			       copy(arena, host, &event->host) &&
			       copy(arena, object_of(facts, arena), &event->object) &&
			       copy(arena, fact_text(facts, FIELD_process_entity_id),
				       &event->entity_id)
		       ? 0
		       : -ENOMEM;
}

static struct str file_of(const struct detection_source *source, uint32_t input)
{
	return input < source->file_count ? str_of(source->files[input]) : (struct str){0};
}

static int take_only_event(
	struct arena *arena, const struct detection_source *source, struct detection *ret)
{
	const struct event *from = source->view->event;
	const struct facts facts = {.view = source->view};
	struct detection_event *event = arena_zalloc(arena, sizeof(*event));

	if (event == NULL)
		return -ENOMEM;
	event->file_index = from->file_index;
	event->index = from->index;
	event->time_ns = from->time_ns;
	ret->events = event;
	ret->event_count = 1;
	int r = take_event(arena, &facts, file_of(source, from->source), event);
	event->entity_id =
		ret->process.entity_id; /* the graph may know it where the event does not */
	return r;
}

/* Cuts around the place that matched, at characters. */
static struct str excerpt(struct str text, struct str around, size_t max, bool *ret_cut)
{
	ptrdiff_t at = str_find(text, around);
	size_t begin = 0;

	*ret_cut = text.len > max;
	if (!*ret_cut)
		return text;
	if (at > 0 && (size_t)at + around.len > max)
		begin = (size_t)at > max / 3 ? (size_t)at - max / 3 : 0;
	while (begin > 0 && begin < text.len && ((unsigned char)text.ptr[begin] & 0xc0) == 0x80)
		begin--;
	size_t len = text.len - begin < max ? text.len - begin : max;
	while (len > 0 && begin + len < text.len &&
		((unsigned char)text.ptr[begin + len] & 0xc0) == 0x80)
		len--;
	return str_n(text.ptr + begin, len);
}

/* An earlier step that began a program is told by its command line: no process tree shows it. */
static int take_line(struct arena *arena, const struct facts *facts, struct detection_event *event)
{
	struct str line = fact_text(facts, FIELD_process_command_line);
	bool cut;

	if (fact_kind(facts) != KIND_process_exec)
		return 0;
	return copy(arena, excerpt(line, (struct str){0}, WHY_VALUE_BYTES, &cut), &event->object)
		       ? 0
		       : -ENOMEM;
}

/* The events of a rule over several; steps that wanted none have none. */
static int take_events(
	struct arena *arena, const struct detection_source *source, struct detection *ret)
{
	const struct cep_match *match = source->match;
	struct detection_event *events = arena_zalloc(
		arena, (match->event_count + 1) * sizeof(*events));
	int r = events == NULL ? -ENOMEM : 0;

	ret->events = events;
	for (uint32_t i = 0; i < match->event_count && r == 0; i++) {
		const struct cep_event *from = match->events[i];
		const struct facts facts = {.kept = from};
		if (from == NULL)
			continue;
		struct detection_event *event = &events[ret->event_count++];
		event->file_index = from->file_index;
		event->index = from->index;
		event->time_ns = from->time_ns;
		r = take_event(arena, &facts, file_of(source, from->source), event);
		if (r == 0 && event->object.len == 0)
			r = take_line(arena, &facts, event);
	}
	return r;
}

/* ---- why ---- */

static struct str say_why(struct arena *arena, const struct fields *fields, const struct why *why)
{
	char number[VALUE_TEXT_BYTES];
	struct str name = why->field == FIELD_none ? STR("a field")
						   : fields_name(fields, why->field);
	struct str value = value_as_text(&why->value, number);
	struct str op = str_of(why->op == NULL ? "matches" : why->op);
	bool operand_cut, value_cut;
	struct str operand = excerpt(
		why->operand, (struct str){0}, WHY_OPERAND_BYTES, &operand_cut);

	if (operand.len == 0 && value.len > 0) {
		value = excerpt(value, operand, WHY_VALUE_BYTES, &value_cut);
		return arena_printf(arena, "%.*s %.*s: \"%.*s%s\"", STR_ARG(name), STR_ARG(op),
			STR_ARG(value), value_cut ? "…" : "");
	}
	/* "a equals x in x" says nothing more than "a equals x" */
	if (value.len == 0 || str_eq(value, why->operand))
		return arena_printf(arena, "%.*s %.*s \"%.*s%s\"", STR_ARG(name), STR_ARG(op),
			STR_ARG(operand), operand_cut ? "…" : "");
	value = excerpt(value, why->operand, WHY_VALUE_BYTES, &value_cut);
	return arena_printf(arena, "%.*s %.*s \"%.*s%s\" in \"%.*s%s\"", STR_ARG(name), STR_ARG(op),
		STR_ARG(operand), operand_cut ? "…" : "", STR_ARG(value), value_cut ? "…" : "");
}

static struct str say_technique(struct arena *arena, const struct rule *rule)
{
	struct buf buf = {.limit_bytes = 4096};

	for (uint32_t i = 0; i < rule->technique_count && i < TECHNIQUES_NAMED; i++) {
		struct str name = attack_name(rule->techniques[i]);
		buf_printf(&buf, "%s%.*s%s%.*s", i > 0 ? ", " : "", STR_ARG(rule->techniques[i]),
			name.len > 0 ? " " : "", STR_ARG(name));
	}
	if (rule->technique_count > TECHNIQUES_NAMED)
		buf_printf(&buf, " and %u more", rule->technique_count - TECHNIQUES_NAMED);
	if (buf.len > 0)
		buf_cstr(&buf, ": ");
	buf_str(&buf, rule->title.len > 0 ? rule->title : rule->id);
	struct str text = arena_strn(arena, buf.ptr, buf.len);
	buf_destroy(&buf);
	return text;
}

/* What the rule took for one of its steps. */
static struct str say_event(struct arena *arena, const struct detection *detection, uint32_t number)
{
	const struct detection_event *event = &detection->events[number];
	char time[CLOCK_TEXT_BYTES];

	clock_format_rfc3339(event->time_ns, time);
	return arena_printf(arena, "event %u of %u: %.*s%s%.*s at %s", number + 1,
		detection->event_count, STR_ARG(event->action), event->object.len > 0 ? " " : "",
		STR_ARG(event->object), time);
}

static struct str say_keys(
	struct arena *arena, const struct cep_match *match, const struct fields *fields)
{
	struct buf buf = {.limit_bytes = 1024};

	buf_cstr(&buf, "joined by ");
	cep_print_keys(&buf, match->rule->plan, match->keys, match->key_count, fields);
	struct str text = arena_strn(arena, buf.ptr, buf.len);
	buf_destroy(&buf);
	return text;
}

static struct str say_window(
	struct arena *arena, const struct cep_match *match, const struct fields *fields)
{
	struct buf buf = {.limit_bytes = 1024};

	cep_print_window(&buf, match->rule->plan, match->aggregate, fields);
	struct str text = arena_strn(arena, buf.ptr, buf.len);
	buf_destroy(&buf);
	return text;
}

static uint32_t say_match(struct arena *arena, const struct detection_source *source,
	const struct detection *detection, struct str *why, uint32_t room)
{
	const struct cep_match *match = source->match;
	const struct cep_plan *plan = match->rule->plan;
	const struct fields *fields = source->view == NULL ? NULL : source->view->fields;
	uint32_t count = 0;

	if (plan != NULL && plan->type == CEP_WINDOW && count < room)
		why[count++] = say_window(arena, match, fields);
	if (plan != NULL && match->key_count > 0 && count < room)
		why[count++] = say_keys(arena, match, fields);
	for (uint32_t i = 0;
		detection->event_count > 1 && i < detection->event_count && count < room; i++)
		why[count++] = say_event(arena, detection, i);
	return count;
}

static int take_why(
	struct arena *arena, const struct detection_source *source, struct detection *ret)
{
	struct str *why = arena_alloc(arena, WHY_MAX * sizeof(*why));
	uint32_t count = 0;

	if (why == NULL)
		return -ENOMEM;
	why[count++] = say_technique(arena, source->rule);
	if (source->match != NULL)
		count += say_match(arena, source, ret, why + count, WHY_MAX - count);
	for (uint32_t i = 0; i < source->why_count && count < WHY_MAX; i++)
		why[count++] = say_why(arena, source->view->fields, &source->why[i]);
	for (uint32_t i = 0; i < count; i++)
		if (why[i].ptr == NULL)
			return -ENOMEM;
	ret->why = why;
	ret->why_count = count;
	return 0;
}

static const struct cep_event *last_event(const struct cep_match *match)
{
	for (uint32_t i = match->event_count; i > 0; i--)
		if (match->events[i - 1] != NULL)
			return match->events[i - 1];
	return NULL;
}

int detection_make(
	struct arena *arena, const struct detection_source *source, struct detection *ret)
{
	struct detection made = {.rule = source->rule};
	struct facts facts = {.view = source->view};

	if (source->match != NULL)
		facts = (struct facts){.kept = last_event(source->match)};
	if (facts.view == NULL && facts.kept == NULL)
		return -EINVAL;
	if (!(source->actor != NULL
			    ? take_process(arena, source->graph, source->actor, &made.process)
			    : take_from_event(arena, &facts, &made.process)))
		return -ENOMEM;
	int r = take_ancestors(arena, source, &made);
	if (r == 0)
		r = source->match != NULL ? take_events(arena, source, &made)
					  : take_only_event(arena, source, &made);
	if (r == 0)
		r = take_why(arena, source, &made);
	if (r == 0)
		*ret = made;
	return r;
}

/* ---- JSON ---- */

static void put_image(struct json_writer *w, const struct detection_process *p)
{
	json_member_str(w, "entity_id", p->entity_id);
	if (p->pid != 0)
		json_member_u64(w, "pid", p->pid);
	json_member_str(w, "executable", p->executable);
	json_member_str(w, "command_line", p->command_line);
	if (p->user.len > 0)
		json_member_str(w, "user", p->user);
}

void detection_write_process(struct json_writer *w, const struct detection *detection)
{
	json_object_begin(w);
	put_image(w, &detection->process);
	json_key(w, STR("ancestry"));
	json_array_begin(w);
	for (uint32_t i = 0; i < detection->ancestor_count; i++) {
		json_object_begin(w);
		put_image(w, &detection->ancestors[i]);
		json_object_end(w);
	}
	json_array_end(w);
	json_object_end(w);
}

static void put_event(struct json_writer *w, const struct detection_event *event)
{
	json_object_begin(w);
	if (event->file.len > 0)
		json_member_str(w, "file", event->file);
	json_member_u64(w, "file_index", event->file_index);
	json_member_u64(w, "index", event->index);
	json_member_time(w, "@timestamp", event->time_ns);
	json_member_str(w, "event.action", event->action);
	json_member_str(w, "process.entity_id", event->entity_id);
	if (event->host.len > 0)
		json_member_str(w, "host.name", event->host);
	if (event->object.len > 0)
		json_member_str(w, "object", event->object);
	json_object_end(w);
}

void detection_write(struct buf *buf, const struct detection *detection)
{
	const struct rule *rule = detection->rule;
	struct json_writer w = {.buf = buf};

	json_object_begin(&w);
	json_member_str(&w, "kind", STR("alert"));
	json_key(&w, STR("rule"));
	json_object_begin(&w);
	json_member_str(&w, "id", rule->id);
	json_member_str(&w, "file", rule->file);
	json_member_str(&w, "name", rule->title);
	json_member_str(&w, "language", rule->language);
	json_member_str(&w, "severity", str_of(severity_word(rule->severity)));
	json_object_end(&w);
	json_key(&w, STR("threat"));
	json_object_begin(&w);
	json_member_texts(&w, "technique", rule->techniques, rule->technique_count);
	json_member_texts(&w, "tactic", rule->tactics, rule->tactic_count);
	json_object_end(&w);
	json_key(&w, STR("events"));
	json_array_begin(&w);
	for (uint32_t i = 0; i < detection->event_count; i++)
		put_event(&w, &detection->events[i]);
	json_array_end(&w);
	json_member_texts(&w, "why", detection->why, detection->why_count);
	json_key(&w, STR("process"));
	detection_write_process(&w, detection);
	json_object_end(&w);
}
