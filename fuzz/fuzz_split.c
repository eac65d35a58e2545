/* Streams of JSON records, also packed: every record begins with '{' and the stream moves on. */
#include "base/json.h"
#include "memory_file.h"
#include "sensor/replay/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What unpacking may make of a small input; more tells nothing new. */
#define BYTES_MAX (UINT64_C(1) << 20)

static bool readable(struct str text, size_t *ret_at)
{
	struct json json;

	json_init(&json, text.ptr, text.len);
	bool whole = json_skip(&json, json_next(&json)) && (size_t)(json.at - text.ptr) == text.len;
	*ret_at = (size_t)(json.at - text.ptr);
	return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input *input;
	struct split split;
	struct str json;
	uint64_t calls = 0, line, column;

	if (input_open(memory_file(data, size), &input, NULL) != 0)
		abort();
	split_init(&split, input);
	while (input->offset < BYTES_MAX) {
		enum split_result result = split_next(&split, &json);
		if (result == SPLIT_END)
			break;
		for (unsigned tries = 0; result == SPLIT_RECORD; tries++) {
			size_t at;
			if (json.len == 0 || json.ptr[0] != '{' || tries > 2)
				abort();
			if (json.ptr < input->ptr || json.len > input->len)
				abort();
			if (readable(json, &at))
				break;
			result = split_again(&split, at, "bad", &json);
		}
		if (result != SPLIT_RECORD && split.error_at > input->len)
			abort();
		input_position(input, result == SPLIT_RECORD ? 0 : split.error_at, &line, &column);
		/* each call takes at least a byte, but for the note at the end */
		if (++calls > input->offset + input->len + 2)
			abort();
	}
	input_close(input);
	return 0;
}
