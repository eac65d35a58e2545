/* What the payloads of es_json.h tell, by kind. */
#ifndef MERLON_SENSOR_REPLAY_ES_JSON_EVENT_H
#define MERLON_SENSOR_REPLAY_ES_JSON_EVENT_H
#include "base/json.h"
#include "event/event.h"

struct es_payload {
	struct batch *batch;
	struct arena *arena;
	const struct json_node *root; /* the whole payload */
	const struct json_node *body; /* the object that holds the instigator: root or a member */
};

struct es_payload_kind {
	const char *name;   /* as files are named */
	const char *member; /* the member around the payload in whole messages; NULL: as name */
	uint16_t kind;	    /* enum event_kind */
	bool reported;	    /* the instigator only reports what trigger_process did */
	void (*fill)(const struct es_payload *p);
};

/* Ends with a NULL name. */
extern const struct es_payload_kind es_payload_kinds[];
#endif
