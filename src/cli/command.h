/* What a command of merlon is. Each cmd_NAME.c defines one `const struct command`, and
 * command_table.c lists them; option parsing, --help, the man page and shell completion are all
 * made from these tables. */
#ifndef MERLON_CLI_COMMAND_H
#define MERLON_CLI_COMMAND_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command_status { /* of the process */
	STATUS_OK = 0,
	STATUS_FAILURE = 1,
	STATUS_USAGE = 2, /* wrong options or arguments */
	STATUS_FOUND = 3, /* scan and posture with --exit-code */
};

enum option_type {
	OPTION_SWITCH,	 /* takes no value */
	OPTION_TEXT,	 /* any text */
	OPTION_PATH,	 /* a file or directory; for completion */
	OPTION_NUMBER,	 /* not negative */
	OPTION_DURATION, /* 500ms, 5s, 2m, 1h, 7d; a number alone is seconds */
	OPTION_CHOICE,	 /* one of `choices` */
};

struct option {
	const char *name; /* long, without dashes; NULL ends a table */
	char letter;	  /* short form, or 0 */
	enum option_type type;
	bool repeatable;
	const char *argument;	    /* its value's name in help: "DIR|FILE"; NULL for a switch */
	const char *const *choices; /* NULL-terminated */
	const char *doc;	    /* sentences for people; says the default */
};

/* Options that several commands share, for their tables. */
#define OPTION_END           \
	{                    \
		.name = NULL \
	}
#define OPTION_JSON                                                                     \
	{                                                                               \
		.name = "json", .doc = "Print one JSON object a line and nothing else." \
	}
#define OPTION_QUIET                                                         \
	{                                                                    \
		.name = "quiet", .letter = 'q', .doc = "Print results only." \
	}
#define OPTION_RULES                                                                              \
	{                                                                                         \
		.name = "rules", .type = OPTION_PATH, .repeatable = true, .argument = "DIR|FILE", \
		.doc = "Use these rules: Sigma (.yml, .yaml) or EQL rule files (.toml), "         \
		       "directories with all below. May be given several times."                  \
	}
#define OPTION_NO_RULES                                    \
	{                                                  \
		.name = "no-rules", .doc = "Use no rules." \
	}

struct args;

struct command {
	const char *name;
	const char *operands; /* for the usage line: "FILE…|-"; NULL when it takes none */
	unsigned operands_min, operands_max; /* OPERANDS_MANY: any number */
	const char *summary;		     /* one line, no full stop */
	const char *doc; /* paragraphs, separated by an empty line; a line that begins with a
			  * blank is kept as it is */
	const struct option *options;		  /* ends with OPTION_END; NULL: none */
	const struct command *const *subcommands; /* NULL-terminated; then `run` is not used */
	int (*run)(const struct args *args);	  /* returns an enum command_status */
};
#define OPERANDS_MANY UINT32_MAX

/* ---- what was given; an option's name must be in the command's table ---- */

bool args_has(const struct args *args, const char *option);
/* The value, the last one when given several times; NULL when not given. */
const char *args_value(const struct args *args, const char *option);
/* Of a repeatable option: how often it was given, and its values in order. */
unsigned args_value_count(const struct args *args, const char *option);
const char *args_value_at(const struct args *args, const char *option, unsigned index);
uint64_t args_number(const struct args *args, const char *option, uint64_t otherwise);
uint64_t args_duration_ns(const struct args *args, const char *option, uint64_t otherwise_ns);
const char *const *args_operands(const struct args *args, unsigned *ret_count);

/* For a command that finds options wrong together: prints the sentence and where to read more on
 * stderr, returns STATUS_USAGE. */
__attribute__((format(printf, 2, 3))) int args_wrong(const struct args *args, const char *fmt, ...);
#endif
