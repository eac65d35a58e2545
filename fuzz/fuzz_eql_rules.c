/* Hostile EQL rule files, and queries in each dialect, down to compiled programs, plans and their
 * explanation. The first byte chooses. */
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "detect/eql/explain.h"
#include "detect/eql/rule_file.h"

static void take(struct ruleset *set, unsigned how, struct str text)
{
	static const struct eql_file_options file_options = {0};
	struct eql_options options = eql_options_of((enum eql_dialect)(how % 4 % 3));
	struct eql_document_options document = {
		.other_category_field = how & 8 ? STR("event_type") : (struct str){0}};
	struct rule_results results = {0};
	struct rule meta = {.id = STR("query"), .line = 3};

	if (how % 4 == 3) {
		(void)eql_load_text(set, &file_options, text, "fuzz.toml", &results, NULL);
		return;
	}
	options.caseless = how & 4;
	(void)eql_add_query(set, text, &options, &document, &meta, NULL);
}

static void tell(struct ruleset *set, const struct fields *fields)
{
	struct buf out = {0};

	for (uint32_t i = 0; i < ruleset_count(set); i++)
		if (ruleset_rule(set, i)->eql != NULL)
			eql_explain(set, fields, ruleset_rule(set, i), &out);
	buf_destroy(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fields *fields;
	struct ruleset *set = NULL;

	if (size == 0 || fields_create(&fields, NULL) != 0)
		return 0;
	if (ruleset_create(fields, &set, NULL) == 0) {
		take(set, data[0], str_n((const char *)data + 1, size - 1));
		if (fields_freeze(fields, NULL) == 0 && ruleset_compile(set, NULL) == 0)
			tell(set, fields);
	}
	ruleset_destroy(set);
	fields_destroy(fields);
	return 0;
}
