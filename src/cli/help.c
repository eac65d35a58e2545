#include "cli/help.h"
#include <string.h>
#include "cli/command_table.h"
#include "cli/terminal.h"

#define WIDTH_MAX      100
#define COMMAND_COLUMN 14
#define OPTION_COLUMN  26

static unsigned columns_of(struct str text)
{
	unsigned columns = 0;

	for (size_t i = 0; i < text.len; i++)
		columns += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return columns;
}

static void wrap_line(FILE *out, struct str line, unsigned indent, unsigned width)
{
	unsigned column = indent;
	bool first = true;

	while (line.len > 0) {
		struct str word = str_cut(&line, ' ');
		unsigned columns = columns_of(word);
		if (!first && column + 1 + columns > width) {
			(void)fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		(void)fprintf(out, "%s%.*s", first ? "" : " ", STR_ARG(word));
		column += columns + !first;
		first = false;
	}
}

void help_wrap(FILE *out, const char *text, unsigned indent)
{
	unsigned width = terminal_width(out);
	struct str rest = str_of(text);

	width = width > WIDTH_MAX ? WIDTH_MAX : width;
	width = width < indent + 30 ? indent + 30 : width;
	for (bool first = true; first || rest.ptr != NULL; first = false) {
		struct str line = str_cut(&rest, '\n');
		if (!first)
			(void)fprintf(out, "\n%*s", line.len == 0 ? 0 : (int)indent, "");
		if (str_starts(line, STR(" ")))
			(void)fprintf(out, "%.*s", STR_ARG(line));
		else
			wrap_line(out, line, indent, width);
	}
	(void)fputc('\n', out);
}

unsigned help_option_form(const struct option *option, char *out, size_t out_size)
{
	char letter[8] = "    ";

	if (option->letter != 0)
		(void)snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	(void)snprintf(out, out_size, "%s--%s%s%s", letter, option->name,
		option->argument == NULL ? "" : " ",
		option->argument == NULL ? "" : option->argument);
	return columns_of(str_of(out));
}

static void heading(FILE *out, const char *text)
{
	(void)fprintf(out, "\n%s%s%s\n", terminal_style(out, STYLE_BOLD), text,
		terminal_style(out, STYLE_PLAIN));
}

static void list_options(FILE *out, const struct option *options)
{
	static const struct option help = {.name = "help", .letter = 'h', .doc = "Print this."};

	heading(out, "Options");
	for (const struct option *o = options; o != NULL && o->name != NULL; o++) {
		char form[128];
		unsigned columns = help_option_form(o, form, sizeof(form));
		if (columns + 4 <= OPTION_COLUMN)
			(void)fprintf(out, "  %s%*s", form, (int)(OPTION_COLUMN - 2 - columns), "");
		else
			(void)fprintf(out, "  %s\n%*s", form, OPTION_COLUMN, "");
		help_wrap(out, o->doc, OPTION_COLUMN);
	}
	(void)fprintf(out, "  -h, --help%*s%s\n", OPTION_COLUMN - 12, "", help.doc);
}

static void list_commands(FILE *out, const struct command *const *table)
{
	heading(out, "Commands");
	for (; *table != NULL; table++)
		(void)fprintf(
			out, "  %-*s %s\n", COMMAND_COLUMN, (*table)->name, (*table)->summary);
}

void help_overview(FILE *out)
{
	(void)fprintf(out, "Usage: merlon COMMAND [OPTIONS] [ARGUMENTS]\n\n");
	help_wrap(out,
		"Merlon watches what programs do on Linux and macOS, live or from recordings, and "
		"tells the story of what looks like an attack.",
		0);
	list_commands(out, command_table);
	(void)fprintf(out,
		"\n'merlon help COMMAND' or 'merlon COMMAND --help' tells more about one; "
		"'merlon --version'\nprints the version.\n");
}

void help_usage(FILE *out, const struct command *command, const char *path)
{
	(void)fprintf(out, "Usage: merlon %s", path);
	if (command->subcommands != NULL)
		(void)fprintf(out, " COMMAND");
	(void)fprintf(out, " [OPTIONS]");
	if (command->operands != NULL)
		(void)fprintf(out, " %s", command->operands);
	(void)fputc('\n', out);
}

void help_command(FILE *out, const struct command *command, const char *path)
{
	help_usage(out, command, path);
	(void)fprintf(out, "\n%s.\n", command->summary);
	if (command->doc != NULL) {
		(void)fputc('\n', out);
		help_wrap(out, command->doc, 0);
	}
	if (command->subcommands != NULL) {
		list_commands(out, command->subcommands);
		(void)fprintf(out, "\n'merlon help %s COMMAND' tells more about one.\n", path);
		return;
	}
	list_options(out, command->options);
}
