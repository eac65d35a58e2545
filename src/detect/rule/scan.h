/* One scan of the literal index: a set of predicates about one field, asked all at once of its
 * value. Texts and numbers that must be equal are looked up in hash tables, other literals go into a
 * Hyperscan database. Internal to detect/rule. */
#ifndef MERLON_DETECT_RULE_SCAN_H
#define MERLON_DETECT_RULE_SCAN_H
#include <hs.h>
#include "detect/rule/cache.h"
#include "detect/rule/literal.h"

/* A literal was found: what it says about a predicate. */
struct scan_entry {
	uint32_t predicate;
	uint32_t len;	       /* of the literal */
	bool at_start, at_end; /* only a literal in this place counts */
	bool settles;	       /* the predicate then holds; else it must be tested */
};

struct scan_exact {
	uint32_t hash;
	uint32_t predicate; /* UINT32_MAX: free */
	struct str text;    /* folded */
	bool settles;
};

struct scan_number {
	double number;
	uint32_t predicate; /* UINT32_MAX: free */
};

struct scan {
	field_id field;	 /* FIELD_none: all values of the event */
	uint8_t ordinal; /* among the scans of the field */
	uint32_t number; /* among all scans */
	uint32_t *predicates;
	uint32_t predicate_count;
	struct scan_exact *exact; /* open addressing */
	uint32_t exact_mask, exact_count;
	struct scan_number *numbers; /* open addressing */
	uint32_t number_mask, number_count;
	hs_database_t *database; /* NULL: no literals */
	struct scan_entry *entries;
	uint32_t *first_entry; /* by literal number; one more at the end */
	uint32_t literal_count;
};

/* Builds from field, predicates and predicate_count. Memory is the arena's, except the database, which
 * may come from the cache (NULL: none).
 * 0, -ENOMEM, or -EINVAL when Hyperscan refuses. */
int scan_build(struct scan *scan, const struct predicates *predicates,
	const struct literals *literals, struct arena *arena, struct rule_cache *cache,
	struct err *err);
void scan_destroy(struct scan *scan);
uint32_t scan_hash(struct str folded_or_ascii);
uint32_t scan_hash_number(double number);
#endif
