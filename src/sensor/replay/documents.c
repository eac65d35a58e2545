#include "sensor/replay/documents.h"

#include "base/err.h"

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
