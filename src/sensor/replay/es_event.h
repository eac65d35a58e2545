/* From the kind's own part of an Endpoint Security message, as eslogger prints it, to an event. */
#ifndef MERLON_SENSOR_REPLAY_ES_EVENT_H
#define MERLON_SENSOR_REPLAY_ES_EVENT_H
#include "base/json.h"
#include "sensor/es/facts.h"

struct es_message {
	struct batch *batch;
	struct arena *arena;		/* for the while */
	const struct json_node *body;	/* the kind's member of "event" */
	const struct es_process *actor; /* whose act it is; already in the event */
};

/* Whose act it is. */
enum es_actor {
	ES_ACTOR_PROCESS,    /* the message's process */
	ES_ACTOR_TARGET,     /* the process became body.target */
	ES_ACTOR_CHILD,	     /* the process made body.child */
	ES_ACTOR_INSTIGATOR, /* the process only reports what body.instigator did */
};

struct es_kind {
	const char *name; /* of the member, as es_name() */
	uint16_t kind;	  /* enum event_kind */
	uint8_t actor;	  /* enum es_actor */
	/* Sets the fields of the event being built, and its kind where the body decides. */
	void (*fill)(const struct es_message *m);
};

/* NULL for kinds without a place in the schema. */
const struct es_kind *es_kind_find(struct str name);

/* The rows, one table a file; each ends with an empty name. */
extern const struct es_kind es_process_kinds[], es_file_kinds[], es_user_kinds[],
	es_security_kinds[];
#endif
