/* Hostile TOML; and every tree is walked. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "base/err.h"
#include "base/toml.h"

static void walk(const struct toml_node *node, unsigned depth)
{
	if (node->depth != depth || depth > TOML_DEPTH_MAX || node->line == 0)
		abort();
	for (uint32_t i = 0; i < node->count; i++) {
		if (node->type == TOML_LIST)
			walk(node->items[i], depth + 1);
		else
			walk(node->pairs[i].value, depth + 1);
	}
	if (node->type == TOML_TEXT && node->text.ptr[node->text.len] != '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct toml_node *node;
	struct arena arena;
	struct err err;

	arena_init(&arena, (size_t)64 << 20);
	if (toml_parse(&arena, str_n((const char *)data, size), &node, &err) == 0)
		walk(node, 0);
	arena_destroy(&arena);
	return 0;
}
