/* YAML 1.2 (core schema) as a tree, for cold paths: rules and configuration. Input is hostile:
 * size, depth, nodes and what aliases expand to are bounded. A file may hold several documents; a
 * broken one does not spoil the next. Not thread-safe. */
#ifndef MERLON_BASE_YAML_H
#define MERLON_BASE_YAML_H
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"
struct err;

#define YAML_DOCUMENT_BYTES_MAX ((size_t)1024 * 1024)
#define YAML_DEPTH_MAX		64
#define YAML_NODES_MAX		65536 /* of a document, aliases counted as often as they are used */
#define YAML_PAIRS_MAX		4096  /* of one map */
#define YAML_ANCHORS_MAX	256

enum yaml_kind { YAML_KIND_SCALAR, YAML_KIND_LIST, YAML_KIND_MAP };
enum yaml_type { YAML_TYPE_NULL, YAML_TYPE_BOOL, YAML_TYPE_INT, YAML_TYPE_FLOAT, YAML_TYPE_TEXT };

struct yaml_node;
struct yaml_pair {
	struct yaml_node *key; /* a scalar */
	struct yaml_node *value;
};

/* A node that an alias names is shared, not copied: the tree is a graph without cycles, and a walk
 * over it meets at most YAML_NODES_MAX nodes. */
struct yaml_node {
	uint8_t kind; /* enum yaml_kind */
	uint8_t type; /* enum yaml_type, of a scalar; of a quoted one always TEXT */
	bool plain;   /* a scalar without quotes, not a block */
	bool boolean;
	int64_t i64;
	double f64;	       /* FLOAT; of INT the same number */
	uint32_t line, column; /* in the file, from 1 */
	uint32_t weight;       /* nodes below, itself included */
	uint32_t count;	       /* items or pairs */
	struct str text;       /* scalar as written, NUL-terminated */
	union {
		struct yaml_node **items;
		struct yaml_pair *pairs;
	};
};

struct yaml_reader {
	struct str rest;
	uint32_t line;		/* of rest, from 1 */
	uint32_t document;	/* number that the next document will get */
	const char *file;	/* for messages; may be NULL */
	uint32_t document_line; /* where the last document began */
};

/* text and file must outlive the reader. */
void yaml_reader_init(struct yaml_reader *reader, struct str text, const char *file);
/* The next document, in the arena. Returns 1 with *ret, 0 at the end, or a negative errno (-EBADMSG,
 * -E2BIG, -ENOMEM) with err naming file, line, column and reason; the next call goes on with the
 * document after. A stretch of comments only is no document. */
int yaml_next(
	struct yaml_reader *reader, struct arena *arena, struct yaml_node **ret, struct err *err);

/* The value of a map's key, or NULL; NULL and non-maps in, NULL out. */
struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);
/* The text of a scalar that is not null; else empty. */
struct str yaml_scalar(const struct yaml_node *node);
/* New nodes, for callers that put documents together. NULL when the arena is full. */
struct yaml_node *yaml_map(struct arena *arena, uint32_t capacity);
#endif
