/* One record of jamf.h as an event. */
#ifndef MERLON_SENSOR_REPLAY_JAMF_EVENT_H
#define MERLON_SENSOR_REPLAY_JAMF_EVENT_H
#include "base/json.h"
#include "event/event.h"

/* Whether the object is a record: it has a header with the event's number and name. */
bool jamf_is_record(const struct json_node *root);
/* Builds, but does not commit, the event. scratch: for the while. Returns 0 or -ENOMEM. */
int jamf_event_build(struct batch *batch, struct arena *scratch, const struct json_node *root);
#endif
