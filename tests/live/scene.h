/* Tests of live sensors: each act is done by a child process, and says which events must come of
 * it and which must not. */
#ifndef MERLON_TESTS_LIVE_SCENE_H
#define MERLON_TESTS_LIVE_SCENE_H
#include <stdbool.h>
#include "sensor/sensor.h"

#define ACT_SKIP 77 /* an act's status when this machine cannot do it */

#define WHERE_MAX  6
#define EXPECT_MAX 8
struct where {
	field_id field;
	/* Exact text of the value, or of one of its elements. "%D" is the act's directory, "%P" its
	 * process id; a leading '~' asks for a part only, '!' that it is absent. */
	const char *text;
};
struct expect {
	unsigned kind; /* 0 ends the list */
	struct where where[WHERE_MAX];
};

#define NEEDS_BPF  1 /* other sensors cannot see it */
#define NEEDS_ROOT 2
#define AUDITED	   4 /* all system calls of the act are asked for */
struct act {
	const char *name;
	unsigned flags;
	/* In a child process whose current directory, dir, is its own. Returns the exit status. */
	int (*run)(const char *dir);
	struct expect must[EXPECT_MAX], never[EXPECT_MAX];
};

/* A program that does nothing for a tenth of a second when its environment has MERLON_LINGER, so that
 * sensors which look at a process after the act find it: this one. */
const char *helper_path(void);

extern const struct act acts_process[], acts_file[], acts_network[],
	acts_other[]; /* end: name NULL */
#endif
