/* Hostile Sigma rules, in each taxonomy, down to compiled programs and plans. */
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "detect/cep/cep.h"
#include "detect/sigma/explain.h"
#include "detect/sigma/sigma.h"

static void use_plans(const struct ruleset *set, const struct fields *fields)
{
	struct cep_options options = {.host = FIELD_none};
	struct buf out = {0};
	struct cep *cep;

	for (uint32_t i = 0; i < ruleset_count(set); i++)
		if (ruleset_rule(set, i)->plan != NULL)
			sigma_explain_correlation(ruleset_rule(set, i), fields, &out);
	if (cep_create(set, &options, &cep, NULL) == 0)
		cep_destroy(cep);
	buf_destroy(&out);
}

static void load(struct str text, enum sigma_taxonomy taxonomy)
{
	static const struct str values[] = {{"a*", 2}, {"b", 1}};
	static const struct sigma_placeholder placeholders[] = {{{"p", 1}, values, 2}};
	struct sigma_options options = {taxonomy, placeholders, 1};
	struct fields *fields;
	struct ruleset *set = NULL;
	struct rule_results results = {0};
	struct sigma_loader *loader;

	if (fields_create(&fields, NULL) != 0)
		return;
	if (ruleset_create(fields, &set, NULL) == 0 &&
		sigma_create(set, &options, &results, &loader, NULL) == 0) {
		(void)sigma_load_text(loader, text, "fuzz.yml", NULL);
		(void)sigma_finish(loader, NULL);
		sigma_destroy(loader);
		if (fields_freeze(fields, NULL) == 0 && ruleset_compile(set, NULL) == 0)
			use_plans(set, fields);
	}
	ruleset_destroy(set);
	fields_destroy(fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		load(str_n((const char *)data + 1, size - 1), (enum sigma_taxonomy)(data[0] % 3));
	return 0;
}
