/* What schema.def lists, as C: enums and read-only tables. */
#ifndef MERLON_EVENT_SCHEMA_H
#define MERLON_EVENT_SCHEMA_H
#include <stdint.h>
#include "base/str.h"

enum event_category {
#define CATEGORY(ident, number, word) CATEGORY_##ident = number,
#include "event/schema.def"
};
enum event_type {
#define TYPE(ident, number, word) TYPE_##ident = number,
#include "event/schema.def"
};
enum event_kind {
	KIND_none = 0,
#define KIND(ident, number, ...) KIND_##ident = number,
#include "event/schema.def"
	KIND_MAX = 192, /* numbers stay below */
};
enum {
	FIELD_none = 0,
#define FIELD(ident, number, ...) FIELD_##ident = number,
#include "event/schema.def"
	FIELD_STATIC_MAX = 1024, /* numbers of the schema stay below; dynamic ids begin here */
};

enum field_type {
	FIELD_TYPE_TEXT,
	FIELD_TYPE_LONG,
	FIELD_TYPE_BOOL,
	FIELD_TYPE_DATE,
	FIELD_TYPE_IP,
	FIELD_TYPE_TEXTS,
};

struct schema_kind {
	uint16_t number;
	const char *ident, *action;
	uint32_t categories, types, groups; /* bits 1 << CATEGORY_x … */
	const char *doc, *linux_source, *macos_source;
};
struct schema_field {
	uint16_t number;
	const char *ident, *name;
	enum field_type type;
	uint8_t group;
	const char *doc;
};
struct schema_word {
	uint8_t number;
	const char *ident, *word;
};

/* By number; NULL when the schema has none. */
const struct schema_kind *schema_kind(unsigned number);
const struct schema_field *schema_field(unsigned number);
/* FIELD_none when the name is not in the schema. */
uint16_t schema_field_by_name(struct str name);
/* In the order of schema.def. */
extern const struct schema_kind schema_kinds[];
extern const struct schema_field schema_fields[];
extern const struct schema_word schema_categories[], schema_types[], schema_groups[];
extern const unsigned schema_kind_count, schema_field_count, schema_category_count,
	schema_type_count, schema_group_count;

/* The bit of an ECS word, or 0. */
uint32_t schema_category_bit(struct str word);
uint32_t schema_type_bit(struct str word);

/* Which kind a recorded document is, from its ECS words: categories and types as bits, action as
 * written (other products' words for the same act are known). KIND_document when none fits. */
enum event_kind schema_kind_of(uint32_t categories, uint32_t types, struct str action);
#endif
