/* Completion for shells, from the tables of the commands. */
#include <stdio.h>
#include <string.h>
#include "cli/command_table.h"

/* Calls `each` for every command that can be run, with its path ("rules check"). */
static void each_command(void (*each)(const struct command *command, const char *path))
{
	for (const struct command *const *c = command_table; *c != NULL; c++) {
		if ((*c)->subcommands == NULL) {
			each(*c, (*c)->name);
			continue;
		}
		for (const struct command *const *s = (*c)->subcommands; *s != NULL; s++) {
			char path[64];
			(void)snprintf(path, sizeof(path), "%s %s", (*c)->name, (*s)->name);
			each(*s, path);
		}
	}
}

static void put_names(const struct command *const *table)
{
	for (; *table != NULL; table++)
		(void)printf("%s%s", (*table)->name, table[1] == NULL ? "" : " ");
}

/* Inside single quotes of a shell. */
static void put_quoted(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\'')
			(void)fputs("'\\''", stdout);
		else
			(void)putchar(*text);
}

/* ---- bash ---- */

static void bash_command(const struct command *command, const char *path)
{
	(void)printf("\t'%s') options='--help", path);
	for (const struct option *o = command->options; o != NULL && o->name != NULL; o++)
		(void)printf(" --%s", o->name);
	(void)printf("'\n\t\tcase $before in\n");
	for (const struct option *o = command->options; o != NULL && o->name != NULL; o++) {
		if (o->type == OPTION_SWITCH)
			continue;
		(void)printf("\t\t--%s) ", o->name);
		if (o->type == OPTION_CHOICE) {
			(void)printf("values='");
			for (const char *const *c = o->choices; *c != NULL; c++)
				(void)printf("%s%s", c == o->choices ? "" : " ", *c);
			(void)printf("' ;;\n");
		} else {
			(void)printf("%s ;;\n", o->type == OPTION_PATH ? "files=1" : "return");
		}
	}
	(void)printf("\t\tesac ;;\n");
}

static void print_bash(void)
{
	(void)printf("# bash completion for merlon: eval \"$(merlon completion bash)\"\n"
		     "_merlon() {\n"
		     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
		     "\tlocal path=${COMP_WORDS[1]} options='' values='' files=''\n"
		     "\tCOMPREPLY=()\n"
		     "\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W '");
	put_names(command_table);
	(void)printf(" --help --version' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase $path in\n");
	for (const struct command *const *c = command_table; *c != NULL; c++) {
		if ((*c)->subcommands == NULL)
			continue;
		(void)printf("\t%s)\n\t\tif [ \"$COMP_CWORD\" = 2 ]; then\n"
			     "\t\t\tCOMPREPLY=($(compgen -W '",
			(*c)->name);
		put_names((*c)->subcommands);
		(void)printf("' -- \"$word\"))\n\t\t\treturn\n\t\tfi\n"
			     "\t\tpath=\"$path ${COMP_WORDS[2]}\" ;;\n");
	}
	(void)printf("\tesac\n\tcase $path in\n");
	each_command(bash_command);
	(void)printf("\tesac\n"
		     "\tif [ \"$path\" = help ]; then\n\t\tvalues='");
	put_names(command_table);
	(void)printf("'\n\tfi\n"
		     "\tif [ -n \"$values\" ]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W \"$values\" -- \"$word\"))\n"
		     "\telif [ -z \"$files\" ] && [[ $word == -* ]]; then\n"
		     "\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
		     "\telse\n"
		     "\t\tcompopt -o filenames 2>/dev/null\n"
		     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
		     "\tfi\n"
		     "}\n"
		     "complete -F _merlon merlon\n");
}

/* ---- zsh ---- */

/* A description in _arguments: brackets and colons mean something there. */
static void zsh_doc(const char *doc)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%s", doc);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '[' || *p == ']' || *p == ':')
			*p = ' ';
	put_quoted(text);
}

static void zsh_command(const struct command *command, const char *path)
{
	(void)printf(
		"\t'%s') _arguments -s -S \\\n\t\t'(-h --help)'{-h,--help}'[Print help.]'", path);
	for (const struct option *o = command->options; o != NULL && o->name != NULL; o++) {
		(void)printf(" \\\n\t\t'%s--%s%s[", o->repeatable ? "*" : "", o->name,
			o->type == OPTION_SWITCH ? "" : "=");
		zsh_doc(o->doc);
		(void)printf("]");
		if (o->type == OPTION_PATH)
			(void)printf(":path:_files");
		else if (o->type == OPTION_CHOICE) {
			(void)printf(":value:(");
			for (const char *const *c = o->choices; *c != NULL; c++)
				(void)printf("%s%s", c == o->choices ? "" : " ", *c);
			(void)printf(")");
		} else if (o->type != OPTION_SWITCH) {
			(void)printf(":value:");
		}
		(void)printf("'");
	}
	if (strcmp(path, "help") == 0) {
		(void)printf(" \\\n\t\t'*:command:(");
		put_names(command_table);
		(void)printf(")' ;;\n");
	} else if (command->operands != NULL) {
		(void)printf(" \\\n\t\t'*:file:_files' ;;\n");
	} else {
		(void)printf(" ;;\n");
	}
}

static void zsh_describe(const char *list, const struct command *const *table)
{
	(void)printf("\t\t%s=(", list);
	for (; *table != NULL; table++) {
		(void)printf("\n\t\t\t'%s:", (*table)->name);
		put_quoted((*table)->summary);
		(void)printf("'");
	}
	(void)printf("\n\t\t)\n\t\t_describe command %s\n\t\treturn\n", list);
}

static void print_zsh(void)
{
	(void)printf("#compdef merlon\n"
		     "_merlon() {\n"
		     "\tlocal -a commands\n"
		     "\tlocal command_path=${words[2]}\n"
		     "\tif (( CURRENT == 2 )); then\n");
	zsh_describe("commands", command_table);
	(void)printf("\tfi\n\tlocal depth=1\n\tcase $command_path in\n");
	for (const struct command *const *c = command_table; *c != NULL; c++) {
		if ((*c)->subcommands == NULL)
			continue;
		(void)printf("\t%s)\n\t\tif (( CURRENT == 3 )); then\n", (*c)->name);
		zsh_describe("commands", (*c)->subcommands);
		(void)printf(
			"\t\tfi\n\t\tcommand_path=\"$command_path ${words[3]}\"\n\t\tdepth=2 ;;\n");
	}
	(void)printf("\tesac\n"
		     "\twords=(\"$command_path\" \"${(@)words[depth+2,-1]}\")\n"
		     "\t(( CURRENT -= depth ))\n"
		     "\tcase $command_path in\n");
	each_command(zsh_command);
	(void)printf("\tesac\n}\n"
		     "if [ \"$funcstack[1]\" = _merlon ]; then\n\t_merlon \"$@\"\n"
		     "else\n\tcompdef _merlon merlon\nfi\n");
}

/* ---- fish ---- */

static void fish_condition(const char *path)
{
	const char *blank = strchr(path, ' ');

	if (blank == NULL)
		(void)printf(" -n '__fish_seen_subcommand_from %s'", path);
	else
		(void)printf(" -n '__fish_seen_subcommand_from %.*s; and "
			     "__fish_seen_subcommand_from %s'",
			(int)(blank - path), path, blank + 1);
}

static void fish_command(const struct command *command, const char *path)
{
	for (const struct option *o = command->options; o != NULL && o->name != NULL; o++) {
		(void)printf("complete -c merlon");
		fish_condition(path);
		(void)printf(" -l %s", o->name);
		if (o->letter != 0)
			(void)printf(" -s %c", o->letter);
		if (o->type == OPTION_CHOICE) {
			(void)printf(" -x -a '");
			for (const char *const *c = o->choices; *c != NULL; c++)
				(void)printf("%s%s", c == o->choices ? "" : " ", *c);
			(void)printf("'");
		} else if (o->type != OPTION_SWITCH) {
			(void)printf(o->type == OPTION_PATH ? " -r -F" : " -x");
		}
		(void)printf(" -d '");
		put_quoted(o->doc);
		(void)printf("'\n");
	}
}

static void print_fish(void)
{
	(void)printf("# fish completion for merlon: merlon completion fish | source\n");
	for (const struct command *const *c = command_table; *c != NULL; c++) {
		(void)printf(
			"complete -c merlon -f -n __fish_use_subcommand -a %s -d '", (*c)->name);
		put_quoted((*c)->summary);
		(void)printf("'\n");
		for (const struct command *const *s = (*c)->subcommands; s != NULL && *s != NULL;
			s++) {
			(void)printf("complete -c merlon -f -n '__fish_seen_subcommand_from %s; "
				     "and not __fish_seen_subcommand_from ",
				(*c)->name);
			put_names((*c)->subcommands);
			(void)printf("' -a %s -d '", (*s)->name);
			put_quoted((*s)->summary);
			(void)printf("'\n");
		}
	}
	each_command(fish_command);
}

static const struct {
	const char *name;
	void (*print)(void);
} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

static int run_completion(const struct args *args)
{
	unsigned count;
	const char *shell = args_operands(args, &count)[0];

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].print();
			return STATUS_OK;
		}
	}
	return args_wrong(args, "'%s' is none of bash, zsh, fish", shell);
}

const struct command cmd_completion = {
	.name = "completion",
	.operands = "bash|zsh|fish",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Print completion for a shell",
	.doc = "Prints a script that teaches the shell merlon's commands and options. For "
	       "instance, in "
	       "~/.bashrc:\n\n  eval \"$(merlon completion bash)\"",
	.run = run_completion,
};
