#include "sensor/replay/split.h"

#include "base/json.h"
#include "sensor/replay/split_resync.h"
#include "sensor/replay/split_wrapper.h"

/* How far a line's end is looked for before the record itself is read. */
#define LINE_BYTES ((size_t)256 * 1024)

enum pending { PENDING_NOTHING, PENDING_CONSUME, PENDING_RESYNC };

void split_init(struct split *split, struct input *input)
{
	*split = (struct split){.input = input, .first_on_line = true};
}

/* The byte `at` behind the window's begin, or -1 at the end of the input. */
static int peek(struct split *split, size_t at)
{
	struct input *input = split->input;

	if (at >= input->len && input_fill(input, at + 1) <= at)
		return -1;
	return (unsigned char)input->ptr[at];
}

static enum split_result broken(struct split *split, size_t at, const char *reason)
{
	split->error_at = at;
	split->reason = reason;
	split->pending = PENDING_RESYNC;
	split->broken_before = true;
	return SPLIT_BROKEN;
}

static enum split_result note(struct split *split, size_t at, const char *reason)
{
	(void)broken(split, at, reason);
	return SPLIT_NOTE;
}

/* Commas count as blanks: their lack is not worth a record. Returns the byte that follows. */
static int skip_blanks(struct split *split)
{
	struct input *input = split->input;

	for (;;) {
		size_t i = 0;
		for (; i < input->len; i++) {
			char c = input->ptr[i];
			if (c == '\n') {
				split->first_on_line = true;
				split->indent = 0;
			} else if (c == ' ' || c == '\t') {
				split->indent += split->first_on_line;
			} else if (c != '\r' && c != ',' && c != 0x1e) { /* RFC 7464 has 0x1e */
				input_consume(input, i);
				return (unsigned char)c;
			}
		}
		input_consume(input, i);
		if (input_fill(input, 1) == 0)
			return -1;
	}
}

/* Reads the value at the window's begin to its end, growing the window as it must. */
static bool read_value(struct split *split, size_t *ret_len)
{
	struct input *input = split->input;
	struct json json;

	for (;;) {
		json_init(&json, input->ptr, input->len);
		bool whole = json_skip(&json, json_next(&json));
		bool cut = json.at >= json.end && !input->ended;
		if (whole && !cut) {
			*ret_len = (size_t)(json.at - input->ptr);
			return true;
		}
		split->error_at = (size_t)(json.at - input->ptr);
		split->reason = json.error;
		if (!whole && !(json.truncated && !input->ended))
			return false;
		if (input->len >= INPUT_WINDOW_MAX) {
			split->reason = "record is longer than 64 MiB";
			return false;
		}
		(void)input_fill(input, input->len * 2);
	}
}

/* What tells the next element when one is broken. */
static void remember_form(struct split *split)
{
	const struct input *input = split->input;
	size_t reach = input->len < sizeof(split->first_member) ? input->len
								: sizeof(split->first_member);
	const char *colon = memchr(input->ptr, ':', reach);

	if (split->first_on_line)
		split->frames[split->depth - 1].indent = split->indent;
	split->first_member_len = colon == NULL ? 0 : (size_t)(colon - input->ptr) + 1;
	memcpy(split->first_member, input->ptr, split->first_member_len);
}

static enum split_result record(struct split *split, size_t len, bool whole, struct str *ret)
{
	split->record_len = len;
	split->whole = whole;
	split->pending = PENDING_CONSUME;
	if (split->depth > 0)
		remember_form(split);
	*ret = str_n(split->input->ptr, len);
	return SPLIT_RECORD;
}

/* Where records are lines, one that is cut is at fault, not the next. */
static enum split_result unreadable(struct split *split)
{
	const struct input *input = split->input;
	const char *end = split->line_mode && split->depth == 0
				  ? memchr(input->ptr, '\n', split->error_at)
				  : NULL;

	if (end != NULL)
		return broken(split, (size_t)(end - input->ptr), "record ends inside a value");
	return broken(split, split->error_at, split->reason);
}

static enum split_result read_record(struct split *split, struct str *ret)
{
	size_t len;

	if (!read_value(split, &len))
		return unreadable(split);
	return record(split, len, true, ret);
}

/* The length of the line at the window's begin without trailing blanks; 0 when it does not end
 * within reach. */
static size_t line_length(struct split *split)
{
	struct input *input = split->input;
	size_t from = 0;

	if (split->no_newline_till > input->offset)
		from = (size_t)(split->no_newline_till - input->offset);
	for (;;) {
		const char *end = from >= input->len
					  ? NULL
					  : memchr(input->ptr + from, '\n', input->len - from);
		size_t len = end != NULL ? (size_t)(end - input->ptr) : input->len;
		if (end != NULL || input->ended) {
			while (len > 0 && (unsigned char)input->ptr[len - 1] <= ' ')
				len--;
			return len;
		}
		from = input->len;
		split->no_newline_till = input->offset + from;
		if (input->len >= LINE_BYTES)
			return 0;
		(void)input_fill(input, input->len + 1);
	}
}

/* An object outside of any wrapper. */
static enum split_result top_object(struct split *split, struct str *ret)
{
	struct input *input = split->input;

	if (input->offset >= split->careful_till) {
		size_t len = line_length(split);
		if (len > 1 && input->ptr[len - 1] == '}')
			return record(split, len, false, ret);
	}
	return read_record(split, ret);
}

/* Text where a record should be. */
static enum split_result stray(struct split *split)
{
	if (!split->first_on_line)
		return note(split, 0, "text behind a record");
	if (split->line_mode && split->depth == 0) {
		size_t len = line_length(split);
		(void)broken(split, 0, "not a JSON object");
		if (len > 0) {
			split->record_len = len;
			split->pending = PENDING_CONSUME;
		}
		return SPLIT_BROKEN;
	}
	return broken(split, 0, "not a JSON object");
}

/* An array's element that is no object. */
static enum split_result odd_element(struct split *split)
{
	size_t len;
	bool readable = read_value(split, &len);

	(void)broken(split, readable ? 0 : split->error_at,
		readable ? "array element is not an object" : split->reason);
	if (readable) {
		split->record_len = len;
		split->pending = PENDING_CONSUME;
	}
	return SPLIT_BROKEN;
}

static enum split_result push(struct split *split, enum wrapper_role role)
{
	if (split->depth == SPLIT_DEPTH_MAX)
		return note(split, 0, "wrappers nested too deeply");
	split->frames[split->depth++] = (struct split_frame){.role = (uint8_t)role, .indent = -1};
	input_consume(split->input, 1);
	split->first_on_line = false;
	return SPLIT_RECORD;
}

/* A member of a wrapper's object: enters its value or skips it. */
static enum split_result wrapper_member(struct split *split)
{
	char key[WRAPPER_KEY_MAX];
	size_t at = 1, len = 0;
	int c;

	for (; (c = peek(split, at)) != '"'; at++) {
		if (c < 0x20)
			return note(split, at, "wrapper's member name is not closed");
		if (c == '\\' && peek(split, at + 1) >= 0)
			at++;
		if (len < sizeof(key))
			key[len++] = (char)c;
	}
	do
		c = peek(split, ++at);
	while (c == ' ' || c == '\n' || c == '\r' || c == '\t');
	if (c != ':')
		return note(split, at, "expected ':' behind a wrapper's member name");
	input_consume(split->input, at + 1);
	c = skip_blanks(split);
	enum wrapper_role role = wrapper_enter(
		split->frames[split->depth - 1].role, str_n(key, len), c == '{', c == '[');
	if (role != WRAPPER_NONE)
		return push(split, role);
	if (c < 0 || !read_value(split, &at))
		return note(split, c < 0 ? 0 : split->error_at,
			c < 0 ? "input ends inside a wrapper" : split->reason);
	input_consume(split->input, at);
	split->first_on_line = false;
	return SPLIT_RECORD;
}

/* One step inside a wrapper. SPLIT_RECORD with ret->ptr NULL: go on. */
static enum split_result wrapper_step(struct split *split, int c, struct str *ret)
{
	enum wrapper_role role = split->frames[split->depth - 1].role;
	bool array = wrapper_is_array(role);

	if (c == (array ? ']' : '}')) {
		input_consume(split->input, 1);
		split->first_on_line = false;
		split->depth--;
		return SPLIT_RECORD;
	}
	if (!array)
		return c == '"' ? wrapper_member(split) : note(split, 0, "wrapper is broken");
	if (role == WRAPPER_RECORDS) {
		if (c == '{')
			return read_record(split, ret);
		if (c == '}' && split->broken_before) { /* left over */
			input_consume(split->input, 1);
			return SPLIT_RECORD;
		}
		return odd_element(split);
	}
	enum wrapper_role inner = wrapper_enter(role, (struct str){0}, c == '{', false);
	return inner != WRAPPER_NONE ? push(split, inner) : note(split, 0, "wrapper is broken");
}

/* Whether the object at the window's begin is a wrapper. */
static bool is_wrapper(struct split *split)
{
	struct input *input = split->input;
	bool first = !split->seen_object;

	split->seen_object = true;
	for (;;) {
		int found = wrapper_probe(input_window(input), first);
		if (found >= 0 || input->ended || input->len >= INPUT_WINDOW_MAX)
			return found > 0;
		(void)input_fill(input, input->len * 2);
	}
}

static enum split_result top_step(struct split *split, int c, struct str *ret)
{
	if (c == '{') {
		if (is_wrapper(split))
			return push(split, WRAPPER_SEARCH);
		return top_object(split, ret);
	}
	if (c == '[')
		return push(split, WRAPPER_RECORDS);
	if ((c == ']' || c == '}') && split->broken_before) {
		input_consume(split->input, 1);
		return SPLIT_RECORD;
	}
	return stray(split);
}

static void settle(struct split *split)
{
	uint8_t pending = split->pending;

	split->pending = PENDING_NOTHING;
	if (pending == PENDING_CONSUME) {
		input_consume(split->input, split->record_len);
		split->first_on_line = false;
	} else if (pending == PENDING_RESYNC) {
		split_resync(split);
	}
}

enum split_result split_next(struct split *split, struct str *ret)
{
	enum split_result result = SPLIT_RECORD;

	if (!split->begun) {
		split->begun = true;
		(void)input_fill(split->input, 3);
		if (str_starts(input_window(split->input), STR("\xef\xbb\xbf")))
			input_consume(split->input, 3);
	}
	if (split->pending == PENDING_CONSUME && !split->whole && split->first_on_line)
		split->line_mode = true;
	settle(split);
	*ret = (struct str){0};
	while (result == SPLIT_RECORD && ret->ptr == NULL) {
		int c = skip_blanks(split);
		if (c < 0) {
			if (split->depth == 0)
				return SPLIT_END;
			return note(split, 0, "input ends inside an array of records");
		}
		result = split->depth == 0 ? top_step(split, c, ret) : wrapper_step(split, c, ret);
	}
	return result;
}

enum split_result split_again(struct split *split, size_t at, const char *reason, struct str *ret)
{
	size_t len;
	bool was_whole = split->whole;

	if (!was_whole) {
		if (!read_value(split, &len))
			return unreadable(split);
		if (len != split->record_len) {
			if (len < split->record_len)
				split->careful_till = split->input->offset + split->record_len;
			return record(split, len, true, ret);
		}
	}
	(void)broken(split, at, reason);
	split->pending = PENDING_CONSUME; /* where it ends is known */
	split->whole = true;
	return SPLIT_BROKEN;
}
