#include "event/schema.h"

#include <stddef.h>

#define C(x) (UINT32_C(1) << CATEGORY_##x)
#define T(x) (UINT32_C(1) << TYPE_##x)
#define G(x) (UINT32_C(1) << GROUP_##x)

enum {
#define GROUP(ident, number, doc) GROUP_##ident = number,
#include "event/schema.def"
};

const struct schema_word schema_categories[] = {
#define CATEGORY(ident, number, word) {number, #ident, word},
#include "event/schema.def"
};
const struct schema_word schema_types[] = {
#define TYPE(ident, number, word) {number, #ident, word},
#include "event/schema.def"
};
const struct schema_word schema_groups[] = {
#define GROUP(ident, number, doc) {number, #ident, doc},
#include "event/schema.def"
};
const struct schema_kind schema_kinds[] = {
#define KIND(ident, number, action, categories, types, groups, doc, linux_source, macos_source) \
	{number, #ident, action, categories, types, groups, doc, linux_source, macos_source},
#include "event/schema.def"
};
const struct schema_field schema_fields[] = {
#define FIELD(ident, number, name, type, group, doc) \
	{number, #ident, name, FIELD_TYPE_##type, GROUP_##group, doc},
#include "event/schema.def"
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
const unsigned schema_kind_count = COUNT(schema_kinds);
const unsigned schema_field_count = COUNT(schema_fields);
const unsigned schema_category_count = COUNT(schema_categories);
const unsigned schema_type_count = COUNT(schema_types);
const unsigned schema_group_count = COUNT(schema_groups);

/* Row numbers by kind and by field number, made by the compiler from the same list. */
enum {
#define KIND(ident, ...) KIND_ROW_##ident,
#include "event/schema.def"
};
enum {
#define FIELD(ident, ...) FIELD_ROW_##ident,
#include "event/schema.def"
};
static const uint8_t kind_rows[KIND_MAX] = {
#define KIND(ident, number, ...) [number] = KIND_ROW_##ident + 1,
#include "event/schema.def"
};
static const uint16_t field_rows[FIELD_STATIC_MAX] = {
#define FIELD(ident, number, ...) [number] = FIELD_ROW_##ident + 1,
#include "event/schema.def"
};

const struct schema_kind *schema_kind(unsigned number)
{
	unsigned row = number < KIND_MAX ? kind_rows[number] : 0;

	return row == 0 ? NULL : &schema_kinds[row - 1];
}

const struct schema_field *schema_field(unsigned number)
{
	unsigned row = number < FIELD_STATIC_MAX ? field_rows[number] : 0;

	return row == 0 ? NULL : &schema_fields[row - 1];
}

uint16_t schema_field_by_name(struct str name)
{
	for (unsigned i = 0; i < schema_field_count; i++)
		if (str_is(name, schema_fields[i].name))
			return schema_fields[i].number;
	return FIELD_none;
}

/* Most words differ in their first byte. */
static inline bool is_word(struct str text, const char *word)
{
	return text.len > 0 && text.ptr[0] == word[0] && str_is(text, word);
}

static uint32_t word_bit(const struct schema_word *words, unsigned count, struct str word)
{
	for (unsigned i = 0; i < count; i++)
		if (is_word(word, words[i].word))
			return UINT32_C(1) << words[i].number;
	return 0;
}

uint32_t schema_category_bit(struct str word)
{
	return word_bit(schema_categories, schema_category_count, word);
}

uint32_t schema_type_bit(struct str word)
{
	return word_bit(schema_types, schema_type_count, word);
}

/* Words of other products, and of Elastic's other data sets, for acts that have a kind. A row
 * counts when the document is in one of the categories, or names none. */
static const struct {
	const char *action;
	uint32_t categories;
	enum event_kind kind;
} other_words[] = {
	{"exec_event", C(process), KIND_process_exec},
	{"executed", C(process), KIND_process_exec},
	{"start", C(process), KIND_process_exec},
	{"process_started", C(process), KIND_process_exec},
	{"ProcessRollup2", C(process), KIND_process_exec},
	{"SyntheticProcessRollup2", C(process), KIND_process_exec},
	{"fork_event", C(process), KIND_process_fork},
	{"exit", C(process), KIND_process_exit},
	{"exit_event", C(process), KIND_process_exit},
	{"process_stopped", C(process), KIND_process_exit},
	{"killed-pid", C(process), KIND_process_signal},
	{"file_create_event", C(file), KIND_file_create},
	{"created", C(file), KIND_file_create},
	{"file_rename_event", C(file), KIND_file_rename},
	{"renamed", C(file), KIND_file_rename},
	{"overwrite", C(file), KIND_file_modify},
	{"wrote-to-file", C(file), KIND_file_modify},
	{"updated", C(file), KIND_file_modify},
	{"opened-file", C(file), KIND_file_open},
	{"deleted", C(file), KIND_file_delete},
	{"connected-to", C(network), KIND_network_connect},
	{"ipv4_connection_attempt_event", C(network), KIND_network_connect},
	{"network_flow", C(network), KIND_network_connect},
	{"accepted-connection-from", C(network), KIND_network_accept},
	{"bound-socket", C(network), KIND_network_bind},
	{"loaded-kernel-module", C(driver) | C(process), KIND_driver_load},
	{"launch_daemon", C(persistence) | C(file), KIND_persistence_add},
	{"launch_agent", C(persistence) | C(file), KIND_persistence_add},
	{"login_item", C(persistence) | C(file), KIND_persistence_add},
	{"background_task", C(persistence) | C(file), KIND_persistence_add},
};

/* For documents whose action says nothing: the first row whose bits are all there. */
static const struct {
	uint32_t categories, types;
	enum event_kind kind;
} by_words[] = {
	{C(dns), T(end), KIND_dns_answer},
	{C(dns), 0, KIND_dns_query},
	{C(library), 0, KIND_library_load},
	{C(driver), T(start), KIND_driver_load},
	{C(network), T(end), KIND_network_disconnect},
	{C(network), 0, KIND_network_connect},
	{C(process), T(start), KIND_process_exec},
	{C(process), T(end), KIND_process_exit},
	{C(persistence), T(deletion), KIND_persistence_remove},
	{C(persistence), 0, KIND_persistence_add},
	{C(file), T(creation), KIND_file_create},
	{C(file), T(deletion), KIND_file_delete},
	{C(file), T(change), KIND_file_modify},
	{C(file), T(access), KIND_file_open},
	{C(iam), T(user) | T(creation), KIND_account_create},
	{C(iam), T(user) | T(deletion), KIND_account_delete},
	{C(iam), T(group) | T(creation), KIND_group_create},
	{C(iam), T(group) | T(deletion), KIND_group_delete},
	{C(authentication), T(start), KIND_user_login},
	{C(authentication), 0, KIND_authentication},
};

static enum event_kind kind_by_action(uint32_t categories, struct str action)
{
	for (unsigned i = 0; i < schema_kind_count; i++)
		if (is_word(action, schema_kinds[i].action) &&
			(categories == 0 || (categories & schema_kinds[i].categories) != 0))
			return (enum event_kind)schema_kinds[i].number;
	for (unsigned i = 0; i < COUNT(other_words); i++)
		if (is_word(action, other_words[i].action) &&
			(categories == 0 || (categories & other_words[i].categories) != 0))
			return other_words[i].kind;
	return KIND_none;
}

enum event_kind schema_kind_of(uint32_t categories, uint32_t types, struct str action)
{
	enum event_kind kind = action.len == 0 ? KIND_none : kind_by_action(categories, action);

	if (kind != KIND_none)
		return kind;
	for (unsigned i = 0; i < COUNT(by_words); i++)
		if ((categories & by_words[i].categories) != 0 &&
			(types & by_words[i].types) == by_words[i].types)
			return by_words[i].kind;
	return KIND_document;
}
