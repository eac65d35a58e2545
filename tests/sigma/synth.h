/* Makes an event that a Sigma rule ought to fire on, from the rule's own syntax tree. Choices among
 * alternatives follow `attempt`; the caller asks the naive evaluator whether it worked. */
#ifndef MERLON_TESTS_SIGMA_SYNTH_H
#define MERLON_TESTS_SIGMA_SYNTH_H
#include "base/arena.h"
#include "base/yaml.h"

#define SYNTH_FIELDS_MAX 64
#define SYNTH_VALUES_MAX 16

struct synth_field {
	struct str name;
	struct str values[SYNTH_VALUES_MAX]; /* more than one: a list */
	uint32_t count;
	bool null;
};
struct synth_event {
	struct synth_field fields[SYNTH_FIELDS_MAX];
	uint32_t count;
};

/* Texts live in the arena or in the rule. */
void synth_event(struct arena *arena, const struct yaml_node *rule, uint32_t attempt,
	struct synth_event *ret);
/* A text that a simple regular expression matches. */
struct str synth_regex(struct arena *arena, struct str regex, uint32_t *random);
#endif
