#include "agent/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static enum log_level limit = LOG_LEVEL_NOTICE;

void log_set_level(enum log_level level)
{
	limit = level;
}

void log_say(enum log_level level, const char *fmt, ...)
{
	static const char *const journal[] = {"<3>", "<4>", "<5>"}; /* sd-daemon(3) */
	static const char *const words[] = {"error: ", "warning: ", ""};
	char text[1024];
	va_list ap;

	if (level > limit)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "%s%s%s\n",
		getenv("JOURNAL_STREAM") != NULL ? journal[level] : "merlon: ", words[level], text);
}
