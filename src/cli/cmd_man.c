/* The manual page, from the same tables as --help. */
#include <stdio.h>
#include "cli/command_table.h"
#include "cli/help.h"
#include "base/str.h"

#define LINE_BYTES 72

/* Text with roff's own characters made harmless; UTF-8 passes. A long line is broken at a blank,
 * which means the same. */
static void put_text(const char *text)
{
	unsigned column = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ' && column > LINE_BYTES) {
			(void)putchar('\n');
			column = 0;
			continue;
		}
		if (column == 0 && (*text == '.' || *text == '\''))
			(void)fputs("\\&", stdout);
		if (*text == '\\')
			(void)fputs("\\e", stdout);
		else if (*text == '-')
			(void)fputs("\\-", stdout);
		else
			(void)putchar(*text);
		column = *text == '\n' ? 0 : column + 1;
	}
}

static void put_bold(const char *text)
{
	(void)fputs("\\fB", stdout);
	put_text(text);
	(void)fputs("\\fR", stdout);
}

/* Paragraphs; a run of lines that begin with a blank becomes an example. */
static void put_doc(const char *doc)
{
	struct str rest = str_of(doc);
	bool example = false;

	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		char text[1024];
		bool kept = str_starts(line, STR(" "));
		if (kept != example)
			(void)puts(kept ? ".PP\n.nf" : ".fi");
		example = kept;
		(void)snprintf(text, sizeof(text), "%.*s", STR_ARG(line));
		if (line.len == 0) {
			if (rest.len > 0 && rest.ptr[0] != ' ')
				(void)puts(".PP");
			continue;
		}
		put_text(text);
		(void)putchar('\n');
	}
	if (example)
		(void)puts(".fi");
}

static void put_options(const struct option *options)
{
	for (const struct option *o = options; o != NULL && o->name != NULL; o++) {
		(void)puts(".TP");
		if (o->letter != 0)
			(void)printf("\\fB\\-%c\\fR, ", o->letter);
		(void)fputs("\\fB\\-\\-", stdout);
		put_text(o->name);
		(void)fputs("\\fR", stdout);
		if (o->argument != NULL) {
			(void)fputs(" \\fI", stdout);
			put_text(o->argument);
			(void)fputs("\\fR", stdout);
		}
		(void)putchar('\n');
		put_text(o->doc);
		(void)putchar('\n');
	}
}

static void put_command(const struct command *command, const char *path)
{
	(void)fputs(".SS merlon ", stdout);
	put_text(path);
	(void)printf("\n");
	put_bold("merlon ");
	put_bold(path);
	(void)printf(" [\\fIOPTIONS\\fR]");
	if (command->operands != NULL) {
		(void)fputs(" \\fI", stdout);
		put_text(command->operands);
		(void)fputs("\\fR", stdout);
	}
	(void)printf("\n.PP\n");
	put_text(command->summary);
	(void)puts(".");
	if (command->doc != NULL) {
		(void)puts(".PP");
		put_doc(command->doc);
	}
	put_options(command->options);
}

static int run_man(const struct args *args)
{
	(void)puts(
		".TH MERLON 1 " MERLON_DATE " \"merlon " MERLON_VERSION "\" \"Merlon\"\n"
		".SH NAME\n"
		"merlon \\- endpoint detection and response for Linux and macOS\n"
		".SH SYNOPSIS\n"
		".B merlon\n"
		"\\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n"
		".SH DESCRIPTION\n"
		"Merlon watches what programs do, live or from recordings, and tells the story of\n"
		"what looks like an attack.\n"
		"Wherever a file is expected, \\fB\\-\\fR is standard input; \\fB\\-\\-\\fR ends "
		"the\n"
		"options; a long option takes its value as \\fB\\-\\-name=value\\fR or\n"
		"\\fB\\-\\-name value\\fR.\n"
		".SH COMMANDS");
	for (const struct command *const *c = command_table; *c != NULL; c++) {
		if ((*c)->subcommands == NULL) {
			put_command(*c, (*c)->name);
			continue;
		}
		for (const struct command *const *s = (*c)->subcommands; *s != NULL; s++) {
			char path[64];
			(void)snprintf(path, sizeof(path), "%s %s", (*c)->name, (*s)->name);
			put_command(*s, path);
		}
	}
	(void)puts(".SH EXIT STATUS\n"
		   "0 on success, 1 on failure, 2 on wrong usage, and 3 when a command was asked\n"
		   "to say by its status that it found something.\n"
		   "Findings and skipped records do not change the status 0.\n"
		   ".SH ENVIRONMENT\n"
		   ".TP\n"
		   ".B NO_COLOR\n"
		   "When set and not empty, nothing is printed in colour.");
	return STATUS_OK;
}

const struct command cmd_man = {
	.name = "man",
	.summary = "Print the manual page",
	.doc = "Prints the manual page in roff; to read it:\n\n  merlon man | man -l -",
	.run = run_man,
};
