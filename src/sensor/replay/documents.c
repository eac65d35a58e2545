#include "sensor/replay/documents.h"

#include "base/err.h"
#include "base/json.h"

int documents_next(
	struct replay *replay, struct split *split, struct batch *batch, documents_decode *decode)
{
	struct err why;
	struct str json;
	enum split_result result = split_next(split, &json);

	if (result == SPLIT_END)
		return 0;
	if (result == SPLIT_NOTE) {
		replay_note(replay, split->error_at, split->reason);
		return 1;
	}
	replay_record(replay);
	while (result == SPLIT_RECORD) {
		size_t at = 0;
		if (decode(replay, batch, json, &at, &why) == 0) {
			replay_accept(replay);
			return 1;
		}
		result = split_again(split, at, why.text, &json);
	}
	replay_skip(replay, split->error_at, split->reason);
	return 1;
}

uint32_t documents_members(struct str head, const char *const *names, size_t count, unsigned depth)
{
	struct json json;
	uint32_t found = 0;
	enum json_token token;

	if (str_starts(head, STR("\xef\xbb\xbf")))
		head = str_n(head.ptr + 3, head.len - 3);
	while (head.len > 0 && ((unsigned char)head.ptr[0] <= ' ' || head.ptr[0] == '['))
		head.ptr++, head.len--;
	if (head.len == 0 || head.ptr[0] != '{')
		return 0;
	json_init(&json, head.ptr, head.len);
	while ((token = json_next(&json)) != JSON_ERROR && token != JSON_END)
		if (token == JSON_KEY && json.depth <= depth)
			for (size_t i = 0; i < count; i++)
				found |= (uint32_t)str_is(json.text, names[i]) << i;
	return found;
}
