/* Makes a long recording out of a short one: whole copies of it, one behind another in time, whose
 * processes, files and numbers differ.
 *   multiply SEED COUNT     copies of SEED (NDJSON, or Merlon's own recording) on standard output
 *                           until there are COUNT records
 * Everything keeps its length, so that a copy is the seed's bytes with some of them changed: times
 * move on, ids of processes (16 hex digits and '-') get another begin, and numbers of three digits or
 * more in names become others. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAGIC	    "MERLON\x01\n"
#define MAGIC_LEN   8
#define HEAD_LEN    5		    /* of a frame: type and length */
#define TIME_AT	    (HEAD_LEN + 12) /* in an event's frame */
#define FRAME_EVENT 2
#define ID_DIGITS   16
#define DATE_LEN    19 /* 2026-01-31T23:59:59 */
#define NAME_MIN    6  /* printable bytes before a number that is a name's */

enum change { MOVE_DATE, MOVE_NS, OTHER_ID, OTHER_NUMBER };

struct patch {
	size_t at;
	uint32_t len;
	enum change change;
};

struct seed {
	char *bytes;
	size_t len;
	struct patch *patches;
	size_t patch_count, patch_room;
	size_t *ends; /* of records */
	size_t record_count, record_room;
	int64_t first_s, last_s;
	int binary;
};

static void die(const char *what)
{
	(void)fprintf(stderr, "multiply: %s\n", what);
	exit(1);
}

static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room == 0 ? 4096 : *room * 2;
	array = realloc(array, *room * size);
	if (array == NULL)
		die("out of memory");
	return array;
}

static void add_patch(struct seed *s, size_t at, size_t len, enum change change)
{
	s->patches = grow(s->patches, s->patch_count, &s->patch_room, sizeof(*s->patches));
	s->patches[s->patch_count++] = (struct patch){at, (uint32_t)len, change};
}

static void add_record(struct seed *s, size_t end)
{
	s->ends = grow(s->ends, s->record_count, &s->record_room, sizeof(*s->ends));
	s->ends[s->record_count++] = end;
}

static uint64_t get_le64(const char *at)
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | (unsigned char)at[i];
	return value;
}

static void put_le64(char *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (char)(unsigned char)(value >> (8 * i));
}

static int is_date(const char *at, size_t left)
{
	static const char form[] = "0000-00-00T00:00:00";

	if (left < DATE_LEN)
		return 0;
	for (size_t i = 0; i < DATE_LEN; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)at[i]) : at[i] != form[i])
			return 0;
	return 1;
}

static int64_t date_seconds(const char *at)
{
	char text[DATE_LEN + 1];
	struct tm tm = {0};

	memcpy(text, at, DATE_LEN);
	text[DATE_LEN] = '\0';
	return strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) == NULL ? 0 : (int64_t)timegm(&tm);
}

static void note_second(struct seed *s, int64_t second)
{
	if (s->first_s == 0 || second < s->first_s)
		s->first_s = second;
	if (second > s->last_s)
		s->last_s = second;
}

static int is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static size_t run_length(const char *at, const char *end, int (*is)(int))
{
	const char *begin = at;

	while (at < end && is((unsigned char)*at))
		at++;
	return (size_t)(at - begin);
}

static int is_hex_digit(int c)
{
	return is_hex((char)c);
}

/* Where a number may be a part of a name: not a value of JSON's, an escape or an address's. */
static int follows_name(const char *begin, const char *at, size_t printable)
{
	char before = at > begin ? at[-1] : '\0';

	if (printable < NAME_MIN || (before == 'u' && at - begin > 1 && at[-2] == '\\'))
		return 0;
	return isalpha((unsigned char)before) || before == '/' || before == '_' || before == '-';
}

/* The bytes at `at` that a copy changes, or that stay as they are together; 1 when nothing is
 * special. */
static size_t look(struct seed *s, size_t at, size_t end, size_t printable)
{
	const char *p = s->bytes + at, *stop = s->bytes + end;

	if (!is_hex(*p))
		return 1;
	if (is_date(p, (size_t)(stop - p))) {
		add_patch(s, at, DATE_LEN, MOVE_DATE);
		const char *fraction = p + DATE_LEN;
		if (fraction < stop && *fraction == '.')
			return DATE_LEN + 1 + run_length(fraction + 1, stop, isdigit);
		return DATE_LEN;
	}
	size_t hex = run_length(p, stop, is_hex_digit);
	if (hex == ID_DIGITS && p + hex < stop && p[hex] == '-') {
		add_patch(s, at, 4, OTHER_ID);
		return hex + 1 + run_length(p + hex + 1, stop, is_hex_digit);
	}
	if (hex >= ID_DIGITS)
		return hex;
	size_t digits = run_length(p, stop, isdigit);
	if (digits >= 3 && follows_name(s->bytes, p, printable))
		add_patch(s, at, digits, OTHER_NUMBER);
	return digits > 0 ? digits : 1;
}

static void scan(struct seed *s, size_t begin, size_t end)
{
	size_t printable = 0;

	for (size_t at = begin; at < end;) {
		size_t step = look(s, at, end, printable);
		printable = isprint((unsigned char)s->bytes[at]) ? printable + step : 0;
		at += step;
	}
}

static void read_lines(struct seed *s)
{
	static const char name[] = "\"@timestamp\":\"";

	for (size_t at = 0; at < s->len;) {
		const char *end = memchr(s->bytes + at, '\n', s->len - at);
		size_t stop = end == NULL ? s->len : (size_t)(end - s->bytes) + 1;
		const char *time = memmem(s->bytes + at, stop - at, name, sizeof(name) - 1);
		if (time != NULL && is_date(time + sizeof(name) - 1, DATE_LEN))
			note_second(s, date_seconds(time + sizeof(name) - 1));
		scan(s, at, stop);
		add_record(s, stop);
		at = stop;
	}
}

static void read_frames(struct seed *s)
{
	size_t at = MAGIC_LEN;

	while (s->len - at >= HEAD_LEN) {
		size_t len = HEAD_LEN + (get_le64(s->bytes + at) >> 8 & UINT32_MAX);
		if (len > s->len - at)
			die("the recording is cut off");
		if (s->bytes[at] == FRAME_EVENT) {
			add_patch(s, at + TIME_AT, 8, MOVE_NS);
			note_second(s, (int64_t)(get_le64(s->bytes + at + TIME_AT) / 1000000000));
			scan(s, at + TIME_AT + 8, at + len);
			add_record(s, at + len);
		}
		at += len;
	}
}

static void change(const struct patch *patch, char *at, uint64_t copy, int64_t shift_s)
{
	switch (patch->change) {
	case MOVE_DATE: {
		time_t second = (time_t)(date_seconds(at) + shift_s);
		struct tm tm;
		char text[DATE_LEN + 13];
		if (gmtime_r(&second, &tm) != NULL &&
			strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == DATE_LEN)
			memcpy(at, text, DATE_LEN);
		break;
	}
	case MOVE_NS:
		put_le64(at, get_le64(at) + (uint64_t)shift_s * 1000000000);
		break;
	case OTHER_ID:
		for (uint32_t i = 0; i < patch->len; i++) {
			unsigned old = (unsigned)(at[i] <= '9' ? at[i] - '0' : at[i] - 'a' + 10);
			at[i] = "0123456789abcdef"[(old + (copy >> (4 * i))) & 15];
		}
		break;
	case OTHER_NUMBER:
		for (uint32_t i = 1; i < patch->len; i++)
			at[i] = (char)('0' + ((unsigned)(at[i] - '0') + copy + i) % 10);
		break;
	}
}

static void write_copy(const struct seed *s, uint64_t copy, size_t records, char *bytes)
{
	int64_t shift_s = (int64_t)copy * (s->last_s - s->first_s + 2);
	size_t end = records < s->record_count ? s->ends[records - 1] : s->len;
	size_t begin = s->binary && copy > 0 ? MAGIC_LEN : 0;

	memcpy(bytes, s->bytes, end);
	for (size_t i = 0; copy > 0 && i < s->patch_count && s->patches[i].at < end; i++)
		change(&s->patches[i], bytes + s->patches[i].at, copy, shift_s);
	if (fwrite(bytes + begin, 1, end - begin, stdout) != end - begin)
		die("cannot write");
}

static void load(struct seed *s, const char *path)
{
	FILE *file = fopen(path, "re");

	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
		die("cannot read the seed");
	s->len = (size_t)ftell(file);
	s->bytes = malloc(s->len + 8);
	rewind(file);
	if (s->bytes == NULL || fread(s->bytes, 1, s->len, file) != s->len)
		die("cannot read the seed");
	(void)fclose(file);
	s->binary = s->len >= MAGIC_LEN && memcmp(s->bytes, MAGIC, MAGIC_LEN) == 0;
	if (s->binary)
		read_frames(s);
	else
		read_lines(s);
	if (s->record_count == 0)
		die("the seed has no record");
}

int main(int argc, char **argv)
{
	struct seed seed = {0};
	unsigned long long count = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	if (count == 0) {
		(void)fputs("usage: multiply SEED COUNT >RECORDING\n", stderr);
		return 2;
	}
	load(&seed, argv[1]);
	char *bytes = malloc(seed.len + 8);
	if (bytes == NULL)
		die("out of memory");
	for (uint64_t copy = 0; count > 0; copy++) {
		size_t records = count < seed.record_count ? (size_t)count : seed.record_count;
		write_copy(&seed, copy, records, bytes);
		count -= records;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
