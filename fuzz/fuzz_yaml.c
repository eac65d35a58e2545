/* Documents of hostile YAML. */
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct yaml_reader reader;
	struct yaml_node *node;
	struct arena arena;
	struct err err;
	int rc;

	arena_init(&arena, (size_t)64 << 20);
	yaml_reader_init(&reader, str_n((const char *)data, size), "fuzz");
	while ((rc = yaml_next(&reader, &arena, &node, &err)) != 0)
		if (rc > 0)
			(void)yaml_get(node, "title");
	arena_destroy(&arena);
	return 0;
}
