#include "cli/terminal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_has_colour(FILE *stream)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color != NULL && no_color[0] != '\0')
		return false;
	if (term == NULL || str_is(str_of(term), "dumb"))
		return false;
	return isatty(fileno(stream)) == 1;
}

const char *terminal_style(FILE *stream, enum style style)
{
	static const char *const codes[] = {
		[STYLE_PLAIN] = "\033[0m",
		[STYLE_BOLD] = "\033[1m",
		[STYLE_DIM] = "\033[2m",
		[STYLE_RED] = "\033[31m",
		[STYLE_YELLOW] = "\033[33m",
		[STYLE_GREEN] = "\033[32m",
		[STYLE_BLUE] = "\033[34m",
	};
	static enum { UNKNOWN, NO, YES } known[2];
	int which = stream == stderr;

	if (stream != stdout && stream != stderr)
		return "";
	if (known[which] == UNKNOWN)
		known[which] = terminal_has_colour(stream) ? YES : NO;
	return known[which] == YES ? codes[style] : "";
}

unsigned terminal_width(FILE *stream)
{
	struct winsize size;

	if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	return 80;
}

/* Length of the UTF-8 sequence at the start of text, 0 when it is broken. */
static size_t utf8_len(struct str text, uint32_t *ret_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t len = p[0] < 0x80       ? 1
		     : p[0] >> 5 == 6  ? 2
		     : p[0] >> 4 == 14 ? 3
		     : p[0] >> 3 == 30 ? 4
				       : 0;

	if (len == 0 || len > text.len)
		return 0;
	uint32_t point = len == 1 ? p[0] : p[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		point = point << 6 | (p[i] & 0x3fU);
	}
	if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	*ret_point = point;
	return len;
}

/* C0, DEL, C1, line separators, and marks that change the order or show nothing. */
static bool is_hostile(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff;
}

void terminal_text(FILE *stream, struct str text)
{
	while (text.len > 0) {
		uint32_t point = 0;
		size_t len = utf8_len(text, &point);

		if (len > 0 && !is_hostile(point)) {
			(void)fwrite(text.ptr, 1, len, stream);
		} else if (point == '\n' || point == '\t') {
			(void)fputs(point == '\n' ? "\\n" : "\\t", stream);
		} else {
			len = len == 0 ? 1 : len;
			for (size_t i = 0; i < len; i++)
				(void)fprintf(stream, "\\x%02x", (unsigned char)text.ptr[i]);
		}
		text.ptr += len;
		text.len -= len;
	}
}

bool terminal_has_unicode(void)
{
	static const char *const names[] = {
		"LC_ALL", "LC_CTYPE", "LANG"}; /* locale(7): first set wins */

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(names[i]);
		if (value != NULL && value[0] != '\0')
			return strstr(value, "UTF-8") != NULL || strstr(value, "utf8") != NULL ||
			       strstr(value, "UTF8") != NULL || strstr(value, "utf-8") != NULL;
	}
	return false;
}
