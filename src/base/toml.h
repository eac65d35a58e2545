/* TOML 1.0 as a tree, for cold paths: rule files. Input is hostile: size, depth and nodes are
 * bounded, text must be UTF-8, a key may stand only once. Source of the format: toml.io/en/v1.0.0.
 * Not thread-safe. */
#ifndef MERLON_BASE_TOML_H
#define MERLON_BASE_TOML_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"
struct err;

#define TOML_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define TOML_DEPTH_MAX 64 /* of the tree */
#define TOML_NODES_MAX 65536
#define TOML_PAIRS_MAX 4096 /* of one table */

enum toml_type {
	TOML_TEXT,
	TOML_INT,
	TOML_FLOAT,
	TOML_BOOL,
	TOML_TIME, /* any of the four date and time types, as written */
	TOML_LIST,
	TOML_TABLE,
};

struct toml_node;
struct toml_pair {
	struct str key; /* may be empty */
	struct toml_node *value;
};

struct toml_node {
	uint8_t type;	  /* enum toml_type */
	uint8_t made;	  /* how a table came to be; the reader's own */
	uint16_t depth;	  /* 0: the document */
	uint32_t line;	  /* where it begins, from 1 */
	uint32_t section; /* the reader's own */
	uint32_t count;	  /* items or pairs */
	uint32_t capacity;
	bool boolean;
	int64_t i64;
	double f64;	 /* FLOAT; of INT the same number */
	struct str text; /* TEXT: its value, NUL-terminated, may hold NUL; TIME: as written */
	/* TEXT: where the first character of the value stands, which in a multi-line string may be
	 * the line after the quotes. */
	uint32_t text_line;
	union {
		struct toml_node **items;
		struct toml_pair *pairs; /* in the order of the document */
	};
};

/* The document's table, in the arena. -EBADMSG, -E2BIG or -ENOMEM with "line N: reason". */
int toml_parse(struct arena *arena, struct str text, struct toml_node **ret, struct err *err);

/* The value of a table's key, or NULL; NULL and no tables in, NULL out. */
const struct toml_node *toml_get(const struct toml_node *node, const char *key);
/* The value of a TEXT; of anything else, NULL too, the empty text. */
struct str toml_text(const struct toml_node *node);
#endif
