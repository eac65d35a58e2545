/* Text for people: colours where they are wanted, and no control characters from events. */
#ifndef MERLON_CLI_TERMINAL_H
#define MERLON_CLI_TERMINAL_H
#include <stdbool.h>
#include <stdio.h>
#include "base/str.h"

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_RED,
	STYLE_YELLOW,
	STYLE_GREEN,
	STYLE_BLUE,
};

/* Only on a terminal that is not "dumb", and not when NO_COLOR is set and not empty. */
bool terminal_has_colour(FILE *stream);
/* What begins a style (STYLE_PLAIN ends any); empty when the stream takes no colours. Looks the
 * stream up once and keeps the answer, for stdout and stderr. */
const char *terminal_style(FILE *stream, enum style style);
/* Whether the locale's characters are UTF-8. */
bool terminal_has_unicode(void);
/* Columns of the terminal, 80 when unknown. */
unsigned terminal_width(FILE *stream);
/* Prints text from outside: control characters, escape sequences, bidirectional overrides and
 * broken UTF-8 as \xNN or \n, so that what an attacker wrote cannot act on the terminal. */
void terminal_text(FILE *stream, struct str text);
#endif
