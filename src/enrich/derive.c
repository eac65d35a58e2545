#include <errno.h>
#include <stdlib.h>
#include "enrich/enrich_internal.h"

enum how { BASENAME, EXTENSION, DIRECTORY, JOIN, COUNT_OF, IP_TYPE, SAME, USER, GROUP };

/* to follows from `from`; in order, so that a row may use what one above it made. */
static const struct rule {
	uint8_t how;
	field_id to, from;
} rules[] = {
	{BASENAME, FIELD_process_name, FIELD_process_executable},
	{BASENAME, FIELD_process_parent_name, FIELD_process_parent_executable},
	{BASENAME, FIELD_process_entry_leader_name, FIELD_process_entry_leader_executable},
	{BASENAME, FIELD_process_session_leader_name, FIELD_process_session_leader_executable},
	{BASENAME, FIELD_process_group_leader_name, FIELD_process_group_leader_executable},
	{BASENAME, FIELD_process_Ext_effective_parent_name,
		FIELD_process_Ext_effective_parent_executable},
	{BASENAME, FIELD_Effective_process_name, FIELD_Effective_process_executable},
	{BASENAME, FIELD_Target_process_name, FIELD_Target_process_executable},
	{JOIN, FIELD_process_command_line, FIELD_process_args},
	{JOIN, FIELD_process_parent_command_line, FIELD_process_parent_args},
	{JOIN, FIELD_process_entry_leader_command_line, FIELD_process_entry_leader_args},
	{JOIN, FIELD_process_session_leader_command_line, FIELD_process_session_leader_args},
	{JOIN, FIELD_process_group_leader_command_line, FIELD_process_group_leader_args},
	{COUNT_OF, FIELD_process_args_count, FIELD_process_args},
	{COUNT_OF, FIELD_process_parent_args_count, FIELD_process_parent_args},
	{BASENAME, FIELD_file_name, FIELD_file_path},
	{EXTENSION, FIELD_file_extension, FIELD_file_name},
	{EXTENSION, FIELD_file_extension, FIELD_file_path},
	{DIRECTORY, FIELD_file_directory, FIELD_file_path},
	{BASENAME, FIELD_file_Ext_original_name, FIELD_file_Ext_original_path},
	{EXTENSION, FIELD_file_Ext_original_extension, FIELD_file_Ext_original_path},
	{BASENAME, FIELD_dll_name, FIELD_dll_path},
	{BASENAME, FIELD_Persistence_name, FIELD_Persistence_path},
	{IP_TYPE, FIELD_network_type, FIELD_destination_ip},
	{IP_TYPE, FIELD_network_type, FIELD_source_ip},
	{SAME, FIELD_user_id, FIELD_process_user_id},
	{SAME, FIELD_process_user_id, FIELD_user_id},
	{SAME, FIELD_user_effective_id, FIELD_process_user_id},
	{USER, FIELD_user_name, FIELD_user_id},
	{SAME, FIELD_user_name, FIELD_process_user_name},
	{SAME, FIELD_process_user_name, FIELD_user_name},
	{SAME, FIELD_user_effective_name, FIELD_process_user_name},
	{USER, FIELD_user_target_name, FIELD_user_target_id},
	{USER, FIELD_user_changes_name, FIELD_user_changes_id},
	{USER, FIELD_file_owner, FIELD_file_uid},
	{GROUP, FIELD_file_group, FIELD_file_gid},
	{GROUP, FIELD_user_target_group_name, FIELD_user_target_group_id},
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))
#define WORDS_MAX  8

struct derive {
	struct rule rules[RULE_COUNT]; /* those whose result somebody wants */
	uint32_t count;
	bool os_type, direction, dataset, namespace, agent_id;
	/* event.action, category and type of native events, by kind */
	struct {
		struct value action, categories, types, dataset;
		struct value words[2][WORDS_MAX];
	} kinds[KIND_MAX];
};

void derive_want(struct fields *fields, const uint64_t *outside)
{
	for (size_t i = RULE_COUNT; i > 0; i--)
		if (fields_wanted(outside, rules[i - 1].to))
			fields_want(fields, rules[i - 1].from);
	if (fields_wanted(outside, FIELD_agent_id))
		fields_want(fields, FIELD_host_id);
	/* a name is made from a path by way of another name */
	if (fields_wanted(outside, FIELD_file_extension))
		fields_want(fields, FIELD_file_path);
}

static struct value word_list(
	uint32_t bits, const struct schema_word *all, unsigned count, struct value *out)
{
	uint32_t len = 0;

	for (unsigned i = 0; i < count && len < WORDS_MAX; i++)
		if (bits >> all[i].number & 1)
			out[len++] = value_text(str_of(all[i].word));
	if (len == 0)
		return (struct value){0};
	if (len == 1)
		return out[0];
	return (struct value){.type = VALUE_LIST, .len = len, .items = out};
}

/* The stream in which Elastic's agents would keep such an event: rules name it. */
static struct str dataset_of(const struct schema_kind *kind)
{
	static const struct {
		uint32_t category;
		struct str dataset;
	} rows[] = {
		{CATEGORY_authentication, STR("endpoint.events.security")},
		{CATEGORY_iam, STR("endpoint.events.security")},
		{CATEGORY_library, STR("endpoint.events.library")},
		{CATEGORY_network, STR("endpoint.events.network")},
		{CATEGORY_file, STR("endpoint.events.file")},
		{CATEGORY_driver, STR("endpoint.events.library")},
		{CATEGORY_process, STR("endpoint.events.process")},
	};

	if (kind->number == KIND_audit_record)
		return STR("auditd_manager.auditd");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kind->categories >> rows[i].category & 1)
			return rows[i].dataset;
	return (struct str){0};
}

int derive_create(const uint64_t *outside, struct derive **ret)
{
	struct derive *derive = calloc(1, sizeof(*derive));

	if (derive == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < RULE_COUNT; i++)
		if (fields_wanted(outside, rules[i].to))
			derive->rules[derive->count++] = rules[i];
	derive->os_type = fields_wanted(outside, FIELD_host_os_type);
	derive->agent_id = fields_wanted(outside, FIELD_agent_id);
	derive->dataset = fields_wanted(outside, FIELD_data_stream_dataset);
	derive->namespace = fields_wanted(outside, FIELD_data_stream_namespace);
	derive->direction = fields_wanted(outside, FIELD_network_direction);
	for (unsigned i = 0; i < schema_kind_count; i++) {
		const struct schema_kind *kind = &schema_kinds[i];
		if (kind->action[0] != '\0')
			derive->kinds[kind->number].action = value_text(str_of(kind->action));
		struct str dataset = dataset_of(kind);
		if (dataset.len > 0)
			derive->kinds[kind->number].dataset = value_text(dataset);
		derive->kinds[kind->number].categories = word_list(kind->categories,
			schema_categories, schema_category_count,
			derive->kinds[kind->number].words[0]);
		derive->kinds[kind->number].types = word_list(kind->types, schema_types,
			schema_type_count, derive->kinds[kind->number].words[1]);
	}
	*ret = derive;
	return 0;
}

void derive_destroy(struct derive *derive)
{
	free(derive);
}

struct str user_name_of(const struct os_users *users, struct str uid)
{
	uint64_t number;

	return users != NULL && str_to_u64(uid, &number) && number <= UINT32_MAX
		       ? os_user_name(users, (uint32_t)number)
		       : (struct str){0};
}

struct str group_name_of(const struct os_users *users, struct str gid)
{
	uint64_t number;

	return users != NULL && str_to_u64(gid, &number) && number <= UINT32_MAX
		       ? os_group_name(users, (uint32_t)number)
		       : (struct str){0};
}

static struct str extension_of(struct str path)
{
	struct str name = str_basename(path);

	/* ".profile" is a hidden name, not an extension */
	for (size_t i = name.len; i > 1; i--)
		if (name.ptr[i - 1] == '.')
			return str_n(name.ptr + i, name.len - i);
	return (struct str){0};
}

static struct str directory_of(struct str path)
{
	size_t name = str_basename(path).len;

	if (name >= path.len)
		return (struct str){0};
	size_t len = path.len - name;
	return str_n(path.ptr, len > 1 ? len - 1 : len);
}

static struct str join(const struct value *list, struct arena *scratch)
{
	char number[VALUE_TEXT_BYTES];
	size_t size = 0, used = 0;

	if (list->type != VALUE_LIST)
		return list->type == VALUE_TEXT ? value_str(list) : (struct str){0};
	for (uint32_t i = 0; i < list->len; i++)
		size += value_as_text(&list->items[i], number).len + 1;
	char *text = size == 0 ? NULL : arena_alloc(scratch, size);
	if (text == NULL)
		return (struct str){0};
	for (uint32_t i = 0; i < list->len; i++) {
		struct str item = value_as_text(&list->items[i], number);
		if (i > 0)
			text[used++] = ' ';
		if (item.len > 0)
			memcpy(text + used, item.ptr, item.len);
		used += item.len;
	}
	return str_n(text, used);
}

static void apply(const struct rule *rule, struct view *view, const struct value *from,
	const struct os_users *users)
{
	struct str text = from->type == VALUE_TEXT ? value_str(from) : (struct str){0};
	char number[VALUE_TEXT_BYTES];

	switch ((enum how)rule->how) {
	case BASENAME:
		view_set_text(view, rule->to, str_basename(text));
		break;
	case EXTENSION:
		view_set_text(view, rule->to, extension_of(text));
		break;
	case DIRECTORY:
		view_set_text(view, rule->to, directory_of(text));
		break;
	case JOIN:
		view_set_text(view, rule->to, join(from, &view->scratch));
		break;
	case COUNT_OF:
		if (from->type == VALUE_LIST)
			view_set(view, rule->to, value_int(from->len));
		break;
	case IP_TYPE:
		if (text.len > 0)
			view_set_text(view, rule->to,
				memchr(text.ptr, ':', text.len) != NULL ? STR("ipv6")
									: STR("ipv4"));
		break;
	case SAME:
		view_set(view, rule->to, *from);
		break;
	case USER:
		if (users != NULL)
			view_set_text(
				view, rule->to, user_name_of(users, value_as_text(from, number)));
		break;
	case GROUP:
		if (users != NULL)
			view_set_text(
				view, rule->to, group_name_of(users, value_as_text(from, number)));
		break;
	}
}

static void derive_os(struct view *view)
{
	static const struct str words[] = {
		[OS_UNKNOWN] = {0},
		[OS_LINUX] = {"linux", 5},
		[OS_MACOS] = {"macos", 5},
		[OS_WINDOWS] = {"windows", 7},
	};
	struct str family;

	if (view_get(view, FIELD_host_os_type) != NULL)
		return;
	if (view->event->os != OS_UNKNOWN && view->event->os <= OS_WINDOWS) {
		view_set_text(view, FIELD_host_os_type, words[view->event->os]);
		return;
	}
	family = view_text(view, FIELD_host_os_family);
	if (str_is(family, "macos") || str_is(family, "darwin"))
		view_set_text(view, FIELD_host_os_type, words[OS_MACOS]);
	else if (str_is(family, "windows"))
		view_set_text(view, FIELD_host_os_type, words[OS_WINDOWS]);
	else if (family.len > 0)
		view_set_text(view, FIELD_host_os_type, words[OS_LINUX]);
}

static void derive_words(const struct derive *derive, struct view *view)
{
	uint16_t kind = view->event->kind;

	/* an ECS document speaks for itself */
	if (kind >= KIND_MAX || (view->event->raw.len > 0 && view->event->raw_key == NULL))
		return;
	if (derive->kinds[kind].action.type != VALUE_NONE &&
		view_get(view, FIELD_event_action) == NULL)
		view_set(view, FIELD_event_action, derive->kinds[kind].action);
	if (derive->kinds[kind].categories.type != VALUE_NONE &&
		view_get(view, FIELD_event_category) == NULL)
		view_set(view, FIELD_event_category, derive->kinds[kind].categories);
	if (derive->kinds[kind].types.type != VALUE_NONE &&
		view_get(view, FIELD_event_type) == NULL)
		view_set(view, FIELD_event_type, derive->kinds[kind].types);
	if (derive->dataset && derive->kinds[kind].dataset.type != VALUE_NONE &&
		view_get(view, FIELD_data_stream_dataset) == NULL)
		view_set(view, FIELD_data_stream_dataset, derive->kinds[kind].dataset);
	/* one agent a host */
	const struct value *host = derive->agent_id ? view_get(view, FIELD_host_id) : NULL;
	if (host != NULL && view_get(view, FIELD_agent_id) == NULL)
		view_set(view, FIELD_agent_id, *host);
	if (derive->namespace && view_get(view, FIELD_data_stream_namespace) == NULL)
		view_set_text(view, FIELD_data_stream_namespace, STR("default"));
}

void derive_fields(const struct derive *derive, struct view *view, const struct os_users *users)
{
	for (uint32_t i = 0; i < derive->count; i++) {
		const struct rule *rule = &derive->rules[i];
		const struct value *from = view_get(view, rule->from);

		if (from != NULL && view_get(view, rule->to) == NULL)
			apply(rule, view, from, users);
	}
	if (derive->os_type)
		derive_os(view);
	if (derive->direction && view_get(view, FIELD_network_direction) == NULL) {
		if (view->event->kind == KIND_network_connect)
			view_set_text(view, FIELD_network_direction, STR("egress"));
		else if (view->event->kind == KIND_network_accept)
			view_set_text(view, FIELD_network_direction, STR("ingress"));
	}
	derive_words(derive, view);
}
