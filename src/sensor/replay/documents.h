/* Formats whose records are JSON objects: how a record is split off, decoded, counted, reported. */
#ifndef MERLON_SENSOR_REPLAY_DOCUMENTS_H
#define MERLON_SENSOR_REPLAY_DOCUMENTS_H
#include "sensor/replay/replay.h"
#include "sensor/replay/split.h"
struct err;

/* Decodes one object that lies in the input's window, adding its events with replay_event(). It may
 * not be valid JSON: then nothing may have been added. Returns 0, or a negative errno with
 * err->text and *ret_offset within json: the record is skipped. */
typedef int documents_decode(struct replay *replay, struct batch *batch, struct str json,
	size_t *ret_offset, struct err *err);

/* replay_format.next for such a format. */
int documents_next(
	struct replay *replay, struct split *split, struct batch *batch, documents_decode *decode);

/* Which names, as bits by their place (at most 32), are members of the object that head begins
 * with (perhaps within an array), down to that depth (1: the object's own). head may be cut. */
uint32_t documents_members(struct str head, const char *const *names, size_t count, unsigned depth);
#endif
