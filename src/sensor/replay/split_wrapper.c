#include "sensor/replay/split_wrapper.h"

#include "base/json.h"

static const struct {
	uint8_t role;
	const char *key; /* NULL: an element */
	bool array;
	uint8_t enters;
} steps[] = {
	{WRAPPER_SEARCH, "hits", false, WRAPPER_HITS},
	{WRAPPER_SEARCH, "hits", true, WRAPPER_RECORDS},
	{WRAPPER_SEARCH, "rawResponse", false, WRAPPER_SEARCH},
	{WRAPPER_SEARCH, "response", false, WRAPPER_SEARCH}, /* asynchronous searches */
	{WRAPPER_SEARCH, "responses", true, WRAPPER_SEARCHES},
	{WRAPPER_SEARCHES, NULL, false, WRAPPER_SEARCH},
	{WRAPPER_HITS, "hits", true, WRAPPER_RECORDS},
	{WRAPPER_HITS, "events", true, WRAPPER_RECORDS},
	{WRAPPER_HITS, "sequences", true, WRAPPER_SEQUENCES},
	{WRAPPER_SEQUENCES, NULL, false, WRAPPER_SEQUENCE},
	{WRAPPER_SEQUENCE, "events", true, WRAPPER_RECORDS},
};

enum wrapper_role wrapper_enter(enum wrapper_role role, struct str key, bool object, bool array)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].role == role && (steps[i].array ? array : object) &&
			(steps[i].key == NULL ? key.len == 0 : str_is(key, steps[i].key)))
			return steps[i].enters;
	return WRAPPER_NONE;
}

/* Names that the first member of an answer has; a document's is hardly ever one of them. */
static bool may_begin_answer(struct str key)
{
	static const struct str names[] = {{"took", 4}, {"hits", 4}, {"timed_out", 9},
		{"is_partial", 10}, {"is_running", 10}, {"isPartial", 9}, {"isRunning", 9},
		{"rawResponse", 11}, {"responses", 9}, {"response", 8}, {"_shards", 7},
		{"_scroll_id", 10}, {"_clusters", 9}, {"id", 2}, {"status", 6}, {"total", 5},
		{"loaded", 6}, {"terminated_early", 16}, {"num_reduce_phases", 17}, {"pit_id", 6},
		{"aggregations", 12}, {"isRestored", 10}, {"completion_status", 17},
		{"start_time_in_millis", 20}, {"expiration_time_in_millis", 25}, {"error", 5},
		{"suggest", 7}, {"profile", 7}, {"warning", 7}, {"requestParams", 13},
		{"isStored", 8}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(key, names[i]))
			return true;
	return false;
}

/* Walks the members until one leads to an array of records. */
static int walk(struct json *json)
{
	enum wrapper_role roles[8] = {WRAPPER_NONE, WRAPPER_SEARCH};

	for (;;) {
		enum json_token token = json_next(json);
		if (token == JSON_ERROR)
			return json->truncated ? -1 : 0;
		if (token == JSON_END || (token == JSON_OBJECT_END && json->depth == 0))
			return 0;
		if (token != JSON_KEY)
			continue;
		struct str key = json->text;
		enum wrapper_role role = roles[json->depth];
		token = json_next(json);
		role = wrapper_enter(role, key, token == JSON_OBJECT, token == JSON_ARRAY);
		if (wrapper_is_array(role))
			return 1;
		if (role != WRAPPER_NONE && json->depth < 7)
			roles[json->depth] = role;
		else if (!json_skip(json, token))
			return json->truncated ? -1 : 0;
	}
}

int wrapper_probe(struct str text, bool thorough)
{
	struct json json;

	json_init(&json, text.ptr, text.len);
	if (json_next(&json) != JSON_OBJECT)
		return 0;
	enum json_token token = json_next(&json);
	if (token == JSON_ERROR && json.truncated)
		return -1;
	if (token != JSON_KEY || !(thorough || may_begin_answer(json.text)))
		return 0;
	json_init(&json, text.ptr, text.len);
	(void)json_next(&json);
	return walk(&json);
}
