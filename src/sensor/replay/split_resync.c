#include "sensor/replay/split_resync.h"

#include "sensor/replay/split_wrapper.h"

#define BRACKETS_MAX 512

/* Where the brackets of the object at the window's begin close, or 0 when they do not match.
 * Strings end at the end of their line at the latest. limit: look no further. */
static size_t closing(const struct input *input, size_t limit)
{
	uint64_t objects[BRACKETS_MAX / 64] = {0}; /* bit: by depth, it is a brace */
	unsigned depth = 0;
	bool string = false;

	if (limit == 0 || input->ptr[0] != '{')
		return 0;
	for (size_t i = 0; i < limit; i++) {
		char c = input->ptr[i];
		if (c == '\n')
			string = false;
		else if (string && c == '\\')
			i++;
		else if (c == '"')
			string = !string;
		if (string || (c != '{' && c != '[' && c != '}' && c != ']'))
			continue;
		bool object = c == '{' || c == '}', open = c == '{' || c == '[';
		if (open && depth == BRACKETS_MAX)
			return 0;
		unsigned at = open ? depth++ : --depth;
		uint64_t bit = UINT64_C(1) << (at % 64);
		if (open)
			objects[at / 64] = object ? objects[at / 64] | bit
						  : objects[at / 64] & ~bit;
		else if (((objects[at / 64] & bit) != 0) != object)
			return 0;
		if (depth == 0)
			return i + 1;
	}
	return 0;
}

enum behind { BEHIND_OTHER, BEHIND_RECORD, BEHIND_END };

/* What follows `at`: a record, the end of what holds the records, or something else. */
static enum behind what_follows(const struct split *split, size_t at)
{
	const struct input *input = split->input;

	for (; at < input->len; at++) {
		char c = input->ptr[at];
		if (c == ']' || c == '}')
			return split->depth > 0 ? BEHIND_END : BEHIND_OTHER;
		if (c != ',' && (unsigned char)c > ' ')
			return c == '{' ? BEHIND_RECORD : BEHIND_OTHER;
	}
	return BEHIND_END;
}

/* If a line that begins at `at` begins a record: its indentation, else -1. -2: more bytes are
 * needed to tell. */
static int32_t line_begins_record(const struct split *split, size_t at)
{
	const struct input *input = split->input;
	int32_t indent = 0;

	for (size_t i = at; i < input->len; i++) {
		char c = input->ptr[i];
		if (c == '{')
			return indent <= split->indent ? indent : -1;
		if ((c != ' ' && c != '\t' && c != ',') || indent > split->indent)
			return -1;
		indent += c != ',';
	}
	return -2;
}

/* Finds the next line that begins a record within the window, from *at on. Returns as
 * line_begins_record(), with *at the line's begin, or where to look on once there is more. */
static int32_t next_line(struct split *split, size_t *at)
{
	const struct input *input = split->input;
	size_t from = *at;

	if (split->no_newline_till > input->offset + from)
		from = (size_t)(split->no_newline_till - input->offset);
	for (;;) {
		const char *newline = from >= input->len
					      ? NULL
					      : memchr(input->ptr + from, '\n', input->len - from);
		if (newline == NULL) {
			*at = input->len;
			split->no_newline_till = input->offset + input->len;
			return -2;
		}
		size_t line = (size_t)(newline - input->ptr) + 1;
		int32_t indent = line_begins_record(split, line);
		if (indent >= 0 || indent == -2) {
			*at = indent >= 0 ? line : line - 1;
			return indent;
		}
		from = line;
	}
}

/* Where, from 1 on, an element begins as the others do; 0: nowhere. */
static size_t same_form(const struct split *split, size_t end)
{
	const struct input *input = split->input;
	struct str form = str_n(split->first_member, split->first_member_len);
	size_t at = 1;

	if (form.len == 0) { /* the broken one is the first */
		const char *colon = memchr(input->ptr, ':', end < 48 ? end : 48);
		form = str_n(input->ptr, colon == NULL ? 0 : (size_t)(colon - input->ptr) + 1);
	}
	while (form.len > 0 && at < end) {
		ptrdiff_t found = str_find(str_n(input->ptr + at, end - at), form);
		if (found < 0)
			break;
		at += (size_t)found;
		size_t before = at;
		while (before > 0 && (unsigned char)input->ptr[before - 1] <= ' ')
			before--;
		if (before > 0 && input->ptr[before - 1] == ',')
			return at;
		at++;
	}
	return 0;
}

/* Where, from `from` on, "},{" leads to the next element; 0: nowhere. */
static size_t next_brace(const struct split *split, size_t from, size_t end)
{
	const struct input *input = split->input;
	char last = 0, before = 0;

	for (size_t i = from; i < end; i++) {
		char c = input->ptr[i];
		if ((unsigned char)c <= ' ')
			continue;
		if (c == '{' && last == ',' && before == '}')
			return i;
		before = last;
		last = c;
	}
	return 0;
}

/* The begin of the element behind a broken one whose brackets do not match; 0: nowhere. */
static size_t guess_element(const struct split *split, size_t end)
{
	/* a brace where a member's name should be: the one before it is what lacks */
	if (split->error_at < end && split->input->ptr[split->error_at] == '{')
		return split->error_at;
	size_t found = next_brace(split, split->error_at, end);
	return found > 0 ? found : next_brace(split, 1, end);
}

/* Where to go on, before `limit`, other than at a line's begin; 0: nowhere. */
static size_t same_line(const struct split *split, size_t limit)
{
	const struct input *input = split->input;
	bool element = split->depth > 0 && split->frames[split->depth - 1].role == WRAPPER_RECORDS;
	const char *newline = limit == 0 ? NULL : memchr(input->ptr, '\n', limit);
	size_t line = newline != NULL ? (size_t)(newline - input->ptr) : limit;
	size_t end = closing(input, limit);
	enum behind behind = end > 0 ? what_follows(split, end) : BEHIND_OTHER;

	if (behind == BEHIND_RECORD)
		return end;
	size_t next = element ? same_form(split, line) : 0;
	if (next > 0 || behind == BEHIND_END)
		return next > 0 ? next : end;
	return element ? guess_element(split, line) : 0;
}

void split_resync(struct split *split)
{
	struct input *input = split->input;
	struct split_frame *frame = split->depth > 0 ? &split->frames[split->depth - 1] : NULL;
	size_t at = 0;
	int32_t indent = next_line(split, &at);
	size_t end = same_line(split, indent >= 0 ? at : input->len);

	if (end > 0) {
		input_consume(input, end);
		split->first_on_line = false;
		return;
	}
	if (frame != NULL && frame->role == WRAPPER_RECORDS && split->first_on_line)
		frame->indent = split->indent;
	while (indent < 0) {
		input_consume(input, at);
		size_t left = input->len;
		if (input_fill(input, left + 1) == left) {
			input_consume(input, left);
			split->depth = 0;
			return;
		}
		at = 0;
		indent = next_line(split, &at);
	}
	input_consume(input, at);
	split->first_on_line = true;
	split->indent = 0;
	if (frame != NULL && frame->indent != indent)
		split->depth = 0;
}
